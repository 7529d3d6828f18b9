//! Memory: which accesses may overlap, and versions of memory.
//!
//! Two facts tell accesses apart. *Classes*: a load or store names an [`AliasClass`]; two different classes never overlap,
//! class `ANY` overlaps with all, calls that write may write everything. *Addresses*: two accesses at constant offsets from
//! one base overlap exactly if their byte ranges do; a stack slot whose address does not escape overlaps with nothing but
//! itself.
//!
//! A *version* names the state of one class of memory: two loads of a class with equal versions and addresses read the same
//! bytes. Versions are computed forwards over the blocks: a write gives its class (and `ANY`) a version named after the
//! instruction; where paths with different versions meet, the block gives one; at the header of a loop, classes that the
//! loop does not write keep the version from outside.

use super::analyses::Graph;
use tercel_ir::entity::{Entity, Secondary};
use tercel_ir::{AliasClass, Block, Effects, Function, Inst, Op, Scratch, StackSlot, Value};

/// A set of classes, as bits; the lowest is `ANY`.
pub type ClassSet = u64;

/// The classes that an instruction writes: none, one, or all. A safepoint writes [`AliasClass::MOVING`].
pub fn written(func: &Function, inst: Inst) -> ClassSet {
    let data = func.inst(inst);
    if data.op == Op::Store {
        let class = data.mem_flags().class();
        return if class == AliasClass::ANY { ClassSet::MAX } else { 1 << class.number() };
    }
    let effects = func.effects(inst);
    if effects.has(Effects::WRITES) {
        ClassSet::MAX
    } else if effects.has(Effects::SAFEPOINT) {
        1 << AliasClass::MOVING.number()
    } else {
        0
    }
}

/// Whether a write of `set` may change what a load of `class` reads.
pub fn may_change(set: ClassSet, class: AliasClass) -> bool {
    if class == AliasClass::ANY { set != 0 } else { set >> class.number() & 1 == 1 }
}

/// The classes that each loop writes, inner loops included. Index by loop.
pub fn loop_writes(func: &Function, graph: &Graph) -> Vec<ClassSet> {
    let mut sets = vec![0; graph.loops.len()];
    for &block in graph.cfg.rpo() {
        if let Some(around) = graph.loops.innermost(block) {
            for inst in func.insts(block) {
                sets[around.index()] |= written(func, inst);
            }
        }
    }
    add_inner(graph, &mut sets);
    sets
}

/// Adds what inner loops write to the loops around.
fn add_inner(graph: &Graph, sets: &mut [ClassSet]) {
    for inner in graph.loops.iter().rev() {
        if let Some(outer) = graph.loops.parent(inner) {
            sets[outer.index()] |= sets[inner.index()];
        }
    }
}

/// The version of each class at one point.
#[derive(Clone, Debug)]
pub struct State {
    versions: Vec<u32>,
}

/// Versions at the entry of each block.
pub struct Versions {
    /// For each class number its place among the classes in use.
    place: [u8; AliasClass::COUNT],
    /// How many places there are; place 0 is `ANY`.
    places: usize,
    entry: Vec<u32>,
    insts: usize,
}

/// Versions made by blocks have this bit; those made by instructions do not.
const BY_BLOCK: u32 = 1 << 31;

impl Versions {
    /// Computes the versions.
    pub fn compute(func: &Function, graph: &Graph, scratch: &mut Scratch) -> Versions {
        let mut place = [0; AliasClass::COUNT];
        let (mut places, mut insts) = (1, 0);
        let mut writes = scratch.table(0, graph.loops.len());
        for &block in graph.cfg.rpo() {
            let around = graph.loops.innermost(block);
            for inst in func.insts(block) {
                insts += 1;
                if let Some(around) = around {
                    writes[around.index()] |= written(func, inst);
                }
                let data = func.inst(inst);
                if matches!(data.op, Op::Load | Op::Store) {
                    let number = data.mem_flags().class().number();
                    if number != 0 && place[number] == 0 {
                        place[number] = places as u8;
                        places += 1;
                    }
                }
            }
        }
        let entry = scratch.table(0, func.block_capacity() * places);
        add_inner(graph, &mut writes);
        let mut versions = Versions { place, places, entry, insts };
        versions.solve(func, graph, &writes, scratch);
        scratch.give(writes);
        versions
    }

    /// How many instructions the reachable blocks have.
    pub fn inst_count(&self) -> usize {
        self.insts
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        scratch.give(self.entry);
    }

    fn solve(&mut self, func: &Function, graph: &Graph, writes: &[ClassSet], scratch: &mut Scratch) {
        let mut class_of = vec![AliasClass::ANY; self.places];
        for number in 1..AliasClass::COUNT {
            if self.place[number] != 0 {
                class_of[self.place[number] as usize] = AliasClass::new(number as u8);
            }
        }
        let mut exits: Vec<u32> = scratch.table(0, self.entry.len());
        let mut state = State { versions: vec![0; self.places] };
        for (number, &block) in graph.cfg.rpo().iter().enumerate() {
            let at = block.index() * self.places;
            if number > 0 {
                let own = graph.loops.innermost(block).filter(|&around| graph.loops.header(around) == block);
                for (place, &class) in class_of.iter().enumerate() {
                    let mut version = None;
                    let mut same = true;
                    for pred in graph.cfg.preds(block) {
                        let before = graph.cfg.rpo_number(pred.block).is_some_and(|pred| (pred as usize) < number);
                        if before {
                            let found = exits[pred.block.index() * self.places + place];
                            same &= *version.get_or_insert(found) == found;
                        } else {
                            // A back edge, of this block's loop or of a cycle with several entries.
                            same &= own.is_some_and(|own| {
                                graph.loops.contains(own, pred.block) && !may_change(writes[own.index()], class)
                            });
                        }
                    }
                    self.entry[at + place] = version.filter(|_| same).unwrap_or(BY_BLOCK | block.as_u32());
                }
            }
            state.versions.copy_from_slice(&self.entry[at..at + self.places]);
            for inst in func.insts(block) {
                self.advance(func, inst, &mut state);
            }
            exits[at..at + self.places].copy_from_slice(&state.versions);
        }
        scratch.give(exits);
    }

