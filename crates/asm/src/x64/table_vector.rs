//! The vector and mask instructions: what is made of each row. The rows are in `rows_sse.rs`, `rows_avx.rs` and
//! `rows_avx512.rs`.
//!
//! A block gives the operand shape and whether the instruction comes in several vector lengths (`len`, then the
//! method's first argument is one) or in one (`one`). A row reads
//!
//! ```text
//! addps vaddps NP M0F 0x58 W0 (W0 Full4) All Any;
//!   │     │    │  │    │   │   │    │     │   └ what ModRM's rm may be
//!   │     │    │  │    │   │   │    │     └ vector lengths
//!   │     │    │  │    │   │   │    └ unit of displacements and broadcast, with EVEX
//!   │     │    │  │    │   │   └ EVEX.W; () if there is no EVEX form; NoMask at the end if it takes no mask
//!   │     │    │  │    │   └ VEX.W (or REX.W); NV if there is no VEX form
//!   │     │    prefix, map, opcode; an opcode extension stands at the end as /digit
//!   │     └ method with VEX or EVEX, _ if none
//!   └ method without, _ if none
//! ```
//!
//! VEX is used where it can be; registers from 16, 512 bits, masks and broadcasts bring EVEX.

use super::assembler::Assembler;
use super::inst::{Disp8, EvexForm, Instruction, Lens, Map, Op, Pp, RmKind, VecOp, VecShape};
use super::operand::{Masked, Mem, RegMem, XmmMem};
use super::reg::{Mask, Reg, Size, VecLen, Xmm};

macro_rules! w {
    (W0) => {
        Some(false)
    };
    (W1) => {
        Some(true)
    };
    (NV) => {
        None
    };
}

macro_rules! evex {
    (()) => { None };
    (($w:ident $disp8:ident)) => { evex!($w $disp8 true) };
    (($w:ident $disp8:ident NoMask)) => { evex!($w $disp8 false) };
    (W0 $disp8:ident $masks:literal) => { Some(EvexForm { w: false, disp8: Disp8::$disp8, masks: $masks }) };
    (W1 $disp8:ident $masks:literal) => { Some(EvexForm { w: true, disp8: Disp8::$disp8, masks: $masks }) };
}

macro_rules! digit {
    () => {
        0
    };
    ($digit:literal) => {
        $digit
    };
}

/// A constant for a row's method, nothing for `_`.
macro_rules! descriptor {
    (_ $($rest:tt)*) => {};
    ($name:ident $legacy:literal $shape:ident $pp:ident $map:ident $opcode:literal $w:ident $evex:tt $lens:ident
        $rm:ident $($digit:literal)?) => {
        pub const $name: VecOp = VecOp {
            shape: VecShape::$shape,
            pp: Pp::$pp,
            map: Map::$map,
            opcode: $opcode,
            digit: digit!($($digit)?),
            rm: RmKind::$rm,
            legacy: $legacy,
            vex_w: w!($w),
            evex: if $legacy { None } else { evex!($evex) },
            lens: Lens::$lens,
        };
    };
}

macro_rules! entry {
    (_) => {
        None
    };
    ($name:ident) => {
        Some(Instruction { name: stringify!($name), op: Op::Vec(op::$name) })
    };
}

