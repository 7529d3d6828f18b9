//! Building functions: SSA on the fly.
//!
//! A front end declares *variables*, writes and reads them where the source program does, and gets SSA values; block
//! parameters appear where paths join. Method: Braun, Buchwald, Hack, Leißa, Mallon and Zwinkau, "Simple and Efficient
//! Construction of Static Single Assignment Form" (CC 2013). A block is *sealed* once all its predecessors are known; until
//! then a read in it makes a parameter whose arguments follow at sealing.
//!
//! Two things differ from the paper. The walk to predecessors keeps a list of work instead of recursing, since a chain of
//! blocks is as long as the program. And trivial parameters (all arguments equal or the parameter itself) are removed once,
//! at [`FunctionBuilder::finish`], by [`remove_trivial_params`], not one by one as they appear.
//!
//! A variable that is read where no write reaches it has the value zero.

use crate::cfg::Cfg;
use crate::entity::*;
use crate::function::*;
use crate::imm::*;
use crate::ops::Op;
use crate::types::Type;
use rustc_hash::FxHashMap;

/// Builds one function.
#[derive(Debug)]
pub struct FunctionBuilder {
    func: Function,
    current: Block,
    pos: SourcePos,
    variables: Arena<Variable, Type>,
    definitions: FxHashMap<(Variable, Block), Value>,
    states: Arena<Block, BlockState>,
}

#[derive(Debug, Default)]
struct BlockState {
    preds: Vec<(Inst, u32, Block)>,
    sealed: bool,
    /// Parameters made before the block was sealed, whose arguments are missing.
    incomplete: Vec<(Variable, Value)>,
}

impl FunctionBuilder {
    /// Starts a function: its entry block exists, has the parameters of the signature, is sealed and current.
    pub fn new(name: &str, signature: Signature) -> FunctionBuilder {
        let params = signature.params.clone();
        let mut builder = FunctionBuilder {
            func: Function::new(name, signature),
            current: Block::NONE,
            pos: SourcePos::default(),
            variables: Arena::new(),
            definitions: FxHashMap::default(),
            states: Arena::new(),
        };
        let entry = builder.add_block();
        for ty in params {
            builder.func.add_param(entry, ty);
        }
        builder.seal(entry);
        builder.switch_to(entry);
        builder
    }

    /// The function as it stands, to look things up in.
    pub fn func(&self) -> &Function {
        &self.func
    }

    /// The function as it stands, to declare callees, slots and frame states. Blocks and edges are the builder's.
    pub fn func_mut(&mut self) -> &mut Function {
        &mut self.func
    }

    /// The function's parameter number `index`.
    pub fn param(&self, index: usize) -> Value {
        self.func.params(self.func.entry())[index]
    }

    // ----- blocks ------------------------------------------------------------------------------------------------

    /// Adds a block, not sealed.
    pub fn add_block(&mut self) -> Block {
        self.states.push(BlockState::default());
        self.func.add_block()
    }

