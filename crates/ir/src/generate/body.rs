//! The body of one random function: structured statements over values and variables in scope.

use super::ops::{Repeat, is_plain};
use super::rng::Rng;
use super::{Config, REGION_BYTES};
use crate::builder::FunctionBuilder;
use crate::entity::*;
use crate::function::*;
use crate::imm::*;
use crate::ops::{Effects, Op};
use crate::types::Type;

/// What the functions of a program share.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub config: &'a Config,
    /// Functions 1, 2, …
    pub callees: &'a [Callee],
}

/// What is settled about a function before it is made, since others call it.
pub struct Callee {
    pub signature: Signature,
    /// Roughly how many instructions it has before it ends.
    pub target: usize,
    /// Recursion combines its result with more, so that an accumulator can take its place: nothing leaves such a function in
    /// the middle with a frame state, no call of another ends it, and no slot's address escapes from it.
    pub accumulates: bool,
}

impl Callee {
    /// A large function is called once by each other large one, outside of loops, so that runs stay short.
    pub fn is_large(&self) -> bool {
        self.target > 160
    }

    /// A tiny one is called in inner loops, too.
    pub fn is_tiny(&self) -> bool {
        self.target < 60
    }
}

/// State while a function is made.
pub struct Body<'a> {
    pub context: &'a Context<'a>,
    pub rng: Rng,
    pub b: FunctionBuilder,
    /// Values in scope by type. Addresses that must not be observed are not among them.
    pub pools: Vec<Vec<Value>>,
    pub repeats: Vec<Repeat>,
    pub plain_ops: Vec<Op>,
    /// Folded into what the function returns.
    pub acc: Variable,
    pub variables: Vec<(Variable, Type)>,
    /// Addresses of the regions, of an initialised slot, and of slots that are passed on where there is no region to pass on:
    /// only callees access those, and no two are one, since they stand for regions of different classes.
    pub regions: Vec<Value>,
    pub slot: Value,
    pub spares: Vec<Value>,
    pub callees: Vec<FuncRef>,
    /// Which of `callees` were called.
    pub called: Vec<bool>,
    pub helpers: Vec<FuncRef>,
    pub index: usize,
    /// See [`Callee::accumulates`].
    pub accumulates: bool,
    /// Number between 0 and 12: bounds loops and recursion.
    pub small: Value,
    /// Integers (`i64`) that are between 0 and 12 where they are in scope.
    pub inductions: Vec<Value>,
    pub target: usize,
    pub depth: usize,
    pub loops: usize,
    pub nested: bool,
}

/// Lengths of the lists of what is in scope.
pub struct Scope {
    pools: Vec<usize>,
    repeats: usize,
    inductions: usize,
}

const SCALARS: [Type; 8] = [Type::I8, Type::I16, Type::I32, Type::I64, Type::F32, Type::F64, Type::TAGGED, Type::PTR];

/// Parameters: a small count, up to two regions, up to nine numbers.
pub fn callee_signature(rng: &mut Rng) -> Signature {
    let mut params = vec![Type::I64];
    params.resize(1 + rng.below(3), Type::PTR);
    for _ in 0..rng.below(10) {
        params.push(*rng.pick(&[Type::I64, Type::I32, Type::I8, Type::F64, Type::F32, Type::TAGGED]));
    }
    let choices: [&[Type]; 5] = [&[Type::I64], &[Type::I64, Type::F64], &[Type::I32], &[Type::F64], &[]];
    let returns = choices[rng.below(choices.len())];
    Signature::new(&params, returns)
}

/// Makes the entry function; also tells whether it has a loop inside a loop.
pub fn entry(context: &Context, rng: &mut Rng, signature: Signature, target: usize) -> (Function, bool) {
    Body::new(context, rng, 0, signature, target).finish()
}

/// Makes function `index`, one of the callees; also tells whether it has a loop inside a loop.
pub fn callee(context: &Context, rng: &mut Rng, index: usize) -> (Function, bool) {
    let callee = &context.callees[index - 1];
    let guards = context.config.guards && !callee.accumulates;
    let context = &Context { config: &Config { guards, ..*context.config }, ..*context };
    let mut body = Body::new(context, rng, index, callee.signature.clone(), callee.target);
    body.accumulates = callee.accumulates;
    body.finish()
}

