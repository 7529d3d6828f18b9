//! Where attempts may begin: what every match must begin with, and the cheapest scan for it.

use crate::classes::{CodePointSet, FirstSet, MAX_CODE_UNIT};
use crate::hir::{Hir, INFINITE, Node, NodeId, SetEntry, SetId};
use crate::program::{Literal, Start, Window};

/// The longest prefix that is looked at.
const MAX_PREFIX: usize = 8;
/// How deep alternatives within alternatives are looked at, and how many.
const MAX_DEPTH: u32 = 3;
const MAX_ALTERNATIVES: usize = 64;
// What the ways to scan cost, roughly, in picoseconds: a byte of a vector search; a table look-up; a step of a moving
// window; what a candidate costs per mille of text, if it takes a failing attempt or fails by a look at the window.
const SEARCH: u32 = 50;
const LOOK_UP: u32 = 700;
const WINDOW_STEP: u32 = 2500;
const ATTEMPT: u32 = 15;
const WINDOW_CHECK: u32 = 7;

pub(super) fn analyze(hir: &Hir, root: NodeId) -> Start {
    if begins_with(hir, root, MAX_DEPTH, |n| matches!(n, Node::InputStart)) {
        return Start::InputStart;
    }
    if begins_with(hir, root, MAX_DEPTH, |n| matches!(n, Node::InputStart | Node::LineStart)) {
        return Start::LineStart;
    }
    if let Some(units) = leading_lookbehind(hir, root) {
        return Start::AfterLiteral(Literal::new(units.to_vec()));
    }
    let prefix = prefix(hir, root, MAX_DEPTH);
    let literal: Vec<u16> = prefix.iter().map_while(|set| set.only_member().map(|c| c as u16)).collect();
    if literal.len() >= 2 {
        return Start::Literal(Literal::new(literal));
    }
    let Some(first) = prefix.first() else {
        return first_start(hir.info(root).first_with(&FirstSet::ANY));
    };
    let (start, cost) = match members(first, 3) {
        Some(units) => (Start::Units(units), SEARCH + ATTEMPT * density(first)),
        None => {
            let set = FirstSet::of_set(first);
            (first_start(set), LOOK_UP + ATTEMPT * density(first))
        }
    };
    // Of equally cheap windows, the longest says most.
    let windows = (2..=prefix.len()).rev().map(|len| window(&prefix[..len]));
    match windows.min_by_key(|(_, cost)| *cost) {
        Some((window, window_cost)) if window_cost < cost => Start::Window(window),
        _ => start,
    }
}

fn first_start(first: FirstSet) -> Start {
    let units_any = FirstSet { end: first.end, ..FirstSet::ANY };
    if first == units_any { Start::Anywhere } else { Start::First(first) }
}

/// The loop that the pattern begins with, if [`LeadingLoop`](crate::program::LeadingLoop) allows for it.
pub(super) fn leading_loop(hir: &Hir, root: NodeId) -> Option<(SetId, bool)> {
    // A backreference could see where the loop began.
    if !hir.references.is_empty() {
        return None;
    }
    leading_set(hir, root, MAX_DEPTH).map(|set| (set, hir.set_entry(set).wide))
}

fn leading_set(hir: &Hir, id: NodeId, depth: u32) -> Option<SetId> {
    let mut id = id;
    loop {
        id = match hir.node(id) {
            Node::Sequence(span) => *hir.children(span).first()?,
            Node::Group { body, .. } => body,
            Node::Alternatives(span) if depth > 0 => {
                // What is bound to the start of the input fails everywhere after the first attempt.
                let mut sets = hir
                    .children(span)
                    .iter()
                    .filter(|&&id| !begins_at_input_start(hir, id))
                    .map(|&id| leading_set(hir, id, depth - 1));
                let first = sets.next()??;
                return sets.all(|set| set == Some(first)).then_some(first);
            }
            Node::Repeat { body, max: INFINITE, .. } => {
                return match hir.node(body) {
                    Node::Set(set) => Some(set),
                    _ => None,
                };
            }
            _ => return None,
        };
    }
}

