//! The interpreter's loop: one `match` over the opcodes.
//!
//! State lives in locals: `pc`, `fp` (the frame), `code` and `sites` (of the frame's function). Operands are read from
//! the instruction's units with no bounds checks: the verifier has bounded every register, constant, slot and jump.
//! Int32 and double arithmetic, compares, monomorphic property access, dense elements and calls of JavaScript functions
//! are inline; everything else is a call of a handler in a topic's file.
//!
//! Invariants:
//! - `Interp::frame` is `fp` whenever anything outside this function runs.
//! - The pc is stored before anything that can throw, call or collect runs.
//! - No `Value` in a local survives such a call: handlers re-read registers.
//! - Frames of JavaScript callees are pushed here without recursion; returning pops them. Only a frame with the flag
//!   ENTRY leaves the function.

use super::entry::{SegmentExit, stack_pointer};
use super::{
    Flow, Pc, arguments, arithmetic, calls, classes, control, dispose, element, globals, iteration, literals, names,
    property,
};
use crate::call::{CallSite, fill_frame, frame_size};
use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::feedback::{Form, Site, type_bits};
use crate::frame::{self, Frame, flag};
use crate::function::Function;
use crate::scope::Scope;
use crate::value::{INT32_TAG, Value};
use crate::{generator, interrupt, module, tier, unwind};
use std::sync::atomic::Ordering::Relaxed;
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, instr};

/// Whether both values are int32: the tags of both have all bits set.
#[inline(always)]
fn both_int(a: Value, b: Value) -> bool {
    a.bits() & b.bits() >= INT32_TAG
}

#[inline(always)]
fn both_number(a: Value, b: Value) -> bool {
    a.is_number() && b.is_number()
}

/// Why the inner loop stopped.
enum Action {
    Throw,
    Reload,
    /// Return `Interp::result` from the frame.
    Return,
}

