//! Layouts of function objects (the parts that calls need; the owner of objects adds creation and lazy properties).

use crate::cell::Gc;
use crate::code::CodeBlock;
use crate::native::NativeFn;
use crate::object::Object;
use crate::value::Value;
use std::cell::Cell;

/// Kind::Function: a closure.
#[repr(C)]
pub struct Function {
    pub object: Object,
    pub code: Cell<Gc<CodeBlock>>,
    /// The captured scope, or null.
    pub env: Cell<Value>,
    /// [[HomeObject]], or undefined.
    pub home: Cell<Value>,
    /// [[ClassInit]] of a class constructor: the function that adds fields to its `this`, or undefined.
    pub class_init: Cell<Value>,
}

impl Gc<Function> {
    #[inline(always)]
    pub fn code(self) -> Gc<CodeBlock> {
        self.code.get()
    }
}

/// Kind::NativeFunction.
#[repr(C)]
pub struct NativeFunction {
    pub object: Object,
    pub function: Cell<NativeFn>,
    /// What the interpreter does instead of calling it: see `native_special`. 0: just call.
    pub special: Cell<u32>,
    /// Bit 0: constructor.
    pub flags: Cell<u32>,
    pub realm: Cell<Value>,
    /// State of closures made by builtins (promise resolvers …).
    pub data: [Cell<Value>; 2],
}

/// `NativeFunction::special`: natives that the interpreter turns into a call of something else, so that no native
/// frame lies under it (tail-forwarding: DESIGN "proper tail calls").
pub mod native_special {
    pub const NONE: u32 = 0;
    /// Function.prototype.call
    pub const CALL: u32 = 1;
    /// Function.prototype.apply
    pub const APPLY: u32 = 2;
    /// Reflect.apply
    pub const REFLECT_APPLY: u32 = 3;
    /// %GeneratorPrototype%.next, .return, .throw
    pub const GENERATOR_NEXT: u32 = 4;
    pub const GENERATOR_RETURN: u32 = 5;
    pub const GENERATOR_THROW: u32 = 6;
    /// Reflect.construct
    pub const REFLECT_CONSTRUCT: u32 = 7;
}

/// Kind::BoundFunction.
#[repr(C)]
pub struct BoundFunction {
    pub object: Object,
    pub target: Cell<Value>,
    pub this: Cell<Value>,
    /// A `ValueArray` of the bound arguments, or undefined.
    pub args: Cell<Value>,
}
