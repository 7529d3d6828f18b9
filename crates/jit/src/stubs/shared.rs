//! Routines that slow paths of many ops share. Functions call them out of line, for operands that their code in line does not serve.
//!
//! | routine | in | out | clobbers |
//! |---|---|---|---|
//! | `POLL` | edx: the instruction's offset | | what a call may |
//! | `TRUTHY` | rax: a value | "not equal": it is true | what a call may |
//! | `BARRIER` | rax: a cell; rdx: the address in it where rcx was stored | | what a call may |
//! | `CALLEE` | rax: a value that is not the function which the call site in rsi knows | rax: as before, a function; rdx: its code | the rest of what a call may |
//! | `GLOBAL` | rsi: the site | rax: a cell; rdx: the global's address in it | rcx |
//! | `LATE_GLOBAL` | as `GLOBAL`, from a site that knew nothing when the code was made | likewise | what a call may |
//! | `LENGTH` | rax: a cell, no array; ecx: its kind; rdx: the site; esi: as for a stub | rax: its length | what a call may |
//! | `TO_INT32_RAX`, `TO_INT32_RCX` | the register: a value that is no int32 | the register: its ToInt32, in the lower half | rdx, xmm0 |
//! | `NUMBERS`, `NUMBERS_LEFT`, `NUMBERS_RIGHT` | rax, rcx: words of operands, unboxed as if they were doubles | those that were int32 are doubles; fails if there are none, or one is no number | rdx, xmm0, xmm1 |
//! | `BOX_UINT32` | eax: 2^31 or more | rax: the number | xmm0 |
//! | `DENSE_DOUBLE` | rax: a word of an array of doubles | rax: the number | rdx |
//! | `ELEMENT_GET` | rax: a cell; ecx: the index | rax: the element | what a call may, but for rsi |
//! | `ELEMENT_SET` | rax: a cell; esi: the index; rcx: the value | | what a call may |
//! | `LATE_ELEMENT_GET`, `LATE_ELEMENT_SET` | the same; r8: a site that knew no typed array when the code was made | the same; the site learns of a typed array | |
//! | `OUTSIDE` | ecx: an index that is not below the length of the elements in rdx | rax: undefined | |
//! | `HOLE_READ` | an element that is a hole | rax: undefined | |
//! | `HAS_ELEMENT` | rax: a cell; ecx: an int32 | rax: whether it has the element | what a call may |
//! | `NEW_THIS`, `CLONE_SCOPE` | rsi: a base constructor; a scope | rax: the cell; 0: the helper is to do it | see `allocate` |
//! | `CALL_GETTER` | rax: a getter or undefined; rcx: the receiver; esi: where the caller goes on | rax: the value; empty: the helper is to do it | what a call may |
//! | `CALL_SETTER` | likewise; rdx: the value | rax: empty: the helper is to do it | what a call may |
//! | `FILL_ARGUMENTS` | ecx: the number of parameters | arguments of the frame that are missing are undefined | rax |
//! | `ENTER_FILLED` | rbx: a frame that is filled in, at its first instruction | r13: the sites of its code; it has come to a safepoint | what a call may |
//! | `FILL_FRAME` | a new frame that has no room yet, or is to come to a safepoint | it is filled in; throws in the caller if there is none | what a call may |
//! | `CONSTRUCTED` | rax: what a function called with `new` returns | rax: the result of `new` | |
//! | `DENSE_SET` | rax: elements that are no plain values; rdx: the address of one; rcx: the value | | rdi, xmm0 |
//!
//! `ITER_STEP`, `YIELD`, `YIELD_DELEGATE` are in [`generator`](super::generator).
//!
//! Where a routine can fail, "equal" says that it did; then the op's helper does all of the op.

use crate::baseline::{CX, FRAME, SITES, TAG, allocate, check_cell};
use crate::ic::routines;
use crate::stubs::{Routine, address_of_instruction, call_leaf, called_often, count_late, leave_word, running_code};
use crate::symbols::{self, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size, Xmm};
use tercel_bytecode::Op;
use tercel_vm::code::{CodeBlock, code_flag};
use tercel_vm::context::Context;
use tercel_vm::elements::{HOLE, HOLEY};
use tercel_vm::feedback::{Form, Loc, SiteState, element_bits};
use tercel_vm::interp::globals::{binding, cached};
use tercel_vm::layout::{context, elements, header, object, site, string};
use tercel_vm::{Kind, Value, frame, machine};

