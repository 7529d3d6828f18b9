//! The tree between parser and compiler: a pattern with everything that is only notation resolved.
//!
//! Flags and modifiers are gone (`i` is folded into sets, `m` and `s` into the kinds of node), escapes and
//! classes are literals and sets, names are group numbers. Nodes live in one arena, children before their
//! parents, and each knows some facts about what it matches ([`Info`]), computed when it is made. There is
//! no recursion over the tree anywhere, so nesting costs memory, not native stack.

use crate::classes::{CodePointSet, FirstSet, LINE_TERMINATORS};
use crate::fold::CaseRule;
use rustc_hash::FxHashMap;

/// Index of a node in [`Hir`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

/// Index of a set in [`Hir`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SetId(pub(crate) u32);

/// Longer sequences are not spliced into others, and longer literals not copied to be joined: deep nesting must not cost
/// quadratic memory.
const MAX_SPLICE: u32 = 64;

/// "Without upper bound" for lengths and repetition counts.
pub(crate) const INFINITE: u32 = u32::MAX;

/// A consecutive part of one of the arena's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Node {
    Empty,
    /// Code units, at least one. In Unicode mode whole code points, none of them a lone surrogate.
    Literal(Span),
    /// One character: a code unit or, if the set is wide, a code point.
    Set(SetId),
    /// All children, one after the other.
    Sequence(Span),
    /// The first child that lets the rest match.
    Alternatives(Span),
    Group {
        index: u32,
        body: NodeId,
    },
    Repeat {
        body: NodeId,
        min: u32,
        max: u32,
        greedy: bool,
    },
    Look {
        body: NodeId,
        behind: bool,
        negative: bool,
    },
    /// The text of whichever of these groups took part.
    BackReference {
        groups: Span,
        fold: Option<CaseRule>,
    },
    InputStart,
    InputEnd,
    LineStart,
    LineEnd,
    /// Is exactly one of the characters before and after in the set? (`negative`: both or neither.)
    WordBoundary {
        word: SetId,
        negative: bool,
    },
}

/// What is known about a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info {
    /// The least number of code units it matches.
    pub(crate) min: u32,
    /// The greatest number of code units it matches, or [`INFINITE`].
    pub(crate) max: u32,
    /// What the next code unit may be when the node is entered forwards.
    pub(crate) first: FirstSet,
    /// Does what follows the node also belong to its first set?
    pub(crate) open: bool,
    /// The capture groups within, as a half-open range of group numbers.
    pub(crate) groups: (u32, u32),
    /// Does every way of matching it set every group within?
    pub(crate) sets_all_groups: bool,
    /// Is there a backreference within?
    pub(crate) refers: bool,
}

impl Info {
    /// What may come next if `follow` may come after the node.
    pub(crate) fn first_with(&self, follow: &FirstSet) -> FirstSet {
        if self.open { self.first.union(follow) } else { self.first }
    }

    pub(crate) fn has_groups(&self) -> bool {
        self.groups.0 < self.groups.1
    }

    const EMPTY: Info = Info {
        min: 0,
        max: 0,
        first: FirstSet::NONE,
        open: true,
        groups: (0, 0),
        sets_all_groups: true,
        refers: false,
    };

    fn one_of(first: FirstSet, max: u32) -> Info {
        Info { min: 1, max, first, open: false, ..Info::EMPTY }
    }
}

/// A set with what the compiler asks of it.
#[derive(Clone, Debug)]
pub(crate) struct SetEntry {
    pub(crate) set: CodePointSet,
    /// Does matching it in UTF-16 take decoding? True only in Unicode mode, if surrogates or code points
    /// above the BMP are members.
    pub(crate) wide: bool,
    pub(crate) first: FirstSet,
}

/// The arena.
pub(crate) struct Hir {
    nodes: Vec<(Node, Info)>,
    /// Code units of all literals.
    pub(crate) units: Vec<u16>,
    /// Children of all sequences and alternatives.
    children: Vec<NodeId>,
    /// Group numbers of all backreferences.
    pub(crate) references: Vec<u32>,
    sets: Vec<SetEntry>,
    set_ids: FxHashMap<CodePointSet, SetId>,
    unicode: bool,
}

impl Hir {
    pub(crate) fn new(unicode: bool) -> Hir {
        Hir {
            nodes: Vec::new(),
            units: Vec::new(),
            children: Vec::new(),
            references: Vec::new(),
            sets: Vec::new(),
            set_ids: FxHashMap::default(),
            unicode,
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize].0
    }

    pub(crate) fn info(&self, id: NodeId) -> &Info {
        &self.nodes[id.0 as usize].1
    }

    pub(crate) fn children(&self, span: Span) -> &[NodeId] {
        &self.children[span.range()]
    }

    pub(crate) fn literal_units(&self, span: Span) -> &[u16] {
        &self.units[span.range()]
    }

