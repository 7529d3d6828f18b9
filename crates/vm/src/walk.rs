//! Walks: iterations over arrays, Maps, Sets, their iterators, and strings that no script can see.
//!
//! An iteration asks the value for its `Symbol.iterator`, the iterator for its `next`, and calls that again and again. Where the first is the
//! library's own and the second too, the calls show to nobody, and what they give can be taken from the array or table at once: copies and
//! spread of collections come down to loops over words. The iterator's prototype is asked each time ([`IterationProbes`]), so a script that
//! replaces a function of it is heeded from the next iteration on, as it must be: `next` is read once, when an iteration begins.
//!
//! Invariants: while a walk is under way no script runs, so that the array or table is what it was when the walk began. (Polls may
//! collect, with the native's frames pinned, and terminate; they run no script.) Whoever needs script in between takes an iterator instead.

use crate::cell::{Gc, Kind};
use crate::collections::OrderedTable;
use crate::context::Context;
use crate::elements::{Dense, Elements, MAX_DENSE};
use crate::error::JsResult;
use crate::function::NativeFunction;
use crate::key::PropertyKey;
use crate::names::{self, Name};
use crate::native::{NativeFn, PropertyValue, SpecKey};
use crate::native_iterator::{Gives, class, field};
use crate::object::Object;
use crate::object::array::ArrayObject;
use crate::object::kinds::{Collection, FieldsObject};
use crate::probe::Probe;
use crate::realm::{Intrinsic, RealmShape};
use crate::string::JsString;
use crate::value::Value;
use std::cell::Cell;
use std::ops::Range;
use tercel_gc::WeakSweep;

/// A function of the library that a script may replace: where it is looked for, and which it is.
#[derive(Default)]
struct Original {
    place: Probe,
    /// Once it was asked for.
    function: Cell<Option<NativeFn>>,
}

impl Original {
    /// Whether property `key` of the intrinsic `holder` of the current realm is the function that the table gives it as `name`, of the same realm.
    #[inline]
    fn is_in_place(&self, cx: &Context, holder: Intrinsic, key: PropertyKey, name: Name) -> bool {
        let Some(v) = self.place.value(cx, cx.intrinsic(holder), key) else { return false };
        let Some(native) = v.as_kind::<NativeFunction>(Kind::NativeFunction) else { return false };
        native.realm.get() == cx.realm().into() && self.is(cx, v, holder, name)
    }

    /// Whether `v` is the function `name` of the intrinsic, of any realm.
    fn is(&self, cx: &Context, v: Value, holder: Intrinsic, name: Name) -> bool {
        let function = self.function.get().or_else(|| {
            let function = cx.library_function(holder, name);
            self.function.set(function);
            function
        });
        is_native(v, function)
    }
}

/// What makes iterations unobservable: where the functions are that a script could replace.
#[derive(Default)]
pub struct IterationProbes {
    /// Array.prototype[Symbol.iterator], which has an intrinsic of its own.
    array_iterator: Probe,
    /// %IteratorPrototype%[Symbol.iterator]
    iterator_iterator: Original,
    string_iterator: Original,
    map_iterator: Original,
    set_iterator: Original,
    array_next: Original,
    string_next: Original,
    map_next: Original,
    set_next: Original,
    map_set: Original,
    set_add: Original,
}

impl IterationProbes {
    /// Forgets what is known by the ids of shapes, which a full collection may give to others.
    pub(crate) fn sweep(&self, sweep: &WeakSweep) {
        if !sweep.is_full() {
            return;
        }
        self.array_iterator.forget();
        let iterators = [&self.iterator_iterator, &self.string_iterator, &self.map_iterator, &self.set_iterator];
        let nexts = [&self.array_next, &self.string_next, &self.map_next, &self.set_next];
        for original in iterators.into_iter().chain(nexts).chain([&self.map_set, &self.set_add]) {
            original.place.forget();
        }
    }
}

impl Context {
    /// The native function that the library's table gives the intrinsic object as property `name`.
    pub(crate) fn library_function(&self, intrinsic: Intrinsic, name: Name) -> Option<NativeFn> {
        let properties = self.objects.spec(intrinsic).map_or(&[][..], |spec| spec.properties);
        let is_it = |key: SpecKey| match key {
            SpecKey::Name(n) => n == name,
            SpecKey::Text(text) => !name.is_symbol() && text == name.text(),
        };
        properties.iter().filter(|p| is_it(p.key)).find_map(|p| match &p.value {
            PropertyValue::InlineFunction(spec) => Some(spec.function),
            PropertyValue::Function(spec) => Some(spec.function),
            _ => None,
        })
    }

