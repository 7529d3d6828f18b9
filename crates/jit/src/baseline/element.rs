//! Elements: dense arrays with an int32 key in line; typed arrays in line where the site has met them.

use super::Compiler;
use super::emit::Emit;
use super::facts::Fact;
use tercel_asm::x64::{Branch, Chain, Cond, Mem, Reg, Run, Scale, Size, Xmm, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::Kind;
use tercel_vm::feedback::element_bits;
use tercel_vm::layout::{elements, header, object};
use tercel_vm::typed::ElementType;

/// What an access does behind the function.
#[derive(Clone, Copy)]
pub(super) struct Behind {
    pub slot: Slot,
    /// What the site has seen, of [`element_bits`].
    pub seen: u8,
    /// The key is no int32.
    pub other_key: Chain,
    /// The cell is none that the code in line knows.
    pub other_kind: Chain,
    /// The array's elements are doubles (a load), no plain values (a store).
    pub other_elements: Chain,
    /// A loaded element is a hole.
    pub hole: Chain,
    /// A loaded double is NaN.
    pub nan: Chain,
    /// A loaded int32 is 2^31 or more.
    pub large: Chain,
    /// The value to be stored is no int32.
    pub no_int32: Chain,
    pub no_int32_done: u32,
    /// The barrier of a store.
    pub barrier: Chain,
    /// Anything else: the whole op.
    pub slow: Chain,
    /// Where the access goes on: with the element in rax.
    pub found: u32,
    /// Where the op ends.
    pub end: u32,
}

impl Behind {
    const NOTHING: Behind = Behind {
        slot: Slot(0),
        seen: 0,
        other_key: Chain::NONE,
        other_kind: Chain::NONE,
        other_elements: Chain::NONE,
        hole: Chain::NONE,
        nan: Chain::NONE,
        large: Chain::NONE,
        no_int32: Chain::NONE,
        no_int32_done: 0,
        barrier: Chain::NONE,
        slow: Chain::NONE,
        found: 0,
        end: 0,
    };

    /// Whether the site has seen one of the bits, or nothing at all.
    pub fn may_see(&self, bits: u8) -> bool {
        self.seen == 0 || self.seen & bits != 0
    }
}

impl<'a> Compiler<'a> {
    pub fn get_elem(&mut self) {
        let i: instr::GetElem = self.decode();
        let mut behind = self.cached_element(i.obj.0, i.key.0, i.slot, None);
        behind.end = behind.found;
        self.element_behind(Op::GetElem, None, behind);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
    }

    pub fn get_elem_update(&mut self) {
        let i: instr::GetElemUpdate = self.decode();
        let mut behind = self.cached_element(i.obj.0, i.key.0, i.slot, Some(Reg::RCX));
        self.store(i.new_key.0, Reg::RSI);
        behind.end = self.asm.emitted() as u32;
        self.element_behind(Op::GetElemUpdate, None, behind);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
        self.facts.forget(i.new_key.0);
    }

    pub fn get_method_elem(&mut self) {
        let i: instr::GetMethodElem = self.decode();
        let mut behind = self.cached_element(i.obj.0, i.key.0, i.slot, Some(Reg::RAX));
        self.store(i.block.0, Reg::RAX);
        self.store(i.block.0 + tercel_vm::frame::THIS as u16, Reg::RSI);
        behind.end = self.asm.emitted() as u32;
        self.element_behind(Op::GetMethodElem, None, behind);
        self.facts.forget_from(i.block.0);
    }

    /// The types of typed arrays that the site has met, as bits by [`ElementType`].
    fn typed_seen(&self, slot: Slot) -> u32 {
        let site = self.feedback(slot);
        if site.bits.get() & element_bits::TYPED != 0 { site.aux.get() } else { 0 }
    }

    /// rax = the element of VM register `obj` that `key` says; rsi = what `kept` (rax or rcx) held before, the object or the key.
    fn cached_element(&mut self, obj: u16, key: u16, slot: Slot, kept: Option<Reg>) -> Behind {
        let typed = self.typed_seen(slot);
        let mut behind = Behind { slot, seen: self.feedback(slot).bits.get(), ..Behind::NOTHING };
        let (obj_in_rax, key_in_rax) = (self.is_in_rax(obj), self.is_in_rax(key));
        let key_fact = self.facts.get(key);
        let first = self.asm.run(|run| {
            if key_in_rax {
                run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
            }
            run.load_or_keep(Reg::RAX, obj, obj_in_rax);
            if !key_in_rax {
                run.load(Reg::RCX, key);
            }
            if let Some(kept) = kept {
                run.rr(Size::S64, opcode::STORE, kept, Reg::RSI);
            }
            let first = run.check_cell(Reg::RAX, &mut behind.slow);
            if key_fact != Fact::Int32 {
                run.check_int32(Reg::RCX, &mut behind.other_key);
            }
            // The index, without the tag.
            run.rr(Size::S32, opcode::LOAD, Reg::RCX, Reg::RCX);
            if typed == 0 {
                dense_load(run, &mut behind);
            }
            first
        });
        if typed != 0 {
            self.typed_load(typed, first, &mut behind);
        }
        behind.found = self.asm.emitted() as u32;
        behind
    }

    /// rax = the boxed element ecx of the typed array in rax, of one of the types in `seen`.
    fn typed_load(&mut self, seen: u32, first: Branch, behind: &mut Behind) {
        let mut done = Chain::NONE;
        self.asm.run(|run| typed_in_bounds(run, Reg::RCX, true, behind));
        let types = types_in(seen);
        for (index, element) in types.clone().enumerate() {
            let is_last = index + 1 == types.clone().count();
            self.asm.run(|run| {
                run.mem_imm8(opcode::CMP, Reg::RAX, object::TYPED_ELEMENT, element as u8);
                let other = if is_last {
                    run.jcc_again(Cond::NE, first);
                    None
                } else {
                    Some(run.jcc_short(Cond::NE))
                };
                run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::TYPED_DATA);
                load_of_type(run, element, behind);
                if let Some(other) = other {
                    run.jmp(&mut done);
                    run.land(other);
                }
            });
        }
        self.asm.bind_chain(done);
        if types.count() == 0 {
            // Types of BigInts.
            self.asm.jmp_chain(&mut behind.slow);
        }
    }

    pub fn set_elem(&mut self) {
        let i: instr::SetElem = self.decode();
        let (obj, key, src) = (i.obj.0, i.key.0, i.src.0);
        let typed = self.typed_seen(i.slot);
        let mut behind = Behind { slot: i.slot, seen: self.feedback(i.slot).bits.get(), ..Behind::NOTHING };
        let (obj_in_rax, key_in_rax, src_in_rax) = (self.is_in_rax(obj), self.is_in_rax(key), self.is_in_rax(src));
        let (key_fact, src_fact) = (self.facts.get(key), self.facts.get(src));
        let first = self.asm.run(|run| {
            if key_in_rax {
                run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RSI);
            }
            if src_in_rax {
                run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
            }
            run.load_or_keep(Reg::RAX, obj, obj_in_rax);
            if !key_in_rax {
                run.load(Reg::RSI, key);
            }
            if !src_in_rax {
                run.load(Reg::RCX, src);
            }
            let first = run.check_cell(Reg::RAX, &mut behind.slow);
            if key_fact != Fact::Int32 {
                run.check_int32(Reg::RSI, &mut behind.other_key);
            }
            // The index, without the tag.
            run.rr(Size::S32, opcode::LOAD, Reg::RSI, Reg::RSI);
            if typed == 0 {
                // Numbers and booleans are no cells: they need no barrier.
                dense_store(run, src_fact == Fact::Unknown, &mut behind);
            }
            first
        });
        if typed != 0 {
            self.typed_store(typed, src_fact, first, &mut behind);
        }
        behind.found = self.asm.emitted() as u32;
        behind.end = behind.found;
        self.element_behind(Op::SetElem, Some(src), behind);
    }

    /// Stores rcx, a number, in element esi of the typed array in rax.
    fn typed_store(&mut self, seen: u32, fact: Fact, first: Branch, behind: &mut Behind) {
        let mut done = Chain::NONE;
        self.asm.run(|run| typed_in_bounds(run, Reg::RSI, false, behind));
        let types = types_in(seen);
        let count = types.clone().count();
        for (index, element) in types.enumerate() {
            let is_last = index + 1 == count;
            let mut other = Chain::NONE;
            self.asm.run(|run| {
                run.mem_imm8(opcode::CMP, Reg::RAX, object::TYPED_ELEMENT, element as u8);
                if is_last {
                    run.jcc_again(Cond::NE, first);
                } else {
                    run.jcc(Cond::NE, &mut other);
                }
                run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::TYPED_DATA);
            });
            self.store_of_type(element, fact, is_last, behind);
            if !is_last {
                self.asm.jmp_chain(&mut done);
                self.asm.bind_chain(other);
            }
        }
        self.asm.bind_chain(done);
        if count == 0 {
            self.asm.jmp_chain(&mut behind.slow);
        }
    }

    fn store_of_type(&mut self, element: ElementType, fact: Fact, is_last: bool, behind: &mut Behind) {
        match element {
            ElementType::Float64 | ElementType::Float32 => self.asm.run(|run| {
                double_of_number(run, fact, behind);
                if element == ElementType::Float64 {
                    run.indexed_0f(0xF2, 0x11, 0, Reg::RAX, Reg::RSI, Scale::X8);
                } else {
                    run.sse(0xF2, 0x5A, Xmm::XMM0, Xmm::XMM0);
                    run.indexed_0f(0xF3, 0x11, 0, Reg::RAX, Reg::RSI, Scale::X4);
                }
            }),
            ElementType::Uint8Clamped => {
                // Clamping doubles rounds to even: the helper's.
                self.asm.run(|run| run.check_int32(Reg::RCX, &mut behind.slow));
                self.asm.zero(Reg::RDX);
                self.asm.test(Size::S32, Reg::RCX, Reg::RCX);
                self.asm.cmov(Cond::S, Size::S32, Reg::RCX, Reg::RDX);
                self.asm.mov(Size::S32, Reg::RDX, 255);
                self.asm.cmp(Size::S32, Reg::RCX, 255);
                self.asm.cmov(Cond::G, Size::S32, Reg::RCX, Reg::RDX);
                self.asm.mov(Size::S8, Mem::index(Reg::RAX, Reg::RSI, Scale::X1, 0), Reg::RCX);
            }
            _ => self.asm.run(|run| {
                if fact != Fact::Int32 {
                    // Doubles are converted behind the function for one type; for another, the whole op is the helper's.
                    if is_last {
                        run.check_int32(Reg::RCX, &mut behind.no_int32);
                        behind.no_int32_done = run.here();
                    } else {
                        run.check_int32(Reg::RCX, &mut behind.slow);
                    }
                }
                match element {
                    ElementType::Int8 | ElementType::Uint8 => run.store8(Reg::RCX, Reg::RAX, Reg::RSI),
                    ElementType::Int16 | ElementType::Uint16 => run.store16(Reg::RCX, Reg::RAX, Reg::RSI),
                    _ => run.indexed(Size::S32, opcode::STORE, Reg::RCX, Reg::RAX, Reg::RSI, Scale::X4, 0),
                }
            }),
        }
    }
}

