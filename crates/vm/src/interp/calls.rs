//! Calls out of line: everything but an ordinary function called with the fast path's preconditions.

use super::{Flow, Pc};
use crate::call::{
    CallSite, Callee, Prepared, call_native, check_not_class, fill_frame, frame_size, prepare_call, prepare_construct,
    resolve_callee,
};
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::feedback::{Site, SiteState};
use crate::frame::{self, Frame, HEADER, flag};
use crate::function::{Function, NativeFunction, native_special};
use crate::native::Args;
use crate::realm::Intrinsic;
use crate::value::Value;
use tercel_bytecode::op::{Instr, instr};

/// Notes a call target that is not the one the site has. `aux` counts distinct changes.
#[inline(never)]
pub fn record_target(cx: &Context, code: Gc<CodeBlock>, site: &Site, target: Gc<CodeBlock>) {
    record(cx, code, site, target.into());
}

/// The same, and the function itself, which machine code compares first; it stays until a full collection forgets it, or others were met sixteen times.
pub fn record_function(cx: &Context, code: Gc<CodeBlock>, site: &Site, function: Gc<Function>) {
    if site.cell.get() != function.code().into() {
        record_target(cx, code, site, function.code());
    }
    if site.stubs.get().is_empty() {
        renew_function(cx, code, site, function);
    }
}

/// Has machine code compare with this function first.
pub fn renew_function(cx: &Context, code: Gc<CodeBlock>, site: &Site, function: Gc<Function>) {
    site.stubs.set(function.into());
    cx.write_barrier(code.header_ptr(), function.into());
}

fn record(cx: &Context, code: Gc<CodeBlock>, site: &Site, target: Value) {
    match site.state.get() {
        SiteState::Megamorphic => {}
        SiteState::Uninitialized => {
            site.state.set(SiteState::Monomorphic);
            site.cell.set(target);
            cx.write_barrier(code.header_ptr(), target);
        }
        _ => {
            site.aux.set(site.aux.get() + 1);
            site.state.set(if site.aux.get() > 16 { SiteState::Megamorphic } else { SiteState::Polymorphic });
            site.cell.set(target);
            cx.write_barrier(code.header_ptr(), target);
        }
    }
}

/// Finishes an instruction whose call was prepared.
#[inline(always)]
pub(crate) fn finish(cx: &Context, frame: Frame, dst: u16, prepared: JsResult<Prepared>) -> JsResult<Flow> {
    match prepared? {
        Prepared::Done(value) => {
            frame.set(dst as usize, value);
            Ok(Flow::Next)
        }
        Prepared::Pushed => {
            cx.interp.pc.set(cx.interp.frame.get().code().code());
            Ok(Flow::Reload)
        }
        Prepared::Resumed => Ok(Flow::Reload),
        Prepared::ResumedThrowing => Err(Throw),
    }
}

/// `Call` and `CallMethod` of anything.
#[inline(never)]
pub fn call_slow(
    cx: &Context,
    frame: Frame,
    block: u16,
    argc: usize,
    dst: u16,
    return_pc: usize,
    slot: u32,
) -> JsResult<Flow> {
    let base = frame.offset(block as usize);
    let callee = base.callee();
    let site = CallSite { delta: block as usize, return_pc, dst, flags: 0 };
    if let Some(native) = callee.as_kind::<NativeFunction>(Kind::NativeFunction) {
        let code = frame.code();
        let feedback = code.site(slot as usize);
        if feedback.cell.get() != callee {
            record(cx, code, feedback, callee);
        }
        if !(1..native_special::NEXT_OF_CLASS).contains(&native.special.get()) {
            let prepared = crate::call::call_native(cx, base, native, argc, Value::UNDEFINED, site);
            return finish(cx, frame, dst, prepared);
        }
    }
    finish(cx, frame, dst, prepare_call(cx, base, argc, site))
}

/// The site of the call instruction `I` at the current pc.
fn site_of<I: Instr>(cx: &Context, frame: Frame, delta: usize, dst: u16, flags: u64) -> CallSite {
    let return_pc = frame.code().offset_of(cx.interp.pc.get()) + I::LEN;
    CallSite { delta, return_pc, dst, flags }
}

// ---- Tail calls

#[inline(never)]
pub fn tail_call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::TailCall = pc.decode();
    frame.offset(i.block.0 as usize).set(frame::THIS, Value::UNDEFINED);
    tail(cx, frame, i.block.0 as usize, i.argc.0 as usize)
}

#[inline(never)]
pub fn tail_call_method(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::TailCallMethod = pc.decode();
    tail(cx, frame, i.block.0 as usize, i.argc.0 as usize)
}

