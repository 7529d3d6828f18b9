//! Coroutines: generators, async functions, async generators.
//!
//! A suspended coroutine keeps its frame's registers in a heap cell; resuming copies them onto the stack above the resumer's
//! frame and goes on. Frames hold no absolute addresses into the stack, so the copy is exact. The op at `resume_pc` is the one that
//! suspended: it says what the resumption's value means.
//!
//! Resuming takes no native stack when script does it (`next` called from bytecode): [`prepare_resume`] pushes the frame as a
//! call does. Jobs and natives resume through the entry adapter.

use crate::async_generator;
use crate::call::{CallSite, Prepared};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::frame::{self, Frame, HEADER, Link, call_word, flag};
use crate::function::native_special;
use crate::interp::iteration::Stepped;
use crate::interp::{Flow, Pc};
use crate::list::ValueList;
use crate::object::Object;
use crate::promise::Promise;
use crate::realm::{Intrinsic, RealmShape};
use crate::value::Value;
use crate::values::ValueArray;
use std::cell::Cell;
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, instr};

/// How a generator is resumed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ResumeMode {
    Next,
    Throw,
    Return,
}

/// [[GeneratorState]] and its relatives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CoroutineState {
    SuspendedStart,
    SuspendedYield,
    /// Waits for a promise (async functions and generators).
    SuspendedAwait,
    Executing,
    /// An async generator that waits for the value of `return` in its start or end state.
    AwaitingReturn,
    Completed,
}

/// Kinds Generator (also the activation of an async function) and AsyncGenerator.
#[repr(C)]
pub struct Generator {
    pub object: Object,
    /// The registers while suspended, a `ValueArray`; kept for the next suspension.
    pub frame: Cell<Value>,
    /// A [`CoroutineState`] as int32.
    pub state_word: Cell<Value>,
    /// Unit offset of the op that suspended, as int32.
    pub resume_pc: Cell<Value>,
    /// Async function: its promise. Async generator: the oldest request.
    pub queue: Cell<Value>,
    /// Async generator: the newest request.
    pub queue_tail: Cell<Value>,
}

impl Gc<Generator> {
    pub fn state(self) -> CoroutineState {
        match self.state_word.get().as_int32() {
            0 => CoroutineState::SuspendedStart,
            1 => CoroutineState::SuspendedYield,
            2 => CoroutineState::SuspendedAwait,
            3 => CoroutineState::Executing,
            4 => CoroutineState::AwaitingReturn,
            _ => CoroutineState::Completed,
        }
    }
    fn is_completed(self) -> bool {
        self.state() == CoroutineState::Completed
    }
    pub fn set_state(self, state: CoroutineState) {
        self.state_word.set(Value::int32(state as i32));
    }
    fn is_async_generator(self) -> bool {
        self.object.header.kind.get() == Kind::AsyncGenerator as u8
    }
}

/// The coroutine in a register.
fn coroutine(frame: Frame, register: u16) -> Gc<Generator> {
    let v = frame.get(register as usize);
    debug_assert!(matches!(v.kind(), Some(Kind::Generator | Kind::AsyncGenerator)));
    // SAFETY: operands called `gen` hold what CreateGenerator or AsyncStart put there.
    unsafe { v.as_cell().cast() }
}

/// The activation of an async function: no script ever sees it, so it has no shape.
fn bare_coroutine(cx: &Context) -> Gc<Generator> {
    let gen_: Gc<Generator> = cx.alloc_raw(Kind::Generator, size_of::<Generator>());
    // SAFETY: the cell is fresh and of this size; null slots are none.
    unsafe {
        (&raw mut (*gen_.as_ptr()).object.slots).write(Cell::new(None));
        (&raw mut (*gen_.as_ptr()).object.elements).write(Cell::new(cx.empty_elements()));
    }
    gen_
}

