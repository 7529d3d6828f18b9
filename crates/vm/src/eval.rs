//! Compiling and running source text: scripts, indirect and direct eval, `new Function` (ECMA-262 §16.1, §19.2.1, §20.2.1.1.1).

use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{ErrorKind, JsResult, Throw};
use crate::error_object::ErrorObject;
use crate::function::{Function, NativeFunction};
use crate::native::{Args, SelfHostedSource};
use crate::object::Object;
use crate::realm::{Intrinsic, Realm};
use crate::scope::Scope;
use crate::string::{Chars, JsString, StringBuilder};
use crate::value::Value;
use std::cell::Cell;
use std::sync::Arc;
use tercel_bytecode::{EvalInfo, Source, Template, TemplateFlags};
use tercel_front::{CompileError, CompileErrorKind, DynamicFunction, Options};

/// Which of the four function constructors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionFlavor {
    Normal,
    Generator,
    Async,
    AsyncGenerator,
}

/// A file of self-hosted functions, instantiated in a realm. (The realm lives as long: its functions' code blocks refer to it.)
pub struct SelfHostedFile {
    realm: usize,
    file: usize,
    /// The `Scope` with its functions.
    pub(crate) scope: Cell<Value>,
}

impl Context {
    fn compile_options(&self) -> Options {
        Options {
            natives: self.options.allow_natives,
            native_stack: self.native_stack_left(),
            defer_from: self.options.defer_from,
            ..Options::default()
        }
    }

    /// Bytes of native stack that may be used from here on.
    pub(crate) fn native_stack_left(&self) -> usize {
        let here = crate::interp::entry::stack_pointer();
        here.saturating_sub(self.interp.native_limit.get())
    }

    /// Throws what the compiler found, as of its place in the source.
    #[cold]
    fn throw_compile_error(&self, source: &Source, error: &CompileError) -> Throw {
        let kind = match error.kind {
            CompileErrorKind::Syntax => ErrorKind::SyntaxError,
            CompileErrorKind::Range => ErrorKind::RangeError,
        };
        let object = self.new_error(kind, format_args!("{}", error.message));
        self.prepend_frame(object, &source.name, error.position.line, error.position.column);
        self.throw(object.into())
    }

    /// The source of code that a script gives as a string. What it imports is relative to the script or module that runs
    /// (GetActiveScriptOrModule, §9.4.1).
    fn dynamic_source(&self, name: &str, text: Gc<JsString>) -> JsResult<Arc<Source>> {
        let referrer = self.interp.frames().find(|info| !info.frame.is_native()).map(|info| {
            let source = &info.frame.code().template().source;
            source.referrer.clone().unwrap_or_else(|| source.name.clone())
        });
        let source = match text.chars(self)? {
            Chars::Utf16(units) => Source::from_utf16(name, units.iter().copied()),
            latin1 => Source::new(name, latin1.to_utf8_lossy()),
        };
        Ok(Arc::new(source.with_referrer(referrer)))
    }

    /// Compiles a script in the current realm.
    pub fn compile_script(&self, source: &str, name: &str) -> JsResult<Arc<Template>> {
        let source = Arc::new(Source::new(name, source));
        tercel_front::compile_script(&source, &self.compile_options())
            .map_err(|e| self.throw_compile_error(&source, &e))
    }

    /// Compiles a module.
    pub(crate) fn compile_module_source(&self, source: &str, name: &str) -> JsResult<Arc<Template>> {
        let source = Arc::new(Source::new(name, source));
        tercel_front::compile_module(&source, &self.compile_options())
            .map_err(|e| self.throw_compile_error(&source, &e))
    }

    /// Compiles and runs a script in the current realm; its completion value.
    pub fn eval_script(&self, source: &str, name: &str) -> JsResult<Value> {
        let template = self.compile_script(source, name)?;
        self.run_script_template(template)
    }

    /// Runs a script's template in the current realm; its completion value.
    pub fn run_script_template(&self, template: Arc<Template>) -> JsResult<Value> {
        let function = self.function_from_template(template);
        let this = self.realm().global_this();
        self.call(function.into(), this.into(), &[])
    }

