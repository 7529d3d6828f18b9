//! Routines that sites call when neither the decoded form nor a stub is of use: the megamorphic cache, names as keys, characters of strings.
//!
//! | routine | in | out |
//! |---|---|---|
//! | `MEGAMORPHIC_GET` | rax: a cell; r10: the key's word | rax: the value; empty: not in the cache |
//! | `MEGAMORPHIC_SET` | rax: a cell; r10: the key's word; rcx: the value; esi: as for a stub | rax: empty: not in the cache |
//! | `MEGAMORPHIC_CALL_GET` | as `MEGAMORPHIC_GET`; esi: as for a stub | likewise; getters are called |
//! | `PRIMITIVE_GET` | rax: any value; r10: the key's word; esi: as for a stub | likewise, of a primitive's prototype; empty for objects, undefined and null |
//! | `PRIMITIVE_SET` | likewise; rcx: the value | rax: empty: there is no setter in the cache |
//! | `KEYED_GET` | rax: a cell; rcx: a key that is no int32 | as `MEGAMORPHIC_GET` |
//! | `KEYED_CALL_GET` | as `KEYED_GET`; esi: as for a stub | likewise; getters are called |
//! | `SUPER_GET` | rax: the base; rcx: a key; r8: the receiver; esi: as for a stub | as `KEYED_CALL_GET` |
//! | `SUPER_SET` | likewise; r9: the value | as `MEGAMORPHIC_SET` |
//! | `KEYED_SET` | rax: a cell; r10: a key that is no int32; rcx: the value; esi: as for a stub | as `MEGAMORPHIC_SET` |
//! | `KEYED_HAS` | as `KEYED_GET` | rax: whether the object has the property; empty: not in the cache |
//! | `SITE_GET` | rax: a cell; rdx: the site; r10: the key's word | as `MEGAMORPHIC_GET`, from the site's stubs or that cache |
//! | `SITE_SET` | rax: a cell; rdx: the site; r10: the key's word; rcx: the value | likewise |
//! | `STRING_CHARACTER` | rax: a cell; rcx: an int32 in 64 bits, not boxed | rax: the character, if it is a string's |
//!
//! They keep rsi and clobber rcx, rdx, rdi, r8–r11; but for those that may call a getter or setter: the set routines, `SITE_GET`, `MEGAMORPHIC_CALL_GET`,
//! `KEYED_CALL_GET`, `PRIMITIVE_GET`, `SUPER_GET`.