fn new_coroutine(cx: &Context, kind: Kind, proto: Option<Gc<Object>>) -> Gc<Generator> {
    let gen_: Gc<Generator> = match proto {
        // SAFETY: objects of the kind are Generators.
        Some(proto) => unsafe { cx.new_object_of_kind(kind, proto).cast() },
        None => bare_coroutine(cx),
    };
    gen_.frame.set(Value::UNDEFINED);
    gen_.set_state(CoroutineState::Executing);
    gen_.resume_pc.set(Value::ZERO);
    gen_.queue.set(Value::UNDEFINED);
    gen_.queue_tail.set(Value::UNDEFINED);
    gen_
}

// ---- Suspension

/// Copies `count` registers one at a time: they were written so a moment ago, and a processor cannot forward what waits in its store
/// buffer to the wide loads of a `memcpy`.
///
/// # Safety
/// Both places have so many registers, and do not overlap.
#[inline(always)]
unsafe fn copy_registers(from: *const Value, to: *mut Value, count: usize) {
    for n in 0..count {
        // SAFETY: the caller's promise. Volatile, so that it stays a loop.
        unsafe { to.add(n).write_volatile(from.add(n).read_volatile()) };
    }
}

/// Copies the registers of `frame` into the coroutine, to go on at the op at `pc`.
fn suspend(cx: &Context, frame: Frame, pc: Pc, gen_: Gc<Generator>, state: CoroutineState) -> JsResult<()> {
    let size = frame.size();
    let array: Gc<ValueArray> = match gen_.frame.get().as_kind(Kind::ValueArray) {
        Some(array) => array,
        None => {
            let array = cx.new_value_array(size)?;
            gen_.frame.set(array.into());
            cx.write_barrier(gen_.header_ptr(), array.into());
            array
        }
    };
    // SAFETY: a frame's size never changes; the array was made for it.
    unsafe { copy_registers(frame.0, array.data(), size) };
    cx.write_barrier_whole(array.header_ptr());
    gen_.resume_pc.set(Value::int32(frame.code().offset_of(pc.0) as i32));
    gen_.set_state(state);
    Ok(())
}

/// Forgets the frame of a coroutine that is done.
fn complete(gen_: Gc<Generator>) {
    gen_.set_state(CoroutineState::Completed);
    gen_.frame.set(Value::UNDEFINED);
}

// ---- Resumption

/// Pushes the frame of a suspended coroutine at `base` and gives it the resumption's value.
pub(crate) fn resume_at(
    cx: &Context,
    base: Frame,
    gen_: Gc<Generator>,
    mode: ResumeMode,
    value: Value,
    site: CallSite,
) -> JsResult<Prepared> {
    let array: Gc<ValueArray> = gen_.frame.get().as_kind(Kind::ValueArray).expect("a suspended coroutine has a frame");
    let size = array.len();
    if !cx.stack_has(base, size) || site.delta > frame::MAX_DELTA {
        return Err(cx.throw_stack_overflow());
    }
    // SAFETY: the stack was checked for `size` registers, the array has that many.
    unsafe { copy_registers(array.data(), base.0, size) };
    let argc = base.argc();
    base.set(frame::LINK, Value::from_bits(Link::new(site.return_pc, site.delta).0));
    base.set(frame::CALL_WORD, call_word(argc, site.dst, site.flags | flag::RESUMED));
    gen_.set_state(CoroutineState::Executing);
    let code = base.code();
    let pc = Pc(code.code().wrapping_add(gen_.resume_pc.get().as_int32() as usize));
    cx.interp.frame.set(base);
    let units = |n: usize| cx.interp.pc.set(pc.0.wrapping_add(n));
    // SAFETY: `pc` is an instruction of verified code.
    let op = unsafe { std::mem::transmute::<u8, Op>(*pc.0 as u8) };
    if mode == ResumeMode::Next
        && let Some(machine) = code.machine_code()
    {
        let registers = match op {
            Op::CreateGenerator => Some((None, None)),
            Op::Yield => Some((Some(pc.decode::<instr::Yield>().dst.0), None)),
            Op::YieldDelegate => {
                let i: instr::YieldDelegate = pc.decode();
                Some((Some(i.dst.0), Some(i.mode.0)))
            }
            _ => None,
        };
        if let Some((dst, mode)) = registers {
            let at = gen_.resume_pc.get().as_int32() as u32;
            machine.note_resumed(at, at as usize + op.units(), dst, mode);
        }
    }
    match (op, mode) {
        (Op::YieldDelegate, _) => {
            let i: instr::YieldDelegate = pc.decode();
            base.set(i.dst.0 as usize, value);
            let mode = match mode {
                ResumeMode::Next => 0,
                ResumeMode::Throw => 1,
                ResumeMode::Return => 2,
            };
            base.set(i.mode.0 as usize, Value::int32(mode));
            units(instr::YieldDelegate::LEN);
        }
        (_, ResumeMode::Throw) => {
            units(0);
            let _ = cx.throw(value);
            return Ok(Prepared::ResumedThrowing);
        }
        (Op::Yield, ResumeMode::Return) => {
            let i: instr::Yield = pc.decode();
            base.set(i.dst.0 as usize, value);
            cx.interp.pc.set(pc.0.wrapping_offset(i.on_return.0 as isize));
        }
        (Op::Yield, _) => {
            base.set(pc.decode::<instr::Yield>().dst.0 as usize, value);
            units(instr::Yield::LEN);
        }
        (Op::Await, _) => {
            base.set(pc.decode::<instr::Await>().dst.0 as usize, value);
            units(instr::Await::LEN);
        }
        _ => units(op.units()),
    }
    Ok(Prepared::Resumed)
}

