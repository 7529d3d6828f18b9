//! The text form, written.
//!
//! ```text
//! function @sum(ptr, i64) -> i64 {
//!   slot0 = 16 align 8
//! block0(v0: ptr, v1: i64):
//!   v2 = iconst.i64 0
//!   jump block1(v2, v2)
//! block1(v3: i64, v4: i64):
//!   v5 = ptr_index v0, v3*8+0
//!   v6 = load.i64 v5+0 class3 no_trap
//!   …
//! ```
//!
//! An instruction reads `results = op.type immediate operands immediate frame position`. The type is left out where the op
//! admits only one. Conditions, constants, callees and slots stand before the operands; trap codes, lanes and memory
//! flags after them. [`crate::parse`] reads it back.

use crate::entity::*;
use crate::function::*;
use crate::ops::{Effects, ImmKind, Op};
use crate::types::Type;
use std::fmt::{self, Display, Formatter, Write};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        for (id, function) in self.functions.iter() {
            if id.index() > 0 {
                writeln!(f)?;
            }
            write!(f, "{function}")?;
        }
        Ok(())
    }
}

impl Display for Signature {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "(")?;
        write_list(f, &self.params)?;
        write!(f, ")")?;
        match &self.returns[..] {
            [] => {}
            [one] => write!(f, " -> {one}")?,
            many => {
                write!(f, " -> (")?;
                write_list(f, many)?;
                write!(f, ")")?;
            }
        }
        if self.conv == CallConv::SystemV {
            write!(f, " sysv")?;
        }
        if self.variadic {
            write!(f, " variadic")?;
        }
        Ok(())
    }
}

/// Names of the effects in the declaration of a callee.
pub(crate) const EFFECT_NAMES: [(&str, Effects); 7] = [
    ("reads", Effects::READS),
    ("writes", Effects::WRITES),
    ("traps", Effects::TRAPS),
    ("exits", Effects::EXITS),
    ("safepoint", Effects::SAFEPOINT),
    ("calls", Effects::CALLS),
    ("framed", Effects::MAY_HAVE_FRAME),
];

impl Display for Function {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        writeln!(f, "function @{}{} {{", self.name, self.signature)?;
        for (key, signature) in self.signatures.iter() {
            writeln!(f, "  {key} = {signature}")?;
        }
        for (key, callee) in self.funcs.iter() {
            write!(f, "  {key} = ")?;
            match callee.target {
                CallTarget::Function(id) => write!(f, "{id}")?,
                CallTarget::Address(address) => write!(f, "addr {address:#x}")?,
                CallTarget::Helper(helper) => write!(f, "{helper}")?,
            }
            write!(f, " @{} {}", callee.name, callee.signature)?;
            if callee.effects != Effects::CALL {
                write!(f, " effects")?;
                for (name, effect) in EFFECT_NAMES {
                    if callee.effects.has(effect) {
                        write!(f, " {name}")?;
                    }
                }
            }
            writeln!(f)?;
        }
        for (key, slot) in self.slots.iter() {
            writeln!(f, "  {key} = {} align {}", slot.size, slot.align)?;
        }
        let used = self.used_frames();
        for (key, frame) in self.frames.iter() {
            if !used[key.index()] {
                continue;
            }
            write!(f, "  {key} = {} at {} [", frame.template, frame.position)?;
            for (index, value) in self.frame_values(key).iter().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                match value.some() {
                    Some(value) => write!(f, "{separator}{value}")?,
                    None => write!(f, "{separator}-")?,
                }
            }
            write!(f, "]")?;
            if let Some(parent) = frame.parent {
                write!(f, " in {parent}")?;
            }
            writeln!(f)?;
        }
        for &block in self.blocks() {
            write!(f, "{block}")?;
            let params = self.params(block);
            if !params.is_empty() {
                write!(f, "(")?;
                for (index, &param) in params.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    write!(f, "{separator}{param}: {}", self.value_type(param))?;
                }
                write!(f, ")")?;
            }
            writeln!(f, "{}:", if self.is_cold(block) { " cold" } else { "" })?;
            for inst in self.insts(block) {
                writeln!(f, "  {}", self.display_inst(inst))?;
            }
        }
        writeln!(f, "}}")
    }
}

impl Function {
    /// Which frame states instructions refer to; those left over from removed code are not shown.
    fn used_frames(&self) -> Vec<bool> {
        let mut used = vec![false; self.frames.len()];
        for &block in self.blocks() {
            for inst in self.insts(block) {
                let mut frame = self.inst(inst).frame();
                while let Some(key) = frame.filter(|&key| key.index() < used.len() && !used[key.index()]) {
                    used[key.index()] = true;
                    frame = self.frames[key].parent;
                }
            }
        }
        used
    }

    /// One instruction in the text form.
    pub fn display_inst(&self, inst: Inst) -> DisplayInst<'_> {
        DisplayInst { func: self, inst }
    }
}

/// See [`Function::display_inst`].
pub struct DisplayInst<'a> {
    func: &'a Function,
    inst: Inst,
}

