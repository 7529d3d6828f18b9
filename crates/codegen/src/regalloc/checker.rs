//! A symbolic checker: proves, for one function, that the allocation moves every value to where it is read.
//!
//! It knows nothing of intervals. It walks the allocated code forwards with a map *place → the virtual registers whose value is
//! there*, to a fixed point over the control-flow graph:
//!
//! * a move copies the entry of its source; a parallel move reads all sources first;
//! * a use must find its register's name in the place that it was given, and the place must satisfy the constraint;
//! * a clobber empties places; a definition removes the name from all places (an older value of a loop's last round) and
//!   writes it into its own;
//! * a safepoint removes every tagged value, and every address derived from one, from all places that the stack map does
//!   not list: the collector may have moved the object, so the place is stale;
//! * an edge renames: a place that holds an argument holds the parameter;
//! * where paths meet, a place holds what it holds on all of them.
//!
//! What is left after a meet only shrinks, so the walk ends. A function is accepted if every use on every path was right;
//! this holds for all inputs, not only for those that a test would try.

use super::{Allocation, MoveAt};
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

/// Names in a place, sorted.
type Names = Vec<VReg>;
type State = FxHashMap<Loc, Names>;

/// Checks an allocation.
///
/// # Errors
/// The first use that does not find its value, or the first place that breaks a constraint.
pub fn check<O>(code: &Code<O>, allocation: &Allocation) -> Result<(), CheckError> {
    let mut checker = Checker { code, allocation, moves: FxHashMap::default() };
    for group in &allocation.moves {
        let previous = checker.moves.insert(group.at, &group.moves);
        if previous.is_some() {
            return checker.fail(0, format!("two groups of moves at {:?}", group.at));
        }
    }
    let mut at_start: Vec<Option<State>> = vec![None; code.blocks.len()];
    at_start[0] = Some(State::default());
    let mut work = vec![0u32];
    let mut queued = vec![false; code.blocks.len()];
    while let Some(block) = work.pop() {
        queued[block as usize] = false;
        let mut state = at_start[block as usize].clone().unwrap_or_default();
        checker.block(block as usize, &mut state)?;
        for edge in &code.blocks[block as usize].succs {
            let next = checker.edge(edge, &state);
            let target = &mut at_start[edge.block as usize];
            let changed = match target {
                None => {
                    *target = Some(next);
                    true
                }
                Some(known) => meet(known, &next),
            };
            if changed && !std::mem::replace(&mut queued[edge.block as usize], true) {
                work.push(edge.block);
            }
        }
    }
    Ok(())
}

/// Keeps in `known` what `other` agrees with; whether anything went.
fn meet(known: &mut State, other: &State) -> bool {
    let mut changed = false;
    known.retain(|loc, names| {
        let before = names.len();
        match other.get(loc) {
            Some(others) => names.retain(|name| others.binary_search(name).is_ok()),
            None => names.clear(),
        }
        changed |= names.len() != before;
        !names.is_empty()
    });
    changed
}

struct Checker<'a, O> {
    code: &'a Code<O>,
    allocation: &'a Allocation,
    moves: FxHashMap<MoveAt, &'a Vec<super::Move>>,
}

