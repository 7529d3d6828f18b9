//! Dead-code elimination.
//!
//! Marks what matters and removes the rest: instructions whose effects can be seen are alive, and so is what a live
//! instruction uses: operands, values of frame states, and, of a live block parameter, the argument on each edge. A parameter
//! that no live instruction uses is removed with its arguments, also when it only feeds itself around a loop, which
//! counting uses would not find.
//!
//! What may trap or exit stays even if its result is unused: that it passed is what the code after it relies on. Terminators
//! stay, so an empty loop stays: removing it needs a proof that it ends.

use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::cfg::Cfg;
use tercel_ir::entity::Entity;
use tercel_ir::ops::Effects;
use tercel_ir::{Function, Inst, Op, Scratch, Value, ValueDef};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let cfg = &graph.cfg;
    let unreachable = cfg.remove_unreachable(func) as u64;
    let live = Marker::mark(func, cfg, cx.scratch);
    let mut insts = 0;
    for &block in cfg.rpo() {
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            if !live.insts[inst.index()] {
                func.remove(inst);
                insts += 1;
            }
        }
    }
    let params = remove_params(func, cfg, &live.values);
    cx.scratch.give(live.insts);
    cx.scratch.give(live.values);
    cx.scratch.give(live.work);
    cx.count("instructions removed", insts);
    cx.count("parameters removed", params);
    cx.count("unreachable blocks removed", unreachable);
    if unreachable > 0 { Change::Graph } else { Change::insts(insts + params > 0) }
}

/// Whether an instruction must stay even if nothing uses its results.
pub fn has_visible_effect(func: &Function, inst: Inst) -> bool {
    let visible = Effects::WRITES
        .with(Effects::TRAPS)
        .with(Effects::EXITS)
        .with(Effects::SAFEPOINT)
        .with(Effects::TERMINATES)
        .with(Effects::CALLS);
    let visible = if active(Bug::DceDropsChecks) && func.inst(inst).result_count() > 0 {
        visible.without(Effects::TRAPS)
    } else {
        visible
    };
    if active(Bug::DceDropsStores)
        && func.inst(inst).op == Op::Store
        && func.def_inst(func.arg(inst, 1)).is_some_and(|def| func.inst(def).op == Op::Iconst)
    {
        return false;
    }
    func.effects(inst).any(visible)
}

struct Marker {
    insts: Vec<bool>,
    values: Vec<bool>,
    work: Vec<Value>,
}

impl Marker {
    fn mark(func: &Function, cfg: &Cfg, scratch: &mut Scratch) -> Marker {
        let mut marker = Marker {
            insts: scratch.table(false, func.inst_capacity()),
            values: scratch.table(false, func.value_capacity()),
            work: scratch.growing(0),
        };
        for &block in cfg.rpo() {
            for inst in func.insts(block) {
                if has_visible_effect(func, inst) {
                    marker.inst(func, inst);
                }
            }
        }
        for &param in func.params(func.entry()) {
            marker.value(param);
        }
        while let Some(value) = marker.work.pop() {
            match func.value_def(value) {
                ValueDef::Result(inst, _) => marker.inst(func, inst),
                ValueDef::Param(block, position) => {
                    for pred in cfg.preds(block) {
                        let arg = func.edge_args(func.edges(pred.inst)[pred.index as usize])[position as usize];
                        if active(Bug::DceForgetsEdges) && matches!(func.value_def(arg), ValueDef::Param(..)) {
                            continue;
                        }
                        marker.value(arg);
                    }
                }
                _ => {}
            }
        }
        marker
    }

    fn value(&mut self, value: Value) {
        if !std::mem::replace(&mut self.values[value.index()], true) {
            self.work.push(value);
        }
    }

    fn inst(&mut self, func: &Function, inst: Inst) {
        if std::mem::replace(&mut self.insts[inst.index()], true) {
            return;
        }
        for &arg in func.args(inst) {
            self.value(arg);
        }
        func.for_each_frame_value(inst, |value| self.value(value));
    }
}

fn remove_params(func: &mut Function, cfg: &Cfg, live: &[bool]) -> u64 {
    let mut removed = 0;
    for &block in &cfg.rpo()[1..] {
        let dead = func.params(block).iter().filter(|param| !live[param.index()]).count() as u64;
        if dead == 0 {
            continue;
        }
        let keep: Vec<bool> = func.params(block).iter().map(|param| live[param.index()]).collect();
        for pred in cfg.preds(block) {
            func.retain_edge_args(pred.inst, pred.index as usize, |position| keep[position]);
        }
        func.retain_params(block, |position| keep[position]);
        removed += dead;
    }
    removed
}
