//! What the collector knows about the cells and roots of this part of the crate.

use crate::cell::{CellHeader, Gc, Kind};
use crate::code::{CodeBlock, finalize_code_block};
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::{Form, NO_SHAPE, Site, SiteState};
use crate::frame::Frame;
use crate::gc_roots::ContextRoots;
use crate::ic::IcStub;
use crate::ic::ops::IcOperand;
use crate::interp::Interp;
use crate::module::{MODULE_VALUES, Module};
use crate::value::Value;
use std::cell::Cell;
use tercel_bytecode::FeedbackKind;
use tercel_gc::{CollectKind, KindInfo, LimitStatus, Tracer, WeakHooks, WeakSweep};

/// A row of values as the tracer wants them.
///
/// # Safety
/// `first` begins `count` initialised values that stay where they are while the slice is used.
unsafe fn words<'a>(first: *const Value, count: usize) -> &'a [Cell<u64>] {
    // SAFETY: by the caller's promise; `Cell<u64>` has the layout of a value.
    unsafe { std::slice::from_raw_parts(first.cast(), count) }
}

fn visit(tracer: &mut Tracer, v: &Cell<Value>) {
    // SAFETY: `Cell<Value>` has the layout of `Cell<u64>`.
    tracer.visit_value(unsafe { &*std::ptr::from_ref(v).cast::<Cell<u64>>() });
}

fn as_cell<T>(header: *const CellHeader) -> Gc<T> {
    // SAFETY: the table calls each function for live cells of its kind.
    unsafe { Gc::from_addr(header as usize) }
}

// ---- Module

unsafe fn module_size(_: *const CellHeader) -> usize {
    size_of::<Module>()
}

unsafe fn module_trace(header: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: a module is its header and this many values.
    unsafe { tracer.visit_values(words((header as usize + size_of::<CellHeader>()) as *const Value, MODULE_VALUES)) };
}

pub const MODULE: KindInfo = KindInfo::new("Module", module_size, module_trace);

// ---- Stubs

unsafe fn stub_size(header: *const CellHeader) -> usize {
    as_cell::<IcStub>(header).size()
}

unsafe fn stub_trace(header: *mut CellHeader, tracer: &mut Tracer) {
    let stub = as_cell::<IcStub>(header);
    visit(tracer, &stub.next);
    visit(tracer, &stub.cell);
    stub.each_datum(|kind, word| {
        if kind == IcOperand::Cell {
            tracer.visit_value(word);
        }
    });
}

pub const IC_STUB: KindInfo = KindInfo::new("IcStub", stub_size, stub_trace);

/// Whether a shape that the stub names has died.
fn stub_is_dead(stub: Gc<IcStub>, sweep: &WeakSweep) -> bool {
    let mut dead = false;
    stub.each_datum(|kind, word| {
        if kind == IcOperand::Shape {
            dead |= !sweep.shape_is_live(Value::from_bits(word.get()).as_int32() as u32);
        }
    });
    dead
}

// ---- Code blocks

unsafe fn code_size(_: *const CellHeader) -> usize {
    size_of::<CodeBlock>()
}

unsafe fn code_trace(header: *mut CellHeader, tracer: &mut Tracer) {
    let code = as_cell::<CodeBlock>(header);
    code.each_value(|v| visit(tracer, v));
    code.each_held_shape(|id| tracer.visit_shape(id));
}

/// Forgets what depended on shapes that died.
unsafe fn code_sweep(header: *mut CellHeader, sweep: &WeakSweep) {
    if !sweep.is_full() {
        return;
    }
    let code = as_cell::<CodeBlock>(header);
    for (site, kind) in code.all_sites().iter().zip(&code.template().slots) {
        match kind {
            FeedbackKind::GetGlobal | FeedbackKind::SetGlobal => super::globals::sweep_site(site, sweep),
            // Called functions are held until the next full collection at most.
            FeedbackKind::Call => site.stubs.set(Value::EMPTY),
            _ => sweep_site(site, sweep),
        }
    }
}

