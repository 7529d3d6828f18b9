//! The bytecode: op table, function templates, verifier, printer.
//!
//! * [`table`]: the one table of ops: operands, effects, feedback, meaning. Everything else derives from it.
//! * [`op`]: what the table makes: [`Op`], [`OpInfo`], typed instructions ([`instr`]), decoding, successors.
//! * [`template`]: [`Template`], the plain data of one function, and what it carries: constants, handlers, scopes, positions.
//! * [`text`]: [`JsStr`], string constants as Latin-1 or UTF-16.
//! * [`assembler`]: labels and encoding; used by the front end and by tests.
//! * [`verify`]: every rule that the interpreter and the JITs rely on, checked.
//! * [`print`]: the text form, for dumps and filetests.
//!
//! # The frame
//!
//! A frame is an upward-growing window of 64-bit value slots; register `n` is the slot `fp[n]`, the header included:
//!
//! | register | holds |
//! |---|---|
//! | r0 | the callee: the function object that runs |
//! | r1 | link: the return pc and the distance to the caller's frame; never an operand |
//! | r2 | env: the scope that the closure captured (null at global level; the module's scope in a module) |
//! | r3 | argument count and flags; never an operand |
//! | r4 | `new.target` |
//! | r5 | `this` |
//! | r6.. | parameters in order (`num_params`), then locals, then temporaries |
//!
//! A **call block** is a run of registers of the caller at `base`, laid out as the callee's header: `base+0` the callee, `base+5`
//! `this`, `base+6..` the arguments; the call fills in the rest, and the callee's frame starts at `base` (no copying). Hence a
//! block lies above every live register of its caller. A call fills missing parameters and all other registers of the callee with
//! undefined; extra arguments are kept only for templates with [`TemplateFlags::USES_EXTRA_ARGS`], at `fp[num_registers + i - num_params]`
//! for argument `i >= num_params`.
//!
//! An **iterator record** is a run of three registers at `base`: the iterator, its `next` method, and a state that belongs to
//! the VM (its fast path over arrays). While the fast path is on, `base+1` holds `empty`.
//!
//! # Scopes
//!
//! Variables that closures capture live in heap scopes: cells with a parent link and slots, described by a [`ScopeTemplate`]. The
//! current scope is an ordinary register that the compiler chooses, so unwinding restores nothing.
#![forbid(unsafe_code)]

pub mod assembler;
pub mod op;
pub mod print;
pub mod table;
pub mod template;
pub mod text;
pub mod verify;

pub use op::{Effects, FeedbackKind, Op, OpInfo, OperandKind, OperandValue, instr};
pub use template::{
    Constant, Deferred, ErrorKind, EvalInfo, ExportEntry, FunctionKind, GlobalDeclarations, GlobalFunction,
    GlobalLexical, Handler, ImportEntry, ImportName, KeyList, Lower, ModuleInfo, Position, Positions, ScopeChain,
    ScopeKind, ScopeTemplate, ScopeVar, Source, SwitchTable, Template, TemplateFlags, VarKind,
};
pub use text::JsStr;

/// Registers of the frame header (see the crate's page).
pub mod frame {
    /// The function object that runs.
    pub const CALLEE: u16 = 0;
    /// The scope that the closure captured.
    pub const ENV: u16 = 2;
    /// `new.target`; undefined in plain calls.
    pub const NEW_TARGET: u16 = 4;
    /// `this`; `empty` in a derived constructor before `super()`.
    pub const THIS: u16 = 5;
    /// The first parameter, and in a call block the first argument.
    pub const FIRST_PARAM: u16 = 6;
}

/// Upper bound of registers a frame, so that every register fits a code unit with room to spare.
pub const MAX_REGISTERS: usize = 65_000;
