//! Classes: definitions, methods, private elements, field initialization.

use super::property::{call_getter, call_setter, learn};
use super::{Flow, Pc};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::feedback::SiteState;
use crate::frame::{self, Frame};
use crate::function::Function;
use crate::ic::attach::{attach_has_private, attach_private, private_of_form};
use crate::ic::interpret::{Outcome, run_stubs};
use crate::ic::megamorphic::Access;
use crate::key::PropertyKey;
use crate::object::PropertyDescriptor;
use crate::realm::Intrinsic;
use crate::shape::{ACCESSOR, WRITABLE};
use crate::symbol::Symbol;
use crate::value::Value;
use tercel_bytecode::op::instr;

/// ClassDefinitionEvaluation (§15.7.14) up to the elements.
#[inline(never)]
pub fn define_class(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DefineClass = pc.decode();
    let heritage = frame.get(i.heritage.0 as usize);
    let (prototype_parent, constructor_parent) = if heritage.is_empty() {
        (Some(cx.intrinsic(Intrinsic::ObjectPrototype)), cx.intrinsic(Intrinsic::FunctionPrototype))
    } else if heritage.is_null() {
        (None, cx.intrinsic(Intrinsic::FunctionPrototype))
    } else {
        let Some(parent) = heritage.as_object().filter(|o| o.is_constructor()) else {
            let shown = cx.describe(heritage);
            return Err(cx.throw_type(format_args!("Class extends value {shown} is not a constructor or null")));
        };
        let prototype = parent.get(cx, cx.names().prototype)?;
        if !prototype.is_object() && !prototype.is_null() {
            let shown = cx.describe(prototype);
            return Err(
                cx.throw_type(format_args!("Class extends value does not have valid prototype property {shown}"))
            );
        }
        let parent = frame.get(i.heritage.0 as usize).as_object().expect("checked above");
        (prototype.as_object(), parent)
    };
    let code = frame.code().function(cx, i.func.0 as usize);
    let prototype = cx.new_object_with_prototype(prototype_parent);
    let scope = frame.get(i.scope.0 as usize);
    let class = if heritage.is_empty() || heritage.is_null() {
        cx.new_function(code, scope)
    } else {
        cx.new_function_with_proto(code, scope, Some(constructor_parent))
    };
    cx.set_function_prototype(class, prototype);
    set_home(cx, class, prototype.into());
    prototype.create_hidden(cx, cx.names().constructor, class.into())?;
    frame.set(i.dst.0 as usize, class.into());
    frame.set(i.dst.0 as usize + 1, prototype.into());
    Ok(())
}

fn set_home(cx: &Context, function: Gc<Function>, home: Value) {
    function.home.set(home);
    cx.write_barrier(function.header_ptr(), home);
}

#[inline(never)]
pub fn set_home_object(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::SetHomeObject = pc.decode();
    if let Some(function) = frame.get(i.func.0 as usize).as_kind::<Function>(Kind::Function) {
        set_home(cx, function, frame.get(i.obj.0 as usize));
    }
    Ok(())
}

#[inline(never)]
pub fn set_class_init(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::SetClassInit = pc.decode();
    let init = frame.get(i.init.0 as usize);
    if let Some(class) = frame.get(i.ctor.0 as usize).as_kind::<Function>(Kind::Function) {
        class.class_init.set(init);
        cx.write_barrier(class.header_ptr(), init);
    }
    Ok(())
}

/// `true`: the class has nothing to initialize.
#[inline(never)]
pub fn get_class_init(_cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::GetClassInit = pc.decode();
    let init = frame
        .get(i.ctor.0 as usize)
        .as_kind::<Function>(Kind::Function)
        .map_or(Value::UNDEFINED, |f| f.class_init.get());
    if init.is_undefined() {
        return Ok(true);
    }
    let this = frame.get(i.this.0 as usize);
    frame.set(i.block.0 as usize, init);
    frame.set(i.block.0 as usize + frame::THIS, this);
    Ok(false)
}