use crate::baseline::{CX, check_cell};
use crate::stubs::{ROUTINES, Routine, running_code, shared};
use crate::symbols::{self, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::feedback::{Form, Loc, SiteState};
use tercel_vm::ic::megamorphic::{ACCESS_SHIFT, Access, ENTRIES, HASH_FACTOR, Manner};
use tercel_vm::layout::{accessor, context, header, megamorphic, object, realm, shape, site, string, stub};
use tercel_vm::realm::Intrinsic;
use tercel_vm::string::{INDEX, INTERNED, TWO_BYTE};
use tercel_vm::{Kind, Value};

pub const MEGAMORPHIC_GET: Symbol = Symbol(ROUTINES);
pub const MEGAMORPHIC_SET: Symbol = Symbol(ROUTINES + 1);
pub const KEYED_GET: Symbol = Symbol(ROUTINES + 2);
pub const KEYED_SET: Symbol = Symbol(ROUTINES + 3);
pub const STRING_CHARACTER: Symbol = Symbol(ROUTINES + 4);
pub const SITE_GET: Symbol = Symbol(ROUTINES + 5);
pub const SITE_SET: Symbol = Symbol(ROUTINES + 6);
pub const KEYED_HAS: Symbol = Symbol(ROUTINES + 7);
pub const KEYED_CALL_GET: Symbol = Symbol(ROUTINES + 8);
pub const MEGAMORPHIC_CALL_GET: Symbol = Symbol(ROUTINES + 9);
pub const PRIMITIVE_GET: Symbol = Symbol(ROUTINES + 10);
pub const PRIMITIVE_SET: Symbol = Symbol(ROUTINES + 11);
pub const SUPER_GET: Symbol = Symbol(ROUTINES + 12);
pub const SUPER_SET: Symbol = Symbol(ROUTINES + 13);

/// The site.
pub const SITE: Reg = Reg::RDX;
/// The key's word.
pub const KEY: Reg = Reg::R10;

pub const TABLE: &[Routine] = &[
    ("megamorphic_get", MEGAMORPHIC_GET, |asm, cx| megamorphic_get(asm, cx, false, None)),
    ("megamorphic_call_get", MEGAMORPHIC_CALL_GET, |asm, cx| megamorphic_get(asm, cx, false, Some(Reg::RAX))),
    ("megamorphic_set", MEGAMORPHIC_SET, |asm, cx| megamorphic_set(asm, cx, false, true)),
    ("primitive_get", PRIMITIVE_GET, primitive_get),
    ("primitive_set", PRIMITIVE_SET, primitive_set),
    ("super_get", SUPER_GET, super_get),
    ("super_set", SUPER_SET, super_set),
    ("keyed_get", KEYED_GET, keyed_get),
    ("keyed_set", KEYED_SET, keyed_set),
    ("keyed_has", KEYED_HAS, keyed_has),
    ("keyed_call_get", KEYED_CALL_GET, keyed_call_get),
    ("string_character", STRING_CHARACTER, string_character),
    ("site_get", SITE_GET, |asm, cx| {
        by_site(asm, cx, |asm, cx, remembers| megamorphic_get(asm, cx, remembers, Some(Reg::RAX)));
    }),
    ("site_set", SITE_SET, |asm, cx| by_site(asm, cx, |asm, cx, remembers| megamorphic_set(asm, cx, remembers, true))),
];

/// What a routine is called.
pub fn name(symbol: Symbol) -> &'static str {
    TABLE.iter().find(|row| row.1 == symbol).map_or("?", |row| row.0)
}

/// r8 = the valid entry for the shape of the cell in rax and the key; jumps to `miss` if there is none. Clobbers rdx, r9, r11; edx stays the shape.
fn find_entry(asm: &mut Assembler, cx: &Context, access: Access, miss: Label) {
    let valid = asm.new_label();
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, header::SHAPE));
    const { assert!(Access::Get as i32 == 0) };
    let input = match access as i32 {
        0 => Reg::RDX,
        bit => {
            asm.mov(Size::S32, Reg::R9, Reg::RDX);
            asm.xor(Size::S32, Reg::R9, bit << ACCESS_SHIFT);
            Reg::R9
        }
    };
    asm.imul_imm(Size::S32, Reg::R9, input, HASH_FACTOR as i32);
    asm.mov(Size::S64, Reg::R11, KEY);
    asm.shr(Size::S64, Reg::R11, 3);
    asm.xor(Size::S32, Reg::R9, Reg::R11);
    asm.mov(Size::S32, Reg::R11, Reg::R9);
    asm.shr(Size::S32, Reg::R11, 15);
    asm.xor(Size::S32, Reg::R9, Reg::R11);
    asm.and(Size::S32, Reg::R9, ENTRIES as i32 - 1);
    const { assert!(megamorphic::SIZE == 32) };
    asm.shl(Size::S64, Reg::R9, 5);
    asm.mov_imm64(Reg::R8, cx.interp.megamorphic.address() as i64);
    asm.add(Size::S64, Reg::R8, Reg::R9);
    asm.cmp(Size::S32, Reg::RDX, Mem::base(Reg::R8, megamorphic::SHAPE));
    asm.jne(miss);
    asm.cmp(Size::S64, KEY, Mem::base(Reg::R8, megamorphic::KEY));
    asm.jne(miss);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::ACCESS), access as i32);
    asm.jne(miss);
    // Entries that depend on no prototype have the epoch 0.
    asm.mov(Size::S32, Reg::R9, Mem::base(Reg::R8, megamorphic::EPOCH));
    asm.test(Size::S32, Reg::R9, Reg::R9);
    asm.je(valid);
    asm.cmp(Size::S32, Reg::R9, Mem::base(CX, context::PROTO_EPOCH));
    asm.jne(miss);
    asm.bind(valid);
    asm.inc(Size::S64, Mem::base(CX, context::MEGAMORPHIC_HITS));
}