macro_rules! shared {
    ($($name:ident => $emit:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Order { $($name),* }
        $(pub const $name: Symbol = Symbol(super::SHARED + Order::$name as u32);)*
        pub const TABLE: &[Routine] = &[$((stringify!($name), $name, $emit)),*];
    };
}

shared! {
    BARRIER => |asm, _| barrier(asm);
    DENSE_DOUBLE => |asm, _| dense_double(asm);
    DENSE_SET => |asm, _| dense_set(asm);
    NEW_THIS => allocate::new_this_routine;
    CLONE_SCOPE => |asm, _| allocate::clone_scope_routine(asm);
    CALL_GETTER => |asm, _| call_accessor(asm, 0);
    CALL_SETTER => |asm, _| call_accessor(asm, 1);
    FILL_ARGUMENTS => |asm, _| fill_arguments(asm);
    FILL_FRAME => |asm, _| fill_frame(asm);
    ENTER_FILLED => |asm, _| enter_filled(asm);
    CONSTRUCTED => |asm, _| constructed(asm);
    POLL => |asm, _| poll(asm);
    TRUTHY => |asm, _| truthy(asm);
    CALLEE => |asm, _| callee(asm);
    GLOBAL => |asm, _| global(asm);
    LATE_GLOBAL => |asm, _| late_global(asm);
    LENGTH => length;
    TO_INT32_RAX => |asm, _| to_int32(asm, Reg::RAX);
    TO_INT32_RCX => |asm, _| to_int32(asm, Reg::RCX);
    NUMBERS => |asm, _| numbers(asm, true, true);
    NUMBERS_LEFT => |asm, _| numbers(asm, true, false);
    NUMBERS_RIGHT => |asm, _| numbers(asm, false, true);
    BOX_UINT32 => |asm, _| box_uint32(asm);
    ELEMENT_GET => |asm, _| element_get(asm);
    OUTSIDE => |asm, _| outside(asm);
    HOLE_READ => |asm, _| hole_read(asm);
    HAS_ELEMENT => |asm, _| has_element(asm);
    ELEMENT_SET => |asm, _| element_set(asm);
    LATE_ELEMENT_GET => |asm, _| late_element(asm, ELEMENT_GET);
    LATE_ELEMENT_SET => |asm, _| late_element(asm, ELEMENT_SET);
    ITER_STEP => |asm, _| super::generator::iter_step(asm);
    YIELD => |asm, cx| super::generator::yield_value(asm, cx, Op::Yield);
    YIELD_DELEGATE => |asm, cx| super::generator::yield_value(asm, cx, Op::YieldDelegate);
}

/// What a routine is called.
pub fn name(symbol: Symbol) -> &'static str {
    TABLE.iter().find(|row| row.1 == symbol).map_or("?", |row| row.0)
}

/// Sets the flags to "equal" and returns: the routine has failed.
fn fail(asm: &mut Assembler, at: Label) {
    asm.bind(at);
    asm.cmp(Size::S32, Reg::RSP, Reg::RSP);
    asm.ret();
}

/// Sets the flags to "not equal" and returns.
fn succeed(asm: &mut Assembler) {
    asm.test(Size::S64, Reg::RSP, Reg::RSP);
    asm.ret();
}

fn poll(asm: &mut Assembler) {
    let threw = asm.new_label();
    address_of_instruction(asm);
    asm.sub(Size::S64, Reg::RSP, 8);
    super::call_helper(asm, symbols::POLL);
    asm.test(Size::S32, Reg::RAX, Reg::RAX);
    asm.jne(threw);
    asm.add(Size::S64, Reg::RSP, 8);
    asm.ret();
    asm.bind(threw);
    leave_word(asm);
}

