//! Calls of all kinds: functions, methods, `new`, `super`, eval, tagged templates, `import()`, runtime functions; tail calls.

use super::emit::HEADER;
use super::{Builder, Reg};
use crate::analysis::{Found, internal, is_direct_eval};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::op::{Argc, Block, BlockOut, Count, Dst, Eval, Imm8, Run, Src};
use tercel_bytecode::{Constant, EvalInfo, FeedbackKind, FunctionKind, frame, instr};

/// Calls with more arguments pass them in an array.
const MANY_ARGUMENTS: usize = 2000;

/// A callee in its block.
struct Callee {
    block: Reg,
    /// `block+5` holds the receiver.
    has_this: bool,
    /// What to blame if the callee cannot be called.
    pos: u32,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn call_expression(&mut self, call: &'s CallExpression<'a>, dst: Reg) {
        if matches!(call.callee, Expression::Super(_)) {
            return self.super_call(call, dst);
        }
        let spread = needs_array(&call.arguments);
        let argc = if spread { 0 } else { call.arguments.len() };
        let callee = self.callee(&call.callee, argc, Some(dst));
        self.optional(call.optional, callee.block);
        if is_direct_eval(call) {
            return self.direct_eval(call, callee, dst);
        }
        if spread {
            let args = self.arguments_array(&call.arguments);
            self.no_receiver(&callee);
            self.at(callee.pos);
            let slot = self.slot(FeedbackKind::Call);
            self.emit(instr::CallSpread { dst: Dst(dst), block: Block(callee.block), args: Src(args), slot });
            return;
        }
        self.arguments(&call.arguments, callee.block);
        self.at(callee.pos);
        if callee.has_this {
            self.call_method(dst, callee.block, argc);
        } else {
            self.call(dst, callee.block, argc);
        }
    }

    /// `return call`: a proper tail call if the code is strict. `false` if it cannot be one.
    pub fn tail_call(&mut self, call: &'s CallExpression<'a>) -> bool {
        if call.optional
            || matches!(call.callee, Expression::Super(_))
            || is_direct_eval(call)
            || needs_array(&call.arguments)
        {
            return false;
        }
        let argc = call.arguments.len();
        let callee = self.callee(&call.callee, argc, None);
        self.arguments(&call.arguments, callee.block);
        self.at(callee.pos);
        let slot = self.slot(FeedbackKind::Call);
        let (block, argc) = (Block(callee.block), Argc(argc as u16));
        if callee.has_this {
            self.emit(instr::TailCallMethod { block, argc, slot });
        } else {
            self.emit(instr::TailCall { block, argc, slot });
        }
        true
    }

