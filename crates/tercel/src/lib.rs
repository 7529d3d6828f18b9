//! Tercel: a JavaScript engine for Rust programs.
//!
//! ```
//! use tercel::Engine;
//!
//! let engine = Engine::new()?;
//! let n: f64 = engine.eval("[1, 2, 3].map((x) => x * x).reduce((a, b) => a + b)")?;
//! assert_eq!(n, 14.0);
//! # Ok::<(), tercel::Error>(())
//! ```
//!
//! * [`Engine`] owns a heap and runs scripts and modules; several engines live in one process side by side, each is used from one
//!   thread at a time and may move between threads.
//! * [`Value`] is a JavaScript value that Rust holds: primitives by value, everything else by a rooted [`Handle`] that stays right
//!   when the collector moves the object.
//! * [`FromJs`] and [`IntoJs`] convert; [`Engine::function`] makes a JavaScript function of a Rust closure.
//! * [`Options`] sets limits and tiers; [`InterruptHandle`] stops a script from another thread.
//!
//! A script cannot make any of this panic or abort: what goes wrong comes back as an [`Error`].

mod convert;
mod engine;
mod error;
mod host;
mod value;

pub use convert::{FromJs, IntoArgs, IntoJs};
pub use engine::{Engine, InterruptHandle, Realm, Statistics};
pub use error::{Error, ErrorKind, Frame};
pub use host::{Arguments, HostFunction};
pub use tercel_vm::context::{Options, Thresholds};
pub use value::{Function, Handle, Object, Value};

/// Asks the system for what the process needs to reuse memory of machine code. Optional: it is asked when that first happens, but then
/// takes 10 to 15 ms if the process has several threads; before it has, 3 µs.
pub fn prepare_process() {
    #[cfg(feature = "jit")]
    tercel_jit::prepare_process();
}

/// The engine's inner crates, for tools that look inside (dumps, conformance runners). Not covered by any promise of stability.
#[doc(hidden)]
pub mod internals {
    pub use tercel_builtins as builtins;
    pub use tercel_bytecode as bytecode;
    pub use tercel_front as front;
    #[cfg(feature = "jit")]
    pub use tercel_jit as jit;
    pub use tercel_regexp as regexp;
    pub use tercel_vm as vm;
}
