//! What the unit tests share.

use crate::context::Context;

/// A context with an empty standard library.
pub fn context() -> Box<Context> {
    Context::new()
}

pub fn collect(cx: &Context, kind: tercel_gc::CollectKind, roots: &[std::cell::Cell<crate::value::Value>]) {
    struct R<'a>(&'a Context, &'a [std::cell::Cell<crate::value::Value>]);
    impl tercel_gc::Roots for R<'_> {
        fn trace(&self, t: &mut tercel_gc::Tracer) {
            self.0.text.trace(t);
            for r in self.1 { t.visit_value(unsafe { &*(r as *const std::cell::Cell<crate::value::Value>).cast() }); }
        }
        fn sweep_weak(&self, s: &tercel_gc::WeakSweep) { self.0.text.sweep(s) }
    }
    unsafe { cx.heap.collect(kind, &R(cx, roots), "test") };
}
