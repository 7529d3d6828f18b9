//! The part of a context that belongs to strings, symbols, names and numbers, and its dealings with the heap.
//!
//! A context has a field `text: Text`, made by [`Text::new`] before anything else. When the heap stands,
//! `cx.init_text()` interns the well-known names. The root tracer calls [`Text::trace`], and the weak phase of
//! a collection calls [`Text::sweep`].
//!
//! The kinds of cells that live here, for the collector's table: [`KINDS`].

use crate::bigint::BigInt;
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::names::{self, Name, Names};
use crate::number::NumberCache;
use crate::string::intern::InternTable;
use crate::string::{JsString, Rope, Slice, flat_size};
use crate::symbol::{self, Symbol};
use crate::value::Value;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use tercel_gc::{KindInfo, Tracer, WeakSweep};

/// State of strings, symbols, names and number conversion in one context.
pub struct Text {
    /// Seed of the strings' hashes.
    pub(crate) seed: u64,
    pub(crate) interned: InternTable,
    pub(crate) numbers: NumberCache,
    /// Serial number of the next symbol, for its hash.
    pub(crate) next_symbol: Cell<u32>,
    /// `Symbol.for`: interned key → symbol. Neither moves, and [`Text::trace`] shows both.
    registry: RefCell<HashMap<usize, Gc<Symbol>, rustc_hash::FxBuildHasher>>,
    start: OnceCell<Start>,
}

/// What `init_text` makes, once.
struct Start {
    names: Box<Names>,
    empty: Gc<JsString>,
    single_chars: Box<[Gc<JsString>; 256]>,
    /// Stands in for a symbol for which there was no memory.
    spare_symbol: Gc<Symbol>,
}

impl Text {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Text {
        Text {
            seed: RandomState::new().hash_one(0),
            interned: InternTable::with_capacity(2048),
            numbers: NumberCache::default(),
            next_symbol: Cell::new(1),
            registry: RefCell::default(),
            start: OnceCell::new(),
        }
    }

    #[inline(always)]
    fn start(&self) -> &Start {
        self.start.get().expect("the context is being constructed: init_text was not called yet")
    }

    #[inline(always)]
    pub(crate) fn single_chars(&self) -> &[Gc<JsString>; 256] {
        &self.start().single_chars
    }

    /// The address of the first; the table stays where it is.
    pub(crate) fn single_chars_address(&self) -> usize {
        self.start().single_chars.as_ptr() as usize
    }

    #[inline(always)]
    pub(crate) fn empty(&self) -> Gc<JsString> {
        self.start().empty
    }

    pub(crate) fn registered(&self, key: Gc<JsString>) -> Option<Gc<Symbol>> {
        self.registry.borrow().get(&key.addr()).copied()
    }

    pub(crate) fn register(&self, key: Gc<JsString>, symbol: Gc<Symbol>) {
        self.registry.borrow_mut().insert(key.addr(), symbol);
    }

    pub(crate) fn spare_symbol(&self) -> Option<Gc<Symbol>> {
        self.start.get().map(|start| start.spare_symbol)
    }

    /// Shows every strong root. All but the cached strings of numbers are cells that do not move.
    pub fn trace(&self, tracer: &mut Tracer) {
        self.numbers.trace(tracer);
        // In a minor collection, nothing that does not move can die.
        if !tracer.is_full() {
            return;
        }
        let mut visit = |bits: u64| tracer.visit_value(&Cell::new(bits));
        // A registered symbol keeps its key alive as its description.
        self.registry.borrow().values().for_each(|symbol| visit(symbol.addr() as u64));
        if let Some(start) = self.start.get() {
            start.names.as_slice().iter().for_each(|key| visit(key.bits()));
            start.single_chars.iter().for_each(|s| visit(s.addr() as u64));
            visit(start.empty.addr() as u64);
            visit(start.spare_symbol.addr() as u64);
        }
    }

    /// Drops the interned strings that a full collection found dead.
    pub fn sweep(&self, sweep: &WeakSweep) {
        if sweep.is_full() {
            self.interned.sweep(&mut |address| sweep.forward(address as *mut CellHeader).is_some());
        }
    }
}

