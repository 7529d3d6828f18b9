//! What the op table makes: the enum [`Op`], its [`OpInfo`], and for each op a struct in [`instr`] that decodes and encodes it.
//!
//! Code is a stream of `u16` units. Unit 0 of an instruction holds the opcode in its low byte and in its high byte the [`Imm8`] operand, if
//! the op has one. The other operands follow in the table's order: registers, counts and 16-bit immediates one unit each, indices and jumps two
//! (low half first). So each op has one length.

use crate::for_each_op;

/// Declares the operand kinds: a newtype each, and the enum [`OperandKind`].
macro_rules! operand_kinds {
    ($($(#[$doc:meta])* $name:ident($ty:ty): $units:literal;)*) => {
        /// What an operand is; the newtype of the same name is its decoded form.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum OperandKind { $($(#[$doc])* $name,)* }

        impl OperandKind {
            /// Code units that an operand of this kind takes.
            pub const fn units(self) -> usize {
                match self { $(OperandKind::$name => $units,)* }
            }
        }

        $($(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub $ty);)*
    };
}

operand_kinds! {
    /// A register that the op writes.
    Dst(u16): 1;
    /// Two consecutive registers that the op writes.
    DstPair(u16): 1;
    /// A register that the op reads.
    Src(u16): 1;
    /// The first of a run of registers that the op reads; the next operand is its `Count`.
    Run(u16): 1;
    /// The length of the run before it.
    Count(u16): 1;
    /// A call block that the op reads (and the call uses up): `block+0`, `block+5`, and `argc` registers from `block+6` on.
    Block(u16): 1;
    /// A call block whose first six registers the op writes (`block+0` and `block+5`, with the rest as scratch).
    BlockOut(u16): 1;
    /// The number of arguments of the call block.
    Argc(u16): 1;
    /// The first of the three registers of an iterator record, read and updated.
    Iter(u16): 1;
    /// The first of the three registers of an iterator record, written.
    IterOut(u16): 1;
    /// A small number in the high byte of unit 0; at most one an op, the first operand.
    Imm8(u8): 0;
    /// A number from 0 to 65535.
    U16(u16): 1;
    /// A signed 16-bit immediate.
    I16(i16): 1;
    /// A signed 32-bit immediate.
    I32(i32): 2;
    /// An index into the template's constants; an operand called `name` or `message` is a string.
    Const(u32): 2;
    /// An index into the template's feedback slots.
    Slot(u32): 2;
    /// A distance in units from the instruction's first unit.
    Jump(i32): 2;
    /// An index into the template's scopes.
    Scope(u32): 2;
    /// An index into the template's inner functions.
    Func(u32): 2;
    /// An index into the template's key lists.
    Keys(u32): 2;
    /// An index into the template's switch tables.
    Table(u32): 2;
    /// An index into the template's direct-eval sites.
    Eval(u32): 2;
}

impl OperandKind {
    /// Whether the operand names a register (or the first of several).
    pub const fn is_register(self) -> bool {
        use OperandKind::*;
        matches!(self, Dst | DstPair | Src | Run | Block | BlockOut | Iter | IterOut)
    }
}

/// Reading and writing one operand; `unit(i)` is the instruction's unit `i`.
pub trait Operand: Sized + Copy {
    /// The kind that this type stands for.
    const KIND: OperandKind;
    /// Decodes the operand whose first unit is number `at`.
    fn read(at: usize, unit: &impl Fn(usize) -> u16) -> Self;
    /// Appends the operand to the instruction that begins at `start`.
    fn write(self, start: usize, code: &mut Vec<u16>);
}

macro_rules! operand_16 {
    ($($name:ident: $ty:ty),*) => {$(
        impl Operand for $name {
            const KIND: OperandKind = OperandKind::$name;
            #[inline(always)]
            fn read(at: usize, unit: &impl Fn(usize) -> u16) -> Self {
                $name(unit(at) as $ty)
            }
            fn write(self, _start: usize, code: &mut Vec<u16>) {
                code.push(self.0 as u16);
            }
        }
    )*};
}

macro_rules! operand_32 {
    ($($name:ident: $ty:ty),*) => {$(
        impl Operand for $name {
            const KIND: OperandKind = OperandKind::$name;
            #[inline(always)]
            fn read(at: usize, unit: &impl Fn(usize) -> u16) -> Self {
                $name((u32::from(unit(at)) | u32::from(unit(at + 1)) << 16) as $ty)
            }
            fn write(self, _start: usize, code: &mut Vec<u16>) {
                code.extend([self.0 as u16, (self.0 as u32 >> 16) as u16]);
            }
        }
    )*};
}

operand_16!(Dst: u16, DstPair: u16, Src: u16, Run: u16, Count: u16, Block: u16, BlockOut: u16, Argc: u16, Iter: u16, IterOut: u16, U16: u16, I16: i16);
operand_32!(I32: i32, Const: u32, Slot: u32, Jump: i32, Scope: u32, Func: u32, Keys: u32, Table: u32, Eval: u32);

impl Operand for Imm8 {
    const KIND: OperandKind = OperandKind::Imm8;
    #[inline(always)]
    fn read(_at: usize, unit: &impl Fn(usize) -> u16) -> Self {
        Imm8((unit(0) >> 8) as u8)
    }
    fn write(self, start: usize, code: &mut Vec<u16>) {
        code[start] |= u16::from(self.0) << 8;
    }
}

/// A set of effects; see [`table`](crate::table).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(u8);

#[allow(non_upper_case_globals)]
impl Effects {
    const throws: u8 = 1;
    const js: u8 = 1 | 2 | 8;
    const alloc: u8 = 4 | 8;
    const safepoint: u8 = 8;
    const end: u8 = 16;

    /// May throw (apart from the memory limit at allocations).
    pub const fn can_throw(self) -> bool {
        self.0 & 1 != 0
    }
    /// May run arbitrary JS.
    pub const fn calls_js(self) -> bool {
        self.0 & 2 != 0
    }
    /// Allocates.
    pub const fn allocates(self) -> bool {
        self.0 & 4 != 0
    }
    /// A collection or an interrupt may happen.
    pub const fn is_safepoint(self) -> bool {
        self.0 & 8 != 0
    }
    /// Control never falls through.
    pub const fn ends_block(self) -> bool {
        self.0 & 16 != 0
    }
}

/// What a feedback slot records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum FeedbackKind {
    /// The op has no slot (never the kind of a slot).
    None,
    /// A property read with a constant name.
    GetNamed,
    /// A property write with a constant name.
    SetNamed,
    /// A property definition with a constant name.
    DefineNamed,
    /// A property read with a computed key.
    GetElem,
    /// A property write with a computed key.
    SetElem,
    /// A property definition with a computed key, or a private one.
    DefineElem,
    /// A property deletion.
    Delete,
    /// `in`.
    Has,
    /// `instanceof`.
    InstanceOf,
    /// A read of a global variable.
    GetGlobal,
    /// A write of a global variable.
    SetGlobal,
    /// A call: its targets.
    Call,
    /// A construct call: its targets.
    Construct,
    /// Arithmetic: a bitset of operand and result types.
    Arith,
    /// A comparison: a bitset of operand types.
    Compare,
    /// An iteration step.
    Iterate,
    /// A literal: its shape or element kind, or the cached object.
    Literal,
    /// A closure site.
    Closure,
    /// A loop: its iteration counter.
    Loop,
    /// A runtime function: where it is among all.
    Runtime,
}

/// Facts about an op, from the table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The op's name.
    pub name: &'static str,
    /// Length in code units, unit 0 included.
    pub len: usize,
    /// Names and kinds of the operands in encoding order.
    pub operands: &'static [(&'static str, OperandKind)],
    /// What it may do.
    pub effects: Effects,
    /// The kind of its feedback slot.
    pub feedback: FeedbackKind,
    /// The documentation from the table.
    pub doc: &'static str,
}

