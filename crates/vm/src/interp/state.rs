//! What the interpreter keeps in the context: the innermost frame, the stack, limits, the chain of entries, queues and caches.

use super::entry::EntryRecord;
use crate::eval::SelfHostedFile;
use crate::frame::{Frame, FrameIter, SMALL_FRAME};
use crate::ic::megamorphic::MegamorphicCache;
use crate::interrupt::InterruptState;
use crate::job::JobQueue;
use crate::stack::{VmStack, native_stack_bounds};
use crate::tier::Tiers;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Native stack kept free below the limit that scripts may use: for error handling, collection and leaf functions.
pub const NATIVE_SLACK: usize = 160 << 10;

/// Counters that cost nothing on fast paths.
#[derive(Default)]
pub struct InterpStatistics {
    /// Inline cache misses by what they led to.
    pub ic_attached: Cell<u64>,
    pub ic_misses: Cell<u64>,
    pub ic_megamorphic_sites: Cell<u64>,
    pub megamorphic_hits: Cell<u64>,
    pub megamorphic_misses: Cell<u64>,
    pub code_blocks: Cell<u64>,
    pub throws: Cell<u64>,
    /// By [`FeedbackKind`](tercel_bytecode::FeedbackKind), if the options ask for it.
    pub sites: [SiteCounts; SITE_KINDS],
}

/// Room for all kinds of feedback.
pub const SITE_KINDS: usize = 32;

/// What sites of one kind did in machine code.
#[derive(Default)]
#[repr(C)]
pub struct SiteCounts {
    pub executed: Cell<u64>,
    /// Executions that the op's helper did.
    pub missed: Cell<u64>,
}

/// Adds one to a statistics counter.
#[inline(always)]
pub fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

#[repr(C)]
pub struct Interp {
    /// The innermost frame. While a native runs, its frame.
    pub frame: Cell<Frame>,
    /// The instruction of the innermost JavaScript frame that called out last.
    pub pc: Cell<*const u16>,
    /// Frames must end at or below it.
    pub stack_limit: Cell<*mut Value>,
    /// What machine code compares with instead: a bound that keeps native frames above `native_limit` too ([`Interp::machine_limit_here`]).
    /// 0 when the word that safepoints poll has been set ([`crate::interrupt`]).
    pub machine_limit: AtomicUsize,
    /// What [`Interp::machine_limit`] is when nobody wants anything.
    machine_bound: Cell<*mut Value>,
    /// Undefined, twice: what machine code fills registers with.
    pub undefined_pair: [Value; 2],
    /// The word that safepoints poll (inside `interrupt`).
    pub interrupt_word: *const AtomicU32,
    /// Changes whenever an object that some cache walked through as a prototype changes its structure.
    pub proto_epoch: Cell<u32>,
    /// The innermost entry from Rust.
    pub entries: Cell<*const EntryRecord>,
    /// Where the native frames that the innermost run has called begin: the stack pointer at its last call of Rust.
    pub exit_sp: Cell<usize>,
    /// Native frames must stay above this address.
    pub native_limit: Cell<usize>,
    /// A termination is under way: no handler catches it.
    pub terminating: Cell<bool>,
    pub no_ic: bool,
    /// Machine code, and when functions get it.
    pub tiers: Tiers,
    /// The value of a `Return` that left the interpreter. Read at once.
    pub result: Cell<Value>,
    /// What a step of a generator that stands in `yield*` gave: the result object of the inner iterator. Read at once.
    pub delegated: Cell<Value>,
    pub stack: VmStack,
    pub interrupt: Arc<InterruptState>,
    pub jobs: JobQueue,
    pub megamorphic: MegamorphicCache,
    pub statistics: InterpStatistics,
    /// The last [[AsyncEvaluationOrder]] given out.
    pub module_order: Cell<i32>,
    pub deadline: Cell<Option<std::time::Instant>>,
    pub host: RefCell<crate::module::HostHooks>,
    /// Scopes of the files of self-hosted functions, by realm.
    pub self_hosted: RefCell<Vec<SelfHostedFile>>,
    /// Where the native frames above the innermost run end, for a collection that starts now; `None`: there are none.
    pub gc_top: Cell<Option<usize>>,
}

