//! Loop peeling: the first iteration becomes straight code in front of the loop.
//!
//! Why: a check or load whose operands do not change in the loop gives in every iteration what it gave in the first. If it may
//! trap or exit, code motion must not move it in front of the loop, where it might be executed although the loop would not
//! have got to it. In a peeled iteration it stands at its own place and dominates the rest of the loop, and value numbering
//! removes the one inside. So loops are peeled that have such an instruction in a block that every iteration passes, are
//! innermost and small. (LuaJIT peels every loop for this reason: see its `lj_opt_loop.c`; a method compiler has other
//! loops to think of, and must choose.)
//!
//! Code size: `peel_size` bounds a loop, `peel_growth_percent` the function.

use super::alias::{loop_writes, may_change};
use super::analyses::Graph;
use super::loop_edit::{copy_loop, entering_edges, escape_depths, loop_blocks};
use super::ssa_repair::Repair;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use rustc_hash::FxHashMap;
use tercel_ir::entity::Entity;
use tercel_ir::loops::Loop;
use tercel_ir::ops::Effects;
use tercel_ir::verifier::derived_base;
use tercel_ir::{Block, Function, Inst, Op, Type, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    if graph.loops.is_empty() {
        return Change::None;
    }
    let tunables = &cx.options.tunables;
    let writes = loop_writes(func, &graph);
    let escapes = escape_depths(func, &graph);
    let mut room = tunables.peel_room + func.inst_count() * tunables.peel_growth_percent / 100;
    let mut plans: Vec<(Loop, Vec<Block>)> = Vec::new();
    let mut refused = 0;
    for this in innermost_loops(&graph) {
        let Some(blocks) = loop_blocks(func, &graph, this, tunables.peel_size) else {
            refused += 1;
            continue;
        };
        if !blocks.iter().any(|&block| gains(func, &graph, this, block, writes[this.index()])) {
            continue;
        }
        let size: usize = blocks.iter().map(|&block| func.insts(block).count()).sum();
        if size > room {
            refused += 1;
            continue;
        }
        room -= size;
        plans.push((this, blocks));
    }
    cx.count("refused: too large", refused);
    cx.count("loops peeled", plans.len() as u64);
    if plans.is_empty() {
        return Change::None;
    }
    let mut copies = Copies::new(&graph);
    for (this, blocks) in plans {
        peel(func, &graph, this, &blocks, &escapes, &mut copies);
    }
    copies.repair(func);
    Change::Graph
}

/// The loops without loops inside.
pub fn innermost_loops(graph: &Graph) -> Vec<Loop> {
    let mut is_parent = vec![false; graph.loops.len()];
    for this in graph.loops.iter() {
        if let Some(parent) = graph.loops.parent(this) {
            is_parent[parent.index()] = true;
        }
    }
    graph.loops.iter().filter(|this| !is_parent[this.index()]).collect()
}

/// Whether a block, in every iteration, repeats something that only its first execution is needed for.
fn gains(func: &Function, graph: &Graph, this: Loop, block: Block, writes: u64) -> bool {
    let header = graph.loops.header(this);
    let mut back = graph.cfg.preds(header).iter().filter(|pred| graph.loops.contains(this, pred.block));
    if !back.all(|pred| graph.dominators.dominates(block, pred.block)) {
        return false;
    }
    func.insts(block).any(|inst| repeats(func, graph, this, inst, writes))
}

fn repeats(func: &Function, graph: &Graph, this: Loop, inst: Inst, writes: u64) -> bool {
    let effects = func.effects(inst);
    let blocked = Effects::WRITES.with(Effects::SAFEPOINT).with(Effects::TERMINATES).with(Effects::CALLS);
    if effects.any(blocked) || !effects.any(Effects::TRAPS.with(Effects::EXITS)) {
        return false;
    }
    if effects.has(Effects::READS) {
        let class = match func.inst(inst).op {
            Op::Load => func.inst(inst).mem_flags().class(),
            _ => tercel_ir::AliasClass::ANY,
        };
        if may_change(writes, class) {
            return false;
        }
    }
    func.args(inst).iter().all(|&arg| func.def_block(arg).is_some_and(|block| !graph.loops.contains(this, block)))
}

