//! What the independent decoder (and encoder) makes of an instruction.

use std::collections::HashMap;

use iced_x86::{
    Code, Decoder, DecoderOptions, Encoder, EncodingKind, Instruction, Mnemonic, OpCodeOperandKind, OpKind, Register,
};
use tercel_asm::x64::Mem;

use crate::generate::{Expected, Want};

pub struct Checker {
    codes: HashMap<Mnemonic, Vec<Code>>,
}

fn name(mnemonic: Mnemonic) -> String {
    format!("{mnemonic:?}").to_lowercase()
}

fn decode(bytes: &[u8]) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    let decoded = decoder.decode();
    (!decoded.is_invalid()).then_some(decoded)
}

fn general(register: Register) -> Option<u8> {
    register.is_gpr().then(|| register.full_register().number() as u8)
}

fn memory_matches(decoded: &Instruction, mem: &Mem, len: usize) -> bool {
    let base = decoded.memory_base();
    let displacement = decoded.memory_displacement64();
    if mem.is_rip() {
        let target = (len as i64 + i64::from(mem.disp())) as u64;
        return base == Register::RIP && displacement == target && decoded.memory_index() == Register::None;
    }
    let index = decoded.memory_index();
    let index_matches = match mem.vector_index_reg() {
        Some(xmm) => index.is_vector_register() && index.number() == usize::from(xmm.index()),
        None => general(index) == mem.index_reg().map(|reg| reg.index()),
    };
    let scale_matches = index == Register::None || decoded.memory_index_scale() == 1 << mem.scale() as u32;
    general(base) == mem.base_reg().map(|reg| reg.index())
        && index_matches
        && scale_matches
        && displacement == i64::from(mem.disp()) as u64
}

fn operand_matches(decoded: &Instruction, index: u32, want: &Want, len: usize) -> bool {
    let kind = decoded.op_kind(index);
    let register = if kind == OpKind::Register { decoded.op_register(index) } else { Register::None };
    match want {
        Want::Gpr(reg, size) => {
            general(register) == Some(reg.index())
                && size.is_none_or(|size| register.size() == size as usize)
                && !matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
        }
        Want::Vec(xmm) => register.is_vector_register() && register.number() == usize::from(xmm.index()),
        Want::Mask(mask) => register.is_k() && register.number() == usize::from(mask.index()),
        Want::Mem(mem, size) => {
            let size_matches = size.is_none_or(|size| decoded.memory_size().size() == size as usize);
            kind == OpKind::Memory && size_matches && memory_matches(decoded, mem, len)
        }
        Want::Target(target) => kind == OpKind::NearBranch64 && decoded.near_branch64() == *target,
        Want::Imm(value, bits) => {
            let shift = 64 - bits;
            is_immediate(kind) && (decoded.immediate(index) << shift) == ((*value as u64) << shift)
        }
    }
}

fn is_immediate(kind: OpKind) -> bool {
    use OpKind::*;
    matches!(
        kind,
        Immediate8
            | Immediate16
            | Immediate32
            | Immediate64
            | Immediate8to16
            | Immediate8to32
            | Immediate8to64
            | Immediate32to64
    )
}

/// The vector length that shows: the widest among registers, indices and memory (before a broadcast), in bytes.
fn vector_len(decoded: &Instruction) -> usize {
    let operands = (0..decoded.op_count()).filter(|&index| decoded.op_kind(index) == OpKind::Register);
    let registers = operands.map(|index| decoded.op_register(index)).chain([decoded.memory_index()]);
    let register = registers.filter(|register| register.is_vector_register()).map(|register| register.size()).max();
    let memory = format!("{:?}", decoded.memory_size());
    let memory = match memory.strip_prefix("Broadcast").and_then(|rest| rest.split('_').next()) {
        Some(bits) => bits.parse::<usize>().unwrap_or(0) / 8,
        None => decoded.memory_size().size(),
    };
    register.unwrap_or(0).max(memory)
}

fn matches(decoded: &Instruction, expected: &Expected, len: usize) -> Result<(), String> {
    if name(decoded.mnemonic()) != expected.mnemonic {
        return Err("another mnemonic".into());
    }
    let Some(operands) = &expected.operands else { return Ok(()) };
    if decoded.op_count() as usize != operands.len() {
        return Err(format!("{} operands", decoded.op_count()));
    }
    let all = |order: &[usize]| {
        order.iter().enumerate().all(|(index, &want)| operand_matches(decoded, index as u32, &operands[want], len))
    };
    let order: Vec<usize> = (0..operands.len()).collect();
    if !(all(&order) || expected.commutes && all(&[1, 0])) {
        return Err("other operands".into());
    }
    if let Some(vector) = expected.len
        && vector_len(decoded) != vector.bytes() as usize
    {
        return Err(format!("vectors of {} bytes", vector_len(decoded)));
    }
    let mask = decoded.op_mask();
    let mask = if mask == Register::None { 0 } else { mask.number() };
    let same = mask == usize::from(expected.mask.index())
        && decoded.zeroing_masking() == expected.zero
        && decoded.is_broadcast() == expected.broadcast
        && decoded.has_lock_prefix() == expected.locked;
    if same { Ok(()) } else { Err("another mask, broadcast or lock".into()) }
}

