//! Leaving statements: `break`, `continue`, `return`, and what must happen on the way: `finally` blocks and closing of iterators.
//!
//! The stack of [`Control`]s holds, innermost last, what a jump may leave. `finally` is ordinary code, emitted once: who enters it says in
//! a register why (0 normally, 1 with an exception, 2 and up one of the jumps through it) and with what value; at its end a dispatch goes on
//! from there. Iterators are closed right where they are left.
//!
//! A [`Region`] is code covered by a handler. Code that closes an iterator on the way out lies outside the regions that are being left, so a
//! region may have gaps.

use super::{Builder, Reg};
use oxc_ast::ast::*;
use oxc_str::Ident;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{Dst, I16, Src};
use tercel_bytecode::{FeedbackKind, FunctionKind, frame, instr};

/// Why a `finally` block runs.
const NORMAL: i16 = 0;
const THROWN: i16 = 1;
const FIRST_EXIT: i16 = 2;

/// Something that a jump can leave or go to.
pub struct Control<'a> {
    kind: ControlKind<'a>,
    /// The regions outside of it.
    regions: usize,
}

enum ControlKind<'a> {
    /// A loop, switch or labelled statement.
    Breakable {
        labels: Vec<Ident<'a>>,
        break_label: Label,
        /// Loops only.
        continue_label: Option<Label>,
        /// `break` without a label ends it.
        plain: bool,
    },
    /// The block of a `try` with `finally`.
    Finally(Finally),
    /// The body of a `for-of`.
    Iterator { iter: Reg, is_async: bool },
    /// A destructuring pattern: the iterator is closed unless `done`.
    Pattern { iter: Reg, done: Reg },
}

/// The state of a `finally` whose block is being lowered.
struct Finally {
    entry: Label,
    reason: Reg,
    value: Reg,
    exits: Vec<Exit>,
}

/// A jump out of statements.
#[derive(Clone, Copy, PartialEq)]
enum Exit {
    /// To a label that belongs to the control of this number, which itself is not left.
    Jump { label: Label, control: usize },
    /// Out of the function, with a value.
    Return,
}

/// Code covered by a handler.
pub struct Region {
    start: Label,
    suspended: bool,
    ranges: Vec<(Label, Label)>,
}

impl<'s, 'a> Builder<'s, 'a> {
    // ---- Regions --------------------------------------------------------------------------------------------------------------

    /// Begins a region; returns its number.
    pub fn open_region(&mut self) -> usize {
        let start = self.asm.here();
        self.regions.push(Region { start, suspended: false, ranges: Vec::new() });
        self.regions.len() - 1
    }

    /// Ends the innermost region, whose number is `region`: exceptions in it go to `handler`, in register `dst`.
    pub fn close_region(&mut self, region: usize, handler: Label, dst: Reg) {
        debug_assert_eq!(region + 1, self.regions.len(), "regions end innermost first");
        let end = self.asm.here();
        let Some(mut region) = self.regions.pop() else {
            return;
        };
        region.ranges.push((region.start, end));
        for (start, end) in region.ranges {
            self.asm.handler(start, end, handler, dst);
        }
    }

    /// Takes the following code out of the regions from number `from` on.
    fn suspend(&mut self, from: usize) {
        if from >= self.regions.len() {
            return;
        }
        let here = self.asm.here();
        for region in &mut self.regions[from..] {
            if !region.suspended {
                region.ranges.push((region.start, here));
                region.suspended = true;
            }
        }
    }

    /// Puts the following code back into them.
    fn resume(&mut self, from: usize) {
        if from >= self.regions.len() {
            return;
        }
        let here = self.asm.here();
        for region in &mut self.regions[from..] {
            if region.suspended {
                region.start = here;
                region.suspended = false;
            }
        }
    }

    /// Whether a call here may be a tail call: nothing is left to do after it in this function.
    pub fn control_is_plain(&self) -> bool {
        self.regions.is_empty() && self.control_is_breakable()
    }

    /// Whether nothing has to be done when all statements are left.
    fn control_is_breakable(&self) -> bool {
        self.control.iter().all(|control| matches!(control.kind, ControlKind::Breakable { .. }))
    }

