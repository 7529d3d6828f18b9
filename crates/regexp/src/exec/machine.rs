//! The interpreter of programs.

use super::ExecError;
use super::input::Unit;
use super::scan::{
    Budget, is_line_terminator, next_candidate, point_at, point_before, run_end, splits_pair, wide_run_end,
};
use super::scratch::{Entry, EntryKind, Scratch};
use crate::classes::{CharClass, FirstSet};
use crate::flags::Flags;
use crate::program::{ClassId, FirstId, LoopMode, Op, Program, UNSET};

/// Looks for the first match at or after `last_index` (with `y`, at it). On success the captures are in `scratch`.
pub(crate) fn execute<C: Unit>(
    program: &Program,
    input: &[C],
    last_index: usize,
    scratch: &mut Scratch,
    poll: &mut dyn FnMut() -> bool,
) -> Result<bool, ExecError> {
    if input.len() >= UNSET as usize {
        return Err(ExecError::StackLimit);
    }
    scratch.prepare(program.groups, program.registers);
    if last_index > input.len() {
        return Ok(false);
    }
    let mut from = last_index;
    if program.flags.unicode_mode() && splits_pair(input, from) {
        // The character that the code unit at `last_index` belongs to (RegExpBuiltinExec, 22.2.7.2).
        from -= 1;
    }
    let mut machine = Machine { program, input, scratch, budget: Budget::new(poll), dirty: false };
    let result = machine.run(from);
    machine.scratch.stack.clear();
    result
}

pub(super) struct Machine<'a, 'p, C> {
    pub(super) program: &'a Program,
    pub(super) input: &'a [C],
    scratch: &'a mut Scratch,
    pub(super) budget: Budget<'p>,
    /// Was a register of a group set with nothing on the stack, hence with no note of its old value?
    dirty: bool,
}