/// Calls a getter or setter (with one argument, in rdx): its frame lies on top of the caller's, in rbx. That of a native is made by a helper.
///
/// The result of a function of JavaScript comes back in rax, so the register that the call word names is of no account; it is one that nobody reads, as for the helper's calls.
fn call_accessor(asm: &mut Assembler, argc: usize) {
    const BASE: Reg = Reg::R8;
    let [no_function, native, none, threw, extra, sized] = std::array::from_fn(|_| asm.new_label());
    let at = |i: usize| Mem::base(BASE, i as i32 * 8);
    check_cell(asm, Reg::RAX, no_function);
    running_code(asm, Reg::RDI);
    asm.movzx(Size::S32, Size::S16, Reg::R9, Mem::base(Reg::RDI, CodeBlock::NUM_REGISTERS_OFFSET as i32));
    asm.test(Size::S32, Mem::base(Reg::RDI, CodeBlock::FLAGS_OFFSET as i32), code_flag::EXTRA_ARGS as i32);
    asm.jne(extra);
    asm.bind(sized);
    asm.lea(Size::S64, BASE, Mem::index(FRAME, Reg::R9, Scale::X8, 0));
    // Behind the limit there is room for a small frame.
    const { assert!(frame::HEADER < frame::SMALL_FRAME) };
    asm.cmp(Size::S64, BASE, Mem::base(CX, context::MACHINE_LIMIT));
    asm.ja(none);
    asm.mov(Size::S64, at(frame::CALLEE), Reg::RAX);
    asm.mov(Size::S64, at(frame::THIS), Reg::RCX);
    if argc == 1 {
        asm.mov(Size::S64, at(frame::FIRST_ARG), Reg::RDX);
    }
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Function as i32);
    asm.jne(native);
    asm.mov(Size::S64, Reg::RCX, Mem::base(Reg::RAX, object::FUNCTION_ENV));
    asm.mov(Size::S64, at(frame::ENV), Reg::RCX);
    asm.mov(Size::S64, at(frame::NEW_TARGET), Value::UNDEFINED.bits() as i32);
    asm.mov(Size::S64, Reg::RCX, Reg::R9);
    asm.shl(Size::S64, Reg::RCX, 28);
    asm.or(Size::S64, Reg::RCX, Reg::RSI);
    asm.or(Size::S64, Reg::RCX, TAG);
    asm.mov(Size::S64, at(frame::LINK), Reg::RCX);
    asm.shl(Size::S64, Reg::R9, 24);
    asm.mov_imm64(Reg::RCX, frame::call_word(argc, 0, frame::flag::MACHINE).bits() as i64);
    asm.or(Size::S64, Reg::RCX, Reg::R9);
    asm.mov(Size::S64, at(frame::CALL_WORD), Reg::RCX);
    asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
    asm.mov(Size::S64, FRAME, BASE);
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.call(Mem::base(Reg::RDX, CodeBlock::ENTRY_OFFSET as i32));
    asm.add(Size::S64, Reg::RSP, 8);
    super::return_to_caller(asm);
    asm.ret();

    asm.bind(native);
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.mov(Size::S64, Reg::RDX, BASE);
    asm.mov(Size::S32, Reg::RCX, Reg::RSI);
    asm.mov(Size::S64, Reg::RSI, FRAME);
    asm.mov(Size::S32, Reg::R8, argc as i32);
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.mov(Size::S64, Mem::base(CX, context::EXIT_SP), Reg::RSP);
    asm.call_near(symbols::CALL_NATIVE_ACCESSOR.target());
    asm.add(Size::S64, Reg::RSP, 8);
    const { assert!(machine::status::RETURNED == 0) };
    asm.test(Size::S32, Reg::RDX, Reg::RDX);
    asm.jne(threw);
    asm.ret();
    asm.bind(threw);
    leave_word(asm);

    asm.bind(no_function);
    if argc == 0 {
        // No getter: undefined. No setter: perhaps an error.
        asm.cmp(Size::S64, Reg::RAX, Value::UNDEFINED.bits() as i32);
        asm.jne(none);
        asm.ret();
    }
    asm.bind(none);
    asm.zero(Reg::RAX);
    asm.ret();

    // The caller keeps the arguments behind its parameters, above its registers (`Frame::size`): r9 = the size of its frame.
    asm.bind(extra);
    asm.mov(Size::S32, Reg::R8, Mem::base(FRAME, frame::CALL_WORD as i32 * 8));
    asm.and(Size::S32, Reg::R8, 0xff_ffff);
    asm.movzx(Size::S32, Size::S16, Reg::RDI, Mem::base(Reg::RDI, CodeBlock::NUM_PARAMS_OFFSET as i32));
    asm.sub(Size::S32, Reg::R8, Reg::RDI);
    asm.jle(sized);
    asm.add(Size::S32, Reg::R9, Reg::R8);
    // The register of the call word has 16 bits, and must be none of the arguments.
    asm.cmp(Size::S32, Reg::R9, i32::from(u16::MAX));
    asm.jbe(sized);
    asm.jmp_to(none);
}

