//! Range analysis, and the removal of checks that it shows to be superfluous.
//!
//! Each integer value has an interval of signed numbers ([`interval`]), found in one walk over the dominator tree: from its
//! operands' intervals, for a merge from its arguments', for the induction variable of a counted loop from its start and the
//! test that keeps the loop going. A branch, trap or guard on a comparison narrows the intervals of what it compares in all
//! blocks that the outcome dominates; leaving that part of the tree takes the narrowing back. Beside intervals, the outcomes
//! themselves are kept for pairs of values (*relations*), so that `i < length` proves a later bounds check of `i` against
//! `length` though nothing is known of `length`.
//!
//! Used for:
//! * comparisons, `trap_if` and `guard` whose outcome is certain;
//! * arithmetic that cannot overflow: no trap, no exit, no flag;
//! * signed ops on numbers that are not negative: their unsigned forms are cheaper or better known;
//! * masks, extensions, minima and maxima that do nothing.
//!
//! Left alone is whatever the address of a `no_trap` access is computed from: such an access may be executed wherever its
//! address is defined, and what a branch shows would let the address be defined where the branch has not been taken. (Code
//! motion put a load whose index had lost its mask in front of the test that the mask had been superfluous behind.)
//!
//! A counted loop's variable does not wrap because of the test that lets the loop go on: that test bounds it, the step
//! from the bound stays in range, so by induction over iterations the variable stays between its start and the bound plus a
//! step. Sparse and not iterated: what depends on a back edge in another way is unknown. Cost: linear.

mod interval;

use super::analyses::{Graph, finish_aliases};
use super::induction::{Induction, LoopShape};
use super::{Change, Context};
use crate::seeded::{Bug, active};
use interval::{Interval, compare, exact, refine, transfer};
use rustc_hash::FxHashMap;
use tercel_ir::entity::Entity;
use tercel_ir::{Block, Effects, Function, Inst, InstSpec, IntCc, Op, Scratch, Type, Value, ValueDef};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let mut ranges = Ranges::new(func, &graph, cx.scratch);
    ranges.run(func);
    let Ranges { counts, known, undo, pinned, .. } = ranges;
    cx.scratch.give(known);
    cx.scratch.give(undo);
    cx.scratch.give(pinned);
    finish_aliases(func, &graph);
    cx.count("comparisons decided", counts.comparisons);
    cx.count("checks removed", counts.checks);
    cx.count("overflow checks removed", counts.overflows);
    cx.count("operations simplified", counts.simplified);
    let all = counts.comparisons + counts.checks + counts.overflows + counts.simplified;
    Change::insts(all > 0)
}

#[derive(Clone, Copy, Default)]
struct Counts {
    comparisons: u64,
    checks: u64,
    overflows: u64,
    simplified: u64,
}

/// Which of less, equal, greater are possible between two values, as signed and as unsigned numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Relation {
    signed: u8,
    unsigned: u8,
}

const LESS: u8 = 1;
const EQUAL: u8 = 2;
const GREATER: u8 = 4;
const ANY_ORDER: Relation = Relation { signed: 7, unsigned: 7 };

/// What to take back when a part of the dominator tree is left.
enum Undo {
    Range(Value, Interval),
    Relation((Value, Value), Relation),
}

struct Ranges<'a> {
    graph: &'a Graph,
    /// Interval of each scalar integer; unknown ones are full.
    known: Vec<Option<Interval>>,
    relations: FxHashMap<(Value, Value), Relation>,
    undo: Vec<Undo>,
    /// Values that addresses of `no_trap` accesses are computed from.
    pinned: Vec<bool>,
    counts: Counts,
}

