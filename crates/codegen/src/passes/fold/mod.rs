//! Constant folding and algebraic rules.
//!
//! Rules are rows of one table ([`rules`]): a name, the ops that it looks at, and a function from a [`Match`] to what the
//! instruction becomes ([`To`]). A rule looks at most two definitions deep, changes one instruction, and may add constants
//! before it. Termination: each rule makes the instruction cheaper, or equally cheap and nearer to canonical form: constants
//! on the right, sums rather than differences of constants, offsets in addresses rather than additions before.
//!
//! One walk in reverse postorder suffices, since operands come before their users (but for parameters of loops, which rules do
//! not look through). Rules that need several new instructions are in [`super::strength`].
//!
//! Statistics count each rule by its name.
//!
//! Rejected: a matcher generator as Cranelift's ISLE. Some ninety rules do not repay a second language; a closure in a
//! table is read by everyone.

mod rules;

use super::analyses::finish_aliases;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use rules::RULES;
use std::sync::LazyLock;
use tercel_ir::eval::{EvalOp, eval_scalar, is_evaluable};
use tercel_ir::ops::Effects;
use tercel_ir::types::sign_extend;
use tercel_ir::{FloatCc, Function, Inst, InstSpec, IntCc, Op, Type, Value};

/// A row of the table.
pub struct Rule {
    /// Its name, for statistics.
    pub name: &'static str,
    /// The ops that it looks at.
    pub ops: &'static [Op],
    /// What a matching instruction becomes.
    pub apply: fn(&Match) -> Option<To>,
}

/// What an instruction becomes.
#[derive(Clone, Copy, Debug)]
pub enum To {
    /// Its result is this value.
    Value(Value),
    /// Its result is this integer constant (modulo the width).
    Int(i64),
    /// An op of the same type on one value.
    Un(Op, Value),
    /// An op of the same type on two values.
    Bin(Op, Value, Value),
    /// An op of the same type on a value and an integer constant.
    BinK(Op, Value, i64),
    /// An op of the same type on a value and a float constant.
    BinF(Op, Value, f64),
    /// A conversion of the value to the type of the result.
    Convert(Op, Value),
    /// An integer comparison.
    Icmp(IntCc, Value, Value),
    /// An integer comparison with a constant.
    IcmpK(IntCc, Value, i64),
    /// A float comparison.
    Fcmp(FloatCc, Value, Value),
    /// A select.
    Select(Value, Value, Value),
    /// Its two results are a value and an integer constant.
    Pair(Value, i64),
    /// The same access or address computation with another first operand and offset.
    Rebase(Value, i64),
    /// `ptr_add`.
    PtrAdd(Value, i64),
    /// `ptr_index` with log2 of the scale.
    PtrIndex(Value, Value, u16, i64),
    /// The same instruction with another first operand.
    First(Value),
    /// The same branch on another condition with its edges exchanged.
    SwapEdges(Value),
}

/// An instruction as a rule sees it. Operands are resolved.
pub struct Match<'a> {
    /// The function.
    pub func: &'a Function,
    /// The instruction's op.
    pub op: Op,
    /// Its controlling type.
    pub ty: Type,
    /// Its 16-bit immediate.
    pub aux: u16,
    /// Its 64-bit immediate.
    pub imm: i64,
    args: [Value; 3],
}

impl<'a> Match<'a> {
    fn new(func: &'a Function, inst: Inst) -> Match<'a> {
        let data = func.inst(inst);
        let mut args = [Value::NONE; 3];
        for (slot, &arg) in args.iter_mut().zip(func.args(inst)) {
            *slot = arg;
        }
        Match { func, op: data.op, ty: data.ty, aux: data.aux, imm: data.imm, args }
    }

    /// First operand.
    pub fn a(&self) -> Value {
        self.args[0]
    }

    /// Second operand.
    pub fn b(&self) -> Value {
        self.args[1]
    }

    /// Third operand.
    pub fn c(&self) -> Value {
        self.args[2]
    }

    /// The integer that a value is, if it is a constant.
    pub fn int(&self, value: Value) -> Option<i64> {
        self.func.int_constant(value)
    }

    /// The integer that the second operand is.
    pub fn kb(&self) -> Option<i64> {
        self.int(self.b())
    }

    /// The float that the second operand is.
    pub fn fb(&self) -> Option<f64> {
        self.float(self.b())
    }

    /// The float that a value is, if it is a constant.
    pub fn float(&self, value: Value) -> Option<f64> {
        let data = self.func.inst(self.func.def_inst(value)?);
        (data.op == Op::Fconst).then(|| data.float())
    }

    /// The instruction that makes a value, if its op is this one.
    pub fn made_by(&self, value: Value, op: Op) -> Option<Match<'a>> {
        let inst = self.func.def_inst(value)?;
        if self.func.inst(inst).op != op {
            return None;
        }
        let mut found = Match::new(self.func, inst);
        for arg in &mut found.args {
            if !arg.is_none() {
                *arg = self.func.resolve(*arg);
            }
        }
        Some(found)
    }