/// A step of an iteration over a generator whose `next` is the library's: the generator goes on above `frame`, whose instruction at `pc` is the
/// `IterNext` that is given, and leaves its value without a result object ([`flag::STEP`]). What is no suspended generator is the protocol's.
pub(crate) fn step(cx: &Context, frame: Frame, pc: Pc, i: &instr::IterNext) -> JsResult<Stepped> {
    let Some(gen_) = frame.get(i.iter.0 as usize).as_kind::<Generator>(Kind::Generator) else {
        return Ok(Stepped::Protocol);
    };
    match gen_.state() {
        CoroutineState::SuspendedStart | CoroutineState::SuspendedYield => {}
        CoroutineState::Completed => return Ok(Stepped::End),
        _ => return Ok(Stepped::Protocol),
    }
    let base = frame.top();
    // SAFETY: both lie in the VM stack.
    let delta = unsafe { base.0.offset_from(frame.0) } as usize;
    let return_pc = frame.code().offset_of(pc.0) + instr::IterNext::LEN;
    let site = CallSite { delta, return_pc, dst: i.dst.0, flags: flag::STEP };
    resume_at(cx, base, gen_, ResumeMode::Next, Value::UNDEFINED, site)?;
    Ok(Stepped::Resumed)
}

/// The generator of a step has left `result`. `true`: `dst` is the value; `false`: the iteration is at its end.
pub(crate) fn stepped(cx: &Context, frame: Frame, i: &instr::IterNext, result: Value) -> JsResult<bool> {
    if result.is_empty() {
        return delegated(cx, frame, i.dst.0);
    }
    let done = frame.get(i.iter.0 as usize).as_kind::<Generator>(Kind::Generator).is_none_or(Gc::is_completed);
    if !done {
        frame.set(i.dst.0 as usize, result);
    }
    Ok(!done)
}

/// Takes the result object apart that a generator passed on from the iterator of its `yield*`.
#[inline(never)]
fn delegated(cx: &Context, frame: Frame, dst: u16) -> JsResult<bool> {
    let Some(object) = cx.interp.delegated.replace(Value::UNDEFINED).as_object() else { return Ok(false) };
    // A result object as the engine makes them has `value` and `done` in its first slots, as plain properties.
    let shape = cx.realm_shape(RealmShape::IteratorResult);
    if object.shape_id() == shape.id(cx) {
        let done = object.slot(shape.location_of_slot(1)).to_boolean();
        if !done {
            frame.set(dst as usize, object.slot(shape.location_of_slot(0)));
        }
        return Ok(!done);
    }
    let root = ValueList::with_capacity(cx, 1);
    root.push(object);
    if object.get(cx, cx.names().done)?.to_boolean() {
        return Ok(false);
    }
    let value = cx.get_value(root.get(0), cx.names().value)?;
    frame.set(dst as usize, value);
    Ok(true)
}