/// Whatever the addresses of `no_trap` accesses are computed from, without looking into memory and calls.
fn feeding_free_addresses(func: &Function, graph: &Graph, scratch: &mut Scratch) -> Vec<bool> {
    let mut found = scratch.table(false, func.value_capacity());
    let mut work = scratch.growing(0);
    for &block in graph.cfg.rpo() {
        for inst in func.insts(block) {
            let data = func.inst(inst);
            if matches!(data.op, Op::Load | Op::Store) && data.mem_flags().is_no_trap() {
                work.push(func.arg(inst, 0));
            }
        }
    }
    while let Some(value) = work.pop() {
        let value = func.resolve(value);
        if std::mem::replace(&mut found[value.index()], true) {
            continue;
        }
        match func.value_def(value) {
            ValueDef::Result(inst, _) if func.effects(inst).any(Effects::READS.with(Effects::CALLS)) => {}
            ValueDef::Result(inst, _) => work.extend(func.args(inst)),
            ValueDef::Param(block, position) => {
                let edges = graph.cfg.preds(block).iter();
                let args = edges.map(|pred| func.edge_args(func.edges(pred.inst)[pred.index as usize]));
                work.extend(args.map(|args| args[position as usize]));
            }
            _ => {}
        }
    }
    scratch.give(work);
    found
}

