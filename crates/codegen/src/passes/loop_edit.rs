//! Preheaders and copies of loops.
//!
//! A *preheader* is a block outside the loop that only jumps to its header and is the only such block: a place where code
//! runs once before the loop. [`Preheaders`] finds it or makes it.
//!
//! A *copy* ([`copy_loop`]) is a second set of the loop's blocks, whose edges inside the loop lead to the copies and whose
//! edges out of the loop lead where the originals lead. Edges back to the header lead to the original header: what they
//! should be is the caller's business. Values that are used after the loop then have two definitions; [`super::ssa_repair`]
//! makes that right.

use super::analyses::Graph;
use rustc_hash::FxHashMap;
use tercel_ir::cfg::{Cfg, Pred};
use tercel_ir::entity::Entity;
use tercel_ir::loops::Loop;
use tercel_ir::{Block, Function, Inst, InstSpec, Op, Type, Value};

/// Finds or makes preheaders while a pass runs.
pub struct Preheaders<'a> {
    graph: &'a Graph,
    found: FxHashMap<u32, Block>,
    made: Vec<(Block, Block)>,
}

impl<'a> Preheaders<'a> {
    /// No preheader is known yet.
    pub fn new(graph: &'a Graph) -> Preheaders<'a> {
        Preheaders { graph, found: FxHashMap::default(), made: Vec::new() }
    }

    /// The preheader of a loop.
    pub fn of(&mut self, func: &mut Function, of: Loop) -> Block {
        if let Some(&block) = self.found.get(&(of.index() as u32)) {
            return block;
        }
        let header = self.graph.loops.header(of);
        let outside: Vec<Pred> = entering_edges(self.graph, of);
        let block = match outside[..] {
            [only] if func.inst(only.inst).op == Op::Jump => only.block,
            _ => {
                let block = split_entry(func, header, &outside);
                self.made.push((block, header));
                block
            }
        };
        self.found.insert(of.index() as u32, block);
        block
    }

    /// Puts new blocks at their place in the order. Returns how many were made.
    pub fn finish(self, func: &mut Function) -> u64 {
        place_before(func, &self.made);
        self.made.len() as u64
    }
}

/// Moves blocks from wherever they are in the order to just before others: pairs of block and place.
pub fn place_before(func: &mut Function, pairs: &[(Block, Block)]) {
    if pairs.is_empty() {
        return;
    }
    let mut before: Vec<Block> = vec![Block::NONE; func.block_capacity()];
    let mut moved = vec![false; func.block_capacity()];
    for &(block, place) in pairs {
        before[place.index()] = block;
        moved[block.index()] = true;
    }
    let mut order = Vec::with_capacity(func.blocks().len());
    for &block in func.blocks() {
        if moved[block.index()] {
            continue;
        }
        order.extend(before[block.index()].some());
        order.push(block);
    }
    func.set_layout(order);
}

/// The edges into a loop's header from outside the loop.
pub fn entering_edges(graph: &Graph, of: Loop) -> Vec<Pred> {
    let header = graph.loops.header(of);
    graph.cfg.preds(header).iter().copied().filter(|pred| !graph.loops.contains(of, pred.block)).collect()
}

/// The edges back to a loop's header.
pub fn back_edges(graph: &Graph, of: Loop) -> Vec<Pred> {
    let header = graph.loops.header(of);
    graph.cfg.preds(header).iter().copied().filter(|pred| graph.loops.contains(of, pred.block)).collect()
}

/// Sends edges into a new block that jumps to `target` with the arguments that they passed.
pub fn split_entry(func: &mut Function, target: Block, edges: &[Pred]) -> Block {
    let block = func.add_block();
    let args: Vec<Value> = match edges {
        [only] => {
            let args = func.edge_args(func.edges(only.inst)[only.index as usize]).to_vec();
            func.set_edge(only.inst, only.index as usize, block, &[]);
            args
        }
        _ => {
            for pred in edges {
                func.edges_mut(pred.inst)[pred.index as usize].block = block;
            }
            let types: Vec<Type> = func.params(target).iter().map(|&param| func.value_type(param)).collect();
            types.into_iter().map(|ty| func.add_param(block, ty)).collect()
        }
    };
    let jump = func.make_terminator(Op::Jump, &[], &[(target, &args)]);
    func.append(block, jump);
    block
}

/// Orders blocks so that new ones stand where control meets them; drops unreachable ones.
pub fn order_blocks(func: &mut Function) {
    let order = Cfg::compute(func).rpo().to_vec();
    func.set_layout(order);
}

/// The blocks of a loop in reverse postorder, inner loops included; the header is first. `None` if there are more than
/// `limit` instructions.
pub fn loop_blocks(func: &Function, graph: &Graph, of: Loop, limit: usize) -> Option<Vec<Block>> {
    let header = graph.loops.header(of);
    let mut seen = vec![header];
    let mut blocks = vec![header];
    let mut size = func.insts(header).take(limit + 1).count();
    let mut at = 0;
    while at < blocks.len() {
        let inst = func.terminator(blocks[at]);
        at += 1;
        for edge in func.edges(inst) {
            if graph.loops.contains(of, edge.block) && !seen.contains(&edge.block) {
                seen.push(edge.block);
                blocks.push(edge.block);
                size += func.insts(edge.block).take(limit + 1).count();
            }
        }
        if size > limit {
            return None;
        }
    }
    blocks.sort_by_key(|&block| graph.cfg.rpo_number(block));
    Some(blocks)
}

/// A copy of blocks.
pub struct Copy {
    /// Copies of blocks.
    pub blocks: FxHashMap<Block, Block>,
    /// Copies of the values that the blocks define.
    pub values: FxHashMap<Value, Value>,
}

impl Copy {
    /// What a value is in the copy: itself if it was not copied.
    pub fn value(&self, value: Value) -> Value {
        self.values.get(&value).copied().unwrap_or(value)
    }
}

/// Copies the blocks of a loop (`blocks[0]` is its header). Edges to the header lead to the original header.
pub fn copy_loop(func: &mut Function, blocks: &[Block]) -> Copy {
    let mut copy = Copy { blocks: FxHashMap::default(), values: FxHashMap::default() };
    for &block in blocks {
        let new = func.add_block();
        func.set_cold(new, func.is_cold(block));
        copy.blocks.insert(block, new);
        for index in 0..func.params(block).len() {
            let param = func.params(block)[index];
            let ty = func.value_type(param);
            let value = func.add_param(new, ty);
            copy.values.insert(param, value);
        }
    }
    let mut frames = FxHashMap::default();
    let mut made: Vec<Inst> = Vec::new();
    for &block in blocks {
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            let new = copy_inst(func, inst, blocks, &mut copy);
            func.append(copy.blocks[&block], new);
            made.push(new);
        }
    }
    // Operands may be defined later in the list (around inner loops), so they are mapped when all are there.
    for inst in made {
        for index in 0..func.inst(inst).arg_count() {
            let value = copy.value(func.arg(inst, index));
            func.args_mut(inst)[index] = value;
        }
        for edge in 0..func.edges(inst).len() {
            for value in func.edge_args_mut(inst, edge) {
                *value = copy.values.get(value).copied().unwrap_or(*value);
            }
        }
        if let Some(frame) = func.inst(inst).frame() {
            let new = copy_frame(func, frame, &copy, &mut frames);
            func.set_frame(inst, Some(new));
        }
    }
    copy
}

