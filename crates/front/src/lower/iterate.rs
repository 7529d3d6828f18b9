//! The iteration protocols as bytecode: getting an iterator, stepping, closing.

use super::{Builder, Reg};
use oxc_ast::ast::Expression;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{BlockOut, Dst, Imm8, Iter, IterOut, Src};
use tercel_bytecode::{FeedbackKind, frame, instr};

/// Registers of an iterator record.
pub const RECORD: usize = 3;

/// Operands of `CheckObject`.
const RESULT: Imm8 = Imm8(0);
const ITERATOR: Imm8 = Imm8(1);
const RETURN_RESULT: Imm8 = Imm8(2);

impl<'s, 'a> Builder<'s, 'a> {
    /// Fills the record `iter` with an iterator of `src`. `fast`: the record may take the fast path over arrays.
    pub fn get_iterator(&mut self, iter: Reg, src: Reg, fast: bool, pos: u32) {
        let ready = self.label();
        self.at(pos);
        if fast {
            let target = self.to(ready);
            let slot = self.slot(FeedbackKind::Iterate);
            self.emit(instr::IterFast { iter: IterOut(iter), src: Src(src), target, slot });
        }
        let mark = self.mark_registers();
        let block = self.call_block(0, None);
        let slot = self.slot(FeedbackKind::GetNamed);
        self.emit(instr::GetIterMethod { block: BlockOut(block), src: Src(src), slot });
        self.call_iterator_method(iter, block);
        self.release(mark);
        self.bind(ready);
    }

    fn call_iterator_method(&mut self, iter: Reg, block: Reg) {
        self.call_method(iter, block, 0);
        self.emit(instr::CheckObject { what: ITERATOR, src: Src(iter) });
        let next = self.string("next".into());
        self.get_named(iter + 1, iter, next);
    }

    /// Fills the record `iter` with an async iterator of `src`.
    pub fn get_async_iterator(&mut self, iter: Reg, src: Reg, pos: u32) {
        let (sync, ready) = (self.label(), self.label());
        let mark = self.mark_registers();
        let block = self.call_block(0, None);
        self.at(pos);
        let slot = self.slot(FeedbackKind::GetNamed);
        let target = self.to(sync);
        self.emit(instr::GetAsyncIterMethod { block: BlockOut(block), src: Src(src), target, slot });
        self.call_iterator_method(iter, block);
        self.jump(ready);
        self.bind(sync);
        self.get_iterator(iter, src, false, pos);
        self.emit(instr::AsyncFromSync { iter: Iter(iter) });
        self.bind(ready);
        self.release(mark);
    }

    /// One step: the next value in `value`, or a jump to `done`.
    pub fn iter_step(&mut self, value: Reg, iter: Reg, done: Label, pos: u32) {
        let got = self.label();
        self.at(pos);
        self.iter_next(value, iter, got, done);
        self.iter_step_slow(value, iter, done);
        self.bind(got);
    }

    /// The step of a record on the fast path; falls through if it is not.
    pub fn iter_next(&mut self, value: Reg, iter: Reg, body: Label, done: Label) {
        let (body, done) = (self.to(body), self.to(done));
        let slot = self.slot(FeedbackKind::Iterate);
        self.emit(instr::IterNext { dst: Dst(value), iter: Iter(iter), body, done, slot });
    }

    /// The step by the protocol: IteratorStepValue.
    pub fn iter_step_slow(&mut self, value: Reg, iter: Reg, done: Label) {
        let mark = self.mark_registers();
        let result = self.temp();
        self.iter_call(result, iter);
        self.iter_result(value, result, done);
        self.release(mark);
    }

    /// `result` = call of the record's `next` method.
    pub fn iter_call(&mut self, result: Reg, iter: Reg) {
        let mark = self.mark_registers();
        let block = self.call_block(0, None);
        let slot = self.slot(FeedbackKind::Call);
        self.emit(instr::IterCall { dst: Dst(result), iter: Iter(iter), block: BlockOut(block), slot });
        self.release(mark);
    }

    /// Takes an iterator result apart: its value, or a jump to `done`.
    pub fn iter_result(&mut self, value: Reg, result: Reg, done: Label) {
        self.iter_done(result, done);
        let name = self.string("value".into());
        self.get_named(value, result, name);
    }

    /// Jumps to `done` if an iterator result says that the iterator is exhausted.
    pub fn iter_done(&mut self, result: Reg, done: Label) {
        self.check_result(result);
        let mark = self.mark_registers();
        let flag = self.temp();
        let name = self.string("done".into());
        self.get_named(flag, result, name);
        self.jump_if_true(flag, done);
        self.release(mark);
    }

    pub fn check_result(&mut self, result: Reg) {
        self.emit(instr::CheckObject { what: RESULT, src: Src(result) });
    }

    /// IteratorClose after a normal or return completion: errors are thrown.
    pub fn iter_close(&mut self, iter: Reg, is_async: bool) {
        let mark = self.mark_registers();
        let skip = self.label();
        let result = self.call_return(iter, is_async, skip);
        self.emit(instr::CheckObject { what: RETURN_RESULT, src: Src(result) });
        self.bind(skip);
        self.release(mark);
    }

    /// IteratorClose after a throw completion: errors of the closing are dropped.
    pub fn iter_close_quietly(&mut self, iter: Reg, is_async: bool) {
        let mark = self.mark_registers();
        let (skip, handler) = (self.label(), self.label());
        let ignored = self.temp();
        let region = self.open_region();
        self.call_return(iter, is_async, skip);
        self.close_region(region, handler, ignored);
        self.bind(handler);
        self.bind(skip);
        self.release(mark);
    }

    fn call_return(&mut self, iter: Reg, is_async: bool, skip: Label) -> Reg {
        let result = self.temp();
        let block = self.call_block(0, None);
        let target = self.to(skip);
        let slot = self.slot(FeedbackKind::GetNamed);
        self.emit(instr::GetIterReturn { block: BlockOut(block), iter: Iter(iter), target, slot });
        self.call_method(result, block, 0);
        if is_async {
            self.emit_await(result, result);
        }
        result
    }

    /// Appends the elements of an iterable to an array.
    pub fn spread_into(&mut self, array: Reg, e: &'s Expression<'a>) {
        use oxc_span::GetSpan;
        let mark = self.mark_registers();
        let pos = e.span().start;
        let src = self.expr(e);
        let end = self.label();
        self.at(pos);
        let target = self.to(end);
        let slot = self.slot(FeedbackKind::Iterate);
        self.emit(instr::ArraySpread { array: Src(array), src: Src(src), target, slot });
        let iter = self.run(RECORD);
        self.get_iterator(iter, src, false, pos);
        self.push_rest(array, iter, end, pos);
        self.bind(end);
        self.release(mark);
    }

    /// Appends what is left of an iterator to an array, then jumps to `end`.
    fn push_rest(&mut self, array: Reg, iter: Reg, end: Label, pos: u32) {
        let mark = self.mark_registers();
        let value = self.temp();
        let top = self.asm.here();
        self.iter_step(value, iter, end, pos);
        self.emit(instr::ArrayPush { array: Src(array), src: Src(value) });
        self.loop_back(top);
        self.release(mark);
    }

    /// Calls the method in `block+0` of the iterator in `block+5` with the one argument that is in the block already.
    pub fn call_iter_method(&mut self, result: Reg, block: Reg) {
        self.call_method(result, block, 1);
    }

    /// Puts the `next` method of a record and the iterator into a block.
    pub fn load_next_method(&mut self, block: Reg, iter: Reg) {
        self.mov(block, iter + 1);
        self.mov(block + frame::THIS, iter);
    }
}
