//! How natives receive their arguments. (Contract; the owner of objects adds the tables of builtins.)

use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{self, Frame};
use crate::value::Value;
use std::cell::Cell;

/// A function implemented in Rust.
pub type NativeFn = fn(&Context, &Args) -> JsResult<Value>;

/// The window of a native's frame. The values live on the VM stack, so reading them again after a call into
/// JavaScript is always right.
pub struct Args {
    pub(crate) frame: Frame,
    pub(crate) argc: usize,
}

impl Args {
    #[inline(always)]
    pub fn this(&self) -> Value {
        self.frame.get(frame::THIS)
    }
    /// The argument `i`, undefined when absent.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Value {
        if i < self.argc { self.frame.get(frame::FIRST_ARG + i) } else { Value::UNDEFINED }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.argc
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.argc == 0
    }
    /// undefined in a plain call.
    #[inline(always)]
    pub fn new_target(&self) -> Value {
        self.frame.get(frame::NEW_TARGET)
    }
    #[inline(always)]
    pub fn callee(&self) -> Value {
        self.frame.get(frame::CALLEE)
    }
    #[inline(always)]
    pub fn slice(&self) -> &[Cell<Value>] {
        // SAFETY: the frame's window holds `argc` arguments from FIRST_ARG on for as long as the native runs; the VM
        // stack does not move, and `Cell<Value>` has the layout of `Value`.
        unsafe { std::slice::from_raw_parts(self.frame.0.add(frame::FIRST_ARG).cast(), self.argc) }
    }
    /// Replaces argument `i` (must be present): for natives that keep converted arguments rooted.
    #[inline(always)]
    pub fn set(&self, i: usize, v: Value) {
        debug_assert!(i < self.argc);
        self.frame.set(frame::FIRST_ARG + i, v);
    }
}
