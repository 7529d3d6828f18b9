//! A symbolic checker: proves, for one function, that the allocation moves every value to where it is read.
//!
//! It knows nothing of intervals. It walks the allocated code forwards with a map *place → the virtual registers whose value is
//! there*, to a fixed point over the control-flow graph:
//!
//! * a move copies the entry of its source; a parallel move reads all sources first;
//! * a use must find its register's name in the place that it was given, and the place must satisfy the constraint;
//! * a clobber empties places; a definition writes its name, alone, into its place;
//! * a safepoint removes every tagged value, and every address derived from one, from all places that the stack map does
//!   not list: the collector may have moved the object, so the place is stale;
//! * an edge renames: a place that holds an argument holds the parameter, and no longer an older value of the parameter;
//! * where paths meet, a place holds what it holds on all of them.
//!
//! * a block without the frame has nothing in memory, nor in registers that the function has to save: places there are empty
//!   and must not be named, but by moves on an edge from or to a block with the frame.
//!
//! What is left after a meet only shrinks, so the walk ends. A function is accepted if every use on every path was right;
//! this holds for all inputs, not only for those that a test would try.
//!
//! A name never outlives its value: a register is defined once (which is checked), and the first way on which the walk
//! comes to the block of its definition has not passed that block, so no place held the name there; what arrives later only
//! takes names away.
//!
//! Sets of names are numbered, each once: 0 is the empty set, `1 + v` is `{v}`, larger numbers are an index into a table. So
//! a state is an array of numbers, and most of its work is copying and comparing them.

use super::{Allocation, Env, MoveAt};
use crate::lir::*;
use rustc_hash::FxHashMap;
use std::fmt;
use tercel_ir::Type;

/// What is wrong with an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// The instruction.
    pub inst: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "register allocation: instruction {}: {}", self.inst, self.message)
    }
}

impl std::error::Error for CheckError {}

/// A numbered set of names.
type SetId = u32;
const EMPTY: SetId = 0;

/// The set of names in each place, by [`Checker::index`].
type State = Vec<SetId>;

/// Checks an allocation.
///
/// # Errors
/// The first use that does not find its value, or the first place that breaks a constraint.
pub fn check<O>(code: &Code<O>, env: &Env, allocation: &Allocation) -> Result<(), CheckError> {
    let mut moves = FxHashMap::default();
    moves.reserve(allocation.groups.len());
    let mut outgoing = Vec::new();
    for group in &allocation.groups {
        if moves.insert(group.at, allocation.moves(group)).is_some() {
            return fail(0, format!("two groups of moves at {:?}", group.at));
        }
        for step in allocation.moves(group) {
            if let Loc::Outgoing(offset) = step.to {
                outgoing.push(offset);
            }
        }
    }
    check_single_definitions(code)?;
    check_frame(code, env, allocation)?;
    outgoing.sort_unstable();
    outgoing.dedup();
    let places = PREGS + allocation.slots.len() + outgoing.len();
    let sets = Sets { registers: code.vregs.len() as u32, large: Vec::new(), numbers: FxHashMap::default() };
    let mut checker = Checker { code, env, allocation, outgoing, moves, sets, read: Vec::new() };
    let mut at_start: Vec<Option<State>> = vec![None; code.blocks.len()];
    at_start[0] = Some(vec![EMPTY; places]);
    let mut work = vec![0u32];
    let mut queued = vec![false; code.blocks.len()];
    let mut state = State::new();
    while let Some(block) = work.pop() {
        queued[block as usize] = false;
        if let Some(known) = &at_start[block as usize] {
            state.clone_from(known);
        }
        checker.block(block as usize, &mut state)?;
        for edge in code.succs(block as usize) {
            let next = checker.edge(edge, &state);
            let target = &mut at_start[edge.block as usize];
            let changed = match target {
                None => {
                    *target = Some(next);
                    true
                }
                Some(known) => checker.sets.meet(known, &next),
            };
            if changed && !std::mem::replace(&mut queued[edge.block as usize], true) {
                work.push(edge.block);
            }
        }
    }
    Ok(())
}

fn fail<T>(inst: usize, message: String) -> Result<T, CheckError> {
    Err(CheckError { inst, message })
}

fn check_single_definitions<O>(code: &Code<O>) -> Result<(), CheckError> {
    let mut defined = vec![false; code.vregs.len()];
    let mut define = |vreg: VReg, inst: usize| match std::mem::replace(&mut defined[vreg.index()], true) {
        true => fail(inst, format!("{vreg:?} is defined again")),
        false => Ok(()),
    };
    for (index, block) in code.blocks.iter().enumerate() {
        for &param in code.params(index) {
            define(param, block.start as usize)?;
        }
        for inst in block.start as usize..block.end as usize {
            for operand in code.operands(inst).iter().filter(|operand| !operand.role.is_use()) {
                define(operand.vreg, inst)?;
            }
        }
    }
    Ok(())
}