/// The first stub of the site, which goes on to the others, or the cache of a site that has become megamorphic.
fn by_site(asm: &mut Assembler, cx: &Context, megamorphic: fn(&mut Assembler, &Context, bool)) {
    let (none, miss) = (asm.new_label(), asm.new_label());
    asm.mov(Size::S64, Reg::RDI, Mem::base(SITE, site::STUBS));
    asm.test(Size::S64, Reg::RDI, Reg::RDI);
    asm.je(none);
    asm.jmp(Mem::base(Reg::RDI, stub::CODE));
    asm.bind(none);
    asm.cmp(Size::S8, Mem::base(SITE, site::STATE), SiteState::Megamorphic as i32);
    asm.jne(miss);
    asm.mov(Size::S64, Reg::RDI, SITE);
    megamorphic(asm, cx, !cx.options.count_ic_hits);
    miss_here(asm, miss);
}

/// A megamorphic site whose accesses mostly have one shape should not look into the table each time. So one in sixteen of those that do leaves
/// its shape and location as the site's decoded form: soon it is the commonest shape's. rdi: the site; edx: the shape; `loc`: an own inline slot.
fn remember(asm: &mut Assembler, loc: Reg) {
    let not_now = asm.new_label();
    // Property sites use their `bits` for nothing else.
    asm.add(Size::S8, Mem::base(Reg::RDI, site::BITS), 16);
    asm.jne(not_now);
    asm.mov(Size::S32, Mem::base(Reg::RDI, site::GUARD), Reg::RDX);
    asm.mov(Size::S32, Mem::base(Reg::RDI, site::LOC), loc);
    asm.bind(not_now);
}

fn miss_here(asm: &mut Assembler, miss: Label) {
    asm.bind(miss);
    asm.zero(Reg::RAX);
    asm.ret();
}

/// rax = the holder so many prototypes up as r9 says, at least one, from the object whose shape is edx. Clobbers rdx, r9, r11.
fn walk_up(asm: &mut Assembler, cx: &Context, miss: Label) {
    // The chain is as it was, or the epoch would have moved on.
    asm.mov_imm64(Reg::R11, cx.shapes_base() as i64);
    let step = asm.here();
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::R11, Reg::RDX, Scale::X8, shape::PROTOTYPE));
    asm.cmp(Size::S64, Reg::RAX, Value::NULL.bits() as i32);
    asm.je(miss);
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, header::SHAPE));
    asm.dec(Size::S32, Reg::R9);
    asm.jne(step);
}

/// rax = the accessor pair at the location of the entry at r8, for the object in rax. rcx, rdi, r10 stay; clobbers rdx, r8, r9, r11.
fn accessor_of_entry(asm: &mut Assembler, cx: &Context, miss: Label) {
    const LOC: Reg = Reg::R8;
    let [own, inline] = std::array::from_fn(|_| asm.new_label());
    asm.movzx(Size::S32, Size::S8, Reg::R9, Mem::base(Reg::R8, megamorphic::HOPS));
    asm.mov(Size::S32, LOC, Mem::base(Reg::R8, megamorphic::LOC));
    asm.test(Size::S32, Reg::R9, Reg::R9);
    asm.je(own);
    walk_up(asm, cx, miss);
    asm.bind(own);
    asm.cmp(Size::S32, LOC, Loc::OWN_INLINE_END as i32);
    asm.jb(inline);
    asm.and(Size::S32, LOC, 0xff_ffff);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
    asm.bind(inline);
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, LOC, Scale::X1, 0));
}

