//! The context: one engine's state, and the allocation of cells.
//!
//! There is one per engine, always behind `&Context`: everything in it is interior-mutable, and it is used by one thread at
//! a time. It is boxed and never moves, so machine code and the collector may keep its address.
//!
//! Each part of the crate keeps its state in a struct of its own (`text`, `interp`, `objects`), declared beside the code that
//! uses it; this file only puts them together, and owns the order in which they come to life: heap, names, shapes and shared
//! cells, realm.

use crate::cell::{CellHeader, Gc, Kind};
use crate::error::JsResult;
use crate::interp::state::Interp;
use crate::library::Library;
use crate::native::Builtins;
use crate::object::state::Objects;
use crate::realm::Realm;
use crate::shape::Shape;
use crate::text::Text;
use crate::value::Value;
use std::cell::Cell;
use std::time::Duration;
use tercel_gc::{Heap, HeapConfig, MAX_SMALL, OutOfMemory};

/// How many calls and iterations make code hot. One table for all tiers; each is settable by flag and API.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Calls before a function is compiled by the baseline compiler.
    pub baseline_calls: u32,
    /// Iterations of one loop before its function is compiled by the baseline compiler.
    pub baseline_iterations: u32,
    /// Calls before a function is optimized.
    pub optimize_calls: u32,
    /// Iterations before a running loop is replaced by optimized code.
    pub osr_iterations: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { baseline_calls: 10, baseline_iterations: 1_000, optimize_calls: 100, osr_iterations: 5_000 }
    }
}

/// Everything about an engine that is chosen when it is made. The flags mean the same in every subcommand and in the API.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--jitless`: no machine code at all.
    pub jitless: bool,
    /// `--no-opt`: no optimizing compiler.
    pub no_opt: bool,
    /// `--always-baseline`: compile with the baseline compiler before the first call.
    pub always_baseline: bool,
    /// `--always-opt`: optimize after the second call, prune nothing, generic ops where feedback is missing.
    pub always_opt: bool,
    /// `--no-ic`: the generic operation at every site, which looks properties up in shapes.
    pub no_ic: bool,
    /// Stubs of inline caches count all their hits: for `tercel dump --ic`. Sites have no decoded form then, so that every access comes to a stub.
    pub count_ic_hits: bool,
    /// Machine code counts by kind how often its sites are executed and how often they come to their helpers: for `--stats`.
    pub count_sites: bool,
    /// `--no-osr`: running loops are not replaced.
    pub no_osr: bool,
    /// `--no-speculation`: the same passes on generic ops.
    pub no_speculation: bool,
    /// `--gc-every=N`: collect at every N-th safepoint, poison freed memory, allocate out of line.
    pub gc_every: Option<u32>,
    /// `--deopt-every=N`: every N-th guard fails.
    pub deopt_every: Option<u32>,
    /// `--spill-all`: no value stays in a register across instructions.
    pub spill_all: bool,
    /// `--fail-code-alloc`: executable memory is refused.
    pub fail_code_alloc: bool,
    /// `--perf-map`: profilers find names of machine code in `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// `--jitdump`: machine code, names and lines for `perf inject --jit`, in `jit-PID.dump`.
    pub jitdump: bool,
    /// `--gdb-jit`: machine code is registered with GDB, where the build has the feature `gdb`.
    pub gdb_jit: bool,
    /// `--allow-natives`: scripts may call `%Name(…)`.
    pub allow_natives: bool,
    /// `--defer-from=SIZE`: inner functions of so many bytes of source get their bytecode at their first call.
    pub defer_from: usize,
    /// Every script is in checked mode, as if it began with `"use checked"`.
    pub checked: bool,
    /// Passes switched off, by name.
    pub disabled_passes: Vec<String>,
    pub thresholds: Thresholds,
    /// Live data that scripts may hold, in bytes.
    pub heap_limit: usize,
    /// Size of the nursery in bytes.
    pub nursery_bytes: usize,
    /// What frames of the interpreter and of baseline code may take, in bytes.
    pub stack_limit: usize,
    /// Executable memory, in bytes.
    pub code_limit: usize,
    /// How long a script may run.
    pub timeout: Option<Duration>,
}

/// A shorter function is lowered with the source: its outline would take as much.
const DEFER_FROM: usize = 100;

