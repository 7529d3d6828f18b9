//! Load and store elimination.
//!
//! Forwards, over chains of blocks with one predecessor each: a small list says what some locations of memory are known to
//! hold. A load of a known location is that value; a store of what is there already goes. A store makes its location known
//! and forgets those that it may overlap ([`super::alias`]: classes, offsets, slots); a call forgets everything but slots
//! whose address does not escape.
//!
//! Backwards, in each block: a store that is overwritten before anything can see it goes. Loads that may overlap see it, and so
//! does whatever may leave the function: traps, exits, calls, safepoints. A store that may fault itself may go too: the later
//! store covers its bytes and would fault for the same reason with the same memory.
//!
//! Last, a slot that is never loaded and does not escape loses all its stores.
//!
//! The list is bounded (`memory_known`), so the cost is linear. Loads that are equal across joins of paths are the business of
//! [`super::gvn`].

use super::alias::{ClassSet, Location, Root, escaping_slots, may_change, written};
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::cfg::Cfg;
use tercel_ir::entity::Entity;
use tercel_ir::{AliasClass, Block, Effects, Function, Inst, Op, StackSlot, Type, Value};

/// What a location holds.
#[derive(Clone, Copy)]
struct Known {
    location: Location,
    class: AliasClass,
    ty: Type,
    value: Value,
}

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let cfg = &graph.cfg;
    let escapes = escaping_slots(func);
    let mut forward = Forward { escapes: &escapes, limit: cx.options.tunables.memory_known, loads: 0, stores: 0 };
    forward.run(func, cfg);
    let (loads, redundant) = (forward.loads, forward.stores);
    func.resolve_aliases();
    let dead = remove_overwritten(func, cfg, &escapes) + remove_unread_slots(func, cfg, &escapes);
    cx.count("loads forwarded", loads);
    cx.count("redundant stores", redundant);
    cx.count("dead stores", dead);
    Change::insts(loads + redundant + dead > 0)
}

struct Forward<'a> {
    escapes: &'a [bool],
    limit: usize,
    loads: u64,
    stores: u64,
}

impl Forward<'_> {
    fn run(&mut self, func: &mut Function, cfg: &Cfg) {
        // What is known at the end of a block whose successor has no other predecessor.
        let mut at_end: Vec<Option<Vec<Known>>> = vec![None; func.block_capacity()];
        let mut known: Vec<Known> = Vec::new();
        for &block in cfg.rpo() {
            known.clear();
            if let [pred] = cfg.preds(block)
                && let Some(before) = &at_end[pred.block.index()]
            {
                known.extend_from_slice(before);
            }
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                self.visit(func, inst, &mut known);
            }
            let terminator = func.terminator(block);
            let wanted = func.edges(terminator).iter().any(|edge| cfg.preds(edge.block).len() == 1);
            if wanted && !known.is_empty() {
                at_end[block.index()] = Some(known.clone());
            }
        }
    }

    fn visit(&mut self, func: &mut Function, inst: Inst, known: &mut Vec<Known>) {
        match func.inst(inst).op {
            Op::Load => self.load(func, inst, known),
            Op::Store => self.store(func, inst, known),
            _ => {
                let set = written(func, inst);
                if set != 0 && !active(Bug::MemoryForgetsCalls) {
                    known.retain(|entry| !changes(set, entry.class) || !self.is_reachable(&entry.location));
                }
            }
        }
    }

    /// Whether code outside of this function can reach a location.
    fn is_reachable(&self, location: &Location) -> bool {
        match location.root {
            Root::Slot(slot) => self.escapes[slot.index()],
            Root::Value(_) => true,
        }
    }

    fn find<'k>(&self, known: &'k [Known], location: &Location, class: AliasClass) -> Option<&'k Known> {
        known.iter().rev().find(|entry| {
            let same = if active(Bug::MemoryIgnoresOffset) {
                entry.location.root == location.root && entry.location.size == location.size
            } else {
                entry.location == *location
            };
            same && entry.class == class
        })
    }

    fn load(&mut self, func: &mut Function, inst: Inst, known: &mut Vec<Known>) {
        let location = Location::of(func, inst);
        let data = *func.inst(inst);
        let class = data.mem_flags().class();
        if let Some(entry) = self.find(known, &location, class)
            && entry.ty == data.ty
        {
            let value = entry.value;
            let result = func.result(inst);
            func.replace(result, value);
            func.remove(inst);
            self.loads += 1;
            return;
        }
        let value = func.result(inst);
        self.remember(known, Known { location, class, ty: data.ty, value });
    }

    fn store(&mut self, func: &mut Function, inst: Inst, known: &mut Vec<Known>) {
        let location = Location::of(func, inst);
        let data = *func.inst(inst);
        let class = data.mem_flags().class();
        let value = func.resolve(func.arg(inst, 1));
        if let Some(entry) = self.find(known, &location, class)
            && entry.ty == data.ty
            && func.resolve(entry.value) == value
        {
            func.remove(inst);
            self.stores += 1;
            return;
        }
        let set = written(func, inst);
        let escapes = |slot: StackSlot| self.escapes[slot.index()];
        known.retain(|entry| {
            !(changes(set, entry.class) && entry.location.may_overlap(&location, escapes))
                || active(Bug::MemoryIgnoresOffset) && entry.location.offset != location.offset
        });
        self.remember(known, Known { location, class, ty: data.ty, value });
    }

    fn remember(&self, known: &mut Vec<Known>, entry: Known) {
        if known.len() >= self.limit {
            known.remove(0);
        }
        known.push(entry);
    }
}

