//! Parallel moves in a sequence.
//!
//! A move can be done when nobody waits to read its destination. What is left when no move can be done are cycles; each is
//! opened by saving one value in the scratch register of its class. Constants come last: their sources are never
//! overwritten, and making one may need the scratch register, which no cycle uses any more by then.

use super::Move;
use crate::lir::*;
use crate::seeded::{Bug, active};
use rustc_hash::FxHashMap;

/// A number for each place, 0 at first. Registers, which are most, stand in an array. Memory may not matter, and is 0 then.
struct ByPlace {
    registers: [u32; PREGS],
    others: FxHashMap<Loc, u32>,
    has_memory: bool,
    ignored: u32,
}

impl ByPlace {
    fn new(has_memory: bool) -> ByPlace {
        ByPlace { registers: [0; PREGS], others: FxHashMap::default(), has_memory, ignored: 0 }
    }

    #[inline]
    fn get(&self, loc: Loc) -> u32 {
        match loc {
            Loc::Reg(reg) => self.registers[reg.index()],
            _ if self.has_memory => self.others.get(&loc).copied().unwrap_or(0),
            _ => 0,
        }
    }

    #[inline]
    fn at(&mut self, loc: Loc) -> &mut u32 {
        match loc {
            Loc::Reg(reg) => &mut self.registers[reg.index()],
            _ if self.has_memory => self.others.entry(loc).or_default(),
            _ => &mut self.ignored,
        }
    }
}

/// Calls `emit` with the moves of one class in an order in which they can be done one by one.
///
/// `scratch` is overwritten if there are cycles. Moves whose source and destination are equal are left out.
pub fn sequence(moves: &[Move], scratch: PReg, mut emit: impl FnMut(Move)) {
    if active(Bug::MovesOneByOne) {
        return moves.iter().copied().for_each(emit);
    }
    if let [only] = moves {
        if only.from != only.to {
            emit(*only);
        }
        return;
    }
    let Conflicts { registers, memory } = Conflicts::of(moves);
    if !registers && !memory {
        let (remats, others): (fn(&&Move) -> bool, fn(&&Move) -> bool) =
            (|step| step.from == Loc::Remat, |step| step.from != step.to && step.from != Loc::Remat);
        moves.iter().rev().filter(others).chain(moves.iter().filter(remats)).copied().for_each(emit);
        return;
    }
    let mut readers = ByPlace::new(memory);
    // One more than the number of the move to a place.
    let mut writer = ByPlace::new(memory);
    let mut pending: Vec<Move> = Vec::with_capacity(moves.len());
    for step in moves.iter().filter(|step| step.from != step.to && step.from != Loc::Remat) {
        *readers.at(step.from) += 1;
        pending.push(*step);
        *writer.at(step.to) = pending.len() as u32;
    }
    let mut done = vec![false; pending.len()];
    let mut ready: Vec<usize> = (0..pending.len()).filter(|&index| readers.get(pending[index].to) == 0).collect();
    let mut first_open = 0;
    loop {
        while let Some(index) = ready.pop() {
            let step = pending[index];
            emit(step);
            done[index] = true;
            let count = readers.at(step.from);
            if *count > 0 {
                *count -= 1;
                let waiting = writer.get(step.from) as usize;
                if *count == 0 && waiting > 0 && !done[waiting - 1] {
                    ready.push(waiting - 1);
                }
            }
        }
        while first_open < done.len() && done[first_open] {
            first_open += 1;
        }
        if first_open == done.len() {
            break;
        }
        // A cycle: its members have one reader each. Save what this move would overwrite, for that reader.
        let blocked = pending[first_open].to;
        if let Some(reader) = (0..pending.len()).find(|&index| !done[index] && pending[index].from == blocked) {
            emit(Move { from: blocked, to: Loc::Reg(scratch), vreg: pending[reader].vreg });
            pending[reader].from = Loc::Reg(scratch);
        }
        *readers.at(blocked) = 0;
        ready.push(first_open);
    }
    for step in moves.iter().filter(|step| step.from == Loc::Remat) {
        emit(*step);
    }
}

/// Whether moves may write what others read. Where none does any order will do: most parallel moves are such, and need no tables.
struct Conflicts {
    registers: bool,
    /// Some place in memory is read and some is written.
    memory: bool,
}

impl Conflicts {
    fn of(moves: &[Move]) -> Conflicts {
        let (mut read, mut written) = (PRegSet::EMPTY, PRegSet::EMPTY);
        let (mut reads_memory, mut writes_memory) = (false, false);
        for step in moves.iter().filter(|step| step.from != step.to) {
            match step.from {
                Loc::Reg(reg) => read = read.with(reg),
                Loc::Remat => {}
                _ => reads_memory = true,
            }
            match step.to {
                Loc::Reg(reg) => written = written.with(reg),
                _ => writes_memory = true,
            }
        }
        Conflicts { registers: read.0 & written.0 != 0, memory: reads_memory && writes_memory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRATCH: PReg = PReg::int(11);

    /// Runs a parallel move on numbered places and compares with its definition.
    fn check(pairs: &[(u8, u8)]) {
        let moves: Vec<Move> = pairs
            .iter()
            .map(|&(to, from)| Move { from: Loc::Reg(PReg(from)), to: Loc::Reg(PReg(to)), vreg: VReg(from as u32) })
            .collect();
        let mut places: Vec<u8> = (0..32).collect();
        let mut count = 0;
        sequence(&moves, SCRATCH, |step| {
            let (Loc::Reg(from), Loc::Reg(to)) = (step.from, step.to) else { panic!("{step:?}") };
            places[to.index()] = places[from.index()];
            count += 1;
        });
        for &(to, from) in pairs {
            assert_eq!(places[to as usize], from, "{pairs:?}");
        }
        assert!(count <= pairs.len() + pairs.len() / 2, "{pairs:?} took {count} moves");
    }

    #[test]
    fn chains_cycles_and_copies_keep_every_value() {
        check(&[(1, 2), (2, 3), (3, 4)]);
        check(&[(1, 2), (2, 1)]);
        check(&[(1, 2), (2, 3), (3, 1), (4, 1), (5, 1)]);
        check(&[(1, 2), (2, 1), (3, 4), (4, 5), (5, 3), (6, 6)]);
    }

    #[test]
    fn random_parallel_moves() {
        let mut rng = tercel_ir::generate::Rng::new(7);
        for _ in 0..20_000 {
            let mut free: Vec<u8> = (0..11).collect();
            let count = rng.range(0, 11);
            let mut pairs = Vec::new();
            for _ in 0..count {
                let to = free.swap_remove(rng.below(free.len()));
                pairs.push((to, rng.below(11) as u8));
            }
            check(&pairs);
        }
    }
}