/// Does the node match at the start of the input only?
pub(super) fn begins_at_input_start(hir: &Hir, id: NodeId) -> bool {
    begins_with(hir, id, 1, |n| matches!(n, Node::InputStart))
}

/// The literal of at least two units that a match must be preceded by.
fn leading_lookbehind(hir: &Hir, root: NodeId) -> Option<&[u16]> {
    let mut id = root;
    loop {
        id = match hir.node(id) {
            Node::Sequence(span) => *hir.children(span).first()?,
            Node::Group { body, .. } => body,
            Node::Look { body, behind: true, negative: false } => {
                return match hir.node(body) {
                    Node::Literal(span) if span.len >= 2 => Some(hir.literal_units(span)),
                    _ => None,
                };
            }
            _ => return None,
        };
    }
}

/// Does every way into the node pass an assertion of the wanted kind before any character?
fn begins_with(hir: &Hir, id: NodeId, depth: u32, wanted: fn(&Node) -> bool) -> bool {
    let mut stack = vec![id];
    while let Some(id) = stack.pop() {
        let node = hir.node(id);
        match node {
            _ if wanted(&node) => return true,
            Node::Sequence(span) => stack.extend(hir.children(span).iter().rev()),
            Node::Group { body, .. } => stack.push(body),
            Node::Repeat { body, min: 1.., .. } => stack.push(body),
            Node::Alternatives(span) => {
                let items = hir.children(span);
                return depth > 0
                    && items.len() <= MAX_ALTERNATIVES
                    && items.iter().all(|&id| begins_with(hir, id, depth - 1, wanted));
            }
            Node::Empty | Node::Look { .. } | Node::WordBoundary { .. } => {}
            _ => return false,
        }
    }
    false
}

/// The sets of code units at the first positions of every match, as far as they are at fixed places.
fn prefix(hir: &Hir, id: NodeId, depth: u32) -> Vec<CodePointSet> {
    let mut prefix: Vec<CodePointSet> = Vec::new();
    let mut stack = vec![id];
    while let Some(id) = stack.pop() {
        let node = hir.node(id);
        match node {
            Node::Sequence(span) => stack.extend(hir.children(span).iter().rev()),
            Node::Group { body, .. } => stack.push(body),
            Node::Literal(span) => {
                let units = hir.literal_units(span).iter().take(MAX_PREFIX);
                prefix.extend(units.map(|&u| CodePointSet::single(u32::from(u))));
            }
            Node::Set(set) => {
                let entry = hir.set_entry(set);
                prefix.push(unit_set(entry));
                if entry.wide {
                    break;
                }
            }
            Node::Repeat { body, min, max, .. } if min > 0 => match hir.node(body) {
                Node::Set(set) if !hir.set_entry(set).wide => {
                    let set = unit_set(hir.set_entry(set));
                    let times = (min as usize).min(MAX_PREFIX);
                    prefix.extend(std::iter::repeat_n(set, times));
                    if min != max {
                        break;
                    }
                }
                _ if depth > 0 => {
                    prefix.extend(self::prefix(hir, body, depth - 1));
                    break;
                }
                _ => break,
            },
            Node::Alternatives(span) => {
                let items = hir.children(span);
                if depth == 0 || items.len() > MAX_ALTERNATIVES {
                    break;
                }
                let joined = items
                    .iter()
                    .map(|&id| self::prefix(hir, id, depth - 1))
                    .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a.union(b)).collect());
                let joined = joined.unwrap_or_default();
                let len = joined.len() as u32;
                prefix.extend(joined);
                let info = hir.info(id);
                if (info.min, info.max) != (len, len) {
                    break;
                }
            }
            Node::Empty | Node::InputStart | Node::LineStart | Node::WordBoundary { .. } | Node::Look { .. } => {}
            _ => break,
        }
        if prefix.len() >= MAX_PREFIX {
            break;
        }
    }
    prefix.truncate(MAX_PREFIX);
    prefix
}