    // ---- Controls -------------------------------------------------------------------------------------------------------------

    fn push_control(&mut self, kind: ControlKind<'a>) {
        self.control.push(Control { kind, regions: self.regions.len() });
    }

    /// Begins a statement that `break` can end; with the labels right before it.
    pub fn push_breakable(&mut self, break_label: Label, continue_label: Option<Label>, plain: bool) {
        let labels = std::mem::take(&mut self.pending_labels);
        self.push_control(ControlKind::Breakable { labels, break_label, continue_label, plain });
    }

    pub fn push_iterator(&mut self, iter: Reg, is_async: bool) {
        self.push_control(ControlKind::Iterator { iter, is_async });
    }

    pub fn push_pattern(&mut self, iter: Reg, done: Reg) {
        self.push_control(ControlKind::Pattern { iter, done });
    }

    pub fn pop_control(&mut self) {
        self.control.pop();
    }

    // ---- Jumps ------------------------------------------------------------------------------------------------------------------

    pub fn break_statement(&mut self, statement: &BreakStatement<'a>) {
        let found = self.break_target(statement);
        self.jump_out(found, statement.span.start, "break");
    }

    pub fn continue_statement(&mut self, statement: &ContinueStatement<'a>) {
        let found = self.continue_target(statement);
        self.jump_out(found, statement.span.start, "continue");
    }

    fn break_target(&self, statement: &BreakStatement<'a>) -> Option<(usize, Label)> {
        let name = statement.label.as_ref().map(|label| label.name);
        self.find_control(|labels, break_label, _, plain| {
            let hit = name.map_or(plain, |name| labels.contains(&name));
            hit.then_some(break_label)
        })
    }

    fn continue_target(&self, statement: &ContinueStatement<'a>) -> Option<(usize, Label)> {
        let name = statement.label.as_ref().map(|label| label.name);
        let (control, label) = self.find_control(|labels, _, continue_label, _| {
            let hit = name.is_none_or(|name| labels.contains(&name));
            continue_label.filter(|_| hit)
        })?;
        // A `for-of` goes on with its iterator, whose control lies right inside the loop's.
        let own_iterator =
            matches!(self.control.get(control + 1), Some(Control { kind: ControlKind::Iterator { .. }, .. }));
        Some((control + usize::from(own_iterator), label))
    }