fn fill_arguments(asm: &mut Assembler) {
    asm.movzx(Size::S32, Size::S16, Reg::RAX, Mem::base(FRAME, frame::CALL_WORD as i32 * 8));
    let (next, test) = (asm.new_label(), asm.new_label());
    asm.jmp_to(test);
    asm.bind(next);
    let at = Mem::index(FRAME, Reg::RAX, Scale::X8, frame::HEADER as i32 * 8);
    asm.mov(Size::S64, at, Value::UNDEFINED.bits() as i32);
    asm.inc(Size::S32, Reg::RAX);
    asm.bind(test);
    asm.cmp(Size::S32, Reg::RAX, Reg::RCX);
    asm.jb(next);
    asm.ret();
}

fn enter_filled(asm: &mut Assembler) {
    let wanted = asm.new_label();
    running_code(asm, Reg::RAX);
    asm.mov(Size::S64, SITES, Mem::base(Reg::RAX, CodeBlock::SITES_OFFSET as i32));
    asm.mov(Size::S64, Reg::RAX, Mem::base(CX, context::INTERRUPT_WORD));
    asm.cmp(Size::S32, Mem::base(Reg::RAX, 0), 0);
    asm.jne(wanted);
    asm.ret();
    asm.bind(wanted);
    // Of the first instruction.
    asm.zero(Reg::RDX);
    asm.jmp_near(POLL.target());
}

fn fill_frame(asm: &mut Assembler) {
    let (threw, in_callee) = (asm.new_label(), asm.new_label());
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.mov(Size::S64, Reg::RSI, FRAME);
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.mov(Size::S64, Mem::base(CX, context::EXIT_SP), Reg::RSP);
    asm.call_near(symbols::FILL_FRAME.target());
    asm.add(Size::S64, Reg::RSP, 8);
    asm.cmp(Size::S32, Reg::RAX, 1);
    asm.je(threw);
    asm.ja(in_callee);
    asm.ret();
    asm.bind(in_callee);
    leave_word(asm);
    // The frame never came to be: the caller throws. Its native frame and this routine's return address go.
    asm.bind(threw);
    asm.add(Size::S64, Reg::RSP, 8);
    asm.pop(Reg::RBP);
    asm.add(Size::S64, Reg::RSP, 8);
    asm.jmp_near(symbols::THROW.target());
}

/// A result that is no object is replaced by `this`.
fn constructed(asm: &mut Assembler) {
    let this_instead = asm.new_label();
    check_cell(asm, Reg::RAX, this_instead);
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Object as i32);
    asm.jb(this_instead);
    asm.ret();
    asm.bind(this_instead);
    asm.mov(Size::S64, Reg::RAX, Mem::base(FRAME, frame::THIS as i32 * 8));
    asm.ret();
}

fn truthy(asm: &mut Assembler) {
    let [not_int32, general, ret] = std::array::from_fn(|_| asm.new_label());
    // undefined and null: they differ in one bit.
    asm.mov(Size::S64, Reg::RCX, Reg::RAX);
    asm.and(Size::S64, Reg::RCX, !8);
    asm.cmp(Size::S64, Reg::RCX, Value::NULL.bits() as i32);
    asm.je(ret);
    asm.cmp(Size::S64, Reg::RAX, TAG);
    asm.jb(not_int32);
    asm.test(Size::S32, Reg::RAX, Reg::RAX);
    asm.bind(ret);
    asm.ret();
    asm.bind(not_int32);
    check_cell(asm, Reg::RAX, general);
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Object as i32);
    asm.jb(general);
    succeed(asm);
    asm.bind(general);
    asm.mov(Size::S64, Reg::RDI, Reg::RAX);
    call_leaf(asm, symbols::TO_BOOLEAN);
    asm.test(Size::S32, Reg::RAX, Reg::RAX);
    asm.ret();
}

fn barrier(asm: &mut Assembler) {
    let none = asm.new_label();
    // Numbers and the other immediates need none; the helper passes over empty.
    check_cell(asm, Reg::RCX, none);
    asm.mov(Size::S64, Reg::RSI, Reg::RAX);
    asm.mov(Size::S64, Reg::RDI, CX);
    // rdx and rcx are the third and fourth arguments already.
    call_leaf(asm, symbols::WRITE_BARRIER);
    asm.bind(none);
    asm.ret();
}

