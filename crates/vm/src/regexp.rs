//! RegExp objects as the engine makes them: their layout, the copy that a literal evaluates to, programs by pattern, the
//! matcher's memory, result arrays, and a quick way to see that `RegExp.prototype` is what the engine made.
//!
//! A RegExp is a [`ForeignObject`] whose foreign part is a counted reference to a [`Regex`]. What a literal evaluates to
//! shares the reference of its *origin*, an object that no script ever sees and that the copy keeps alive: so a literal
//! in a loop costs one small cell, without a finalizer.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::function::NativeFunction;
use crate::key::PropertyKey;
use crate::names;
use crate::native::NativeFn;
use crate::object::Object;
use crate::object::array::ArrayObject;
use crate::object::kinds::ForeignObject;
use crate::object::property::Accessor;
use crate::probe::Probe;
use crate::realm::{Intrinsic, RealmShape};
use crate::shape::{SlotLocation, WRITABLE};
use crate::string::{Chars, JsString};
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use tercel_gc::WeakSweep;
use tercel_regexp::{Flags, Input, PatternSource, Regex, Scratch, SyntaxError};

/// What the values of a RegExp's [`ForeignObject`] are.
pub mod field {
    /// [[OriginalSource]].
    pub const SOURCE: usize = 0;
    /// [[OriginalFlags]].
    pub const FLAGS: usize = 1;
    /// The RegExp whose foreign part this one shares; `EMPTY` if it has its own.
    pub const ORIGIN: usize = 2;
}

/// Programs that are kept for patterns that come again.
const MAX_PROGRAMS: usize = 256;
/// A backtrack stack larger than this, in bytes, is given back after the match.
const MAX_KEPT_SCRATCH: usize = 256 << 10;
/// Properties that [`Context::is_native_own`] can watch.
const PROBES: usize = 10;

/// The state of regular expressions in a context.
#[derive(Default)]
pub struct Regexps {
    /// By pattern and flags.
    programs: RefCell<FxHashMap<(Vec<u16>, Flags), Arc<Regex>>>,
    scratch: RefCell<Scratch>,
    probes: [Probe; PROBES],
    /// For `exec` of the prototype, as the next field's.
    exec_probe: Probe,
    /// The native function of RegExp.prototype.exec, once it was asked for.
    exec_function: Cell<Option<NativeFn>>,
}

impl Regexps {
    /// Forgets what is known by the ids of shapes, which a full collection may give to others.
    pub(crate) fn sweep(&self, sweep: &WeakSweep) {
        if sweep.is_full() {
            self.probes.iter().chain([&self.exec_probe]).for_each(Probe::forget);
        }
    }
}

impl Gc<ForeignObject> {
    /// Where `lastIndex` is, if the object is a RegExp with no other property and that one is writable.
    #[inline]
    pub fn plain_last_index(self, cx: &Context) -> Option<SlotLocation> {
        let shape = cx.realm_shape(RealmShape::RegExp);
        (self.object().shape_id() == shape.id(cx)).then(|| shape.location_of_slot(0))
    }
}

impl Context {
    /// RegExpAlloc (§22.2.3.2) with the current realm's prototype: `lastIndex` is 0, and there is no pattern yet.
    pub fn new_regexp_object(&self) -> Gc<ForeignObject> {
        let shape = self.realm_shape(RealmShape::RegExp);
        let r: Gc<ForeignObject> = self.alloc_object_raw(shape, Kind::RegExp);
        r.object().set_slot(self, shape.location_of_slot(0), Value::ZERO);
        r
    }

    /// The own property `lastIndex` of a new RegExp with a prototype of its own (§22.2.3.2).
    pub fn define_last_index(&self, regexp: Gc<Object>) -> JsResult<()> {
        regexp.add_property(self, self.names().last_index, Value::ZERO, WRITABLE)
    }

    /// A RegExp of the current realm with the pattern of `origin`, which has one and keeps it.
    pub(crate) fn copy_regexp(&self, origin: Gc<ForeignObject>) -> Gc<ForeignObject> {
        let r = self.new_regexp_object();
        r.set_value_at(self, field::SOURCE, origin.value_at(field::SOURCE));
        r.set_value_at(self, field::FLAGS, origin.value_at(field::FLAGS));
        r.set_value_at(self, field::ORIGIN, origin.into());
        r.foreign.set(origin.foreign.get());
        r
    }

    /// The program of a pattern, compiled now or before.
    ///
    /// # Errors
    /// The pattern's.
    pub fn compile_regexp(&self, pattern: PatternSource<'_>, flags: Flags) -> Result<Arc<Regex>, SyntaxError> {
        let units: Vec<u16> = match pattern {
            PatternSource::Utf8(text) => text.encode_utf16().collect(),
            PatternSource::Latin1(bytes) => bytes.iter().map(|&b| u16::from(b)).collect(),
            PatternSource::Utf16(units) => units.to_vec(),
        };
        let mut programs = self.library.regexps.programs.borrow_mut();
        let key = (units, flags);
        if let Some(regex) = programs.get(&key) {
            return Ok(regex.clone());
        }
        let regex = Arc::new(Regex::compile(&key.0[..], flags)?);
        if programs.len() >= MAX_PROGRAMS {
            programs.clear();
        }
        programs.insert(key, regex.clone());
        Ok(regex)
    }