impl Default for Options {
    fn default() -> Self {
        let heap = HeapConfig::default();
        Options {
            jitless: false,
            no_opt: false,
            always_baseline: false,
            always_opt: false,
            no_ic: false,
            count_ic_hits: false,
            count_sites: false,
            no_osr: false,
            no_speculation: false,
            gc_every: None,
            deopt_every: None,
            spill_all: false,
            fail_code_alloc: false,
            perf_map: false,
            jitdump: false,
            gdb_jit: false,
            allow_natives: false,
            defer_from: DEFER_FROM,
            checked: false,
            disabled_passes: Vec::new(),
            thresholds: Thresholds::default(),
            heap_limit: heap.heap_limit,
            nursery_bytes: heap.nursery_bytes,
            stack_limit: 8 << 20,
            code_limit: 256 << 20,
            timeout: None,
        }
    }
}

impl Options {
    /// Whether someone is told of code, and wants source lines with it.
    pub fn shows_code(&self) -> bool {
        self.perf_map || self.jitdump || self.gdb_jit
    }

    fn heap_config(&self) -> HeapConfig {
        let base = match self.gc_every {
            Some(n) => HeapConfig::stress(n),
            None => HeapConfig::default(),
        };
        HeapConfig { heap_limit: self.heap_limit, nursery_bytes: self.nursery_bytes, ..base }
    }
}

/// One engine. See the module's text.
#[repr(C)]
pub struct Context {
    pub heap: Heap,
    /// The pending exception, or empty.
    pub exception: Cell<Value>,
    /// The interpreter's state: frames, stack, interrupts, jobs.
    pub interp: Interp,
    /// Strings, names, symbols, numbers.
    pub text: Text,
    /// Shapes, shared cells, fuses, rooted containers, realms.
    pub objects: Objects,
    /// State of the library: random numbers, compiled regular expressions.
    pub library: Library,
    /// What the host that made the context wants to find again.
    pub host_data: Cell<*const ()>,
    pub options: Options,
    pub builtins: &'static Builtins,
}

impl Context {
    /// A new engine with one realm, whose standard library is described by `builtins`.
    ///
    /// # Errors
    /// If the system grants no memory for the heap.
    pub fn new(options: Options, builtins: &'static Builtins) -> Result<Box<Context>, OutOfMemory> {
        let heap = Heap::new(options.heap_config(), &crate::gc_roots::KINDS)?;
        let cx = Box::new(Context {
            heap,
            exception: Cell::new(Value::EMPTY),
            interp: Interp::new(options.stack_limit, options.no_ic),
            text: Text::new(),
            objects: Objects::new(builtins),
            library: Library::default(),
            host_data: Cell::new(std::ptr::null()),
            options,
            builtins,
        });
        cx.connect_heap();
        cx.init_text();
        cx.init_objects();
        let realm = cx.new_realm();
        cx.set_main_realm(realm);
        Ok(cx)
    }

    /// A young cell of `size` bytes (a multiple of 8, at least 16, at most [`MAX_SMALL`]) with its header written: shape and flags 0.
    /// The caller initialises the rest before the next safepoint. Never fails, never collects.
    #[inline(always)]
    pub fn alloc_raw<T>(&self, kind: Kind, size: usize) -> Gc<T> {
        let place = self.heap.alloc(size).as_ptr();
        // SAFETY: the place is fresh memory for a cell of this size, which begins with a header.
        unsafe {
            place.cast::<CellHeader>().write(CellHeader::new(0, kind as u8, 0, 0));
            Gc::from_addr(place as usize)
        }
    }

    /// As [`Context::alloc_raw`], of any size.
    ///
    /// # Errors
    /// RangeError when the heap limit or the system refuses a large cell.
    #[inline]
    pub fn try_alloc_raw<T>(&self, kind: Kind, size: usize) -> JsResult<Gc<T>> {
        if size <= MAX_SMALL {
            return Ok(self.alloc_raw(kind, size));
        }
        match self.heap.alloc_large(size) {
            // SAFETY: fresh memory for a cell of this size, which begins with a header.
            Ok(place) => unsafe {
                place.as_ptr().cast::<CellHeader>().write(CellHeader::new(0, kind as u8, 0, 0));
                Ok(Gc::from_addr(place.as_ptr() as usize))
            },
            Err(refused) => Err(self.throw_out_of_memory(format_args!("{refused}"))),
        }
    }

