//! Loop unrolling.
//!
//! *Fully*, where the number of iterations is a small constant: each iteration becomes a copy of the loop's blocks in front
//! of it, with its test decided; what is left of the loop is its last test, decided too. Constant propagation and value
//! numbering, which the pipeline runs afterwards, then know the induction variable in each copy.
//!
//! *Partly*, for small counted loops with the test at the top (`while (i < n)`) and a constant step: in front of the loop
//! comes a second one with `unroll_factor` copies of the body and one test, which asks whether all copies will run; the
//! original loop does what remains. The limit of that test is `n - (factor - 1) * step`, computed with saturation, so that
//! a limit near the end of the number range just means that the new loop does not run.
//!
//! Only innermost loops. A typed [`Refusal`] says why a loop is left alone; statistics count them.

use super::analyses::Graph;
use super::induction::{LoopShape, Test};
use super::loop_edit::{escape_depths, loop_blocks, split_entry};
use super::peel::{Copies, innermost_loops, passes_derived_pointer_on};
use super::{Change, Context, Tunables};
use crate::seeded::{Bug, active};
use tercel_ir::loops::Loop;
use tercel_ir::ops::Effects;
use tercel_ir::types::sign_extend;
use tercel_ir::{Block, Function, InstSpec, IntCc, Op, Type, Value};

/// Why a loop is not unrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It has several back edges, or no induction variable that decides when it ends.
    NotCounted,
    /// Its body is too large, or the function has grown enough.
    TooLarge,
    /// Its number of iterations is not constant, and its form does not allow partial unrolling.
    Shape,
    /// It calls or polls: the cost of its control is not what counts.
    Calls,
    /// An address with a `tagged` base is used after it.
    DerivedPointer,
}

impl Refusal {
    fn name(self) -> &'static str {
        match self {
            Refusal::NotCounted => "refused: not counted",
            Refusal::TooLarge => "refused: too large",
            Refusal::Shape => "refused: shape",
            Refusal::Calls => "refused: calls",
            Refusal::DerivedPointer => "refused: derived pointer",
        }
    }
}

enum Plan {
    Full { trips: usize },
    Partial { limit_op: Op, distance: i64 },
}

struct Candidate {
    this: Loop,
    blocks: Vec<Block>,
    shape: LoopShape,
    test: Test,
    plan: Plan,
}

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    if graph.loops.is_empty() {
        return Change::None;
    }
    let tunables = cx.options.tunables.clone();
    let mut room = tunables.unroll_room + func.inst_count() * tunables.unroll_growth_percent / 100;
    let escapes = escape_depths(func, &graph);
    let mut candidates = Vec::new();
    for this in innermost_loops(&graph) {
        match plan(func, &graph, this, &escapes, &tunables, &mut room) {
            Ok(candidate) => candidates.push(candidate),
            Err(refusal) => cx.count(refusal.name(), 1),
        }
    }
    if candidates.is_empty() {
        return Change::None;
    }
    let mut copies = Copies::new(&graph);
    for candidate in &candidates {
        match candidate.plan {
            Plan::Full { trips } => {
                cx.count("loops unrolled fully", 1);
                unroll_fully(func, candidate, trips, &escapes, &mut copies);
            }
            Plan::Partial { limit_op, distance } => {
                cx.count("loops unrolled partly", 1);
                let factor = tunables.unroll_factor;
                unroll_partly(func, candidate, (limit_op, distance), factor, &escapes, &mut copies);
            }
        }
    }
    copies.repair(func);
    Change::Graph
}

fn plan(
    func: &Function,
    graph: &Graph,
    this: Loop,
    escapes: &[u32],
    tunables: &Tunables,
    room: &mut usize,
) -> Result<Candidate, Refusal> {
    let limit = tunables.unroll_full_size.min(*room);
    let blocks = loop_blocks(func, graph, this, limit).ok_or(Refusal::TooLarge)?;
    let size: usize = blocks.iter().map(|&block| func.insts(block).count()).sum();
    let shape = LoopShape::of(func, graph, this).ok_or(Refusal::NotCounted)?;
    if passes_derived_pointer_on(func, graph, this, &blocks, escapes) {
        return Err(Refusal::DerivedPointer);
    }
    let invariant = |value: Value| {
        func.int_constant(value).is_some() || func.def_block(value).is_some_and(|def| !graph.loops.contains(this, def))
    };
    let test = shape.test(func, graph, this, invariant).ok_or(Refusal::NotCounted)?;
    if let Some(trips) = test.constant_trips(func, tunables.unroll_trips) {
        let copies = trips * size;
        if copies <= limit {
            *room -= copies;
            return Ok(Candidate { this, blocks, shape, test, plan: Plan::Full { trips } });
        }
    }
    let calls = Effects::CALLS.with(Effects::SAFEPOINT);
    if blocks.iter().any(|&block| func.insts(block).any(|inst| func.effects(inst).any(calls))) {
        return Err(Refusal::Calls);
    }
    let factor = tunables.unroll_factor;
    if size > tunables.unroll_partial_size || size * factor > *room || factor < 2 {
        return Err(Refusal::TooLarge);
    }
    // The header runs twice for the value with which the unrolled loop ends.
    let writes = func.insts(shape.header).any(|inst| func.effects(inst).has(Effects::WRITES));
    if writes || shape.back.block == shape.header {
        return Err(Refusal::Shape);
    }
    let (limit_op, distance) = partial_limit(func, &test, factor).ok_or(Refusal::Shape)?;
    *room -= size * factor;
    Ok(Candidate { this, blocks, shape, test, plan: Plan::Partial { limit_op, distance } })
}

