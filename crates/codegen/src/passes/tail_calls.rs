//! Tail calls.
//!
//! A call whose results are what the function returns, and nothing else happens in between, becomes a `tail_call`: the frame
//! is given up before the callee runs. The return may stand in a block of its own that the call's block jumps to. A tail
//! call of the function itself becomes a jump to its beginning.
//!
//! Not made tail calls: calls under another convention or with other results; calls with a frame state (they may have to
//! resume here); calls in functions with a stack slot whose address escapes, since the callee might use it.
//!
//! A loop made of recursion has the entry's stack check behind it, so `poll_in_loops` gives it a poll where the engine wants
//! one.

use super::alias::escaping_slots;
use super::loop_edit::order_blocks;
use super::seeded::{Bug, active};
use super::{Change, Context};
use tercel_ir::{Block, CallConv, CallTarget, Function, Inst, InstSpec, Op, Type, Value};

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

/// Turns tail calls of the function itself into jumps.
fn make_loop(func: &mut Function, cx: &Context) -> u64 {
    let Some(own) = cx.options.self_id else {
        return 0;
    };
    let is_self = |func: &Function, inst: Inst| {
        let data = func.inst(inst);
        data.op == Op::TailCall && func.funcs[data.func_ref()].target == CallTarget::Function(own)
    };
    let calls: Vec<(Block, Inst)> = func
        .blocks()
        .iter()
        .filter_map(|&block| Some((block, func.last_inst(block).filter(|&inst| is_self(func, inst))?)))
        .collect();
    if calls.is_empty() {
        return 0;
    }
    let start = func.entry();
    let entry = func.add_block();
    let types = func.signature.params.clone();
    let params: Vec<Value> = types.into_iter().map(|ty| func.add_param(entry, ty)).collect();
    let jump = func.make_terminator(Op::Jump, &[], &[(start, &params)]);
    func.append(entry, jump);
    let mut layout = func.blocks().to_vec();
    layout.rotate_right(1);
    func.set_layout(layout);
    if cx.options.poll_in_loops {
        let poll = func.make(InstSpec::new(Op::Poll, Type::VOID, &[]));
        func.prepend(start, poll);
    }
    for &(block, call) in &calls {
        let mut args = func.args(call).to_vec();
        let same = |func: &Function| func.value_type(args[0]) == func.value_type(args[1]);
        if active(Bug::TailCallReordersArgs) && args.len() > 1 && same(func) {
            args.swap(0, 1);
        } else if active(Bug::TailCallReordersArgs) && args.len() > 1 {
            args[0] = params[0];
        }
        func.remove(call);
        let jump = func.make_terminator(Op::Jump, &[], &[(start, &args)]);
        func.append(block, jump);
    }
    calls.len() as u64
}
