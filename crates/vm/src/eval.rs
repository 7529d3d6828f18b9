//! Scripts, indirect eval, `new Function`. (Contract; bodies follow.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::function::Function;
use crate::object::Object;
use crate::value::Value;
use std::sync::Arc;
use tercel_bytecode::Template;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DynamicFunctionKind { Normal, Generator, Async, AsyncGenerator }

impl Context {
    /// Compiles and runs a script in the current realm; its completion value. SyntaxErrors are thrown.
    pub fn eval_script(&self, _source: &str, _name: &str) -> JsResult<Value> { todo!() }
    pub fn run_script_template(&self, _template: Arc<Template>) -> JsResult<Value> { todo!() }
    /// Indirect eval of a string (PerformEval with direct = false).
    pub fn indirect_eval(&self, _source: Value) -> JsResult<Value> { todo!() }
    /// CreateDynamicFunction (§20.2.1.1.1); `args` are the constructor's arguments, body last.
    pub fn create_dynamic_function(&self, _kind: DynamicFunctionKind, _constructor: Gc<Object>, _new_target: Value, _args: &[Value]) -> JsResult<Gc<Function>> { todo!() }
    /// A closure over the global environment, for self-hosted builtins.
    pub fn function_from_template(&self, _template: Arc<Template>) -> Gc<Function> { todo!() }
}