impl Context {
    /// Interns the well-known names and makes the well-known symbols. Once, when the heap stands.
    pub fn init_text(&self) {
        let single_chars: Box<[Gc<JsString>; 256]> = Box::new(std::array::from_fn(|unit| {
            let chars = [unit as u8];
            self.intern_chars(crate::string::Chars::Latin1(&chars)).expect("a fresh heap has room for its first cells")
        }));
        let empty =
            self.intern_chars(crate::string::Chars::Latin1(&[])).expect("a fresh heap has room for its first cells");
        let mut keys = Box::new([PropertyKey::index(0); names::COUNT]);
        for name in Name::all() {
            let text = self.intern_chars(crate::string::Chars::Latin1(name.text().as_bytes()));
            let text = text.expect("a fresh heap has room for its first cells");
            keys[name.index()] = if name.is_symbol() {
                PropertyKey::symbol(self.symbol_with_flags(text.into(), symbol::WELL_KNOWN))
            } else {
                PropertyKey::name(text)
            };
        }
        let spare_symbol = self.symbol_with_flags(Value::UNDEFINED, 0);
        let start = Start { names: Names::from_keys(keys), empty, single_chars, spare_symbol };
        let first = self.text.start.set(start).is_ok();
        debug_assert!(first, "init_text is called once");
    }

    /// The keys of the well-known names.
    #[inline(always)]
    pub fn names(&self) -> &Names {
        &self.text.start().names
    }

    /// A fresh young cell of at most `tercel_gc::MAX_SMALL` bytes, with its header written and nothing else.
    #[inline(always)]
    pub(crate) fn alloc_text_cell<T>(&self, kind: Kind, size: usize, flags: u8) -> Gc<T> {
        let place = self.heap.alloc(size);
        // SAFETY: the place is fresh and at least as large as a header; the callers write the rest.
        unsafe { write_header(place.as_ptr(), kind, flags) }
    }

    /// As [`Context::alloc_text_cell`] for any size.
    pub(crate) fn try_alloc_text_cell<T>(&self, kind: Kind, size: usize, flags: u8) -> JsResult<Gc<T>> {
        match self.heap.try_alloc(size) {
            // SAFETY: as above.
            Ok(place) => Ok(unsafe { write_header(place.as_ptr(), kind, flags) }),
            Err(refused) => Err(self.throw_out_of_memory(format_args!(
                "Out of memory: {} bytes for a {}",
                refused.bytes,
                noun(kind)
            ))),
        }
    }

    /// A fresh cell that never moves.
    pub(crate) fn alloc_fixed_text_cell<T>(&self, kind: Kind, size: usize, flags: u8) -> JsResult<Gc<T>> {
        match self.heap.alloc_nonmoving(size) {
            // SAFETY: as above.
            Ok(place) => Ok(unsafe { write_header(place.as_ptr(), kind, flags) }),
            Err(refused) => Err(self.throw_out_of_memory(format_args!(
                "Out of memory: {} bytes for a {}",
                refused.bytes,
                noun(kind)
            ))),
        }
    }

    /// After a reference to `value` was stored in the payload of `cell`.
    #[inline]
    pub(crate) fn text_write_barrier(&self, cell: Gc<JsString>, value: Gc<JsString>) {
        // SAFETY: both are live; the slot is the first word of the cell's payload, where slices have their only reference.
        unsafe {
            let slot = cell.as_ptr().cast::<u8>().add(crate::string::PAYLOAD);
            self.heap.write_barrier(cell.header_ptr(), slot, value.header_ptr());
        }
    }

    /// Counts memory outside the heap that is on its way into it.
    pub(crate) fn charge_external(&self, bytes: usize) -> JsResult<()> {
        self.heap
            .add_external(bytes as isize)
            .map_err(|_| self.throw_out_of_memory(format_args!("Out of memory: {bytes} bytes")))
    }

    pub(crate) fn discharge_external(&self, bytes: usize) {
        // Giving memory back is never refused.
        let _ = self.heap.add_external(-(bytes as isize));
    }
}

/// # Safety
/// `place` is fresh memory for a cell that is a `T`.
#[inline(always)]
unsafe fn write_header<T>(place: *mut u8, kind: Kind, flags: u8) -> Gc<T> {
    // SAFETY: the caller's promise; every cell begins with a header.
    unsafe {
        place.cast::<CellHeader>().write(CellHeader::new(0, kind as u8, 0, flags));
        Gc::from_addr(place as usize)
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::BigInt => "BigInt",
        Kind::Symbol => "symbol",
        _ => "string",
    }
}

/// The collector's facts about the kinds of this module.
pub const KINDS: [(Kind, KindInfo); 5] = [
    (Kind::StringFlat, KindInfo::leaf("flat string", size_of_flat)),
    (Kind::StringRope, KindInfo::new("rope", size_of_rope, trace_rope)),
    (Kind::StringSlice, KindInfo::new("string slice", size_of_slice, trace_slice)),
    (Kind::Symbol, KindInfo::new("symbol", size_of_symbol, trace_symbol)),
    (Kind::BigInt, KindInfo::leaf("BigInt", size_of_bigint)),
];