    /// The innermost statement for which `pick` gives a label.
    fn find_control(
        &self,
        pick: impl Fn(&[Ident<'a>], Label, Option<Label>, bool) -> Option<Label>,
    ) -> Option<(usize, Label)> {
        let controls = self.control.iter().enumerate().rev();
        controls.into_iter().find_map(|(i, control)| match &control.kind {
            ControlKind::Breakable { labels, break_label, continue_label, plain } => {
                Some((i, pick(labels, *break_label, *continue_label, *plain)?))
            }
            _ => None,
        })
    }

    /// If a statement only jumps, with nothing to do on the way: where to.
    pub fn plain_jump(&self, statement: &Statement<'a>) -> Option<Label> {
        let (control, label) = match statement {
            Statement::BreakStatement(e) => self.break_target(e)?,
            Statement::ContinueStatement(e) => self.continue_target(e)?,
            Statement::BlockStatement(block) => match block.body.as_slice() {
                [Statement::BlockStatement(_)] => return None,
                [only] => return self.plain_jump(only),
                _ => return None,
            },
            _ => return None,
        };
        let between = &self.control[control + 1..];
        let plain = between.iter().all(|control| matches!(control.kind, ControlKind::Breakable { .. }));
        plain.then_some(label)
    }

    fn jump_out(&mut self, found: Option<(usize, Label)>, pos: u32, what: &str) {
        match found {
            Some((control, label)) => self.leave(Exit::Jump { label, control }, 0),
            None => self.syntax_error(pos, format!("nothing to {what} here")),
        }
    }

    /// `return e`.
    pub fn return_expression(&mut self, e: &'s Expression<'a>) {
        if self.tail_expression(e) {
            return;
        }
        let mark = self.mark_registers();
        let value = self.expr(e);
        self.return_value(value);
        self.release(mark);
    }

    /// `return` with a value in a register.
    pub fn return_value(&mut self, value: Reg) {
        let function = &self.cx.analysis.functions[self.id as usize];
        let mark = self.mark_registers();
        let mut value = value;
        if function.generator && function.is_async {
            // `return v` in an async generator awaits first.
            let awaited = self.temp();
            self.emit_await(awaited, value);
            value = awaited;
        } else if !self.control_is_breakable() {
            // A variable may change while `finally` blocks run.
            let copy = self.temp();
            self.mov(copy, value);
            value = copy;
        }
        self.leave(Exit::Return, value);
        self.release(mark);
    }

    /// `return` with a value that was awaited already, if that is needed.
    pub fn return_awaited(&mut self, value: Reg) {
        self.leave(Exit::Return, value);
    }

    pub fn return_undefined(&mut self) {
        let special = self.coroutine.is_some() || self.kind == FunctionKind::DerivedConstructor;
        if !special && self.control.iter().all(|c| matches!(c.kind, ControlKind::Breakable { .. })) {
            return self.emit(instr::ReturnUndefined {});
        }
        let mark = self.mark_registers();
        let value = self.temp();
        self.load_undefined(value);
        self.leave(Exit::Return, value);
        self.release(mark);
    }

    /// Does what an exit must do on its way, then jumps or returns.
    fn leave(&mut self, exit: Exit, value: Reg) {
        let last = match exit {
            Exit::Jump { control, .. } => control + 1,
            Exit::Return => 0,
        };
        let mut suspended = self.regions.len();
        let mut i = self.control.len();
        while i > last {
            i -= 1;
            let regions = self.control[i].regions;
            match &mut self.control[i].kind {
                ControlKind::Breakable { .. } => {}
                ControlKind::Finally(finally) => {
                    let code = finally.exits.iter().position(|known| *known == exit);
                    let code = code.unwrap_or_else(|| {
                        finally.exits.push(exit);
                        finally.exits.len() - 1
                    });
                    let (entry, reason, result) = (finally.entry, finally.reason, finally.value);
                    if exit == Exit::Return {
                        self.mov(result, value);
                    }
                    self.load_int(reason, code as i32 + i32::from(FIRST_EXIT));
                    self.jump(entry);
                    return self.resume(suspended);
                }
                &mut ControlKind::Iterator { iter, is_async } => {
                    self.suspend(regions);
                    suspended = suspended.min(regions);
                    self.iter_close(iter, is_async);
                }
                &mut ControlKind::Pattern { iter, done } => {
                    self.suspend(regions);
                    suspended = suspended.min(regions);
                    let skip = self.label();
                    self.jump_if_true(done, skip);
                    self.iter_close(iter, false);
                    self.bind(skip);
                }
            }
        }
        match exit {
            Exit::Jump { label, .. } => self.jump(label),
            Exit::Return => {
                self.suspend(0);
                suspended = 0;
                self.final_return(value);
            }
        }
        self.resume(suspended);
    }

    /// Returns from the function: everything else is done.
    fn final_return(&mut self, value: Reg) {
        let function = &self.cx.analysis.functions[self.id as usize];
        if let Some(coroutine) = self.coroutine {
            let (src, coroutine) = (Src(value), Src(coroutine));
            if function.is_async || self.kind == FunctionKind::Module {
                self.emit(instr::AsyncReturn { src, coroutine });
            } else {
                self.emit(instr::GeneratorReturn { src, coroutine });
            }
            return;
        }
        if self.kind == FunctionKind::DerivedConstructor {
            let mark = self.mark_registers();
            let this = self.load_internal(crate::analysis::internal::THIS, frame::THIS);
            let result = self.temp();
            self.emit(instr::CheckConstructorReturn { dst: Dst(result), value: Src(value), this: Src(this) });
            self.emit(instr::Return { src: Src(result) });
            self.release(mark);
            return;
        }
        self.emit(instr::Return { src: Src(value) });
    }

    // ---- try --------------------------------------------------------------------------------------------------------------------

    pub fn try_statement(&mut self, statement: &'s TryStatement<'a>) {
        self.clear_completion();
        match &statement.finalizer {
            None => self.try_catch(statement),
            Some(finalizer) => self.with_finally(
                |this| match &statement.handler {
                    Some(_) => this.try_catch(statement),
                    None => this.block(&statement.block),
                },
                |this, _, _| {
                    // The completion value of a `finally` that ends normally is dropped.
                    let saved = this.completion.map(|completion| {
                        let saved = this.temp();
                        this.mov(saved, completion);
                        saved
                    });
                    this.clear_completion();
                    this.block(finalizer);
                    if let (Some(saved), Some(completion)) = (saved, this.completion) {
                        this.mov(completion, saved);
                    }
                },
            ),
        }
    }

    fn try_catch(&mut self, statement: &'s TryStatement<'a>) {
        let Some(handler) = &statement.handler else {
            return;
        };
        let mark = self.mark_registers();
        let exception = self.temp();
        let (catch, end) = (self.label(), self.label());
        let region = self.open_region();
        self.block(&statement.block);
        self.close_region(region, catch, exception);
        self.jump(end);
        self.bind(catch);
        self.clear_completion();
        match (&handler.param, handler.scope_id.get()) {
            (Some(param), Some(scope)) => {
                let entered = self.enter_scope(scope.index() as u32);
                self.bind_pattern(&param.pattern, exception, super::pattern::Bind::Init);
                self.block(&handler.body);
                self.leave_scope(entered);
            }
            _ => self.block(&handler.body),
        }
        self.bind(end);
        self.release(mark);
    }

    /// Lowers `body` so that `finalizer` runs however it is left. The finalizer may change the reason and value registers that it gets.
    pub fn with_finally(&mut self, body: impl FnOnce(&mut Self), finalizer: impl FnOnce(&mut Self, Reg, Reg)) {
        let mark = self.mark_registers();
        let (reason, value) = (self.temp(), self.temp());
        // The register is read on ways on which nothing was put into it, if only on paper: the reason says whether it matters.
        self.load_undefined(value);
        let (entry, catch) = (self.label(), self.label());
        self.push_control(ControlKind::Finally(Finally { entry, reason, value, exits: Vec::new() }));
        let region = self.open_region();
        body(self);
        self.close_region(region, catch, value);
        let exits = match self.control.pop().map(|control| control.kind) {
            Some(ControlKind::Finally(finally)) => finally.exits,
            _ => Vec::new(),
        };
        self.load_int(reason, i32::from(NORMAL));
        self.jump(entry);
        self.bind(catch);
        self.load_int(reason, i32::from(THROWN));
        self.bind(entry);
        finalizer(self, reason, value);
        // Go on where the block was left.
        let end = self.label();
        self.jump_if_int(reason, NORMAL, end);
        for (i, exit) in exits.into_iter().enumerate() {
            let next = self.label();
            let target = self.to(next);
            let slot = self.slot(FeedbackKind::Compare);
            let code = (i.min(32_000) as i16) + FIRST_EXIT;
            if i >= 32_000 {
                self.too_large("too many jumps out of one 'try'");
            }
            self.emit(instr::JumpIfStrictNotEqImm { a: Src(reason), imm: I16(code), target, slot });
            self.leave(exit, value);
            self.bind(next);
        }
        self.emit(instr::Throw { src: Src(value) });
        self.bind(end);
        self.release(mark);
    }

    /// Marks the reason of a `finally` as an exception, whose value is in its value register.
    pub fn set_thrown(&mut self, reason: Reg) {
        self.load_int(reason, i32::from(THROWN));
    }

    /// Jumps unless a `finally` runs because of an exception.
    pub fn jump_unless_thrown(&mut self, reason: Reg, label: Label) {
        let target = self.to(label);
        let slot = self.slot(FeedbackKind::Compare);
        self.emit(instr::JumpIfStrictNotEqImm { a: Src(reason), imm: I16(THROWN), target, slot });
    }
}
