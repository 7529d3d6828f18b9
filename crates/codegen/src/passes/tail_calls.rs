//! Tail calls.
//!
//! A call whose results are what the function returns, and nothing else happens in between, becomes a `tail_call`: the frame
//! is given up before the callee runs. The return may stand in a block of its own that the call's block jumps to. A tail
//! call of the function itself becomes a jump to its beginning.
//!
//! Not made tail calls: calls under another convention or with other results; calls with a frame state (they may have to
//! resume here); calls in functions with a stack slot whose address escapes, since the callee might use it.
//!
//! *Accumulation*: where a function returns `x ∘ itself(…)` and ∘ is associative and commutative (wrapping addition and
//! multiplication, and, or, exclusive or of integers), the `x` go into an accumulator that starts as the neutral element and that
//! every return is combined with; the calls then are in tail position. So the second call of a Fibonacci function goes.
//! Not done where something may leave in the middle with frame states, which do not tell of what is pending, nor where
//! it would cost another function's tail call its place.
//!
//! A loop made of recursion has the entry's stack check behind it, so `poll_in_loops` gives it a poll where the engine wants
//! one.

use super::alias::escaping_slots;
use super::loop_edit::order_blocks;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::{Block, CallConv, CallTarget, Effects, FuncId, Function, Inst, InstSpec, Op, Type, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    if func.signature.conv != CallConv::Tercel || escaping_slots(func).contains(&true) {
        return Change::None;
    }
    let mut made = 0;
    for index in 0..func.blocks().len() {
        let block = func.blocks()[index];
        made += convert(func, block) as u64;
    }
    let loops = make_loop(func, cx);
    if made + loops > 0 {
        order_blocks(func);
    }
    cx.count("tail calls", made);
    cx.count("self calls made jumps", loops);
    Change::graph(made + loops > 0)
}

fn convert(func: &mut Function, block: Block) -> bool {
    let Some(end) = func.last_inst(block) else {
        return false;
    };
    let Some(mut call) = func.prev_inst(end) else {
        return false;
    };
    let drops_work = active(Bug::TailCallDropsWork);
    while drops_work && func.inst(call).op != Op::Call {
        let Some(before) = func.prev_inst(call) else {
            return false;
        };
        call = before;
    }
    let data = *func.inst(call);
    if !matches!(data.op, Op::Call | Op::CallIndirect) || data.frame().is_some() {
        return false;
    }
    let Some(returned) = returned_values(func, end) else {
        return false;
    };
    let same = returned.len() == data.result_count()
        && func.results(call).zip(&returned).all(|(result, &value)| result == value);
    let fits = func.call_signature(call).is_some_and(|signature| {
        signature.conv == CallConv::Tercel && !signature.variadic && signature.returns == func.signature.returns
    });
    if !fits || !same && !drops_work {
        return false;
    }
    let op = if data.op == Op::Call { Op::TailCall } else { Op::TailCallIndirect };
    let args = func.args(call).to_vec();
    let tail = func.make(InstSpec::new(op, Type::VOID, &args).imm(data.imm));
    func.set_pos(tail, func.pos(call));
    if active(Bug::TailCallKeepsReturn) {
        func.insert_before(tail, call);
        return true;
    }
    while let Some(last) = func.last_inst(block).filter(|&last| last != call) {
        func.remove(last);
    }
    func.remove(call);
    func.append(block, tail);
    true
}

/// What is returned at the end of a block: directly, or by a block of its own.
fn returned_values(func: &Function, end: Inst) -> Option<Vec<Value>> {
    match func.inst(end).op {
        Op::Return => Some(func.args(end).to_vec()),
        Op::Jump => {
            let edge = func.edges(end)[0];
            let ret = func.first_inst(edge.block).filter(|&inst| func.inst(inst).op == Op::Return)?;
            let (params, args) = (func.params(edge.block), func.edge_args(edge));
            let value = |value: &Value| params.iter().position(|param| param == value).map_or(*value, |at| args[at]);
            Some(func.args(ret).iter().map(value).collect())
        }
        _ => None,
    }
}

/// A call of the function itself at the end of a block, and what is still to be combined with its result.
struct SelfCall {
    block: Block,
    call: Inst,
    pending: Vec<Value>,
}

fn is_self(func: &Function, inst: Inst, op: Op, own: FuncId) -> bool {
    let data = func.inst(inst);
    data.op == op && func.funcs[data.func_ref()].target == CallTarget::Function(own)
}