/// A call site meets a value that is not the function that it knows.
fn callee(asm: &mut Assembler) {
    let [record, known, renew, ok, none] = std::array::from_fn(|_| asm.new_label());
    check_cell(asm, Reg::RAX, none);
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Function as i32);
    asm.jne(none);
    asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
    asm.cmp(Size::S64, Reg::RDX, Mem::base(Reg::RSI, site::CELL));
    asm.jne(record);
    // The same code: another closure of it, or the site's function has been forgotten.
    asm.cmp(Size::S64, Mem::base(Reg::RSI, site::STUBS), 0);
    asm.jne(known);
    asm.bind(record);
    asm.cmp(Size::S8, Mem::base(Reg::RSI, site::STATE), SiteState::Megamorphic as i32);
    asm.je(known);
    note_function(asm, symbols::RECORD_TARGET);
    asm.jmp_to(ok);
    // Closures are made again and again, and the library's loops call one function after the other: one that is met again and again becomes the one that the
    // site knows. One in sixteen tries that; functions that take turns pay for no more.
    asm.bind(known);
    asm.add(Size::S8, Mem::base(Reg::RSI, site::BITS), 16);
    asm.je(renew);
    asm.bind(ok);
    succeed(asm);
    asm.bind(renew);
    note_function(asm, symbols::RENEW_FUNCTION);
    asm.jmp_to(ok);
    fail(asm, none);
}

/// Calls a function of the running code, the site in rsi, and the function in rax that the site calls. rax and rdx are kept.
fn note_function(asm: &mut Assembler, symbol: Symbol) {
    asm.push(Reg::RAX);
    asm.push(Reg::RDX);
    asm.mov(Size::S64, Reg::RCX, Reg::RAX);
    asm.mov(Size::S64, Reg::RDX, Reg::RSI);
    running_code(asm, Reg::RSI);
    asm.mov(Size::S64, Reg::RDI, CX);
    call_leaf(asm, symbol);
    asm.pop(Reg::RDX);
    asm.pop(Reg::RAX);
}

fn global(asm: &mut Assembler) {
    const SITE: Reg = Reg::RSI;
    let [property, inline, none] = std::array::from_fn(|_| asm.new_label());
    asm.mov(Size::S64, Reg::RAX, Mem::base(SITE, site::CELL));
    asm.cmp(Size::S8, Mem::base(SITE, site::BITS), i32::from(cached::PROPERTY));
    asm.je(property);
    asm.cmp(Size::S8, Mem::base(SITE, site::BITS), i32::from(cached::BINDING));
    asm.jne(none);
    asm.lea(Size::S64, Reg::RDX, Mem::base(Reg::RAX, header::SIZE + binding::VALUE as i32 * 8));
    // Equal: in its dead zone.
    asm.cmp(Size::S64, Mem::base(Reg::RDX, 0), 0);
    asm.ret();

    asm.bind(property);
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
    asm.cmp(Size::S32, Reg::RCX, Mem::base(SITE, site::GUARD));
    asm.jne(none);
    asm.mov(Size::S32, Reg::RCX, Mem::base(SITE, site::AUX));
    asm.cmp(Size::S32, Reg::RCX, Mem::base(CX, context::PROTO_EPOCH));
    asm.jne(none);
    asm.mov(Size::S32, Reg::RDX, Mem::base(SITE, site::LOC));
    asm.cmp(Size::S32, Reg::RDX, Loc::OWN_INLINE_END as i32);
    asm.jb(inline);
    asm.and(Size::S32, Reg::RDX, 0xff_ffff);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
    asm.bind(inline);
    asm.add(Size::S64, Reg::RDX, Reg::RAX);
    succeed(asm);
    fail(asm, none);
}

/// Counts towards making the code anew and goes on with a routine. `kept`: its arguments, as for [`called_often`]. Clobbers rdi.
fn count_and_go(asm: &mut Assembler, kept: &[Reg], routine: Symbol) {
    let often = asm.new_label();
    running_code(asm, Reg::RDI);
    count_late(asm, Reg::RDI, often);
    asm.jmp_near(routine.target());
    asm.bind(often);
    called_often(asm, kept);
    asm.jmp_near(routine.target());
}

fn late_global(asm: &mut Assembler) {
    count_and_go(asm, &[Reg::RSI], GLOBAL);
}

/// What the code in line would be for others than typed arrays is no better, so only these count.
fn late_element(asm: &mut Assembler, routine: Symbol) {
    let typed = asm.new_label();
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::TypedArray as i32);
    asm.je(typed);
    asm.jmp_near(routine.target());
    asm.bind(typed);
    asm.or(Size::S8, Mem::base(Reg::R8, site::BITS), i32::from(element_bits::TYPED));
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::R8, site::AUX));
    asm.movzx(Size::S32, Size::S8, Reg::RDI, Mem::base(Reg::RAX, object::TYPED_ELEMENT));
    asm.bts(Size::S32, Reg::RDX, Reg::RDI);
    asm.mov(Size::S32, Mem::base(Reg::R8, site::AUX), Reg::RDX);
    count_and_go(asm, &[Reg::RAX, Reg::RCX, Reg::RSI], routine);
}

