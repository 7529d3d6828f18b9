//! Scans over the input: runs of class members, and candidates for attempts. All poll for interrupts.

use super::ExecError;
use super::input::Unit;
use crate::classes::CharClass;
use crate::hir::decode_pair;
use crate::program::{Program, Start, Window};

/// How much work may pass between two polls, in units of roughly 4 ns: one op, one resumption, eight characters
/// of a class loop, or 64 of a search.
const POLL_BUDGET: i32 = 2048;
/// How many units a scan passes before it charges for them.
const BLOCK: usize = 8192;

/// How many units are looked at before a search is set up.
const NEAR: usize = 12;

/// Counts work and polls.
pub(super) struct Budget<'p> {
    left: i32,
    poll: &'p mut dyn FnMut() -> bool,
}

impl<'p> Budget<'p> {
    pub(super) fn new(poll: &'p mut dyn FnMut() -> bool) -> Budget<'p> {
        Budget { left: POLL_BUDGET, poll }
    }

    /// Counts `work` units, polling if it is time.
    #[inline(always)]
    pub(super) fn charge(&mut self, work: usize) -> Result<(), ExecError> {
        self.left -= work as i32;
        if self.left < 0 {
            return self.refill();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) -> Result<(), ExecError> {
        self.left = POLL_BUDGET;
        if (self.poll)() { Ok(()) } else { Err(ExecError::Interrupted) }
    }
}

// ---- Characters ----

/// The character at `pos`, which must be within the input, and its length in units.
#[inline(always)]
pub(super) fn point_at<C: Unit>(input: &[C], pos: usize) -> (u32, usize) {
    let unit = input[pos].value();
    if C::WIDE
        && unit & 0xfc00 == 0xd800
        && let Some(next) = input.get(pos + 1)
        && next.value() & 0xfc00 == 0xdc00
    {
        return (decode_pair(unit as u16, next.value() as u16), 2);
    }
    (unit, 1)
}

/// Does `pos` split a surrogate pair?
#[inline(always)]
pub(super) fn splits_pair<C: Unit>(input: &[C], pos: usize) -> bool {
    C::WIDE
        && pos > 0
        && pos < input.len()
        && input[pos].value() & 0xfc00 == 0xdc00
        && input[pos - 1].value() & 0xfc00 == 0xd800
}

/// The position before the character that ends at `pos` (greater than 0).
#[inline(always)]
pub(super) fn point_before<C: Unit>(input: &[C], pos: usize) -> usize {
    if splits_pair(input, pos - 1) { pos - 2 } else { pos - 1 }
}

#[inline(always)]
pub(super) fn is_line_terminator(unit: u32) -> bool {
    matches!(unit, 0x0a | 0x0d | 0x2028 | 0x2029)
}

// ---- Runs ----

/// The end of the run of members of `class` that starts at `from`, at most `end`.
#[inline]
pub(super) fn run_end<C: Unit>(
    class: &CharClass,
    input: &[C],
    from: usize,
    end: usize,
    budget: &mut Budget<'_>,
) -> Result<usize, ExecError> {
    /// A call of the search is worth it only for long runs.
    const SHORT: usize = 24;
    let stop = end.min(from + SHORT);
    let at = member_run(class, input, from, stop);
    budget.charge((at - from) / 8)?;
    if at < stop || at == end {
        return Ok(at);
    }
    long_run_end(class, input, at, end, budget)
}

#[inline(always)]
fn member_run<C: Unit>(class: &CharClass, input: &[C], from: usize, stop: usize) -> usize {
    let run = input[from..stop].iter();
    let mut at = from;
    for unit in run {
        if !class.contains(unit.value()) {
            break;
        }
        at += 1;
    }
    at
}

#[inline(never)]
fn long_run_end<C: Unit>(
    class: &CharClass,
    input: &[C],
    mut at: usize,
    end: usize,
    budget: &mut Budget<'_>,
) -> Result<usize, ExecError> {
    while at < end {
        let stop = end.min(at + BLOCK);
        let reached = match &class.latin1_excluded {
            Some(excluded) if !C::WIDE => C::find(&input[at..stop], excluded).map_or(stop, |i| at + i),
            _ => member_run(class, input, at, stop),
        };
        budget.charge((reached - at) / 8)?;
        at = reached;
        if at < stop {
            break;
        }
    }
    Ok(at)
}

/// The same by code points: at most `max` of them. Also says how many there were.
#[inline]
pub(super) fn wide_run_end<C: Unit>(
    class: &CharClass,
    input: &[C],
    from: usize,
    max: u32,
    budget: &mut Budget<'_>,
) -> Result<(usize, u32), ExecError> {
    if !C::WIDE {
        let end = input.len().min(from.saturating_add(max as usize));
        let at = run_end(class, input, from, end, budget)?;
        return Ok((at, (at - from) as u32));
    }
    let (mut at, mut count) = (from, 0);
    while count < max && at < input.len() {
        let (c, len) = point_at(input, at);
        if !class.contains(c) {
            break;
        }
        at += len;
        count += 1;
        if count & 255 == 0 {
            budget.charge(64)?;
        }
    }
    Ok((at, count))
}

// ---- Candidates ----

/// The first position from `from` on where an attempt may succeed.
#[inline]
pub(super) fn next_candidate<C: Unit>(
    program: &Program,
    input: &[C],
    mut from: usize,
    budget: &mut Budget<'_>,
) -> Result<Option<usize>, ExecError> {
    loop {
        if input.len() < from || input.len() - from < program.min_len as usize {
            return Ok(None);
        }
        let found = match &program.start {
            Start::Anywhere => Some(from),
            Start::InputStart => (from == 0).then_some(0),
            Start::First(first) => {
                let near = &input[from..input.len().min(from + NEAR)];
                match near.iter().position(|unit| first.admits(unit.value())) {
                    Some(i) => Some(from + i),
                    None => search(program, input, from + near.len(), budget)?,
                }
            }
            _ => search(program, input, from, budget)?,
        };
        match found {
            Some(at) if program.flags.unicode_mode() && splits_pair(input, at) => from = at + 1,
            _ => return Ok(found),
        }
    }
}

#[inline(never)]
fn search<C: Unit>(
    program: &Program,
    input: &[C],
    from: usize,
    budget: &mut Budget<'_>,
) -> Result<Option<usize>, ExecError> {
    match &program.start {
        Start::Anywhere | Start::InputStart => Ok(Some(from)),
        Start::LineStart => {
            if from == 0 || is_line_terminator(input[from - 1].value()) {
                return Ok(Some(from));
            }
            let is_end = |unit: &C| is_line_terminator(unit.value());
            let end = in_blocks(input, from, 0, 8, budget, |hay| hay.iter().position(is_end))?;
            Ok(end.map(|at| at + 1))
        }
        Start::Literal(literal) => {
            let overlap = literal.units.len() - 1;
            in_blocks(input, from, overlap, 64, budget, |hay| C::find_literal(hay, literal))
        }
        Start::AfterLiteral(literal) => {
            let len = literal.units.len();
            let begin = from.saturating_sub(len);
            let found = in_blocks(input, begin, len - 1, 64, budget, |hay| C::find_literal(hay, literal))?;
            Ok(found.map(|at| at + len))
        }
        Start::Units(units) => in_blocks(input, from, 0, 64, budget, |hay| C::find(hay, units)),
        Start::First(first) => {
            let admitted = |unit: &C| first.admits(unit.value());
            let found = in_blocks(input, from, 0, 8, budget, |hay| hay.iter().position(admitted))?;
            // What may match at the end of the input is a candidate there.
            Ok(found.or(first.end.then_some(input.len())))
        }
        Start::Window(window) => in_blocks(input, from, window.len - 1, 16, budget, |hay| find_window(hay, window)),
    }
}

/// Looks for something in block after block, each with `overlap` units of the next. `per` units cost one of work.
#[inline(always)]
fn in_blocks<C: Unit>(
    input: &[C],
    from: usize,
    overlap: usize,
    per: usize,
    budget: &mut Budget<'_>,
    find: impl Fn(&[C]) -> Option<usize>,
) -> Result<Option<usize>, ExecError> {
    let mut at = from;
    while at < input.len() {
        let stop = input.len().min(at + BLOCK);
        if let Some(i) = find(&input[at..input.len().min(stop + overlap)]) {
            budget.charge(i / per + 1)?;
            return Ok(Some(at + i));
        }
        budget.charge((stop - at) / per + 1)?;
        at = stop;
    }
    Ok(None)
}

#[inline]
fn find_window<C: Unit>(hay: &[C], window: &Window) -> Option<usize> {
    let mask = |unit: C| match unit.value() {
        low @ 0..=0xff => window.latin1[low as usize],
        _ => window.high,
    };
    let fits = |units: &[C]| {
        let mut positions = units.iter().enumerate();
        positions.all(|(i, &unit)| mask(unit) >> i & 1 != 0)
    };
    let len = window.len;
    if let Some((offset, units)) = &window.rare {
        let mut from = *offset;
        while from < hay.len() {
            let at = from + C::find(&hay[from..], units)? - offset;
            if let Some(candidate) = hay.get(at..at + len)
                && fits(candidate)
            {
                return Some(at);
            }
            from = at + offset + 1;
        }
        return None;
    }
    let mut end = len;
    while end <= hay.len() {
        let move_by = match hay[end - 1].value() {
            low @ 0..=0xff => window.moves[low as usize],
            _ => window.high_move,
        };
        if move_by == 0 && fits(&hay[end - len..end]) {
            return Some(end - len);
        }
        end += usize::from(move_by.max(1));
    }
    None
}
