//! A template instantiated in a realm: constants as values, feedback, counters. (Contract; bodies follow.)

use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::realm::Realm;
use std::sync::Arc;
use tercel_bytecode::Template;

/// Kind::CodeBlock; does not move.
#[repr(C)]
pub struct CodeBlock {
    pub header: CellHeader,
    // Private to the interpreter and the JITs.
}

impl Context {
    /// A code block of `template` in `realm`.
    pub fn new_code_block(&self, _template: Arc<Template>, _realm: Gc<Realm>) -> Gc<CodeBlock> { todo!() }
}
