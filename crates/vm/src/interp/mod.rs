//! The interpreter: tier 0.
//!
//! * [`dispatch`]: the loop, one `match` over the opcodes, with the fast paths of the hot ones;
//! * `entry`: the adapter through which Rust enters it, and the chain of entries;
//! * `state`: what it keeps in the context;
//! * handlers out of line, by topic: `arithmetic`, `property`, `super_property`, `element`, `globals`, `names`, `literals`, `classes`,
//!   `calls`, `control`, `iteration`, `arguments`, `dispose`.
//!
//! A handler out of line gets the frame and the pc, decodes its operands, and returns one of three results:
//! `JsResult<()>` (go on with the next instruction), `JsResult<bool>` (`true`: take the jump), `JsResult<Flow>`
//! (frames may have changed). The loop has stored the pc before it calls one.

pub mod arguments;
pub mod arithmetic;
pub mod calls;
pub mod classes;
pub mod control;
pub mod dispatch;
pub mod dispose;
pub mod element;
pub mod entry;
pub mod gc;
pub mod globals;
pub mod iteration;
pub mod literals;
pub mod names;
pub mod property;
pub mod state;
pub mod super_property;

pub use state::Interp;

use tercel_bytecode::op::Instr;

/// The address of the current instruction.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Pc(pub *const u16);

impl Pc {
    /// The operands of the instruction, which is an `I`.
    #[inline(always)]
    pub fn decode<I: Instr>(self) -> I {
        // SAFETY: the handler of op `I` runs only on instructions of that op, and the verifier made sure that each
        // instruction lies within its code.
        I::decode_with(|i| unsafe { *self.0.add(i) })
    }
}

/// How the loop goes on after a handler that may change frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Flow {
    /// With the next instruction of this frame.
    Next,
    /// With the innermost frame (in `Interp::frame`) at `Interp::pc`.
    Reload,
    /// By returning `Interp::result` from this frame.
    Return,
}
