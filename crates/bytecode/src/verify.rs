//! The verifier: what the interpreter and the JITs take for granted about a template, checked.
//!
//! The rules:
//! 1. Code is not empty, consists of whole known instructions, and control does not fall off its end.
//! 2. Registers are below `num_registers`, runs and call blocks with their arguments included; no op names r1 or r3; r0 and r2 are not written.
//! 3. Jumps and switch targets land on instructions; only `LoopBack` jumps backwards, and it only backwards.
//! 4. Indices (constants, slots, scopes, functions, key lists, tables, evals) are in range; `name` and `message` are strings; a
//!    slot has the kind that its op asks for and belongs to one instruction.
//! 5. Handlers cover whole instructions and land on one; their register is valid.
//! 6. `num_params` fits into the registers; mapped parameters are consistent; inner templates hold too.
//! 7. Coroutine ops occur only in templates flagged for them; tail calls only in strict code outside handlers.

use crate::op::{FeedbackKind, Op, OperandKind, OperandValue};
use crate::template::{Constant, Template, TemplateFlags};
use crate::{MAX_REGISTERS, frame};
use std::fmt;

/// A rule that a template breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The template's name.
    pub function: String,
    /// The instruction (or 0).
    pub pc: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.function, self.pc, self.message)
    }
}

impl std::error::Error for VerifyError {}

/// Checks a template and all templates inside it.
pub fn verify(template: &Template) -> Result<(), VerifyError> {
    // A work list instead of recursion: nesting has no bound that matters here.
    let mut work = vec![template];
    while let Some(template) = work.pop() {
        Verifier {
            template,
            starts: vec![false; template.code.len() + 1],
            slot_users: vec![false; template.slots.len()],
        }
        .run()?;
        // An outline has nothing to check; what is made of it is checked by its maker.
        work.extend(template.functions.iter().map(|f| f.known()).filter(|f| f.deferred.is_none()));
    }
    Ok(())
}

struct Verifier<'a> {
    template: &'a Template,
    /// Whether an instruction begins at each unit.
    starts: Vec<bool>,
    /// Whether an instruction has been seen that uses each slot.
    slot_users: Vec<bool>,
}

type Check = Result<(), VerifyError>;

