//! What the suite expects of a host (INTERPRETING.md, "Host-Defined Functions"): `print` and `$262`, without `agent`.

use std::cell::RefCell;
use tercel::internals::vm::native::SpecKey;
use tercel::internals::vm::typed::ArrayBuffer;
use tercel::internals::vm::{Args, Context, FunctionSpec, Gc, Intrinsic, JsResult, Kind, Object, Realm, Value};

thread_local! {
    /// What the running test printed.
    static PRINTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the test printed since `install`.
pub fn printed() -> Vec<String> {
    PRINTED.with_borrow(Clone::clone)
}

static PRINT: FunctionSpec = named("print", 1, print);

/// The functions of `$262`.
static FUNCTIONS: [FunctionSpec; 4] = [
    named("createRealm", 0, create_realm),
    named("detachArrayBuffer", 1, detach_array_buffer),
    named("evalScript", 1, eval_script),
    named("gc", 0, gc),
];

const fn named(name: &'static str, length: u8, function: fn(&Context, &Args) -> JsResult<Value>) -> FunctionSpec {
    FunctionSpec::named(SpecKey::Text(name), length, function)
}

/// Defines the host's functions in the main realm, and forgets what was printed.
pub fn install(cx: &Context) {
    PRINTED.with_borrow_mut(Vec::clear);
    // The global object of a new realm refuses nothing.
    let defined = define(cx, cx.realm());
    debug_assert!(defined.is_ok());
}

/// Defines the host's functions in `realm`; the `$262` made.
fn define(cx: &Context, realm: Gc<Realm>) -> JsResult<Gc<Object>> {
    let global = realm.global_object();
    let host = cx.new_object_with_prototype(Some(cx.intrinsic_in(realm, Intrinsic::ObjectPrototype)));
    for spec in &FUNCTIONS {
        host.create_hidden(cx, spec.name.key(cx), cx.new_native_in(realm, spec).object().into())?;
    }
    host.create_hidden(cx, cx.key_from_utf8("global"), realm.global_this().into())?;
    global.create_hidden(cx, cx.key_from_utf8("print"), cx.new_native_in(realm, &PRINT).object().into())?;
    global.create_hidden(cx, cx.key_from_utf8("$262"), host.into())?;
    Ok(host)
}

fn print(cx: &Context, args: &Args) -> JsResult<Value> {
    let text = cx.to_string(args.get(0))?.to_rust(cx);
    PRINTED.with_borrow_mut(|lines| lines.push(text));
    Ok(Value::UNDEFINED)
}

fn create_realm(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(define(cx, cx.new_realm())?.into())
}

fn detach_array_buffer(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(buffer) = args.get(0).as_kind::<ArrayBuffer>(Kind::ArrayBuffer) else {
        return Err(cx.throw_type(format_args!("not an ArrayBuffer")));
    };
    cx.detach_array_buffer(buffer);
    Ok(Value::NULL)
}

/// Runs a script in the realm of the `$262` that the function belongs to.
fn eval_script(cx: &Context, args: &Args) -> JsResult<Value> {
    let source = cx.to_string(args.get(0))?.to_rust(cx);
    cx.eval_script(&source, "<evalScript>")
}

fn gc(cx: &Context, _: &Args) -> JsResult<Value> {
    cx.collect_now()?;
    Ok(Value::UNDEFINED)
}