    /// A cell that is old and never moves, with its header written. For few, long-lived cells whose number a script hardly
    /// controls: where the system refuses even the reserve, the process ends as with any Rust allocation.
    pub fn alloc_fixed<T>(&self, kind: Kind, size: usize) -> Gc<T> {
        match self.heap.alloc_nonmoving(size) {
            // SAFETY: fresh memory for a cell of this size, which begins with a header.
            Ok(place) => unsafe {
                place.as_ptr().cast::<CellHeader>().write(CellHeader::new(0, kind as u8, 0, 0));
                Gc::from_addr(place.as_ptr() as usize)
            },
            Err(_) => std::alloc::handle_alloc_error(std::alloc::Layout::new::<CellHeader>()),
        }
    }

    /// To be called after `value` was stored anywhere in `cell`.
    #[inline(always)]
    // Pointers to headers come from `Gc`s; every caller would only repeat this function's argument.
    #[allow(clippy::not_unsafe_ptr_arg_deref)]
    pub fn write_barrier(&self, cell: *mut CellHeader, value: Value) {
        // SAFETY: callers pass live cells of this heap. Without the slot's address a large cell is remembered as a whole.
        unsafe { self.heap.write_barrier_value(cell, usize::MAX as *const u8, value.bits()) }
    }

    /// To be called after `value` was stored at `slot` in `cell`: the form for cells that may be large.
    #[inline(always)]
    #[allow(clippy::not_unsafe_ptr_arg_deref)]
    pub fn write_barrier_slot(&self, cell: *mut CellHeader, slot: *const Value, value: Value) {
        // SAFETY: callers pass live cells of this heap and a slot in `cell`.
        unsafe { self.heap.write_barrier_value(cell, slot.cast(), value.bits()) }
    }

    /// To be called after any number of values was stored in `cell`.
    #[inline]
    pub fn write_barrier_whole(&self, cell: *mut CellHeader) {
        // SAFETY: callers pass live cells of this heap.
        unsafe { self.heap.write_barrier_cell(cell) }
    }

    /// To be called after values were stored in `slots`, which lie in `cell`.
    #[inline]
    pub fn write_barrier_range(&self, cell: *mut CellHeader, slots: &[Cell<Value>]) {
        // SAFETY: callers pass live cells of this heap and slots of `cell`; `Cell<Value>` is one word in the collector's encoding.
        unsafe { self.heap.write_barrier_range(cell, std::slice::from_raw_parts(slots.as_ptr().cast(), slots.len())) }
    }

    /// The shape with this id.
    #[inline(always)]
    pub fn shape_of_id(&self, id: u32) -> Gc<Shape> {
        // SAFETY: ids are read from live cells' headers, or from caches that are swept when a shape dies.
        unsafe { Gc::from_addr(self.heap.shape(id) as usize) }
    }

    /// The address of the table of strings of one Latin-1 character.
    pub fn single_chars_address(&self) -> usize {
        self.text.single_chars_address()
    }

    /// The address that the shape with id 0 would have; see [`crate::layout::shape`].
    pub fn shapes_base(&self) -> usize {
        self.heap.shape(0) as usize
    }

    #[inline(always)]
    pub fn shape_id(&self, shape: Gc<Shape>) -> u32 {
        self.heap.shape_id(shape.header_ptr())
    }

    /// To be called after unknown values were stored in `cell`.
    #[inline(always)]
    #[allow(clippy::not_unsafe_ptr_arg_deref)]
    pub fn write_barrier_cell(&self, cell: *mut CellHeader) {
        // SAFETY: callers pass live cells of this heap.
        unsafe { self.heap.write_barrier_cell(cell) }
    }

    /// RangeError for memory that was refused.
    #[cold]
    pub fn throw_refused(&self, refused: OutOfMemory) -> crate::error::Throw {
        self.throw_out_of_memory(format_args!("Out of memory: {} bytes were asked for", refused.bytes))
    }

    /// JSON.parse without reviver, where the library has it.
    pub fn parse_json(&self, text: Value) -> JsResult<Value> {
        match self.builtins.parse_json {
            Some(parse) => parse(self, text),
            None => Err(self.throw_type(format_args!("JSON is not part of this engine's library"))),
        }
    }

    /// The realm of the running function, or the one made current last.
    #[inline]
    pub fn realm(&self) -> Gc<Realm> {
        self.current_realm()
    }
}