    /// Adds an explicit parameter to a block; only before any edge leads there.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        assert!(self.states[block].preds.is_empty(), "{block} already has edges");
        self.func.add_param(block, ty)
    }

    /// Instructions go to the end of this block from now on.
    pub fn switch_to(&mut self, block: Block) {
        self.current = block;
    }

    /// The block that instructions go to.
    pub fn current(&self) -> Block {
        self.current
    }

    /// Whether the current block already has its terminator.
    pub fn is_terminated(&self) -> bool {
        self.func.last_inst(self.current).is_some_and(|inst| self.func.inst(inst).op.is_terminator())
    }

    /// Promises that all edges to a block exist. Sealing twice does nothing.
    pub fn seal(&mut self, block: Block) {
        if std::mem::replace(&mut self.states[block].sealed, true) {
            return;
        }
        let mut work = Vec::new();
        for (variable, _) in std::mem::take(&mut self.states[block].incomplete) {
            work.push((variable, block));
        }
        self.fill(work);
    }

    /// Seals every block, drops those that cannot be reached, trims trivial parameters, and gives the function away.
    pub fn finish(mut self) -> Function {
        for block in self.states.keys() {
            self.seal(block);
        }
        let cfg = Cfg::compute(&self.func);
        cfg.remove_unreachable(&mut self.func);
        remove_trivial_params(&mut self.func, &cfg);
        self.func
    }

    // ----- variables ---------------------------------------------------------------------------------------------

    /// Declares a variable.
    pub fn declare(&mut self, ty: Type) -> Variable {
        self.variables.push(ty)
    }

    /// Writes a variable in the current block.
    pub fn define(&mut self, variable: Variable, value: Value) {
        debug_assert_eq!(self.variables[variable], self.func.value_type(value));
        self.definitions.insert((variable, self.current), value);
    }

    /// Reads a variable at the end of what the current block has so far.
    pub fn read(&mut self, variable: Variable) -> Value {
        let mut work = Vec::new();
        let value = self.lookup(variable, self.current, &mut work);
        self.fill(work);
        value
    }

    /// The value of a variable at the end of a block. New parameters whose arguments are missing are added to `work`.
    fn lookup(&mut self, variable: Variable, block: Block, work: &mut Vec<(Variable, Block)>) -> Value {
        let mut chain = Vec::new();
        let mut at = block;
        let value = loop {
            if let Some(&value) = self.definitions.get(&(variable, at)) {
                break value;
            }
            chain.push(at);
            let state = &self.states[at];
            match state.preds[..] {
                _ if !state.sealed => {
                    let value = self.func.add_param(at, self.variables[variable]);
                    self.states[at].incomplete.push((variable, value));
                    break value;
                }
                [] => break self.zero(at, self.variables[variable]),
                [(_, _, pred)] => {
                    at = pred;
                    // A sealed cycle of single predecessors cannot be reached from the entry.
                    if chain.contains(&at) && chain.len() > self.states.len() {
                        break self.zero(at, self.variables[variable]);
                    }
                }
                _ => {
                    let value = self.func.add_param(at, self.variables[variable]);
                    work.push((variable, at));
                    break value;
                }
            }
        };
        for block in chain {
            self.definitions.insert((variable, block), value);
        }
        value
    }

    /// Gives each new parameter an argument on every edge. Parameters are filled in the order in which they were made for
    /// their block, so that arguments line up.
    fn fill(&mut self, mut work: Vec<(Variable, Block)>) {
        let mut next = 0;
        while next < work.len() {
            let (variable, block) = work[next];
            next += 1;
            for index in 0..self.states[block].preds.len() {
                let (inst, edge, pred) = self.states[block].preds[index];
                let value = self.lookup(variable, pred, &mut work);
                self.func.push_edge_arg(inst, edge as usize, value);
            }
        }
    }

    fn zero(&mut self, block: Block, ty: Type) -> Value {
        let lane = ty.lane();
        let op = if lane.is_float() { Op::Fconst } else { Op::Iconst };
        let inst = self.func.make(InstSpec::new(op, lane, &[]));
        self.func.prepend(block, inst);
        let zero = self.func.result(inst);
        if !ty.is_vector() {
            return zero;
        }
        let splat = self.func.make(InstSpec::new(Op::Splat, ty, &[zero]));
        self.func.insert_after(splat, inst);
        self.func.result(splat)
    }

    // ----- instructions ------------------------------------------------------------------------------------------

    /// Instructions get this source position from now on.
    pub fn set_pos(&mut self, pos: SourcePos) {
        self.pos = pos;
    }

    /// Appends an instruction that has no edges.
    pub fn inst(&mut self, spec: InstSpec) -> Inst {
        debug_assert!(!self.is_terminated(), "{} already ends", self.current);
        let inst = self.func.make(spec);
        self.func.set_pos(inst, self.pos);
        self.func.append(self.current, inst);
        inst
    }

    /// Appends an instruction and returns its first result.
    pub fn value(&mut self, spec: InstSpec) -> Value {
        let inst = self.inst(spec);
        self.func.result(inst)
    }

    /// Integer, `ptr` or `tagged` constant; `value` is taken modulo the width.
    pub fn iconst(&mut self, ty: Type, value: i64) -> Value {
        self.value(InstSpec::new(Op::Iconst, ty, &[]).imm(crate::types::sign_extend(value, ty)))
    }

    /// `f64` constant.
    pub fn f64const(&mut self, value: f64) -> Value {
        self.value(InstSpec::new(Op::Fconst, Type::F64, &[]).imm(value.to_bits() as i64))
    }

    /// `f32` constant.
    pub fn f32const(&mut self, value: f32) -> Value {
        self.value(InstSpec::new(Op::Fconst, Type::F32, &[]).imm(value.to_bits() as i64))
    }

    /// Operation on one operand whose type is the controlling type.
    pub fn unary(&mut self, op: Op, operand: Value) -> Value {
        let ty = self.func.value_type(operand);
        self.value(InstSpec::new(op, ty, &[operand]))
    }

    /// Operation on two operands; the type of the first is the controlling type.
    pub fn binary(&mut self, op: Op, left: Value, right: Value) -> Value {
        let ty = self.func.value_type(left);
        self.value(InstSpec::new(op, ty, &[left, right]))
    }

    /// Conversion to `ty`.
    pub fn convert(&mut self, op: Op, ty: Type, operand: Value) -> Value {
        self.value(InstSpec::new(op, ty, &[operand]))
    }

    /// Arithmetic that traps on overflow.
    pub fn binary_trap(&mut self, op: Op, left: Value, right: Value, code: TrapCode) -> Value {
        let ty = self.func.value_type(left);
        self.value(InstSpec::new(op, ty, &[left, right]).aux(code as u16))
    }

    /// Arithmetic that exits on overflow.
    pub fn binary_guard(&mut self, op: Op, left: Value, right: Value, frame: FrameState) -> Value {
        let ty = self.func.value_type(left);
        self.value(InstSpec::new(op, ty, &[left, right]).frame(frame))
    }

    /// Arithmetic that tells whether it overflowed: (result, flag).
    pub fn binary_overflow(&mut self, op: Op, left: Value, right: Value) -> (Value, Value) {
        let ty = self.func.value_type(left);
        let inst = self.inst(InstSpec::new(op, ty, &[left, right]));
        let mut results = self.func.results(inst);
        let value = results.next().expect("an overflow op has two results");
        (value, results.next().expect("an overflow op has two results"))
    }

    /// Integer comparison.
    pub fn icmp(&mut self, cc: IntCc, left: Value, right: Value) -> Value {
        let ty = self.func.value_type(left);
        self.value(InstSpec::new(Op::Icmp, ty, &[left, right]).aux(cc as u16))
    }

    /// Float comparison.
    pub fn fcmp(&mut self, cc: FloatCc, left: Value, right: Value) -> Value {
        let ty = self.func.value_type(left);
        self.value(InstSpec::new(Op::Fcmp, ty, &[left, right]).aux(cc as u16))
    }

    /// `condition != 0 ? then : otherwise`.
    pub fn select(&mut self, condition: Value, then: Value, otherwise: Value) -> Value {
        let ty = self.func.value_type(then);
        self.value(InstSpec::new(Op::Select, ty, &[condition, then, otherwise]))
    }

    /// Load.
    pub fn load(&mut self, ty: Type, address: Value, offset: i32, flags: MemFlags) -> Value {
        self.value(InstSpec::new(Op::Load, ty, &[address]).imm(offset as i64).aux(flags.to_bits()))
    }

    /// Store.
    pub fn store(&mut self, address: Value, value: Value, offset: i32, flags: MemFlags) {
        let ty = self.func.value_type(value);
        self.inst(InstSpec::new(Op::Store, ty, &[address, value]).imm(offset as i64).aux(flags.to_bits()));
    }

    /// Address + offset.
    pub fn ptr_add(&mut self, base: Value, offset: i32) -> Value {
        self.value(InstSpec::new(Op::PtrAdd, Type::PTR, &[base]).imm(offset as i64))
    }

    /// Address + index * scale + offset; the scale is 1, 2, 4 or 8.
    pub fn ptr_index(&mut self, base: Value, index: Value, scale: u32, offset: i32) -> Value {
        debug_assert!(matches!(scale, 1 | 2 | 4 | 8));
        let aux = scale.trailing_zeros() as u16;
        self.value(InstSpec::new(Op::PtrIndex, Type::PTR, &[base, index]).imm(offset as i64).aux(aux))
    }

    /// Address of a stack slot.
    pub fn slot_addr(&mut self, slot: StackSlot) -> Value {
        self.value(InstSpec::new(Op::SlotAddr, Type::PTR, &[]).imm(slot.as_u32() as i64))
    }

    /// Address of a function.
    pub fn func_addr(&mut self, callee: FuncRef) -> Value {
        self.value(InstSpec::new(Op::FuncAddr, Type::PTR, &[]).imm(callee.as_u32() as i64))
    }

    /// Call; the results are `func().results(inst)`.
    pub fn call(&mut self, callee: FuncRef, args: &[Value]) -> Inst {
        self.inst(InstSpec::new(Op::Call, Type::VOID, args).imm(callee.as_u32() as i64))
    }

    /// Call of an address.
    pub fn call_indirect(&mut self, signature: SigRef, callee: Value, args: &[Value]) -> Inst {
        let mut all = vec![callee];
        all.extend_from_slice(args);
        self.inst(InstSpec::new(Op::CallIndirect, Type::VOID, &all).imm(signature.as_u32() as i64))
    }

    /// Exit through a frame state unless the condition holds.
    pub fn guard(&mut self, condition: Value, frame: FrameState) {
        self.inst(InstSpec::new(Op::Guard, Type::VOID, &[condition]).frame(frame));
    }

    /// Trap if the condition holds.
    pub fn trap_if(&mut self, condition: Value, code: TrapCode) {
        self.inst(InstSpec::new(Op::TrapIf, Type::VOID, &[condition]).aux(code as u16));
    }

    /// Safepoint that serves interrupts.
    pub fn poll(&mut self, frame: Option<FrameState>) {
        self.inst(InstSpec { frame, ..InstSpec::new(Op::Poll, Type::VOID, &[]) });
    }

    // ----- terminators -------------------------------------------------------------------------------------------

    fn terminate(&mut self, op: Op, args: &[Value], edges: &[(Block, &[Value])]) {
        debug_assert!(!self.is_terminated(), "{} already ends", self.current);
        let inst = self.func.make_terminator(op, args, edges);
        self.func.set_pos(inst, self.pos);
        self.func.append(self.current, inst);
        for (index, &(block, _)) in edges.iter().enumerate() {
            assert!(!self.states[block].sealed, "{block} is sealed: no edge can be added");
            self.states[block].preds.push((inst, index as u32, self.current));
        }
        // Parameters that reads made in a target not yet sealed get their arguments at sealing; explicit ones come first.
    }

    /// Go to a block.
    pub fn jump(&mut self, block: Block, args: &[Value]) {
        self.terminate(Op::Jump, &[], &[(block, args)]);
    }

    /// Go to `then` if the condition is not zero, else to `otherwise`.
    pub fn branch(&mut self, condition: Value, then: (Block, &[Value]), otherwise: (Block, &[Value])) {
        self.terminate(Op::Branch, &[condition], &[then, otherwise]);
    }

    /// Go to `cases[index]`, or to `default` if there is none.
    pub fn switch(&mut self, index: Value, default: (Block, &[Value]), cases: &[(Block, &[Value])]) {
        let mut edges = vec![default];
        edges.extend_from_slice(cases);
        self.terminate(Op::Switch, &[index], &edges);
    }

    /// Return.
    pub fn ret(&mut self, values: &[Value]) {
        self.inst(InstSpec::new(Op::Return, Type::VOID, values));
    }

    /// Leave with a trap.
    pub fn trap(&mut self, code: TrapCode) {
        self.inst(InstSpec::new(Op::Trap, Type::VOID, &[]).aux(code as u16));
    }

    /// Leave through a frame state.
    pub fn exit(&mut self, frame: FrameState) {
        self.inst(InstSpec::new(Op::Exit, Type::VOID, &[]).frame(frame));
    }

    /// Call of an address whose results this function returns.
    pub fn tail_call_indirect(&mut self, signature: SigRef, callee: Value, args: &[Value]) {
        let mut all = vec![callee];
        all.extend_from_slice(args);
        let spec = InstSpec::new(Op::TailCallIndirect, Type::VOID, &all);
        self.inst(spec.imm(signature.as_u32() as i64));
    }

    /// Call whose results this function returns.
    pub fn tail_call(&mut self, callee: FuncRef, args: &[Value]) {
        self.inst(InstSpec::new(Op::TailCall, Type::VOID, args).imm(callee.as_u32() as i64));
    }
}

