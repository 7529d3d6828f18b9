//! Quantifiers.
//!
//! A repeated character is one `loop` op. Anything else is code around its body, in the cheapest form that is right:
//!
//! | bounds | body | code |
//! | --- | --- | --- |
//! | `{0,1}` | any | choice, body |
//! | `{0,}` | any | choice, body, jump back |
//! | `{1,}` | not empty | body, choice, jump back |
//! | others | any | counter, comparisons, choice, body, jump back |
//!
//! "choice" prefers the body if greedy, the exit if lazy. A body that may match nothing is enclosed in `mark` and
//! `progress`, and one with groups begins by clearing them, unless it can be shown that nobody sees the difference.

use super::{Compiler, Follow, Label, Task};
use crate::classes::FirstSet;
use crate::hir::{INFINITE, Info, Node, NodeId, SetId};
use crate::program::{FirstId, LoopMode, Op};

/// A repetition while its code is laid out.
struct Shape {
    body: NodeId,
    min: u32,
    max: u32,
    greedy: bool,
    behind: bool,
    info: Info,
    /// After the repetition.
    follow: Follow,
    /// What an iteration may begin with.
    body_first: FirstSet,
}

impl Compiler<'_> {
    pub(super) fn repeat(&mut self, id: NodeId, follow: Follow, behind: bool) {
        let Node::Repeat { body, min, max, greedy } = self.hir.node(id) else {
            return;
        };
        if max == 0 {
            // Groups in the body are counted, but nothing is ever matched.
            return;
        }
        if let Node::Set(set) = self.hir.node(body)
            && !behind
        {
            return self.set_loop(set, min, max, greedy, follow);
        }
        let follow = if behind { Follow::ANYTHING } else { follow };
        let info = *self.hir.info(body);
        let shape = Shape {
            body,
            min,
            max,
            greedy,
            behind,
            info,
            follow,
            body_first: if behind { FirstSet::ANY } else { info.first_with(&follow.first) },
        };
        let may_be_empty = info.min == 0;
        match (min, max) {
            (0, 1) => self.optional(&shape),
            (0, INFINITE) => self.star(&shape),
            (1, INFINITE) if !may_be_empty => self.plus(&shape),
            _ => self.counted(&shape),
        }
    }

    fn set_loop(&mut self, set: SetId, min: u32, max: u32, greedy: bool, follow: Follow) {
        let entry = self.hir.set_entry(set);
        // What is lazy and cannot be asked for more takes no more than it must.
        let max = if follow.accepts && !greedy { min } else { max };
        if max == 0 {
            return;
        }
        let decided = min == max
            || follow.accepts
            || entry.first.units_disjoint(&follow.first)
            || (min > 0 && self.runs_to_boundary(set, &follow, max));
        let (mode, next) = if decided {
            (LoopMode::Possessive, FirstId::ANY)
        } else {
            let next = self.first(follow.first);
            let mode = if greedy { LoopMode::Greedy } else { LoopMode::Lazy };
            (mode, next)
        };
        let class = self.class(set);
        self.emit(if entry.wide {
            Op::WideLoop { class, next, min, max, mode }
        } else {
            Op::Loop { class, next, min, max, mode }
        });
    }

    /// Before `\b`, a loop over word characters only (or over none) can only end where its run does: anywhere
    /// else the characters on both sides are of one kind.
    fn runs_to_boundary(&self, set: SetId, follow: &Follow, max: u32) -> bool {
        let Some(word) = follow.boundary else {
            return false;
        };
        let (set, word) = (&self.hir.set_entry(set).set, &self.hir.set_entry(word).set);
        max == INFINITE && (set.is_subset_of(word) || set.intersect(word).is_empty())
    }

    /// The ops at the start and the end of an iteration, around the body.
    fn iteration(&mut self, shape: &Shape, counter: Option<u32>, body_follow: Follow) -> Vec<Task> {
        let mut tasks = Vec::with_capacity(8);
        let may_be_empty = shape.info.min == 0;
        let mark = may_be_empty.then(|| self.registers(1));
        if let Some(mark) = mark {
            tasks.push(Task::Op(Op::Mark(mark)));
        }
        if self.must_clear(shape) {
            let (first, end) = shape.info.groups;
            tasks.push(Task::Op(Op::Clear { first, end }));
        }
        tasks.push(Task::EnterLoop);
        tasks.push(Task::Node { id: shape.body, follow: body_follow, behind: shape.behind });
        tasks.push(Task::LeaveLoop);
        if let Some(mark) = mark {
            tasks.push(Task::Op(match counter {
                Some(count) if shape.min > 0 => Op::ProgressAfter { mark, count, min: shape.min },
                _ => Op::Progress(mark),
            }));
        }
        tasks
    }

    /// Must an iteration begin by unsetting the groups in its body (RepeatMatcher step 4)?
    fn must_clear(&self, shape: &Shape) -> bool {
        let info = &shape.info;
        // Outside other loops, the groups of an optional body are unset anyway.
        let can_be_set = shape.max > 1 || self.loops > 0;
        // If every iteration sets every group, only a backreference could see the old values.
        let hidden = info.sets_all_groups && self.hir.references.is_empty();
        info.has_groups() && can_be_set && !hidden
    }

    /// A choice between the body, at `body`, and the exit, at `exit`, one of which comes right after it (the body,
    /// if greedy); for lazy repetitions also the jump to the exit.
    fn choose_body(&mut self, shape: &Shape, body: Label, exit: Label) -> Vec<Task> {
        let rest = shape.follow.first;
        if shape.greedy {
            vec![Task::Op(self.choice(shape.body_first, rest, exit))]
        } else {
            let choice = self.choice(rest, shape.body_first, body);
            vec![Task::Op(choice), Task::Op(Op::Jump(exit.0))]
        }
    }

    fn optional(&mut self, shape: &Shape) {
        let (body, exit) = (self.label(), self.label());
        let follow =
            Follow { accepts: shape.follow.accepts && shape.info.min > 0, after_repetition: None, ..shape.follow };
        let mut tasks = self.choose_body(shape, body, exit);
        tasks.push(Task::Bind(body));
        tasks.extend(self.iteration(shape, None, follow));
        tasks.push(Task::Bind(exit));
        self.schedule(tasks.into_iter());
    }

    /// What may follow an iteration: another one, or what follows the repetition.
    fn loop_follow(shape: &Shape) -> Follow {
        let uncounted = shape.min <= 1 && shape.max == INFINITE && !shape.behind;
        Follow {
            after_repetition: uncounted.then_some(shape.follow.first),
            ..Follow::first(shape.body_first.union(&shape.follow.first))
        }
    }

    fn star(&mut self, shape: &Shape) {
        let (head, body, exit) = (self.label(), self.label(), self.label());
        let mut tasks = vec![Task::Bind(head)];
        tasks.extend(self.choose_body(shape, body, exit));
        tasks.push(Task::Bind(body));
        tasks.extend(self.iteration(shape, None, Self::loop_follow(shape)));
        tasks.push(Task::Op(Op::Jump(head.0)));
        tasks.push(Task::Bind(exit));
        self.schedule(tasks.into_iter());
    }

    fn plus(&mut self, shape: &Shape) {
        let (head, again, exit) = (self.label(), self.label(), self.label());
        let mut tasks = vec![Task::Bind(head)];
        tasks.extend(self.iteration(shape, None, Self::loop_follow(shape)));
        tasks.extend(self.choose_body(shape, again, exit));
        tasks.push(Task::Bind(again));
        tasks.push(Task::Op(Op::Jump(head.0)));
        tasks.push(Task::Bind(exit));
        self.schedule(tasks.into_iter());
    }

    fn counted(&mut self, shape: &Shape) {
        let (head, body, exit) = (self.label(), self.label(), self.label());
        let register = self.registers(1);
        let mut tasks = vec![Task::Op(Op::Zero(register)), Task::Bind(head)];
        if shape.min > 0 {
            tasks.push(Task::Op(Op::CountBelow { register, min: shape.min, target: body.0 }));
        }
        if shape.max != INFINITE {
            tasks.push(Task::Op(Op::CountReached { register, max: shape.max, target: exit.0 }));
        }
        if shape.min < shape.max {
            tasks.extend(self.choose_body(shape, body, exit));
        }
        tasks.push(Task::Bind(body));
        tasks.push(Task::Op(Op::Increment(register)));
        tasks.extend(self.iteration(shape, Some(register), Self::loop_follow(shape)));
        tasks.push(Task::Op(Op::Jump(head.0)));
        tasks.push(Task::Bind(exit));
        self.schedule(tasks.into_iter());
    }
}