fn changes(set: ClassSet, class: AliasClass) -> bool {
    may_change(set, class)
}

/// Removes stores that a later store of the same block overwrites unseen.
fn remove_overwritten(func: &mut Function, cfg: &Cfg, escapes: &[bool]) -> u64 {
    let mut removed = 0;
    let mut later: Vec<(Location, AliasClass)> = Vec::new();
    for &block in cfg.rpo() {
        later.clear();
        let mut next = func.last_inst(block);
        while let Some(inst) = next {
            next = func.prev_inst(inst);
            let data = *func.inst(inst);
            let effects = func.effects(inst);
            let is_local = |location: &Location| matches!(location.root, Root::Slot(slot) if !escapes[slot.index()]);
            match data.op {
                Op::Store => {
                    let location = Location::of(func, inst);
                    let class = data.mem_flags().class();
                    if later.iter().any(|(covering, _)| covering.covers(&location)) {
                        func.remove(inst);
                        removed += 1;
                        continue;
                    }
                    // A store that may fault makes what was stored before it visible.
                    if effects.has(Effects::TRAPS) {
                        later.retain(|(location, _)| is_local(location));
                    }
                    if later.len() < 16 {
                        later.push((location, class));
                    }
                }
                Op::Load => {
                    let location = Location::of(func, inst);
                    let class = data.mem_flags().class();
                    let leaves = effects.has(Effects::TRAPS);
                    if active(Bug::MemoryDropsObserved) {
                        continue;
                    }
                    later.retain(|(stored, stored_class)| {
                        let seen = class.may_alias(*stored_class)
                            && stored.may_overlap(&location, |slot| escapes[slot.index()]);
                        !seen && (!leaves || is_local(stored))
                    });
                }
                _ if effects.exposes_memory() || effects.any(Effects::READS.with(Effects::WRITES)) => {
                    later.retain(|(location, _)| is_local(location));
                }
                _ => {}
            }
        }
    }
    removed
}

/// Removes the stores to slots that nothing reads.
fn remove_unread_slots(func: &mut Function, cfg: &Cfg, escapes: &[bool]) -> u64 {
    if escapes.iter().all(|&escapes| escapes) {
        return 0;
    }
    let mut read = escapes.to_vec();
    let mut stores: Vec<(Inst, StackSlot)> = Vec::new();
    let visit = |func: &Function, block: Block, read: &mut Vec<bool>, stores: &mut Vec<(Inst, StackSlot)>| {
        for inst in func.insts(block) {
            let op = func.inst(inst).op;
            if !matches!(op, Op::Load | Op::Store) {
                continue;
            }
            if let Root::Slot(slot) = Location::of(func, inst).root {
                match op {
                    Op::Load => read[slot.index()] = true,
                    _ => stores.push((inst, slot)),
                }
            }
        }
    };
    for &block in cfg.rpo() {
        visit(func, block, &mut read, &mut stores);
    }
    let mut removed = 0;
    for (inst, slot) in stores {
        if !read[slot.index()] && !func.effects(inst).has(Effects::TRAPS) {
            func.remove(inst);
            removed += 1;
        }
    }
    removed
}
