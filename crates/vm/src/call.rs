//! Calls: preparing a call block for whatever is called, calls from Rust into JavaScript, native calls.
//!
//! A call begins as a block at the top of the caller's frame: callee, `this` and arguments in place. [`prepare_call`] and
//! [`prepare_construct`] look at the callee until something can run: bound functions, proxies, `call`, `apply` and
//! `Reflect.apply` rewrite the block and go round the loop, so that none of them takes native stack or a frame of its own
//! (a tail call through them stays a tail call). A JavaScript function ends the loop with its frame pushed, a native with its result.

use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::frame::{self, Frame, HEADER, Link, MAX_ARGC, MAX_DELTA, call_word, flag};
use crate::function::{BoundFunction, Function, NativeFunction, native_special};
use crate::interp::entry::enter;
use crate::native::Args;
use crate::object::Object;
use crate::object::proxy::Proxy;
use crate::realm::RealmShape;
use crate::value::Value;
use crate::values::ValueArray;
use std::cell::Cell;
use tercel_bytecode::FeedbackKind;

/// Where the result of a call goes, and what the callee's header says about its caller.
#[derive(Clone, Copy)]
pub(crate) struct CallSite {
    /// Distance from the caller's frame to the block.
    pub delta: usize,
    /// Unit offset of the instruction after the call in the caller's code.
    pub return_pc: usize,
    /// The caller's register for the result.
    pub dst: u16,
    /// [`flag`]s of the frame.
    pub flags: u64,
}

/// What came of preparing a call.
pub(crate) enum Prepared {
    /// A JavaScript frame was pushed; the interpreter goes on at its start.
    Pushed,
    /// A coroutine's frame was pushed; the interpreter goes on there at `Interp::pc`.
    Resumed,
    /// The same, and the pending exception is thrown there.
    ResumedThrowing,
    /// A native was called.
    Done(Value),
}

/// Fills in the header of a JavaScript callee's frame and its registers beyond the arguments.
///
/// `base` holds callee, `this`, and `argc` arguments. The stack has been checked.
#[inline(always)]
pub(crate) fn fill_frame(
    base: Frame,
    function: Gc<Function>,
    code: Gc<CodeBlock>,
    argc: usize,
    new_target: Value,
    site: CallSite,
) {
    base.set(frame::LINK, Value::from_bits(Link::new(site.return_pc, site.delta).0));
    base.set(frame::ENV, function.env.get());
    base.set(frame::CALL_WORD, call_word(argc, site.dst, site.flags));
    base.set(frame::NEW_TARGET, new_target);
    let params = code.num_params();
    let mut given = argc;
    if argc > params {
        if code.keeps_extra_args() {
            keep_extra_args(base, code, argc);
        }
        given = params;
    }
    fill_undefined(base, HEADER + given, code.num_registers());
}

/// Writes undefined to the registers `from..to`. Rounds up: the slack above the stack's limit takes what is too much.
#[inline(always)]
fn fill_undefined(base: Frame, from: usize, to: usize) {
    let mut i = from;
    while i < to {
        base.set(i, Value::UNDEFINED);
        i += 1;
    }
}

/// Moves the arguments beyond the parameters above the registers.
#[cold]
#[inline(never)]
fn keep_extra_args(base: Frame, code: Gc<CodeBlock>, argc: usize) {
    let params = code.num_params();
    // SAFETY: the stack was checked for registers and extra arguments; both ranges lie in it and may overlap.
    unsafe {
        std::ptr::copy(base.0.add(HEADER + params), base.0.add(code.num_registers()), argc - params);
    }
}

/// How many registers a call of `code` with `argc` arguments takes.
#[inline(always)]
pub(crate) fn frame_size(code: Gc<CodeBlock>, argc: usize) -> usize {
    let extra = if code.keeps_extra_args() { argc.saturating_sub(code.num_params()) } else { 0 };
    // While the frame is set up the arguments lie from HEADER on, however many there are.
    (code.num_registers() + extra).max(HEADER + argc)
}