fn length(asm: &mut Assembler, cx: &Context) {
    const SITE: Reg = routines::SITE;
    let [no_string, other_shape, boxed, none] = std::array::from_fn(|_| asm.new_label());
    asm.sub(Size::S32, Reg::RCX, Kind::StringFlat as i32);
    asm.cmp(Size::S32, Reg::RCX, Kind::StringSlice as i32 - Kind::StringFlat as i32);
    asm.ja(no_string);
    asm.mov(Size::S32, Reg::RAX, Mem::base(Reg::RAX, string::LENGTH));
    asm.bind(boxed);
    asm.or(Size::S64, Reg::RAX, TAG);
    asm.ret();

    // A typed array whose getter is the library's; below 2^31.
    asm.bind(no_string);
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
    asm.cmp(Size::S32, Reg::RCX, Mem::base(SITE, site::GUARD));
    asm.jne(other_shape);
    asm.cmp(Size::S32, Mem::base(SITE, site::LOC), (Form::TypedArrayLength as i32) << 24);
    asm.jne(other_shape);
    asm.mov(Size::S32, Reg::RCX, Mem::base(SITE, site::AUX));
    asm.cmp(Size::S32, Reg::RCX, Mem::base(CX, context::PROTO_EPOCH));
    asm.jne(none);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::TYPED_LENGTH));
    asm.mov(Size::S64, Reg::RCX, Reg::RAX);
    asm.shr(Size::S64, Reg::RCX, 31);
    asm.je(boxed);
    fail(asm, none);

    asm.bind(other_shape);
    asm.mov_imm64(routines::KEY, cx.names().length.bits() as i64);
    call_leaf(asm, routines::SITE_GET);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.ret();
}

fn to_int32(asm: &mut Assembler, value: Reg) {
    let ret = asm.new_label();
    asm.test(Size::S64, value, TAG);
    asm.je(ret);
    asm.add(Size::S64, value, TAG);
    asm.movq_from_gpr(Xmm::XMM0, value);
    asm.cvttsd2si(Size::S64, value, Xmm::XMM0);
    // The one result that stands for "does not fit": its low half would be 0.
    asm.mov_imm64(Reg::RDX, i64::MIN);
    asm.cmp(Size::S64, value, Reg::RDX);
    asm.bind(ret);
    asm.ret();
}

/// The result of an operation on doubles was NaN: perhaps because operands were no doubles.
fn numbers(asm: &mut Assembler, left: bool, right: bool) {
    const CHANGED: Reg = Reg::RDX;
    let none = asm.new_label();
    asm.zero(CHANGED);
    for (used, word, xmm) in [(left, Reg::RAX, Xmm::XMM0), (right, Reg::RCX, Xmm::XMM1)] {
        if !used {
            continue;
        }
        let [double, next] = std::array::from_fn(|_| asm.new_label());
        asm.sub(Size::S64, word, TAG);
        asm.cmp(Size::S64, word, TAG);
        asm.jb(double);
        asm.xorps(xmm, xmm);
        asm.cvtsi2sd(Size::S32, xmm, word);
        asm.movq_to_gpr(word, xmm);
        asm.inc(Size::S32, CHANGED);
        asm.jmp_to(next);
        asm.bind(double);
        asm.test(Size::S64, word, TAG);
        asm.je(none);
        asm.add(Size::S64, word, TAG);
        asm.bind(next);
    }
    asm.test(Size::S32, CHANGED, CHANGED);
    asm.bind(none);
    asm.ret();
}

fn box_uint32(asm: &mut Assembler) {
    asm.mov(Size::S32, Reg::RAX, Reg::RAX);
    asm.xorps(Xmm::XMM0, Xmm::XMM0);
    asm.cvtsi2sd(Size::S64, Xmm::XMM0, Reg::RAX);
    asm.movq_to_gpr(Reg::RAX, Xmm::XMM0);
    asm.sub(Size::S64, Reg::RAX, TAG);
    asm.ret();
}

fn dense_double(asm: &mut Assembler) {
    let hole = asm.new_label();
    asm.mov_imm64(Reg::RDX, HOLE as i64);
    asm.cmp(Size::S64, Reg::RAX, Reg::RDX);
    asm.je(hole);
    // No number is boxed as 0: "not equal".
    asm.sub(Size::S64, Reg::RAX, TAG);
    asm.bind(hole);
    asm.ret();
}