    /// Evaluates a callee, and its receiver, into a new block.
    fn callee(&mut self, e: &'s Expression<'a>, argc: usize, dst: Option<Reg>) -> Callee {
        match e.without_parentheses() {
            Expression::Identifier(id) => {
                let dynamic = matches!(self.cx.analysis.lookup(self.scope, id.name), Found::Dynamic);
                let pos = id.span.start;
                let block = self.call_block(argc, dst);
                if dynamic {
                    self.at(pos);
                    let name = self.name(id.name);
                    let slot = self.slot(FeedbackKind::GetGlobal);
                    let scope = Src(self.scope_reg);
                    self.emit(instr::LoadNameForCall { block: BlockOut(block), scope, name, slot });
                } else {
                    self.load_name(id.name, pos, Some(block));
                }
                Callee { block, has_this: dynamic, pos }
            }
            Expression::StaticMemberExpression(member) => self.static_callee(member, argc, dst),
            Expression::ComputedMemberExpression(member) => self.computed_callee(member, argc, dst),
            Expression::PrivateFieldExpression(member) => self.private_callee(member, argc, dst),
            // `(a?.b)()`: the receiver survives the parentheses.
            Expression::ChainExpression(chain) => {
                let exit = self.label();
                let end = self.label();
                let outer = self.chain_exit.replace(exit);
                let callee = match &chain.expression {
                    ChainElement::StaticMemberExpression(m) => self.static_callee(m, argc, None),
                    ChainElement::ComputedMemberExpression(m) => self.computed_callee(m, argc, None),
                    ChainElement::PrivateFieldExpression(m) => self.private_callee(m, argc, None),
                    ChainElement::CallExpression(call) => {
                        let block = self.call_block(argc, None);
                        self.call_expression(call, block);
                        self.load_undefined(block + frame::THIS);
                        Callee { block, has_this: true, pos: call.span.start }
                    }
                    ChainElement::TSNonNullExpression(e) => {
                        self.chain_exit = outer;
                        let callee = self.callee(&e.expression, argc, None);
                        self.bind(exit);
                        self.bind(end);
                        return callee;
                    }
                };
                self.chain_exit = outer;
                self.jump(end);
                self.bind(exit);
                self.load_undefined(callee.block);
                self.load_undefined(callee.block + frame::THIS);
                self.bind(end);
                callee
            }
            other => {
                self.calls_next =
                    matches!(other, Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_));
                let value = match dst {
                    Some(dst) if dst + 1 == self.mark_registers() && !self.is_variable(dst) => {
                        self.expr_to(other, dst);
                        dst
                    }
                    _ => self.expr_temp(other),
                };
                let block = self.call_block(argc, Some(value));
                self.mov(block, value);
                Callee { block, has_this: false, pos: other.span().start }
            }
        }
    }

    /// Evaluates the receiver of a method call and makes the block, which takes over the receiver's register if that is a temporary.
    fn receiver(&mut self, e: &'s Expression<'a>, optional: bool, argc: usize, dst: Option<Reg>) -> (Reg, Reg) {
        let before = self.mark_registers();
        let obj = self.callee_value(e, dst);
        self.optional(optional, obj);
        let reuse = if obj >= before || Some(obj) == dst { Some(obj) } else { dst };
        (obj, self.call_block(argc, reuse))
    }

    /// A value that a call block will begin at: in `dst` if that is the topmost register and no variable's.
    fn callee_value(&mut self, e: &'s Expression<'a>, dst: Option<Reg>) -> Reg {
        match dst {
            Some(dst) if dst + 1 == self.mark_registers() => self.expr_in(e, dst),
            _ => self.expr(e),
        }
    }

    fn static_callee(&mut self, member: &'s StaticMemberExpression<'a>, argc: usize, dst: Option<Reg>) -> Callee {
        let pos = member.property.span.start;
        if matches!(member.object, Expression::Super(_)) {
            let key = self.temp();
            self.load_string(key, member.property.name.as_str().into());
            return self.super_callee(member.span.start, key, argc);
        }
        let (obj, block) = self.receiver(&member.object, member.optional, argc, dst);
        let name = self.name(member.property.name);
        self.at(pos);
        self.get_method(block, obj, name);
        Callee { block, has_this: true, pos }
    }

    fn computed_callee(&mut self, member: &'s ComputedMemberExpression<'a>, argc: usize, dst: Option<Reg>) -> Callee {
        let pos = member.expression.span().start;
        if matches!(member.object, Expression::Super(_)) {
            let key = self.super_key(member);
            return self.super_callee(member.span.start, key, argc);
        }
        if let Some(name) = self.constant_key(&member.expression) {
            let (obj, block) = self.receiver(&member.object, member.optional, argc, dst);
            self.at(pos);
            self.get_method(block, obj, name);
            return Callee { block, has_this: true, pos };
        }
        let obj = self.operand(&member.object, &[&member.expression]);
        self.optional(member.optional, obj);
        let key = self.expr(&member.expression);
        let block = self.call_block(argc, None);
        self.at(pos);
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetMethodElem { block: BlockOut(block), obj: Src(obj), key: Src(key), slot });
        Callee { block, has_this: true, pos }
    }

    fn private_callee(&mut self, member: &'s PrivateFieldExpression<'a>, argc: usize, dst: Option<Reg>) -> Callee {
        let pos = member.field.span.start;
        let (obj, block) = self.receiver(&member.object, member.optional, argc, dst);
        self.mov(block + frame::THIS, obj);
        let key = self.load_private_name(&member.field);
        self.at(pos);
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetPrivate { dst: Dst(block), obj: Src(block + frame::THIS), key: Src(key), slot });
        self.release(block + HEADER + argc as Reg);
        Callee { block, has_this: true, pos }
    }

    fn super_callee(&mut self, pos: u32, key: Reg, argc: usize) -> Callee {
        let (base, this) = self.super_base(pos);
        let block = self.call_block(argc, None);
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetSuper { dst: Dst(block), base: Src(base), key: Src(key), this: Src(this), slot });
        self.mov(block + frame::THIS, this);
        Callee { block, has_this: true, pos }
    }

    fn no_receiver(&mut self, callee: &Callee) {
        if !callee.has_this {
            self.load_undefined(callee.block + frame::THIS);
        }
    }

    /// Evaluates arguments into a block.
    fn arguments(&mut self, arguments: &'s [Argument<'a>], block: Reg) {
        for (i, argument) in arguments.iter().enumerate() {
            if let Some(e) = argument.as_expression() {
                self.expr_to(e, block + HEADER + i as Reg);
            }
        }
    }

    fn arguments_array(&mut self, arguments: &'s [Argument<'a>]) -> Reg {
        let array = self.temp();
        self.new_array(array, arguments.len());
        for argument in arguments {
            match argument {
                Argument::SpreadElement(spread) => self.spread_into(array, &spread.argument),
                other => {
                    if let Some(e) = other.as_expression() {
                        self.push_into(array, e);
                    }
                }
            }
        }
        array
    }

    fn direct_eval(&mut self, call: &'s CallExpression<'a>, callee: Callee, dst: Reg) {
        let info = self.eval_info();
        self.evals.push(info);
        let eval = Eval(self.evals.len() as u32 - 1);
        let slot = self.slot(FeedbackKind::Call);
        let (dst, block, scope) = (Dst(dst), Block(callee.block), Src(self.scope_reg));
        if needs_array(&call.arguments) {
            let args = self.arguments_array(&call.arguments);
            self.no_receiver(&callee);
            self.at(callee.pos);
            self.emit(instr::DirectEvalSpread { dst, block, args: Src(args), scope, eval, slot });
            return;
        }
        // The block was made for these arguments.
        self.arguments(&call.arguments, callee.block);
        self.no_receiver(&callee);
        self.at(callee.pos);
        self.emit(instr::DirectEval { dst, block, argc: Argc(call.arguments.len() as u16), scope, eval, slot });
    }

    /// What eval code here may do.
    fn eval_info(&mut self) -> EvalInfo {
        let analysis = self.cx.analysis;
        let mut info = EvalInfo {
            strict: self.strict,
            in_parameters: self.in_params,
            scopes: self.scope_chain(),
            ..EvalInfo::default()
        };
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            let kind = analysis.functions[scope.function as usize].kind;
            match kind {
                FunctionKind::Arrow => at = scope.parent,
                FunctionKind::Script | FunctionKind::Module => return info,
                FunctionKind::Eval => {
                    if let Some(outer) = self.cx.eval {
                        info.new_target = outer.new_target;
                        info.super_property = outer.super_property;
                        info.super_call = outer.super_call;
                        info.class_init = outer.class_init;
                    }
                    return info;
                }
                _ => {
                    info.new_target = true;
                    info.super_property = kind != FunctionKind::Normal;
                    info.super_call = kind == FunctionKind::DerivedConstructor;
                    info.class_init = matches!(kind, FunctionKind::ClassInit | FunctionKind::StaticInit);
                    return info;
                }
            }
        }
        info
    }

    pub fn new_expression(&mut self, new: &'s NewExpression<'a>, dst: Reg) {
        let spread = needs_array(&new.arguments);
        let argc = if spread { 0 } else { new.arguments.len() };
        let block = match new.callee.without_parentheses() {
            Expression::Identifier(_) => {
                let block = self.call_block(argc, Some(dst));
                self.expr_to(&new.callee, block);
                block
            }
            callee => {
                self.calls_next = matches!(callee, Expression::FunctionExpression(_));
                let value = self.expr_temp(callee);
                let block = self.call_block(argc, Some(value));
                self.mov(block, value);
                block
            }
        };
        if spread {
            let args = self.arguments_array(&new.arguments);
            self.at_span(new.span);
            let slot = self.slot(FeedbackKind::Construct);
            self.emit(instr::ConstructSpread {
                dst: Dst(dst),
                block: Block(block),
                args: Src(args),
                new_target: Src(block),
                slot,
            });
            return;
        }
        self.arguments(&new.arguments, block);
        self.at_span(new.span);
        let slot = self.slot(FeedbackKind::Construct);
        self.emit(instr::Construct { dst: Dst(dst), block: Block(block), argc: Argc(argc as u16), slot });
    }

    fn super_call(&mut self, call: &'s CallExpression<'a>, dst: Reg) {
        let spread = needs_array(&call.arguments);
        let argc = if spread { 0 } else { call.arguments.len() };
        let result = self.temp();
        let new_target = self.load_internal(internal::NEW_TARGET, frame::NEW_TARGET);
        let callee = self.load_internal(internal::CALLEE, frame::CALLEE);
        let block = self.call_block(argc, None);
        self.at_span(call.span);
        self.emit(instr::GetSuperConstructor { dst: Dst(block), func: Src(callee) });
        if spread {
            let args = self.arguments_array(&call.arguments);
            self.at_span(call.span);
            let slot = self.slot(FeedbackKind::Construct);
            self.emit(instr::ConstructSpread {
                dst: Dst(result),
                block: Block(block),
                args: Src(args),
                new_target: Src(new_target),
                slot,
            });
        } else {
            self.arguments(&call.arguments, block);
            self.at_span(call.span);
            let slot = self.slot(FeedbackKind::Construct);
            self.emit(instr::SuperCall {
                dst: Dst(result),
                block: Block(block),
                argc: Argc(argc as u16),
                new_target: Src(new_target),
                slot,
            });
        }
        self.bind_this(result, call.span.start);
        self.mov(dst, result);
    }

    /// After `super()`: binds `this` (once only) and runs the class's initializers on it.
    pub fn bind_this(&mut self, result: Reg, pos: u32) {
        let mark = self.mark_registers();
        let this = self.load_internal(internal::THIS, frame::THIS);
        self.at(pos);
        self.emit(instr::CheckThisUnbound { src: Src(this) });
        self.store_this(result);
        if self.constructed_class_may_init() {
            let callee = self.load_internal(internal::CALLEE, frame::CALLEE);
            self.run_class_init(callee, result);
        }
        self.release(mark);
    }

    /// Whether the class whose constructor calls `super()` here may have a [[ClassInit]].
    fn constructed_class_may_init(&self) -> bool {
        let analysis = self.cx.analysis;
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            if analysis.functions[scope.function as usize].kind == FunctionKind::DerivedConstructor {
                let function = &analysis.functions[scope.function as usize];
                let class = analysis.scopes[function.scope as usize].parent;
                return class.is_none_or(|id| analysis.scopes[id as usize].class_init.is_some());
            }
            at = scope.parent;
        }
        true
    }

    /// Calls the [[ClassInit]] of `ctor`, if there is one, on `this`.
    pub fn run_class_init(&mut self, ctor: Reg, this: Reg) {
        let mark = self.mark_registers();
        let block = self.call_block(0, None);
        let skip = self.label();
        let target = self.to(skip);
        self.emit(instr::GetClassInit { block: BlockOut(block), ctor: Src(ctor), this: Src(this), target });
        let ignored = block;
        self.call_method(ignored, block, 0);
        self.bind(skip);
        self.release(mark);
    }

    pub fn tagged_template(&mut self, e: &'s TaggedTemplateExpression<'a>, dst: Reg) {
        let argc = e.quasi.expressions.len() + 1;
        if argc > MANY_ARGUMENTS {
            return self.too_large("template has too many substitutions");
        }
        let callee = self.callee(&e.tag, argc, Some(dst));
        let mut list = Vec::with_capacity(e.quasi.quasis.len() * 2);
        for quasi in &e.quasi.quasis {
            let constant = match &quasi.value.cooked {
                Some(cooked) => self.string(super::emit::decode_string(cooked, quasi.lone_surrogates)),
                None => self.singleton(Constant::Undefined),
            };
            list.push(constant.0);
        }
        for quasi in &e.quasi.quasis {
            list.push(self.string(quasi.value.raw.as_str().into()).0);
        }
        let keys = self.keys(list);
        let slot = self.slot(FeedbackKind::Literal);
        self.emit(instr::TemplateObject { dst: Dst(callee.block + HEADER), keys, slot });
        for (i, e) in e.quasi.expressions.iter().enumerate() {
            self.expr_to(e, callee.block + HEADER + 1 + i as Reg);
        }
        self.at(callee.pos);
        if callee.has_this {
            self.call_method(dst, callee.block, argc);
        } else {
            self.call(dst, callee.block, argc);
        }
    }

    pub fn import_call(&mut self, e: &'s ImportExpression<'a>, dst: Reg) {
        if e.phase.is_some() {
            return self.syntax_error(e.span.start, "import phases are not supported");
        }
        let specifier = match &e.options {
            Some(options) => self.operand(&e.source, &[options]),
            None => self.expr(&e.source),
        };
        let options = match &e.options {
            Some(options) => self.expr(options),
            None => {
                let options = self.temp();
                self.load_undefined(options);
                options
            }
        };
        self.at_span(e.span);
        self.emit(instr::ImportCall { dst: Dst(dst), specifier: Src(specifier), options: Src(options) });
    }

    /// `%Name(…)`. `%Call(f, this, …)` is a call of `f` with that receiver, whatever `f.call` is.
    pub fn runtime_call(&mut self, e: &'s V8IntrinsicExpression<'a>, dst: Reg) {
        let count = e.arguments.len();
        if e.name.name == "Call" && count >= 2 {
            let block = self.call_block(count - 2, None);
            for (i, argument) in e.arguments.iter().enumerate() {
                let to = match i {
                    0 => block,
                    1 => block + frame::THIS,
                    _ => block + HEADER + (i - 2) as Reg,
                };
                if let Some(value) = argument.as_expression() {
                    self.expr_to(value, to);
                }
            }
            self.at_span(e.span);
            self.call_method(dst, block, count - 2);
            return;
        }
        let args = self.run(count);
        // `%DefineElement(o, k, v)` is CreateDataPropertyOrThrow, for which there is an op.
        let defines = e.name.name == "DefineElement" && count == 3;
        for (i, argument) in e.arguments.iter().enumerate() {
            match argument.as_expression() {
                Some(value) => self.expr_to(value, args + i as Reg),
                None => self.syntax_error(e.span.start, "a runtime call takes no spread"),
            }
        }
        self.at_span(e.span);
        if defines {
            let slot = self.slot(FeedbackKind::DefineElem);
            self.emit(instr::DefineElem { obj: Src(args), key: Src(args + 1), src: Src(args + 2), slot });
            return;
        }
        let name = self.name(e.name.name);
        let slot = self.slot(FeedbackKind::Runtime);
        self.emit(instr::CallRuntime { dst: Dst(dst), name, args: Run(args), count: Count(count as u16), slot });
    }

    /// Calls `callee` with the operands of a sequence as arguments: a call that the parser was shown as `callee[arguments]`.
    pub fn call_with(&mut self, callee: &'s Expression<'a>, argument: Option<&'s Expression<'a>>, pos: u32, dst: Reg) {
        let arguments: Vec<&'s Expression<'a>> = match argument {
            None => Vec::new(),
            Some(Expression::SequenceExpression(list)) => list.expressions.iter().collect(),
            Some(one) => vec![one],
        };
        let callee = self.callee(callee, arguments.len(), None);
        for (i, e) in arguments.iter().enumerate() {
            self.expr_to(e, callee.block + HEADER + i as Reg);
        }
        self.at(pos);
        if callee.has_this {
            self.call_method(dst, callee.block, arguments.len());
        } else {
            self.call(dst, callee.block, arguments.len());
        }
    }

    /// `return e`, with calls in tail position made proper tail calls. `false` if `e` is to be returned the plain way.
    pub fn tail_expression(&mut self, e: &'s Expression<'a>) -> bool {
        if !self.tail_calls_allowed() {
            return false;
        }
        let mark = self.mark_registers();
        let done = match e.without_parentheses() {
            Expression::CallExpression(call) => self.tail_call(call),
            Expression::ConditionalExpression(conditional)
                if is_tail_candidate(&conditional.consequent) || is_tail_candidate(&conditional.alternate) =>
            {
                let otherwise = self.label();
                self.jump_if(&conditional.test, otherwise, false);
                self.return_expression(&conditional.consequent);
                self.bind(otherwise);
                self.return_expression(&conditional.alternate);
                true
            }
            Expression::LogicalExpression(logical) if is_tail_candidate(&logical.right) => {
                let value = self.expr_temp(&logical.left);
                let rest = self.label();
                match logical.operator {
                    LogicalOperator::And => self.jump_if_true(value, rest),
                    LogicalOperator::Or => self.jump_if_false(value, rest),
                    LogicalOperator::Coalesce => self.jump_if_nullish(value, rest),
                }
                self.emit(instr::Return { src: Src(value) });
                self.bind(rest);
                self.return_expression(&logical.right);
                true
            }
            Expression::SequenceExpression(sequence) if sequence.expressions.last().is_some_and(is_tail_candidate) => {
                if let Some((last, others)) = sequence.expressions.split_last() {
                    for e in others {
                        self.effect(e);
                    }
                    self.return_expression(last);
                }
                true
            }
            _ => false,
        };
        self.release(mark);
        done
    }

    /// Whether `return f()` here is a tail call by ECMA-262 15.10: strict, nothing left to do in this frame.
    fn tail_calls_allowed(&self) -> bool {
        let function = &self.cx.analysis.functions[self.id as usize];
        self.strict
            && !function.generator
            && !function.is_async
            && self.control_is_plain()
            && matches!(
                self.kind,
                FunctionKind::Normal
                    | FunctionKind::Arrow
                    | FunctionKind::Method
                    | FunctionKind::Getter
                    | FunctionKind::Setter
            )
    }

    pub fn imm(value: bool) -> Imm8 {
        Imm8(u8::from(value))
    }
}

fn needs_array(arguments: &[Argument<'_>]) -> bool {
    arguments.len() > MANY_ARGUMENTS || arguments.iter().any(Argument::is_spread)
}

fn is_tail_candidate(e: &Expression<'_>) -> bool {
    matches!(
        e.without_parentheses(),
        Expression::CallExpression(_)
            | Expression::ConditionalExpression(_)
            | Expression::LogicalExpression(_)
            | Expression::SequenceExpression(_)
    )
}
