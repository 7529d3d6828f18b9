//! Calls from Rust into JavaScript. (Contract; bodies follow.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::object::Object;
use crate::value::Value;

impl Context {
    /// Call(f, this, args) (§7.3.13). The arguments are copied to the VM stack, where they are precise roots.
    /// TypeError if `f` is not callable. A safepoint: `Gc`s held in locals are pinned, not moved.
    pub fn call(&self, _f: Value, _this: Value, _args: &[Value]) -> JsResult<Value> { todo!() }
    /// Construct(f, args, new_target) (§7.3.14). TypeError if `f` is no constructor.
    pub fn construct(&self, _f: Gc<Object>, _args: &[Value], _new_target: Gc<Object>) -> JsResult<Value> { todo!() }
    /// Call with the elements of `args` (a `ValueList`'s or a frame's window).
    pub fn call_cells(&self, _f: Value, _this: Value, _args: &[std::cell::Cell<Value>]) -> JsResult<Value> { todo!() }
    pub fn construct_cells(&self, _f: Gc<Object>, _args: &[std::cell::Cell<Value>], _new_target: Gc<Object>) -> JsResult<Value> { todo!() }
}