impl Context {
    /// Whether `registers` registers from `base` on fit the stack.
    #[inline(always)]
    pub(crate) fn stack_has(&self, base: Frame, registers: usize) -> bool {
        base.0.wrapping_add(registers) <= self.interp.stack_limit.get()
    }

    /// Call(f, this, args) (§7.3.13). The arguments are copied to the VM stack, where they are precise roots.
    /// TypeError if `f` is not callable. A safepoint: `Gc`s held in locals are pinned, not moved.
    pub fn call(&self, f: Value, this: Value, args: &[Value]) -> JsResult<Value> {
        // SAFETY: `Cell<Value>` has the layout of `Value`; the slice is only read.
        let cells = unsafe { std::slice::from_raw_parts(args.as_ptr().cast::<Cell<Value>>(), args.len()) };
        self.call_cells(f, this, cells)
    }

    /// [`Context::call`] with arguments in a frame's window or a list.
    pub fn call_cells(&self, f: Value, this: Value, args: &[Cell<Value>]) -> JsResult<Value> {
        let base = self.push_block(f, this, args)?;
        let pc = self.interp.pc.get();
        let site = self.entry_site(base, 0);
        self.run_prepared(pc, prepare_call(self, base, args.len(), site))
    }

    /// Construct(f, args, new_target) (§7.3.14). TypeError if `f` is no constructor.
    pub fn construct(&self, f: Gc<Object>, args: &[Value], new_target: Gc<Object>) -> JsResult<Value> {
        // SAFETY: as in `call`.
        let cells = unsafe { std::slice::from_raw_parts(args.as_ptr().cast::<Cell<Value>>(), args.len()) };
        self.construct_cells(f, cells, new_target)
    }

    pub fn construct_cells(&self, f: Gc<Object>, args: &[Cell<Value>], new_target: Gc<Object>) -> JsResult<Value> {
        let base = self.push_block(f.into(), Value::UNDEFINED, args)?;
        let pc = self.interp.pc.get();
        let site = self.entry_site(base, flag::CONSTRUCT);
        self.run_prepared(pc, prepare_construct(self, base, args.len(), new_target.into(), site))
    }

    /// Lays out a call block above the innermost frame.
    fn push_block(&self, f: Value, this: Value, args: &[Cell<Value>]) -> JsResult<Frame> {
        let base = self.interp.frame.get().top();
        if args.len() > MAX_ARGC || !self.stack_has(base, HEADER + args.len()) {
            return Err(self.throw_stack_overflow());
        }
        self.check_native_stack()?;
        base.set(frame::CALLEE, f);
        base.set(frame::THIS, this);
        for (i, arg) in args.iter().enumerate() {
            base.set(HEADER + i, arg.get());
        }
        Ok(base)
    }

    /// The call site of an entry from Rust whose block is `base`.
    pub(crate) fn entry_site(&self, base: Frame, flags: u64) -> CallSite {
        let caller = self.interp.frame.get();
        // SAFETY: both lie in the VM stack.
        let delta = unsafe { base.0.offset_from(caller.0) } as usize;
        let return_pc = if caller.is_native() { 0 } else { caller.code().offset_of(self.interp.pc.get()) + 1 };
        CallSite { delta, return_pc, dst: 0, flags: flags | flag::ENTRY }
    }

    /// Runs what was prepared by an entry from Rust.
    #[inline]
    pub(crate) fn run_prepared(&self, caller_pc: *const u16, prepared: JsResult<Prepared>) -> JsResult<Value> {
        match prepared? {
            Prepared::Done(value) => Ok(value),
            Prepared::Pushed => {
                self.interp.pc.set(self.interp.frame.get().code().code());
                let result = enter(self, false);
                self.interp.pc.set(caller_pc);
                result
            }
            prepared => {
                let throwing = matches!(prepared, Prepared::ResumedThrowing);
                let result = enter(self, throwing);
                self.interp.pc.set(caller_pc);
                result
            }
        }
    }
}

