//! What the unit tests share.

use crate::context::Context;

/// A context with an empty standard library.
pub fn context() -> Box<Context> {
    Context::new()
}