impl Interp {
    /// `stack_bytes`: how much frames may take.
    pub fn new(stack_bytes: usize, no_ic: bool) -> Interp {
        let stack = VmStack::new(stack_bytes).expect("address space for the VM stack");
        let interrupt = Arc::new(InterruptState::default());
        Interp {
            frame: Cell::new(stack.base_frame()),
            pc: Cell::new(std::ptr::null()),
            stack_limit: Cell::new(stack.limit()),
            machine_limit: AtomicUsize::new(stack.limit() as usize),
            machine_bound: Cell::new(stack.limit()),
            undefined_pair: [Value::UNDEFINED; 2],
            interrupt_word: &raw const interrupt.word,
            proto_epoch: Cell::new(1),
            entries: Cell::new(std::ptr::null()),
            exit_sp: Cell::new(0),
            native_limit: Cell::new(native_stack_bounds().0 + NATIVE_SLACK),
            terminating: Cell::new(false),
            no_ic,
            tiers: Tiers::new(),
            result: Cell::new(Value::UNDEFINED),
            delegated: Cell::new(Value::UNDEFINED),
            stack,
            interrupt,
            jobs: JobQueue::default(),
            megamorphic: MegamorphicCache::new(),
            statistics: InterpStatistics::default(),
            module_order: Cell::new(0),
            deadline: Cell::new(None),
            host: RefCell::default(),
            self_hosted: RefCell::default(),
            gc_top: Cell::new(None),
        }
    }

    /// The frames from the innermost outwards.
    pub fn frames(&self) -> FrameIter {
        let frame = self.frame.get();
        let base = self.stack.base_frame();
        let pc = if frame == base || frame.is_native() { 0 } else { frame.code().offset_of(self.pc.get()) };
        FrameIter::new(frame, pc, base)
    }

    /// The limit for frames of machine code that is entered with the innermost frame and the native stack pointer `sp`.
    ///
    /// A frame takes at least 48 bytes of the VM stack (its header) and at most as many of the native stack (its own native frame, and those of
    /// the stubs through which it was called). So where frames may go as far up as the native stack goes down, one comparison does for both. It
    /// may be too careful: behind a failed comparison both limits are looked at ([`crate::Context::fill_called_frame`]). There is room for a frame
    /// of [`SMALL_FRAME`] registers above it, so that small functions compare their frame's base.
    pub fn machine_limit_here(&self, sp: usize) -> *mut Value {
        let room = sp.saturating_sub(self.native_limit.get());
        self.stack_limit.get().min(self.frame.get().0.wrapping_byte_add(room)).wrapping_sub(SMALL_FRAME)
    }

    /// Sets the limit for machine code; gives what it was.
    pub fn set_machine_limit(&self, bound: *mut Value) -> *mut Value {
        let before = self.machine_bound.replace(bound);
        self.arm_limit();
        before
    }

    /// Puts the limit of machine code back to what the stack allows, unless safepoints are wanted.
    pub fn arm_limit(&self) {
        self.machine_limit.store(self.machine_bound.get() as usize, Ordering::SeqCst);
        if self.interrupt.word.load(Ordering::SeqCst) != 0 {
            self.machine_limit.store(0, Ordering::SeqCst);
        }
    }

    /// Whether script runs or a native called by script does.
    pub fn is_running(&self) -> bool {
        !self.entries.get().is_null()
    }

    /// Invalidates every cache that depends on prototypes.
    #[inline]
    pub fn bump_proto_epoch(&self) {
        self.proto_epoch.set(self.proto_epoch.get().wrapping_add(1).max(1));
    }
}

impl Drop for Interp {
    fn drop(&mut self) {
        self.interrupt.forget_limit();
    }
}