impl Verifier<'_> {
    fn run(&mut self) -> Check {
        let template = self.template;
        self.ensure(!template.code.is_empty(), 0, || "no code".into())?;
        let registers = usize::from(template.num_registers);
        self.ensure(registers <= MAX_REGISTERS, 0, || "too many registers".into())?;
        self.ensure(usize::from(frame::FIRST_PARAM) + usize::from(template.num_params) <= registers, 0, || {
            "parameters do not fit".into()
        })?;
        self.ensure(
            template.mapped_params.is_empty() || template.mapped_params.len() == usize::from(template.num_params),
            0,
            || "mapped parameters and parameters differ in number".into(),
        )?;

        let mut pc = 0;
        let mut falls = true;
        while pc < template.code.len() {
            let Some(op) = Op::from_unit(template.code[pc]) else {
                return self.error(pc, format!("unknown opcode {}", template.code[pc] & 0xFF));
            };
            self.ensure(pc + op.units() <= template.code.len(), pc, || "instruction is cut off".into())?;
            self.starts[pc] = true;
            falls = !op.info().effects.ends_block();
            pc += op.units();
        }
        self.ensure(!falls, pc, || "control falls off the end".into())?;

        for (pc, op) in crate::op::instructions(&template.code) {
            self.instruction(pc, op)?;
        }
        self.handlers()
    }

    fn instruction(&mut self, pc: usize, op: Op) -> Check {
        let info = op.info();
        let operands: Vec<OperandValue> = op.operands(&self.template.code, pc).collect();
        for (i, operand) in operands.iter().enumerate() {
            let next = operands.get(i + 1).map_or(0, |next| next.value);
            self.operand(pc, op, operand, next)?;
        }
        let flags = self.template.flags;
        let needs = match op {
            Op::CreateGenerator | Op::Yield | Op::YieldDelegate => TemplateFlags::GENERATOR,
            Op::GeneratorReturn | Op::GeneratorThrow => TemplateFlags::GENERATOR,
            Op::AsyncStart | Op::Await | Op::AsyncReturn | Op::AsyncThrow => TemplateFlags::ASYNC,
            Op::TailCall | Op::TailCallMethod => TemplateFlags::STRICT,
            _ => TemplateFlags::default(),
        };
        self.ensure(flags.contains(needs), pc, || format!("{} in a template without {needs:?}", info.name))?;
        if matches!(op, Op::TailCall | Op::TailCallMethod) {
            self.ensure(self.template.handler_at(pc as u32).is_none(), pc, || {
                "tail call inside a handler's range".into()
            })?;
        }
        Ok(())
    }

    fn operand(&mut self, pc: usize, op: Op, operand: &OperandValue, next: i64) -> Check {
        let template = self.template;
        let value = operand.value;
        let index = value as usize;
        use OperandKind::*;
        match operand.kind {
            Imm8 | U16 | I16 | I32 | Count | Argc => Ok(()),
            Src => self.register(pc, value, 1, false),
            Run => self.register(pc, value, next, false),
            Block if op_has_argc(op) => self.register(pc, value, 6 + next, false),
            Block => self.register(pc, value, 6, false),
            Iter => self.register(pc, value, 3, true),
            Dst => self.register(pc, value, 1, true),
            DstPair => self.register(pc, value, 2, true),
            IterOut => self.register(pc, value, 3, true),
            BlockOut => self.register(pc, value, 6, true),
            Const => match template.constants.get(index) {
                None => self.error(pc, format!("no constant {index}")),
                Some(Constant::String(_)) => Ok(()),
                Some(_) if op == Op::LoadConst => Ok(()),
                Some(_) => self.error(pc, format!("constant {index} must be a string")),
            },
            Slot => {
                let wanted = op.info().feedback;
                match template.slots.get(index) {
                    Some(&kind) if kind == wanted && wanted != FeedbackKind::None => {
                        let taken = std::mem::replace(&mut self.slot_users[index], true);
                        self.ensure(!taken, pc, || format!("slot {index} has two users"))
                    }
                    Some(kind) => self.error(pc, format!("slot {index} is {kind:?}, not {wanted:?}")),
                    None => self.error(pc, format!("no slot {index}")),
                }
            }
            Jump => {
                self.target(pc, pc as i64 + value)?;
                self.ensure((value <= 0) == (op == Op::LoopBack), pc, || "only LoopBack jumps backwards".into())
            }
            Scope => self.in_range(pc, index, template.scopes.len(), "scope"),
            Func => self.in_range(pc, index, template.functions.len(), "function"),
            Eval => self.in_range(pc, index, template.evals.len(), "eval site"),
            Keys => {
                self.in_range(pc, index, template.key_lists.len(), "key list")?;
                let list = &template.key_lists[index];
                for &constant in list {
                    self.in_range(pc, constant as usize, template.constants.len(), "constant")?;
                }
                if op == Op::NewObjectFrom {
                    let count = op.operands(&template.code, pc).find(|o| o.kind == Count);
                    self.ensure(count.is_some_and(|c| c.value == list.len() as i64), pc, || {
                        "as many values as keys".into()
                    })?;
                }
                Ok(())
            }
            Table => {
                self.in_range(pc, index, template.switch_tables.len(), "switch table")?;
                for &distance in &template.switch_tables[index].targets {
                    if distance != 0 {
                        self.target(pc, pc as i64 + i64::from(distance))?;
                        self.ensure(distance > 0, pc, || "switch jumps backwards".into())?;
                    }
                }
                Ok(())
            }
        }
    }

    fn handlers(&self) -> Check {
        for handler in &self.template.handlers {
            let pc = handler.target as usize;
            self.target(pc, i64::from(handler.start))?;
            self.target(pc, i64::from(handler.target))?;
            let end = handler.end as usize;
            let whole = end == self.template.code.len() || self.starts.get(end) == Some(&true);
            self.ensure(handler.start < handler.end && whole, pc, || {
                "a handler's range must hold whole instructions".into()
            })?;
            self.register(pc, i64::from(handler.dst), 1, true)?;
        }
        Ok(())
    }

    fn register(&self, pc: usize, first: i64, count: i64, written: bool) -> Check {
        let end = first + count;
        self.ensure(end <= i64::from(self.template.num_registers), pc, || {
            format!("register r{} is out of range", end - 1)
        })?;
        let hidden = |n: i64| (first..end).contains(&n);
        self.ensure(!hidden(1) && !hidden(3), pc, || "r1 and r3 are the VM's".into())?;
        self.ensure(!written || (!hidden(0) && !hidden(2)), pc, || "r0 and r2 are read-only".into())
    }

    fn target(&self, pc: usize, target: i64) -> Check {
        let lands = usize::try_from(target).is_ok_and(|t| self.starts.get(t) == Some(&true));
        self.ensure(lands, pc, || format!("no instruction at {target}"))
    }

    fn in_range(&self, pc: usize, index: usize, len: usize, what: &str) -> Check {
        self.ensure(index < len, pc, || format!("no {what} {index}"))
    }

    fn ensure(&self, holds: bool, pc: usize, message: impl FnOnce() -> String) -> Check {
        if holds { Ok(()) } else { self.error(pc, message()) }
    }

    fn error(&self, pc: usize, message: String) -> Check {
        Err(VerifyError { function: self.template.name.to_string(), pc, message })
    }
}