/// An index that is no element: undefined, if no prototype has elements and the object's own are not kept elsewhere.
fn outside(asm: &mut Assembler) {
    let none = asm.new_label();
    // A negative number is a name.
    asm.test(Size::S32, Reg::RCX, Reg::RCX);
    asm.js(none);
    asm.cmp(Size::S8, Mem::base(Reg::RDX, header::KIND), Kind::ElementsSparse as i32);
    asm.je(none);
    asm.jmp_near(HOLE_READ.target());
    fail(asm, none);
}

fn hole_read(asm: &mut Assembler) {
    // "Equal": some prototype has.
    asm.cmp(Size::S8, Mem::base(CX, context::HOLES_UNDEFINED), 0);
    asm.mov(Size::S32, Reg::RAX, Value::UNDEFINED.bits() as i32);
    asm.ret();
}

fn has_element(asm: &mut Assembler) {
    let none = asm.new_label();
    asm.test(Size::S32, Reg::RCX, Reg::RCX);
    asm.js(none);
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Object as i32);
    asm.jb(none);
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.mov(Size::S64, Reg::RSI, Reg::RAX);
    asm.mov(Size::S32, Reg::RDX, Reg::RCX);
    call_leaf(asm, symbols::HAS_ELEMENT);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.ret();
    fail(asm, none);
}

/// Jumps if the cell in rax is of a kind that has its elements in a list of its own and nowhere else. edx = its kind.
fn branch_if_dense(asm: &mut Assembler, dense: Label) {
    asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(Reg::RAX, header::KIND));
    for kind in [Kind::Object, Kind::Array, Kind::Arguments] {
        asm.cmp(Size::S32, Reg::RDX, kind as i32);
        asm.je(dense);
    }
}

fn element_get(asm: &mut Assembler) {
    let [dense, mapped, no_mapped, no_typed, no_string, double, hole, undefined, not_inside, ret] =
        std::array::from_fn(|_| asm.new_label());
    branch_if_dense(asm, dense);
    asm.cmp(Size::S32, Reg::RDX, Kind::MappedArguments as i32);
    asm.je(mapped);
    asm.cmp(Size::S32, Reg::RDX, Kind::TypedArray as i32);
    asm.jne(no_typed);
    asm.mov(Size::S32, Reg::RCX, Reg::RCX);
    asm.cmp(Size::S64, Reg::RCX, Mem::base(Reg::RAX, object::TYPED_LENGTH));
    asm.jae(undefined);
    asm.push(Reg::RSI);
    asm.mov(Size::S64, Reg::RDI, Reg::RAX);
    asm.mov(Size::S64, Reg::RSI, Reg::RCX);
    asm.or(Size::S64, Reg::RSI, TAG);
    asm.call_near(symbols::TYPED_GET.target());
    asm.pop(Reg::RSI);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.bind(ret);
    asm.ret();

    // Typed arrays have no other indices, and do not ask their prototypes.
    asm.bind(undefined);
    asm.mov(Size::S32, Reg::RAX, Value::UNDEFINED.bits() as i32);
    succeed(asm);

    asm.bind(no_typed);
    asm.sub(Size::S32, Reg::RDX, Kind::StringFlat as i32);
    asm.cmp(Size::S32, Reg::RDX, Kind::StringSlice as i32 - Kind::StringFlat as i32);
    asm.ja(no_string);
    asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RAX, string::LENGTH));
    asm.jae(not_inside);
    call_leaf(asm, routines::STRING_CHARACTER);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.ret();
    asm.bind(not_inside);
    asm.test(Size::S32, Reg::RCX, Reg::RCX);
    asm.jns(hole);
    fail(asm, no_string);
    asm.bind(hole);
    asm.jmp_near(HOLE_READ.target());

    asm.bind(mapped);
    asm.push(Reg::RSI);
    asm.push(Reg::RAX);
    asm.push(Reg::RCX);
    asm.mov(Size::S64, Reg::RDI, Reg::RAX);
    asm.mov(Size::S32, Reg::RSI, Reg::RCX);
    asm.call_near(symbols::MAPPED_GET.target());
    asm.pop(Reg::RCX);
    asm.pop(Reg::RDX);
    asm.pop(Reg::RSI);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.je(no_mapped);
    asm.ret();
    asm.bind(no_mapped);
    asm.mov(Size::S64, Reg::RAX, Reg::RDX);

    asm.bind(dense);
    asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::ELEMENTS));
    let outside = asm.new_label();
    asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RDX, elements::LENGTH));
    asm.jae(outside);
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RDX, Reg::RCX, Scale::X8, elements::DATA));
    asm.cmp(Size::S8, Mem::base(Reg::RDX, header::KIND), Kind::ElementsDouble as i32);
    asm.je(double);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.je(hole);
    asm.ret();
    asm.bind(double);
    asm.jmp_near(DENSE_DOUBLE.target());
    asm.bind(outside);
    asm.jmp_near(OUTSIDE.target());
}

