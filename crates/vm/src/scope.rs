//! Scopes: heap cells with captured variables. (Contract; bodies follow.)

use crate::cell::{CellHeader, Gc};
use crate::value::Value;
use std::cell::Cell;

/// Kind::Scope. `header.words` counts all words after the header (parent, info, slots).
#[repr(C)]
pub struct Scope {
    pub header: CellHeader,
    /// The enclosing scope, or null.
    pub parent: Cell<Value>,
    /// The `CodeBlock` whose template describes the scope, and which of its scopes: (block, index) as one cell and the header's flags.
    pub owner: Cell<Value>,
    pub slot_count: Cell<u32>,
    pub template_index: Cell<u32>,
    // slots follow
}

impl Gc<Scope> {
    pub fn slot(self, _i: usize) -> Value { todo!() }
}