impl<'a> Ranges<'a> {
    fn new(func: &Function, graph: &'a Graph, scratch: &mut Scratch) -> Ranges<'a> {
        Ranges {
            graph,
            known: scratch.table(None, func.value_capacity()),
            relations: FxHashMap::default(),
            undo: scratch.growing(0),
            pinned: feeding_free_addresses(func, graph, scratch),
            counts: Counts::default(),
        }
    }

    fn run(&mut self, func: &mut Function) {
        let graph = self.graph;
        // Parts of the tree that are open: where each ends, and how much was there to undo when it began.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (place, &block) in graph.dominators.preorder().iter().enumerate() {
            while let Some(&(end, undo)) = open.last().filter(|&&(end, _)| end <= place) {
                debug_assert!(end <= place);
                self.take_back(undo);
                open.pop();
            }
            open.push((graph.dominators.subtree_end(block), self.undo.len()));
            self.enter(func, block);
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                self.visit(func, inst);
            }
        }
    }

    fn take_back(&mut self, to: usize) {
        while self.undo.len() > to {
            match self.undo.pop() {
                Some(Undo::Range(value, old)) => self.known[value.index()] = Some(old),
                Some(Undo::Relation(pair, old)) => {
                    self.relations.insert(pair, old);
                }
                None => break,
            }
        }
    }

    fn range(&self, func: &Function, value: Value) -> Interval {
        match self.known.get(value.index()).copied().flatten() {
            Some(range) => range,
            None => Interval::full(func.value_type(value)),
        }
    }

    fn set(&mut self, value: Value, range: Interval) {
        if value.index() >= self.known.len() {
            self.known.resize(value.index() + 1, None);
        }
        self.known[value.index()] = Some(range);
    }

    // ----- facts -------------------------------------------------------------------------------------------------

    /// Facts and parameters at the beginning of a block.
    fn enter(&mut self, func: &Function, block: Block) {
        let graph = self.graph;
        let preds = graph.cfg.preds(block);
        if let [pred] = preds {
            let data = func.inst(pred.inst);
            let operand = func.args(pred.inst).first().copied();
            match (data.op, operand) {
                (Op::Branch, Some(condition)) => {
                    let holds = pred.index == 0 || active(Bug::RangesForgetsNegation);
                    self.assume(func, func.resolve(condition), holds);
                }
                (Op::Switch, Some(index)) if pred.index > 0 => {
                    self.narrow(func, func.resolve(index), Interval::only(pred.index as i64 - 1));
                }
                _ => {}
            }
        }
        let header_of = graph.loops.innermost(block).filter(|&this| graph.loops.header(this) == block);
        let shape = header_of.and_then(|this| LoopShape::of(func, graph, this));
        for (position, &param) in func.params(block).iter().enumerate() {
            let ty = func.value_type(param);
            if !ty.is_int() || preds.is_empty() {
                continue;
            }
            let mut range: Option<Interval> = None;
            for pred in preds {
                let arg = func.edge_args(func.edges(pred.inst)[pred.index as usize])[position];
                let arg = self.range(func, func.resolve(arg));
                range = Some(range.map_or(arg, |range| range.union(arg)));
            }
            if let (Some(this), Some(shape)) = (header_of, &shape)
                && let Some(induction) = shape.inductions.iter().find(|one| one.param == param)
                && let Some(bounded) = self.induction_range(func, this, shape, induction)
            {
                range = Some(bounded);
            }
            self.set(param, range.unwrap_or(Interval::full(ty)));
        }
    }

    /// The interval of a counted loop's variable.
    fn induction_range(
        &self,
        func: &Function,
        this: tercel_ir::loops::Loop,
        shape: &LoopShape,
        induction: &Induction,
    ) -> Option<Interval> {
        let graph = self.graph;
        let full = Interval::full(func.value_type(induction.param));
        let mut start: Option<Interval> = None;
        for pred in &shape.entering {
            let arg = func.edge_args(func.edges(pred.inst)[pred.index as usize])[induction.position];
            let arg = self.range(func, func.resolve(arg));
            start = Some(start.map_or(arg, |start| start.union(arg)));
        }
        let start = start?;
        // Blocks that every iteration passes, from the back edge up: a branch into one of them is a test.
        let mut at = shape.back.block;
        let mut edge = Some((shape.back.inst, shape.back.index));
        for _ in 0..32 {
            if let Some((branch, index)) = edge
                && let Some(bound) = self.bound_by(func, this, branch, index, induction, full)
            {
                return bounded_range(start, bound, induction.step, full);
            }
            if at == shape.header {
                return None;
            }
            edge = match graph.cfg.preds(at) {
                [pred] => Some((pred.inst, pred.index)),
                _ => None,
            };
            at = graph.dominators.idom(at)?;
        }
        None
    }

    /// The bound of the variable in whatever direction it steps, given that edge `index` of a branch was taken.
    /// The flag says that it bounds the next value.
    fn bound_by(
        &self,
        func: &Function,
        this: tercel_ir::loops::Loop,
        branch: Inst,
        index: u32,
        induction: &Induction,
        full: Interval,
    ) -> Option<(i64, bool)> {
        if func.inst(branch).op != Op::Branch {
            return None;
        }
        let condition = func.resolve(func.arg(branch, 0));
        let compare = func.def_inst(condition).filter(|&inst| func.inst(inst).op == Op::Icmp)?;
        let [a, b] = [0, 1].map(|side| func.resolve(func.arg(compare, side)));
        let cc = func.inst(compare).int_cc();
        let cc = if index == 0 { cc } else { cc.negate() };
        let is_tested = |value: Value| value == induction.param || value == func.resolve(induction.next);
        let (tested, limit, cc) = match (is_tested(a), is_tested(b)) {
            (true, false) => (a, b, cc),
            (false, true) => (b, a, cc.swap()),
            _ => return None,
        };
        let outside = func.def_block(limit).is_none_or(|def| !self.graph.loops.contains(this, def));
        let limit = match func.int_constant(limit) {
            Some(value) => Interval::only(value),
            None if outside => self.range(func, limit),
            None => return None,
        };
        let left = refine(cc, full, limit)?;
        let bound = if induction.step > 0 { left.hi } else { left.lo };
        let is_bound = if induction.step > 0 { bound < full.hi } else { bound > full.lo };
        is_bound.then_some((bound, tested != induction.param))
    }

    fn narrow(&mut self, func: &Function, value: Value, to: Interval) {
        let old = self.range(func, value);
        let Some(new) = old.intersect(to).filter(|&new| new != old) else {
            return;
        };
        self.undo.push(Undo::Range(value, old));
        self.set(value, new);
    }

    /// Takes a condition to hold, or not to.
    fn assume(&mut self, func: &Function, condition: Value, holds: bool) {
        let mut work = vec![(condition, holds)];
        while let Some((condition, holds)) = work.pop() {
            if work.len() > 8 || !func.value_type(condition).is_int() {
                return;
            }
            let old = self.range(func, condition);
            if !holds {
                self.narrow(func, condition, Interval::only(0));
            } else if old.is_natural() && old.hi > 0 {
                self.narrow(func, condition, Interval::new(1, old.hi));
            }
            let Some(inst) = func.def_inst(condition) else {
                continue;
            };
            let data = func.inst(inst);
            match data.op {
                Op::Icmp if data.ty.is_int() => {
                    let cc = if holds { data.int_cc() } else { data.int_cc().negate() };
                    let [a, b] = [0, 1].map(|side| func.resolve(func.arg(inst, side)));
                    self.assume_comparison(func, cc, a, b);
                }
                Op::Band if holds => work.extend(func.args(inst).iter().map(|&arg| (func.resolve(arg), true))),
                Op::Bor if !holds => work.extend(func.args(inst).iter().map(|&arg| (func.resolve(arg), false))),
                Op::Zext | Op::Sext => work.push((func.resolve(func.arg(inst, 0)), holds)),
                _ => {}
            }
        }
    }

    fn assume_comparison(&mut self, func: &Function, cc: IntCc, a: Value, b: Value) {
        let (ra, rb) = (self.range(func, a), self.range(func, b));
        if let Some(left) = refine(cc, ra, rb) {
            let left = if active(Bug::RangesOffByOne) && cc == IntCc::Slt && left.hi > left.lo {
                Interval::new(left.lo, left.hi - 1)
            } else {
                left
            };
            self.narrow(func, a, left);
        }
        if let Some(left) = refine(cc.swap(), rb, ra) {
            self.narrow(func, b, left);
        }
        let (pair, flipped) = if a <= b { ((a, b), cc) } else { ((b, a), cc.swap()) };
        let old = self.relations.get(&pair).copied().unwrap_or(ANY_ORDER);
        let (signed, unsigned) = orders(flipped);
        let new = Relation { signed: old.signed & signed, unsigned: old.unsigned & unsigned };
        if new != old && new.signed != 0 && new.unsigned != 0 {
            self.undo.push(Undo::Relation(pair, old));
            self.relations.insert(pair, new);
        }
    }

    /// The outcome of a comparison, if it is certain.
    fn decide(&self, func: &Function, cc: IntCc, a: Value, b: Value) -> Option<bool> {
        let (ra, rb) = (self.range(func, a), self.range(func, b));
        if let Some(outcome) = compare(cc, ra, rb) {
            return Some(outcome);
        }
        let (pair, cc) = if a <= b { ((a, b), cc) } else { ((b, a), cc.swap()) };
        let mut relation = *self.relations.get(&pair)?;
        let (first, second) = if a <= b { (ra, rb) } else { (rb, ra) };
        // Less than as signed, and not negative: less than as unsigned.
        if relation.signed & GREATER == 0 && first.is_natural() || relation.signed & LESS == 0 && second.is_natural() {
            relation.unsigned &= relation.signed;
        }
        let (signed, unsigned) = orders(cc);
        let is_sure = |possible: u8, holds: u8| match () {
            _ if possible & !holds == 0 => Some(true),
            _ if possible & holds == 0 => Some(false),
            _ => None,
        };
        match cc {
            IntCc::Eq | IntCc::Ne => is_sure(relation.signed, signed).or_else(|| is_sure(relation.unsigned, unsigned)),
            _ if cc.is_signed() => is_sure(relation.signed, signed),
            _ => is_sure(relation.unsigned, unsigned),
        }
    }

    // ----- instructions ------------------------------------------------------------------------------------------

    fn visit(&mut self, func: &mut Function, inst: Inst) {
        func.resolve_uses(inst);
        let data = *func.inst(inst);
        match data.op {
            Op::TrapIf | Op::Guard => return self.visit_check(func, inst, data.op),
            Op::Icmp if data.ty.is_int() && !self.is_pinned(func, inst) => {
                let [a, b] = [func.arg(inst, 0), func.arg(inst, 1)];
                if let Some(outcome) = self.decide(func, data.int_cc(), a, b) {
                    func.become_inst(inst, InstSpec::new(Op::Iconst, Type::I8, &[]).imm(outcome as i64));
                    self.counts.comparisons += 1;
                }
            }
            _ => {}
        }
        if !data.ty.is_int() && data.result_count() == 0 {
            return;
        }
        if !self.is_pinned(func, inst) && self.simplify(func, inst) {
            return;
        }
        self.set_results(func, inst);
    }

    fn is_pinned(&self, func: &Function, inst: Inst) -> bool {
        func.results(inst).any(|result| self.pinned.get(result.index()).copied().unwrap_or(false))
    }

    fn visit_check(&mut self, func: &mut Function, inst: Inst, op: Op) {
        let condition = func.arg(inst, 0);
        let range = self.range(func, condition);
        let (zero, nonzero) = (range == Interval::only(0), range.lo > 0 || range.hi < 0);
        if if op == Op::TrapIf { zero } else { nonzero } {
            func.remove(inst);
            self.counts.checks += 1;
            return;
        }
        self.assume(func, condition, op == Op::Guard);
    }

    fn set_results(&mut self, func: &Function, inst: Inst) {
        let data = func.inst(inst);
        let args = func.args(inst);
        let first = args.first().map(|&arg| self.scalar_range(func, arg));
        let second = args.get(1).map(|&arg| self.scalar_range(func, arg));
        let mut results = func.results(inst);
        let Some(result) = results.next() else { return };
        let ty = func.value_type(result);
        if !ty.is_int() {
            return;
        }
        let full = Interval::full(ty);
        let (a, b) = (first.flatten().unwrap_or(full), second.flatten().unwrap_or(full));
        let range = match data.op {
            Op::Iconst => Interval::only(data.imm),
            Op::Icmp | Op::Fcmp => Interval::new(0, 1),
            Op::Sext => a,
            Op::Zext if a.is_natural() => a,
            Op::Zext => Interval::new(0, func.value_type(args[0]).lane_mask() as i64),
            Op::Narrow if full.contains(a) => a,
            Op::Select => match args {
                [_, then, otherwise] => self.range(func, *then).union(self.range(func, *otherwise)),
                _ => full,
            },
            // What would not fit has left the function.
            Op::SaddTrap | Op::SaddGuard => exact(Op::Iadd, a, b).and_then(|sum| sum.intersect(full)).unwrap_or(full),
            Op::SsubTrap | Op::SsubGuard => exact(Op::Isub, a, b).and_then(|sum| sum.intersect(full)).unwrap_or(full),
            Op::SmulTrap | Op::SmulGuard => exact(Op::Imul, a, b).and_then(|sum| sum.intersect(full)).unwrap_or(full),
            Op::SaddOverflow => transfer(Op::Iadd, ty, a, b),
            Op::SsubOverflow => transfer(Op::Isub, ty, a, b),
            Op::SmulOverflow => transfer(Op::Imul, ty, a, b),
            Op::Iadd if active(Bug::RangesIgnoresWrap) => {
                let clamp = |x: i64, y: i64| x.saturating_add(y).clamp(full.lo, full.hi);
                Interval::new(clamp(a.lo, b.lo), clamp(a.hi, b.hi))
            }
            op if data.ty.is_int() => transfer(op, ty, a, b),
            _ => full,
        };
        self.set(result, range);
        if let Some(flag) = results.next() {
            self.set(flag, Interval::new(0, 1));
        }
    }

    fn scalar_range(&self, func: &Function, value: Value) -> Option<Interval> {
        func.value_type(value).is_int().then(|| self.range(func, value))
    }

    /// Makes an instruction simpler. `true` if it is gone.
    fn simplify(&mut self, func: &mut Function, inst: Inst) -> bool {
        let data = *func.inst(inst);
        if !data.ty.is_int() || data.arg_count() == 0 || data.arg_count() > 2 || data.op == Op::Icmp {
            return false;
        }
        let args = [func.arg(inst, 0), func.arg(inst, data.arg_count() - 1)];
        let (Some(a), Some(b)) = (self.scalar_range(func, args[0]), self.scalar_range(func, args[1])) else {
            return false;
        };
        let plain = match data.op {
            Op::SaddTrap | Op::SaddGuard | Op::SaddOverflow => Some(Op::Iadd),
            Op::SsubTrap | Op::SsubGuard | Op::SsubOverflow => Some(Op::Isub),
            Op::SmulTrap | Op::SmulGuard | Op::SmulOverflow => Some(Op::Imul),
            _ => None,
        };
        if let Some(op) = plain {
            let fits = exact(op, a, b).is_some_and(|exact| Interval::full(data.ty).contains(exact));
            return fits && self.drop_overflow_check(func, inst, op, args);
        }
        let natural = a.is_natural() && b.is_natural();
        let simpler = match data.op {
            Op::Sdiv if natural => Some(Op::Udiv),
            Op::Srem if natural => Some(Op::Urem),
            Op::Sshr if a.is_natural() => Some(Op::Ushr),
            Op::Sext if a.is_natural() => Some(Op::Zext),
            _ => None,
        };
        if let Some(op) = simpler {
            let args = &args[..data.arg_count()];
            func.become_inst(inst, InstSpec::new(op, data.ty, args));
            self.counts.simplified += 1;
            return false;
        }
        let same = match data.op {
            // All bits that the operand can have are in the mask.
            Op::Band if a.is_natural() && b.lo == b.hi && is_low_mask(b.lo) && a.hi <= b.lo => Some(args[0]),
            Op::Smin if a.hi <= b.lo => Some(args[0]),
            Op::Smin if b.hi <= a.lo => Some(args[1]),
            Op::Smax if a.lo >= b.hi => Some(args[0]),
            Op::Smax if b.lo >= a.hi => Some(args[1]),
            Op::Umin if natural && a.hi <= b.lo => Some(args[0]),
            Op::Umin if natural && b.hi <= a.lo => Some(args[1]),
            Op::Umax if natural && a.lo >= b.hi => Some(args[0]),
            Op::Umax if natural && b.lo >= a.hi => Some(args[1]),
            Op::Urem if natural && a.hi < b.lo => Some(args[0]),
            Op::Srem if natural && a.hi < b.lo => Some(args[0]),
            _ => None,
        };
        let Some(value) = same else { return false };
        let result = func.result(inst);
        func.replace(result, value);
        func.remove(inst);
        self.counts.simplified += 1;
        true
    }

    /// Replaces arithmetic with an overflow check by the plain op. `true` if the instruction is gone.
    fn drop_overflow_check(&mut self, func: &mut Function, inst: Inst, op: Op, args: [Value; 2]) -> bool {
        let ty = func.inst(inst).ty;
        self.counts.overflows += 1;
        if func.inst(inst).result_count() == 1 {
            func.become_inst(inst, InstSpec::new(op, ty, &args));
            return false;
        }
        let sum = func.make(InstSpec::new(op, ty, &args));
        func.insert_before(sum, inst);
        let none = func.make(InstSpec::new(Op::Iconst, Type::I8, &[]));
        func.insert_before(none, inst);
        let results: Vec<Value> = func.results(inst).collect();
        for (old, new) in results.into_iter().zip([sum, none]) {
            let with = func.result(new);
            func.replace(old, with);
        }
        func.remove(inst);
        self.set_results(func, sum);
        self.set_results(func, none);
        true
    }
}