    /// A closure over the global environment of the current realm.
    pub fn function_from_template(&self, template: Arc<Template>) -> Gc<Function> {
        self.function_in_realm(template, self.realm())
    }

    pub(crate) fn function_in_realm(&self, template: Arc<Template>, realm: Gc<Realm>) -> Gc<Function> {
        let block = self.new_code_block(template, realm);
        self.new_function(block, Value::NULL)
    }

    /// The top-level function `name` of a file of self-hosted code. The file is compiled when the realm first needs it, as a module
    /// without imports, so that its functions find one another in a scope that no script sees.
    ///
    /// # Panics
    /// If the library's own source does not compile, or has no such function: a defect of the engine, found by any test that
    /// touches the function.
    pub(crate) fn instantiate_self_hosted(
        &self,
        realm: Gc<Realm>,
        file: &'static SelfHostedSource,
        name: &str,
    ) -> Gc<Function> {
        let key = std::ptr::from_ref(file) as usize;
        let known = self.interp.self_hosted.borrow().iter().position(|f| f.realm == realm.addr() && f.file == key);
        let scope: Gc<Scope> = match known {
            Some(at) => {
                self.interp.self_hosted.borrow()[at].scope.get().as_kind(Kind::Scope).expect("a scope was stored")
            }
            None => {
                let scope = self.load_self_hosted(realm, file);
                let entry = SelfHostedFile { realm: realm.addr(), file: key, scope: Cell::new(scope.into()) };
                self.interp.self_hosted.borrow_mut().push(entry);
                scope
            }
        };
        let functions = scope.owner.get().template().module.as_ref().map(|m| &m.functions);
        let found = functions.into_iter().flatten().map(|&(slot, _)| scope.slot(slot as usize)).find_map(|v| {
            let f = v.as_kind::<Function>(Kind::Function)?;
            f.code().own_name().eq_str(name).then_some(f)
        });
        found.unwrap_or_else(|| panic!("{} has no function {name}", file.name))
    }

    fn load_self_hosted(&self, realm: Gc<Realm>, file: &'static SelfHostedSource) -> Gc<Scope> {
        let source = Arc::new(Source::new(file.name, file.text));
        let options = Options { natives: true, builtin: true, ..self.compile_options() };
        let template = tercel_front::compile_module(&source, &options).unwrap_or_else(|e| panic!("{}:{e}", file.name));
        let code = self.new_code_block(template, realm);
        let info = code.template().module.as_ref().expect("modules have linking data");
        let Ok(scope) = self.new_scope(code, info.scope as usize, Value::NULL) else {
            unreachable!("{} has a few dozen functions: a small cell is never refused", file.name)
        };
        for &(slot, function) in &info.functions {
            let f = self.new_function(code.function(self, function as usize), scope.into());
            scope.set_slot(self, slot as usize, f.into());
        }
        scope
    }

    /// Indirect eval: PerformEval with direct = false.
    pub fn indirect_eval(&self, source: Value) -> JsResult<Value> {
        let Some(text) = source.as_string() else { return Ok(source) };
        let source = self.dynamic_source("<eval>", text)?;
        let template = tercel_front::compile_eval(&source, &EvalInfo::default(), &self.compile_options())
            .map_err(|e| self.throw_compile_error(&source, &e))?;
        self.run_script_template(template)
    }

    /// The function of direct eval code at site `eval` of `code`, closed over `scope`.
    pub(crate) fn compile_direct_eval(
        &self,
        code: Gc<CodeBlock>,
        eval: usize,
        text: Gc<JsString>,
        scope: Value,
    ) -> JsResult<Gc<Function>> {
        let source = self.dynamic_source("<eval>", text)?;
        let template = tercel_front::compile_eval(&source, &code.template().evals[eval], &self.compile_options())
            .map_err(|e| self.throw_compile_error(&source, &e))?;
        let block = self.new_code_block(template, code.realm());
        block.module.set(code.module.get());
        let function = self.new_function(block, scope);
        Ok(function)
    }

