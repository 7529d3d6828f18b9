//! Error objects, stack capture, and the `throw_*` helpers.
//!
//! An Error captures where it was made as a list of (code, pc) pairs, and makes text of it when somebody asks: programs that throw
//! a lot and never look at `stack` pay for a small array only. `stack` is an accessor of `Error.prototype` (as in the proposal
//! "Error Stacks"), whose text is that of V8: the error as a string, then a line `    at name (file:line:column)` a frame.

use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::error::{ErrorKind, JsResult, Throw};
use crate::frame::{self, flag};
use crate::function::NativeFunction;
use crate::interp::state::count;
use crate::native::Args;
use crate::object::{Object, PropertyDescriptor};
use crate::realm::{Intrinsic, Realm};
use crate::string::JsString;
use crate::value::Value;
use crate::values::ValueArray;
use std::cell::Cell;
use std::fmt::Arguments;
use std::fmt::Write;
use tercel_bytecode::FunctionKind;

/// Kind::Error. The captured stack is formatted when `stack` is first read.
#[repr(C)]
pub struct ErrorObject {
    pub object: Object,
    /// A `ValueArray` of captured frames, or the text, or undefined.
    pub trace: Cell<Value>,
}

/// Frames that an error captures.
const MAX_FRAMES: usize = 10;
/// Values a captured frame takes: code block or native function, pc, whether it was `new`.
const FRAME_VALUES: usize = 3;

/// One frame of a captured stack, for hosts that show errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackFrame {
    /// The function's name; empty if it has none or is no function.
    pub function: String,
    /// The source's name; empty for native functions.
    pub source: String,
    pub line: u32,
    pub column: u32,
    pub is_construct: bool,
}

fn prototype_of(kind: ErrorKind) -> Intrinsic {
    match kind {
        ErrorKind::Error => Intrinsic::ErrorPrototype,
        ErrorKind::EvalError => Intrinsic::EvalErrorPrototype,
        ErrorKind::RangeError => Intrinsic::RangeErrorPrototype,
        ErrorKind::ReferenceError => Intrinsic::ReferenceErrorPrototype,
        ErrorKind::SyntaxError => Intrinsic::SyntaxErrorPrototype,
        ErrorKind::TypeError => Intrinsic::TypeErrorPrototype,
        ErrorKind::UriError => Intrinsic::UriErrorPrototype,
        ErrorKind::AggregateError => Intrinsic::AggregateErrorPrototype,
        ErrorKind::SuppressedError => Intrinsic::SuppressedErrorPrototype,
    }
}

impl Context {
    /// Makes `value` the pending exception.
    #[inline]
    pub fn throw(&self, value: Value) -> Throw {
        count(&self.interp.statistics.throws);
        self.exception.set(value);
        Throw
    }

    /// The pending exception, which is then no longer pending. (Never for a termination: see `is_terminating`.)
    #[inline]
    pub fn take_exception(&self) -> Value {
        debug_assert!(!self.is_terminating());
        self.exception.replace(Value::EMPTY)
    }

    /// A new error of the current realm with the message, its stack captured here.
    pub fn new_error(&self, kind: ErrorKind, message: Arguments<'_>) -> Gc<Object> {
        self.new_error_in(self.realm(), kind, message)
    }

    /// A new error of `realm`.
    pub(crate) fn new_error_in(&self, realm: Gc<Realm>, kind: ErrorKind, message: Arguments<'_>) -> Gc<Object> {
        let text = message.to_string();
        let error = self.new_error_object(self.intrinsic_in(realm, prototype_of(kind)));
        let message = self.string_from_utf8(&text);
        // A fresh object refuses nothing.
        let _ = error.create_hidden(self, self.names().message, message.into());
        error
    }

    /// An Error object of the prototype `proto` without properties, its stack captured here.
    pub fn new_error_object(&self, proto: Gc<Object>) -> Gc<Object> {
        self.new_error_with_trace(proto, |cx| cx.capture_stack())
    }