    /// Whether `v` is that function.
    pub fn is_library_function(&self, v: Value, intrinsic: Intrinsic, name: Name) -> bool {
        is_native(v, self.library_function(intrinsic, name))
    }
}

fn is_native(v: Value, function: Option<NativeFn>) -> bool {
    match (v.as_kind::<NativeFunction>(Kind::NativeFunction), function) {
        (Some(native), Some(function)) => std::ptr::fn_addr_eq(native.function.get(), function),
        _ => false,
    }
}

/// Whether an object has its iterator from the intrinsic `prototype` of the current realm.
fn inherits_iterator(cx: &Context, object: Gc<Object>, prototype: Intrinsic) -> bool {
    let shape = object.shape(cx);
    shape.prototype() == Some(cx.intrinsic(prototype))
        && (shape.property_count() == 0 || shape.lookup(cx, cx.names().symbol_iterator).is_none())
}

/// What a walk goes over.
#[derive(Clone, Copy)]
enum Source {
    /// Holes are undefined.
    Array(Gc<ArrayObject>),
    /// The table of a Map or Set.
    Table(OrderedTable),
    /// The code points of a string, which is no rope.
    Text(Gc<JsString>),
    /// An iterator that has ended, or a collection without entries.
    Nothing,
}

/// An iteration that no script can see, from its place to its end. See the module.
#[derive(Clone, Copy)]
pub struct Walk {
    source: Source,
    /// The number of the next element or entry.
    start: usize,
    gives: Gives,
    /// The iterator, if the script has one: it has ended after the walk.
    iterator: Option<Gc<FieldsObject>>,
}

/// Elements that are handled between two polls; fewer where each is an array of its own.
const INTERVAL: usize = 4096;
const INTERVAL_OF_ENTRIES: usize = 256;
/// Words that are copied between two polls: 64 KB.
const WORDS_A_POLL: usize = 8192;
/// The values of which it is seen how many of an array's differ.
const FIRST_VALUES: usize = 1024;

impl Context {
    /// The array in `v`, if iterating it cannot be observed: Array.prototype's iterator and its `next` are the original ones, and nothing
    /// lies before them.
    pub fn unobservable_array(&self, v: Value) -> Option<Gc<ArrayObject>> {
        let array: Gc<ArrayObject> = v.as_kind(Kind::Array)?;
        let object = array.object();
        if object.shape_id() != self.realm_shape(RealmShape::Array).id(self)
            && !inherits_iterator(self, object, Intrinsic::ArrayPrototype)
        {
            return None;
        }
        let (probes, names) = (&self.library.iteration, self.names());
        let prototype = self.intrinsic(Intrinsic::ArrayPrototype);
        let values = probes.array_iterator.value(self, prototype, names.symbol_iterator)?;
        let original = values == self.intrinsic(Intrinsic::ArrayValues).into()
            && probes.array_next.is_in_place(self, Intrinsic::ArrayIteratorPrototype, names.next, names::NEXT);
        original.then_some(array)
    }

    /// The walk that an iteration over `v` comes to, if no script can see it.
    pub fn walk(&self, v: Value) -> Option<Walk> {
        if let Some(s) = v.as_string() {
            return self.walk_of_string(s);
        }
        let object = v.as_object()?;
        let probes = &self.library.iteration;
        let (source, gives) = match object.kind() {
            Kind::Array => (self.array_source(self.unobservable_array(v)?.into())?, Gives::Values),
            Kind::Map => {
                let original = inherits_iterator(self, object, Intrinsic::MapPrototype)
                    && self.iterates_originally(
                        &probes.map_iterator,
                        names::ENTRIES,
                        &probes.map_next,
                        [Intrinsic::MapPrototype, Intrinsic::MapIteratorPrototype],
                    );
                (collection_source(original.then_some(v)?)?, Gives::Entries)
            }
            Kind::Set => {
                let original = inherits_iterator(self, object, Intrinsic::SetPrototype)
                    && self.iterates_originally(
                        &probes.set_iterator,
                        names::VALUES,
                        &probes.set_next,
                        [Intrinsic::SetPrototype, Intrinsic::SetIteratorPrototype],
                    );
                (collection_source(original.then_some(v)?)?, Gives::Keys)
            }
            Kind::NativeIterator => return self.walk_of_iterator(v.as_kind(Kind::NativeIterator)?),
            _ => return None,
        };
        Some(Walk { source, start: 0, gives, iterator: None })
    }