fn peel(func: &mut Function, graph: &Graph, this: Loop, blocks: &[Block], escapes: &[u32], copies: &mut Copies) {
    let copy = copies.copy(func, this, blocks, escapes);
    let header = blocks[0];
    for pred in entering_edges(graph, this) {
        func.edges_mut(pred.inst)[pred.index as usize].block = copy.blocks[&header];
        if active(Bug::PeelEntersEarly) {
            let args = func.edge_args(func.edges(pred.inst)[pred.index as usize]).to_vec();
            reuse_initial(func, &copy.blocks, header, &args);
        }
    }
    if active(Bug::PeelSkipsTest) {
        let end = func.terminator(copy.blocks[&header]);
        if func.inst(end).op == Op::Branch {
            func.become_jump(end, 0);
        }
    }
}

/// The fault `PeelEntersEarly`: the loop proper starts from where the peeled iteration started.
fn reuse_initial(func: &mut Function, copies: &FxHashMap<Block, Block>, header: Block, args: &[Value]) {
    for &block in copies.values() {
        let inst = func.terminator(block);
        for edge in 0..func.edges(inst).len() {
            if func.edges(inst)[edge].block == header {
                func.set_edge(inst, edge, header, args);
            }
        }
    }
}

/// Whether an address computed in the loop from a `tagged` base is used after it. Copying the loop would make it a block
/// parameter, and then its base is not known any more.
pub fn passes_derived_pointer_on(
    func: &Function,
    graph: &Graph,
    this: Loop,
    blocks: &[Block],
    escapes: &[u32],
) -> bool {
    let depth = graph.loops.depth(this);
    let mut values = blocks.iter().flat_map(|&block| func.insts(block)).flat_map(|inst| func.results(inst));
    values.any(|value| {
        escapes[value.index()] < depth && func.value_type(value) == Type::PTR && derived_base(func, value).is_some()
    })
}

/// Copies of loops that one pass makes, and what they ask of [`Repair`].
pub struct Copies<'a> {
    graph: &'a Graph,
    repair: Repair,
    /// For each block made here, the loop that it is a copy of.
    owner: FxHashMap<Block, Loop>,
    /// The loop whose values need repair.
    of_value: FxHashMap<Value, Loop>,
}

impl<'a> Copies<'a> {
    /// No copy yet.
    pub fn new(graph: &'a Graph) -> Copies<'a> {
        Copies { graph, repair: Repair::default(), owner: FxHashMap::default(), of_value: FxHashMap::default() }
    }

    /// Copies a loop once.
    pub fn copy(
        &mut self,
        func: &mut Function,
        this: Loop,
        blocks: &[Block],
        escapes: &[u32],
    ) -> super::loop_edit::Copy {
        let copy = copy_loop(func, blocks);
        let depth = self.graph.loops.depth(this);
        for &block in blocks {
            self.owner.insert(copy.blocks[&block], this);
            if active(Bug::PeelForgetsExits) {
                continue;
            }
            let defined: Vec<Value> = func
                .params(block)
                .iter()
                .copied()
                .chain(func.insts(block).flat_map(|inst| func.results(inst)))
                .filter(|value| escapes.get(value.index()).is_some_and(|&least| least < depth))
                .collect();
            for value in defined {
                let variable = self.repair.add(value, block);
                self.repair.also(variable, copy.value(value), copy.blocks[&block]);
                self.of_value.insert(value, this);
            }
        }
        copy
    }

    /// Makes the function right again: single assignment, order of blocks.
    pub fn repair(self, func: &mut Function) {
        let Copies { graph, repair, owner, of_value } = self;
        repair.run(func, |value, block| {
            let of = of_value[&value];
            match owner.get(&block) {
                Some(&owner) => owner == of,
                None => graph.loops.contains(of, block),
            }
        });
    }
}