    /// As [`Context::new_error_object`], for the running constructor: its own frame, and those of the constructors of derived classes that
    /// called it, tell nothing of where the error was made.
    pub fn new_constructed_error(&self, proto: Gc<Object>, new_target: Value) -> Gc<Object> {
        self.new_error_with_trace(proto, |cx| {
            let made_by = |info: &frame::FrameInfo| info.frame.callee() == new_target;
            let skipped = cx.interp.frames().take(MAX_FRAMES).position(|info| made_by(&info));
            cx.capture_stack_below(skipped.map_or(1, |at| at + 1))
        })
    }

    fn new_error_with_trace(&self, proto: Gc<Object>, trace: impl FnOnce(&Context) -> Value) -> Gc<Object> {
        // SAFETY: objects of the kind are ErrorObjects.
        let error: Gc<ErrorObject> = unsafe { self.new_object_of_kind(Kind::Error, proto).cast() };
        error.trace.set(Value::UNDEFINED);
        error.trace.set(trace(self));
        // SAFETY: an ErrorObject begins with an object.
        unsafe { error.cast() }
    }

    #[cold]
    pub fn throw_error(&self, kind: ErrorKind, message: Arguments<'_>) -> Throw {
        let error = self.new_error(kind, message);
        self.throw(error.into())
    }
    #[cold]
    pub fn throw_type(&self, message: Arguments<'_>) -> Throw {
        self.throw_error(ErrorKind::TypeError, message)
    }
    /// TypeError of the realm of the function `callee`, which is about to be called: what its [[Call]] throws.
    #[cold]
    pub(crate) fn throw_type_of(&self, callee: Value, message: Arguments<'_>) -> Throw {
        let realm = crate::realm::realm_of_callee(callee).unwrap_or_else(|| self.realm());
        let error = self.new_error_in(realm, ErrorKind::TypeError, message);
        self.throw(error.into())
    }
    #[cold]
    pub fn throw_range(&self, message: Arguments<'_>) -> Throw {
        self.throw_error(ErrorKind::RangeError, message)
    }
    #[cold]
    pub fn throw_reference(&self, message: Arguments<'_>) -> Throw {
        self.throw_error(ErrorKind::ReferenceError, message)
    }
    #[cold]
    pub fn throw_syntax(&self, message: Arguments<'_>) -> Throw {
        self.throw_error(ErrorKind::SyntaxError, message)
    }
    /// RangeError for memory that cannot be had ("Array buffer allocation failed", …).
    #[cold]
    pub fn throw_out_of_memory(&self, message: Arguments<'_>) -> Throw {
        self.throw_error(ErrorKind::RangeError, message)
    }
    /// RangeError "Maximum call stack size exceeded".
    #[cold]
    #[inline(never)]
    pub fn throw_stack_overflow(&self) -> Throw {
        self.throw_range(format_args!("Maximum call stack size exceeded"))
    }

    /// TypeError "x is not a function", naming the expression where the source shows it.
    #[cold]
    #[inline(never)]
    pub fn throw_not_callable(&self, v: Value) -> Throw {
        let name = self.blamed_expression().unwrap_or_else(|| self.describe(v));
        self.throw_type(format_args!("{name} is not a function"))
    }

    /// TypeError "x is not a constructor".
    #[cold]
    #[inline(never)]
    pub fn throw_not_constructor(&self, v: Value) -> Throw {
        let name = self.blamed_expression().unwrap_or_else(|| self.describe(v));
        self.throw_type(format_args!("{name} is not a constructor"))
    }

    /// TypeError "x is not iterable".
    #[cold]
    #[inline(never)]
    pub fn throw_not_iterable(&self, v: Value) -> Throw {
        let name = self.describe(v);
        self.throw_type(format_args!("{name} is not iterable"))
    }