/// rax = element ecx of the array in rax.
#[inline(always)]
fn dense_load(run: &mut Run<'_>, behind: &mut Behind) {
    run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::Array as u8);
    run.jcc(Cond::NE, &mut behind.other_kind);
    run.mem(Size::S64, opcode::LOAD, Reg::RDX, Reg::RAX, object::ELEMENTS);
    run.mem(Size::S32, opcode::CMP_REG_RM, Reg::RCX, Reg::RDX, elements::LENGTH);
    // The routine for other kinds knows what is outside.
    run.jcc(Cond::AE, &mut behind.other_kind);
    run.indexed(Size::S64, opcode::LOAD, Reg::RAX, Reg::RDX, Reg::RCX, Scale::X8, elements::DATA);
    run.mem_imm8(opcode::CMP, Reg::RDX, header::KIND, Kind::ElementsDouble as u8);
    run.jcc(Cond::E, &mut behind.other_elements);
    run.rr(Size::S64, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
    run.jcc(Cond::E, &mut behind.hole);
}

/// Stores rcx in element esi of the array in rax.
#[inline(always)]
fn dense_store(run: &mut Run<'_>, barriers: bool, behind: &mut Behind) {
    run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::Array as u8);
    run.jcc(Cond::NE, &mut behind.other_kind);
    run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::ELEMENTS);
    run.mem(Size::S32, opcode::CMP_REG_RM, Reg::RSI, Reg::RAX, elements::LENGTH);
    run.jcc(Cond::AE, &mut behind.slow);
    run.indexed(Size::S64, opcode::LEA, Reg::RDX, Reg::RAX, Reg::RSI, Scale::X8, elements::DATA);
    run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::ElementsValue as u8);
    run.jcc(Cond::NE, &mut behind.other_elements);
    // A hole may be shadowed by a setter of a prototype.
    run.mem_imm(Size::S64, opcode::CMP, Reg::RDX, 0, 0);
    run.jcc(Cond::E, &mut behind.slow);
    run.mem(Size::S64, opcode::STORE, Reg::RCX, Reg::RDX, 0);
    if barriers {
        run.barrier(Reg::RAX, &mut behind.barrier);
    }
}

