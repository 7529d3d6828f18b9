//! Symbols and private names (non-moving cells). (Contract.)
use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::value::Value;
use std::cell::Cell;

#[repr(C)]
pub struct Symbol {
    pub header: CellHeader,
    pub hash: Cell<u32>,
    pub flags: Cell<u32>,
    /// A string or undefined.
    pub description: Cell<Value>,
}

impl Context {
    pub fn new_symbol(&self, _description: Value) -> Gc<Symbol> { todo!() }
    pub fn new_private_name(&self, _description: Value) -> Gc<Symbol> { todo!() }
}