    /// Whether two prototypes have their original functions: the first its `Symbol.iterator`, which the table calls `name`, the other, of the iterators
    /// that it makes, its `next`.
    fn iterates_originally(
        &self,
        iterator: &Original,
        name: Name,
        next: &Original,
        prototypes: [Intrinsic; 2],
    ) -> bool {
        let [iterable, made] = prototypes;
        iterator.is_in_place(self, iterable, self.names().symbol_iterator, name)
            && next.is_in_place(self, made, self.names().next, names::NEXT)
    }

    fn walk_of_string(&self, s: Gc<JsString>) -> Option<Walk> {
        let probes = &self.library.iteration;
        // A rope is written out by whoever reads it first, which may fail.
        let original = !s.is_rope()
            && self.iterates_originally(
                &probes.string_iterator,
                names::SYMBOL_ITERATOR,
                &probes.string_next,
                [Intrinsic::StringPrototype, Intrinsic::StringIteratorPrototype],
            );
        original.then_some(Walk { source: Source::Text(s), start: 0, gives: Gives::Values, iterator: None })
    }

    fn array_source(&self, array: Value) -> Option<Source> {
        let array = self.as_plain_array(array)?;
        Some(Source::Array(array))
    }

    /// The rest of an iterator that itself is iterated over: nothing lies before its class's `next`, nor before %IteratorPrototype%'s way to
    /// give the iterator itself.
    fn walk_of_iterator(&self, it: Gc<FieldsObject>) -> Option<Walk> {
        let (probes, names) = (&self.library.iteration, self.names());
        let (next, prototype) = match it.field(field::CLASS) {
            v if v == Value::int32(class::ARRAY) => (&probes.array_next, Intrinsic::ArrayIteratorPrototype),
            v if v == Value::int32(class::MAP) => (&probes.map_next, Intrinsic::MapIteratorPrototype),
            v if v == Value::int32(class::SET) => (&probes.set_next, Intrinsic::SetIteratorPrototype),
            _ => return None,
        };
        let root = Intrinsic::IteratorPrototype;
        let shape = it.object().shape(self);
        let original = shape.property_count() == 0
            && shape.prototype() == Some(self.intrinsic(prototype))
            && next.is_in_place(self, prototype, names.next, names::NEXT)
            && inherits_iterator(self, self.intrinsic(prototype), root)
            && probes.iterator_iterator.is_in_place(self, root, names.symbol_iterator, names::SYMBOL_ITERATOR);
        if !original {
            return None;
        }
        let (target, position) = (it.field(field::TARGET), it.field(field::POSITION));
        let gives = match it.field(field::WHAT).as_int32() {
            what if what == Gives::Keys as i32 => Gives::Keys,
            what if what == Gives::Values as i32 => Gives::Values,
            _ => Gives::Entries,
        };
        // An array's iterator may stand beyond all that dense elements can have.
        let start = position.is_int32().then(|| position.as_int32() as u32)?;
        let (source, start) = match prototype {
            _ if target.is_undefined() => (Source::Nothing, 0),
            Intrinsic::ArrayIteratorPrototype => (self.array_source(target)?, start as usize),
            _ => self.ordered_place(target, start).map(|(table, start)| (Source::Table(table), start))?,
        };
        // A Set's values are its keys.
        let gives =
            if prototype == Intrinsic::SetIteratorPrototype && gives == Gives::Values { Gives::Keys } else { gives };
        Some(Walk { source, start, gives, iterator: Some(it) })
    }

    /// Whether `adder` is Map.prototype.set or Set.prototype.add, as the collection asks for it.
    pub fn is_original_adder(&self, collection: Gc<Collection>, adder: Value) -> bool {
        let probes = &self.library.iteration;
        match collection.object().kind() {
            Kind::Map => probes.map_set.is(self, adder, Intrinsic::MapPrototype, names::SET),
            Kind::Set => probes.set_add.is(self, adder, Intrinsic::SetPrototype, names::ADD),
            _ => false,
        }
    }
}

/// A Map's or Set's entries.
fn collection_source(v: Value) -> Option<Source> {
    let collection: Gc<Collection> = v.as_kind(Kind::Map).or_else(|| v.as_kind(Kind::Set))?;
    Some(OrderedTable::of(collection.table.get()).map_or(Source::Nothing, Source::Table))
}

/// Makes room in a Map or Set for values of which it is not known how many differ from each other: for all at once, where nearly all of the
/// first ones do.
pub struct Room<'cx> {
    cx: &'cx Context,
    collection: Gc<Collection>,
    total: usize,
    seen: usize,
}