/// Leaves unless rax is a typed array and `index` lies in it.
#[inline(always)]
fn typed_in_bounds(run: &mut Run<'_>, index: Reg, reads: bool, behind: &mut Behind) {
    run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::TypedArray as u8);
    run.jcc(Cond::NE, &mut behind.other_kind);
    run.mem(Size::S64, opcode::CMP_REG_RM, index, Reg::RAX, object::TYPED_LENGTH);
    // The routine for other kinds knows what is outside.
    run.jcc(Cond::AE, if reads { &mut behind.other_kind } else { &mut behind.slow });
}

/// rax = the boxed element ecx of the data at rax.
#[inline(always)]
fn load_of_type(run: &mut Run<'_>, element: ElementType, behind: &mut Behind) {
    let (prefix, opcode, scale) = match element {
        ElementType::Int8 => (0, 0xBE, Scale::X1),
        ElementType::Uint8 | ElementType::Uint8Clamped => (0, 0xB6, Scale::X1),
        ElementType::Int16 => (0, 0xBF, Scale::X2),
        ElementType::Uint16 => (0, 0xB7, Scale::X2),
        ElementType::Float32 => (0xF3, 0x10, Scale::X4),
        ElementType::Float64 => (0xF2, 0x10, Scale::X8),
        _ => (0, 0, Scale::X4),
    };
    if opcode == 0 {
        run.indexed(Size::S32, opcode::LOAD, Reg::RAX, Reg::RAX, Reg::RCX, scale, 0);
    } else {
        run.indexed_0f(prefix, opcode, 0, Reg::RAX, Reg::RCX, scale);
    }
    if prefix == 0 {
        if element == ElementType::Uint32 {
            run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
            run.jcc(Cond::S, &mut behind.large);
        }
        return run.box_int32(Reg::RAX);
    }
    if element == ElementType::Float32 {
        run.sse(0xF3, 0x5A, Xmm::XMM0, Xmm::XMM0);
    }
    run.sse(0x66, super::number::UCOMISD, Xmm::XMM0, Xmm::XMM0);
    run.jcc(Cond::P, &mut behind.nan);
    run.movq_to(Reg::RAX, Xmm::XMM0);
    run.rr(Size::S64, opcode::SUB_REG_RM, Reg::RAX, super::TAG);
}