/// A method without VEX.
macro_rules! sse {
    ($shape:ident _) => {};
    (Rvm $name:ident) => { method!($name sse_rm(dst: Xmm, src: (into XmmMem))); };
    (Rm $name:ident) => { method!($name sse_rm(dst: Xmm, src: (into XmmMem))); };
    (Rvmi $name:ident) => { method!($name sse_rmi(dst: Xmm, src: (into XmmMem), imm: u8)); };
    (Rmi $name:ident) => { method!($name sse_rmi(dst: Xmm, src: (into XmmMem), imm: u8)); };
    (Mr $name:ident) => { method!($name sse_mr(dst: (into XmmMem), src: Xmm)); };
    (Vmi $name:ident) => { method!($name sse_mi(dst: Xmm, imm: u8)); };
    (XvgSized $name:ident) => { method!($name sse_xg_sized(size: Size, dst: Xmm, src: (into RegMem))); };
    (GxSized $name:ident) => { method!($name sse_gx_sized(size: Size, dst: Reg, src: (into XmmMem))); };
    (Xg $name:ident) => { method!($name sse_xg(dst: Xmm, src: (into RegMem))); };
    (Gx $name:ident) => { method!($name sse_gx(dst: (into RegMem), src: Xmm)); };
    (Gv $name:ident) => { method!($name sse_gv(dst: Reg, src: Xmm)); };
    (Gvi $name:ident) => { method!($name sse_gvi(dst: Reg, src: Xmm, imm: u8)); };
    (Xvgi $name:ident) => { method!($name sse_xgi(dst: Xmm, src: (into RegMem), imm: u8)); };
    (Gxi $name:ident) => { method!($name sse_gxi(dst: (into RegMem), src: Xmm, imm: u8)); };
}

/// A method with VEX or EVEX.
macro_rules! avx {
    ($shape:ident $form:ident _) => {};
    (Rvm $form:ident $name:ident) => {
        method!($form $name avx_rvm(dst: (into Masked<Xmm>), a: Xmm, b: (into XmmMem)));
    };
    (Rvmi $form:ident $name:ident) => {
        method!($form $name avx_rvmi(dst: (into Masked<Xmm>), a: Xmm, b: (into XmmMem), imm: u8));
    };
    (Rm $form:ident $name:ident) => { method!($form $name avx_rm(dst: (into Masked<Xmm>), src: (into XmmMem))); };
    (Rmi $form:ident $name:ident) => {
        method!($form $name avx_rmi(dst: (into Masked<Xmm>), src: (into XmmMem), imm: u8));
    };
    (Mr $form:ident $name:ident) => { method!($form $name avx_mr(dst: (into Masked<XmmMem>), src: Xmm)); };
    (Mri $form:ident $name:ident) => {
        method!($form $name avx_mri(dst: (into Masked<XmmMem>), src: Xmm, imm: u8));
    };
    (Vmi $form:ident $name:ident) => {
        method!($form $name avx_vmi(dst: (into Masked<Xmm>), src: (into XmmMem), imm: u8));
    };
    (Rvmr $form:ident $name:ident) => {
        method!($form $name avx_rvmr(dst: Xmm, a: Xmm, b: (into XmmMem), c: Xmm));
    };
    (Mvr $form:ident $name:ident) => { method!($form $name avx_mvr(dst: Mem, mask: Xmm, src: Xmm)); };
    (Gather $form:ident $name:ident) => { method!($form $name avx_gather(dst: Xmm, src: Mem, mask: Xmm)); };
    (GatherK $form:ident $name:ident) => { method!($form $name avx_gather_k(dst: (into Masked<Xmm>), src: Mem)); };
    (Scatter $form:ident $name:ident) => { method!($form $name avx_scatter(dst: (into Masked<XmmMem>), src: Xmm)); };
    (XvgSized one $name:ident) => {
        method!($name avx_xvg_sized(size: Size, dst: Xmm, a: Xmm, b: (into RegMem)));
    };
    (GxSized one $name:ident) => { method!($name avx_gx_sized(size: Size, dst: Reg, src: (into XmmMem))); };
    (Xg one $name:ident) => { method!($name avx_xg(dst: Xmm, src: (into RegMem))); };
    (Gx one $name:ident) => { method!($name avx_gx(dst: (into RegMem), src: Xmm)); };
    (Gv $form:ident $name:ident) => { method!($form $name avx_gv(dst: Reg, src: Xmm)); };
    (Gvi one $name:ident) => { method!($name avx_gvi(dst: Reg, src: Xmm, imm: u8)); };
    (Xvgi one $name:ident) => { method!($name avx_xvgi(dst: Xmm, a: Xmm, b: (into RegMem), imm: u8)); };
    (Gxi one $name:ident) => { method!($name avx_gxi(dst: (into RegMem), src: Xmm, imm: u8)); };
    (Vg $form:ident $name:ident) => { method!($form $name avx_vg(dst: (into Masked<Xmm>), src: Reg)); };
    (Kvm $form:ident $name:ident) => {
        method!($form $name avx_kvm(dst: (into Masked<Mask>), a: Xmm, b: (into XmmMem)));
    };
    (Kvmi $form:ident $name:ident) => {
        method!($form $name avx_kvmi(dst: (into Masked<Mask>), a: Xmm, b: (into XmmMem), imm: u8));
    };
    (Kkk $form:ident $name:ident) => { method!($name mask_kkk(dst: Mask, a: Mask, b: Mask)); };
    (Kk one $name:ident) => { method!($name mask_kk(dst: Mask, src: Mask)); };
    (Kki one $name:ident) => { method!($name mask_kki(dst: Mask, src: Mask, imm: u8)); };
    (Km one $name:ident) => { method!($name mask_km(dst: Mask, src: Mem)); };
    (Mk one $name:ident) => { method!($name mask_mk(dst: Mem, src: Mask)); };
    (Kg one $name:ident) => { method!($name mask_kg(dst: Mask, src: Reg)); };
    (Gk one $name:ident) => { method!($name mask_gk(dst: Reg, src: Mask)); };
    (Vk $form:ident $name:ident) => { method!($form $name avx_vk(dst: Xmm, src: Mask)); };
    (Kv $form:ident $name:ident) => { method!($form $name avx_kv(dst: Mask, src: Xmm)); };
}