    /// CreateDynamicFunction (§20.2.1.1.1) for a call of one of the four constructors.
    pub fn create_dynamic_function(&self, args: &Args, flavor: FunctionFlavor) -> JsResult<Value> {
        let (kind, fallback) = match flavor {
            FunctionFlavor::Normal => (DynamicFunction::Normal, Intrinsic::FunctionPrototype),
            FunctionFlavor::Generator => (DynamicFunction::Generator, Intrinsic::GeneratorFunctionPrototype),
            FunctionFlavor::Async => (DynamicFunction::Async, Intrinsic::AsyncFunctionPrototype),
            FunctionFlavor::AsyncGenerator => {
                (DynamicFunction::AsyncGenerator, Intrinsic::AsyncGeneratorFunctionPrototype)
            }
        };
        let (before, between, after) = kind.frame();
        let mut text = StringBuilder::new(self);
        text.push_str(before)?;
        let last = args.len().saturating_sub(1);
        for i in 0..last {
            if i > 0 {
                text.push_str(",")?;
            }
            text.push_string(self.to_string(args.get(i))?)?;
        }
        let parameters_end = utf8_length(text.chars());
        text.push_str(between)?;
        if !args.is_empty() {
            text.push_string(self.to_string(args.get(last))?)?;
        }
        text.push_str(after)?;
        let source = self.dynamic_source("anonymous", text.finish()?)?;
        let template = tercel_front::compile_function_source(&source, parameters_end, &self.compile_options())
            .map_err(|e| self.throw_compile_error(&Source::new("anonymous", ""), &e))?;
        let new_target = if args.new_target().is_undefined() { args.callee() } else { args.new_target() };
        let prototype = self.prototype_from_new_target(new_target, fallback)?;
        let block = self.new_code_block(template, self.realm());
        Ok(self.new_function_with_proto(block, Value::NULL, Some(prototype)).into())
    }

    /// What `Function.prototype.toString` shows (§20.2.3.5).
    pub fn function_source(&self, f: Gc<Object>) -> JsResult<Gc<JsString>> {
        let value: Value = f.into();
        let text = if let Some(function) = value.as_kind::<Function>(Kind::Function) {
            let template = function.code().template();
            if template.flags.contains(TemplateFlags::BUILTIN) {
                format!("function {}() {{ [native code] }}", template.name)
            } else {
                let span = template.span.start as usize..template.span.end as usize;
                let text = template.source.text.get(span).unwrap_or_default();
                return self.string_from_template(&template.source.restore(text.into()));
            }
        } else if let Some(native) = value.as_kind::<NativeFunction>(Kind::NativeFunction) {
            native_source(self, native)
        } else {
            "function () { [native code] }".into()
        };
        self.try_string_from_utf8(&text)
    }

    /// The text of an uncaught exception: the stack of an Error, or the value.
    pub fn error_text(&self, v: Value) -> String {
        if let Some(error) = v.as_kind::<ErrorObject>(Kind::Error) {
            match self.error_header(error.object()) {
                Ok(header) => return header,
                Err(throw) => {
                    if self.catch(throw).is_err() {
                        return "terminated".into();
                    }
                }
            }
        }
        if let Some(s) = v.as_string() {
            return s.to_rust(self);
        }
        self.describe(v)
    }
}

/// The length of characters in UTF-8; lone surrogates take four bytes, as in [`Source::from_utf16`].
fn utf8_length(chars: Chars<'_>) -> usize {
    Source::from_utf16("", chars.units()).text.len()
}

/// The source of a native: its name where that makes a legal text.
fn native_source(cx: &Context, native: Gc<NativeFunction>) -> String {
    let _ = cx;
    let name = native.name.get();
    let bracketed = name.starts_with("Symbol.");
    let (open, close) = if bracketed { ("[", "]") } else { ("", "") };
    format!("function {open}{name}{close}() {{ [native code] }}")
}