/// An op with typed operands; implemented by every struct in [`instr`].
pub trait Instr: Sized + Copy {
    /// The op.
    const OP: Op;
    /// Length in code units.
    const LEN: usize;
    /// Decodes the instruction whose unit `i` is `unit(i)`; the opcode is not looked at.
    fn decode_with(unit: impl Fn(usize) -> u16) -> Self;
    /// Appends the instruction to `code`.
    fn encode(self, code: &mut Vec<u16>);
    /// Decodes the instruction at `pc`.
    ///
    /// # Panics
    /// If the instruction does not lie within `code`.
    #[inline(always)]
    fn decode(code: &[u16], pc: usize) -> Self {
        let units = &code[pc..pc + Self::LEN];
        Self::decode_with(|i| units[i])
    }
}

macro_rules! define_ops {
    ($($(#[doc = $doc:literal])+ $name:ident { $($field:ident: $kind:ident),* } [$($effect:ident)*] $feedback:ident;)*) => {
        /// The opcodes.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum Op { $($(#[doc = $doc])+ $name,)* }

        /// Lengths of instructions in code units; of numbers that are no op: 0.
        static UNITS: [u8; 256] = {
            let lengths = [$(1 $(+ OperandKind::$kind.units())*,)*];
            let (mut units, mut op) = ([0; 256], 0);
            while op < lengths.len() {
                units[op] = lengths[op] as u8;
                op += 1;
            }
            units
        };

        impl Op {
            /// All ops in the order of their codes.
            pub const ALL: &'static [Op] = &[$(Op::$name,)*];
        }

        static INFOS: &[OpInfo] = &[$(OpInfo {
            name: stringify!($name),
            len: 1 $(+ OperandKind::$kind.units())*,
            operands: &[$((stringify!($field), OperandKind::$kind),)*],
            effects: Effects(0 $(| Effects::$effect)*),
            feedback: FeedbackKind::$feedback,
            doc: concat!($($doc, "\n",)+),
        },)*];

        /// A struct for each op, with its operands as fields.
        pub mod instr {
            use super::*;
            $($(#[doc = $doc])+
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub struct $name { $(#[allow(missing_docs)] pub $field: super::$kind,)* }

            impl Instr for $name {
                const OP: Op = Op::$name;
                const LEN: usize = 1 $(+ OperandKind::$kind.units())*;
                #[inline(always)]
                #[allow(unused_variables, unused_mut, unused_assignments)]
                fn decode_with(unit: impl Fn(usize) -> u16) -> Self {
                    let mut at = 1;
                    $(let $field = <super::$kind as Operand>::read(at, &unit);
                    at += OperandKind::$kind.units();)*
                    $name { $($field),* }
                }
                fn encode(self, code: &mut Vec<u16>) {
                    #[allow(unused_variables)]
                    let start = code.len();
                    code.push(Op::$name as u16);
                    $(self.$field.write(start, code);)*
                }
            })*
        }
    };
}

for_each_op!(define_ops);

const _: () = assert!(Op::ALL.len() <= 256);

/// An operand's value, widened: registers and indices as they are, immediates and jumps signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandValue {
    /// The operand's name in the table.
    pub name: &'static str,
    /// Its kind.
    pub kind: OperandKind,
    /// Its value.
    pub value: i64,
}

impl Op {
    /// The op with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Op> {
        Op::ALL.get(usize::from(code)).copied()
    }

    /// The op of the instruction whose unit 0 is `unit`.
    pub fn from_unit(unit: u16) -> Option<Op> {
        Op::from_code(unit as u8)
    }

    /// Facts about the op.
    pub const fn info(self) -> &'static OpInfo {
        &INFOS[self as usize]
    }

    /// Length in code units.
    pub fn units(self) -> usize {
        usize::from(UNITS[self as usize])
    }

    /// The operands of the instruction of this op at `pc`.
    ///
    /// # Panics
    /// If the instruction does not lie within `code`.
    pub fn operands(self, code: &[u16], pc: usize) -> impl Iterator<Item = OperandValue> + '_ {
        let mut at = pc + 1;
        self.info().operands.iter().map(move |&(name, kind)| {
            let value = match kind {
                OperandKind::Imm8 => i64::from(code[pc] >> 8),
                OperandKind::I16 => i64::from(code[at] as i16),
                OperandKind::I32 | OperandKind::Jump => i64::from(wide(code, at) as i32),
                _ if kind.units() == 2 => i64::from(wide(code, at)),
                _ => i64::from(code[at]),
            };
            at += kind.units();
            OperandValue { name, kind, value }
        })
    }

    /// The targets of the jump operands of the instruction at `pc`, as positions in `code` (which may be out of range in bad code).
    /// The targets of a `SwitchTable` are in its table.
    pub fn jump_targets(self, code: &[u16], pc: usize) -> impl Iterator<Item = i64> + '_ {
        self.operands(code, pc)
            .filter(|operand| operand.kind == OperandKind::Jump)
            .map(move |operand| pc as i64 + operand.value)
    }
}