impl<'cx> Room<'cx> {
    /// `total`: how many values will come.
    pub fn new(cx: &'cx Context, collection: Gc<Collection>, total: usize) -> Room<'cx> {
        cx.ordered_reserve(collection, total.min(FIRST_VALUES));
        Room { cx, collection, total, seen: 0 }
    }

    /// To be called before each value is added.
    #[inline]
    pub fn make(&mut self) {
        if self.seen == FIRST_VALUES && self.collection.size() >= FIRST_VALUES / 4 * 3 {
            self.cx.ordered_reserve(self.collection, self.total);
        }
        self.seen += 1;
    }
}

/// Where the values of a walk go.
trait Sink {
    /// Takes a value. Runs no script, and comes to no safepoint.
    fn put(&mut self, v: Value) -> JsResult<()>;
    /// A safepoint comes: what was put must be where a collection finds it.
    fn pause(&mut self) {}
}

/// A function that takes values.
struct Body<F>(F);

impl<F: FnMut(Value) -> JsResult<()>> Sink for Body<F> {
    #[inline(always)]
    fn put(&mut self, v: Value) -> JsResult<()> {
        (self.0)(v)
    }
}

/// An array that is being appended to: its elements have room for all that comes. What was put is the array's from the next pause on.
struct Filling<'cx> {
    cx: &'cx Context,
    array: Gc<ArrayObject>,
    elements: Gc<Elements>,
    at: usize,
}

impl Sink for Filling<'_> {
    #[inline(always)]
    fn put(&mut self, v: Value) -> JsResult<()> {
        if !self.elements.fits(v) {
            self.pause();
            self.elements.widen_for(self.cx, v);
        }
        self.elements.set_raw(self.cx, self.at, v);
        self.at += 1;
        Ok(())
    }

    fn pause(&mut self) {
        self.elements.length.set(self.at as u32);
        self.array.length.set(self.at as u32);
    }
}

impl Filling<'_> {
    /// Appends the words from number `start` on of elements of the same kind.
    fn copy(&mut self, from: Gc<Elements>, start: usize) -> JsResult<()> {
        for first in (start..from.len()).step_by(WORDS_A_POLL) {
            let count = WORDS_A_POLL.min(from.len() - first);
            // SAFETY: `from` has the words, these elements have room for them, and the cells are different: these are the array's in the making.
            let written = unsafe {
                let to = self.elements.data().add(self.at);
                std::ptr::copy_nonoverlapping(from.data().add(first), to, count);
                std::slice::from_raw_parts(to.cast::<Cell<Value>>(), count)
            };
            if self.elements.kind() == Kind::ElementsValue {
                // A large cell grows old if a poll collects.
                self.cx.write_barrier_range(self.elements.header_ptr(), written);
            }
            self.at += count;
            self.pause();
            self.cx.poll()?;
        }
        Ok(())
    }
}

impl Walk {
    /// How many values are left; of a string, how many there may be.
    pub fn count(&self) -> usize {
        match self.source {
            Source::Array(array) => (array.len() as usize).saturating_sub(self.start),
            Source::Table(table) => table.live_from(self.start),
            // As many at most.
            Source::Text(s) => s.len(),
            Source::Nothing => 0,
        }
    }

    /// The array whose elements the values are, and the place of the first one.
    pub fn elements_of(&self) -> Option<(Gc<ArrayObject>, usize)> {
        match self.source {
            Source::Array(array) if self.gives == Gives::Values => Some((array, self.start)),
            _ => None,
        }
    }

    /// The script's iterator, if there is one.
    pub fn iterator(&self) -> Option<Gc<FieldsObject>> {
        self.iterator
    }

    /// Has the script's iterator end, as iterators do: it forgets what it went over. For those who have taken all values themselves.
    pub fn finish(&self) {
        if let Some(it) = self.iterator {
            it.fields[field::TARGET].set(Value::UNDEFINED);
        }
    }

    /// Calls `body`, which runs no script, with each value that is left. May collect, with the native frames pinned.
    ///
    /// # Errors
    /// Those of `body`; a termination that is due.
    pub fn each(self, cx: &Context, body: impl FnMut(Value) -> JsResult<()>) -> JsResult<()> {
        self.pour(cx, &mut Body(body))?;
        self.finish();
        Ok(())
    }