/// Removes block parameters whose arguments are all one value or the parameter itself: uses of the parameter become uses of
/// that value. Returns how many were removed. Removing one can make others trivial; a list of work follows that, so the
/// cost is linear in the arguments of all edges. All blocks of the layout must be reachable.
pub fn remove_trivial_params(func: &mut Function, cfg: &Cfg) -> usize {
    // Users: for each parameter, the parameters that it is an argument of, as linked lists in flat vectors.
    let mut first_user: Vec<u32> = vec![u32::MAX; func.value_capacity()];
    let mut users: Vec<(Value, u32)> = Vec::new();
    let mut work = Vec::new();
    for &block in cfg.rpo() {
        for (position, &param) in func.params(block).iter().enumerate() {
            if block == func.entry() {
                continue;
            }
            work.push(param);
            for pred in cfg.preds(block) {
                let arg = func.edge_args(func.edges(pred.inst)[pred.index as usize])[position];
                if matches!(func.value_def(arg), ValueDef::Param(..)) && arg != param {
                    users.push((param, first_user[arg.index()]));
                    first_user[arg.index()] = users.len() as u32 - 1;
                }
            }
        }
    }
    work.reverse();
    let mut removed = 0;
    while let Some(param) = work.pop() {
        let ValueDef::Param(block, position) = func.value_def(param) else {
            continue;
        };
        let mut only = None;
        let trivial = cfg.preds(block).iter().all(|pred| {
            let arg = func.edge_args(func.edges(pred.inst)[pred.index as usize])[position as usize];
            let arg = func.resolve(arg);
            arg == param || *only.get_or_insert(arg) == arg
        });
        let Some(value) = only.filter(|_| trivial) else {
            continue;
        };
        func.replace(param, value);
        removed += 1;
        // Who used the parameter now uses `value`: look at them again, and pass them on to `value`'s list.
        let mut at = first_user[param.index()];
        while at != u32::MAX {
            let (user, next) = users[at as usize];
            work.push(user);
            users[at as usize].1 = first_user[value.index()];
            first_user[value.index()] = at;
            at = next;
        }
    }
    if removed > 0 {
        for &block in cfg.rpo() {
            let keep: Vec<bool> =
                func.params(block).iter().map(|&param| matches!(func.value_def(param), ValueDef::Param(..))).collect();
            if keep.iter().all(|&keep| keep) {
                continue;
            }
            for pred in cfg.preds(block) {
                func.retain_edge_args(pred.inst, pred.index as usize, |position| keep[position]);
            }
            func.retain_params(block, |position| keep[position]);
        }
        func.resolve_aliases();
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier::verify;

    #[test]
    fn a_loop_gets_parameters_only_for_what_changes() {
        let mut b = FunctionBuilder::new("sum", Signature::new(&[Type::I64], &[Type::I64]));
        let (limit, i, sum) = (b.declare(Type::I64), b.declare(Type::I64), b.declare(Type::I64));
        let param = b.param(0);
        b.define(limit, param);
        let zero = b.iconst(Type::I64, 0);
        b.define(i, zero);
        b.define(sum, zero);
        let (header, body, done) = (b.add_block(), b.add_block(), b.add_block());
        b.jump(header, &[]);
        b.switch_to(header);
        let (now, end) = (b.read(i), b.read(limit));
        let more = b.icmp(IntCc::Slt, now, end);
        b.branch(more, (body, &[]), (done, &[]));
        b.switch_to(body);
        let (old, at) = (b.read(sum), b.read(i));
        let new = b.binary(Op::Iadd, old, at);
        b.define(sum, new);
        let one = b.iconst(Type::I64, 1);
        let next = b.binary(Op::Iadd, at, one);
        b.define(i, next);
        b.jump(header, &[]);
        b.switch_to(done);
        let result = b.read(sum);
        b.ret(&[result]);
        let func = b.finish();
        verify(&func).unwrap();
        assert_eq!(func.params(header).len(), 2);
        assert!(func.params(body).is_empty() && func.params(done).is_empty());
    }

    #[test]
    fn long_chains_of_blocks_need_no_stack() {
        let mut b = FunctionBuilder::new("chain", Signature::new(&[Type::I32], &[Type::I32]));
        let x = b.declare(Type::I32);
        let param = b.param(0);
        b.define(x, param);
        for index in 0..50_000 {
            let next = b.add_block();
            if index % 2 == 0 {
                let other = b.add_block();
                b.branch(param, (next, &[]), (other, &[]));
                b.seal(other);
                b.switch_to(other);
            }
            b.jump(next, &[]);
            b.seal(next);
            b.switch_to(next);
        }
        let value = b.read(x);
        b.ret(&[value]);
        let func = b.finish();
        assert_eq!(func.args(func.terminator(*func.blocks().last().unwrap())), &[param]);
        verify(&func).unwrap();
    }

    #[test]
    fn an_unwritten_variable_is_zero() {
        let mut b = FunctionBuilder::new("f", Signature::new(&[], &[Type::F64]));
        let x = b.declare(Type::F64);
        let value = b.read(x);
        b.ret(&[value]);
        let func = b.finish();
        verify(&func).unwrap();
        assert_eq!(func.inst(func.def_inst(value).unwrap()).op, Op::Fconst);
    }
}