fn wide(code: &[u16], at: usize) -> u32 {
    u32::from(code[at]) | u32::from(code[at + 1]) << 16
}

/// Walks the instructions of `code`: the position and op of each. Stops at an unknown opcode or a cut-off instruction.
pub fn instructions(code: &[u16]) -> impl Iterator<Item = (usize, Op)> + '_ {
    let mut pc = 0;
    std::iter::from_fn(move || {
        let op = Op::from_unit(*code.get(pc)?)?;
        let at = pc;
        pc += op.units();
        (pc <= code.len()).then_some((at, op))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_round_trips() {
        let mut code = Vec::new();
        let first =
            instr::SetNamed { strict: Imm8(1), obj: Src(7), name: Const(70_000), src: Src(65_000), slot: Slot(3) };
        first.encode(&mut code);
        let second = instr::JumpIfLessImm { a: Src(6), imm: I16(-5), target: Jump(-7), slot: Slot(0) };
        second.encode(&mut code);
        assert_eq!(instr::SetNamed::decode(&code, 0), first);
        let pc = Op::SetNamed.units();
        assert_eq!(instr::JumpIfLessImm::decode(&code, pc), second);
        assert_eq!(instructions(&code).collect::<Vec<_>>(), [(0, Op::SetNamed), (pc, Op::JumpIfLessImm)]);
        let values: Vec<_> = Op::SetNamed.operands(&code, 0).map(|o| o.value).collect();
        assert_eq!(values, [1, 7, 70_000, 65_000, 3]);
        assert_eq!(Op::JumpIfLessImm.jump_targets(&code, pc).collect::<Vec<_>>(), [pc as i64 - 7]);
    }

    #[test]
    fn the_table_keeps_its_own_rules() {
        for op in Op::ALL {
            let info = op.info();
            let kinds: Vec<_> = info.operands.iter().map(|o| o.1).collect();
            let imm8 = kinds.iter().filter(|k| **k == OperandKind::Imm8).count();
            assert!(
                imm8 == 0 || imm8 == 1 && kinds[0] == OperandKind::Imm8,
                "{}: Imm8 is the first operand",
                info.name
            );
            assert_eq!(
                kinds.contains(&OperandKind::Slot),
                info.feedback != FeedbackKind::None,
                "{}: a slot operand and a feedback kind go together",
                info.name
            );
            for (i, kind) in kinds.iter().enumerate() {
                if *kind == OperandKind::Run {
                    assert_eq!(kinds.get(i + 1), Some(&OperandKind::Count), "{}", info.name);
                }
            }
            assert!(info.doc.trim().ends_with(['.', ')']), "{}: documented", info.name);
        }
    }
}