#[inline(never)]
pub fn get_super_constructor(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::GetSuperConstructor = pc.decode();
    let parent = match frame.get(i.func.0 as usize).as_object() {
        Some(function) => function.prototype(cx)?.map_or(Value::NULL, Value::from),
        None => Value::NULL,
    };
    frame.set(i.dst.0 as usize, parent);
    Ok(())
}

/// A method, getter or setter of a class or an object literal (§15.4.5 DefineMethodProperty and after).
#[inline(never)]
pub fn define_method(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DefineMethod = pc.decode();
    let object = frame.get(i.obj.0 as usize).as_object().expect("the operand is an object");
    let function = frame.get(i.func.0 as usize);
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let mut d = PropertyDescriptor {
        enumerable: Some(i.what.0 & 4 != 0),
        configurable: Some(true),
        ..PropertyDescriptor::default()
    };
    match i.what.0 & 3 {
        0 => (d.value, d.writable) = (Some(function), Some(true)),
        1 => d.getter = Some(function),
        _ => d.setter = Some(function),
    }
    object.define_or_throw(cx, key, &d)
}

#[inline(never)]
pub fn set_function_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::SetFunctionName = pc.decode();
    let Some(function) = frame.get(i.func.0 as usize).as_kind::<Function>(Kind::Function) else { return Ok(()) };
    if !function.code().own_name().is_empty() {
        return Ok(());
    }
    let prefix = match i.prefix.0 {
        1 => "get",
        2 => "set",
        _ => "",
    };
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    cx.set_function_name(function.object(), key, prefix)
}

// ---- Private elements

#[inline(never)]
pub fn new_private_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewPrivateName = pc.decode();
    let description = frame.code().constant(i.name.0 as usize);
    frame.set(i.dst.0 as usize, cx.new_private_name(description).into());
    Ok(())
}

/// The private name in a register.
fn private_key(frame: Frame, register: u16) -> PropertyKey {
    let symbol: Gc<Symbol> = frame.get(register as usize).as_kind(Kind::Symbol).expect("the operand is a private name");
    PropertyKey::symbol(symbol)
}

/// `#x`, as the source has it.
fn private_text(cx: &Context, key: PropertyKey) -> String {
    let mut text = key.display(cx).to_string();
    text.truncate(text.find('\0').unwrap_or(text.len()));
    text
}

#[cold]
fn throw_no_member(cx: &Context, key: PropertyKey, what: &str) -> Throw {
    let name = key.display(cx).to_string();
    // A method's name tells what its receiver must be.
    if let Some((_, brand)) = name.split_once('\0') {
        return cx.throw_type(format_args!("Receiver must be {brand}"));
    }
    cx.throw_type(format_args!(
        "Cannot {what} private member {name} {} an object whose class did not declare it",
        if what == "write" { "to" } else { "from" }
    ))
}

#[inline(never)]
pub fn get_private(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetPrivate = pc.decode();
    let key = private_key(frame, i.key.0);
    let obj = frame.get(i.obj.0 as usize);
    let Some(object) = obj.as_object() else { return Err(throw_no_member(cx, key, "read")) };
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let known = private_of_form(site, object, key);
    if !known.is_empty() {
        frame.set(i.dst.0 as usize, known);
        return Ok(Flow::Next);
    }
    let Some(element) = object.private_element(cx, key) else { return Err(throw_no_member(cx, key, "read")) };
    if !element.is_accessor() {
        attach_private(cx, code, site, object, key, Access::Get);
        frame.set(i.dst.0 as usize, element.value);
        return Ok(Flow::Next);
    }
    match element.accessor() {
        Some(pair) if !pair.getter.get().is_undefined() => {
            attach_private(cx, code, site, object, key, Access::Get);
            call_getter::<instr::GetPrivate>(cx, frame, pc, pair.getter.get(), obj, i.dst.0)
        }
        _ => {
            let name = private_text(cx, key);
            Err(cx.throw_type(format_args!("'{name}' was defined without a getter")))
        }
    }
}