    /// How the value would be shown in an error message (short; runs no script).
    #[cold]
    pub fn describe(&self, v: Value) -> String {
        if let Some(s) = v.as_string() {
            let text = s.to_rust(self);
            let short: String = text.chars().take(60).collect();
            let dots = if short.len() < text.len() { "..." } else { "" };
            return format!("\"{short}{dots}\"");
        }
        if v.is_undefined() {
            return "undefined".into();
        }
        if v.is_null() {
            return "null".into();
        }
        if v.is_boolean() {
            return v.as_boolean().to_string();
        }
        if v.is_number() {
            return self.string_from_number(v.as_number()).to_rust(self);
        }
        match v.kind() {
            Some(Kind::Symbol) => {
                let symbol: Gc<crate::symbol::Symbol> = v.as_kind(Kind::Symbol).expect("the kind was checked");
                symbol.descriptive_string(self)
            }
            Some(Kind::BigInt) => self.to_string(v).map_or_else(|_| "a BigInt".into(), |s| s.to_rust(self)),
            Some(Kind::Function) => {
                let code = v.as_kind::<crate::function::Function>(Kind::Function).expect("the kind was checked").code();
                let name = code.own_name().to_string();
                let what = if code.has(code_flag::CLASS) { "class" } else { "function" };
                format!("{what} {}", if name.is_empty() { "(anonymous)" } else { &name })
            }
            Some(Kind::NativeFunction) => {
                let native: Gc<NativeFunction> = v.as_kind(Kind::NativeFunction).expect("the kind was checked");
                format!("function {}", native.name.get())
            }
            Some(Kind::Array) => "[object Array]".into(),
            Some(kind) if kind.is_object() => {
                let object = v.as_object().expect("the kind was checked");
                format!("#<{}>", self.constructor_name(object).unwrap_or_else(|| "Object".into()))
            }
            _ => "value".into(),
        }
    }

    /// The name of the constructor that an object's prototype chain names, without running script.
    pub fn constructor_name(&self, object: Gc<Object>) -> Option<String> {
        let mut at = Some(object);
        for _ in 0..64 {
            let o = at?;
            let kind = o.kind();
            if matches!(kind, Kind::Proxy | Kind::ModuleNamespace | Kind::HostObject) {
                return None;
            }
            if let Ok(Some(d)) = o.get_own(self, self.names().constructor) {
                let f = d.value?;
                return match f.kind()? {
                    Kind::Function => {
                        Some(f.as_kind::<crate::function::Function>(Kind::Function)?.code().own_name().to_string())
                    }
                    Kind::NativeFunction => {
                        Some(f.as_kind::<NativeFunction>(Kind::NativeFunction)?.name.get().to_string())
                    }
                    _ => None,
                }
                .filter(|name| !name.is_empty());
            }
            at = o.prototype(self).ok()?;
        }
        None
    }

    /// The innermost frames as a `ValueArray`, to be formatted later; undefined if nothing runs.
    pub fn capture_stack(&self) -> Value {
        self.capture_stack_below(0)
    }

    /// The stack without its innermost `skipped` frames.
    fn capture_stack_below(&self, skipped: usize) -> Value {
        let mut found: [Value; MAX_FRAMES * FRAME_VALUES] = [Value::UNDEFINED; MAX_FRAMES * FRAME_VALUES];
        let mut n = 0;
        for info in self.interp.frames().skip(skipped) {
            if n == MAX_FRAMES {
                break;
            }
            let (cell, pc) = if info.frame.is_native() {
                if info.frame.callee().kind() != Some(Kind::NativeFunction) {
                    continue;
                }
                (info.frame.callee(), Value::UNDEFINED)
            } else {
                let code = info.frame.code();
                (code.into(), Value::int32(info.pc as i32))
            };
            let is_new = info.frame.has_flag(flag::CONSTRUCT) || !info.frame.get(frame::NEW_TARGET).is_undefined();
            found[n * FRAME_VALUES] = cell;
            found[n * FRAME_VALUES + 1] = pc;
            found[n * FRAME_VALUES + 2] = Value::boolean(is_new);
            n += 1;
        }
        if n == 0 {
            return Value::UNDEFINED;
        }
        // A small array: never refused.
        let Ok(array) = self.new_value_array(n * FRAME_VALUES) else { return Value::UNDEFINED };
        for (i, v) in found[..n * FRAME_VALUES].iter().enumerate() {
            array.set(self, i, *v);
        }
        array.into()
    }

