//! Inline handlers of calls of JavaScript functions, returns, and steps of iterations over arrays.

use super::compare::poll;
use super::machine::{Machine, Step};
use crate::call::{CallSite, fill_frame, frame_size};
use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::frame::{self, Frame, flag};
use crate::function::Function;
use crate::interp::entry::SegmentExit;
use crate::interp::{Pc, calls, iteration};
use crate::tier;
use crate::value::Value;
use tercel_bytecode::op::{Instr, instr};

/// Enters the frame at `fp`, which is filled in for a function of the code `target`.
#[inline(always)]
fn enter_frame(m: &mut Machine, fp: *mut Value, target: Gc<CodeBlock>) -> Step {
    // SAFETY: the caller has filled the frame in, and code begins with an instruction.
    unsafe { m.switch(fp, target, 0) };
    target.heat.set(target.heat.get() - 1);
    if target.heat.get() <= 0
        && let Some(machine) = tier::hot_code(m.cx, target, false)
    {
        m.sync();
        m.state().tiers.target.set(machine.filled);
        return Step::Leave(SegmentExit::EnterCode);
    }
    target.calls.set(target.calls.get().wrapping_add(1));
    match poll(m) {
        Ok(()) => Step::Go,
        Err(step) => step,
    }
}

/// The operands of a call.
struct Operands {
    block: u16,
    argc: usize,
    dst: u16,
    slot: u32,
}

/// A call whose callee is an ordinary function, or else the handler out of line. `plain`: the receiver is undefined.
#[inline(always)]
fn call_with<I: Instr>(m: &mut Machine, i: Operands, plain: bool) -> Step {
    if plain {
        m.set(i.block + frame::THIS as u16, Value::UNDEFINED);
    }
    let callee = m.get(i.block);
    let return_pc = m.code.offset_of(m.pc) + I::LEN;
    if callee.is_cell() && callee.as_cell().kind() == Kind::Function {
        // SAFETY: the kind was checked.
        let function: Gc<Function> = unsafe { callee.as_cell().cast() };
        let target = function.code();
        let site = m.site(i.slot);
        if site.cell.get().bits() != target.addr() as u64 {
            calls::record_target(m.cx, m.code, site, target);
        }
        // SAFETY: the block lies in the frame.
        let base = unsafe { m.fp.add(i.block as usize) };
        if target.flags() & (code_flag::READY | code_flag::CLASS) == code_flag::READY
            && m.cx.stack_has(Frame(base), frame_size(target, i.argc))
        {
            let site = CallSite { delta: i.block as usize, return_pc, dst: i.dst, flags: 0 };
            // The stack has room for the callee's frame, which begins with its call block.
            fill_frame(Frame(base), function, target, i.argc, Value::UNDEFINED, site);
            return enter_frame(m, base, target);
        }
    }
    m.sync();
    let flow = calls::call_slow(m.cx, m.frame(), i.block, i.argc, i.dst, return_pc, i.slot);
    m.flow::<I>(flow)
}

#[inline(always)]
pub(super) fn call(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Call>();
    let operands = Operands { block: i.block.0, argc: i.argc.0 as usize, dst: i.dst.0, slot: i.slot.0 };
    call_with::<instr::Call>(m, operands, true)
}

#[inline(always)]
pub(super) fn call_method(m: &mut Machine) -> Step {
    let i = m.decode::<instr::CallMethod>();
    let operands = Operands { block: i.block.0, argc: i.argc.0 as usize, dst: i.dst.0, slot: i.slot.0 };
    call_with::<instr::CallMethod>(m, operands, false)
}

/// Returns `value` from the frame.
#[inline(always)]
fn return_value(m: &mut Machine, mut value: Value) -> Step {
    let frame = m.frame();
    let word = frame.word();
    if word & flag::SPECIAL_RETURN != 0 {
        if word & flag::CONSTRUCT != 0 && !value.is_object() {
            value = frame.get(frame::THIS);
        }
        if word & flag::LEAVES != 0 {
            m.state().result.set(value);
            m.state().frame.set(frame.caller());
            return Step::Leave(SegmentExit::Return);
        }
    }
    let link = frame.link();
    // SAFETY: a frame that does not leave the segment has its caller `delta` below it, which waits at `return_pc` for a
    // result in a register of its own.
    unsafe {
        let caller = m.fp.sub(link.delta());
        *caller.add((word >> 24 & 0xffff) as usize) = value;
        m.switch(caller, Frame(caller).code(), link.return_pc());
    }
    Step::Go
}

#[inline(always)]
pub(super) fn ret(m: &mut Machine) -> Step {
    return_value(m, m.get(m.decode::<instr::Return>().src.0))
}

#[inline(always)]
pub(super) fn return_undefined(m: &mut Machine) -> Step {
    return_value(m, Value::UNDEFINED)
}

#[inline(always)]
pub(super) fn iter_next(m: &mut Machine) -> Step {
    let i = m.decode::<instr::IterNext>();
    let next = m.get(i.iter.0 + 1);
    if !next.is_empty() {
        if next.kind() != Some(Kind::NativeFunction) {
            return m.next::<instr::IterNext>();
        }
        return m.flowing::<instr::IterNext>(iteration::step_op);
    }
    let v = iteration::next_fast(m.frame(), i.iter.0 as usize);
    if v.is_empty() {
        m.sync();
        return match iteration::next_slow(m.cx, m.frame(), Pc(m.pc)) {
            Ok(true) => m.jump(i.body.0),
            Ok(false) => m.jump(i.done.0),
            Err(_) => Step::Throw,
        };
    }
    m.set(i.dst.0, v);
    m.jump(i.body.0)
}

#[inline(always)]
pub(super) fn debugger(m: &mut Machine) -> Step {
    m.next::<instr::Debugger>()
}