impl<O> Checker<'_, O> {
    fn fail<T>(&self, inst: usize, message: String) -> Result<T, CheckError> {
        Err(CheckError { inst, message })
    }

    fn block(&self, index: usize, state: &mut State) -> Result<(), CheckError> {
        let block = &self.code.blocks[index];
        self.apply_moves(MoveAt::BlockStart(index as u32), block.start as usize, state)?;
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

    fn edge(&self, edge: &LEdge, state: &State) -> State {
        let params = &self.code.blocks[edge.block as usize].params;
        let mut next = State::default();
        for (&loc, names) in state {
            let mut renamed: Names = names.iter().copied().filter(|name| !params.contains(name)).collect();
            for (&param, arg) in params.iter().zip(&edge.args) {
                if names.binary_search(arg).is_ok() {
                    renamed.push(param);
                }
            }
            renamed.sort();
            renamed.dedup();
            if !renamed.is_empty() {
                next.insert(loc, renamed);
            }
        }
        // Constant arguments are in no place: a parameter with such an argument must have got a place by a move, whose
        // source names the constant; `apply_moves` has done that.
        next
    }

    fn apply_moves(&self, at: MoveAt, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let Some(moves) = self.moves.get(&at) else {
            return Ok(());
        };
        let mut read = Vec::with_capacity(moves.len());
        for step in moves.iter() {
            let names = match step.from {
                Loc::Remat if self.code.vregs[step.vreg.index()].remat.is_some() => vec![step.vreg],
                Loc::Remat => return self.fail(inst, format!("{:?} is no constant", step.vreg)),
                from => state.get(&from).cloned().unwrap_or_default(),
            };
            let classes_agree = |loc: Loc| loc.reg().is_none_or(|reg| reg.class() == self.code.class(step.vreg));
            if !classes_agree(step.from) || !classes_agree(step.to) {
                return self.fail(inst, format!("{step:?} mixes register files"));
            }
            if step.to == Loc::Remat || step.to == Loc::None {
                return self.fail(inst, format!("{step:?} has no destination"));
            }
            read.push(names);
        }
        for (index, step) in moves.iter().enumerate() {
            if moves[..index].iter().any(|other| other.to == step.to) {
                return self.fail(inst, format!("two moves to {:?}", step.to));
            }
            state.insert(step.to, std::mem::take(&mut read[index]));
        }
        Ok(())
    }

    fn holds(&self, state: &State, loc: Loc, vreg: VReg) -> bool {
        if loc == Loc::Remat {
            return self.code.vregs[vreg.index()].remat.is_some();
        }
        state.get(&loc).is_some_and(|names| names.binary_search(&vreg).is_ok())
    }

    fn inst(&self, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let operands = self.code.operands(inst);
        let first = self.code.insts[inst].operands.0 as usize;
        let loc = |index: usize| self.allocation.locs[first + index];
        for (index, operand) in operands.iter().enumerate() {
            self.constraint(inst, index, operand, loc(index), &loc)?;
            if operand.role.is_use() && !self.holds(state, loc(index), operand.vreg) {
                let found = state.get(&loc(index)).cloned().unwrap_or_default();
                return self.fail(
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
                    return self
                        .fail(inst, format!("operands {index} and {other} ({:?}) share {:?}", with.vreg, loc(index)));
                }
            }
            state.remove(&loc(index));
        }
        let clobbers = self.code.insts[inst].clobbers;
        for reg in clobbers.iter() {
            state.remove(&Loc::Reg(reg));
        }
        for (index, operand) in operands.iter().enumerate() {
            let lost = operand.role == Role::LateUse && !self.holds(state, loc(index), operand.vreg);
            if lost {
                return self.fail(inst, format!("late operand {index} ({:?}) is overwritten", operand.vreg));
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
                    return self.fail(inst, format!("result {index} shares {place:?}"));
                }
                for names in state.values_mut() {
                    names.retain(|&name| name != operand.vreg);
                }
                state.insert(place, vec![operand.vreg]);
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
            Constraint::Outgoing(offset) => loc == Loc::Outgoing(offset),
        };
        if !ok || !class_ok {
            return self.fail(inst, format!("operand {index} is {operand:?} and was given {loc:?}"));
        }
        Ok(())
    }

    fn safepoint(&self, inst: usize, state: &mut State) -> Result<(), CheckError> {
        let Some(map) = self.allocation.stack_maps.get(&(inst as u32)) else {
            return self.fail(inst, "the safepoint has no stack map".to_string());
        };
        let is_tagged = |vreg: VReg| self.code.vregs[vreg.index()].ty == Type::TAGGED;
        for &(loc, vreg) in &map.tagged {
            if !is_tagged(vreg) || !self.holds(state, loc, vreg) {
                return self.fail(inst, format!("the stack map lists {vreg:?} in {loc:?}"));
            }
        }
        for pair in &map.derived {
            let base = self.code.vregs[pair.derived_vreg.index()].base;
            let listed = map.tagged.iter().any(|&(loc, vreg)| loc == pair.base && Some(vreg) == base);
            if !listed || !self.holds(state, pair.derived, pair.derived_vreg) {
                return self.fail(inst, format!("the stack map derives {:?}", pair.derived_vreg));
            }
        }
        for (loc, names) in state.iter_mut() {
            names.retain(|&name| {
                let data = &self.code.vregs[name.index()];
                if data.ty == Type::TAGGED && data.remat.is_none() {
                    map.tagged.iter().any(|&(place, _)| place == *loc)
                } else if data.base.is_some() {
                    map.derived.iter().any(|pair| pair.derived == *loc)
                } else {
                    true
                }
            });
        }
        Ok(())
    }
}