/// That blocks without the frame use nothing of it, and that there is a place for its code on every edge where it changes.
fn check_frame<O>(code: &Code<O>, env: &Env, allocation: &Allocation) -> Result<(), CheckError> {
    let framed = &allocation.frame.framed;
    if framed.len() != code.blocks.len() {
        return fail(0, "not every block is said to have the frame or not".to_string());
    }
    let in_frame = |loc: Loc| env.in_frame(loc) || matches!(loc, Loc::Outgoing(_));
    for (index, block) in code.blocks.iter().enumerate() {
        for edge in code.succs(index) {
            let target = edge.block as usize;
            let critical = code.succs(index).len() > 1 && code.preds(target).len() > 1;
            if framed[index] != framed[target] && critical {
                return fail(block.end as usize - 1, "the frame changes on a critical edge".to_string());
            }
        }
        if framed[index] {
            continue;
        }
        if block.frame {
            return fail(block.start as usize, "the block needs the frame and has none".to_string());
        }
        for inst in block.start as usize..block.end as usize {
            let data = &code.insts[inst];
            let operands = &allocation.locs[data.operands.0 as usize..data.operands.1 as usize];
            let maps = allocation.stack_maps.get(&(inst as u32)).into_iter();
            let mut mapped = maps.flat_map(|map| {
                let derived = map.derived.iter().flat_map(|pair| [pair.base, pair.derived]);
                map.tagged.iter().map(|&(loc, _)| loc).chain(derived)
            });
            let clobbers = data.clobbers.0 & env.preserved.0 != 0;
            if clobbers || operands.iter().any(|&loc| in_frame(loc)) || mapped.any(in_frame) {
                return fail(inst, "uses the frame where there is none".to_string());
            }
        }
    }
    for group in &allocation.groups {
        // Whether the moves stand where the frame already, or still, is there to write to and to read from.
        let (inst, index, writes, reads) = match group.at {
            MoveAt::BlockStart(index) => {
                let edge = matches!(*code.preds(index as usize), [source] if framed[source as usize]
                    && code.succs(source as usize).len() > 1);
                (code.blocks[index as usize].start, index as usize, false, edge)
            }
            MoveAt::BlockEnd(index) => {
                let edge = matches!(code.succs(index as usize), [only] if framed[only.block as usize]);
                (code.blocks[index as usize].end - 1, index as usize, edge, false)
            }
            MoveAt::Before(inst) | MoveAt::After(inst) => {
                (inst, code.blocks.partition_point(|block| block.end <= inst), false, false)
            }
        };
        let wrong = |step: &super::Move| !writes && in_frame(step.to) || !reads && in_frame(step.from);
        if !framed[index] && allocation.moves(group).iter().any(wrong) {
            return fail(inst as usize, format!("moves {:?} use the frame where there is none", group.at));
        }
    }
    Ok(())
}

/// The numbered sets.
struct Sets {
    /// How many virtual registers there are.
    registers: u32,
    /// Sets of two and more, sorted; number `registers + 1` is the first.
    large: Vec<Vec<VReg>>,
    numbers: FxHashMap<Vec<VReg>, SetId>,
}

impl Sets {
    fn single(vreg: VReg) -> SetId {
        vreg.0 + 1
    }

    /// The number of a set, given sorted and without repetition.
    fn number(&mut self, names: &[VReg]) -> SetId {
        match names {
            [] => EMPTY,
            &[only] => Sets::single(only),
            _ => {
                if let Some(&number) = self.numbers.get(names) {
                    return number;
                }
                let number = self.registers + 1 + self.large.len() as u32;
                self.large.push(names.to_vec());
                self.numbers.insert(names.to_vec(), number);
                number
            }
        }
    }

    fn names(&self, set: SetId) -> Vec<VReg> {
        match set {
            EMPTY => Vec::new(),
            set if set <= self.registers => vec![VReg(set - 1)],
            set => self.large[(set - self.registers - 1) as usize].clone(),
        }
    }

    fn has(&self, set: SetId, vreg: VReg) -> bool {
        if set <= self.registers {
            return set == Sets::single(vreg);
        }
        self.large[(set - self.registers - 1) as usize].binary_search(&vreg).is_ok()
    }

    /// The names of a set that pass.
    fn filter(&mut self, set: SetId, mut keep: impl FnMut(VReg) -> bool) -> SetId {
        if set == EMPTY {
            return EMPTY;
        }
        if set <= self.registers {
            return if keep(VReg(set - 1)) { set } else { EMPTY };
        }
        let mut names = self.names(set);
        names.retain(|&name| keep(name));
        self.number(&names)
    }