/// What a block calls once everything that forwards has been looked through.
pub(crate) enum Callee {
    Function(Gc<Function>),
    Native(Gc<NativeFunction>),
    /// `next`, `return` or `throw` of generators.
    Resume(u32),
}

/// Looks through bound functions, proxies and forwarding natives: rewrites the block until its callee can run itself. Gives that and the
/// new number of arguments.
#[inline]
pub(crate) fn resolve_callee(cx: &Context, base: Frame, argc: usize) -> JsResult<(Callee, usize)> {
    let mut argc = argc;
    loop {
        let callee = base.callee();
        match callee.kind() {
            // SAFETY: the kind was checked.
            Some(Kind::Function) => return Ok((Callee::Function(unsafe { callee.as_cell().cast() }), argc)),
            Some(Kind::NativeFunction) => {
                // SAFETY: the kind was checked.
                let native: Gc<NativeFunction> = unsafe { callee.as_cell().cast() };
                match native.special.get() {
                    native_special::CALL => argc = forward_call(cx, base, argc)?,
                    native_special::APPLY => argc = forward_apply(cx, base, argc)?,
                    native_special::REFLECT_APPLY => argc = forward_reflect_apply(cx, base, argc)?,
                    special @ (native_special::GENERATOR_NEXT
                    | native_special::GENERATOR_RETURN
                    | native_special::GENERATOR_THROW) => return Ok((Callee::Resume(special), argc)),
                    _ => return Ok((Callee::Native(native), argc)),
                }
            }
            Some(Kind::BoundFunction) => argc = unwrap_bound(cx, base, argc)?,
            Some(Kind::Proxy) => argc = forward_proxy_call(cx, base, argc)?,
            _ => return Err(cx.throw_not_callable(callee)),
        }
    }
}

/// Prepares [[Call]] of the block at `base` (callee, `this`, `argc` arguments).
#[inline(never)]
pub(crate) fn prepare_call(cx: &Context, base: Frame, argc: usize, site: CallSite) -> JsResult<Prepared> {
    if site.delta > MAX_DELTA {
        return Err(cx.throw_stack_overflow());
    }
    let (callee, argc) = resolve_callee(cx, base, argc)?;
    match callee {
        Callee::Function(function) => {
            check_not_class(cx, function)?;
            push_function(cx, base, function, argc, Value::UNDEFINED, site)
        }
        Callee::Native(native) => call_native(cx, base, native, argc, Value::UNDEFINED, site),
        Callee::Resume(special) => crate::generator::prepare_resume(cx, base, argc, special, site),
    }
}