    /// Type of a value.
    pub fn type_of(&self, value: Value) -> Type {
        self.func.value_type(value)
    }

    /// Width of the controlling type in bits.
    pub fn bits(&self) -> i64 {
        self.ty.bits() as i64
    }

    /// The integer condition.
    pub fn int_cc(&self) -> IntCc {
        IntCc::from_code(self.aux)
    }

    /// Whether the controlling type is a scalar.
    pub fn is_scalar(&self) -> bool {
        !self.ty.is_vector()
    }
}

/// The names of all rules.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}

/// Places in the table of the rules for each op.
static BY_OP: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
    let mut table = vec![Vec::new(); Op::ALL.len()];
    for (index, rule) in RULES.iter().enumerate() {
        for &op in rule.ops {
            table[op as usize].push(index);
        }
    }
    table
});

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let rules = &*BY_OP;
    let mut folded = 0;
    let mut swapped = false;
    let mut hits = vec![0u64; RULES.len()];
    for &block in graph.cfg.rpo() {
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            func.resolve_uses(inst);
            order_operands(func, inst);
            for _ in 0..cx.options.tunables.fold_rounds {
                if fold_constant(func, inst) {
                    folded += 1;
                    break;
                }
                let list = &rules[func.inst(inst).op as usize];
                let matched = Match::new(func, inst);
                let found = list.iter().find_map(|&rule| Some((rule, (RULES[rule].apply)(&matched)?)));
                let Some((rule, to)) = found else { break };
                hits[rule] += 1;
                swapped |= matches!(to, To::SwapEdges(_));
                if !rewrite(func, inst, to) {
                    break;
                }
                order_operands(func, inst);
            }
        }
    }
    finish_aliases(func, &graph);
    cx.count("folded", folded);
    let mut rewritten = 0;
    for (rule, &times) in RULES.iter().zip(&hits) {
        cx.count(rule.name, times);
        rewritten += times;
    }
    // The graph knows edges by their positions.
    if swapped { Change::Graph } else { Change::insts(folded + rewritten > 0) }
}

/// Constants go to the right of ops that commute; among others, comparisons follow.
fn order_operands(func: &mut Function, inst: Inst) {
    let data = func.inst(inst);
    let op = data.op;
    let commutes = op.effects().has(Effects::COMMUTES);
    if !commutes && op != Op::Icmp && op != Op::Fcmp {
        return;
    }
    let [a, b] = [func.arg(inst, 0), func.arg(inst, 1)];
    let is_constant =
        |value| func.def_inst(value).is_some_and(|def| func.inst(def).op.effects().has(Effects::CONSTANT));
    if !is_constant(a) || is_constant(b) {
        return;
    }
    let aux = match op {
        Op::Icmp => data.int_cc().swap() as u16,
        Op::Fcmp => data.float_cc().swap() as u16,
        _ => data.aux,
    };
    func.args_mut(inst).swap(0, 1);
    func.inst_mut(inst).aux = aux;
}

/// Evaluates an instruction whose operands are all constants.
fn fold_constant(func: &mut Function, inst: Inst) -> bool {
    let data = *func.inst(inst);
    let count = data.arg_count();
    if count == 0 || count > 3 || data.ty.is_vector() || !is_evaluable(data.op) {
        return false;
    }
    let mut operands = [0; 3];
    for (operand, &arg) in operands.iter_mut().zip(func.args(inst)) {
        let Some(def) = func.def_inst(arg) else {
            return false;
        };
        let constant = func.inst(def);
        match constant.op {
            Op::Iconst => *operand = constant.imm as u64 & constant.ty.lane_mask(),
            Op::Fconst => *operand = constant.imm as u64,
            _ => return false,
        }
    }
    let from = func.value_type(func.arg(inst, 0));
    let what = EvalOp { op: data.op, ty: data.ty, from, aux: data.aux, imm: data.imm };
    let Ok((first, second)) = eval_scalar(&what, &operands[..count]) else {
        return false;
    };
    for (value, bits) in func.results(inst).zip([first, second]) {
        let ty = func.value_type(value);
        let constant = super::sccp::make_constant(func, ty, bits);
        func.insert_before(constant, inst);
        let with = func.result(constant);
        func.replace(value, with);
    }
    func.remove(inst);
    true
}