/// xmm0 = the double of the number in rcx, which is clobbered.
#[inline(always)]
fn double_of_number(run: &mut Run<'_>, fact: Fact, behind: &mut Behind) {
    if fact == Fact::Int32 {
        return run.double_of_int32(Xmm::XMM0, Reg::RCX);
    }
    let mut done = None;
    if fact != Fact::Double {
        run.rr(Size::S64, opcode::CMP_REG_RM, Reg::RCX, super::TAG);
        let no_int32 = run.jcc_short(Cond::B);
        run.double_of_int32(Xmm::XMM0, Reg::RCX);
        done = Some(run.jmp_short());
        run.land(no_int32);
        run.rr(Size::S64, opcode::TEST_REG_RM, super::TAG, Reg::RCX);
        run.jcc(Cond::E, &mut behind.slow);
    }
    run.unbox_double(Reg::RCX);
    run.movq_from(Xmm::XMM0, Reg::RCX);
    if let Some(done) = done {
        run.land(done);
    }
}

/// The types in a set that machine code handles, at most two.
fn types_in(seen: u32) -> impl Iterator<Item = ElementType> + Clone {
    const TYPES: [ElementType; 9] = [
        ElementType::Int8,
        ElementType::Uint8,
        ElementType::Uint8Clamped,
        ElementType::Int16,
        ElementType::Uint16,
        ElementType::Int32,
        ElementType::Uint32,
        ElementType::Float32,
        ElementType::Float64,
    ];
    TYPES.into_iter().filter(move |&t| seen & (1 << t as u32) != 0).take(2)
}