/// How the limit of the unrolled loop's test is kept in range (the op that saturates), and how far it is moved.
fn partial_limit(func: &Function, test: &Test, factor: usize) -> Option<(Op, i64)> {
    if !test.at_top || test.on_next {
        return None;
    }
    let ty = func.value_type(test.induction.param);
    let distance = test.induction.step.checked_mul(factor as i64 - 1)?;
    if sign_extend(distance, ty) != distance || distance.unsigned_abs() > 1 << 20 {
        return None;
    }
    match test.cc {
        IntCc::Slt if distance > 0 => Some((Op::Smax, distance)),
        IntCc::Ult if distance > 0 => Some((Op::Umax, distance)),
        IntCc::Sgt if distance < 0 => Some((Op::Smin, distance)),
        _ => None,
    }
}

fn unroll_fully(func: &mut Function, candidate: &Candidate, trips: usize, escapes: &[u32], copies: &mut Copies) {
    let Candidate { this, blocks, shape, test, .. } = candidate;
    // A test at the top passes `trips` times before it fails; one at the bottom comes after an iteration.
    let wanted = if active(Bug::UnrollOneTooFew) { trips.saturating_sub(1) } else { trips };
    let test_block = func.block_of(test.branch).expect("a branch is in a block");
    let mut entries = shape.entering.iter().map(|pred| (pred.inst, pred.index as usize)).collect::<Vec<_>>();
    for _ in 0..wanted {
        let copy = copies.copy(func, *this, blocks, escapes);
        let header = copy.blocks[&shape.header];
        for (inst, index) in entries {
            func.edges_mut(inst)[index].block = header;
        }
        let branch = func.terminator(copy.blocks[&test_block]);
        func.become_jump(branch, test.stay);
        let back = func.terminator(copy.blocks[&shape.back.block]);
        let index = func.edges(back).iter().position(|edge| edge.block == shape.header);
        entries = index.map(|index| (back, index)).into_iter().collect();
    }
    func.become_jump(test.branch, 1 - test.stay);
}

fn unroll_partly(
    func: &mut Function,
    candidate: &Candidate,
    (limit_op, distance): (Op, i64),
    factor: usize,
    escapes: &[u32],
    copies: &mut Copies,
) {
    let Candidate { this, blocks, shape, test, .. } = candidate;
    let preheader = split_entry(func, shape.header, &shape.entering);
    let limit = moved_limit(func, preheader, test, limit_op, distance);
    let mut first = Block::NONE;
    let mut previous_back = None;
    for number in 0..factor {
        let copy = copies.copy(func, *this, blocks, escapes);
        let header = copy.blocks[&shape.header];
        let branch = func.terminator(header);
        if number == 0 {
            first = header;
            let jump = func.terminator(preheader);
            func.edges_mut(jump)[0].block = header;
            // All copies run, or the original loop takes over from here.
            let induction = copy.value(test.induction.param);
            let ty = func.value_type(induction);
            let compare = func.make(InstSpec::new(Op::Icmp, ty, &[induction, limit]).aux(test.cc as u16));
            func.insert_before(compare, branch);
            let mut params = func.params(header).to_vec();
            if active(Bug::UnrollRestartsRemainder) {
                params = func.edge_args(func.edges(jump)[0]).to_vec();
            }
            let compare = func.result(compare);
            func.args_mut(branch)[0] = compare;
            func.set_edge(branch, 1 - test.stay, shape.header, &params);
            if test.stay == 1 {
                func.edges_mut(branch).swap(0, 1);
            }
        } else {
            func.become_jump(branch, test.stay);
        }
        if let Some((inst, index)) = previous_back.take() {
            let edges: &mut [tercel_ir::Edge] = func.edges_mut(inst);
            edges[index as usize].block = header;
        }
        let back = func.terminator(copy.blocks[&shape.back.block]);
        previous_back = Some((back, shape.back.index));
    }
    if let Some((inst, index)) = previous_back {
        func.edges_mut(inst)[index as usize].block = first;
    }
}

/// `limit - distance`, or the end of the range where that would wrap.
fn moved_limit(func: &mut Function, preheader: Block, test: &Test, saturate: Op, distance: i64) -> Value {
    let ty: Type = func.value_type(test.limit);
    let end = func.terminator(preheader);
    let constant = func.int_constant(test.limit);
    let distance = if active(Bug::UnrollLimitTooFar) { 0 } else { distance };
    let least = match saturate {
        Op::Smax => sign_extend(1 << (ty.bits() - 1), ty).wrapping_add(distance),
        Op::Smin => sign_extend((ty.lane_mask() >> 1) as i64, ty).wrapping_add(distance),
        _ => distance,
    };
    let mut add = |op: Op, args: &[Value], imm: i64| {
        let inst = func.make(InstSpec::new(op, ty, args).imm(imm));
        func.insert_before(inst, end);
        func.result(inst)
    };
    let least = add(Op::Iconst, &[], sign_extend(least, ty));
    // A constant may be defined inside the loop.
    let limit = match constant {
        Some(value) => add(Op::Iconst, &[], value),
        None => test.limit,
    };
    let bounded = add(saturate, &[limit, least], 0);
    let distance = add(Op::Iconst, &[], distance);
    add(Op::Isub, &[bounded, distance], 0)
}