impl<'a> Body<'a> {
    fn new(context: &'a Context<'a>, rng: &mut Rng, index: usize, signature: Signature, target: usize) -> Body<'a> {
        let params = signature.params.clone();
        let mut b = FunctionBuilder::new(&format!("f{index}"), signature);
        let acc = b.declare(Type::I64);
        let start = b.iconst(Type::I64, 1);
        b.define(acc, start);
        let slot = b.func_mut().add_slot(SLOT_BYTES, 64);
        let slot_address = b.slot_addr(slot);
        let mut body = Body {
            context,
            rng: Rng::new(rng.next()),
            pools: vec![Vec::new(); 64],
            repeats: Vec::new(),
            plain_ops: Op::ALL.iter().copied().filter(|&op| is_plain(op)).collect(),
            acc,
            variables: Vec::new(),
            regions: Vec::new(),
            slot: slot_address,
            spares: Vec::new(),
            callees: Vec::new(),
            called: Vec::new(),
            helpers: Vec::new(),
            index,
            accumulates: false,
            small: start,
            inductions: Vec::new(),
            target,
            depth: 0,
            loops: 0,
            nested: false,
            b,
        };
        for (position, &ty) in params.iter().enumerate() {
            let value = body.b.param(position);
            if ty == Type::PTR {
                body.regions.push(value);
            } else {
                body.bring(value);
            }
        }
        body.small = body.b.param(if index == 0 { 7 } else { 0 });
        body.initialize(slot_address, SLOT_BYTES);
        body.declare_callees();
        body.make_spares();
        for _ in 0..4 {
            let ty = *body.rng.pick(&SCALARS);
            let variable = body.b.declare(ty);
            let value = body.value_of(ty);
            body.b.define(variable, value);
            body.variables.push((variable, ty));
        }
        body
    }

    fn finish(mut self) -> (Function, bool) {
        while self.size() < self.target {
            self.statement();
        }
        self.ending();
        (self.b.finish(), self.nested)
    }

    /// Stores something in every word of a slot: what is left of earlier frames must not be seen.
    fn initialize(&mut self, address: Value, bytes: u32) {
        let (mut value, mut ty) = (self.small, Type::I64);
        if let Some(wide) = Type::I64.vector(self.context.config.vector_bits).filter(|wide| wide.bytes() <= bytes) {
            value = self.b.value(InstSpec::new(Op::Splat, wide, &[value]));
            ty = wide;
        }
        for offset in (0..bytes as i32).step_by(ty.bytes() as usize) {
            self.b.store(address, value, offset, SLOT_FLAGS);
        }
    }

    fn make_spares(&mut self) {
        let func = self.b.func();
        let regions = |callee: &FuncRef| {
            let params = &func.signatures[func.funcs[*callee].signature].params;
            params.iter().filter(|&&ty| ty == Type::PTR).count()
        };
        let most = self.callees.iter().map(regions).max().unwrap_or(0);
        for _ in self.regions.len()..most {
            let slot = self.b.func_mut().add_slot(REGION_BYTES as u32, 64);
            let address = self.b.slot_addr(slot);
            self.initialize(address, REGION_BYTES as u32);
            self.spares.push(address);
        }
    }

    fn declare_callees(&mut self) {
        for (callee, data) in self.context.callees.iter().enumerate().skip(self.index.max(1) - 1) {
            let target = CallTarget::Function(FuncId::new(callee + 1));
            let name = format!("f{}", callee + 1);
            let callee = self.b.func_mut().import_function(&name, data.signature.clone(), target);
            self.callees.push(callee);
            self.called.push(false);
        }
        if self.context.config.host_calls {
            let pure = Signature::new(&[Type::I64, Type::I64], &[Type::I64]).system_v();
            let memory = Signature::new(&[Type::PTR, Type::I64], &[Type::I64]).system_v();
            let func = self.b.func_mut();
            let mix = func.import_function("mix", pure, CallTarget::Helper(HelperId(0)));
            func.funcs[mix].effects = Effects::PURE;
            let add = func.import_function("add", memory, CallTarget::Helper(HelperId(1)));
            func.funcs[add].effects = Effects::READS.with(Effects::WRITES);
            self.helpers = vec![mix, add];
        }
    }

    pub fn size(&self) -> usize {
        self.b.func().inst_capacity()
    }

    // ----- values ------------------------------------------------------------------------------------------------

    /// Brings a value into scope.
    pub fn bring(&mut self, value: Value) {
        let ty = self.b.func().value_type(value);
        self.pools[ty.bit() as usize].push(value);
    }

    /// A value of a type: from the scope, a variable, or a new constant.
    pub fn value_of(&mut self, ty: Type) -> Value {
        let pool = &self.pools[ty.bit() as usize];
        if pool.is_empty() || self.rng.chance(12) {
            return self.constant(ty);
        }
        if self.rng.chance(8) {
            let fitting: Vec<Variable> =
                self.variables.iter().filter(|&&(_, of)| of == ty).map(|&(variable, _)| variable).collect();
            if !fitting.is_empty() {
                let variable = *self.rng.pick(&fitting);
                return self.b.read(variable);
            }
        }
        let pool = &self.pools[ty.bit() as usize];
        // Newer values more often than old ones.
        let recent = pool.len().min(6);
        if self.rng.chance(60) { pool[pool.len() - 1 - self.rng.below(recent)] } else { *self.rng.pick(pool) }
    }

    pub fn constant(&mut self, ty: Type) -> Value {
        if ty.is_vector() {
            let lane = self.value_of(ty.lane());
            return self.b.value(InstSpec::new(Op::Splat, ty, &[lane]));
        }
        if ty.is_float() {
            let bits = self.rng.interesting_float(ty);
            return self.b.value(InstSpec::new(Op::Fconst, ty, &[]).imm(bits as i64));
        }
        let value = self.rng.interesting_int(ty);
        self.b.iconst(ty, value)
    }

    /// A value whose bits are definite: any but a NaN that arithmetic made.
    pub fn definite(&mut self, ty: Type) -> Value {
        let value = self.value_of(ty);
        if ty.has_float_lanes() { self.b.unary(Op::Fcanon, value) } else { value }
    }

    /// Folds a value into the accumulator.
    pub fn observe(&mut self, value: Value) {
        let ty = self.b.func().value_type(value);
        let canonical = if ty.has_float_lanes() { self.b.unary(Op::Fcanon, value) } else { value };
        let scalar = match ty {
            _ if ty.is_vector() && ty.has_float_lanes() => {
                let lane = self.rng.below(ty.lanes() as usize) as i64;
                self.b.value(InstSpec::new(Op::Extract, ty, &[canonical]).imm(lane))
            }
            _ if ty.is_vector() => self.b.value(InstSpec::new(Op::Vreduce, ty, &[value]).aux(ReduceOp::Xor as u16)),
            _ => canonical,
        };
        let bits = match ty.lane() {
            Type::F32 => self.b.convert(Op::Bitcast, Type::I32, scalar),
            Type::F64 | Type::TAGGED | Type::PTR => self.b.convert(Op::Bitcast, Type::I64, scalar),
            _ => scalar,
        };
        let wide = match self.b.func().value_type(bits) {
            Type::I64 => bits,
            _ => self.b.convert(Op::Zext, Type::I64, bits),
        };
        let old = self.b.read(self.acc);
        let factor = self.b.iconst(Type::I64, 31);
        let product = self.b.binary(Op::Imul, old, factor);
        let new = self.b.binary(Op::Iadd, product, wide);
        self.b.define(self.acc, new);
    }

    pub fn frame_state(&mut self) -> FrameState {
        let mut values = Vec::new();
        for _ in 0..self.rng.below(4) {
            let ty = *self.rng.pick(&[Type::I32, Type::I64, Type::F64, Type::TAGGED]);
            let value = if self.rng.chance(15) { Value::NONE } else { self.definite(ty) };
            values.push(value);
        }
        let position = self.rng.below(1000) as u32;
        let parent = if self.rng.chance(20) {
            let outer = self.definite(Type::I64);
            Some(self.b.func_mut().add_frame(TemplateId(7), position, None, &[outer]))
        } else {
            None
        };
        self.b.func_mut().add_frame(TemplateId(self.index as u32), position, parent, &values)
    }

    // ----- scopes ------------------------------------------------------------------------------------------------

    pub fn enter(&mut self) -> Scope {
        self.depth += 1;
        Scope {
            pools: self.pools.iter().map(Vec::len).collect(),
            repeats: self.repeats.len(),
            inductions: self.inductions.len(),
        }
    }

    /// Forgets what was brought in since, after folding most of it into the accumulator.
    pub fn leave(&mut self, scope: Scope) {
        let fresh: Vec<Value> =
            self.pools.iter().zip(&scope.pools).flat_map(|(pool, &len)| pool[len..].to_vec()).collect();
        if !self.b.is_terminated() {
            for value in fresh {
                if self.rng.chance(45) {
                    self.observe(value);
                }
            }
        }
        for (pool, len) in self.pools.iter_mut().zip(scope.pools) {
            pool.truncate(len);
        }
        self.repeats.truncate(scope.repeats);
        self.inductions.truncate(scope.inductions);
        self.depth -= 1;
    }

    pub fn statements(&mut self, count: usize) {
        for _ in 0..count {
            if self.b.is_terminated() || self.size() > self.target {
                break;
            }
            self.statement();
        }
    }

    // ----- statements --------------------------------------------------------------------------------------------

    pub fn statement(&mut self) {
        let deep = self.depth >= 5;
        match self.rng.below(100) {
            0..=46 => self.random_op(),
            47..=53 if !deep => self.idiom(),
            54..=69 => self.memory(),
            70..=74 => self.assign(),
            75..=79 if !deep => self.if_else(),
            80..=84 if !deep && self.loops < 3 => self.counted_loop(),
            85 if !deep => self.switch(),
            86..=88 => self.check(),
            89..=92 => self.call(),
            93 if !deep => self.two_entry_cycle(),
            94..=95 => self.use_induction(),
            96 => self.b.poll(None),
            _ => self.random_op(),
        }
    }

    fn assign(&mut self) {
        let (variable, ty) = *self.rng.pick(&self.variables);
        let value = self.value_of(ty);
        self.b.define(variable, value);
    }

    pub fn condition(&mut self) -> Value {
        if self.rng.chance(25) {
            return self.value_of(Type::I8);
        }
        let ty = *self.rng.pick(&[Type::I32, Type::I64, Type::I8]);
        let (left, right) = (self.value_of(ty), self.value_of(ty));
        let cc = *self.rng.pick(IntCc::ALL);
        self.b.icmp(cc, left, right)
    }

    /// The beginning of a writable region, with its class.
    pub fn writable(&mut self) -> Option<(Value, MemFlags)> {
        let count = self.regions.len().min(2);
        let region = (count > 0).then(|| self.rng.below(count))?;
        Some((self.regions[region], MemFlags::new(CLASSES[region])))
    }

    /// The helper that changes memory.
    pub fn memory_helper(&self) -> Option<FuncRef> {
        self.helpers.get(1).copied()
    }

    /// A condition that hardly ever holds.
    pub fn rare(&mut self) -> Value {
        let value = self.value_of(Type::I64);
        let odd = self.b.iconst(Type::I64, 0x1234_5678_9abc);
        self.b.icmp(IntCc::Eq, value, odd)
    }

    // ----- the end -----------------------------------------------------------------------------------------------

    fn ending(&mut self) {
        if self.index == 0 {
            for callee in 0..self.callees.len() {
                if !self.called[callee] {
                    self.call_function(callee);
                }
            }
        }
        if self.accumulates {
            self.accumulation();
        } else if self.index > 0 && !self.callees.is_empty() && self.rng.chance(60) {
            self.recursion();
        }
        let live: Vec<Value> = self.pools.iter().flatten().copied().collect();
        for value in live {
            if self.rng.chance(70) {
                self.observe(value);
            }
        }
        for index in 0..self.variables.len() {
            let value = self.b.read(self.variables[index].0);
            self.observe(value);
        }
        if self.index == 0 && self.rng.chance(10) {
            return self.leave_with_everything();
        }
        let returns = self.b.func().signature.returns.clone();
        let fitting: Vec<FuncRef> = self.callees[(self.index > 0) as usize..]
            .iter()
            .copied()
            .filter(|&callee| {
                let func = self.b.func();
                func.signatures[func.funcs[callee].signature].returns == returns && !self.passes_slot(callee)
            })
            .collect();
        if !self.accumulates && !fitting.is_empty() && self.rng.chance(40) {
            let callee = *self.rng.pick(&fitting);
            self.tail_position(callee);
        } else {
            self.ret();
        }
    }

    /// Ends with a trap or an exit that shows the accumulator.
    fn leave_with_everything(&mut self) {
        let acc = self.b.read(self.acc);
        self.b.store(self.regions[0], acc, 0, MemFlags::new(CLASSES[0]));
        if self.context.config.guards && self.rng.chance(50) {
            let frame = self.b.func_mut().add_frame(TemplateId(1), 1, None, &[acc]);
            self.b.exit(frame);
        } else {
            self.b.trap(TrapCode::User1);
        }
    }

    /// Whether a call would pass the address of a slot of this function.
    pub fn passes_slot(&self, callee: FuncRef) -> bool {
        let func = self.b.func();
        let params = &func.signatures[func.funcs[callee].signature].params;
        params.iter().filter(|&&ty| ty == Type::PTR).count() > self.regions.len()
    }

    /// A call whose results are returned: as a tail call, or as a call that could be one.
    fn tail_position(&mut self, callee: FuncRef) {
        let mask = self.b.iconst(Type::I64, 3);
        let count = self.b.read(self.acc);
        let count = self.b.binary(Op::Band, count, mask);
        self.tail_position_with(callee, count);
    }

    fn tail_position_with(&mut self, callee: FuncRef, count: Value) {
        let mut args = self.call_args(callee, count);
        let acc = self.b.read(self.acc);
        if let Some(place) = args.iter().skip(1).position(|&arg| self.b.func().value_type(arg) == Type::I64) {
            args[place + 1] = acc;
        }
        if self.rng.chance(30) {
            self.b.tail_call(callee, &args);
        } else if self.rng.chance(20) {
            let address = self.b.func_addr(callee);
            let signature = self.b.func().funcs[callee].signature;
            self.b.tail_call_indirect(signature, address, &args);
        } else {
            let inst = self.b.call(callee, &args);
            let results: Vec<Value> = self.b.func().results(inst).collect();
            self.b.ret(&results);
        }
    }

    /// Calls itself with a smaller count, in tail position or not.
    fn recursion(&mut self) {
        let (deeper, join) = (self.b.add_block(), self.b.add_block());
        let zero = self.b.iconst(Type::I64, 0);
        let more = self.b.icmp(IntCc::Sgt, self.small, zero);
        self.b.branch(more, (deeper, &[]), (join, &[]));
        self.b.seal(deeper);
        self.b.switch_to(deeper);
        let one = self.b.iconst(Type::I64, 1);
        let less = self.b.binary(Op::Isub, self.small, one);
        let callee = self.callees[0];
        if self.rng.chance(60) && !self.passes_slot(callee) {
            self.tail_position_with(callee, less);
        } else {
            let args = self.call_args(callee, less);
            let inst = self.b.call(callee, &args);
            let results: Vec<Value> = self.b.func().results(inst).collect();
            for value in results {
                self.observe(value);
            }
            self.b.jump(join, &[]);
        }
        self.b.seal(join);
        self.b.switch_to(join);
    }

    pub fn ret(&mut self) {
        let returns = self.b.func().signature.returns.clone();
        let mut values = Vec::new();
        for (position, &ty) in returns.iter().enumerate() {
            let value = if ty == Type::I64 && position == 0 { self.b.read(self.acc) } else { self.definite(ty) };
            values.push(value);
        }
        self.b.ret(&values);
    }
}

/// Class 1 and 2 are the writable regions, class 3 the read-only one, class 4 slots.
pub const CLASSES: [AliasClass; 3] = [AliasClass::new(1), AliasClass::new(2), AliasClass::new(3)];
const SLOT_BYTES: u32 = 64;
pub const SLOT_FLAGS: MemFlags = MemFlags::new(AliasClass::new(4)).no_trap();