    /// The frames of a captured stack.
    pub fn stack_frames(&self, trace: Value) -> Vec<StackFrame> {
        let Some(array) = trace.as_kind::<ValueArray>(Kind::ValueArray) else { return Vec::new() };
        (0..array.len() / FRAME_VALUES)
            .map(|i| {
                let (cell, pc) = (array.get(i * FRAME_VALUES), array.get(i * FRAME_VALUES + 1));
                let is_construct = array.get(i * FRAME_VALUES + 2).is_true();
                if let Some(name) = cell.as_string() {
                    // A place where nothing ran: a syntax error. The line, and the column instead of the flag.
                    let column = array.get(i * FRAME_VALUES + 2).as_int32() as u32;
                    let line = pc.as_int32() as u32;
                    return StackFrame {
                        function: String::new(),
                        source: name.to_rust(self),
                        line,
                        column,
                        is_construct: false,
                    };
                }
                match cell.as_kind::<CodeBlock>(Kind::CodeBlock) {
                    Some(code) => describe_code_frame(code, pc.as_int32() as u32, is_construct),
                    None => StackFrame {
                        function: cell
                            .as_kind::<NativeFunction>(Kind::NativeFunction)
                            .map_or("", |f| f.name.get())
                            .to_string(),
                        source: String::new(),
                        line: 0,
                        column: 0,
                        is_construct,
                    },
                }
            })
            .collect()
    }

    /// The frames that the Error `error` captured; empty for other values, and once the text was made or replaced.
    pub fn error_frames(&self, error: Value) -> Vec<StackFrame> {
        error.as_kind::<ErrorObject>(Kind::Error).map_or_else(Vec::new, |e| self.stack_frames(e.trace.get()))
    }

    /// The `stack` text of an Error object (formats and caches).
    pub fn error_stack(&self, error: Gc<Object>) -> JsResult<Value> {
        let value: Value = error.into();
        let Some(e) = value.as_kind::<ErrorObject>(Kind::Error) else { return Ok(Value::UNDEFINED) };
        if e.trace.get().is_string() {
            return Ok(e.trace.get());
        }
        let header = match self.error_header(error) {
            Ok(header) => header,
            Err(throw) => {
                self.catch(throw)?;
                "Error".into()
            }
        };
        let text = self.format_stack(&header, e.trace.get());
        let text: Value = self.string_from_utf8(&text).into();
        e.trace.set(text);
        self.write_barrier(e.header_ptr(), text);
        Ok(text)
    }

    /// The header and a line for each captured frame.
    pub fn format_stack(&self, header: &str, trace: Value) -> String {
        let mut text = header.to_string();
        for f in self.stack_frames(trace) {
            let new = if f.is_construct && !f.function.is_empty() { "new " } else { "" };
            // Writing to a String cannot fail.
            let _ = match (f.function.is_empty(), f.source.is_empty()) {
                (true, true) => write!(text, "\n    at <anonymous>"),
                (false, true) => write!(text, "\n    at {new}{} (native)", f.function),
                (true, false) => write!(text, "\n    at {}:{}:{}", f.source, f.line, f.column),
                (false, false) => write!(text, "\n    at {new}{} ({}:{}:{})", f.function, f.source, f.line, f.column),
            };
        }
        text
    }

    /// Puts a place in a source before the frames that an error captured.
    pub(crate) fn prepend_frame(&self, error: Gc<Object>, source: &str, line: u32, column: u32) {
        let value: Value = error.into();
        let Some(error) = value.as_kind::<ErrorObject>(Kind::Error) else { return };
        let old = error.trace.get().as_kind::<ValueArray>(Kind::ValueArray);
        let count = old.map_or(0, |a| a.len());
        // A small array: never refused.
        let Ok(array) = self.new_value_array(count + FRAME_VALUES) else { return };
        array.set(self, 0, self.string_from_utf8(source).into());
        array.set(self, 1, Value::int32(line as i32));
        array.set(self, 2, Value::int32(column as i32));
        for i in 0..count {
            array.set(self, FRAME_VALUES + i, old.map_or(Value::UNDEFINED, |a| a.get(i)));
        }
        error.trace.set(array.into());
        self.write_barrier(error.header_ptr(), array.into());
    }