/// Moves the call block down onto this frame, which disappears: the callee returns to this frame's caller.
fn tail(cx: &Context, frame: Frame, block: usize, argc: usize) -> JsResult<Flow> {
    let base = frame.offset(block);
    // Whatever goes wrong up to here goes wrong in this frame.
    let (callee, argc) = resolve_callee(cx, base, argc)?;
    let word = frame.word();
    if let Callee::Function(function) = callee
        && word & flag::CONSTRUCT == 0
    {
        check_not_class(cx, function)?;
        let code = function.code();
        cx.prepare_code(code);
        // The new frame may be larger than the old one.
        if !cx.stack_has(frame, frame_size(code, argc)) {
            return Err(cx.throw_stack_overflow());
        }
        let link = frame.link();
        for n in [frame::CALLEE, frame::THIS] {
            frame.set(n, base.get(n));
        }
        for n in 0..argc {
            frame.set(HEADER + n, base.get(HEADER + n));
        }
        let site = CallSite {
            delta: link.delta(),
            return_pc: link.return_pc(),
            dst: frame.result_register() as u16,
            flags: word & flag::OF_PLACE,
        };
        fill_frame(frame, function, code, argc, Value::UNDEFINED, site);
        cx.interp.pc.set(code.code());
        // Loops made of tail calls have no back-edge.
        crate::interrupt::poll_if_needed(cx)?;
        return Ok(Flow::Reload);
    }
    // Natives return at once, and errors show where they were called from: the frame stays. So it does for constructors, whose
    // result is looked at (the compiler emits no tail calls in code that is only ever constructed).
    let value = match callee {
        Callee::Native(native) => {
            let return_pc = frame.code().offset_of(cx.interp.pc.get()) + 1;
            let site = CallSite { delta: block, return_pc, dst: 0, flags: 0 };
            match call_native(cx, base, native, argc, Value::UNDEFINED, site)? {
                Prepared::Done(value) => value,
                _ => Value::UNDEFINED,
            }
        }
        _ => {
            let args: Vec<Value> = (0..argc).map(|n| base.get(HEADER + n)).collect();
            cx.call(base.callee(), base.get(frame::THIS), &args)?
        }
    };
    cx.interp.result.set(value);
    Ok(Flow::Return)
}

// ---- new, super, spread

#[inline(never)]
pub fn construct(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::Construct = pc.decode();
    let base = frame.offset(i.block.0 as usize);
    let callee = base.callee();
    let code = frame.code();
    let feedback = code.site(i.slot.0 as usize);
    if feedback.cell.get() != callee {
        record(cx, code, feedback, callee);
    }
    let site = site_of::<instr::Construct>(cx, frame, i.block.0 as usize, i.dst.0, flag::CONSTRUCT);
    finish(cx, frame, i.dst.0, prepare_construct(cx, base, i.argc.0 as usize, callee, site))
}

#[cold]
fn throw_no_super_constructor(cx: &Context, frame: Frame, parent: Value) -> Throw {
    // `extends null` leaves Function.prototype as the parent; what the programmer wrote is null.
    let is_null = parent == cx.intrinsic(crate::realm::Intrinsic::FunctionPrototype).into();
    let parent = if is_null { "null".to_owned() } else { cx.describe(parent) };
    let name = frame.code().template().name.to_string();
    if name.is_empty() {
        return cx.throw_type(format_args!("Super constructor {parent} of anonymous class is not a constructor"));
    }
    cx.throw_type(format_args!("Super constructor {parent} of {name} is not a constructor"))
}

#[inline(never)]
pub fn super_call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::SuperCall = pc.decode();
    let base = frame.offset(i.block.0 as usize);
    let site = site_of::<instr::SuperCall>(cx, frame, i.block.0 as usize, i.dst.0, flag::CONSTRUCT);
    if !base.callee().as_object().is_some_and(|o| o.is_constructor()) {
        return Err(throw_no_super_constructor(cx, frame, base.callee()));
    }
    let new_target = frame.get(i.new_target.0 as usize);
    finish(cx, frame, i.dst.0, prepare_construct(cx, base, i.argc.0 as usize, new_target, site))
}

/// Lays out a call block above the frame: callee and `this` of `block`, the elements of the array in `args`.
fn spread_block(cx: &Context, frame: Frame, block: usize, args: u16) -> JsResult<(Frame, usize)> {
    let source = frame.offset(block);
    let base = frame.top();
    let array = frame.get(args as usize).as_object().expect("spread arguments are an array");
    if !cx.stack_has(base, HEADER) {
        return Err(cx.throw_stack_overflow());
    }
    base.set(frame::CALLEE, source.callee());
    base.set(frame::THIS, source.get(frame::THIS));
    let argc = crate::call::spread_dense(cx, base, array)?.expect("the array was made by the engine");
    Ok((base, argc))
}

/// The distance between two frames of the stack.
fn delta(from: Frame, to: Frame) -> usize {
    // SAFETY: both lie in the VM stack.
    unsafe { to.0.offset_from(from.0) as usize }
}

#[inline(never)]
pub fn call_spread(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::CallSpread = pc.decode();
    let (base, argc) = spread_block(cx, frame, i.block.0 as usize, i.args.0)?;
    let site = site_of::<instr::CallSpread>(cx, frame, delta(frame, base), i.dst.0, 0);
    finish(cx, frame, i.dst.0, prepare_call(cx, base, argc, site))
}

