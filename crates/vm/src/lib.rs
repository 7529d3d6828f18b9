//! Values, strings, shapes, objects, interpreter, inline caches, frames.

pub mod async_generator;
pub mod bigint;
pub mod blame;
pub mod call;
pub mod cell;
pub mod code;
pub mod collections;
pub mod context;
pub mod convert;
pub mod elements;
pub mod error;
pub mod error_object;
pub mod eval;
pub mod feedback;
pub mod frame;
pub mod function;
pub mod gc_roots;
pub mod generator;
pub mod ic;
pub mod interp;
pub mod interrupt;
pub mod iterators;
pub mod job;
pub mod key;
pub mod list;
pub mod module;
pub mod module_evaluation;
pub mod names;
pub mod native;
pub mod number;
pub mod object;
pub mod operators;
pub mod promise;
pub mod realm;
pub mod record;
pub mod scope;
pub mod shape;
pub mod stack;
pub mod string;
pub mod symbol;
#[cfg(test)]
mod testing;
pub mod text;
pub mod typed;
pub mod unwind;
pub mod value;
pub mod values;
pub mod weak;

pub use cell::{Cell64, CellHeader, Gc, Kind};
pub use context::{Context, Options, Thresholds};
pub use convert::{Hint, Numeric};
pub use error::{ErrorKind, JsResult, Throw};
pub use key::PropertyKey;
pub use list::ValueList;
pub use native::{Args, Builtins, FunctionSpec, NativeFn, ObjectSpec, PropertySpec, PropertyValue};
pub use object::{IntegrityLevel, Object, PropertyDescriptor};
pub use realm::{Intrinsic, Realm};
pub use string::JsString;
pub use symbol::Symbol;
pub use value::Value;

#[cfg(test)]
mod testing;