/// Calls the setter of the accessor pair that the entry at r8 says, for the object in rax, with the value in rcx and a receiver in r10.
fn setter_of_entry(asm: &mut Assembler, cx: &Context, miss: Label) {
    accessor_of_entry(asm, cx, miss);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, accessor::SETTER));
    asm.mov(Size::S64, Reg::RDX, Reg::RCX);
    asm.mov(Size::S64, Reg::RCX, Reg::R10);
    asm.jmp_near(shared::CALL_SETTER.target());
}

/// `remembers`: rdi is a site. `getters`: they are called, with esi as for a stub, and the receiver in this register: rax or rdi.
fn megamorphic_get(asm: &mut Assembler, cx: &Context, remembers: bool, getters: Option<Reg>) {
    let [miss, walk, found, no_inline, missing, getter] = std::array::from_fn(|_| asm.new_label());
    find_entry(asm, cx, Access::Get, miss);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::MANNER), Manner::Plain as i32);
    asm.jne(if getters.is_some() { getter } else { miss });
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::R8, megamorphic::LOC));
    asm.movzx(Size::S32, Size::S8, Reg::R9, Mem::base(Reg::R8, megamorphic::HOPS));
    asm.test(Size::S32, Reg::R9, Reg::R9);
    asm.jne(walk);
    if remembers {
        asm.cmp(Size::S32, Reg::RCX, Loc::OWN_INLINE_END as i32);
        asm.jae(no_inline);
        remember(asm, Reg::RCX);
        asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RCX, Scale::X1, 0));
        asm.ret();
    }
    asm.bind(found);
    asm.cmp(Size::S32, Reg::RCX, Loc::OWN_INLINE_END as i32);
    asm.jae(no_inline);
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RCX, Scale::X1, 0));
    asm.ret();

    asm.bind(walk);
    walk_up(asm, cx, miss);
    asm.jmp_to(found);
    if let Some(receiver) = getters {
        asm.bind(getter);
        asm.mov(Size::S64, Reg::R10, receiver);
        accessor_of_entry(asm, cx, miss);
        asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, accessor::GETTER));
        asm.mov(Size::S64, Reg::RCX, Reg::R10);
        asm.jmp_near(shared::CALL_GETTER.target());
    }

    asm.bind(no_inline);
    asm.mov(Size::S32, Reg::RDX, Reg::RCX);
    asm.shr(Size::S32, Reg::RDX, 24);
    asm.and(Size::S32, Reg::RCX, 0xff_ffff);
    asm.cmp(Size::S32, Reg::RDX, Form::Missing as i32);
    asm.je(missing);
    asm.cmp(Size::S32, Reg::RDX, Form::OwnOutOfLine as i32);
    asm.jne(miss);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RCX, Scale::X1, 0));
    asm.ret();
    asm.bind(missing);
    asm.mov(Size::S32, Reg::RAX, Value::UNDEFINED.bits() as i32);
    asm.ret();
    miss_here(asm, miss);
}

