//! Lazy properties: slots that hold a recipe until they are touched.
//!
//! - Of intrinsic objects: the slot holds the address of the row in the static table ([`PropertySpec`]), disguised as a number
//!   so that the collector passes over it. Reading it makes the function or object.
//! - Of functions: the slot is `EMPTY`. `length` and `name` are read off the code each time, and never made unless somebody
//!   redefines them; `prototype` is made when it is first read.
//!
//! A lazy property exists, with its final attributes, for every purpose but its value; inline caches never cache one. Making it
//! is no structural change: nobody can have depended on its value.

use super::Object;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::function::{Function, NativeFunction, native_flag};
use crate::key::PropertyKey;
use crate::native::PropertySpec;
use crate::shape::{CONFIGURABLE, LAZY, PropertyEntry, WATCHED, WRITABLE};
use crate::string::JsString;
use crate::value::{INT32_TAG, Value};

/// The slot of a lazy property that `spec` describes. An address has at most 48 bits; the tag above says "no cell".
pub(crate) fn recipe(spec: &'static PropertySpec) -> Value {
    Value::from_bits(INT32_TAG | spec as *const PropertySpec as u64)
}

fn spec_of(recipe: Value) -> &'static PropertySpec {
    // SAFETY: made by `recipe` from a static reference.
    unsafe { &*((recipe.bits() & !INT32_TAG) as *const PropertySpec) }
}

impl Gc<Object> {
    /// The property of a lazy entry, made if it has an identity.
    #[cold]
    #[inline(never)]
    pub(crate) fn lazy_property(self, cx: &Context, entry: PropertyEntry) -> Property {
        let attributes = entry.attributes & !(LAZY | WATCHED);
        let slot = self.slot(entry.location);
        let value = if !slot.is_empty() {
            // Making the value may settle other properties of this object, so the entry is looked up again.
            let made = cx.make_property(self, spec_of(slot));
            match self.shape(cx).lookup(cx, entry.key) {
                Some(now) if now.has(LAZY) => self.settle_lazy(cx, now, made),
                Some(now) => return Property { value: self.slot(now.location), attributes: now.attributes & !WATCHED },
                None => {}
            }
            made
        } else if entry.key == cx.names().prototype {
            let made = cx.make_function_prototype(self);
            self.settle_lazy(cx, entry, made);
            made
        } else {
            cx.function_metadata(self, entry.key)
        };
        Property { value, attributes }
    }

    /// The lazy property has this value from now on.
    pub(crate) fn settle_lazy(self, cx: &Context, entry: PropertyEntry, value: Value) {
        debug_assert!(entry.has(LAZY));
        let attributes = entry.attributes & !LAZY;
        let shape = self.shape(cx);
        if shape.is_unique() {
            // No structural change: see the module's text.
            shape.unique_configure(entry, attributes);
        } else {
            let child = shape.configure_transition(cx, entry, attributes);
            self.set_shape(cx, child);
        }
        // At most a handful of slots for a function: a small cell is never refused. Intrinsics have theirs from the start.
        if self.ensure_slots(cx, self.shape(cx).out_of_line_count()).is_ok() {
            self.set_slot(cx, entry.location, value);
        }
    }

    /// Makes the lazy property `key`, if there is one that is still to be made: before caches look at the shape. True if so.
    pub fn resolve_lazy(self, cx: &Context, key: PropertyKey) -> bool {
        match self.shape(cx).lookup(cx, key) {
            Some(entry) if entry.has(LAZY) => {
                let p = self.lazy_property(cx, entry);
                if let Some(now) = self.shape(cx).lookup(cx, key).filter(|now| now.has(LAZY)) {
                    self.settle_lazy(cx, now, p.value);
                }
                true
            }
            _ => false,
        }
    }
}

impl Context {
    /// `length` or `name` of a function that nobody has redefined.
    fn function_metadata(&self, f: Gc<Object>, key: PropertyKey) -> Value {
        let is_length = key == self.names().length;
        if let Some(f) = f.as_kind::<Function>(Kind::Function) {
            let template = f.code().template();
            return if is_length {
                Value::int32(template.length as i32)
            } else {
                self.intern_text(&template.name).into()
            };
        }
        if let Some(f) = f.as_kind::<NativeFunction>(Kind::NativeFunction) {
            let flags = f.flags.get();
            return if is_length {
                Value::int32((flags >> native_flag::LENGTH_SHIFT) as i32)
            } else {
                self.intern_utf8(&self.native_name(f)).into()
            };
        }
        Value::UNDEFINED
    }