/// Whether the block operand is followed by an argument count.
fn op_has_argc(op: Op) -> bool {
    op.info().operands.iter().any(|&(_, kind)| kind == OperandKind::Argc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Const, Dst, Instr, Jump, Slot, Src, instr};
    use crate::template::{FunctionKind, Handler};

    fn template(code: Vec<u16>) -> Template {
        let mut template = Template::without_code(FunctionKind::Normal, Default::default(), 0..0);
        template.name = "t".into();
        template.num_params = 1;
        template.length = 1;
        template.num_registers = 8;
        template.code = code.into();
        template.constants = [Constant::Int(1)].into();
        template.slots = [FeedbackKind::Arith].into();
        template
    }

    fn fails(code: Vec<u16>, message: &str) {
        let error = verify(&template(code)).expect_err(message);
        assert!(error.message.contains(message), "{error}");
    }

    fn code(instructions: &[&dyn Fn(&mut Vec<u16>)]) -> Vec<u16> {
        let mut code = Vec::new();
        for write in instructions {
            write(&mut code);
        }
        code
    }

    fn ret(code: &mut Vec<u16>) {
        instr::ReturnUndefined {}.encode(code);
    }

    fn add(slot: u32, dst: u16) -> impl Fn(&mut Vec<u16>) {
        move |code| {
            instr::Add { dst: Dst(dst), a: Src(6), b: Src(6), slot: Slot(slot) }.encode(code);
        }
    }

    #[test]
    fn a_good_template_passes() {
        assert_eq!(verify(&template(code(&[&add(0, 7), &ret]))), Ok(()));
    }

    #[test]
    fn each_rule_is_enforced() {
        fails(vec![], "no code");
        fails(vec![0xFF], "unknown opcode");
        fails(vec![Op::Move as u16, 6], "cut off");
        fails(code(&[&add(0, 7)]), "falls off");
        fails(code(&[&add(0, 8), &ret]), "r8 is out of range");
        fails(code(&[&add(0, 2), &ret]), "read-only");
        fails(code(&[&add(0, 3), &ret]), "the VM's");
        fails(code(&[&add(1, 7), &ret]), "no slot 1");
        fails(code(&[&add(0, 7), &add(0, 7), &ret]), "two users");
        let jump = |to: i32| move |code: &mut Vec<u16>| instr::Jump { target: Jump(to) }.encode(code);
        fails(code(&[&jump(1)]), "no instruction at 1");
        fails(code(&[&jump(0), &ret]), "only LoopBack");
        let check = |code: &mut Vec<u16>| instr::CheckTdz { src: Src(6), name: Const(0) }.encode(code);
        fails(code(&[&check, &ret]), "must be a string");
        let load = |code: &mut Vec<u16>| instr::LoadConst { dst: Dst(6), value: Const(9) }.encode(code);
        fails(code(&[&load, &ret]), "no constant 9");
        let yields = |code: &mut Vec<u16>| instr::GeneratorReturn { src: Src(6), coroutine: Src(6) }.encode(code);
        fails(code(&[&yields]), "without GENERATOR");
    }

    #[test]
    fn handlers_must_lie_on_instructions() {
        let mut bad = template(code(&[&add(0, 7), &ret]));
        let good = Handler { start: 0, end: 6, target: 6, dst: 7 };
        bad.handlers = [good].into();
        assert_eq!(verify(&bad), Ok(()));
        for handler in [
            Handler { start: 1, ..good },
            Handler { end: 5, ..good },
            Handler { target: 2, ..good },
            Handler { dst: 9, ..good },
            Handler { end: 0, ..good },
        ] {
            bad.handlers = [handler].into();
            assert!(verify(&bad).is_err(), "{handler:?}");
        }
    }
}
