//! The compiler: [`Hir`] to [`Program`].
//!
//! One pass over the tree, from the last node of each sequence to the first, so that each node is emitted with
//! what may follow it ([`Follow`]). That knowledge makes most choices decisions: a loop whose class is disjoint
//! from what follows gives nothing back, an alternative that cannot begin with the next character is not tried.
//! The pass keeps its own stack of tasks, so nesting does not use the native stack.
//!
//! - `mod.rs`: nodes to ops
//! - `repeat.rs`: quantifiers
//! - `start.rs`: where attempts may begin

mod repeat;
mod start;

use crate::SyntaxError;
use crate::classes::{CharClass, FirstSet};
use crate::flags::Flags;
use crate::hir::{Hir, Node, NodeId, SetId, Span};
use crate::parse::Parsed;
use crate::program::{ClassId, FirstId, Op, Program};
use rustc_hash::FxHashMap;

/// Programs with more ops than this are refused.
const MAX_OPS: usize = 1 << 22;
/// A `Charge` stands at least every so many ops.
const CHARGE_EVERY: usize = 512;
/// No literal op compares more units than this.
const MAX_LITERAL: usize = 1024;

/// Compiles a parsed pattern.
pub(crate) fn compile(parsed: &Parsed, flags: Flags) -> Result<Program, SyntaxError> {
    let mut compiler = Compiler {
        hir: &parsed.hir,
        program: Program {
            ops: Vec::new(),
            classes: Vec::new(),
            firsts: Vec::new(),
            literals: Vec::new(),
            literals_latin1: Vec::new(),
            masked: Vec::new(),
            references: parsed.hir.references.clone(),
            groups: parsed.group_count + 1,
            registers: 2 * (parsed.group_count + 1),
            start: start::analyze(&parsed.hir, parsed.root),
            leading_loop: None,
            unset_matters: !(parsed.hir.info(parsed.root).sets_all_groups && parsed.hir.references.is_empty()),
            min_len: parsed.hir.info(parsed.root).min,
            flags,
        },
        class_ids: FxHashMap::default(),
        first_ids: FxHashMap::default(),
        labels: Vec::new(),
        barrier: 0,
        loops: 0,
        tasks: Vec::new(),
        overflow: false,
    };
    compiler.run(parsed.root);
    if let Some((set, wide)) = start::leading_loop(&parsed.hir, parsed.root) {
        let class = compiler.class(set);
        compiler.program.leading_loop = Some(crate::program::LeadingLoop { class, wide });
    }
    if compiler.overflow {
        return Err(SyntaxError { message: "Regular expression too large".into(), offset: 0 });
    }
    compiler.resolve_labels();
    let mut program = compiler.program;
    program.literals_latin1 = program.literals.iter().map(|&u| u as u8).collect();
    program.ops.shrink_to_fit();
    Ok(program)
}

/// What is known about the rest of the pattern, after a node.
#[derive(Clone, Copy)]
struct Follow {
    /// What the next code unit may be.
    first: FirstSet,
    /// The rest matches without consuming anything and without being resumed later: whatever the node finds
    /// first is final.
    accepts: bool,
    /// The rest begins with `\b` over this set of word characters.
    boundary: Option<SetId>,
    /// The node is the body of an unbounded repetition; this may come after that.
    after_repetition: Option<FirstSet>,
}

impl Follow {
    /// Nothing is known.
    const ANYTHING: Follow = Follow { first: FirstSet::ANY, accepts: false, boundary: None, after_repetition: None };
    /// The end of the pattern or of a lookaround.
    const ACCEPT: Follow = Follow { accepts: true, ..Follow::ANYTHING };

    fn first(first: FirstSet) -> Follow {
        Follow { first, ..Follow::ANYTHING }
    }
}

/// A target before its op is known; stands in the ops' target fields until [`Compiler::resolve_labels`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct Label(u32);

/// What remains to be emitted.
enum Task {
    Node { id: NodeId, follow: Follow, behind: bool },
    Op(Op),
    Bind(Label),
    EnterLoop,
    LeaveLoop,
}

struct Compiler<'h> {
    hir: &'h Hir,
    program: Program,
    class_ids: FxHashMap<SetId, ClassId>,
    first_ids: FxHashMap<FirstSet, FirstId>,
    labels: Vec<u32>,
    /// Ops before this index must not be extended: a label points behind them.
    barrier: usize,
    /// How many repetitions enclose what is being emitted.
    loops: u32,
    tasks: Vec<Task>,
    /// A table or the code grew beyond its limit.
    overflow: bool,
}