/// Prepares [[Construct]] of the block at `base` (callee and `argc` arguments).
#[inline(never)]
pub(crate) fn prepare_construct(
    cx: &Context,
    base: Frame,
    argc: usize,
    new_target: Value,
    site: CallSite,
) -> JsResult<Prepared> {
    let (mut argc, mut new_target) = (argc, new_target);
    if site.delta > MAX_DELTA {
        return Err(cx.throw_stack_overflow());
    }
    loop {
        let callee = base.callee();
        match callee.kind() {
            Some(Kind::Function) => {
                // SAFETY: the kind was checked.
                let function: Gc<Function> = unsafe { callee.as_cell().cast() };
                let code = function.code();
                if !code.has(code_flag::CONSTRUCTOR) {
                    break;
                }
                let this = if code.has(code_flag::DERIVED) {
                    Value::EMPTY
                } else {
                    // Rooted while `prototype` is looked up, which may run script.
                    base.set(frame::NEW_TARGET, new_target);
                    reserve_block(cx, base, argc);
                    let this = cx.new_this(new_target.as_object().unwrap_or(function.object()), || {
                        cx.prepare_code(function.code());
                        expected_properties(function)
                    });
                    release_block(cx, base, site.delta);
                    this?.into()
                };
                base.set(frame::THIS, this);
                return push_function(cx, base, function, argc, new_target, site);
            }
            Some(Kind::NativeFunction) => {
                // SAFETY: the kind was checked.
                let native: Gc<NativeFunction> = unsafe { callee.as_cell().cast() };
                if !native.object().is_constructor() {
                    break;
                }
                base.set(frame::THIS, Value::EMPTY);
                return call_native(cx, base, native, argc, new_target, site);
            }
            Some(Kind::BoundFunction) => {
                if !callee.as_object().is_some_and(|o| o.is_constructor()) {
                    break;
                }
                argc = unwrap_bound(cx, base, argc)?;
                if new_target == callee {
                    new_target = base.callee();
                }
            }
            Some(Kind::Proxy) => {
                let object = callee.as_object().expect("a proxy is an object");
                if !object.is_constructor() {
                    break;
                }
                reserve_block(cx, base, argc);
                base.set(frame::NEW_TARGET, new_target);
                let step = proxy_construct_step(cx, base, object, argc, new_target);
                release_block(cx, base, site.delta);
                match step? {
                    None => {}
                    Some(value) => return Ok(Prepared::Done(value)),
                }
            }
            _ => break,
        }
    }
    Err(cx.throw_not_constructor(base.callee()))
}

/// Makes the block at `base` the innermost frame (as if a native's), so that calls made meanwhile lie above it and the
/// collector sees its arguments.
pub(crate) fn reserve_block(cx: &Context, base: Frame, argc: usize) {
    let caller = cx.interp.frame.get();
    // SAFETY: both lie in the VM stack.
    let delta = unsafe { base.0.offset_from(caller.0) } as usize;
    let return_pc = if caller.is_native() { 0 } else { caller.code().offset_of(cx.interp.pc.get()) + 1 };
    base.set(frame::LINK, Value::from_bits(Link::new(return_pc, delta).0));
    base.set(frame::ENV, Value::UNDEFINED);
    base.set(frame::CALL_WORD, call_word(argc, 0, flag::NATIVE));
    cx.interp.frame.set(base);
}

/// Undoes [`reserve_block`].
pub(crate) fn release_block(cx: &Context, base: Frame, delta: usize) {
    cx.interp.frame.set(Frame(base.0.wrapping_sub(delta)));
}

/// Checks the stack and pushes the frame of a JavaScript function.
#[inline]
pub(crate) fn push_function(
    cx: &Context,
    base: Frame,
    function: Gc<Function>,
    argc: usize,
    new_target: Value,
    site: CallSite,
) -> JsResult<Prepared> {
    let code = function.code();
    if !code.has(code_flag::READY) {
        cx.prepare_code(code);
    }
    if !cx.stack_has(base, frame_size(code, argc)) {
        return Err(cx.throw_stack_overflow());
    }
    fill_frame(base, function, code, argc, new_target, site);
    cx.interp.frame.set(base);
    Ok(Prepared::Pushed)
}

/// Calls a native in the block's own place.
#[inline(always)]
pub(crate) fn call_native(
    cx: &Context,
    base: Frame,
    native: Gc<NativeFunction>,
    argc: usize,
    new_target: Value,
    site: CallSite,
) -> JsResult<Prepared> {
    base.set(frame::LINK, Value::from_bits(Link::new(site.return_pc, site.delta).0));
    base.set(frame::ENV, Value::UNDEFINED);
    base.set(frame::CALL_WORD, call_word(argc, site.dst, flag::NATIVE));
    base.set(frame::NEW_TARGET, new_target);
    if !cx.stack_has(base, HEADER + argc) {
        return Err(cx.throw_stack_overflow());
    }
    let caller = cx.interp.frame.get();
    cx.interp.frame.set(base);
    let result = (native.function.get())(cx, &Args { frame: base, argc });
    cx.interp.frame.set(caller);
    Ok(Prepared::Done(result?))
}

