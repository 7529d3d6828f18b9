//! `await`, `yield`, `yield*`.

use super::iterate::RECORD;
use super::{Builder, Reg};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{Dst, Src};
use tercel_bytecode::{ErrorKind, FunctionKind, frame, instr};

/// The `mode` of a resumption in `YieldDelegate`.
const THROW: i16 = 1;
const RETURN: i16 = 2;

impl<'s, 'a> Builder<'s, 'a> {
    fn coroutine(&self) -> Reg {
        // Only wrong programs get here without one, and those have an error already.
        self.coroutine.unwrap_or(frame::CALLEE)
    }

    /// Whether `await` is possible: in async functions, and in modules with top-level await.
    pub fn can_await(&self) -> bool {
        self.coroutine.is_some() && (self.is_async() || self.kind == FunctionKind::Module)
    }

    /// `dst = await src`.
    pub fn emit_await(&mut self, dst: Reg, src: Reg) {
        if !self.can_await() {
            return self.syntax_error(0, "'await' is only allowed in async code");
        }
        let coroutine = Src(self.coroutine());
        self.emit(instr::Await { dst: Dst(dst), src: Src(src), coroutine });
    }

    fn is_async(&self) -> bool {
        self.cx.analysis.functions[self.id as usize].is_async
    }

    pub fn yield_expression(&mut self, e: &'s YieldExpression<'a>, dst: Reg) {
        if self.coroutine.is_none() {
            return self.syntax_error(e.span.start, "'yield' is only allowed in generators");
        }
        let argument = match &e.argument {
            Some(argument) if e.delegate => return self.yield_delegate(argument, dst),
            Some(argument) => self.expr(argument),
            None => {
                let value = self.temp();
                self.load_undefined(value);
                value
            }
        };
        self.at_span(e.span);
        let mut value = argument;
        if self.is_async() {
            value = self.temp();
            self.emit_await(value, argument);
        }
        let (returned, go_on) = (self.label(), self.label());
        let result = dst;
        let on_return = self.to(returned);
        let coroutine = Src(self.coroutine());
        self.emit(instr::Yield { dst: Dst(result), src: Src(value), coroutine, on_return });
        self.jump(go_on);
        self.bind(returned);
        self.return_value(result);
        self.bind(go_on);
    }

    /// `yield* e`.
    fn yield_delegate(&mut self, e: &'s Expression<'a>, dst: Reg) {
        let mark = self.mark_registers();
        let is_async = self.is_async();
        let iter = self.run(RECORD);
        let (received, mode, result) = (self.temp(), self.temp(), self.temp());
        let pos = e.span().start;
        let iterable = self.expr(e);
        if is_async {
            self.get_async_iterator(iter, iterable, pos);
        } else {
            self.get_iterator(iter, iterable, false, pos);
        }
        self.load_undefined(received);
        self.load_int(mode, 0);
        let (on_throw, on_return, answered, done) = (self.label(), self.label(), self.label(), self.label());
        let top = self.asm.here();
        self.at(pos);
        self.jump_if_int(mode, THROW, on_throw);
        self.jump_if_int(mode, RETURN, on_return);
        // next
        let block = self.call_block(1, None);
        let argument = block + frame::FIRST_PARAM;
        self.load_next_method(block, iter);
        self.mov(argument, received);
        self.call_iter_method(result, block);
        self.jump(answered);
        self.bind(on_throw);
        self.delegate_throw(iter, block, received, result);
        self.jump(answered);
        self.bind(on_return);
        let returned = self.delegate_return(iter, block, received, result);
        self.bind(answered);
        if is_async {
            self.emit_await(result, result);
        }
        self.iter_result_done(result, done);
        let value = if is_async {
            let value = self.string("value".into());
            self.get_named(result, result, value);
            result
        } else {
            result
        };
        let coroutine = Src(self.coroutine());
        self.emit(instr::YieldDelegate { dst: Dst(received), mode: Dst(mode), src: Src(value), coroutine });
        if is_async {
            self.await_return(received, mode);
        }
        self.loop_back(top);
        // Done: the value; if the generator was asked to return, it does.
        self.bind(done);
        let value = self.string("value".into());
        self.get_named(received, result, value);
        self.jump_if_int(mode, RETURN, returned);
        let end = self.label();
        self.jump(end);
        self.bind(returned);
        self.return_awaited(received);
        self.bind(end);
        self.mov(dst, received);
        self.release(mark);
    }

    /// Jumps to `done` if the iterator result says so.
    fn iter_result_done(&mut self, result: Reg, done: Label) {
        self.check_result(result);
        let mark = self.mark_registers();
        let flag = self.temp();
        let name = self.string("done".into());
        self.get_named(flag, result, name);
        self.jump_if_true(flag, done);
        self.release(mark);
    }

    /// A resumption with `throw`: passed on, or the iterator is closed and a TypeError thrown.
    fn delegate_throw(&mut self, iter: Reg, block: Reg, received: Reg, result: Reg) {
        let there = self.label();
        let name = self.string("throw".into());
        self.get_method(block, iter, name);
        self.jump_if_not_nullish(block, there);
        let is_async = self.is_async();
        self.iter_close(iter, is_async);
        self.throw_error(ErrorKind::Type, "The iterator does not provide a 'throw' method.");
        self.bind(there);
        self.mov(block + frame::FIRST_PARAM, received);
        self.call_iter_method(result, block);
    }

    /// A resumption with `return`: passed on; without such a method the generator returns at once, at the label given back.
    fn delegate_return(&mut self, iter: Reg, block: Reg, received: Reg, result: Reg) -> Label {
        let (there, returned) = (self.label(), self.label());
        let name = self.string("return".into());
        self.get_method(block, iter, name);
        self.jump_if_not_nullish(block, there);
        if self.is_async() {
            self.emit_await(received, received);
        }
        self.jump(returned);
        self.bind(there);
        self.mov(block + frame::FIRST_PARAM, received);
        self.call_iter_method(result, block);
        returned
    }

    /// In an async generator a `return` resumption awaits its value; if that throws, it is a `throw` resumption.
    fn await_return(&mut self, received: Reg, mode: Reg) {
        let mark = self.mark_registers();
        let (check, handler, end) = (self.label(), self.label(), self.label());
        self.jump_if_int(mode, RETURN, check);
        self.jump(end);
        self.bind(check);
        let region = self.open_region();
        self.emit_await(received, received);
        self.close_region(region, handler, received);
        self.jump(end);
        self.bind(handler);
        self.load_int(mode, i32::from(THROW));
        self.bind(end);
        self.release(mark);
    }
}