    /// Appends what is left to an array that no script sees yet. `false`: nothing was done, because dense elements cannot hold it.
    /// May collect, with the native frames pinned.
    ///
    /// # Errors
    /// RangeError when memory is refused; a termination that is due.
    pub fn append_to(self, cx: &Context, array: Gc<ArrayObject>) -> JsResult<bool> {
        let (old, count) = (array.elements(), self.count());
        let at = old.len();
        if old.is_sparse() || at != array.len() as usize || at + count > MAX_DENSE {
            return Ok(false);
        }
        if count == 0 {
            self.finish();
            return Ok(true);
        }
        let words = self.words();
        let elements = if at == 0 {
            cx.new_elements(words.map_or(Dense::Int32, Gc::<Elements>::dense_kind), count)?
        } else if at + count <= old.capacity() {
            old
        } else {
            cx.copy_elements(old, Elements::grown_capacity(old.capacity(), at + count).min(MAX_DENSE))?
        };
        if elements != old {
            array.object().set_elements(cx, elements);
        }
        let mut filling = Filling { cx, array, elements, at };
        match words {
            Some(from) if from.kind() == elements.kind() => filling.copy(from, self.start)?,
            _ => self.pour(cx, &mut filling)?,
        }
        filling.pause();
        self.finish();
        Ok(true)
    }

    /// Gives a new Map or Set what is left as its own `set` or `add` would. `false`: nothing was done, because that takes script, or is no
    /// matter of copying. May collect, with the native frames pinned.
    ///
    /// # Errors
    /// RangeError when memory is refused; a termination that is due.
    pub fn fill_collection(self, cx: &Context, collection: Gc<Collection>) -> JsResult<bool> {
        if collection.size() != 0 {
            return Ok(false);
        }
        let set = collection.object().kind() == Kind::Set;
        match (self.source, self.gives) {
            (Source::Nothing, _) => self.finish(),
            // What differs in one table differs in another.
            (Source::Table(table), Gives::Keys) if set => {
                cx.ordered_fill(collection, table, self.start)?;
                self.finish();
            }
            (Source::Table(table), Gives::Entries) if !set => {
                cx.ordered_fill(collection, table, self.start)?;
                self.finish();
            }
            _ if set => {
                let mut room = Room::new(cx, collection, self.count());
                self.each(cx, |v| {
                    room.make();
                    cx.ordered_set(collection, v, v)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The elements that the values are, word for word.
    fn words(&self) -> Option<Gc<Elements>> {
        let (array, _) = self.elements_of()?;
        let elements = array.elements();
        (!elements.is_holey() && elements.len() == array.len() as usize).then_some(elements)
    }

    fn pour(&self, cx: &Context, sink: &mut impl Sink) -> JsResult<()> {
        let interval = if self.gives == Gives::Entries { INTERVAL_OF_ENTRIES } else { INTERVAL };
        let end = match self.source {
            Source::Array(array) => array.len() as usize,
            Source::Table(table) => table.used(),
            Source::Text(s) => return pour_text(cx, s, sink),
            Source::Nothing => 0,
        };
        for first in (self.start..end).step_by(interval) {
            let range = first..end.min(first + interval);
            match self.source {
                Source::Array(array) => self.pour_elements(cx, array.elements(), range, sink)?,
                Source::Table(table) => match self.gives {
                    Gives::Keys => table.each(range, |key, _| sink.put(key))?,
                    Gives::Values => table.each(range, |_, value| sink.put(value))?,
                    Gives::Entries => table.each(range, |key, value| sink.put(cx.array_of(&[key, value]).into()))?,
                },
                Source::Text(_) | Source::Nothing => {}
            }
            sink.pause();
            cx.poll()?;
        }
        Ok(())
    }

    fn pour_elements(
        &self,
        cx: &Context,
        elements: Gc<Elements>,
        range: Range<usize>,
        sink: &mut impl Sink,
    ) -> JsResult<()> {
        for n in range {
            let v = elements.get(n);
            let v = if v.is_empty() { Value::UNDEFINED } else { v };
            sink.put(match self.gives {
                Gives::Keys => Value::length(n),
                Gives::Values => v,
                Gives::Entries => cx.array_of(&[Value::length(n), v]).into(),
            })?;
        }
        Ok(())
    }
}

/// The code points of a string, as strings.
fn pour_text(cx: &Context, s: Gc<JsString>, sink: &mut impl Sink) -> JsResult<()> {
    let mut at = 0;
    while at < s.len() {
        let end = s.len().min(at + INTERVAL);
        while at < end {
            let (_, units) = s.chars(cx)?.code_point_at(at);
            sink.put(cx.substring(s, at, at + units)?.into())?;
            at += units;
        }
        sink.pause();
        cx.poll()?;
    }
    Ok(())
}
