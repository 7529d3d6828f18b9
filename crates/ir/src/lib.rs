//! The SSA intermediate representation: builder, verifier, text form, reference interpreter.
//!
//! A [`Function`] is a control-flow graph in static single assignment form. Where other IRs have phi nodes, blocks have
//! *parameters* and each edge passes *arguments*. Everything is named by a `u32` index into an arena of the function
//! ([`Value`], [`Inst`], [`Block`], …), so a function is a handful of flat vectors: cheap to walk, to clone and to send to
//! another thread.
//!
//! | module | holds |
//! |---|---|
//! | [`entity`] | indices, arenas, lists of values |
//! | [`types`] | the value types: integers, floats, vectors, `ptr`, `tagged` |
//! | [`ops`] | the op table (one macro, row files `machine` and `js`) and the effects of each op |
//! | [`imm`] | immediates: conditions, trap codes, memory flags, identifiers of the engine |
//! | [`function`] | functions, blocks, instructions, frame states, signatures, modules |
//! | [`builder`] | makes SSA on the fly from reads and writes of variables |
//! | [`cfg`](mod@cfg), [`dominators`], [`loops`] | the analyses that nearly every pass needs |
//! | [`scratch`] | storage of tables that the next compilation uses again |
//! | [`verifier`] | the rules that every function obeys between passes |
//! | [`print`](mod@print), [`parse`] | the text form (`.tir`) |
//! | [`eval`], [`interp`] | what each op means, and an interpreter that serves as the reference |
//! | [`generate`] | random well-typed, terminating functions for differential tests |
#![forbid(unsafe_code)]

pub mod builder;
pub mod cfg;
pub mod dominators;
pub mod entity;
pub mod eval;
pub mod function;
pub mod generate;
pub mod imm;
pub mod interp;
pub mod loops;
pub mod ops;
pub mod parse;
pub mod print;
pub mod scratch;
pub mod types;
pub mod verifier;

pub use entity::{Block, FrameState, FuncId, FuncRef, Inst, SigRef, StackSlot, Value, ValueList, Variable};
pub use function::{
    CallConv, CallTarget, Edge, FrameStateData, FuncRefData, Function, InstData, InstSpec, Module, Signature, SlotData,
    SourcePos, ValueDef,
};
pub use imm::{AliasClass, FloatCc, HeapConst, HelperId, IntCc, MemFlags, ReduceOp, ShapeId, TemplateId, TrapCode};
pub use ops::{Effects, Op};
pub use scratch::Scratch;
pub use types::Type;