/// Carries a rewrite out. `false` if the instruction is gone.
fn rewrite(func: &mut Function, inst: Inst, to: To) -> bool {
    let data = *func.inst(inst);
    let ty = data.ty;
    let result_ty = |func: &Function| func.value_type(func.result(inst));
    let become_op = |func: &mut Function, op: Op, ty: Type, args: &[Value], imm: i64, aux: u16| {
        let pos = func.pos(inst);
        func.become_inst(inst, InstSpec::new(op, ty, args).imm(imm).aux(aux));
        func.set_pos(inst, pos);
        true
    };
    match to {
        To::Value(value) => {
            let result = func.result(inst);
            func.replace(result, value);
            func.remove(inst);
            false
        }
        To::Int(value) => {
            let ty = result_ty(func);
            become_op(func, Op::Iconst, ty, &[], sign_extend(value, ty), 0);
            false
        }
        To::Un(op, a) => become_op(func, op, ty, &[a], 0, 0),
        To::Bin(op, a, b) => become_op(func, op, ty, &[a, b], 0, 0),
        To::BinK(op, a, k) => {
            let k = int_before(func, inst, ty, k);
            become_op(func, op, ty, &[a, k], 0, 0)
        }
        To::BinF(op, a, k) => {
            let bits = if ty == Type::F32 { (k as f32).to_bits() as u64 } else { k.to_bits() };
            let constant = super::sccp::make_constant(func, ty, bits);
            func.insert_before(constant, inst);
            let k = func.result(constant);
            become_op(func, op, ty, &[a, k], 0, 0)
        }
        To::Convert(op, a) => {
            let ty = result_ty(func);
            become_op(func, op, ty, &[a], 0, 0)
        }
        To::Icmp(cc, a, b) => {
            let ty = func.value_type(a);
            become_op(func, Op::Icmp, ty, &[a, b], 0, cc as u16)
        }
        To::IcmpK(cc, a, k) => {
            let ty = func.value_type(a);
            let k = int_before(func, inst, ty, k);
            become_op(func, Op::Icmp, ty, &[a, k], 0, cc as u16)
        }
        To::Fcmp(cc, a, b) => {
            let ty = func.value_type(a);
            become_op(func, Op::Fcmp, ty, &[a, b], 0, cc as u16)
        }
        To::Select(condition, a, b) => become_op(func, Op::Select, ty, &[condition, a, b], 0, 0),
        To::Pair(value, k) => {
            let mut results = func.results(inst);
            let (first, second) = (results.next(), results.next());
            let (Some(first), Some(second)) = (first, second) else {
                return false;
            };
            let ty = func.value_type(second);
            let k = int_before(func, inst, ty, k);
            func.replace(first, value);
            func.replace(second, k);
            func.remove(inst);
            false
        }
        To::Rebase(base, offset) => {
            func.args_mut(inst)[0] = base;
            func.inst_mut(inst).imm = offset;
            true
        }
        To::PtrAdd(base, offset) => become_op(func, Op::PtrAdd, Type::PTR, &[base], offset, 0),
        To::PtrIndex(base, index, scale, offset) => {
            become_op(func, Op::PtrIndex, Type::PTR, &[base, index], offset, scale)
        }
        To::First(value) => {
            func.args_mut(inst)[0] = value;
            true
        }
        To::SwapEdges(condition) => {
            func.args_mut(inst)[0] = condition;
            func.edges_mut(inst).swap(0, 1);
            true
        }
    }
}

fn int_before(func: &mut Function, inst: Inst, ty: Type, value: i64) -> Value {
    let constant = func.make(InstSpec::new(Op::Iconst, ty, &[]).imm(sign_extend(value, ty)));
    func.insert_before(constant, inst);
    func.result(constant)
}

/// Whether a fault is on; rules ask here.
fn seeded(bug: Bug) -> bool {
    active(bug)
}