    /// Keeps in `known` what `other` agrees with; whether anything went.
    fn meet(&mut self, known: &mut State, other: &State) -> bool {
        let mut changed = false;
        for (mine, &theirs) in known.iter_mut().zip(other) {
            if *mine != theirs && *mine != EMPTY {
                let names = self.names(theirs);
                let both = self.filter(*mine, |name| names.binary_search(&name).is_ok());
                changed |= both != *mine;
                *mine = both;
            }
        }
        changed
    }
}

struct Checker<'a, O> {
    code: &'a Code<O>,
    env: &'a Env,
    allocation: &'a Allocation,
    /// The offsets in argument areas that moves write to, ascending.
    outgoing: Vec<u32>,
    moves: FxHashMap<MoveAt, &'a [super::Move]>,
    sets: Sets,
    /// What the sources of a parallel move hold.
    read: Vec<SetId>,
}

impl<O> Checker<'_, O> {
    /// A place's index in a state.
    fn index(&self, loc: Loc) -> Option<usize> {
        match loc {
            Loc::Reg(reg) => Some(reg.index()),
            Loc::Slot(slot) => Some(PREGS + slot.0 as usize),
            Loc::Outgoing(offset) => {
                let number = self.outgoing.binary_search(&offset).ok()?;
                Some(PREGS + self.allocation.slots.len() + number)
            }
            Loc::None | Loc::Remat => None,
        }
    }

    fn at(&self, state: &State, loc: Loc) -> SetId {
        self.index(loc).and_then(|index| state.get(index)).copied().unwrap_or(EMPTY)
    }

    fn put(&self, state: &mut State, loc: Loc, set: SetId) {
        if let Some(place) = self.index(loc).and_then(|index| state.get_mut(index)) {
            *place = set;
        }
    }

    fn block(&mut self, index: usize, state: &mut State) -> Result<(), CheckError> {
        let code = self.code;
        let block = &code.blocks[index];
        self.apply_moves(MoveAt::BlockStart(index as u32), block.start as usize, state)?;
        if !self.allocation.frame.framed[index] {
            state[PREGS..PREGS + self.allocation.slots.len()].fill(EMPTY);
            self.env.preserved.iter().for_each(|reg| state[reg.index()] = EMPTY);
        }
        for inst in block.start as usize..block.end as usize {
            self.apply_moves(MoveAt::Before(inst as u32), inst, state)?;
            if inst + 1 == block.end as usize {
                self.apply_moves(MoveAt::BlockEnd(index as u32), inst, state)?;
            }
            self.inst(inst, state)?;
            self.apply_moves(MoveAt::After(inst as u32), inst, state)?;
        }
        Ok(())
    }

    fn edge(&mut self, edge: &LEdge, state: &State) -> State {
        let code = self.code;
        let params = code.params(edge.block as usize);
        let mut next = state.clone();
        if params.is_empty() {
            return next;
        }
        for set in next.iter_mut().filter(|set| **set != EMPTY) {
            let names = self.sets.names(*set);
            let mut renamed: Vec<VReg> = names.iter().copied().filter(|name| !params.contains(name)).collect();
            for (&param, arg) in params.iter().zip(code.args(edge)) {
                if names.binary_search(arg).is_ok() {
                    renamed.push(param);
                }
            }
            renamed.sort_unstable();
            renamed.dedup();
            *set = self.sets.number(&renamed);
        }
        // Constant arguments are in no place: a parameter with such an argument must have got a place by a move, whose
        // source names the constant; `apply_moves` has done that.
        next
    }

    fn apply_moves(&mut self, at: MoveAt, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let Some(&moves) = self.moves.get(&at) else {
            return Ok(());
        };
        self.read.clear();
        for step in moves.iter() {
            let names = match step.from {
                Loc::Remat if self.code.vregs[step.vreg.index()].is_constant() => Sets::single(step.vreg),
                Loc::Remat => return fail(inst, format!("{:?} is no constant", step.vreg)),
                from => self.at(state, from),
            };
            let classes_agree = |loc: Loc| loc.reg().is_none_or(|reg| reg.class() == self.code.class(step.vreg));
            if !classes_agree(step.from) || !classes_agree(step.to) {
                return fail(inst, format!("{step:?} mixes register files"));
            }
            if step.to == Loc::Remat || step.to == Loc::None {
                return fail(inst, format!("{step:?} has no destination"));
            }
            self.read.push(names);
        }
        for (index, step) in moves.iter().enumerate() {
            if moves[..index].iter().any(|other| other.to == step.to) {
                return fail(inst, format!("two moves to {:?}", step.to));
            }
            self.put(state, step.to, self.read[index]);
        }
        Ok(())
    }

    fn holds(&self, state: &State, loc: Loc, vreg: VReg) -> bool {
        if loc == Loc::Remat {
            return self.code.vregs[vreg.index()].is_constant();
        }
        self.sets.has(self.at(state, loc), vreg)
    }

    fn inst(&mut self, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let (code, allocation) = (self.code, self.allocation);
        let operands = code.operands(inst);
        let first = code.insts[inst].operands.0 as usize;
        let loc = |index: usize| allocation.locs[first + index];
        for (index, operand) in operands.iter().enumerate() {
            self.constraint(inst, index, operand, loc(index), &loc)?;
            if operand.role.is_use() && !self.holds(state, loc(index), operand.vreg) {
                let found = self.sets.names(self.at(state, loc(index)));
                return fail(
                    inst,
                    format!("operand {index} wants {:?} in {:?}, which holds {found:?}", operand.vreg, loc(index)),
                );
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            if !matches!(operand.role, Role::EarlyDef | Role::Temp) {
                continue;
            }
            for (other, with) in operands.iter().enumerate() {
                let tied = operand.constraint == Constraint::Tied(other as u8);
                if other != index && !tied && loc(other) == loc(index) {
                    return fail(
                        inst,
                        format!("operands {index} and {other} ({:?}) share {:?}", with.vreg, loc(index)),
                    );
                }
            }
            self.put(state, loc(index), EMPTY);
        }
        let clobbers = self.code.insts[inst].clobbers;
        for reg in clobbers.iter() {
            self.put(state, Loc::Reg(reg), EMPTY);
        }
        for (index, operand) in operands.iter().enumerate() {
            let lost = operand.role == Role::LateUse && !self.holds(state, loc(index), operand.vreg);
            if lost {
                return fail(inst, format!("late operand {index} ({:?}) is overwritten", operand.vreg));
            }
        }
        if self.code.insts[inst].safepoint {
            self.safepoint(inst, state)?;
        }
        for (index, operand) in operands.iter().enumerate() {
            if matches!(operand.role, Role::Def | Role::EarlyDef) {
                let place = loc(index);
                let late_shares = operands.iter().enumerate().any(|(other, with)| {
                    other != index && loc(other) == place && matches!(with.role, Role::LateUse | Role::Def)
                });
                if late_shares {
                    return fail(inst, format!("result {index} shares {place:?}"));
                }
                self.put(state, place, Sets::single(operand.vreg));
            }
        }
        Ok(())
    }

    fn constraint(
        &self,
        inst: usize,
        index: usize,
        operand: &Operand,
        loc: Loc,
        loc_of: &dyn Fn(usize) -> Loc,
    ) -> Result<(), CheckError> {
        let class_ok = loc.reg().is_none_or(|reg| reg.class() == self.code.class(operand.vreg));
        let ok = match operand.constraint {
            Constraint::Reg | Constraint::TiedUse => loc.reg().is_some(),
            Constraint::RegMem | Constraint::Any => loc != Loc::None,
            Constraint::Fixed(reg) => loc == Loc::Reg(reg),
            Constraint::Tied(with) => loc.reg().is_some() && loc == loc_of(with as usize),
            Constraint::Outgoing(place) => loc == Loc::Outgoing(place.offset()),
        };
        if !ok || !class_ok {
            return fail(inst, format!("operand {index} is {operand:?} and was given {loc:?}"));
        }
        Ok(())
    }

    fn safepoint(&mut self, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let (code, allocation) = (self.code, self.allocation);
        let Some(map) = allocation.stack_maps.get(&(inst as u32)) else {
            return fail(inst, "the safepoint has no stack map".to_string());
        };
        let is_tagged = |vreg: VReg| code.vregs[vreg.index()].ty == Type::TAGGED;
        for &(loc, vreg) in &map.tagged {
            if !is_tagged(vreg) || !self.holds(state, loc, vreg) {
                return fail(inst, format!("the stack map lists {vreg:?} in {loc:?}"));
            }
        }
        for pair in &map.derived {
            let base = code.vregs[pair.derived_vreg.index()].base();
            let listed = map.tagged.iter().any(|&(loc, vreg)| loc == pair.base && Some(vreg) == base);
            if !listed || !self.holds(state, pair.derived, pair.derived_vreg) {
                return fail(inst, format!("the stack map derives {:?}", pair.derived_vreg));
            }
        }
        let mut listed = vec![[false; 2]; state.len()];
        for (loc, kind) in
            map.tagged.iter().map(|&(loc, _)| (loc, 0)).chain(map.derived.iter().map(|pair| (pair.derived, 1)))
        {
            if let Some(place) = self.index(loc) {
                listed[place][kind] = true;
            }
        }
        for (set, [tagged, derived]) in state.iter_mut().zip(listed) {
            *set = self.sets.filter(*set, |name| {
                let data = &code.vregs[name.index()];
                match data.ty == Type::TAGGED && !data.is_constant() {
                    true => tagged,
                    false => derived || data.base().is_none(),
                }
            });
        }
        Ok(())
    }
}