    /// The `name` that a native begins with: "get size", "[Symbol.iterator]".
    pub fn native_name(&self, f: Gc<NativeFunction>) -> String {
        let flags = f.flags.get();
        let prefix = if flags & native_flag::GETTER != 0 {
            "get "
        } else if flags & native_flag::SETTER != 0 {
            "set "
        } else {
            ""
        };
        let text = f.name.get();
        if flags & native_flag::SYMBOL_NAME != 0 { format!("{prefix}[{text}]") } else { format!("{prefix}{text}") }
    }

    /// The `prototype` of a function that was not asked for it before (MakeConstructor, §10.2.5; generators, §15.5.2).
    fn make_function_prototype(&self, f: Gc<Object>) -> Value {
        let Some(function) = f.as_kind::<Function>(Kind::Function) else { return Value::UNDEFINED };
        let code = function.code();
        let realm = code.realm();
        let prototype = if code.has(crate::code::code_flag::GENERATOR) {
            let intrinsic = if code.has(crate::code::code_flag::ASYNC) {
                crate::realm::Intrinsic::AsyncGeneratorPrototype
            } else {
                crate::realm::Intrinsic::GeneratorPrototype
            };
            self.new_object_with_prototype(Some(self.intrinsic_in(realm, intrinsic)))
        } else {
            let object_prototype = self.intrinsic_in(realm, crate::realm::Intrinsic::ObjectPrototype);
            let prototype = self.new_object_with_prototype(Some(object_prototype));
            let added = prototype.add_property(self, self.names().constructor, f.into(), WRITABLE | CONFIGURABLE);
            debug_assert!(added.is_ok());
            prototype
        };
        prototype.into()
    }

    /// The `prototype` that a class definition gives its constructor.
    pub fn set_function_prototype(&self, f: Gc<Function>, prototype: Gc<Object>) {
        let o = f.object();
        if let Some(entry) = o.shape(self).lookup(self, self.names().prototype) {
            o.store_entry(self, entry, prototype.into());
        }
    }

    /// SetFunctionName (§10.2.9) and the like: replaces the function's own `name`.
    pub fn define_function_name(&self, f: impl Into<Gc<Object>>, name: Gc<JsString>) -> crate::error::JsResult<()> {
        self.define_function_property(f.into(), self.names().name, name.into())
    }

    /// SetFunctionLength (§10.2.10).
    pub fn define_function_length(&self, f: impl Into<Gc<Object>>, length: Value) -> crate::error::JsResult<()> {
        self.define_function_property(f.into(), self.names().length, length)
    }

    fn define_function_property(&self, f: Gc<Object>, key: PropertyKey, value: Value) -> crate::error::JsResult<()> {
        match f.shape(self).lookup(self, key) {
            Some(entry) => {
                f.configure_property(self, entry, value, CONFIGURABLE);
                Ok(())
            }
            None => f.add_property(self, key, value, CONFIGURABLE),
        }
    }

    /// SetFunctionName (§10.2.9) with a property key or private name. `prefix`: "get", "set" or "".
    pub fn set_function_name(&self, f: Gc<Object>, key: PropertyKey, prefix: &str) -> crate::error::JsResult<()> {
        let mut name = match key.as_symbol() {
            Some(symbol) if symbol.is_private() => symbol.description.get().as_string().unwrap_or(self.empty_string()),
            Some(symbol) => match symbol.description.get().as_string() {
                None => self.empty_string(),
                Some(description) => {
                    let open = self.concat(self.single_char(b'[' as u16), description)?;
                    self.concat(open, self.single_char(b']' as u16))?
                }
            },
            None => match key.as_index() {
                Some(i) => self.string_from_u32(i),
                None => key.as_name().unwrap_or(self.empty_string()),
            },
        };
        if !prefix.is_empty() {
            let prefix = self.string_from_utf8(&format!("{prefix} "));
            name = self.concat(prefix, name)?;
        }
        self.define_function_name(f, name)
    }
}
