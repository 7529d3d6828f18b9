//! What the unit tests share.

use crate::context::{Context, Options};
use crate::gc_roots::ContextRoots;
use crate::native::Builtins;
use crate::value::Value;
use std::cell::Cell;
use tercel_gc::{CollectKind, Roots, Tracer, WeakSweep};

/// A context with an empty standard library.
pub fn context() -> Box<Context> {
    context_with(Options::default())
}

pub fn context_with(options: Options) -> Box<Context> {
    Context::new(options, &Builtins::EMPTY).expect("memory for a heap")
}

/// A collection in which `extra` are roots besides the context's own; nothing is pinned, so everything movable moves.
pub fn collect(cx: &Context, kind: CollectKind, extra: &[Cell<Value>]) {
    struct WithExtra<'a>(ContextRoots<'a>, &'a [Cell<Value>]);
    impl Roots for WithExtra<'_> {
        fn trace(&self, tracer: &mut Tracer) {
            self.0.trace(tracer);
            for root in self.1 {
                // SAFETY: a value is one word in the collector's encoding.
                tracer.visit_value(unsafe { &*std::ptr::from_ref(root).cast::<Cell<u64>>() });
            }
        }
        fn sweep_weak(&self, sweep: &WeakSweep) {
            self.0.sweep_weak(sweep);
        }
    }
    // SAFETY: tests keep what they use in `extra`, in rooted lists, or in cells reachable from there.
    unsafe { cx.heap.collect(kind, &WithExtra(ContextRoots::new(cx, None), extra), "test") };
}