fn element_set(asm: &mut Assembler) {
    let [dense, typed, values, hole, none, stored] = std::array::from_fn(|_| asm.new_label());
    branch_if_dense(asm, dense);
    asm.cmp(Size::S32, Reg::RDX, Kind::MappedArguments as i32);
    asm.jne(typed);
    asm.mov(Size::S32, Reg::RDX, Reg::RSI);
    asm.mov(Size::S64, Reg::RSI, Reg::RAX);
    asm.mov(Size::S64, Reg::RDI, CX);
    call_leaf(asm, symbols::MAPPED_SET);
    asm.test(Size::S32, Reg::RAX, Reg::RAX);
    asm.ret();
    asm.bind(typed);
    asm.cmp(Size::S32, Reg::RDX, Kind::TypedArray as i32);
    asm.jne(none);
    asm.mov(Size::S64, Reg::RDI, Reg::RAX);
    asm.or(Size::S64, Reg::RSI, TAG);
    asm.mov(Size::S64, Reg::RDX, Reg::RCX);
    call_leaf(asm, symbols::TYPED_SET);
    asm.test(Size::S32, Reg::RAX, Reg::RAX);
    asm.ret();

    asm.bind(dense);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::ELEMENTS));
    asm.cmp(Size::S32, Reg::RSI, Mem::base(Reg::RAX, elements::LENGTH));
    asm.jae(none);
    asm.lea(Size::S64, Reg::RDX, Mem::index(Reg::RAX, Reg::RSI, Scale::X8, elements::DATA));
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::ElementsValue as i32);
    asm.je(values);
    asm.jmp_near(DENSE_SET.target());
    asm.bind(values);
    // A hole may be shadowed by a setter of a prototype.
    asm.cmp(Size::S64, Mem::base(Reg::RDX, 0), 0);
    asm.je(hole);
    asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
    asm.test(Size::S8, Mem::base(Reg::RAX, header::GC), header::OLD_CLEAN);
    asm.je(stored);
    call_leaf(asm, BARRIER);
    asm.bind(stored);
    succeed(asm);
    fail(asm, none);
    asm.bind(hole);
    asm.ret();
}

fn dense_set(asm: &mut Assembler) {
    let [doubles, int32, store, none, packed] = std::array::from_fn(|_| asm.new_label());
    asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::ElementsInt32 as i32);
    asm.jne(doubles);
    asm.cmp(Size::S64, Reg::RCX, TAG);
    asm.jb(none);
    // Packed elements are not loaded: a store need not wait for memory.
    asm.test(Size::S8, Mem::base(Reg::RAX, header::FLAGS), HOLEY as i32);
    asm.je(packed);
    asm.cmp(Size::S64, Mem::base(Reg::RDX, 0), 0);
    asm.je(none);
    asm.bind(packed);
    asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
    // No int32 is 0: "not equal".
    asm.test(Size::S64, Reg::RCX, Reg::RCX);
    asm.ret();

    asm.bind(doubles);
    asm.mov_imm64(Reg::RDI, HOLE as i64);
    asm.cmp(Size::S64, Reg::RDI, Mem::base(Reg::RDX, 0));
    asm.je(none);
    asm.cmp(Size::S64, Reg::RCX, TAG);
    asm.jae(int32);
    asm.test(Size::S64, Reg::RCX, TAG);
    asm.je(none);
    asm.add(Size::S64, Reg::RCX, TAG);
    asm.movq_from_gpr(Xmm::XMM0, Reg::RCX);
    asm.bind(store);
    asm.movsd_store(Mem::base(Reg::RDX, 0), Xmm::XMM0);
    succeed(asm);
    asm.bind(int32);
    asm.xorps(Xmm::XMM0, Xmm::XMM0);
    asm.cvtsi2sd(Size::S32, Xmm::XMM0, Reg::RCX);
    asm.jmp_to(store);
    fail(asm, none);
}