fn is_low_mask(value: i64) -> bool {
    value >= 0 && value & value.wrapping_add(1) == 0
}

/// Which orders a condition allows, as signed and as unsigned numbers.
fn orders(cc: IntCc) -> (u8, u8) {
    let any = LESS | EQUAL | GREATER;
    match cc {
        IntCc::Eq => (EQUAL, EQUAL),
        IntCc::Ne => (LESS | GREATER, LESS | GREATER),
        IntCc::Slt => (LESS, any & !EQUAL),
        IntCc::Sle => (LESS | EQUAL, any),
        IntCc::Sgt => (GREATER, any & !EQUAL),
        IntCc::Sge => (GREATER | EQUAL, any),
        IntCc::Ult => (any & !EQUAL, LESS),
        IntCc::Ule => (any, LESS | EQUAL),
        IntCc::Ugt => (any & !EQUAL, GREATER),
        IntCc::Uge => (any, GREATER | EQUAL),
    }
}

/// Where a variable stays that starts in `start`, steps by `step`, and is bounded on the way to the back edge.
fn bounded_range(start: Interval, (bound, on_next): (i64, bool), step: i64, full: Interval) -> Option<Interval> {
    // The last value that the loop steps from is at most the bound; so is the value after the step if that was tested,
    // but then the step was made from at most the larger of start and bound.
    if step > 0 {
        let from = if on_next { start.hi.max(bound) } else { bound };
        let reached = from.checked_add(step).filter(|&reached| reached <= full.hi)?;
        let most = if on_next { start.hi.max(bound) } else { start.hi.max(reached) };
        Some(Interval::new(start.lo, most))
    } else if step < 0 {
        let from = if on_next { start.lo.min(bound) } else { bound };
        let reached = from.checked_add(step).filter(|&reached| reached >= full.lo)?;
        let least = if on_next { start.lo.min(bound) } else { start.lo.min(reached) };
        Some(Interval::new(least, start.hi))
    } else {
        Some(start)
    }
}