/// A step from Rust of an iteration over a generator whose `next` is the library's. `None`: it is not suspended, so that `next` must be called.
///
/// # Errors
/// What the generator throws.
pub fn step_from_rust(cx: &Context, iterator: Value) -> JsResult<Option<Option<Value>>> {
    let Some(gen_) = iterator.as_kind::<Generator>(Kind::Generator) else { return Ok(None) };
    match gen_.state() {
        CoroutineState::SuspendedStart | CoroutineState::SuspendedYield => {}
        CoroutineState::Completed => return Ok(Some(None)),
        _ => return Ok(None),
    }
    let root = ValueList::with_capacity(cx, 1);
    root.push(gen_.object());
    cx.check_native_stack()?;
    let base = cx.interp.frame.get().top();
    let pc = cx.interp.pc.get();
    let site = cx.entry_site(base, flag::STEP);
    let result = cx.run_prepared(pc, resume_at(cx, base, gen_, ResumeMode::Next, Value::UNDEFINED, site))?;
    if result.is_empty() {
        let Some(object) = cx.interp.delegated.replace(Value::UNDEFINED).as_object() else { return Ok(Some(None)) };
        root.push(object);
        if object.get(cx, cx.names().done)?.to_boolean() {
            return Ok(Some(None));
        }
        return Ok(Some(Some(cx.get_value(root.get(1), cx.names().value)?)));
    }
    let done = root.get(0).as_kind::<Generator>(Kind::Generator).is_none_or(Gc::is_completed);
    Ok(Some(if done { None } else { Some(result) }))
}

/// [[Call]] of %GeneratorPrototype%.next, return or throw (§27.5.3.3, §27.5.3.4), whose block is at `base`.
#[inline(never)]
pub(crate) fn prepare_resume(
    cx: &Context,
    base: Frame,
    argc: usize,
    special: u32,
    site: CallSite,
) -> JsResult<Prepared> {
    let this = base.get(frame::THIS);
    let value = if argc > 0 { base.get(HEADER) } else { Value::UNDEFINED };
    let (mode, name) = match special {
        native_special::GENERATOR_NEXT => (ResumeMode::Next, "next"),
        native_special::GENERATOR_RETURN => (ResumeMode::Return, "return"),
        _ => (ResumeMode::Throw, "throw"),
    };
    let Some(gen_) = this.as_kind::<Generator>(Kind::Generator) else {
        return Err(cx.throw_type(format_args!("{name} method called on incompatible receiver {}", cx.describe(this))));
    };
    match gen_.state() {
        CoroutineState::SuspendedStart if mode != ResumeMode::Next => complete(gen_),
        CoroutineState::SuspendedStart | CoroutineState::SuspendedYield => {
            return resume_at(cx, base, gen_, mode, value, site);
        }
        CoroutineState::Completed => {}
        _ => return Err(cx.throw_type(format_args!("Generator is already running"))),
    }
    match mode {
        ResumeMode::Next => Ok(Prepared::Done(cx.iter_result(Value::UNDEFINED, true))),
        ResumeMode::Return => Ok(Prepared::Done(cx.iter_result(value, true))),
        ResumeMode::Throw => Err(cx.throw(value)),
    }
}

/// Resumes a coroutine from Rust, above the innermost frame. Gives what it returns to its resumer.
pub(crate) fn resume(cx: &Context, gen_: Gc<Generator>, mode: ResumeMode, value: Value) -> JsResult<Value> {
    cx.check_native_stack()?;
    let base = cx.interp.frame.get().top();
    let pc = cx.interp.pc.get();
    let site = cx.entry_site(base, 0);
    cx.run_prepared(pc, resume_at(cx, base, gen_, mode, value, site))
}