impl Display for DisplayInst<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let (func, inst) = (self.func, self.inst);
        let data = func.inst(inst);
        for (index, value) in func.results(inst).enumerate() {
            write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
        }
        if data.result_count() > 0 {
            write!(f, " = ")?;
        }
        write!(f, "{}", data.op)?;
        let types = data.op.info().types;
        if !types.is_empty() && types.single() != Some(data.ty) {
            write!(f, ".{}", data.ty)?;
        }
        self.leading_immediate(f, data)?;
        self.operands(f, data)?;
        self.trailing_immediate(f, data)?;
        if let Some(frame) = data.frame() {
            write!(f, " {frame}")?;
        }
        match func.pos(inst).0 {
            0 => Ok(()),
            pos => write!(f, " @{pos}"),
        }
    }
}

impl DisplayInst<'_> {
    fn leading_immediate(&self, f: &mut Formatter, data: &InstData) -> fmt::Result {
        match data.op.info().imm {
            ImmKind::Int if data.ty.is_int() => write!(f, " {}", data.imm),
            ImmKind::Int => write!(f, " {:#x}", data.imm as u64),
            ImmKind::Float => write!(f, " {}", FloatText(data)),
            ImmKind::IntCc => write!(f, " {}", data.int_cc()),
            ImmKind::FloatCc => write!(f, " {}", data.float_cc()),
            ImmKind::Reduce => write!(f, " {}", data.reduce_op()),
            ImmKind::Slot => write!(f, " {}", data.slot()),
            ImmKind::Func => write!(f, " {}", data.func_ref()),
            ImmKind::Sig => write!(f, " {}", data.sig_ref()),
            ImmKind::Shape => write!(f, " shape{}", data.imm),
            ImmKind::Heap => write!(f, " heap{}", data.imm),
            ImmKind::Template => write!(f, " template{}", data.imm),
            _ => Ok(()),
        }
    }

    fn operands(&self, f: &mut Formatter, data: &InstData) -> fmt::Result {
        let args = self.func.args(self.inst);
        let offset = Signed(data.imm);
        match data.op.info().imm {
            ImmKind::Mem if args.len() == 2 => {
                return write!(f, " {}{offset}, {}", args[0], args[1]);
            }
            ImmKind::Mem | ImmKind::Offset if args.len() == 1 => {
                return write!(f, " {}{offset}", args[0]);
            }
            ImmKind::Scaled if args.len() == 2 => {
                return write!(f, " {}, {}*{}{offset}", args[0], args[1], data.scale());
            }
            _ => {}
        }
        if matches!(data.op, Op::Call | Op::TailCall) {
            f.write_char('(')?;
            write_list(f, args)?;
            return f.write_char(')');
        }
        if !args.is_empty() {
            f.write_char(' ')?;
            write_list(f, args)?;
        }
        Ok(())
    }

    fn trailing_immediate(&self, f: &mut Formatter, data: &InstData) -> fmt::Result {
        match data.op.info().imm {
            ImmKind::Trap => write!(f, " {}", data.trap_code()),
            ImmKind::Lane => write!(f, ", {}", data.imm),
            ImmKind::Mem => {
                let flags = data.mem_flags();
                if flags.class().number() > 0 {
                    write!(f, " class{}", flags.class().number())?;
                }
                if flags.is_no_trap() {
                    write!(f, " no_trap")?;
                }
                if flags.is_read_only() {
                    write!(f, " read_only")?;
                }
                Ok(())
            }
            ImmKind::Jump => self.edge(f, 0, " "),
            ImmKind::Branch => {
                self.edge(f, 0, ", ")?;
                self.edge(f, 1, ", ")
            }
            ImmKind::Switch => {
                self.edge(f, 0, ", ")?;
                f.write_str(", [")?;
                for index in 1..data.edge_count() {
                    self.edge(f, index, if index > 1 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            _ => Ok(()),
        }
    }

    fn edge(&self, f: &mut Formatter, index: usize, before: &str) -> fmt::Result {
        let edge = self.func.edges(self.inst)[index];
        write!(f, "{before}{}", edge.block)?;
        let args = self.func.edge_args(edge);
        if !args.is_empty() {
            f.write_char('(')?;
            write_list(f, args)?;
            f.write_char(')')?;
        }
        Ok(())
    }
}

fn write_list<T: Display>(f: &mut Formatter, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// A number that always shows its sign.
struct Signed(i64);

impl Display for Signed {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{:+}", self.0)
    }
}

/// A float constant: the shortest decimal that reads back, or the bits of a NaN.
struct FloatText<'a>(&'a InstData);

impl Display for FloatText<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let data = self.0;
        if data.float().is_nan() {
            return write!(f, "nan:{:#x}", data.imm as u64);
        }
        if data.ty == Type::F32 {
            write!(f, "{:?}", f32::from_bits(data.imm as u32))
        } else {
            write!(f, "{:?}", f64::from_bits(data.imm as u64))
        }
    }
}