fn copy_inst(func: &mut Function, inst: Inst, blocks: &[Block], copy: &mut Copy) -> Inst {
    let data = *func.inst(inst);
    let args = func.args(inst).to_vec();
    let new = if func.edges(inst).is_empty() {
        let spec = InstSpec { frame: data.frame(), ..InstSpec::new(data.op, data.ty, &args) };
        func.make(spec.imm(data.imm).aux(data.aux))
    } else {
        let edges: Vec<(Block, Vec<Value>)> = func
            .edges(inst)
            .iter()
            .map(|&edge| {
                let inside = if edge.block == blocks[0] { None } else { copy.blocks.get(&edge.block) };
                (inside.copied().unwrap_or(edge.block), func.edge_args(edge).to_vec())
            })
            .collect();
        let list: Vec<(Block, &[Value])> = edges.iter().map(|(block, args)| (*block, &args[..])).collect();
        func.make_terminator(data.op, &args, &list)
    };
    func.set_pos(new, func.pos(inst));
    for (old, value) in func.results(inst).zip(func.results(new)) {
        copy.values.insert(old, value);
    }
    new
}

fn copy_frame(
    func: &mut Function,
    frame: tercel_ir::FrameState,
    copy: &Copy,
    frames: &mut FxHashMap<tercel_ir::FrameState, tercel_ir::FrameState>,
) -> tercel_ir::FrameState {
    // From the outermost frame inwards, so that parents are made first.
    let chain: Vec<_> = func.frame_chain(frame).collect();
    let mut parent = None;
    for &old in chain.iter().rev() {
        let new = match frames.get(&old) {
            Some(&new) => new,
            None => {
                let data = func.frames[old];
                let values: Vec<Value> = func
                    .frame_values(old)
                    .iter()
                    .map(|&value| if value.is_none() { value } else { copy.value(value) })
                    .collect();
                let changed = values != func.frame_values(old) || parent != data.parent;
                let new = if changed { func.add_frame(data.template, data.position, parent, &values) } else { old };
                frames.insert(old, new);
                new
            }
        };
        parent = Some(new);
    }
    parent.expect("a chain has a frame")
}

/// For each value, the least depth of a loop around both its definition and one of its uses; `u32::MAX` if it has no use
/// outside of its innermost loop. So a value of a loop is used after it exactly if this is below the loop's depth.
pub fn escape_depths(func: &Function, graph: &Graph) -> Vec<u32> {
    let loops = &graph.loops;
    let mut depths = vec![u32::MAX; func.value_capacity()];
    for &block in graph.cfg.rpo() {
        let around = loops.innermost(block);
        for inst in func.insts(block) {
            func.for_each_use(inst, |value| {
                let Some(mut at) = func.def_block(value).and_then(|def| loops.innermost(def)) else {
                    return;
                };
                if around == Some(at) {
                    return;
                }
                let depth = loop {
                    if around.is_some_and(|around| loops.is_inside(around, at)) {
                        break loops.depth(at);
                    }
                    match loops.parent(at) {
                        Some(parent) => at = parent,
                        None => break 0,
                    }
                };
                let least = &mut depths[value.index()];
                *least = (*least).min(depth);
            });
        }
    }
    depths
}
