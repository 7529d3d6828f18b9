//! If-conversion: a branch around a few cheap instructions becomes straight code with selects.
//!
//! Two shapes: a diamond (both arms jump to one block) and a triangle (one arm, the other edge leads there directly). Arms must
//! have the branch as their only predecessor and hold only pure instructions, few of them: both arms are then executed. Few
//! selects, too, and only of integers, pointers and tagged values, for which there are conditional moves.
//!
//! When it loses: a well-predicted branch that skips work, or one that breaks a dependency. So the limits are low; a block
//! marked cold is never executed for the sake of a branch.

use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::cfg::Cfg;
use tercel_ir::entity::Entity;
use tercel_ir::ops::Effects;
use tercel_ir::{Block, Function, Inst, InstSpec, Op, Type, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let cfg = &graph.cfg;
    let mut converter = Converter {
        size: cx.options.tunables.if_convert_size,
        selects: cx.options.tunables.if_convert_selects,
        made: 0,
        gone: vec![false; func.block_capacity()],
    };
    let mut converted = 0;
    // Inner branches first: an arm may become straight code before its outer branch is looked at.
    for &block in cfg.rpo().iter().rev() {
        if !converter.gone[block.index()] && converter.convert(func, cfg, block) {
            converted += 1;
        }
    }
    if converted > 0 {
        let layout = func.blocks().iter().copied().filter(|block| !converter.gone[block.index()]).collect();
        func.set_layout(layout);
    }
    cx.count("branches converted", converted);
    cx.count("selects made", converter.made);
    Change::graph(converted > 0)
}

struct Converter {
    size: usize,
    selects: usize,
    made: u64,
    gone: Vec<bool>,
}

impl Converter {
    fn convert(&mut self, func: &mut Function, cfg: &Cfg, block: Block) -> bool {
        let branch = func.terminator(block);
        if func.inst(branch).op != Op::Branch {
            return false;
        }
        let targets = [0, 1].map(|edge| func.edges(branch)[edge].block);
        if targets[0] == targets[1] {
            return false;
        }
        let arms = targets.map(|target| self.is_arm(func, cfg, block, target));
        let join_of = |arm: Block| func.edges(func.terminator(arm))[0].block;
        let shape = match arms {
            [true, true] if join_of(targets[0]) == join_of(targets[1]) => [Some(targets[0]), Some(targets[1])],
            [true, _] if join_of(targets[0]) == targets[1] => [Some(targets[0]), None],
            [_, true] if join_of(targets[1]) == targets[0] => [None, Some(targets[1])],
            _ => return false,
        };
        let join = match shape {
            [Some(arm), _] | [_, Some(arm)] => join_of(arm),
            _ => return false,
        };
        let args = [0, 1].map(|side| match shape[side] {
            Some(arm) => func.edge_args(func.edges(func.terminator(arm))[0]).to_vec(),
            None => func.edge_args(func.edges(branch)[side]).to_vec(),
        });
        let differing: Vec<usize> = (0..args[0].len()).filter(|&index| args[0][index] != args[1][index]).collect();
        let has_move = |&index: &usize| {
            let ty: Type = func.value_type(args[0][index]);
            ty.is_general()
        };
        if differing.len() > self.selects || !differing.iter().all(has_move) || join == block {
            return false;
        }
        self.rewrite(func, block, branch, shape, join, args, &differing);
        true
    }

    /// Whether a target of a branch holds only what may be executed in any case.
    fn is_arm(&self, func: &Function, cfg: &Cfg, block: Block, target: Block) -> bool {
        let preds = cfg.preds(target);
        let single = preds.len() == 1;
        if !single || target == block || !func.params(target).is_empty() || func.is_cold(target) {
            return false;
        }
        let end = func.terminator(target);
        if func.inst(end).op != Op::Jump {
            return false;
        }
        let most = 3 * self.size + 2;
        let mut count = 0;
        for (number, inst) in func.insts(target).enumerate() {
            if number > most || count > self.size {
                return false;
            }
            let effects = func.effects(inst);
            let stores = active(Bug::IfConvertRunsStores) && func.inst(inst).op == Op::Store;
            if inst != end && !(effects.is_pure() || stores) || func.inst(inst).op == Op::Call {
                return false;
            }
            count += (inst != end && !effects.has(Effects::CONSTANT)) as usize;
        }
        count <= self.size
    }

    #[allow(clippy::too_many_arguments)]
    fn rewrite(
        &mut self,
        func: &mut Function,
        block: Block,
        branch: Inst,
        shape: [Option<Block>; 2],
        join: Block,
        args: [Vec<Value>; 2],
        differing: &[usize],
    ) {
        let condition = func.arg(branch, 0);
        func.remove(branch);
        for arm in shape.into_iter().flatten() {
            let end = func.terminator(arm);
            func.remove(end);
            func.splice(arm, block);
            self.gone[arm.index()] = true;
        }
        let [mut joined, otherwise] = args;
        let count = if active(Bug::IfConvertOneSelect) { 1 } else { differing.len() };
        for &index in differing.iter().take(count) {
            let (mut then, mut other) = (joined[index], otherwise[index]);
            if active(Bug::IfConvertSwapsArms) {
                std::mem::swap(&mut then, &mut other);
            }
            let ty = func.value_type(then);
            let select = func.make(InstSpec::new(Op::Select, ty, &[condition, then, other]));
            func.append(block, select);
            joined[index] = func.result(select);
            self.made += 1;
        }
        let jump = func.make_terminator(Op::Jump, &[], &[(join, &joined)]);
        func.append(block, jump);
    }
}