macro_rules! method {
    (len $name:ident $encoder:ident($($arg:ident: $type:tt),*)) => {
        #[doc = concat!("Emits `", stringify!($name), "`.")]
        #[inline]
        pub fn $name(&mut self, len: VecLen $(, $arg: argument!($type))*) {
            self.$encoder(op::$name, len $(, value!($arg $type))*);
        }
    };
    (one $name:ident $encoder:ident($($arg:ident: $type:tt),*)) => {
        #[doc = concat!("Emits `", stringify!($name), "`.")]
        #[inline]
        pub fn $name(&mut self $(, $arg: argument!($type))*) {
            self.$encoder(op::$name, VecLen::L128 $(, value!($arg $type))*);
        }
    };
    ($name:ident $encoder:ident($($arg:ident: $type:tt),*)) => {
        #[doc = concat!("Emits `", stringify!($name), "`.")]
        #[inline]
        pub fn $name(&mut self $(, $arg: argument!($type))*) {
            self.$encoder(op::$name $(, value!($arg $type))*);
        }
    };
}

macro_rules! argument {
    ((into $type:ty)) => { impl Into<$type> };
    ($type:ident) => { $type };
}

macro_rules! value {
    ($arg:ident (into $type:ty)) => {
        $arg.into()
    };
    ($arg:ident $type:ident) => {
        $arg
    };
}

/// Makes everything of the rows of one file.
macro_rules! vector_table {
    ($(
        $shape:ident $form:ident {
            $($sse:tt $avx:tt $pp:ident $map:ident $opcode:literal $w:ident $evex:tt $lens:ident $rm:ident
                $(/$digit:literal)?;)*
        }
    )*) => {
        /// The descriptors of these instructions, by the names of their methods.
        pub mod op {
            #![allow(non_upper_case_globals, missing_docs)]
            use super::*;
            $($(
                descriptor!($sse true $shape $pp $map $opcode $w $evex $lens $rm $($digit)?);
                descriptor!($avx false $shape $pp $map $opcode $w $evex $lens $rm $($digit)?);
            )*)*
        }

        impl Assembler {
            $($(
                sse!($shape $sse);
                avx!($shape $form $avx);
            )*)*
        }

        pub(in crate::x64) const INSTRUCTIONS: &[Option<Instruction>] = &[$($(entry!($sse), entry!($avx)),*),*];
    };
}

#[path = "rows_avx.rs"]
pub mod avx;
#[path = "rows_avx512.rs"]
pub mod avx512;
#[path = "rows_sse.rs"]
pub mod sse;