/// As [`megamorphic_get`]; `calls`: setters.
fn megamorphic_set(asm: &mut Assembler, cx: &Context, remembers: bool, calls: bool) {
    let [miss, in_line, barrier, done, other, add, add_out_of_line] = std::array::from_fn(|_| asm.new_label());
    find_entry(asm, cx, Access::Set, miss);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::MANNER), Manner::Plain as i32);
    asm.jne(other);
    if remembers {
        let no_inline = asm.new_label();
        asm.mov(Size::S32, Reg::R9, Mem::base(Reg::R8, megamorphic::LOC));
        asm.cmp(Size::S32, Reg::R9, Loc::OWN_INLINE_END as i32);
        asm.jae(no_inline);
        remember(asm, Reg::R9);
        asm.bind(no_inline);
    }
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::R8, megamorphic::LOC));
    asm.cmp(Size::S32, Reg::RDX, Loc::OWN_INLINE_END as i32);
    asm.jb(in_line);
    // Out of line: the cell that is written to is the slots'.
    asm.mov(Size::S32, Reg::R9, Reg::RDX);
    asm.shr(Size::S32, Reg::R9, 24);
    asm.cmp(Size::S32, Reg::R9, Form::OwnOutOfLine as i32);
    asm.jne(miss);
    asm.and(Size::S32, Reg::RDX, 0xff_ffff);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
    asm.bind(in_line);
    asm.add(Size::S64, Reg::RDX, Reg::RAX);
    asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
    asm.test(Size::S8, Mem::base(Reg::RAX, header::GC), header::OLD_CLEAN);
    asm.jne(barrier);
    asm.bind(done);
    asm.mov(Size::S32, Reg::RAX, Value::UNDEFINED.bits() as i32);
    asm.ret();
    asm.bind(barrier);
    asm.mov(Size::S64, Reg::RSI, Reg::RAX);
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.call_near(symbols::WRITE_BARRIER.target());
    asm.add(Size::S64, Reg::RSP, 8);
    asm.jmp_to(done);

    asm.bind(other);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::MANNER), Manner::Add as i32);
    if calls {
        asm.je(add);
        asm.mov(Size::S64, Reg::R10, Reg::RAX);
        setter_of_entry(asm, cx, miss);
    } else {
        asm.jne(miss);
    }

    asm.bind(add);
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::R8, megamorphic::LOC));
    asm.mov(Size::S32, Reg::R9, Mem::base(Reg::R8, megamorphic::NEW_SHAPE));
    asm.cmp(Size::S32, Reg::RDX, Loc::OWN_INLINE_END as i32);
    asm.jae(add_out_of_line);
    asm.mov(Size::S32, Mem::base(Reg::RAX, header::SHAPE), Reg::R9);
    asm.jmp_to(in_line);
    // Where the slots have no room, or there are none, the helper makes it.
    asm.bind(add_out_of_line);
    asm.mov(Size::S64, Reg::RDI, Mem::base(Reg::RAX, object::SLOTS));
    asm.test(Size::S64, Reg::RDI, Reg::RDI);
    asm.je(miss);
    asm.and(Size::S32, Reg::RDX, 0xff_ffff);
    asm.mov(Size::S32, Reg::R11, Mem::base(Reg::RDI, object::SLOTS_CAPACITY));
    asm.shl(Size::S64, Reg::R11, 3);
    asm.add(Size::S64, Reg::R11, object::SLOTS_DATA);
    asm.cmp(Size::S64, Reg::RDX, Reg::R11);
    asm.jae(miss);
    asm.mov(Size::S32, Mem::base(Reg::RAX, header::SHAPE), Reg::R9);
    asm.mov(Size::S64, Reg::RAX, Reg::RDI);
    asm.jmp_to(in_line);
    miss_here(asm, miss);
}

/// Jumps to `miss` unless the key is a symbol or an interned string that spells no index: then its word is a property key.
fn check_name(asm: &mut Assembler, miss: Label) {
    let name = asm.new_label();
    asm.lea(Size::S64, Reg::RDX, Mem::base(KEY, -16));
    asm.shr(Size::S64, Reg::RDX, 47);
    asm.jne(miss);
    asm.cmp(Size::S8, Mem::base(KEY, header::KIND), Kind::Symbol as i32);
    asm.je(name);
    asm.cmp(Size::S8, Mem::base(KEY, header::KIND), Kind::StringFlat as i32);
    asm.jne(miss);
    asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(KEY, header::FLAGS));
    asm.and(Size::S32, Reg::RDX, i32::from(INTERNED | INDEX));
    asm.cmp(Size::S32, Reg::RDX, i32::from(INTERNED));
    asm.jne(miss);
    asm.bind(name);
}

