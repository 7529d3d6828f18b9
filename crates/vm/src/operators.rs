//! Slow paths of the arithmetic operators (ECMA-262 §13.15.3), for any operands. (Signatures; bodies follow.)
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;

impl Context {
    pub fn add_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn sub_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn mul_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn div_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn mod_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn exp_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn bitand_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn bitor_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn bitxor_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn shl_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn shr_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn ushr_slow(&self, _a: Value, _b: Value) -> JsResult<Value> { todo!() }
    pub fn inc_slow(&self, _a: Value) -> JsResult<Value> { todo!() }
    pub fn dec_slow(&self, _a: Value) -> JsResult<Value> { todo!() }
    pub fn neg_slow(&self, _a: Value) -> JsResult<Value> { todo!() }
    pub fn bitnot_slow(&self, _a: Value) -> JsResult<Value> { todo!() }
    /// ToNumeric as a value: the operand of `x++` before the increment.
    pub fn to_numeric_value(&self, _a: Value) -> JsResult<Value> { todo!() }
}