impl<'a, C: Unit> Machine<'a, '_, C> {
    /// Makes attempts from `from` on.
    fn run(&mut self, mut from: usize) -> Result<bool, ExecError> {
        let sticky = self.program.flags.contains(Flags::STICKY);
        loop {
            let start = if sticky {
                from
            } else {
                match next_candidate(self.program, self.input, from, &mut self.budget)? {
                    Some(start) => start,
                    None => return Ok(false),
                }
            };
            if self.attempt(start)? {
                return Ok(true);
            }
            if sticky {
                return Ok(false);
            }
            if self.dirty && self.program.unset_matters {
                self.scratch.registers.fill(UNSET);
                self.dirty = false;
                self.budget.charge(self.scratch.registers.len() / 64)?;
            }
            from = self.after_failure(start)?;
        }
    }

    /// Where the attempt after that at `start` may begin.
    fn after_failure(&mut self, start: usize) -> Result<usize, ExecError> {
        self.budget.charge(1)?;
        if let Some(leading) = self.program.leading_loop {
            let class = self.class(leading.class);
            let (input, budget) = (self.input, &mut self.budget);
            let end = if leading.wide {
                wide_run_end(class, input, start, u32::MAX, budget)?.0
            } else {
                run_end(class, input, start, input.len(), budget)?
            };
            return Ok(end.max(start + 1));
        }
        Ok(start + 1)
    }

    /// One attempt: the op table of [`Op`], op by op. An arm that matches continues the loop; one that fails falls
    /// out of the `match`, to the pop of the stack.
    #[inline(always)]
    fn attempt(&mut self, start: usize) -> Result<bool, ExecError> {
        let ops = &self.program.ops[..];
        let input = self.input;
        let mut pos = start;
        let mut pc = 0;
        loop {
            match ops[pc] {
                // ---- Characters ----
                Op::Unit(unit) => {
                    if let Some(u) = input.get(pos)
                        && u.value() == u32::from(unit)
                    {
                        pos += 1;
                        pc += 1;
                        continue;
                    }
                }
                Op::UnitMasked { mask, value } => {
                    if let Some(u) = input.get(pos)
                        && u.value() & u32::from(mask) == u32::from(value)
                    {
                        pos += 1;
                        pc += 1;
                        continue;
                    }
                }
                Op::Literal { start, len, latin1 } => {
                    let (start, len) = (start as usize, len as usize);
                    if C::starts_with(&input[pos..], self.program, start, len, latin1) {
                        pos += len;
                        pc += 1;
                        continue;
                    }
                }
                Op::LiteralMasked { start, len } => {
                    let (start, len) = (start as usize, len as usize);
                    let masked = &self.program.masked[start..start + len];
                    if let Some(text) = input.get(pos..pos + len)
                        && text
                            .iter()
                            .zip(masked)
                            .all(|(u, &(mask, value))| u.value() & u32::from(mask) == u32::from(value))
                    {
                        pos += len;
                        pc += 1;
                        continue;
                    }
                }
                Op::Set(class) => {
                    if let Some(u) = input.get(pos)
                        && self.class(class).contains(u.value())
                    {
                        pos += 1;
                        pc += 1;
                        continue;
                    }
                }
                Op::WideSet(class) => {
                    if pos < input.len() {
                        let (c, len) = point_at(input, pos);
                        if self.class(class).contains(c) {
                            pos += len;
                            pc += 1;
                            continue;
                        }
                    }
                }
                Op::Back(n) => {
                    if let Some(back) = pos.checked_sub(n as usize) {
                        pos = back;
                        pc += 1;
                        continue;
                    }
                }
                Op::BackPoint => {
                    if pos > 0 {
                        pos = point_before(input, pos);
                        pc += 1;
                        continue;
                    }
                }

                // ---- Loops over one class ----
                Op::Loop { class, next, min, max, mode } => {
                    let class = self.class(class);
                    let (min, max) = (min as usize, max as usize);
                    let room = input.len() - pos;
                    if min <= room {
                        let taken = if mode == LoopMode::Lazy { min } else { max };
                        let end = pos + taken.min(room);
                        let at = run_end(class, input, pos, end, &mut self.budget)?;
                        if at - pos >= min {
                            let moved = match mode {
                                LoopMode::Possessive => Some(at),
                                LoopMode::Greedy => self.give_back(pc, next, at, pos + min, false)?,
                                LoopMode::Lazy => self.take_more(pc, next, class, at, more(min, max), false)?,
                            };
                            if let Some(at) = moved {
                                pos = at;
                                pc += 1;
                                continue;
                            }
                        }
                    }
                }
                Op::WideLoop { class, next, min, max, mode } => {
                    let class = self.class(class);
                    let (least, count) = wide_run_end(class, input, pos, min, &mut self.budget)?;
                    if count == min {
                        let (min, max) = (min as usize, max as usize);
                        let moved = if mode == LoopMode::Lazy {
                            self.take_more(pc, next, class, least, more(min, max), true)?
                        } else {
                            let more = more(min, max) as u32;
                            let (at, _) = wide_run_end(class, input, least, more, &mut self.budget)?;
                            if mode == LoopMode::Greedy { self.give_back(pc, next, at, least, true)? } else { Some(at) }
                        };
                        if let Some(at) = moved {
                            pos = at;
                            pc += 1;
                            continue;
                        }
                    }
                }

                // ---- Captures ----
                Op::Save(register) => {
                    self.set_register(register, pos as u32)?;
                    pc += 1;
                    continue;
                }
                Op::SaveSpan { group, len } => {
                    let begin = (pos as u32).wrapping_sub(len);
                    self.set_group(group as usize, begin, pos as u32)?;
                    pc += 1;
                    continue;
                }
                Op::Clear { first, end } => {
                    for group in first..end {
                        let at = 2 * group as usize;
                        if self.scratch.registers[at..at + 2] != [UNSET, UNSET] {
                            self.set_group(group as usize, UNSET, UNSET)?;
                        }
                    }
                    self.budget.charge((end - first) as usize / 4)?;
                    pc += 1;
                    continue;
                }

                // ---- Control ----
                Op::Jump(target) => {
                    self.budget.charge(1)?;
                    pc = target as usize;
                    continue;
                }
                Op::JumpUnlessStart(target) => {
                    pc = if pos == 0 { pc + 1 } else { target as usize };
                    continue;
                }
                Op::Split(target) => {
                    self.push(EntryKind::Resume, target as usize, pos, 0)?;
                    pc += 1;
                    continue;
                }
                Op::Choose { here, there, target } => {
                    let unit = input.get(pos).map(|u| u.value());
                    let here = self.admits(here, unit);
                    let there = self.admits(there, unit);
                    if here {
                        if there {
                            self.push(EntryKind::Resume, target as usize, pos, 0)?;
                        }
                        pc += 1;
                        continue;
                    }
                    if there {
                        pc = target as usize;
                        continue;
                    }
                }

                // ---- Counted loops, empty iterations ----
                Op::Zero(register) => {
                    self.set_register(register, 0)?;
                    pc += 1;
                    continue;
                }
                Op::Increment(register) => {
                    let count = self.register(register);
                    self.set_register(register, (count + 1).min(UNSET - 1))?;
                    pc += 1;
                    continue;
                }
                Op::CountBelow { register, min, target } => {
                    pc = if self.register(register) < min { target as usize } else { pc + 1 };
                    continue;
                }
                Op::CountReached { register, max, target } => {
                    pc = if self.register(register) >= max { target as usize } else { pc + 1 };
                    continue;
                }
                Op::Mark(register) => {
                    self.set_register(register, pos as u32)?;
                    pc += 1;
                    continue;
                }
                Op::Progress(register) => {
                    if self.register(register) != pos as u32 {
                        pc += 1;
                        continue;
                    }
                }
                Op::ProgressAfter { mark, count, min } => {
                    if self.register(mark) != pos as u32 || self.register(count) <= min {
                        pc += 1;
                        continue;
                    }
                }

                // ---- Assertions ----
                Op::InputStart => {
                    if pos == 0 {
                        pc += 1;
                        continue;
                    }
                }
                Op::InputEnd => {
                    if pos == input.len() {
                        pc += 1;
                        continue;
                    }
                }
                Op::LineStart => {
                    if pos == 0 || is_line_terminator(input[pos - 1].value()) {
                        pc += 1;
                        continue;
                    }
                }
                Op::LineEnd => {
                    if input.get(pos).is_none_or(|u| is_line_terminator(u.value())) {
                        pc += 1;
                        continue;
                    }
                }
                Op::WordBoundary { word, negative } => {
                    let word = self.class(word);
                    let before = pos > 0 && word.contains(input[pos - 1].value());
                    let after = input.get(pos).is_some_and(|u| word.contains(u.value()));
                    if (before != after) != negative {
                        pc += 1;
                        continue;
                    }
                }
                Op::Ahead { class, negative } => {
                    let class = self.class(class);
                    let found = input.get(pos).is_some_and(|u| class.contains(u.value()));
                    if found != negative {
                        pc += 1;
                        continue;
                    }
                }
                Op::Behind { class, negative } => {
                    let found = pos > 0 && self.class(class).contains(input[pos - 1].value());
                    if found != negative {
                        pc += 1;
                        continue;
                    }
                }

                // ---- Lookaround ----
                Op::LookStart(register) => {
                    let register = register as usize;
                    self.scratch.registers[register] = pos as u32;
                    self.scratch.registers[register + 1] = self.scratch.stack.len() as u32;
                    pc += 1;
                    continue;
                }
                Op::LookEnd { register, captures } => {
                    pos = self.register(register) as usize;
                    let height = self.register(register + 1) as usize;
                    self.forget_resumptions(height, captures)?;
                    pc += 1;
                    continue;
                }
                Op::NegativeLookStart { register, target } => {
                    self.scratch.registers[register as usize] = self.scratch.stack.len() as u32;
                    self.push(EntryKind::Resume, target as usize, pos, 0)?;
                    pc += 1;
                    continue;
                }
                Op::NegativeLookEnd(register) => {
                    let height = self.register(register) as usize;
                    self.unwind_to(height)?;
                }

                // ---- Backreferences ----
                Op::BackReference { start, len, fold, behind } => {
                    let groups = start as usize..start as usize + usize::from(len);
                    let groups = &self.program.references[groups];
                    let moved =
                        if behind { self.refer_back(groups, fold, pos)? } else { self.refer(groups, fold, pos)? };
                    if let Some(at) = moved {
                        pos = at;
                        pc += 1;
                        continue;
                    }
                }

                // ---- The rest ----
                Op::Charge(n) => {
                    self.budget.charge(n as usize)?;
                    pc += 1;
                    continue;
                }
                Op::Match => {
                    self.scratch.registers[0] = start as u32;
                    self.scratch.registers[1] = pos as u32;
                    return Ok(true);
                }
            }
            match self.resume()? {
                Some(next) => (pc, pos) = next,
                None => return Ok(false),
            }
        }
    }

    /// Pops the stack to the next way to go on: an op and a position.
    #[inline(always)]
    fn resume(&mut self) -> Result<Option<(usize, usize)>, ExecError> {
        while let Some(entry) = self.scratch.stack.pop() {
            self.budget.charge(1)?;
            let op = entry.index();
            match entry.kind() {
                EntryKind::Resume => return Ok(Some((op, entry.a as usize))),
                EntryKind::Register | EntryKind::Group => self.restore(entry),
                EntryKind::Greedy | EntryKind::Lazy => {
                    if let Some(at) = self.resume_loop(entry)? {
                        return Ok(Some((op + 1, at)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// A loop over one class gives back or takes one more.
    fn resume_loop(&mut self, entry: Entry) -> Result<Option<usize>, ExecError> {
        let op = entry.index();
        let (class, next, wide) = match self.program.ops[op] {
            Op::Loop { class, next, .. } => (class, next, false),
            Op::WideLoop { class, next, .. } => (class, next, true),
            _ => return Ok(None),
        };
        let (at, other) = (entry.a as usize, entry.b as usize);
        if entry.kind() == EntryKind::Greedy {
            let at = if wide { point_before(self.input, at) } else { at - 1 };
            return self.give_back(op, next, at, other, wide);
        }
        let class = self.class(class);
        match self.member_end(class, at, wide) {
            Some(end) => self.take_more(op, next, class, end, other - 1, wide),
            None => Ok(None),
        }
    }

    /// The greatest position from `at` down to `least` that `next` admits; pushes what remains below it.
    #[inline(always)]
    fn give_back(
        &mut self,
        op: usize,
        next: FirstId,
        mut at: usize,
        least: usize,
        wide: bool,
    ) -> Result<Option<usize>, ExecError> {
        if let Some(first) = self.first(next) {
            let from = at;
            while !self.admitted(first, at) {
                if at == least {
                    self.budget.charge((from - at) / 8)?;
                    return Ok(None);
                }
                at = if wide { point_before(self.input, at) } else { at - 1 };
            }
            self.budget.charge((from - at) / 8)?;
        }
        if at > least {
            self.push(EntryKind::Greedy, op, at, least)?;
        }
        Ok(Some(at))
    }

    /// The least position from `at` on that `next` admits, with members of `class` up to it, at most `more` of them;
    /// pushes what remains above it.
    fn take_more(
        &mut self,
        op: usize,
        next: FirstId,
        class: &CharClass,
        mut at: usize,
        mut more: usize,
        wide: bool,
    ) -> Result<Option<usize>, ExecError> {
        if let Some(first) = self.first(next) {
            let mut work = 0;
            while !self.admitted(first, at) {
                if more == 0 {
                    return Ok(None);
                }
                let Some(end) = self.member_end(class, at, wide) else {
                    return Ok(None);
                };
                at = end;
                more -= 1;
                work += 1;
                if work & 63 == 0 {
                    self.budget.charge(16)?;
                }
            }
            self.budget.charge((work & 63) / 4)?;
        }
        if more > 0 {
            self.push(EntryKind::Lazy, op, at, more)?;
        }
        Ok(Some(at))
    }

    /// The end of the character at `at`, if it is a member.
    #[inline(always)]
    fn member_end(&self, class: &CharClass, at: usize, wide: bool) -> Option<usize> {
        let unit = self.input.get(at)?;
        let (c, len) = if wide { point_at(self.input, at) } else { (unit.value(), 1) };
        class.contains(c).then_some(at + len)
    }

    // ---- Tables ----

    #[inline(always)]
    fn class(&self, id: ClassId) -> &'a CharClass {
        &self.program.classes[usize::from(id.0)]
    }

    #[inline(always)]
    fn first(&self, id: FirstId) -> Option<&'a FirstSet> {
        self.program.firsts.get(usize::from(id.0))
    }

    /// May the set's piece of the pattern match where `unit` (or the end) comes next?
    #[inline(always)]
    fn admits(&self, id: FirstId, unit: Option<u32>) -> bool {
        match (self.first(id), unit) {
            (None, _) => true,
            (Some(first), Some(unit)) => first.admits(unit),
            (Some(first), None) => first.end,
        }
    }

    #[inline(always)]
    fn admitted(&self, first: &FirstSet, pos: usize) -> bool {
        match self.input.get(pos) {
            Some(unit) => first.admits(unit.value()),
            None => first.end,
        }
    }

    // ---- Registers and stack ----

    #[inline(always)]
    pub(super) fn register(&self, register: u32) -> u32 {
        self.scratch.registers[register as usize]
    }

    #[inline(always)]
    fn push(&mut self, kind: EntryKind, index: usize, a: usize, b: usize) -> Result<(), ExecError> {
        if self.scratch.stack.len() == self.scratch.stack.capacity() {
            self.scratch.grow()?;
        }
        self.scratch.stack.push(Entry::new(kind, index, a, b));
        Ok(())
    }

    /// Sets a register, noting the old value. With nothing on the stack there is nothing to come back to but the
    /// next attempt, which then unsets all registers.
    #[inline(always)]
    fn set_register(&mut self, register: u32, value: u32) -> Result<(), ExecError> {
        let register = register as usize;
        if self.scratch.stack.is_empty() {
            self.dirty = true;
        } else {
            let old = self.scratch.registers[register] as usize;
            self.push(EntryKind::Register, register, old, 0)?;
        }
        self.scratch.registers[register] = value;
        Ok(())
    }

    /// The same for both registers of a group.
    #[inline(always)]
    fn set_group(&mut self, group: usize, start: u32, end: u32) -> Result<(), ExecError> {
        if self.scratch.stack.is_empty() {
            self.dirty = true;
        } else {
            let [old_start, old_end] = [0, 1].map(|i| self.scratch.registers[2 * group + i] as usize);
            self.push(EntryKind::Group, group, old_start, old_end)?;
        }
        self.scratch.registers[2 * group] = start;
        self.scratch.registers[2 * group + 1] = end;
        Ok(())
    }

    /// Puts back what a `Register` or `Group` entry noted.
    #[inline(always)]
    fn restore(&mut self, entry: Entry) {
        let index = entry.index();
        let registers = &mut self.scratch.registers;
        match entry.kind() {
            EntryKind::Register => registers[index] = entry.a,
            EntryKind::Group => {
                registers[2 * index] = entry.a;
                registers[2 * index + 1] = entry.b;
            }
            EntryKind::Resume | EntryKind::Greedy | EntryKind::Lazy => {}
        }
    }

    /// Removes the entries above `height` that resume something; keeps the others if there are captures.
    fn forget_resumptions(&mut self, height: usize, captures: bool) -> Result<(), ExecError> {
        let stack = &mut self.scratch.stack;
        let mut kept = height;
        if captures {
            self.budget.charge((stack.len() - height) / 4)?;
            for at in height..stack.len() {
                if matches!(stack[at].kind(), EntryKind::Register | EntryKind::Group) {
                    stack[kept] = stack[at];
                    kept += 1;
                }
            }
        }
        stack.truncate(kept);
        Ok(())
    }

    /// Pops the entries above `height`, setting registers back.
    fn unwind_to(&mut self, height: usize) -> Result<(), ExecError> {
        self.budget.charge((self.scratch.stack.len() - height) / 4)?;
        while self.scratch.stack.len() > height
            && let Some(entry) = self.scratch.stack.pop()
        {
            self.restore(entry);
        }
        Ok(())
    }
}

/// How many more characters than `min` a loop may take; a loop without bound stays one.
#[inline(always)]
fn more(min: usize, max: usize) -> usize {
    if max == u32::MAX as usize { max } else { max - min }
}