fn keyed_get(asm: &mut Assembler, _: &Context) {
    let miss = asm.new_label();
    asm.mov(Size::S64, KEY, Reg::RCX);
    check_name(asm, miss);
    asm.jmp_near(MEGAMORPHIC_GET.target());
    miss_here(asm, miss);
}

fn keyed_call_get(asm: &mut Assembler, _: &Context) {
    let miss = asm.new_label();
    asm.mov(Size::S64, KEY, Reg::RCX);
    check_name(asm, miss);
    asm.jmp_near(MEGAMORPHIC_CALL_GET.target());
    miss_here(asm, miss);
}

fn keyed_has(asm: &mut Assembler, cx: &Context) {
    let [miss, missing] = std::array::from_fn(|_| asm.new_label());
    asm.mov(Size::S64, KEY, Reg::RCX);
    check_name(asm, miss);
    find_entry(asm, cx, Access::Get, miss);
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::R8, megamorphic::LOC));
    asm.shr(Size::S32, Reg::RCX, 24);
    asm.cmp(Size::S32, Reg::RCX, Form::Missing as i32);
    asm.je(missing);
    asm.mov(Size::S32, Reg::RAX, Value::TRUE.bits() as i32);
    asm.ret();
    asm.bind(missing);
    asm.mov(Size::S32, Reg::RAX, Value::FALSE.bits() as i32);
    asm.ret();
    miss_here(asm, miss);
}

/// `super.key` where the site has met many bases or keys.
fn super_get(asm: &mut Assembler, cx: &Context) {
    let miss = asm.new_label();
    asm.mov(Size::S64, KEY, Reg::RCX);
    check_name(asm, miss);
    asm.mov(Size::S64, Reg::RDI, Reg::R8);
    megamorphic_get(asm, cx, false, Some(Reg::RDI));
    miss_here(asm, miss);
}

/// `super.key = v` likewise. What the base says is an entry of its own kind: a setter, or that the property is the receiver's, whose entry for writes
/// is asked then. A setter that this one names would be called by an ordinary assignment, but not by this.
fn super_set(asm: &mut Assembler, cx: &Context) {
    const RECEIVER: Reg = Reg::RDI;
    let [miss, to_receiver] = std::array::from_fn(|_| asm.new_label());
    asm.mov(Size::S64, KEY, Reg::RCX);
    check_name(asm, miss);
    asm.mov(Size::S64, RECEIVER, Reg::R8);
    asm.mov(Size::S64, Reg::RCX, Reg::R9);
    find_entry(asm, cx, Access::SuperSet, miss);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::MANNER), Manner::Accessor as i32);
    asm.jne(to_receiver);
    asm.mov(Size::S64, Reg::R10, RECEIVER);
    setter_of_entry(asm, cx, miss);

    asm.bind(to_receiver);
    check_cell(asm, RECEIVER, miss);
    asm.mov(Size::S64, Reg::RAX, RECEIVER);
    // Primitives have the shape 0, which no entry has.
    megamorphic_set(asm, cx, false, false);
    miss_here(asm, miss);
}

