//! What the unit tests share.

use crate::context::{Context, Options};
use crate::gc_roots::ContextRoots;
use crate::native::Builtins;
use tercel_gc::CollectKind;

static NO_LIBRARY: Builtins = Builtins::EMPTY;

/// A context without a standard library, whose collector fills freed memory with poison and verifies the heap.
pub fn context() -> Box<Context> {
    let options = Options { gc_every: Some(1), ..Options::default() };
    Context::new(options, &NO_LIBRARY).expect("memory for a heap")
}

/// Collects with precise roots only: what is to survive lies in a `ValueList`.
pub fn collect(cx: &Context, kind: CollectKind) {
    // SAFETY: the tests use no reference afterwards that is not read from a rooted list or known not to move.
    unsafe { cx.heap.collect(kind, &ContextRoots { cx, top: None }, "test") }
}