/// Moves the arguments `from..argc` to position `to`, and sets the new count.
fn shift_args(base: Frame, from: usize, argc: usize, to: usize) -> usize {
    let count = argc.saturating_sub(from);
    // SAFETY: both ranges lie in the block or just above it, which the caller has checked to be in the stack.
    unsafe { std::ptr::copy(base.0.add(HEADER + from), base.0.add(HEADER + to), count) };
    to + count
}

/// `f.call(this, …args)`: the block becomes a call of `f`.
fn forward_call(cx: &Context, base: Frame, argc: usize) -> JsResult<usize> {
    let target = base.get(frame::THIS);
    if !cx.is_callable(target) {
        let message =
            format_args!("Function.prototype.call was called on {}, which is not a function", cx.describe(target));
        return Err(cx.throw_type_of(base.callee(), message));
    }
    base.set(frame::CALLEE, target);
    base.set(frame::THIS, if argc > 0 { base.get(HEADER) } else { Value::UNDEFINED });
    Ok(shift_args(base, 1, argc, 0))
}

/// `f.apply(this, list)`.
fn forward_apply(cx: &Context, base: Frame, argc: usize) -> JsResult<usize> {
    let target = base.get(frame::THIS);
    if !cx.is_callable(target) {
        let message =
            format_args!("Function.prototype.apply was called on {}, which is not a function", cx.describe(target));
        return Err(cx.throw_type_of(base.callee(), message));
    }
    let arg = |i| if i < argc { base.get(HEADER + i) } else { Value::UNDEFINED };
    let (this, list) = (arg(0), arg(1));
    check_list(cx, base, list)?;
    base.set(frame::CALLEE, target);
    base.set(frame::THIS, this);
    if list.is_nullish() { Ok(0) } else { spread_list(cx, base, list) }
}

/// `Reflect.apply(f, this, list)`.
fn forward_reflect_apply(cx: &Context, base: Frame, argc: usize) -> JsResult<usize> {
    let arg = |i| if i < argc { base.get(HEADER + i) } else { Value::UNDEFINED };
    let (target, this, list) = (arg(0), arg(1), arg(2));
    if !cx.is_callable(target) {
        return Err(cx.throw_type_of(base.callee(), format_args!("{} is not a function", cx.describe(target))));
    }
    check_list(cx, base, list)?;
    base.set(frame::CALLEE, target);
    base.set(frame::THIS, this);
    spread_list(cx, base, list)
}

/// TypeError of the forwarding native, if its argument is no list.
fn check_list(cx: &Context, base: Frame, list: Value) -> JsResult<()> {
    match list.is_object() || list.is_nullish() {
        true => Ok(()),
        false => Err(cx.throw_type_of(base.callee(), format_args!("CreateListFromArrayLike called on non-object"))),
    }
}

/// CreateListFromArrayLike (§7.3.18) into the block's arguments; `list` is kept rooted in the block meanwhile.
fn spread_list(cx: &Context, base: Frame, list: Value) -> JsResult<usize> {
    let Some(object) = list.as_object() else {
        return Err(cx.throw_type(format_args!("CreateListFromArrayLike called on non-object")));
    };
    if let Some(argc) = spread_dense(cx, base, object)? {
        return Ok(argc);
    }
    // The block (callee, this, list) is the innermost frame while getters run; elements are gathered behind the list.
    base.set(HEADER, list);
    base.set(frame::NEW_TARGET, Value::UNDEFINED);
    let caller = cx.interp.frame.get();
    reserve_block(cx, base, 1);
    let result = (|| {
        let length = cx.length_of_array_like(object)?;
        if length > MAX_ARGC as u64 || !cx.stack_has(base, 2 * HEADER + length as usize) {
            return Err(cx.throw_stack_overflow());
        }
        let length = length as usize;
        for i in 0..length {
            let list = base.get(HEADER).as_object().expect("set above");
            let value = list.get(cx, cx.index_key(i as u64))?;
            base.set(HEADER + 1 + i, value);
            base.set(frame::CALL_WORD, call_word(2 + i, 0, flag::NATIVE));
        }
        Ok(length)
    })();
    cx.interp.frame.set(caller);
    let length = result?;
    Ok(shift_args(base, 1, length + 1, 0))
}