    /// The matcher's memory: the context's, or fresh memory where a match is under way (a host's interrupt handler that matches).
    pub fn with_regexp_scratch<R>(&self, f: impl FnOnce(&mut Scratch) -> R) -> R {
        let Ok(mut scratch) = self.library.regexps.scratch.try_borrow_mut() else { return f(&mut Scratch::new()) };
        let result = f(&mut scratch);
        if scratch.bytes() > MAX_KEPT_SCRATCH {
            scratch.shrink_to(MAX_KEPT_SCRATCH);
        }
        result
    }

    /// Whether a RegExp without `g` and `y` matches, if nothing that `test` does could run a script, and the match is over before its first poll.
    #[inline]
    pub fn test_briefly(&self, regexp: Gc<ForeignObject>, string: Gc<JsString>) -> Option<bool> {
        let last_index = regexp.object().slot(regexp.plain_last_index(self)?);
        let regexps = &self.library.regexps;
        let function = regexps.exec_function.get().or_else(|| {
            let function = self.library_function(Intrinsic::RegExpPrototype, names::EXEC);
            regexps.exec_function.set(function);
            function
        })?;
        let prototype = self.intrinsic(Intrinsic::RegExpPrototype);
        let exec: Gc<NativeFunction> =
            regexps.exec_probe.value(self, prototype, self.names().exec)?.as_kind(Kind::NativeFunction)?;
        if !last_index.is_number() || !std::ptr::fn_addr_eq(exec.function.get(), function) {
            return None;
        }
        // SAFETY: `foreign` is null or a reference that lives as long as this object or its origin, which it keeps.
        let regex = unsafe { regexp.foreign.get().cast::<Regex>().as_ref() }?;
        if regex.flags().contains(Flags::GLOBAL) || regex.flags().contains(Flags::STICKY) {
            return None;
        }
        let input = match string.chars(self) {
            Ok(Chars::Latin1(text)) => Input::Latin1(text),
            Ok(Chars::Utf16(text)) => Input::Utf16(text),
            // The native will come upon the error again.
            Err(_) => {
                if !self.is_terminating() {
                    self.take_exception();
                }
                return None;
            }
        };
        self.with_regexp_scratch(|scratch| regex.exec(input, 0, scratch, &mut || false)).ok()
    }

    /// The array that a match gives (RegExpBuiltinExec, §22.2.7.2 steps 18–34, but for `indices`): captures by number, then `index`,
    /// `input` and `groups`, which is undefined for now.
    ///
    /// # Errors
    /// RangeError when memory for the captures is refused.
    pub fn new_match_result(
        &self,
        count: usize,
        capture: impl Fn(usize) -> JsResult<Value>,
        index: usize,
        input: Gc<JsString>,
    ) -> JsResult<Gc<ArrayObject>> {
        let elements = self.new_elements(crate::elements::Dense::Value, count)?;
        for i in 0..count {
            elements.set_raw(self, i, capture(i)?);
            elements.length.set(i as u32 + 1);
        }
        let shape = self.realm_shape(RealmShape::MatchResult);
        let array: Gc<ArrayObject> = self.alloc_object_raw(shape, Kind::Array);
        array.length.set(count as u32);
        let o = array.object();
        o.set_elements(self, elements);
        for (n, v) in [Value::length(index), input.into(), Value::UNDEFINED].into_iter().enumerate() {
            o.set_slot(self, shape.location_of_slot(n), v);
        }
        Ok(array)
    }

    /// Gives the `groups` of a fresh [`Context::new_match_result`].
    pub fn set_match_groups(&self, result: Gc<ArrayObject>, groups: Value) {
        let shape = self.realm_shape(RealmShape::MatchResult);
        debug_assert_eq!(result.object().shape_id(), shape.id(self));
        result.object().set_slot(self, shape.location_of_slot(2), groups);
    }

    /// Whether own property `key` of the prototype `o` is the native function `f` (as method, or as getter). Runs no script. Each `probe`,
    /// a small number, is for one key: it remembers where the property was last.
    #[inline]
    pub fn is_native_own(&self, o: Gc<Object>, probe: usize, key: PropertyKey, f: NativeFn) -> bool {
        let Some(v) = self.library.regexps.probes[probe].value(self, o, key) else { return false };
        let v = v.as_kind::<Accessor>(Kind::Accessor).map_or(v, |accessor| accessor.getter.get());
        v.as_kind::<NativeFunction>(Kind::NativeFunction)
            .is_some_and(|native| std::ptr::fn_addr_eq(native.function.get(), f))
    }
}
