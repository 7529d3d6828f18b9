//! Rows of the op table that only make sense for JavaScript.
//!
//! They name things of the engine by bare numbers; what they mean and how they become machine ops is the JIT's business,
//! and the reference interpreter asks a [`JsHost`](crate::interp::JsHost) for them. What matters here is what passes need:
//! types and effects. Calls of runtime helpers need no row: a `call` names a
//! [`CallTarget::Helper`](crate::CallTarget::Helper) with the effects of the helper.

macro_rules! js_rows {
    ($then:ident { $($rest:tt)* }) => { $then! { {
    /// A heap object that the compiled code keeps alive.
    JsConst = "js_const" () -> (T), TAGGED, Heap, CONSTANT;
    /// An int32 as a value.
    JsBoxInt32 = "js_box_int32" (I32) -> (T), TAGGED, None, PURE;
    /// A double as a value; the payload of a NaN is dropped.
    JsBoxDouble = "js_box_double" (F64) -> (T), TAGGED, None, PURE;
    /// A boolean (zero or not) as a value.
    JsBoxBool = "js_box_bool" (Cond) -> (T), TAGGED, None, PURE;
    /// Whether a value is an int32: 0 or 1.
    JsIsInt32 = "js_is_int32" (Tagged) -> (I8), NONE, None, PURE;
    /// Whether a value is a number: 0 or 1.
    JsIsNumber = "js_is_number" (Tagged) -> (I8), NONE, None, PURE;
    /// Whether a value is a heap object: 0 or 1.
    JsIsCell = "js_is_cell" (Tagged) -> (I8), NONE, None, PURE;
    /// The int32 in a value that is known to be one.
    JsUnboxInt32 = "js_unbox_int32" (Tagged) -> (T), only(Type::I32), None, PURE;
    /// The number in a value that is known to be one.
    JsUnboxNumber = "js_unbox_number" (Tagged) -> (T), only(Type::F64), None, PURE;
    /// The int32 in a value; exits if it is anything else.
    JsGuardInt32 = "js_guard_int32" (Tagged) -> (T), only(Type::I32), None, GUARD;
    /// The number in a value; exits if it is anything else.
    JsGuardNumber = "js_guard_number" (Tagged) -> (T), only(Type::F64), None, GUARD;
    /// Exits unless the value is a heap object.
    JsGuardCell = "js_guard_cell" (Tagged) -> (), NONE, None, GUARD;
    /// Exits unless the heap object has this shape. Shapes change only where memory is written.
    JsGuardShape = "js_guard_shape" (Tagged) -> (), NONE, Shape, GUARD.with(Effects::READS);
    /// A new closure of a template in the context that is the operand.
    JsClosure = "js_closure" (Tagged) -> (T), TAGGED, Template, Effects::SAFEPOINT.with(Effects::MAY_HAVE_FRAME);
    } $($rest)* } };
}