impl Compiler<'_> {
    fn run(&mut self, root: NodeId) {
        self.tasks.push(Task::Op(Op::Match));
        self.tasks.push(Task::Node { id: root, follow: Follow::ACCEPT, behind: false });
        while let Some(task) = self.tasks.pop() {
            if self.program.ops.len() > MAX_OPS {
                self.overflow = true;
                return;
            }
            match task {
                Task::Node { id, follow, behind } => self.node(id, follow, behind),
                Task::Op(op) => self.emit(op),
                Task::Bind(Label(label)) => {
                    self.labels[label as usize] = self.program.ops.len() as u32;
                    self.barrier = self.program.ops.len();
                }
                Task::EnterLoop => self.loops += 1,
                Task::LeaveLoop => self.loops -= 1,
            }
        }
    }

    /// Does the tasks in the order given, before those that are there already.
    fn schedule(&mut self, tasks: impl DoubleEndedIterator<Item = Task>) {
        self.tasks.extend(tasks.rev());
    }

    fn label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    fn registers(&mut self, count: u32) -> u32 {
        let first = self.program.registers;
        self.program.registers += count;
        first
    }

    fn emit(&mut self, op: Op) {
        let ops = &mut self.program.ops;
        ops.push(op);
        if ops.len().is_multiple_of(CHARGE_EVERY) {
            ops.push(Op::Charge(CHARGE_EVERY as u32));
        }
    }

    fn resolve_labels(&mut self) {
        for op in &mut self.program.ops {
            match op {
                Op::Jump(target)
                | Op::JumpUnlessStart(target)
                | Op::Split(target)
                | Op::Choose { target, .. }
                | Op::CountBelow { target, .. }
                | Op::CountReached { target, .. }
                | Op::NegativeLookStart { target, .. } => *target = self.labels[*target as usize],
                _ => {}
            }
        }
    }

    fn class(&mut self, set: SetId) -> ClassId {
        if let Some(&id) = self.class_ids.get(&set) {
            return id;
        }
        let id = u16::try_from(self.program.classes.len()).unwrap_or_else(|_| {
            self.overflow = true;
            0
        });
        let class = CharClass::new(&self.hir.set_entry(set).set);
        self.program.classes.push(class);
        self.class_ids.insert(set, ClassId(id));
        ClassId(id)
    }

    /// The id of a first set; with too many of them, the rest are not used.
    fn first(&mut self, first: FirstSet) -> FirstId {
        if first.is_any() {
            return FirstId::ANY;
        }
        if let Some(&id) = self.first_ids.get(&first) {
            return id;
        }
        let id = match u16::try_from(self.program.firsts.len()) {
            Ok(id) if FirstId(id) != FirstId::ANY => FirstId(id),
            _ => return FirstId::ANY,
        };
        self.program.firsts.push(first);
        self.first_ids.insert(first, id);
        id
    }

    // ---- Nodes ----

    fn node(&mut self, id: NodeId, follow: Follow, behind: bool) {
        match self.hir.node(id) {
            Node::Empty => {}
            Node::Literal(span) => self.literal(span, behind),
            Node::Set(set) => self.set(set, behind),
            Node::Sequence(span) => self.sequence(span, follow, behind),
            Node::Alternatives(span) => self.alternatives(span, follow, behind),
            Node::Group { index, body } => {
                let follow = Follow { after_repetition: None, ..follow };
                self.group(index, body, follow, behind);
            }
            Node::Repeat { .. } => self.repeat(id, follow, behind),
            Node::Look { body, behind: looks_behind, negative } => self.look(body, looks_behind, negative),
            Node::BackReference { groups, fold } => {
                self.emit(Op::BackReference { start: groups.start, len: groups.len as u16, fold, behind })
            }
            Node::InputStart => self.emit(Op::InputStart),
            Node::InputEnd => self.emit(Op::InputEnd),
            Node::LineStart => self.emit(Op::LineStart),
            Node::LineEnd => self.emit(Op::LineEnd),
            Node::WordBoundary { word, negative } => {
                let word = self.class(word);
                self.emit(Op::WordBoundary { word, negative });
            }
        }
    }

    fn literal(&mut self, span: Span, behind: bool) {
        let hir = self.hir;
        let units = hir.literal_units(span);
        if !behind {
            for chunk in units.chunks(MAX_LITERAL) {
                self.literal_op(chunk);
            }
            return;
        }
        for chunk in units.rchunks(MAX_LITERAL) {
            let len = chunk.len() as u32;
            self.emit(Op::Back(len));
            self.literal_op(chunk);
            self.emit(Op::Back(len));
        }
    }

    fn literal_op(&mut self, units: &[u16]) {
        if let [unit] = *units {
            return self.unit(!0, unit);
        }
        let exact: Vec<(u16, u16)> = units.iter().map(|&u| (!0, u)).collect();
        if self.join_masked(&exact) {
            return;
        }
        let start = self.program.literals.len() as u32;
        self.program.literals.extend_from_slice(units);
        self.emit(Op::Literal { start, len: units.len() as u32, latin1: units.iter().all(|&u| u < 0x100) });
        if units.len() == MAX_LITERAL {
            self.emit(Op::Charge(MAX_LITERAL as u32 / 8));
        }
    }

    fn unit(&mut self, mask: u16, value: u16) {
        if self.join_masked(&[(mask, value)]) {
            return;
        }
        self.emit(if mask == !0 { Op::Unit(value) } else { Op::UnitMasked { mask, value } });
    }

    /// Appends units to the literal that was emitted last, if one was and any of them is masked.
    fn join_masked(&mut self, units: &[(u16, u16)]) -> bool {
        let program = &mut self.program;
        if program.ops.len() <= self.barrier {
            return false;
        }
        let masked_end = program.masked.len() as u32;
        let any_masked = units.iter().any(|&(mask, _)| mask != !0);
        let before: Vec<(u16, u16)> = match program.ops.last() {
            Some(&Op::LiteralMasked { start, len }) if start + len == masked_end && (len as usize) < MAX_LITERAL => {
                program.masked.extend_from_slice(units);
                let len = len + units.len() as u32;
                program.ops.pop();
                program.ops.push(Op::LiteralMasked { start, len });
                return true;
            }
            Some(&Op::UnitMasked { mask, value }) => vec![(mask, value)],
            Some(&Op::Unit(value)) if any_masked => vec![(!0, value)],
            Some(&Op::Literal { start, len, .. }) if any_masked && (len as usize) < MAX_LITERAL => {
                let units = &program.literals[start as usize..(start + len) as usize];
                units.iter().map(|&u| (!0, u)).collect()
            }
            _ => return false,
        };
        let start = program.masked.len() as u32;
        program.masked.extend_from_slice(&before);
        program.masked.extend_from_slice(units);
        program.ops.pop();
        program.ops.push(Op::LiteralMasked { start, len: (before.len() + units.len()) as u32 });
        true
    }

    fn set(&mut self, set: SetId, behind: bool) {
        let entry = self.hir.set_entry(set);
        let wide = entry.wide;
        let back = if wide { Op::BackPoint } else { Op::Back(1) };
        if behind {
            self.emit(back);
        }
        let pair = match *entry.set.ranges() {
            [(a, b)] if a == b && !wide => Some((!0, a as u16)),
            [(a, a2), (b, b2)] if a == a2 && b == b2 && (a ^ b).is_power_of_two() && !wide => {
                Some((!(a ^ b) as u16, (a & b) as u16))
            }
            _ => None,
        };
        match pair {
            Some((mask, value)) => self.unit(mask, value),
            None => {
                let class = self.class(set);
                self.emit(if wide { Op::WideSet(class) } else { Op::Set(class) });
            }
        }
        if behind {
            self.emit(back);
        }
    }

    fn sequence(&mut self, span: Span, follow: Follow, behind: bool) {
        let hir = self.hir;
        let items = hir.children(span);
        let task = |id, follow| Task::Node { id, follow, behind };
        if behind {
            // The last item is matched first.
            for &id in items {
                self.tasks.push(task(id, Follow::ANYTHING));
            }
            return;
        }
        let mut after = Follow { after_repetition: None, ..follow };
        for &id in items.iter().rev() {
            self.tasks.push(task(id, after));
            let first = hir.info(id).first_with(&after.first);
            after = Follow::first(first);
            if let Node::WordBoundary { word, negative: false } = hir.node(id) {
                after.boundary = Some(word);
            }
        }
    }

    fn alternatives(&mut self, span: Span, follow: Follow, behind: bool) {
        let hir = self.hir;
        let items = hir.children(span);
        let Some((&last, others)) = items.split_last() else {
            return;
        };
        let first_of = |id| {
            if behind { FirstSet::ANY } else { hir.info(id).first_with(&follow.first) }
        };
        // From the last to the first, as the tasks are pushed: `there` is what any later alternative may begin with.
        let end = self.label();
        let inner = Follow { after_repetition: None, ..follow };
        let runs: Vec<Option<Op>> = items.iter().map(|&id| self.run_of_alternative(id, items, &follow)).collect();
        let node = |i: usize| match runs[i] {
            Some(run) => Task::Op(run),
            None => Task::Node { id: items[i], follow: inner, behind },
        };
        let mut next = self.label();
        let mut there = first_of(last);
        self.schedule([Task::Bind(next), node(others.len()), Task::Bind(end)].into_iter());
        for (i, &id) in others.iter().enumerate().rev() {
            let here = first_of(id);
            let choice = self.choice(here, there, next);
            let label = self.label();
            let block = [Task::Op(choice), node(i), Task::Op(Op::Jump(end.0))];
            self.schedule(block.into_iter());
            if start::begins_at_input_start(hir, id) && !behind {
                self.tasks.push(Task::Op(Op::JumpUnlessStart(next.0)));
            }
            if i % 256 == 255 {
                self.tasks.push(Task::Op(Op::Charge(256)));
            }
            self.tasks.push(Task::Bind(label));
            there = there.union(&here);
            next = label;
        }
    }

    /// In `(?:[set]|…)*`, where neither the other alternatives nor what follows the repetition can begin with a member
    /// of the set, whole runs of members can be taken at once: no other way through them exists.
    fn run_of_alternative(&mut self, id: NodeId, items: &[NodeId], follow: &Follow) -> Option<Op> {
        let hir = self.hir;
        let after = follow.after_repetition?;
        let Node::Set(set) = hir.node(id) else {
            return None;
        };
        let entry = hir.set_entry(set);
        let alone = |first: &FirstSet| entry.first.units_disjoint(first);
        let others_differ = items.iter().filter(|&&other| other != id).all(|&other| {
            let info = hir.info(other);
            !info.open && alone(&info.first)
        });
        if !others_differ || !alone(&after) {
            return None;
        }
        let class = self.class(set);
        let (next, min, max) = (FirstId::ANY, 1, crate::hir::INFINITE);
        let mode = crate::program::LoopMode::Possessive;
        Some(if entry.wide {
            Op::WideLoop { class, next, min, max, mode }
        } else {
            Op::Loop { class, next, min, max, mode }
        })
    }

    /// `Choose`, or `Split` if nothing is known of either side.
    fn choice(&mut self, here: FirstSet, there: FirstSet, target: Label) -> Op {
        let (here, there) = (self.first(here), self.first(there));
        let target = target.0;
        if (here, there) == (FirstId::ANY, FirstId::ANY) {
            Op::Split(target)
        } else {
            Op::Choose { here, there, target }
        }
    }

    fn group(&mut self, index: u32, body: NodeId, follow: Follow, behind: bool) {
        let info = self.hir.info(body);
        let node = Task::Node { id: body, follow, behind };
        let (start, end) = (Op::Save(2 * index), Op::Save(2 * index + 1));
        if !behind && info.min == info.max {
            let len = info.min;
            self.schedule([node, Task::Op(Op::SaveSpan { group: index, len })].into_iter());
        } else if behind {
            self.schedule([Task::Op(end), node, Task::Op(start)].into_iter());
        } else {
            self.schedule([Task::Op(start), node, Task::Op(end)].into_iter());
        }
    }

    fn look(&mut self, body: NodeId, behind: bool, negative: bool) {
        if let Some(set) = self.hir.as_single(body) {
            // One code unit needs neither stack nor position. (A set that is wide is more than that.)
            let id = match self.hir.node(body) {
                Node::Set(id) if !self.hir.set_entry(id).wide => Some(self.class(id)),
                Node::Literal(span) if span.len == 1 => Some(self.class_of_unit(&set)),
                _ => None,
            };
            if let Some(class) = id {
                self.emit(if behind { Op::Behind { class, negative } } else { Op::Ahead { class, negative } });
                return;
            }
        }
        let node = Task::Node { id: body, follow: Follow::ACCEPT, behind };
        if negative {
            let register = self.registers(1);
            let end = self.label();
            self.schedule(
                [
                    Task::Op(Op::NegativeLookStart { register, target: end.0 }),
                    node,
                    Task::Op(Op::NegativeLookEnd(register)),
                    Task::Bind(end),
                ]
                .into_iter(),
            );
        } else {
            let register = self.registers(2);
            let captures = self.hir.info(body).has_groups();
            self.schedule(
                [Task::Op(Op::LookStart(register)), node, Task::Op(Op::LookEnd { register, captures })].into_iter(),
            );
        }
    }

    /// A class for a single code unit, which has no set in the tree.
    fn class_of_unit(&mut self, set: &crate::classes::CodePointSet) -> ClassId {
        let class = CharClass::new(set);
        let classes = &mut self.program.classes;
        let at = classes.iter().take(64).position(|c| *c == class);
        let id = at.unwrap_or(classes.len());
        if at.is_none() {
            classes.push(class);
        }
        ClassId(u16::try_from(id).unwrap_or_else(|_| {
            self.overflow = true;
            0
        }))
    }
}