/// Forgets the stubs and the decoded form of a site that depended on a shape that died.
fn sweep_site(site: &Site, sweep: &WeakSweep) {
    let guard = site.guard.get();
    let dead_target = matches!(site.loc.get().form(), Form::AddInline | Form::AddOutOfLine)
        && !sweep.shape_is_live(site.cell.get().as_int32() as u32);
    if guard != NO_SHAPE && guard != 0 && (!sweep.shape_is_live(guard) || dead_target) {
        site.clear_form();
        if site.state.get() == SiteState::Monomorphic {
            site.state.set(SiteState::Uninitialized);
        }
    }
    let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
    while let Some(stub) = next {
        if stub_is_dead(stub, sweep) {
            stub.kill();
        }
        next = stub.next_stub();
    }
}

pub const CODE_BLOCK: KindInfo = KindInfo::new("CodeBlock", code_size, code_trace)
    .with_finalize(finalize_code_block)
    .with_weak(WeakHooks { trace_ephemerons: None, sweep: code_sweep });

/// The rows of the collector's table that belong to this part.
pub(crate) const KINDS: &[(Kind, KindInfo)] =
    &[(Kind::CodeBlock, CODE_BLOCK), (Kind::IcStub, IC_STUB), (Kind::Module, MODULE)];

// ---- Roots

impl Interp {
    /// Where the registers of all frames end. A callee's frame begins inside its caller's, over registers that are dead
    /// during the call, and may end below it: those registers come back into use with whatever they hold, so it must be
    /// valid.
    pub(crate) fn registers_end(&self) -> Frame {
        let end = self.frames().map(|info| info.frame.top().0).max();
        let innermost = self.frame.get().top().0;
        Frame(end.map_or(innermost, |end| end.max(innermost)))
    }

    /// Shows the precise roots of the interpreter: the VM stack, jobs, modules.
    pub(crate) fn trace(&self, tracer: &mut Tracer, stack_top: Frame) {
        // SAFETY: `registers_end`: everything below is initialised values.
        tracer.visit_values(unsafe { self.stack.window(stack_top) });
        visit(tracer, &self.result);
        let minor = tracer.is_minor();
        // SAFETY: jobs' values stay where they are meanwhile.
        self.jobs
            .trace(minor, &mut |values| tracer.visit_settling(unsafe { words(values.as_ptr().cast(), values.len()) }));
        self.host.borrow().trace(&mut |v| visit(tracer, v));
        self.self_hosted.borrow().iter().for_each(|file| visit(tracer, &file.scope));
    }

    /// After a full collection the megamorphic cache may name shapes that died.
    pub(crate) fn sweep(&self, sweep: &WeakSweep) {
        if sweep.is_full() {
            self.megamorphic.clear();
        }
    }
}

impl Context {
    /// Collects if the heap asks for it. `Interp::gc_top` says where the topmost native frames end.
    ///
    /// # Errors
    /// A termination, when the heap's limit is exceeded after a full collection without progress.
    #[cold]
    #[inline(never)]
    pub(crate) fn collect_at_safepoint(&self) -> JsResult<()> {
        match self.heap.safepoint() {
            Some(kind) => self.run_collection(kind, "safepoint"),
            None => Ok(()),
        }
    }

    fn run_collection(&self, kind: CollectKind, reason: &'static str) -> JsResult<()> {
        let roots = ContextRoots::new(self, self.interp.gc_top.take());
        // SAFETY: at a safepoint every cell is initialised; references are in roots, in cells behind barriers, or in the
        // native ranges that the roots name.
        unsafe { self.heap.collect(kind, &roots, reason) };
        tercel_front::age_trees();
        if kind == CollectKind::Full
            && let Some(hooks) = self.interp.tiers.hooks.get()
        {
            (hooks.after_collection)(self);
        }
        match self.heap.limit_status() {
            LimitStatus::Exceeded if kind == CollectKind::Full => {
                Err(self.throw_out_of_memory(format_args!("The heap limit is exceeded")))
            }
            LimitStatus::Exhausted if kind == CollectKind::Full => {
                Err(self.terminate_because("the heap limit is exceeded"))
            }
            _ => Ok(()),
        }
    }
}