#[inline(never)]
pub fn construct_spread(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::ConstructSpread = pc.decode();
    let new_target = frame.get(i.new_target.0 as usize);
    let callee = frame.get(i.block.0 as usize);
    if !callee.as_object().is_some_and(|o| o.is_constructor()) {
        // `new` passes the callee as new.target, `super(...)` never does.
        let is_super = new_target != callee;
        return Err(if is_super {
            throw_no_super_constructor(cx, frame, callee)
        } else {
            cx.throw_not_constructor(callee)
        });
    }
    let (base, argc) = spread_block(cx, frame, i.block.0 as usize, i.args.0)?;
    let site = site_of::<instr::ConstructSpread>(cx, frame, delta(frame, base), i.dst.0, flag::CONSTRUCT);
    finish(cx, frame, i.dst.0, prepare_construct(cx, base, argc, new_target, site))
}

// ---- eval and runtime functions

/// Whether a direct-eval site calls %eval% of the running code's realm.
fn is_eval(cx: &Context, frame: Frame, callee: Value) -> bool {
    callee.is_cell() && callee == cx.intrinsic_in(frame.code().realm(), Intrinsic::Eval).into()
}

#[inline(never)]
pub fn direct_eval(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::DirectEval = pc.decode();
    let base = frame.offset(i.block.0 as usize);
    let argc = i.argc.0 as usize;
    if is_eval(cx, frame, base.callee()) {
        let source = if argc > 0 { base.get(HEADER) } else { Value::UNDEFINED };
        return eval_at(cx, frame, source, i.scope.0, i.eval.0, i.dst.0, i.block.0 as usize, instr::DirectEval::LEN);
    }
    let return_pc = frame.code().offset_of(pc.0) + instr::DirectEval::LEN;
    call_slow(cx, frame, i.block.0, argc, i.dst.0, return_pc, i.slot.0)
}

#[inline(never)]
pub fn direct_eval_spread(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::DirectEvalSpread = pc.decode();
    let callee = frame.get(i.block.0 as usize);
    if is_eval(cx, frame, callee) {
        let array = frame.get(i.args.0 as usize).as_object().expect("spread arguments are an array");
        let first = array.elements.get().get(0);
        let source = if first.is_empty() { Value::UNDEFINED } else { first };
        return eval_at(
            cx,
            frame,
            source,
            i.scope.0,
            i.eval.0,
            i.dst.0,
            i.block.0 as usize,
            instr::DirectEvalSpread::LEN,
        );
    }
    let (base, argc) = spread_block(cx, frame, i.block.0 as usize, i.args.0)?;
    let site = site_of::<instr::DirectEvalSpread>(cx, frame, delta(frame, base), i.dst.0, 0);
    finish(cx, frame, i.dst.0, prepare_call(cx, base, argc, site))
}

/// Compiles eval code and pushes its frame.
#[allow(clippy::too_many_arguments)]
fn eval_at(
    cx: &Context,
    frame: Frame,
    source: Value,
    scope: u16,
    eval: u32,
    dst: u16,
    block: usize,
    len: usize,
) -> JsResult<Flow> {
    let Some(text) = source.as_string() else {
        frame.set(dst as usize, source);
        return Ok(Flow::Next);
    };
    let code = frame.code();
    let function = cx.compile_direct_eval(code, eval as usize, text, frame.get(scope as usize))?;
    let base = frame.offset(block);
    base.set(frame::CALLEE, function.into());
    // At global level eval code finds `this` in r5; elsewhere in its scopes.
    base.set(frame::THIS, frame.get(frame::THIS));
    let return_pc = code.offset_of(cx.interp.pc.get()) + len;
    let site = CallSite { delta: block, return_pc, dst, flags: 0 };
    finish(cx, frame, dst, prepare_call(cx, base, 0, site))
}

/// `%Name(…)`.
#[inline(never)]
pub fn call_runtime(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CallRuntime = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    // The index and 1; 0 before the first call.
    let mut known = site.aux.get();
    if known == 0 {
        let name = code.template().string(i.name.0).to_string();
        let Some(index) = cx.runtime_functions().find(&name) else {
            return Err(cx.throw_reference(format_args!("%{name} is not a runtime function")));
        };
        known = index + 1;
        site.aux.set(known);
    }
    let Some(f) = cx.runtime_functions().get(known - 1) else { unreachable!("an index that was found") };
    let count = i.count.0 as usize;
    let base = frame.top();
    if !cx.stack_has(base, HEADER + count) {
        return Err(cx.throw_stack_overflow());
    }
    for n in [frame::CALLEE, frame::THIS, frame::NEW_TARGET] {
        base.set(n, Value::UNDEFINED);
    }
    for n in 0..count {
        base.set(HEADER + n, frame.get(i.args.0 as usize + n));
    }
    crate::call::reserve_block(cx, base, count);
    let result = (f.function)(cx, &Args { frame: base, argc: count });
    cx.interp.frame.set(frame);
    frame.set(i.dst.0 as usize, result?);
    Ok(())
}