    /// The state at the beginning of a reachable block.
    pub fn at_entry(&self, block: Block) -> State {
        let at = block.index() * self.places;
        State { versions: self.entry[at..at + self.places].to_vec() }
    }

    /// Copies the state at the beginning of a reachable block.
    pub fn enter(&self, block: Block, state: &mut State) {
        let at = block.index() * self.places;
        state.versions.copy_from_slice(&self.entry[at..at + self.places]);
    }

    /// Takes an instruction's writes into account.
    #[inline]
    pub fn advance(&self, func: &Function, inst: Inst, state: &mut State) {
        let set = written(func, inst);
        if set == 0 {
            return;
        }
        let version = inst.as_u32() + 1;
        if set == ClassSet::MAX {
            state.versions.fill(version);
        } else {
            state.versions[0] = version;
            state.versions[self.place[set.trailing_zeros() as usize] as usize] = version;
        }
    }

    /// The version that a load of a class reads.
    pub fn version(&self, state: &State, class: AliasClass) -> u32 {
        state.versions[self.place[class.number()] as usize]
    }
}

/// An address as root and constant offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// What the address is based on.
    pub root: Root,
    /// Distance in bytes.
    pub offset: i64,
    /// How many bytes are accessed.
    pub size: u32,
}

/// What an address is based on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    /// A value.
    Value(Value),
    /// A stack slot.
    Slot(StackSlot),
}

impl Location {
    /// The location that a load or store accesses.
    pub fn of(func: &Function, inst: Inst) -> Location {
        let data = func.inst(inst);
        let mut offset = data.offset() as i64;
        let mut base = func.resolve(func.arg(inst, 0));
        // `fold` leaves at most one addition; the bound keeps this linear without it.
        for _ in 0..8 {
            let Some(def) = func.def_inst(base).filter(|&def| func.inst(def).op == Op::PtrAdd) else {
                break;
            };
            offset += func.inst(def).offset() as i64;
            base = func.resolve(func.arg(def, 0));
        }
        let slot = func.def_inst(base).filter(|&def| func.inst(def).op == Op::SlotAddr);
        let root = slot.map_or(Root::Value(base), |def| Root::Slot(func.inst(def).slot()));
        Location { root, offset, size: data.ty.bytes() }
    }

    /// Whether all bytes of `other` are among these.
    pub fn covers(&self, other: &Location) -> bool {
        self.root == other.root
            && self.offset <= other.offset
            && other.offset + other.size as i64 <= self.offset + self.size as i64
    }

    /// Whether some byte may be in both. `escapes` tells of a slot whether other addresses may point into it.
    pub fn may_overlap(&self, other: &Location, escapes: impl Fn(StackSlot) -> bool) -> bool {
        match (self.root, other.root) {
            (a, b) if a == b => {
                self.offset < other.offset + other.size as i64 && other.offset < self.offset + self.size as i64
            }
            (Root::Slot(_), Root::Slot(_)) => false,
            (Root::Slot(slot), Root::Value(_)) | (Root::Value(_), Root::Slot(slot)) => escapes(slot),
            _ => true,
        }
    }
}

/// For each slot, whether its address is used other than to load from it and store to it at constant offsets.
pub fn escaping_slots(func: &Function) -> Vec<bool> {
    let mut escapes = vec![false; func.slots.len()];
    if escapes.is_empty() {
        return escapes;
    }
    let mut slot_of: Secondary<Value, StackSlot> = Secondary::with_default(StackSlot::NONE, 0);
    // Additions come after what they add to in each block, and dominate their uses; repeat for odd block orders.
    loop {
        let mut changed = false;
        for &block in func.blocks() {
            for inst in func.insts(block) {
                let data = func.inst(inst);
                let slot = match data.op {
                    Op::SlotAddr => data.slot(),
                    Op::PtrAdd => slot_of[func.arg(inst, 0)],
                    _ => continue,
                };
                let result = func.result(inst);
                if slot_of[result] != slot {
                    slot_of[result] = slot;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    for &block in func.blocks() {
        for inst in func.insts(block) {
            let op = func.inst(inst).op;
            let as_address = matches!(op, Op::Load | Op::Store | Op::PtrAdd);
            let mut position = 0;
            func.for_each_use(inst, |value| {
                let slot = slot_of[value];
                let is_address = as_address && position == 0;
                if !slot.is_none() && !is_address {
                    escapes[slot.index()] = true;
                }
                position += 1;
            });
        }
    }
    escapes
}