/// The kind of an immediate operand of an opcode.
fn immediate_kind(kind: OpCodeOperandKind) -> Option<OpKind> {
    use OpCodeOperandKind as K;
    Some(match kind {
        K::imm8 | K::imm8_const_1 => OpKind::Immediate8,
        K::imm8sex16 => OpKind::Immediate8to16,
        K::imm8sex32 => OpKind::Immediate8to32,
        K::imm8sex64 => OpKind::Immediate8to64,
        K::imm16 => OpKind::Immediate16,
        K::imm32 => OpKind::Immediate32,
        K::imm32sex64 => OpKind::Immediate32to64,
        K::imm64 => OpKind::Immediate64,
        _ => return None,
    })
}

fn encoded(instruction: &Instruction) -> Option<Vec<u8>> {
    let mut instruction = *instruction;
    if instruction.memory_base() != Register::RIP && instruction.memory_base() != Register::None {
        // Let the encoder choose the displacement's size: 1 stands for "the shortest that fits".
        instruction.set_memory_displ_size(u32::from(instruction.memory_displacement64() != 0));
    }
    let mut encoder = Encoder::new(64);
    encoder.encode(&instruction, 0).ok()?;
    Some(encoder.take_buffer())
}

impl Checker {
    pub fn new() -> Self {
        let mut codes: HashMap<Mnemonic, Vec<Code>> = HashMap::new();
        for code in Code::values() {
            codes.entry(code.mnemonic()).or_default().push(code);
        }
        Checker { codes }
    }

    /// Checks one instruction; returns the name of its encoding.
    pub fn check(&self, bytes: &[u8], expected: &Expected) -> Result<String, String> {
        let len = bytes.len() - expected.trailing;
        let decoded = decode(bytes).ok_or_else(|| format!("invalid: {bytes:02x?}"))?;
        let show = |what: &str| format!("{what}: {bytes:02x?} is `{decoded}` ({:?})", decoded.code());
        if decoded.len() != len {
            return Err(show("length"));
        }
        matches(&decoded, expected, len).map_err(|error| show(&error))?;
        let again = encoded(&decoded).ok_or_else(|| show("cannot be encoded again"))?;
        if again.len() < len {
            return Err(show(&format!("could be {again:02x?}")));
        }
        if let Some(shorter) = self.shorter(&decoded, expected, len) {
            return Err(show(&format!("could be {shorter:02x?}")));
        }
        let kinds: Vec<String> = (0..decoded.op_count()).map(|i| format!("{:?}", decoded.op_kind(i))).collect();
        let zero = if expected.zero { " {z}" } else { "" };
        let mask = if expected.mask.index() > 0 { " {k}" } else { "" };
        Ok(format!("{:?} {}{mask}{zero} {}", decoded.code(), kinds.join(","), expected.broadcast))
    }

    /// A shorter encoding with another opcode of the same mnemonic, prefix kind and meaning.
    fn shorter(&self, decoded: &Instruction, expected: &Expected, len: usize) -> Option<Vec<u8>> {
        let kind = |code: Code| code.op_code().encoding();
        if expected.operands.is_none() || expected.trailing > 0 || matches!(kind(decoded.code()), EncodingKind::D3NOW) {
            return None;
        }
        for &code in &self.codes[&decoded.mnemonic()] {
            let op_code = code.op_code();
            if code == decoded.code() || kind(code) != kind(decoded.code()) || !op_code.mode64() {
                continue;
            }
            if op_code.op_count() != decoded.op_count() {
                continue;
            }
            let mut other = *decoded;
            other.set_code(code);
            for index in 0..decoded.op_count() {
                if is_immediate(decoded.op_kind(index))
                    && let Some(kind) = immediate_kind(op_code.op_kind(index))
                {
                    let value = decoded.immediate(index);
                    other.set_op_kind(index, kind);
                    other.set_immediate_u64(index, value);
                }
            }
            let Some(bytes) = encoded(&other) else { continue };
            let same = decode(&bytes).is_some_and(|other| {
                other.len() == bytes.len()
                    && other.stack_pointer_increment() == decoded.stack_pointer_increment()
                    && matches(&other, expected, bytes.len()).is_ok()
            });
            if same && bytes.len() < len {
                return Some(bytes);
            }
        }
        None
    }
}