/// The length of an arguments object without aliases whose elements can be read without script: nobody has touched its properties
/// but by plain assignments, and what is missing is undefined. `None` for anything else.
fn plain_arguments_length(cx: &Context, object: Gc<Object>) -> Option<usize> {
    if object.kind() != Kind::Arguments || object.elements.get().is_sparse() || !cx.holes_are_undefined() {
        return None;
    }
    let untouched = |which| {
        let shape = cx.realm_shape(which);
        (object.shape_id() == shape.id(cx)).then_some(shape)
    };
    let shape = untouched(RealmShape::SloppyArguments).or_else(|| untouched(RealmShape::UnmappedArguments))?;
    let length = object.slot(shape.location_of_slot(0));
    if length.is_int32() { usize::try_from(length.as_int32()).ok() } else { None }
}

/// Arrays and arguments objects whose elements can be read without script: copies them. `None` if `object` is none.
pub(crate) fn spread_dense(cx: &Context, base: Frame, object: Gc<Object>) -> JsResult<Option<usize>> {
    let length = match cx.as_plain_array(object.into()) {
        Some(array) => array.len() as usize,
        None => match plain_arguments_length(cx, object) {
            Some(length) => length,
            None => return Ok(None),
        },
    };
    if length > MAX_ARGC || !cx.stack_has(base, HEADER + length) {
        return Err(cx.throw_stack_overflow());
    }
    let elements = object.elements.get();
    for i in 0..length {
        let v = elements.get(i);
        base.set(HEADER + i, if v.is_empty() { Value::UNDEFINED } else { v });
    }
    Ok(Some(length))
}

/// Replaces a bound function by its target: `this` and the bound arguments come from it (§10.4.1.1).
fn unwrap_bound(cx: &Context, base: Frame, argc: usize) -> JsResult<usize> {
    // SAFETY: called for bound functions only.
    let bound: Gc<BoundFunction> = unsafe { base.callee().as_cell().cast() };
    let bound_args = bound.args.get().as_kind::<ValueArray>(Kind::ValueArray);
    let count = bound_args.map_or(0, |a| a.len());
    if !cx.stack_has(base, HEADER + argc + count) {
        return Err(cx.throw_stack_overflow());
    }
    let argc = shift_args(base, 0, argc, count);
    for i in 0..count {
        base.set(HEADER + i, bound_args.map_or(Value::UNDEFINED, |a| a.get(i)));
    }
    base.set(frame::THIS, bound.this.get());
    base.set(frame::CALLEE, bound.target.get());
    Ok(argc)
}

/// [[Call]] of a proxy (§10.5.12): the block becomes a call of the target, or of the trap.
fn forward_proxy_call(cx: &Context, base: Frame, argc: usize) -> JsResult<usize> {
    let proxy = base.callee().as_object().expect("a proxy is an object");
    if !proxy.is_callable() {
        return Err(cx.throw_not_callable(proxy.into()));
    }
    let caller = cx.interp.frame.get();
    if !cx.stack_has(base, 2 * HEADER + argc) {
        return Err(cx.throw_stack_overflow());
    }
    base.set(frame::NEW_TARGET, Value::UNDEFINED);
    reserve_block(cx, base, argc);
    let step = (|| {
        let (target, handler) = proxy_parts(cx, proxy, "apply")?;
        match cx.get_method(handler, cx.names().apply)? {
            None => Ok((target, handler, None)),
            Some(trap) => Ok((target, handler, Some((trap, cx.array_from_cells(window(base, argc))?)))),
        }
    })();
    cx.interp.frame.set(caller);
    let (target, handler, trap) = step?;
    let Some((trap, list)) = trap else {
        base.set(frame::CALLEE, target);
        return Ok(argc);
    };
    let this = base.get(frame::THIS);
    base.set(frame::CALLEE, trap);
    base.set(frame::THIS, handler);
    base.set(HEADER, target);
    base.set(HEADER + 1, this);
    base.set(HEADER + 2, list.into());
    Ok(3)
}