/// rdi = the value in rax; rax = the prototype that a primitive of its kind has in the realm of the running function; jumps to `miss` if it is no such
/// primitive, or that is not made yet. Clobbers rdx, r8, r9.
fn prototype_of_primitive(asm: &mut Assembler, miss: Label) {
    let [number, no_cell, found] = std::array::from_fn(|_| asm.new_label());
    let place = |asm: &mut Assembler, intrinsic: Intrinsic| {
        asm.mov(Size::S32, Reg::R9, realm::intrinsic(intrinsic));
    };
    asm.mov(Size::S64, Reg::RDI, Reg::RAX);
    asm.mov(Size::S64, Reg::RDX, Reg::RAX);
    asm.shr(Size::S64, Reg::RDX, 49);
    asm.jne(number);
    check_cell(asm, Reg::RAX, no_cell);
    asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(Reg::RAX, header::KIND));
    place(asm, Intrinsic::SymbolPrototype);
    asm.cmp(Size::S32, Reg::RDX, Kind::Symbol as i32);
    asm.je(found);
    place(asm, Intrinsic::BigIntPrototype);
    asm.cmp(Size::S32, Reg::RDX, Kind::BigInt as i32);
    asm.je(found);
    place(asm, Intrinsic::StringPrototype);
    asm.sub(Size::S32, Reg::RDX, Kind::StringFlat as i32);
    asm.cmp(Size::S32, Reg::RDX, Kind::StringSlice as i32 - Kind::StringFlat as i32);
    asm.jbe(found);
    asm.jmp_to(miss);
    asm.bind(no_cell);
    place(asm, Intrinsic::BooleanPrototype);
    asm.mov(Size::S64, Reg::RDX, Reg::RAX);
    asm.and(Size::S64, Reg::RDX, !1);
    asm.cmp(Size::S64, Reg::RDX, Value::FALSE.bits() as i32);
    asm.je(found);
    asm.jmp_to(miss);
    asm.bind(number);
    place(asm, Intrinsic::NumberPrototype);
    asm.bind(found);
    running_code(asm, Reg::R8);
    asm.mov(Size::S64, Reg::R8, Mem::base(Reg::R8, CodeBlock::REALM_OFFSET as i32));
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::R8, Reg::R9, Scale::X1, 0));
    const { assert!(Value::EMPTY.bits() == 0) };
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.je(miss);
}

fn primitive_get(asm: &mut Assembler, cx: &Context) {
    let miss = asm.new_label();
    prototype_of_primitive(asm, miss);
    megamorphic_get(asm, cx, false, Some(Reg::RDI));
    miss_here(asm, miss);
}

/// Only a setter can take what is assigned to a primitive.
fn primitive_set(asm: &mut Assembler, cx: &Context) {
    let miss = asm.new_label();
    prototype_of_primitive(asm, miss);
    find_entry(asm, cx, Access::Set, miss);
    asm.cmp(Size::S8, Mem::base(Reg::R8, megamorphic::MANNER), Manner::Accessor as i32);
    asm.jne(miss);
    asm.mov(Size::S64, Reg::R10, Reg::RDI);
    setter_of_entry(asm, cx, miss);
    miss_here(asm, miss);
}

fn keyed_set(asm: &mut Assembler, _: &Context) {
    let miss = asm.new_label();
    check_name(asm, miss);
    asm.jmp_near(MEGAMORPHIC_SET.target());
    miss_here(asm, miss);
}

fn string_character(asm: &mut Assembler, cx: &Context) {
    let [miss, slice, flat] = std::array::from_fn(|_| asm.new_label());
    asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(Reg::RAX, header::KIND));
    asm.cmp(Size::S32, Reg::RDX, Kind::StringFlat as i32);
    asm.je(flat);
    asm.cmp(Size::S32, Reg::RDX, Kind::StringSlice as i32);
    asm.je(slice);
    miss_here(asm, miss);

    asm.bind(slice);
    asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RAX, string::LENGTH));
    asm.jae(miss);
    asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, string::SLICE_OFFSET));
    asm.add(Size::S64, Reg::RCX, Reg::RDX);
    asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, string::SLICE_BASE));
    let unit = asm.new_label();
    asm.jmp_to(unit);

    asm.bind(flat);
    asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RAX, string::LENGTH));
    asm.jae(miss);
    asm.bind(unit);
    asm.test(Size::S8, Mem::base(Reg::RAX, header::FLAGS), i32::from(TWO_BYTE));
    asm.jne(miss);
    asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::index(Reg::RAX, Reg::RCX, Scale::X1, string::PAYLOAD));
    asm.mov_imm64(Reg::RDX, cx.single_chars_address() as i64);
    asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RDX, Reg::RCX, Scale::X8, 0));
    asm.ret();
}
