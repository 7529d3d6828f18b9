//! Pieces of code that all compiled functions share: what would be repeated at many sites and is not worth inlining.
//!
//! Stubs are called by machine code only. They keep the engine's registers and clobber what each says.

use crate::symbols::{FIRST_STUB, Symbol};
use tercel_asm::x64::{Assembler, Mem, Reg, Size};
use tercel_code::{CodeError, CodeImage, CodeKind, CodeSpace};
use tercel_vm::frame;
use tercel_vm::layout::context;

/// Enters the frame that a helper pushed, and stores its result where the frame says. In: rax, the address. Out: rbx, the caller's frame
/// again. The caller loads r13 anew.
pub const CALL_PUSHED: Symbol = Symbol(FIRST_STUB);

/// Numbers of symbols from here on are the routines' of inline caches.
pub const ROUTINES: u32 = FIRST_STUB + 64;

/// A stub's name, symbol and code.
type Row = (&'static str, Symbol, fn(&mut Assembler));

const STUBS: &[Row] = &[("call_pushed", CALL_PUSHED, call_pushed)];

/// Publishes all stubs and defines their symbols.
///
/// # Errors
/// If there is no room for them.
pub fn publish(space: &mut CodeSpace) -> Result<(), CodeError> {
    for &(name, symbol, emit) in STUBS {
        let mut asm = Assembler::new();
        emit(&mut asm);
        let assembly = asm.assemble().map_err(|_| CodeError::Invalid { reason: "a stub does not assemble" })?;
        let code = space.publish_image(CodeImage::new(name, CodeKind::Runtime, assembly))?;
        if let Some(object) = space.get(code) {
            let address = object.entry() as u64;
            space.define_symbol(symbol.0, address);
        }
    }
    Ok(())
}

fn call_pushed(asm: &mut Assembler) {
    // The word keeps rsp a multiple of 16 in the callee. Unwinding goes along rbp and does not see it.
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.mov(Size::S64, Reg::RBX, Mem::base(Reg::R12, context::FRAME));
    asm.call(Reg::RAX);
    asm.add(Size::S64, Reg::RSP, 8);
    asm.mov(Size::S64, Reg::RCX, Mem::base(Reg::RBX, frame::CALL_WORD as i32 * 8));
    asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RBX, frame::LINK as i32 * 8));
    asm.shr(Size::S64, Reg::RDX, 28);
    asm.and(Size::S32, Reg::RDX, 0xf_ffff);
    asm.shl(Size::S64, Reg::RDX, 3);
    asm.sub(Size::S64, Reg::RBX, Reg::RDX);
    asm.shr(Size::S64, Reg::RCX, 24);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, Reg::RCX);
    asm.mov(Size::S64, Mem::index(Reg::RBX, Reg::RCX, tercel_asm::x64::Scale::X8, 0), Reg::RAX);
    asm.ret();
}