    /// Error.prototype.toString's text (§20.5.3.4).
    pub(crate) fn error_header(&self, error: Gc<Object>) -> JsResult<String> {
        let name = error.get(self, self.names().name)?;
        let name = if name.is_undefined() { "Error".into() } else { self.to_string(name)?.to_rust(self) };
        let message = error.get(self, self.names().message)?;
        let message = if message.is_undefined() { String::new() } else { self.to_string(message)?.to_rust(self) };
        Ok(match (name.is_empty(), message.is_empty()) {
            (true, _) => message,
            (_, true) => name,
            _ => format!("{name}: {message}"),
        })
    }

    /// `Error.captureStackTrace(object)`: an own property `stack` with the text as of now.
    pub fn capture_stack_trace(&self, object: Gc<Object>) -> JsResult<()> {
        let text = self.capture_stack_text(object.into())?;
        object.define_or_throw(self, self.names().stack, &hidden(text.into()))
    }

    /// What `Error.captureStackTrace(object)` stores: the value as a header, and the stack as of now.
    pub fn capture_stack_text(&self, v: Value) -> JsResult<Gc<JsString>> {
        let header = match v.as_object() {
            Some(object) => self.error_header(object)?,
            None => "Error".into(),
        };
        self.try_string_from_utf8(&self.format_stack(&header, self.capture_stack()))
    }

    /// The source text of the expression that the running instruction blames: what is called, or read from. `None` where it
    /// would not help.
    pub fn blamed_expression(&self) -> Option<String> {
        let info = self.interp.frames().next()?;
        if info.frame.is_native() {
            return None;
        }
        let template = info.frame.code().template();
        if template.flags.contains(tercel_bytecode::TemplateFlags::BUILTIN) {
            return None;
        }
        let offset = template.positions.offset_at(info.pc as u32) as usize;
        crate::blame::expression_at(&template.source.text, offset)
    }
}

fn describe_code_frame(code: Gc<CodeBlock>, pc: u32, is_construct: bool) -> StackFrame {
    let template = code.template();
    if template.flags.contains(tercel_bytecode::TemplateFlags::BUILTIN) {
        return StackFrame {
            function: template.name.to_string(),
            source: String::new(),
            line: 0,
            column: 0,
            is_construct,
        };
    }
    let position = template.position_at(pc);
    let function = match template.kind {
        FunctionKind::Script | FunctionKind::Module => String::new(),
        FunctionKind::Eval => "eval".into(),
        _ if template.name.is_empty() => "<anonymous>".into(),
        _ => template.name.to_string(),
    };
    StackFrame {
        function,
        source: template.source.name.clone(),
        line: position.line,
        column: position.column,
        is_construct,
    }
}

/// A property as assignment makes it, but not enumerable.
fn hidden(value: Value) -> PropertyDescriptor {
    PropertyDescriptor {
        value: Some(value),
        writable: Some(true),
        enumerable: Some(false),
        configurable: Some(true),
        ..PropertyDescriptor::default()
    }
}

/// The getter of `Error.prototype.stack`.
pub fn stack_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.this().as_object() {
        Some(error) => cx.error_stack(error),
        None => Err(cx.throw_type(format_args!("Error.prototype.stack getter called on non-object"))),
    }
}

/// The setter of `Error.prototype.stack`: an own data property.
pub fn stack_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(object) = args.this().as_object() else {
        return Err(cx.throw_type(format_args!("Error.prototype.stack setter called on non-object")));
    };
    object.define_or_throw(cx, cx.names().stack, &hidden(args.get(0)))?;
    Ok(Value::UNDEFINED)
}