    pub(crate) fn set_entry(&self, id: SetId) -> &SetEntry {
        &self.sets[id.0 as usize]
    }

    pub(crate) fn set_id(&mut self, set: CodePointSet) -> SetId {
        if let Some(&id) = self.set_ids.get(&set) {
            return id;
        }
        let id = SetId(self.sets.len() as u32);
        let wide = self.unicode && (set.intersects(0xd800, 0xdfff) || set.max().is_some_and(|max| max > 0xffff));
        self.sets.push(SetEntry { first: FirstSet::of_set(&set), wide, set: set.clone() });
        self.set_ids.insert(set, id);
        id
    }

    fn push(&mut self, node: Node, info: Info) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push((node, info));
        id
    }

    fn push_children(&mut self, children: &[NodeId]) -> Span {
        let start = self.children.len() as u32;
        self.children.extend_from_slice(children);
        Span { start, len: children.len() as u32 }
    }

    // ---- Constructors, one a kind of node ----

    pub(crate) fn empty(&mut self) -> NodeId {
        self.push(Node::Empty, Info::EMPTY)
    }

    pub(crate) fn literal(&mut self, units: &[u16]) -> NodeId {
        let start = self.units.len() as u32;
        self.units.extend_from_slice(units);
        let len = units.len() as u32;
        self.literal_of(Span { start, len })
    }

    fn literal_of(&mut self, span: Span) -> NodeId {
        let info = Info { min: span.len, ..Info::one_of(FirstSet::of_unit(self.units[span.start as usize]), span.len) };
        self.push(Node::Literal(span), info)
    }

    pub(crate) fn set(&mut self, set: CodePointSet) -> NodeId {
        let id = self.set_id(set);
        let entry = self.set_entry(id);
        let info = Info::one_of(entry.first, if entry.wide { 2 } else { 1 });
        self.push(Node::Set(id), info)
    }

    /// The children in sequence; nested sequences are spliced in and neighbouring literals joined.
    pub(crate) fn sequence(&mut self, items: &[NodeId]) -> NodeId {
        let mut flat: Vec<NodeId> = Vec::with_capacity(items.len());
        for &item in items {
            match self.node(item) {
                Node::Empty => {}
                Node::Sequence(span) if span.len <= MAX_SPLICE => {
                    for at in span.range() {
                        self.append(&mut flat, self.children[at]);
                    }
                }
                _ => self.append(&mut flat, item),
            }
        }
        match flat[..] {
            [] => return self.empty(),
            [only] => return only,
            _ => {}
        }
        let mut info = Info::EMPTY;
        for &item in &flat {
            let next = *self.info(item);
            if info.open {
                info.first = info.first.union(&next.first);
                info.open = next.open;
            }
            info.min = info.min.saturating_add(next.min);
            info.max = info.max.saturating_add(next.max);
            info.sets_all_groups &= next.sets_all_groups;
            info.refers |= next.refers;
            info.groups = join_groups(info.groups, next.groups);
        }
        let span = self.push_children(&flat);
        self.push(Node::Sequence(span), info)
    }

    /// Appends to a sequence under construction, joining literals.
    fn append(&mut self, flat: &mut Vec<NodeId>, item: NodeId) {
        if let (Some(&last), Node::Literal(b)) = (flat.last(), self.node(item))
            && let Node::Literal(a) = self.node(last)
            && (a.start + a.len == b.start || a.len + b.len <= MAX_SPLICE)
        {
            let start = if a.start + a.len == b.start {
                a.start
            } else if a.start + a.len == self.units.len() as u32 {
                self.units.extend_from_within(b.range());
                a.start
            } else {
                let start = self.units.len() as u32;
                self.units.extend_from_within(a.range());
                self.units.extend_from_within(b.range());
                start
            };
            let len = a.len + b.len;
            flat.pop();
            flat.push(self.literal_of(Span { start, len }));
        } else {
            flat.push(item);
        }
    }

    /// The alternatives, neighbouring single characters among them merged into sets.
    pub(crate) fn alternatives(&mut self, items: &[NodeId]) -> NodeId {
        let mut flat: Vec<NodeId> = Vec::with_capacity(items.len());
        let mut at = 0;
        while at < items.len() {
            // A run of single characters is one set, however they are ordered.
            let mut ranges = Vec::new();
            let start = at;
            while let Some(set) = items.get(at).and_then(|&item| self.as_single(item)) {
                ranges.extend_from_slice(set.ranges());
                at += 1;
            }
            match at - start {
                0 => {
                    flat.push(items[at]);
                    at += 1;
                }
                1 => flat.push(items[start]),
                _ => flat.push(self.set(CodePointSet::from_ranges(ranges))),
            }
        }
        if let [only] = flat[..] {
            return only;
        }
        let mut info = Info { min: INFINITE, max: 0, open: false, ..Info::EMPTY };
        for &item in &flat {
            let next = self.info(item);
            info.first = info.first.union(&next.first);
            info.open |= next.open;
            info.min = info.min.min(next.min);
            info.max = info.max.max(next.max);
            info.sets_all_groups &= !next.has_groups();
            info.refers |= next.refers;
            info.groups = join_groups(info.groups, next.groups);
        }
        let span = self.push_children(&flat);
        self.push(Node::Alternatives(span), info)
    }

    /// The characters that the node matches, if it always matches exactly one character.
    pub(crate) fn as_single(&self, id: NodeId) -> Option<CodePointSet> {
        match self.node(id) {
            Node::Set(set) => Some(self.set_entry(set).set.clone()),
            Node::Literal(span) => match *self.literal_units(span) {
                [unit] => Some(CodePointSet::single(u32::from(unit))),
                [lead @ 0xd800..=0xdbff, trail @ 0xdc00..=0xdfff] if self.unicode => {
                    Some(CodePointSet::single(decode_pair(lead, trail)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn group(&mut self, index: u32, body: NodeId) -> NodeId {
        let mut info = *self.info(body);
        info.groups = join_groups(info.groups, (index, index + 1));
        self.push(Node::Group { index, body }, info)
    }

    pub(crate) fn repeat(&mut self, body: NodeId, min: u32, max: u32, greedy: bool) -> NodeId {
        let inner = *self.info(body);
        let (mut min, mut max) = (min, max);
        if inner.max == 0 && !inner.has_groups() && !inner.refers {
            // Repeating what only looks around changes nothing.
            (min, max) = (min.min(1), max.min(1));
        }
        if max == 0 && !inner.has_groups() {
            return self.empty();
        }
        if (min, max) == (1, 1) {
            return body;
        }
        // A repeated character is a set, so that the compiler sees one kind of simple loop.
        let body = match (self.node(body), self.as_single(body)) {
            (Node::Literal(_), Some(set)) => self.set(set),
            _ => body,
        };
        let info = Info {
            min: inner.min.saturating_mul(min),
            max: match max {
                0 => 0,
                _ if inner.max == 0 => 0,
                INFINITE => INFINITE,
                _ => inner.max.saturating_mul(max),
            },
            open: inner.open || min == 0,
            sets_all_groups: !inner.has_groups() || (min > 0 && inner.sets_all_groups),
            ..inner
        };
        self.push(Node::Repeat { body, min, max, greedy }, info)
    }

    pub(crate) fn look(&mut self, body: NodeId, behind: bool, negative: bool) -> NodeId {
        let inner = *self.info(body);
        let info = Info {
            groups: inner.groups,
            sets_all_groups: !inner.has_groups() || (!negative && inner.sets_all_groups),
            refers: inner.refers,
            ..Info::EMPTY
        };
        self.push(Node::Look { body, behind, negative }, info)
    }

    /// `groups` are given once all names are known: see [`Hir::references`].
    pub(crate) fn back_reference(&mut self, groups: Span, fold: Option<CaseRule>) -> NodeId {
        let info = Info { max: INFINITE, first: FirstSet::ANY, refers: true, ..Info::EMPTY };
        self.push(Node::BackReference { groups, fold }, info)
    }

    /// Replaces the groups of a backreference.
    pub(crate) fn resolve_reference(&mut self, id: NodeId, to: &[u32]) {
        let span = Span { start: self.references.len() as u32, len: to.len() as u32 };
        self.references.extend_from_slice(to);
        if let Node::BackReference { groups, .. } = &mut self.nodes[id.0 as usize].0 {
            *groups = span;
        }
    }

    /// A node of a kind that matches no characters and has no children.
    pub(crate) fn assertion(&mut self, node: Node) -> NodeId {
        let info = match node {
            Node::InputEnd => Info { first: FirstSet::END, open: false, ..Info::EMPTY },
            Node::LineEnd => Info {
                first: FirstSet::of_set(&CodePointSet::from_ranges(LINE_TERMINATORS)).union(&FirstSet::END),
                open: false,
                ..Info::EMPTY
            },
            _ => Info::EMPTY,
        };
        self.push(node, info)
    }
}

fn join_groups(a: (u32, u32), b: (u32, u32)) -> (u32, u32) {
    match (a.0 < a.1, b.0 < b.1) {
        (true, true) => (a.0.min(b.0), a.1.max(b.1)),
        (true, false) => a,
        _ => b,
    }
}

/// The code point of a surrogate pair.
#[inline(always)]
pub(crate) fn decode_pair(lead: u16, trail: u16) -> u32 {
    0x1_0000 + ((u32::from(lead) & 0x3ff) << 10 | u32::from(trail) & 0x3ff)
}