/// The code units that a character of the set may begin with.
fn unit_set(entry: &SetEntry) -> CodePointSet {
    if !entry.wide {
        return entry.set.clone();
    }
    let lead = |c: u32| 0xd800 + ((c - 0x1_0000) >> 10);
    let mut ranges = Vec::new();
    for &(lo, hi) in entry.set.ranges() {
        if lo <= MAX_CODE_UNIT {
            ranges.push((lo, hi.min(MAX_CODE_UNIT)));
        }
        if hi > MAX_CODE_UNIT {
            ranges.push((lead(lo.max(0x1_0000)), lead(hi)));
        }
    }
    CodePointSet::from_ranges(ranges)
}

/// The members of a set that has at most `limit`.
fn members(set: &CodePointSet, limit: usize) -> Option<Vec<u16>> {
    let all = || set.ranges().iter().flat_map(|&(lo, hi)| lo..=hi);
    (all().take(limit + 1).count() <= limit).then(|| all().map(|c| c as u16).collect())
}

/// How often a unit occurs in text, per mille: a guess that suits prose and source code alike.
fn frequency(unit: u32) -> u32 {
    match u8::try_from(unit) {
        Ok(b' ') => 150,
        Ok(b'e') => 80,
        Ok(b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r') => 50,
        Ok(b'h' | b'l' | b'd') => 35,
        Ok(b'b' | b'v' | b'k') => 12,
        Ok(b'x' | b'j' | b'q' | b'z') => 4,
        Ok(b'a'..=b'z') => 20,
        Ok(b'0'..=b'9' | b'\n' | b',' | b'.' | b'"' | b'\'' | b'(' | b')' | b';' | b'=') => 8,
        Ok(b'A'..=b'Z' | b'-' | b'/' | b'_' | b':' | b'<' | b'>') => 5,
        Ok(0x20..=0x7e) => 3,
        Ok(_) => 1,
        Err(_) => 1,
    }
}

fn density(set: &CodePointSet) -> u32 {
    let low = set.within(0, 0xff).flat_map(|(lo, hi)| lo..=hi);
    let high: u32 = if set.intersects(0x100, MAX_CODE_UNIT) { 20 } else { 0 };
    low.map(frequency).sum::<u32>() + high
}

/// The window over `sets`, and what searching with it costs per unit of text, in picoseconds.
fn window(sets: &[CodePointSet]) -> (Window, u32) {
    let len = sets.len();
    let mut latin1 = Box::new([0u8; 256]);
    let mut high = 0;
    for (i, set) in sets.iter().enumerate() {
        for c in set.within(0, 0xff).flat_map(|(lo, hi)| lo..=hi) {
            latin1[c as usize] |= 1 << i;
        }
        if set.intersects(0x100, MAX_CODE_UNIT) {
            high |= 1 << i;
        }
    }
    // To the last position but `n` at which the unit may stand; beyond it, if there is none.
    let move_of = |mask: u8| len as u8 - (8 - mask.leading_zeros() as u8);
    let moves: Vec<u8> = latin1.iter().map(|&mask| move_of(mask)).collect();
    let total: u32 = (0..256).map(frequency).sum();
    let moved: u32 = (0..256).map(|c| frequency(c) * u32::from(moves[c as usize])).sum();
    let mut cost = (u64::from(WINDOW_STEP) * u64::from(total) / u64::from(moved.max(1))) as u32;
    let mut rare = None;
    for (i, set) in sets.iter().enumerate() {
        let search = SEARCH + WINDOW_CHECK * density(set);
        if let Some(units) = members(set, 3)
            && !units.is_empty()
            && search < cost
        {
            (rare, cost) = (Some((i, units)), search);
        }
    }
    let window = Window {
        len,
        latin1,
        high,
        moves: Box::new(std::array::from_fn(|c| moves[c])),
        high_move: move_of(high),
        rare,
    };
    (window, cost)
}

impl Literal {
    pub(crate) fn new(units: Vec<u16>) -> Literal {
        let bytes: Option<Vec<u8>> = units.iter().map(|&u| u8::try_from(u).ok()).collect();
        let rare = (0..units.len()).min_by_key(|&i| frequency(u32::from(units[i]))).unwrap_or(0);
        Literal { finder: bytes.map(|b| memchr::memmem::Finder::new(&b).into_owned()), units, rare }
    }
}