/// A promise that a coroutine awaited has settled.
pub(crate) fn resume_from_job(cx: &Context, gen_: Value, mode: ResumeMode, value: Value) -> JsResult<()> {
    // SAFETY: await reactions hold coroutines.
    let gen_: Gc<Generator> = unsafe { gen_.as_cell().cast() };
    if gen_.state() != CoroutineState::SuspendedAwait {
        return Ok(());
    }
    match resume(cx, gen_, mode, value) {
        Ok(_) => Ok(()),
        // Async code turns its exceptions into rejections; what arrives here is a termination or an overflow of the stack.
        Err(throw) if cx.is_terminating() => Err(throw),
        Err(throw) => {
            let reason = cx.catch(throw)?;
            fail(cx, gen_, reason);
            Ok(())
        }
    }
}

/// A coroutine could not be resumed: it ends with this error.
fn fail(cx: &Context, gen_: Gc<Generator>, reason: Value) {
    if gen_.state() == CoroutineState::Completed {
        return;
    }
    complete(gen_);
    if gen_.is_async_generator() {
        async_generator::fail(cx, gen_, reason);
    } else if let Some(promise) = gen_.queue.get().as_kind::<Promise>(Kind::Promise) {
        cx.reject_promise(promise, reason);
    }
}

impl Context {
    /// %GeneratorPrototype%.next/return/throw: `this` is checked here. Gives the iterator result object. (Calls from script do not
    /// come here: the interpreter pushes the frame.)
    pub fn generator_resume(&self, this: Value, mode: ResumeMode, value: Value) -> JsResult<Value> {
        let base = self.interp.frame.get().top();
        if !self.stack_has(base, HEADER + 1) {
            return Err(self.throw_stack_overflow());
        }
        self.check_native_stack()?;
        base.set(frame::CALLEE, Value::UNDEFINED);
        base.set(frame::THIS, this);
        base.set(HEADER, value);
        let special = match mode {
            ResumeMode::Next => native_special::GENERATOR_NEXT,
            ResumeMode::Return => native_special::GENERATOR_RETURN,
            ResumeMode::Throw => native_special::GENERATOR_THROW,
        };
        let pc = self.interp.pc.get();
        let site = self.entry_site(base, 0);
        self.run_prepared(pc, prepare_resume(self, base, 1, special, site))
    }
}

// ---- Ops

/// Leaves the frame with `value` for its caller or resumer.
fn leave(cx: &Context, value: Value) -> JsResult<Flow> {
    cx.interp.result.set(value);
    Ok(Flow::Return)
}

#[inline(never)]
pub(crate) fn op_create_generator(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::CreateGenerator = pc.decode();
    let code = frame.code();
    let is_async = code.has(crate::code::code_flag::ASYNC);
    let (kind, intrinsic) = if is_async {
        (Kind::AsyncGenerator, Intrinsic::AsyncGeneratorPrototype)
    } else {
        (Kind::Generator, Intrinsic::GeneratorPrototype)
    };
    let callee: Gc<Object> = frame.callee().as_object().expect("r0 is a function");
    let proto = cx.prototype_from_new_target(callee.into(), intrinsic)?;
    let gen_ = new_coroutine(cx, kind, Some(proto));
    frame.set(i.coroutine.0 as usize, gen_.into());
    suspend(cx, frame, pc, gen_, CoroutineState::SuspendedStart)?;
    leave(cx, gen_.into())
}

#[inline(never)]
pub(crate) fn op_async_start(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::AsyncStart = pc.decode();
    let gen_ = new_coroutine(cx, Kind::Generator, None);
    gen_.queue.set(cx.new_promise().into());
    frame.set(i.coroutine.0 as usize, gen_.into());
    Ok(())
}

#[inline(never)]
pub(crate) fn op_yield(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::Yield = pc.decode();
    let gen_ = coroutine(frame, i.coroutine.0);
    let value = frame.get(i.src.0 as usize);
    if gen_.is_async_generator() {
        return async_yield(cx, frame, pc, gen_, value);
    }
    suspend(cx, frame, pc, gen_, CoroutineState::SuspendedYield)?;
    leave(cx, if frame.has_flag(flag::STEP) { value } else { cx.iter_result(value, false) })
}