/// Runs frames until the outermost one of this segment (the innermost one with a flag of LEAVES) returns or throws, or the innermost frame is to
/// go on in machine code. `throwing`: begins with a throw of the pending exception in the innermost frame.
///
/// # Safety
/// `Interp::frame` is a frame of a JavaScript function, and `Interp::pc` lies in its verified code.
pub(crate) unsafe fn run_segment(cx: &Context, throwing: bool) -> SegmentExit {
    let state = &cx.interp;
    state.exit_sp.set(stack_pointer());
    if throwing && !unwind::unwind(cx) {
        return SegmentExit::Throw;
    }
    if let Some(target) = tier::begin_innermost(cx) {
        state.tiers.target.set(target);
        return SegmentExit::EnterCode;
    }
    let mut fp: *mut Value = state.frame.get().0;
    let mut pc: *const u16 = state.pc.get();
    let mut code: Gc<CodeBlock> = Frame(fp).code();
    let mut sites: *mut Site = code.sites();

    // SAFETY (all the unsafe operations of this function): see the module's text. Registers, constants and slots are in
    // bounds by verification; `fp` is the innermost frame; the kind of a cell is checked before its layout is used.
    unsafe {
        // Entry polls once here, for frames entered from Rust.
        loop {
            macro_rules! get {
                ($r:expr) => {
                    *fp.add($r.0 as usize)
                };
            }
            macro_rules! set {
                ($r:expr, $v:expr) => {
                    *fp.add($r.0 as usize) = $v
                };
            }
            macro_rules! decode {
                ($op:ident) => {
                    Pc(pc).decode::<instr::$op>()
                };
            }
            macro_rules! site {
                ($slot:expr) => {
                    (&*sites.add($slot.0 as usize))
                };
            }
            macro_rules! next {
                ($op:ident) => {{
                    pc = pc.add(<instr::$op as Instr>::LEN);
                    continue;
                }};
            }
            macro_rules! jump {
                ($target:expr) => {{
                    pc = pc.offset($target.0 as isize);
                    continue;
                }};
            }
            let action = 'inner: loop {
                // A handler that goes on with the next instruction.
                macro_rules! simple {
                    ($op:ident, $handler:path) => {{
                        state.pc.set(pc);
                        if $handler(cx, Frame(fp), Pc(pc)).is_err() {
                            break 'inner Action::Throw;
                        }
                        next!($op)
                    }};
                }
                // A handler that may jump to the operand `$target`.
                macro_rules! jumping {
                    ($op:ident, $handler:path, $target:ident) => {{
                        state.pc.set(pc);
                        match $handler(cx, Frame(fp), Pc(pc)) {
                            Ok(false) => next!($op),
                            Ok(true) => jump!(decode!($op).$target),
                            Err(_) => break 'inner Action::Throw,
                        }
                    }};
                }
                macro_rules! flow {
                    ($op:ident, $result:expr) => {
                        match $result {
                            Ok(Flow::Next) => next!($op),
                            Ok(Flow::Reload) => break 'inner Action::Reload,
                            Ok(Flow::Return) => break 'inner Action::Return,
                            Err(_) => break 'inner Action::Throw,
                        }
                    };
                }
                // A handler that may change frames.
                macro_rules! flowing {
                    ($op:ident, $handler:path) => {{
                        state.pc.set(pc);
                        flow!($op, $handler(cx, Frame(fp), Pc(pc)))
                    }};
                }
                // Enters the frame at `fp`, which is filled in.
                macro_rules! enter_frame {
                    ($target:expr) => {{
                        code = $target;
                        sites = code.sites();
                        pc = code.code();
                        state.frame.set(Frame(fp));
                        code.heat.set(code.heat.get() - 1);
                        if code.heat.get() <= 0
                            && let Some(machine) = tier::hot_code(cx, code, false)
                        {
                            state.pc.set(pc);
                            state.tiers.target.set(machine.filled);
                            return SegmentExit::EnterCode;
                        }
                        code.calls.set(code.calls.get().wrapping_add(1));
                        if (*state.interrupt_word).load(Relaxed) != 0 {
                            state.pc.set(pc);
                            if interrupt::poll_in_interpreter(cx).is_err() {
                                break 'inner Action::Throw;
                            }
                        }
                        continue;
                    }};
                }
                // A call whose callee is an ordinary function, or else the handler out of line.
                macro_rules! call {
                    ($op:ident, $plain:expr) => {{
                        let i = decode!($op);
                        let base = fp.add(i.block.0 as usize);
                        if $plain {
                            *base.add(frame::THIS) = Value::UNDEFINED;
                        }
                        let callee = *base;
                        let argc = i.argc.0 as usize;
                        if callee.is_cell() && callee.as_cell().kind() == Kind::Function {
                            let function: Gc<Function> = callee.as_cell().cast();
                            let target = function.code();
                            let site = site!(i.slot);
                            if site.cell.get().bits() != target.addr() as u64 {
                                calls::record_target(cx, code, site, target);
                            }
                            if target.flags() & (code_flag::READY | code_flag::CLASS) == code_flag::READY
                                && cx.stack_has(Frame(base), frame_size(target, argc))
                            {
                                let return_pc = code.offset_of(pc) + <instr::$op as Instr>::LEN;
                                fill_frame(
                                    Frame(base),
                                    function,
                                    target,
                                    argc,
                                    Value::UNDEFINED,
                                    CallSite { delta: i.block.0 as usize, return_pc, dst: i.dst.0, flags: 0 },
                                );
                                fp = base;
                                enter_frame!(target);
                            }
                        }
                        state.pc.set(pc);
                        let return_pc = code.offset_of(pc) + <instr::$op as Instr>::LEN;
                        flow!($op, calls::call_slow(cx, Frame(fp), i.block.0, argc, i.dst.0, return_pc, i.slot.0))
                    }};
                }
                macro_rules! do_return {
                    ($value:expr) => {{
                        let mut value: Value = $value;
                        let this_frame = Frame(fp);
                        let word = this_frame.word();
                        if word & flag::SPECIAL_RETURN != 0 {
                            if word & flag::CONSTRUCT != 0 && !value.is_object() {
                                value = this_frame.get(frame::THIS);
                            }
                            if word & flag::LEAVES != 0 {
                                state.result.set(value);
                                state.frame.set(this_frame.caller());
                                return SegmentExit::Return;
                            }
                        }
                        let link = this_frame.link();
                        fp = fp.sub(link.delta());
                        *fp.add((word >> 24 & 0xffff) as usize) = value;
                        state.frame.set(Frame(fp));
                        code = Frame(fp).code();
                        sites = code.sites();
                        pc = code.code().add(link.return_pc());
                        continue;
                    }};
                }
                macro_rules! arith {
                    ($op:ident, $checked:ident, $double:tt, $slow:path) => {{
                        let i = decode!($op);
                        arith!(@ $op, i, get!(i.a), get!(i.b), $checked, $double, $slow)
                    }};
                    ($op:ident, imm $checked:ident, $double:tt, $slow:path) => {{
                        let i = decode!($op);
                        arith!(@ $op, i, get!(i.a), Value::int32(i.imm.0 as i32), $checked, $double, $slow)
                    }};
                    (@ $op:ident, $i:ident, $a:expr, $b:expr, $checked:ident, $double:tt, $slow:path) => {{
                        let (a, b) = ($a, $b);
                        if both_int(a, b)
                            && let Some(r) = a.as_int32().$checked(b.as_int32())
                        {
                            set!($i.dst, Value::int32(r));
                            next!($op);
                        }
                        if both_number(a, b) {
                            site!($i.slot).record(type_bits::DOUBLE);
                            set!($i.dst, Value::double(a.as_number() $double b.as_number()));
                            next!($op);
                        }
                        simple!($op, $slow)
                    }};
                }
                macro_rules! mul {
                    ($op:ident, $i:ident, $b:expr, $slow:path) => {{
                        let $i = decode!($op);
                        let (a, b) = (get!($i.a), $b);
                        if both_int(a, b)
                            && let Some(r) = a.as_int32().checked_mul(b.as_int32())
                            // A zero result may be −0.
                            && (r != 0 || (a.as_int32() | b.as_int32()) >= 0)
                        {
                            set!($i.dst, Value::int32(r));
                            next!($op);
                        }
                        if both_number(a, b) {
                            site!($i.slot).record(type_bits::DOUBLE);
                            set!($i.dst, Value::double(a.as_number() * b.as_number()));
                            next!($op);
                        }
                        simple!($op, $slow)
                    }};
                }
                macro_rules! div {
                    ($op:ident, $i:ident, $b:expr, $slow:path) => {{
                        let $i = decode!($op);
                        let (a, b) = (get!($i.a), $b);
                        if both_int(a, b) {
                            let v = Value::number(a.as_int32() as f64 / b.as_int32() as f64);
                            if !v.is_int32() {
                                site!($i.slot).record(type_bits::OVERFLOW);
                            }
                            set!($i.dst, v);
                            next!($op);
                        }
                        if both_number(a, b) {
                            site!($i.slot).record(type_bits::DOUBLE);
                            set!($i.dst, Value::double(a.as_number() / b.as_number()));
                            next!($op);
                        }
                        simple!($op, $slow)
                    }};
                }
                macro_rules! modulo {
                    ($op:ident, $i:ident, $b:expr, $slow:path) => {{
                        let $i = decode!($op);
                        let (a, b) = (get!($i.a), $b);
                        if both_int(a, b) && a.as_int32() >= 0 && b.as_int32() > 0 {
                            set!($i.dst, Value::int32((a.as_int32() as u32 % b.as_int32() as u32) as i32));
                            next!($op);
                        }
                        simple!($op, $slow)
                    }};
                }
                // Bit operations on numbers; `$f` takes two i32.
                macro_rules! bits {
                    ($op:ident, $i:ident, $b:expr, $slow:path, $f:expr) => {{
                        let $i = decode!($op);
                        let (a, b) = (get!($i.a), $b);
                        if both_int(a, b) {
                            set!($i.dst, $f(a.as_int32(), b.as_int32()));
                            next!($op);
                        }
                        if both_number(a, b) {
                            site!($i.slot).record(type_bits::DOUBLE);
                            set!($i.dst, $f(arithmetic::number_to_int32(a), arithmetic::number_to_int32(b)));
                            next!($op);
                        }
                        simple!($op, $slow)
                    }};
                }
                // The relation of two values: `$cmp` on numbers, else the handler.
                macro_rules! relation {
                    ($i:ident, $b:expr, $cmp:tt, $slow:path) => {{
                        let (a, b) = (get!($i.a), $b);
                        if both_int(a, b) {
                            a.as_int32() $cmp b.as_int32()
                        } else if both_number(a, b) {
                            site!($i.slot).record(type_bits::DOUBLE);
                            a.as_number() $cmp b.as_number()
                        } else {
                            state.pc.set(pc);
                            match $slow(cx, a, b, site!($i.slot)) {
                                Ok(r) => r,
                                Err(_) => break 'inner Action::Throw,
                            }
                        }
                    }};
                }
                macro_rules! compare {
                    ($op:ident, $cmp:tt, $slow:path) => {{
                        let i = decode!($op);
                        let r = relation!(i, get!(i.b), $cmp, $slow);
                        set!(i.dst, Value::boolean(r));
                        next!($op)
                    }};
                }
                macro_rules! jump_if {
                    ($op:ident, $cmp:tt, $expect:literal, $slow:path) => {{
                        let i = decode!($op);
                        if relation!(i, get!(i.b), $cmp, $slow) == $expect { jump!(i.target) } else { next!($op) }
                    }};
                    ($op:ident, imm $cmp:tt, $expect:literal, $slow:path) => {{
                        let i = decode!($op);
                        if relation!(i, Value::int32(i.imm.0 as i32), $cmp, $slow) == $expect {
                            jump!(i.target)
                        } else {
                            next!($op)
                        }
                    }};
                }
                macro_rules! jump_when {
                    ($op:ident, $test:expr) => {{
                        let i = decode!($op);
                        let test: fn(Value) -> bool = $test;
                        if test(get!(i.a)) { jump!(i.target) } else { next!($op) }
                    }};
                }
                // A property read whose result goes to register `$dst`.
                macro_rules! cached_get {
                    ($i:ident, $dst:expr, $done:block) => {{
                        let obj = get!($i.obj);
                        if obj.is_cell() {
                            let cell = obj.bits() as *const u8;
                            let site = site!($i.slot);
                            if *cell.cast::<u32>() == site.guard.get() {
                                let loc = site.loc.get();
                                if loc.is_own_inline() {
                                    *fp.add($dst) = *cell.add(loc.index()).cast::<Value>();
                                    $done
                                }
                                if loc.form() == Form::HolderInline && site.aux.get() == state.proto_epoch.get() {
                                    *fp.add($dst) =
                                        *(site.cell.get().bits() as *const u8).add(loc.index()).cast::<Value>();
                                    $done
                                }
                                let v = property::load_form(cx, site, cell, loc);
                                if !v.is_empty() {
                                    *fp.add($dst) = v;
                                    $done
                                }
                            }
                        }
                    }};
                }

                match std::mem::transmute::<u8, Op>(*pc as u8) {
                    // ---- Moves and constants
                    Op::Move => {
                        let i = decode!(Move);
                        set!(i.dst, get!(i.src));
                        next!(Move)
                    }
                    Op::LoadUndefined => {
                        set!(decode!(LoadUndefined).dst, Value::UNDEFINED);
                        next!(LoadUndefined)
                    }
                    Op::LoadNull => {
                        set!(decode!(LoadNull).dst, Value::NULL);
                        next!(LoadNull)
                    }
                    Op::LoadTrue => {
                        set!(decode!(LoadTrue).dst, Value::TRUE);
                        next!(LoadTrue)
                    }
                    Op::LoadFalse => {
                        set!(decode!(LoadFalse).dst, Value::FALSE);
                        next!(LoadFalse)
                    }
                    Op::LoadEmpty => {
                        set!(decode!(LoadEmpty).dst, Value::EMPTY);
                        next!(LoadEmpty)
                    }
                    Op::LoadInt => {
                        let i = decode!(LoadInt);
                        set!(i.dst, Value::int32(i.value.0 as i32));
                        next!(LoadInt)
                    }
                    Op::LoadInt32 => {
                        let i = decode!(LoadInt32);
                        set!(i.dst, Value::int32(i.value.0));
                        next!(LoadInt32)
                    }
                    Op::LoadConst => {
                        let i = decode!(LoadConst);
                        set!(i.dst, code.constant(i.value.0 as usize));
                        next!(LoadConst)
                    }

                    // ---- Checks
                    Op::CheckTdz => {
                        let i = decode!(CheckTdz);
                        if get!(i.src).is_empty() {
                            state.pc.set(pc);
                            let _ = control::throw_tdz(cx, code, i.name.0);
                            break 'inner Action::Throw;
                        }
                        next!(CheckTdz)
                    }
                    Op::CheckThis => {
                        if get!(decode!(CheckThis).src).is_empty() {
                            state.pc.set(pc);
                            let _ = control::throw_no_this(cx);
                            break 'inner Action::Throw;
                        }
                        next!(CheckThis)
                    }
                    Op::CheckThisUnbound => {
                        if !get!(decode!(CheckThisUnbound).src).is_empty() {
                            state.pc.set(pc);
                            let _ = control::throw_super_twice(cx);
                            break 'inner Action::Throw;
                        }
                        next!(CheckThisUnbound)
                    }
                    Op::CheckObject => {
                        if get!(decode!(CheckObject).src).is_object() {
                            next!(CheckObject);
                        }
                        simple!(CheckObject, control::check_object)
                    }
                    Op::CheckCoercible => {
                        if !get!(decode!(CheckCoercible).src).is_nullish() {
                            next!(CheckCoercible);
                        }
                        simple!(CheckCoercible, control::throw_not_coercible)
                    }
                    Op::CheckCallable => simple!(CheckCallable, control::check_callable),
                    Op::ThrowError => {
                        state.pc.set(pc);
                        let _ = control::throw_error(cx, Frame(fp), Pc(pc));
                        break 'inner Action::Throw;
                    }
                    Op::ThrowConstAssign => {
                        state.pc.set(pc);
                        let _ = control::throw_const_assign(cx, Frame(fp), Pc(pc));
                        break 'inner Action::Throw;
                    }
                    Op::Throw => {
                        state.pc.set(pc);
                        let value = get!(decode!(Throw).src);
                        let _ = cx.throw(value);
                        break 'inner Action::Throw;
                    }

                    // ---- Scopes
                    Op::NewScope => simple!(NewScope, control::new_scope),
                    Op::CloneScope => simple!(CloneScope, control::clone_scope),
                    Op::LoadScoped => {
                        let i = decode!(LoadScoped);
                        let scope: Gc<Scope> = Gc::from_addr(get!(i.scope).bits() as usize);
                        set!(i.dst, scope.ancestor(i.depth.0 as usize).slot(i.index.0 as usize));
                        next!(LoadScoped)
                    }
                    Op::LoadScopedChecked => {
                        let i = decode!(LoadScopedChecked);
                        let scope: Gc<Scope> = Gc::from_addr(get!(i.scope).bits() as usize);
                        let v = scope.ancestor(i.depth.0 as usize).slot(i.index.0 as usize);
                        if v.is_empty() {
                            state.pc.set(pc);
                            let _ = control::throw_tdz(cx, code, i.name.0);
                            break 'inner Action::Throw;
                        }
                        set!(i.dst, v);
                        next!(LoadScopedChecked)
                    }
                    Op::StoreScoped => {
                        let i = decode!(StoreScoped);
                        let scope: Gc<Scope> = Gc::from_addr(get!(i.scope).bits() as usize);
                        scope.ancestor(i.depth.0 as usize).set_slot(cx, i.index.0 as usize, get!(i.src));
                        next!(StoreScoped)
                    }
                    Op::StoreScopedChecked => {
                        let i = decode!(StoreScopedChecked);
                        let scope: Gc<Scope> = Gc::from_addr(get!(i.scope).bits() as usize);
                        let scope = scope.ancestor(i.depth.0 as usize);
                        if scope.slot(i.index.0 as usize).is_empty() {
                            state.pc.set(pc);
                            let _ = control::throw_tdz(cx, code, i.name.0);
                            break 'inner Action::Throw;
                        }
                        scope.set_slot(cx, i.index.0 as usize, get!(i.src));
                        next!(StoreScopedChecked)
                    }
                    Op::LoadImport => simple!(LoadImport, module::load_import),

                    // ---- Names
                    Op::LoadName => simple!(LoadName, names::load_name),
                    Op::TypeofName => simple!(TypeofName, names::typeof_name),
                    Op::LoadNameForCall => simple!(LoadNameForCall, names::load_name_for_call),
                    Op::ResolveName => simple!(ResolveName, names::resolve_name),
                    Op::LoadResolved => simple!(LoadResolved, names::load_resolved),
                    Op::StoreResolved => simple!(StoreResolved, names::store_resolved),
                    Op::DeleteName => simple!(DeleteName, names::delete_name),

                    // ---- Globals
                    Op::DeclareGlobals => simple!(DeclareGlobals, globals::declare_globals),
                    Op::DeclareEvalVars => simple!(DeclareEvalVars, globals::declare_eval_vars),
                    Op::GetGlobal => {
                        let i = decode!(GetGlobal);
                        let v = globals::cached(cx, site!(i.slot));
                        if !v.is_empty() {
                            set!(i.dst, v);
                            next!(GetGlobal);
                        }
                        simple!(GetGlobal, globals::get_global)
                    }
                    Op::TypeofGlobal => simple!(TypeofGlobal, globals::typeof_global),
                    Op::HasGlobal => simple!(HasGlobal, globals::has_global),
                    Op::SetGlobal => {
                        let i = decode!(SetGlobal);
                        if globals::cached_set(cx, site!(i.slot), get!(i.src)) {
                            next!(SetGlobal);
                        }
                        simple!(SetGlobal, globals::set_global)
                    }
                    Op::InitGlobal => simple!(InitGlobal, globals::init_global),

                    // ---- Properties
                    Op::GetNamed => {
                        let i = decode!(GetNamed);
                        cached_get!(i, i.dst.0 as usize, { next!(GetNamed) });
                        flowing!(GetNamed, property::get_named)
                    }
                    Op::GetLength => {
                        let i = decode!(GetLength);
                        let obj = get!(i.obj);
                        if obj.is_cell() {
                            let v = property::length_of_cell(obj.as_cell());
                            if !v.is_empty() {
                                set!(i.dst, v);
                                next!(GetLength);
                            }
                        }
                        flowing!(GetLength, property::get_length)
                    }
                    Op::GetMethod => {
                        let i = decode!(GetMethod);
                        // The receiver may lie where the method goes.
                        let receiver = get!(i.obj);
                        cached_get!(i, i.block.0 as usize, {
                            *fp.add(i.block.0 as usize + frame::THIS) = receiver;
                            next!(GetMethod)
                        });
                        flowing!(GetMethod, property::get_method_op)
                    }
                    Op::SetNamed => {
                        let i = decode!(SetNamed);
                        let obj = get!(i.obj);
                        if obj.is_cell() {
                            let site = site!(i.slot);
                            let cell = obj.bits() as *mut u8;
                            if *cell.cast::<u32>() == site.guard.get() {
                                let loc = site.loc.get();
                                let v = get!(i.src);
                                if loc.is_own_inline() {
                                    *cell.add(loc.index()).cast::<Value>() = v;
                                    cx.write_barrier(cell.cast(), v);
                                    next!(SetNamed);
                                }
                                if property::store_form(cx, site, cell, loc, v) {
                                    next!(SetNamed);
                                }
                            }
                        }
                        flowing!(SetNamed, property::set_named)
                    }
                    Op::GetElem => {
                        let i = decode!(GetElem);
                        let v = element::get_fast(get!(i.obj), get!(i.key), site!(i.slot));
                        if !v.is_empty() {
                            set!(i.dst, v);
                            next!(GetElem);
                        }
                        simple!(GetElem, element::get_elem)
                    }
                    Op::GetElemUpdate => simple!(GetElemUpdate, element::get_elem_update),
                    Op::GetMethodElem => simple!(GetMethodElem, element::get_method_elem),
                    Op::SetElem => {
                        let i = decode!(SetElem);
                        if element::set_fast(cx, get!(i.obj), get!(i.key), get!(i.src), site!(i.slot)) {
                            next!(SetElem);
                        }
                        simple!(SetElem, element::set_elem)
                    }
                    Op::DeleteNamed => simple!(DeleteNamed, property::delete_named),
                    Op::DeleteElem => simple!(DeleteElem, property::delete_elem),
                    Op::In => simple!(In, property::has_in),
                    Op::InstanceOf => simple!(InstanceOf, property::instance_of),
                    Op::LoadHomeObject => {
                        let v = Frame(fp).function().home.get();
                        set!(decode!(LoadHomeObject).dst, v);
                        next!(LoadHomeObject)
                    }
                    Op::GetSuperBase => simple!(GetSuperBase, property::get_super_base),
                    Op::GetSuper => flowing!(GetSuper, property::get_super),
                    Op::SetSuper => simple!(SetSuper, property::set_super),
                    Op::NewPrivateName => simple!(NewPrivateName, classes::new_private_name),
                    Op::GetPrivate => simple!(GetPrivate, classes::get_private),
                    Op::SetPrivate => simple!(SetPrivate, classes::set_private),
                    Op::DefinePrivate => simple!(DefinePrivate, classes::define_private),
                    Op::HasPrivate => simple!(HasPrivate, classes::has_private),

                    // ---- Literals and definitions
                    Op::NewObject => simple!(NewObject, literals::new_object),
                    Op::NewObjectFrom => simple!(NewObjectFrom, literals::new_object_from),
                    Op::NewArray => simple!(NewArray, literals::new_array),
                    Op::NewArrayFrom => simple!(NewArrayFrom, literals::new_array_from),
                    Op::NewArrayConst => simple!(NewArrayConst, literals::new_array_const),
                    Op::ArrayPush => simple!(ArrayPush, literals::array_push),
                    Op::ArrayHole => simple!(ArrayHole, literals::array_hole),
                    Op::ArraySpread => jumping!(ArraySpread, literals::array_spread, target),
                    Op::DefineNamed => simple!(DefineNamed, literals::define_named),
                    Op::DefineElem => simple!(DefineElem, literals::define_elem),
                    Op::DefineMethod => simple!(DefineMethod, classes::define_method),
                    Op::SetHomeObject => simple!(SetHomeObject, classes::set_home_object),
                    Op::SetProto => simple!(SetProto, literals::set_proto),
                    Op::SetFunctionName => simple!(SetFunctionName, classes::set_function_name),
                    Op::CopyDataProperties => simple!(CopyDataProperties, literals::copy_data_properties),
                    Op::NewRegExp => simple!(NewRegExp, literals::new_regexp),
                    Op::TemplateObject => simple!(TemplateObject, literals::template_object),
                    Op::Closure => simple!(Closure, literals::closure),
                    Op::DefineClass => simple!(DefineClass, classes::define_class),
                    Op::SetClassInit => simple!(SetClassInit, classes::set_class_init),
                    Op::GetClassInit => jumping!(GetClassInit, classes::get_class_init, target),

                    // ---- Conversions
                    Op::ToPropertyKey => simple!(ToPropertyKey, arithmetic::to_property_key),
                    Op::ToNumeric => {
                        let i = decode!(ToNumeric);
                        let a = get!(i.src);
                        if a.is_number() {
                            set!(i.dst, a);
                            next!(ToNumeric);
                        }
                        simple!(ToNumeric, arithmetic::to_numeric)
                    }
                    Op::ToNumber => {
                        let i = decode!(ToNumber);
                        let a = get!(i.src);
                        if a.is_number() {
                            set!(i.dst, a);
                            next!(ToNumber);
                        }
                        simple!(ToNumber, arithmetic::to_number)
                    }
                    Op::ToString => {
                        let i = decode!(ToString);
                        let a = get!(i.src);
                        if a.is_string() {
                            set!(i.dst, a);
                            next!(ToString);
                        }
                        simple!(ToString, arithmetic::to_string)
                    }
                    Op::ToObject => simple!(ToObject, arithmetic::to_object),
                    Op::CoerceThis => {
                        let i = decode!(CoerceThis);
                        let a = get!(i.src);
                        if a.is_object() {
                            set!(i.dst, a);
                            next!(CoerceThis);
                        }
                        simple!(CoerceThis, arithmetic::coerce_this)
                    }
                    Op::Concat => simple!(Concat, arithmetic::concat),

                    // ---- Arithmetic
                    Op::Add => arith!(Add, checked_add, +, arithmetic::add),
                    Op::Sub => arith!(Sub, checked_sub, -, arithmetic::sub),
                    Op::Mul => mul!(Mul, i, get!(i.b), arithmetic::mul),
                    Op::Div => div!(Div, i, get!(i.b), arithmetic::div),
                    Op::Mod => modulo!(Mod, i, get!(i.b), arithmetic::modulo),
                    Op::Exp => simple!(Exp, arithmetic::exp),
                    Op::BitAnd => {
                        bits!(BitAnd, i, get!(i.b), arithmetic::bit_and, |a: i32, b: i32| Value::int32(a & b))
                    }
                    Op::BitOr => bits!(BitOr, i, get!(i.b), arithmetic::bit_or, |a: i32, b: i32| Value::int32(a | b)),
                    Op::BitXor => {
                        bits!(BitXor, i, get!(i.b), arithmetic::bit_xor, |a: i32, b: i32| Value::int32(a ^ b))
                    }
                    Op::Shl => bits!(Shl, i, get!(i.b), arithmetic::shl, |a: i32, b: i32| Value::int32(
                        a.wrapping_shl(b as u32)
                    )),
                    Op::Shr => bits!(Shr, i, get!(i.b), arithmetic::shr, |a: i32, b: i32| Value::int32(
                        a.wrapping_shr(b as u32)
                    )),
                    Op::UShr => {
                        bits!(UShr, i, get!(i.b), arithmetic::ushr, |a: i32, b: i32| Value::uint32(
                            (a as u32).wrapping_shr(b as u32)
                        ))
                    }
                    Op::AddImm => arith!(AddImm, imm checked_add, +, arithmetic::add_imm),
                    Op::SubImm => arith!(SubImm, imm checked_sub, -, arithmetic::sub_imm),
                    Op::MulImm => mul!(MulImm, i, Value::int32(i.imm.0 as i32), arithmetic::mul_imm),
                    Op::DivImm => div!(DivImm, i, Value::int32(i.imm.0 as i32), arithmetic::div_imm),
                    Op::ModImm => modulo!(ModImm, i, Value::int32(i.imm.0 as i32), arithmetic::modulo_imm),
                    Op::BitAndImm => {
                        bits!(BitAndImm, i, Value::int32(i.imm.0 as i32), arithmetic::bit_and_imm, |a: i32, b: i32| {
                            Value::int32(a & b)
                        })
                    }
                    Op::BitOrImm => {
                        bits!(BitOrImm, i, Value::int32(i.imm.0 as i32), arithmetic::bit_or_imm, |a: i32, b: i32| {
                            Value::int32(a | b)
                        })
                    }
                    Op::BitXorImm => {
                        bits!(BitXorImm, i, Value::int32(i.imm.0 as i32), arithmetic::bit_xor_imm, |a: i32, b: i32| {
                            Value::int32(a ^ b)
                        })
                    }
                    Op::ShlImm => {
                        bits!(ShlImm, i, Value::int32(i.imm.0 as i32), arithmetic::shl_imm, |a: i32, b: i32| {
                            Value::int32(a.wrapping_shl(b as u32))
                        })
                    }
                    Op::ShrImm => {
                        bits!(ShrImm, i, Value::int32(i.imm.0 as i32), arithmetic::shr_imm, |a: i32, b: i32| {
                            Value::int32(a.wrapping_shr(b as u32))
                        })
                    }
                    Op::UShrImm => {
                        bits!(UShrImm, i, Value::int32(i.imm.0 as i32), arithmetic::ushr_imm, |a: i32, b: i32| {
                            Value::uint32((a as u32).wrapping_shr(b as u32))
                        })
                    }
                    Op::Inc => {
                        let i = decode!(Inc);
                        let a = get!(i.a);
                        if a.is_int32() && a.as_int32() != i32::MAX {
                            set!(i.dst, Value::int32(a.as_int32() + 1));
                            next!(Inc);
                        }
                        simple!(Inc, arithmetic::inc)
                    }
                    Op::Dec => {
                        let i = decode!(Dec);
                        let a = get!(i.a);
                        if a.is_int32() && a.as_int32() != i32::MIN {
                            set!(i.dst, Value::int32(a.as_int32() - 1));
                            next!(Dec);
                        }
                        simple!(Dec, arithmetic::dec)
                    }
                    Op::Neg => {
                        let i = decode!(Neg);
                        let a = get!(i.a);
                        // 0 becomes −0, and MIN leaves int32: both have no bits below the sign.
                        if a.is_int32() && a.as_int32() & i32::MAX != 0 {
                            set!(i.dst, Value::int32(-a.as_int32()));
                            next!(Neg);
                        }
                        if a.is_number() {
                            site!(i.slot).record(type_bits::DOUBLE);
                            set!(i.dst, Value::double(-a.as_number()));
                            next!(Neg);
                        }
                        simple!(Neg, arithmetic::neg)
                    }
                    Op::BitNot => {
                        let i = decode!(BitNot);
                        let a = get!(i.a);
                        if a.is_number() {
                            set!(i.dst, Value::int32(!arithmetic::number_to_int32(a)));
                            next!(BitNot);
                        }
                        simple!(BitNot, arithmetic::bit_not)
                    }
                    Op::Not => {
                        let i = decode!(Not);
                        let a = get!(i.a);
                        let truth = if a.is_boolean() { a.as_boolean() } else { a.to_boolean() };
                        set!(i.dst, Value::boolean(!truth));
                        next!(Not)
                    }
                    Op::TypeOf => simple!(TypeOf, arithmetic::type_of),
                    Op::TypeOfIs => {
                        let i = decode!(TypeOfIs);
                        set!(i.dst, Value::boolean(arithmetic::type_of_is(get!(i.a), i.what.0)));
                        next!(TypeOfIs)
                    }

                    // ---- Comparison
                    Op::Eq => compare!(Eq, ==, arithmetic::equal),
                    Op::NotEq => {
                        let i = decode!(NotEq);
                        let r = relation!(i, get!(i.b), ==, arithmetic::equal);
                        set!(i.dst, Value::boolean(!r));
                        next!(NotEq)
                    }
                    Op::StrictEq => compare!(StrictEq, ==, arithmetic::strictly_equal),
                    Op::StrictNotEq => {
                        let i = decode!(StrictNotEq);
                        let r = relation!(i, get!(i.b), ==, arithmetic::strictly_equal);
                        set!(i.dst, Value::boolean(!r));
                        next!(StrictNotEq)
                    }
                    Op::Less => compare!(Less, <, arithmetic::less),
                    Op::LessEq => compare!(LessEq, <=, arithmetic::less_eq),
                    Op::Greater => compare!(Greater, >, arithmetic::greater),
                    Op::GreaterEq => compare!(GreaterEq, >=, arithmetic::greater_eq),

                    // ---- Jumps
                    Op::Jump => jump!(decode!(Jump).target),
                    Op::LoopBack => {
                        let i = decode!(LoopBack);
                        let site = site!(i.slot);
                        let count = site.aux.get().wrapping_add(1);
                        site.aux.set(count);
                        if count >= state.tiers.loop_threshold.get()
                            && let Some(target) =
                                tier::target_of_loop(cx, code, code.offset_of(pc.offset(i.target.0 as isize)))
                        {
                            state.pc.set(pc.offset(i.target.0 as isize));
                            state.tiers.target.set(target);
                            return SegmentExit::EnterCode;
                        }
                        if (*state.interrupt_word).load(Relaxed) != 0 {
                            state.pc.set(pc);
                            if interrupt::poll_in_interpreter(cx).is_err() {
                                break 'inner Action::Throw;
                            }
                        }
                        jump!(i.target)
                    }
                    Op::JumpIfTrue => {
                        let i = decode!(JumpIfTrue);
                        let a = get!(i.a);
                        if if a.is_boolean() { a.as_boolean() } else { a.to_boolean() } {
                            jump!(i.target)
                        } else {
                            next!(JumpIfTrue)
                        }
                    }
                    Op::JumpIfFalse => {
                        let i = decode!(JumpIfFalse);
                        let a = get!(i.a);
                        if if a.is_boolean() { a.as_boolean() } else { a.to_boolean() } {
                            next!(JumpIfFalse)
                        } else {
                            jump!(i.target)
                        }
                    }
                    Op::JumpIfNullish => jump_when!(JumpIfNullish, |a| a.is_nullish()),
                    Op::JumpIfNotNullish => jump_when!(JumpIfNotNullish, |a| !a.is_nullish()),
                    Op::JumpIfUndefined => jump_when!(JumpIfUndefined, |a| a.is_undefined()),
                    Op::JumpIfNotUndefined => jump_when!(JumpIfNotUndefined, |a| !a.is_undefined()),
                    Op::JumpIfNull => jump_when!(JumpIfNull, |a| a.is_null()),
                    Op::JumpIfNotNull => jump_when!(JumpIfNotNull, |a| !a.is_null()),
                    Op::JumpIfEq => jump_if!(JumpIfEq, ==, true, arithmetic::equal),
                    Op::JumpIfNotEq => jump_if!(JumpIfNotEq, ==, false, arithmetic::equal),
                    Op::JumpIfStrictEq => jump_if!(JumpIfStrictEq, ==, true, arithmetic::strictly_equal),
                    Op::JumpIfStrictNotEq => jump_if!(JumpIfStrictNotEq, ==, false, arithmetic::strictly_equal),
                    Op::JumpIfLess => jump_if!(JumpIfLess, <, true, arithmetic::less),
                    Op::JumpIfLessEq => jump_if!(JumpIfLessEq, <=, true, arithmetic::less_eq),
                    Op::JumpIfGreater => jump_if!(JumpIfGreater, >, true, arithmetic::greater),
                    Op::JumpIfGreaterEq => jump_if!(JumpIfGreaterEq, >=, true, arithmetic::greater_eq),
                    Op::JumpIfNotLess => jump_if!(JumpIfNotLess, <, false, arithmetic::less),
                    Op::JumpIfNotLessEq => jump_if!(JumpIfNotLessEq, <=, false, arithmetic::less_eq),
                    Op::JumpIfNotGreater => jump_if!(JumpIfNotGreater, >, false, arithmetic::greater),
                    Op::JumpIfNotGreaterEq => jump_if!(JumpIfNotGreaterEq, >=, false, arithmetic::greater_eq),
                    Op::JumpIfEqImm => jump_if!(JumpIfEqImm, imm ==, true, arithmetic::equal),
                    Op::JumpIfNotEqImm => jump_if!(JumpIfNotEqImm, imm ==, false, arithmetic::equal),
                    Op::JumpIfStrictEqImm => jump_if!(JumpIfStrictEqImm, imm ==, true, arithmetic::strictly_equal),
                    Op::JumpIfStrictNotEqImm => {
                        jump_if!(JumpIfStrictNotEqImm, imm ==, false, arithmetic::strictly_equal)
                    }
                    Op::JumpIfLessImm => jump_if!(JumpIfLessImm, imm <, true, arithmetic::less),
                    Op::JumpIfLessEqImm => jump_if!(JumpIfLessEqImm, imm <=, true, arithmetic::less_eq),
                    Op::JumpIfGreaterImm => jump_if!(JumpIfGreaterImm, imm >, true, arithmetic::greater),
                    Op::JumpIfGreaterEqImm => jump_if!(JumpIfGreaterEqImm, imm >=, true, arithmetic::greater_eq),
                    Op::JumpIfNotLessImm => jump_if!(JumpIfNotLessImm, imm <, false, arithmetic::less),
                    Op::JumpIfNotLessEqImm => jump_if!(JumpIfNotLessEqImm, imm <=, false, arithmetic::less_eq),
                    Op::JumpIfNotGreaterImm => jump_if!(JumpIfNotGreaterImm, imm >, false, arithmetic::greater),
                    Op::JumpIfNotGreaterEqImm => jump_if!(JumpIfNotGreaterEqImm, imm >=, false, arithmetic::greater_eq),
                    Op::SwitchTable => {
                        let offset = control::switch_target(code, Frame(fp), Pc(pc));
                        if offset == 0 {
                            next!(SwitchTable);
                        }
                        pc = pc.offset(offset as isize);
                    }

                    // ---- Calls
                    Op::Call => call!(Call, true),
                    Op::CallMethod => call!(CallMethod, false),
                    Op::TailCall => flowing!(TailCall, calls::tail_call),
                    Op::TailCallMethod => flowing!(TailCallMethod, calls::tail_call_method),
                    Op::Construct => flowing!(Construct, calls::construct),
                    Op::SuperCall => flowing!(SuperCall, calls::super_call),
                    Op::GetSuperConstructor => simple!(GetSuperConstructor, classes::get_super_constructor),
                    Op::CallSpread => flowing!(CallSpread, calls::call_spread),
                    Op::ConstructSpread => flowing!(ConstructSpread, calls::construct_spread),
                    Op::DirectEval => flowing!(DirectEval, calls::direct_eval),
                    Op::DirectEvalSpread => flowing!(DirectEvalSpread, calls::direct_eval_spread),
                    Op::CallRuntime => simple!(CallRuntime, calls::call_runtime),
                    Op::Return => do_return!(get!(decode!(Return).src)),
                    Op::ReturnUndefined => do_return!(Value::UNDEFINED),
                    Op::CheckConstructorReturn => simple!(CheckConstructorReturn, control::check_constructor_return),
                    Op::CreateArguments => simple!(CreateArguments, arguments::create_arguments),
                    Op::CreateMappedArguments => simple!(CreateMappedArguments, arguments::create_mapped_arguments),
                    Op::CreateRest => simple!(CreateRest, arguments::create_rest),
                    Op::ImportCall => simple!(ImportCall, module::import_call),
                    Op::ImportMeta => simple!(ImportMeta, module::import_meta),

                    // ---- Iteration
                    Op::IterFast => jumping!(IterFast, iteration::iter_fast, target),
                    Op::GetIterMethod => simple!(GetIterMethod, iteration::get_iter_method),
                    Op::GetAsyncIterMethod => jumping!(GetAsyncIterMethod, iteration::get_async_iter_method, target),
                    Op::AsyncFromSync => simple!(AsyncFromSync, iteration::async_from_sync),
                    Op::IterNext => {
                        let i = decode!(IterNext);
                        if !(*fp.add(i.iter.0 as usize + 1)).is_empty() {
                            next!(IterNext);
                        }
                        let v = iteration::next_fast(Frame(fp), i.iter.0 as usize);
                        if v.is_empty() {
                            state.pc.set(pc);
                            match iteration::next_slow(cx, Frame(fp), Pc(pc)) {
                                Ok(true) => jump!(i.body),
                                Ok(false) => jump!(i.done),
                                Err(_) => break 'inner Action::Throw,
                            }
                        }
                        set!(i.dst, v);
                        jump!(i.body)
                    }
                    Op::IterCall => flowing!(IterCall, iteration::iter_call),
                    Op::GetIterReturn => jumping!(GetIterReturn, iteration::get_iter_return, target),
                    Op::ForInStart => jumping!(ForInStart, iteration::for_in_start, target),
                    Op::ForInNext => jumping!(ForInNext, iteration::for_in_next, target),

                    // ---- Generators and async functions
                    Op::CreateGenerator => flowing!(CreateGenerator, generator::op_create_generator),
                    Op::AsyncStart => simple!(AsyncStart, generator::op_async_start),
                    Op::Yield => flowing!(Yield, generator::op_yield),
                    Op::YieldDelegate => flowing!(YieldDelegate, generator::op_yield_delegate),
                    Op::Await => flowing!(Await, generator::op_await),
                    Op::GeneratorReturn => flowing!(GeneratorReturn, generator::op_generator_return),
                    Op::GeneratorThrow => flowing!(GeneratorThrow, generator::op_generator_throw),
                    Op::AsyncReturn => flowing!(AsyncReturn, generator::op_async_return),
                    Op::AsyncThrow => flowing!(AsyncThrow, generator::op_async_throw),

                    // ---- Explicit resource management
                    Op::NewDisposeStack => simple!(NewDisposeStack, dispose::new_stack),
                    Op::AddDisposable => simple!(AddDisposable, dispose::add),
                    Op::DisposeNext => jumping!(DisposeNext, dispose::next, target),
                    Op::NewSuppressedError => simple!(NewSuppressedError, dispose::new_suppressed_error),

                    Op::Debugger => next!(Debugger),
                }
            };
            match action {
                Action::Reload => {
                    if let Some(target) = tier::begin_innermost(cx) {
                        state.tiers.target.set(target);
                        return SegmentExit::EnterCode;
                    }
                }
                Action::Throw => {
                    if !unwind::unwind(cx) {
                        return SegmentExit::Throw;
                    }
                }
                Action::Return => {
                    if !unwind::return_result(cx) {
                        return SegmentExit::Return;
                    }
                }
            }
            fp = state.frame.get().0;
            pc = state.pc.get();
            code = Frame(fp).code();
            sites = code.sites();
        }
    }
}