/// Turns tail calls of the function itself into jumps.
fn make_loop(func: &mut Function, cx: &mut Context) -> u64 {
    let Some(own) = cx.options.self_id else {
        return 0;
    };
    let tail_call = |&block: &Block| {
        let call = func.last_inst(block).filter(|&inst| is_self(func, inst, Op::TailCall, own))?;
        Some(SelfCall { block, call, pending: Vec::new() })
    };
    let mut calls: Vec<SelfCall> = func.blocks().iter().filter_map(tail_call).collect();
    let accumulation = cx.options.accumulate.then(|| accumulation(func, own)).flatten();
    let op = accumulation.as_ref().map(|&(op, _)| op);
    if let Some((_, pending)) = accumulation {
        cx.count("calls accumulated", pending.len() as u64);
        calls.extend(pending);
    }
    if calls.is_empty() {
        return 0;
    }
    let start = func.entry();
    let entry = func.add_block();
    let types = func.signature.params.clone();
    let params: Vec<Value> = types.into_iter().map(|ty| func.add_param(entry, ty)).collect();
    let mut first = params.clone();
    let accumulator = op.map(|op| {
        let ty = func.signature.returns[0];
        let neutral = func.make(InstSpec::new(Op::Iconst, ty, &[]).imm(neutral(op)));
        func.append(entry, neutral);
        first.push(func.result(neutral));
        (op, ty, func.add_param(start, ty))
    });
    let jump = func.make_terminator(Op::Jump, &[], &[(start, &first)]);
    func.append(entry, jump);
    let mut layout = func.blocks().to_vec();
    layout.rotate_right(1);
    func.set_layout(layout);
    if cx.options.poll_in_loops {
        let poll = func.make(InstSpec::new(Op::Poll, Type::VOID, &[]));
        func.prepend(start, poll);
    }
    let count = calls.len() as u64;
    for SelfCall { block, call, pending } in calls {
        let mut args = func.args(call).to_vec();
        let same = |func: &Function| func.value_type(args[0]) == func.value_type(args[1]);
        if active(Bug::TailCallReordersArgs) && args.len() > 1 && same(func) {
            args.swap(0, 1);
        } else if active(Bug::TailCallReordersArgs) && args.len() > 1 {
            args[0] = params[0];
        }
        if let Some((op, ty, mut sum)) = accumulator {
            let pending = if active(Bug::TailCallForgetsPending) { Vec::new() } else { pending };
            for value in pending {
                let combine = func.make(InstSpec::new(op, ty, &[sum, value]));
                func.insert_before(combine, call);
                sum = func.result(combine);
            }
            args.push(sum);
        }
        while let Some(last) = func.last_inst(block).filter(|&last| last != call) {
            func.remove(last);
        }
        func.remove(call);
        let jump = func.make_terminator(Op::Jump, &[], &[(start, &args)]);
        func.append(block, jump);
    }
    if let Some((op, ty, sum)) = accumulator {
        for index in 0..func.blocks().len() {
            let block = func.blocks()[index];
            if let Some(end) = func.last_inst(block).filter(|&end| func.inst(end).op == Op::Return) {
                let value = func.args(end)[0];
                let combine = func.make(InstSpec::new(op, ty, &[sum, value]));
                func.insert_before(combine, end);
                func.args_mut(end)[0] = func.result(combine);
            }
        }
    }
    count
}

/// The operation to accumulate with, and the calls that become jumps by it.
fn accumulation(func: &Function, own: FuncId) -> Option<(Op, Vec<SelfCall>)> {
    let &[ty] = &func.signature.returns[..] else {
        return None;
    };
    if !ty.is_int() {
        return None;
    }
    let (mut chosen, mut calls) = (None, Vec::new());
    for &block in func.blocks() {
        for inst in func.insts(block) {
            let data = func.inst(inst);
            let is_tail = matches!(data.op, Op::TailCall | Op::TailCallIndirect);
            if func.effects(inst).has(Effects::EXITS)
                || data.frame().is_some()
                || is_tail && !is_self(func, inst, Op::TailCall, own)
            {
                return None;
            }
        }
        let last_call = std::iter::successors(func.last_inst(block), |&inst| func.prev_inst(inst))
            .find(|&inst| func.effects(inst).has(Effects::CALLS));
        let Some(call) = last_call.filter(|&inst| is_self(func, inst, Op::Call, own)) else {
            continue;
        };
        if let Some((op, pending)) = pending(func, call, chosen) {
            chosen = Some(op);
            calls.push(SelfCall { block, call, pending });
        }
    }
    chosen.map(|op| (op, calls))
}

/// Effects of what must stay where it is.
const IMPURE: Effects = Effects::READS
    .with(Effects::WRITES)
    .with(Effects::TRAPS)
    .with(Effects::CALLS)
    .with(Effects::EXITS)
    .with(Effects::SAFEPOINT)
    .with(Effects::TERMINATES);

/// Jumps that are followed from a call to the return.
const JUMPS: usize = 8;

/// If what is returned after a call is its result combined with other values: with what, and by which operation.
fn pending(func: &Function, call: Inst, wanted: Option<Op>) -> Option<(Op, Vec<Value>)> {
    let mut now = func.results(call).next()?;
    let (mut op, mut values, mut later) = (wanted, Vec::new(), Vec::new());
    let (mut next, mut jumps) = (func.next_inst(call), 0);
    while let Some(inst) = next {
        let data = func.inst(inst);
        let args = func.args(inst);
        match data.op {
            Op::Return => return op.filter(|_| !values.is_empty() && args == [now]).map(|op| (op, values)),
            Op::Jump if jumps < JUMPS => {
                jumps += 1;
                let edge = func.edges(inst)[0];
                let (params, args) = (func.params(edge.block), func.edge_args(edge));
                let mut at = args.iter().zip(params).filter(|&(&arg, _)| arg == now).map(|(_, &param)| param);
                let carried = at.next();
                if at.next().is_some() {
                    return None;
                }
                // Other parameters are not looked through.
                later.extend(params.iter().copied().filter(|&param| Some(param) != carried));
                now = carried.unwrap_or(now);
                next = func.first_inst(edge.block);
                continue;
            }
            Op::Iadd | Op::Imul | Op::Band | Op::Bor | Op::Bxor if args.contains(&now) => {
                let other = if args[0] == now { args[1] } else { args[0] };
                if op.is_some_and(|op| op != data.op) || other == now || later.contains(&other) {
                    return None;
                }
                op = Some(data.op);
                values.push(other);
                now = func.result(inst);
            }
            _ if !data.op.effects().any(IMPURE) && !args.contains(&now) => later.extend(func.results(inst)),
            _ => return None,
        }
        next = func.next_inst(inst);
    }
    None
}

/// What changes nothing.
fn neutral(op: Op) -> i64 {
    match op {
        Op::Imul => 1,
        Op::Band => -1,
        _ => 0,
    }
}