#[inline(never)]
pub(crate) fn op_yield_delegate(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::YieldDelegate = pc.decode();
    let gen_ = coroutine(frame, i.coroutine.0);
    let value = frame.get(i.src.0 as usize);
    if gen_.is_async_generator() {
        return async_yield(cx, frame, pc, gen_, value);
    }
    suspend(cx, frame, pc, gen_, CoroutineState::SuspendedYield)?;
    if frame.has_flag(flag::STEP) {
        cx.interp.delegated.set(value);
        return leave(cx, Value::EMPTY);
    }
    leave(cx, value)
}

/// AsyncGeneratorYield (§27.6.3.8): the current request gets the value; with another one waiting the body goes on at once.
fn async_yield(cx: &Context, frame: Frame, pc: Pc, gen_: Gc<Generator>, value: Value) -> JsResult<Flow> {
    suspend(cx, frame, pc, gen_, CoroutineState::SuspendedYield)?;
    async_generator::yield_value(cx, gen_, value)?;
    let Some((mode, value)) = async_generator::next_request(gen_) else { return leave(cx, Value::UNDEFINED) };
    // The same frame, in the same place, with the same caller.
    let site = CallSite {
        delta: frame.link().delta(),
        return_pc: frame.link().return_pc(),
        dst: frame.result_register() as u16,
        flags: frame.word() & flag::OF_PLACE,
    };
    match resume_at(cx, frame, gen_, mode, value, site)? {
        Prepared::ResumedThrowing => Err(Throw),
        _ => Ok(Flow::Reload),
    }
}

#[inline(never)]
pub(crate) fn op_await(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::Await = pc.decode();
    let promise = cx.await_promise(frame.get(i.src.0 as usize))?;
    let gen_ = coroutine(frame, i.coroutine.0);
    cx.promise_await(promise, gen_.into());
    suspend(cx, frame, pc, gen_, CoroutineState::SuspendedAwait)?;
    // Before its first suspension an async function returns its promise to its caller.
    let result = if frame.has_flag(flag::RESUMED) { Value::UNDEFINED } else { gen_.queue.get() };
    leave(cx, result)
}

#[inline(never)]
pub(crate) fn op_generator_return(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GeneratorReturn = pc.decode();
    complete(coroutine(frame, i.coroutine.0));
    let value = frame.get(i.src.0 as usize);
    leave(cx, if frame.has_flag(flag::STEP) { value } else { cx.iter_result(value, true) })
}

#[inline(never)]
pub(crate) fn op_generator_throw(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GeneratorThrow = pc.decode();
    complete(coroutine(frame, i.coroutine.0));
    Err(cx.throw(frame.get(i.src.0 as usize)))
}

#[inline(never)]
pub(crate) fn op_async_return(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::AsyncReturn = pc.decode();
    let gen_ = coroutine(frame, i.coroutine.0);
    let value = frame.get(i.src.0 as usize);
    settle(cx, frame, gen_, Ok(value))
}

#[inline(never)]
pub(crate) fn op_async_throw(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::AsyncThrow = pc.decode();
    let gen_ = coroutine(frame, i.coroutine.0);
    let reason = frame.get(i.src.0 as usize);
    settle(cx, frame, gen_, Err(reason))
}

fn settle(cx: &Context, frame: Frame, gen_: Gc<Generator>, outcome: Result<Value, Value>) -> JsResult<Flow> {
    complete(gen_);
    if gen_.is_async_generator() {
        async_generator::finish(cx, gen_, outcome)?;
        return leave(cx, Value::UNDEFINED);
    }
    let promise: Gc<Promise> = gen_.queue.get().as_kind(Kind::Promise).expect("an async function has a promise");
    match outcome {
        Ok(value) => cx.resolve_promise(promise, value)?,
        Err(reason) => cx.reject_promise(promise, reason),
    }
    leave(cx, if frame.has_flag(flag::RESUMED) { Value::UNDEFINED } else { promise.into() })
}