/// One step of [[Construct]] of a proxy (§10.5.13): with no trap the block becomes a construction of the target (`None`);
/// else the trap's result.
fn proxy_construct_step(
    cx: &Context,
    base: Frame,
    proxy: Gc<Object>,
    argc: usize,
    new_target: Value,
) -> JsResult<Option<Value>> {
    let (target, handler) = proxy_parts(cx, proxy, "construct")?;
    let Some(trap) = cx.get_method(handler, cx.names().construct)? else {
        base.set(frame::CALLEE, target);
        return Ok(None);
    };
    let list = cx.array_from_cells(window(base, argc))?;
    let result = cx.call(trap, handler, &[target, list.into(), new_target])?;
    if !result.is_object() {
        return Err(cx.throw_type(format_args!("proxy [[Construct]] must return an object")));
    }
    Ok(Some(result))
}

/// Target and handler of a proxy; TypeError if it was revoked.
fn proxy_parts(cx: &Context, proxy: Gc<Object>, trap: &str) -> JsResult<(Value, Value)> {
    let parts = proxy.as_kind::<Proxy>(Kind::Proxy).filter(|p| p.target.get().is_object());
    match parts {
        Some(p) => Ok((p.target.get(), p.handler.get())),
        None => Err(cx.throw_type(format_args!("Cannot perform '{trap}' on a proxy that has been revoked"))),
    }
}

/// The arguments of a block.
fn window<'a>(base: Frame, argc: usize) -> &'a [Cell<Value>] {
    // SAFETY: the block's arguments are initialised values on the VM stack, which does not move; callers use the slice
    // while the block stands.
    unsafe { std::slice::from_raw_parts(base.0.add(HEADER).cast(), argc) }
}

/// How many properties a constructor's code suggests that its instances get.
fn expected_properties(function: Gc<Function>) -> usize {
    let template = function.code().template();
    template.slots.iter().filter(|&&slot| slot == FeedbackKind::SetNamed).count().min(8)
}

/// TypeError for a class constructor that is called without `new`.
#[inline]
pub(crate) fn check_not_class(cx: &Context, function: Gc<Function>) -> JsResult<()> {
    if function.code().has(code_flag::CLASS) { Err(throw_class_call(cx, function)) } else { Ok(()) }
}

#[cold]
fn throw_class_call(cx: &Context, function: Gc<Function>) -> Throw {
    cx.throw_class_called(function)
}

impl Context {
    /// A class constructor was called without `new`.
    #[cold]
    pub(crate) fn throw_class_called(&self, function: Gc<Function>) -> Throw {
        let name = function.code().own_name();
        self.throw_type_of(function.into(), format_args!("Class constructor {name} cannot be invoked without 'new'"))
    }

    /// Fills in the registers of a frame whose header and arguments machine code has written.
    ///
    /// # Errors
    /// RangeError if the stack has no room for it.
    pub(crate) fn fill_called_frame(&self, base: Frame, code: Gc<CodeBlock>) -> JsResult<()> {
        let argc = base.argc();
        if !self.stack_has(base, frame_size(code, argc)) {
            return Err(self.throw_stack_overflow());
        }
        self.check_native_stack()?;
        let params = code.num_params();
        if argc > params && code.keeps_extra_args() {
            keep_extra_args(base, code, argc);
        }
        fill_undefined(base, HEADER + argc.min(params), code.num_registers());
        Ok(())
    }
}