unsafe fn size_of_flat(cell: *const CellHeader) -> usize {
    // SAFETY: the collector calls this for flat strings only.
    let string = unsafe { &*cell.cast::<JsString>() };
    let two_byte = string.header.flags.get() & crate::string::TWO_BYTE != 0;
    flat_size(string.length.get() as usize, two_byte).max(tercel_gc::MIN_CELL)
}

unsafe fn size_of_rope(_: *const CellHeader) -> usize {
    size_of::<Rope>()
}

unsafe fn size_of_slice(_: *const CellHeader) -> usize {
    size_of::<Slice>()
}

unsafe fn size_of_symbol(_: *const CellHeader) -> usize {
    size_of::<Symbol>()
}

unsafe fn size_of_bigint(cell: *const CellHeader) -> usize {
    // SAFETY: the collector calls this for BigInts only.
    BigInt::size(unsafe { (*cell.cast::<BigInt>()).capacity.get() } as usize)
}

unsafe fn trace_rope(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for ropes only; both fields are always initialised.
    unsafe {
        let rope = cell.cast::<Rope>();
        tracer.visit((&raw mut (*rope).left).cast());
        tracer.visit((&raw mut (*rope).right).cast());
    }
}

unsafe fn trace_slice(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for slices only; the base is always initialised.
    unsafe { tracer.visit((&raw mut (*cell.cast::<Slice>()).base).cast()) }
}

unsafe fn trace_symbol(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for symbols only; a Value is one word in the collector's encoding.
    unsafe { tracer.visit_value(&*(&raw const (*cell.cast::<Symbol>()).description).cast::<Cell<u64>>()) }
}

#[cfg(test)]
mod tests {
    use crate::context::{Context, Options};
    use crate::list::ValueList;
    use crate::testing::{collect, context_with};
    use tercel_gc::CollectKind;

    /// A context whose collector poisons what it frees and verifies the heap.
    fn context() -> Box<Context> {
        context_with(Options { gc_every: Some(1), ..Options::default() })
    }

    #[test]
    fn strings_of_every_form_survive_and_move() {
        let cx = context();
        let held = |s: &str| cx.string_from_utf8(&s.repeat(3));
        let parts = [held("flat text "), held("größe "), held("wide → ")];
        let rope = cx.concat(cx.concat(parts[0], parts[1]).unwrap(), parts[2]).unwrap();
        let slice = cx.substring(parts[0], 2, 28).unwrap();
        let big = cx.bigint_from_limbs(&[1, 2, 3], true).unwrap();
        let roots = ValueList::new(&cx);
        roots.push(rope);
        roots.push(slice);
        roots.push(big);
        let before = rope.addr();
        for kind in [CollectKind::Minor, CollectKind::Minor, CollectKind::Full] {
            collect(&cx, kind, &[]);
        }
        let string = |i: usize| roots.get(i).as_string().unwrap();
        assert_ne!(string(0).addr(), before, "a movable cell that only a precise root names has moved");
        // The rope is old by now, and its text is written to a young string: the barrier must remember it.
        assert_eq!(string(0).to_rust(&cx), format!("{0}{0}{0}{1}{1}{1}{2}{2}{2}", "flat text ", "größe ", "wide → "));
        assert!(string(0).is_slice());
        collect(&cx, CollectKind::Minor, &[]);
        collect(&cx, CollectKind::Full, &[]);
        assert!(string(0).to_rust(&cx).ends_with("wide → "));
        assert_eq!(string(1).to_rust(&cx), "at text flat text flat tex");
        assert_eq!(roots.get(2).as_bigint().unwrap().limbs(), [1, 2, 3]);
    }

    #[test]
    fn interned_strings_live_as_long_as_something_refers_to_them() {
        let cx = context();
        // What making the context left behind goes first.
        collect(&cx, CollectKind::Full, &[]);
        let kept = cx.intern_utf8("kept by a root");
        cx.intern_utf8("kept by nothing");
        let symbol = cx.symbol_for(cx.string_from_utf8("kept by the registry")).unwrap();
        let number = cx.string_from_number(1234.5);
        let before = cx.text.interned.len();
        let roots = ValueList::new(&cx);
        roots.push(kept);
        collect(&cx, CollectKind::Full, &[]);
        assert_eq!(cx.text.interned.len(), before - 1);
        assert_eq!(cx.intern_utf8("kept by a root"), kept, "interned strings do not move");
        assert_eq!(cx.symbol_for(cx.string_from_utf8("kept by the registry")), Ok(symbol));
        assert_ne!(cx.string_from_number(1234.5), number, "the cached text has moved");
        assert_eq!(cx.string_from_number(1234.5).to_rust(&cx), "1234.5");
        assert_eq!(cx.names().length, cx.key_from_utf8("length"));
    }
}
