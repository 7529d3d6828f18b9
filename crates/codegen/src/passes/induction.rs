//! Induction variables and trip counts.
//!
//! A basic induction variable is a parameter of a loop's header that each iteration changes by a constant: its argument on the
//! only back edge is the parameter plus the constant. A loop is *counted* if such a variable is compared with a value from
//! outside the loop, and the comparison decides whether the loop goes on: in its header before the body (`while`), or at
//! the back edge (`do while`).

use super::analyses::Graph;
use super::loop_edit::{back_edges, entering_edges};
use tercel_ir::cfg::Pred;
use tercel_ir::eval::compare_int;
use tercel_ir::loops::Loop;
use tercel_ir::types::sign_extend;
use tercel_ir::{Block, Function, Inst, IntCc, Op, Type, Value};

/// A basic induction variable.
#[derive(Clone, Copy, Debug)]
pub struct Induction {
    /// The parameter.
    pub param: Value,
    /// Its position among the header's parameters.
    pub position: usize,
    /// Its value when the loop is entered, if that is the same on all entering edges.
    pub start: Option<Value>,
    /// Its value for the next iteration: `param + step`.
    pub next: Value,
    /// What is added; sign-extended.
    pub step: i64,
}

/// A loop with one back edge, and its induction variables.
#[derive(Clone, Debug)]
pub struct LoopShape {
    /// The header.
    pub header: Block,
    /// The edges from outside.
    pub entering: Vec<Pred>,
    /// The edge back.
    pub back: Pred,
    /// The induction variables.
    pub inductions: Vec<Induction>,
}

/// The decision whether a counted loop goes on.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The branch.
    pub branch: Inst,
    /// Its edge that stays in the loop.
    pub stay: usize,
    /// The loop goes on if this holds of the compared value and the limit.
    pub cc: IntCc,
    /// The induction variable.
    pub induction: Induction,
    /// Whether the next value is compared, not the current one.
    pub on_next: bool,
    /// What it is compared with.
    pub limit: Value,
    /// Whether the branch ends the header (else it is the source of the back edge).
    pub at_top: bool,
}

impl LoopShape {
    /// Looks at a loop. `None` if it has several back edges.
    pub fn of(func: &Function, graph: &Graph, of: Loop) -> Option<LoopShape> {
        let [back] = back_edges(graph, of)[..] else {
            return None;
        };
        let entering = entering_edges(graph, of);
        let header = graph.loops.header(of);
        let argument = |pred: Pred, position: usize| {
            func.edge_args(func.edges(pred.inst)[pred.index as usize]).get(position).copied()
        };
        let mut inductions = Vec::new();
        for (position, &param) in func.params(header).iter().enumerate() {
            let Some(next) = argument(back, position) else {
                continue;
            };
            let Some(step) = step_of(func, param, next) else {
                continue;
            };
            let start = argument(entering[0], position);
            let start = start.filter(|&start| entering.iter().all(|&pred| argument(pred, position) == Some(start)));
            inductions.push(Induction { param, position, start, next, step });
        }
        Some(LoopShape { header, entering, back, inductions })
    }

    /// The test of a counted loop. `invariant` says whether a value is defined outside the loop.
    pub fn test(&self, func: &Function, graph: &Graph, of: Loop, invariant: impl Fn(Value) -> bool) -> Option<Test> {
        [(func.terminator(self.header), true), (self.back.inst, false)].into_iter().find_map(|(branch, at_top)| {
            let data = func.inst(branch);
            if data.op != Op::Branch || func.block_of(branch)? == self.header && !at_top {
                return None;
            }
            let inside = [0, 1].map(|edge| graph.loops.contains(of, func.edges(branch)[edge].block));
            let stay = match inside {
                [true, false] => 0,
                [false, true] => 1,
                _ => return None,
            };
            let compare = func.def_inst(func.arg(branch, 0)).filter(|&inst| func.inst(inst).op == Op::Icmp)?;
            let cc = func.inst(compare).int_cc();
            let [a, b] = [func.arg(compare, 0), func.arg(compare, 1)];
            let (tested, limit, cc) = if invariant(b) { (a, b, cc) } else { (b, a, cc.swap()) };
            if !invariant(limit) {
                return None;
            }
            let cc = if stay == 0 { cc } else { cc.negate() };
            let induction = *self.inductions.iter().find(|one| one.param == tested || one.next == tested)?;
            Some(Test { branch, stay, cc, induction, on_next: induction.next == tested, limit, at_top })
        })
    }
}

/// What `next` adds to `param`, if it is a sum with a constant.
fn step_of(func: &Function, param: Value, next: Value) -> Option<i64> {
    let inst = func.def_inst(next)?;
    let data = func.inst(inst);
    if !data.ty.is_int() || func.args(inst).len() != 2 {
        return None;
    }
    let [a, b] = [func.arg(inst, 0), func.arg(inst, 1)];
    match data.op {
        Op::Iadd if a == param => func.int_constant(b),
        Op::Iadd if b == param => func.int_constant(a),
        Op::Isub if a == param => func.int_constant(b).map(|step| sign_extend(step.wrapping_neg(), data.ty)),
        _ => None,
    }
}

impl Test {
    /// How often the test lets the loop go on, if start and limit are constants and it is at most `most` times.
    pub fn constant_trips(&self, func: &Function, most: usize) -> Option<usize> {
        let ty = func.value_type(self.induction.param);
        let limit = bits(func.int_constant(self.limit)?, ty);
        let mut value = func.int_constant(self.induction.start?)?;
        if self.on_next {
            value = sign_extend(value.wrapping_add(self.induction.step), ty);
        }
        for trips in 0..=most {
            if !compare_int(self.cc, bits(value, ty), limit, ty) {
                return Some(trips);
            }
            value = sign_extend(value.wrapping_add(self.induction.step), ty);
        }
        None
    }
}

fn bits(value: i64, ty: Type) -> u64 {
    value as u64 & ty.lane_mask()
}