#[inline(never)]
pub fn set_private(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::SetPrivate = pc.decode();
    let key = private_key(frame, i.key.0);
    let (obj, v) = (frame.get(i.obj.0 as usize), frame.get(i.src.0 as usize));
    let Some(object) = obj.as_object() else { return Err(throw_no_member(cx, key, "write")) };
    let Some(element) = object.private_element(cx, key) else { return Err(throw_no_member(cx, key, "write")) };
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    if element.is_accessor() {
        return match element.accessor() {
            Some(pair) if !pair.setter.get().is_undefined() => {
                attach_private(cx, code, site, object, key, Access::Set);
                call_setter::<instr::SetPrivate>(cx, frame, pc, pair.setter.get(), obj, v)
            }
            _ => {
                let name = private_text(cx, key);
                Err(cx.throw_type(format_args!("'{name}' was defined without a setter")))
            }
        };
    }
    if !element.has(WRITABLE) {
        let name = private_text(cx, key);
        return Err(cx.throw_type(format_args!("Private method '{name}' is not writable")));
    }
    attach_private(cx, code, site, object, key, Access::Set);
    object.set_private_element(cx, key, v);
    Ok(Flow::Next)
}

/// PrivateFieldAdd, PrivateMethodOrAccessorAdd (§7.3.28, §7.3.29).
#[inline(never)]
pub fn define_private(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DefinePrivate = pc.decode();
    let key = private_key(frame, i.key.0);
    let v = frame.get(i.src.0 as usize);
    let Some(object) = frame.get(i.obj.0 as usize).as_object() else { return Err(throw_no_member(cx, key, "write")) };
    let existing = object.private_element(cx, key);
    let twice = |cx: &Context| {
        let name = key.display(cx).to_string();
        if let Some((_, brand)) = name.split_once('\0') {
            let class = brand.trim_start_matches("an instance of ");
            return Err(
                cx.throw_type(format_args!("Cannot initialize private methods of {class} twice on the same object"))
            );
        }
        Err(cx.throw_type(format_args!("Cannot initialize {name} twice on the same object")))
    };
    match i.what.0 {
        what @ (2 | 3) => {
            let mut halves = (Value::UNDEFINED, Value::UNDEFINED);
            if let Some(pair) = existing.and_then(|e| e.accessor()) {
                halves = (pair.getter.get(), pair.setter.get());
            } else if existing.is_some() {
                return twice(cx);
            }
            let half = if what == 2 { &mut halves.0 } else { &mut halves.1 };
            if !half.is_undefined() {
                return twice(cx);
            }
            *half = v;
            let pair: Value = cx.new_accessor(halves.0, halves.1).into();
            if existing.is_some() {
                object.set_private_element(cx, key, pair);
                Ok(())
            } else {
                object.add_private_element(cx, key, pair, ACCESSOR)
            }
        }
        _ if existing.is_some() => twice(cx),
        1 => object.add_private_element(cx, key, v, 0),
        _ => object.add_private_element(cx, key, v, WRITABLE),
    }
}

#[inline(never)]
pub fn has_private(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::HasPrivate = pc.decode();
    let key = private_key(frame, i.key.0);
    let obj = frame.get(i.obj.0 as usize);
    let Some(object) = obj.as_object() else {
        let (name, shown) = (private_text(cx, key), cx.describe(obj));
        return Err(cx.throw_type(format_args!("Cannot use 'in' operator to search for '{name}' in {shown}")));
    };
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let inputs = [obj, Value::from_bits(key.bits())];
    let found = match run_stubs(cx, site.stubs.get(), &inputs) {
        Outcome::Done(found) => found.is_true(),
        _ => {
            let found = object.private_element(cx, key).is_some();
            if !cx.interp.no_ic && site.state.get() != SiteState::Megamorphic {
                object.shape(cx).mark_cached();
                learn(site, || attach_has_private(cx, code, site, object, key, found));
            }
            found
        }
    };
    frame.set(i.dst.0 as usize, Value::boolean(found));
    Ok(())
}
