//! The job queue (ECMA-262 §9.5): promise reactions, thenables, and calls that the host asks for, in order.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::native::NativeFn;
use crate::promise::{self, Promise};
use crate::record::Record;
use crate::value::Value;
use std::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;

/// What a job does with its values.
#[derive(Clone, Copy)]
enum Work {
    /// NewPromiseReactionJob (§27.2.2.1): reaction, argument, whether it was a rejection.
    Reaction,
    /// NewPromiseResolveThenableJob (§27.2.2.2): promise, thenable, then.
    Thenable,
    /// A native with a record of arguments.
    Native(NativeFn),
    /// A function with a record of arguments.
    Call,
}

struct Job {
    work: Work,
    values: [Cell<Value>; 3],
}

/// Registered root: its values are traced by [`JobQueue::trace`].
#[derive(Default)]
pub struct JobQueue {
    queue: UnsafeCell<VecDeque<Job>>,
    /// So many jobs at the front refer to no young cell: a job never changes, so collections of young cells pass over them. A queue may
    /// hold more jobs than the nursery has cells.
    settled: Cell<usize>,
    /// Rejected promises that nobody handles (yet), in order.
    unhandled: UnsafeCell<Vec<Cell<Value>>>,
    running: Cell<bool>,
}

impl JobQueue {
    fn push(&self, work: Work, values: [Value; 3]) {
        // SAFETY: the queue is used by one thread, and no reference into it is alive across a call.
        unsafe { (*self.queue.get()).push_back(Job { work, values: values.map(Cell::new) }) }
    }
    fn pop(&self) -> Option<Job> {
        self.settled.set(self.settled.get().saturating_sub(1));
        // SAFETY: as above.
        unsafe { (*self.queue.get()).pop_front() }
    }
    pub fn is_empty(&self) -> bool {
        // SAFETY: as in `push`.
        unsafe { (*self.queue.get()).is_empty() }
    }
    pub fn clear(&self) {
        // SAFETY: as in `push`.
        unsafe {
            self.settled.set(0);
            (*self.queue.get()).clear();
            (*self.unhandled.get()).clear();
        }
    }
    /// Shows every value to `visit`, which says whether those that it was shown are settled ([`Tracer::visit_settling`]); in a collection of
    /// young cells (`minor`) those that are not settled yet.
    ///
    /// [`Tracer::visit_settling`]: tercel_gc::Tracer::visit_settling
    pub(crate) fn trace(&self, minor: bool, visit: &mut dyn FnMut(&[Cell<Value>]) -> bool) {
        // SAFETY: as in `push`; `visit` does not touch the queue.
        let (queue, unhandled) = unsafe { (&*self.queue.get(), &*self.unhandled.get()) };
        let skipped = if minor { self.settled.get().min(queue.len()) } else { 0 };
        let mut settled = skipped;
        for (i, job) in queue.iter().enumerate().skip(skipped) {
            if visit(&job.values) && settled == i {
                settled += 1;
            }
        }
        self.settled.set(settled);
        visit(unhandled);
    }

    pub(crate) fn add_unhandled(&self, promise: Gc<Promise>) {
        // SAFETY: as in `push`.
        unsafe { (*self.unhandled.get()).push(Cell::new(promise.into())) }
    }
    pub(crate) fn remove_unhandled(&self, promise: Gc<Promise>) {
        // SAFETY: as in `push`.
        unsafe { (*self.unhandled.get()).retain(|p| p.get() != promise.into()) }
    }
}

impl Context {
    /// Enqueues a job that calls `f` with `args` in the current realm (HostEnqueuePromiseJob).
    pub fn enqueue_job(&self, f: NativeFn, args: &[Value]) {
        let list = self.job_arguments(args);
        self.interp.jobs.push(Work::Native(f), [Value::UNDEFINED, list, Value::UNDEFINED]);
    }

    /// Enqueues a job that calls a function.
    pub fn enqueue_call(&self, f: Value, args: &[Value]) {
        let list = self.job_arguments(args);
        self.interp.jobs.push(Work::Call, [f, list, Value::UNDEFINED]);
    }

    fn job_arguments(&self, args: &[Value]) -> Value {
        if args.is_empty() { Value::UNDEFINED } else { self.new_record(0, args).into() }
    }

    pub(crate) fn enqueue_reaction(&self, reaction: Gc<Record>, argument: Value, rejected: bool) {
        self.interp.jobs.push(Work::Reaction, [reaction.into(), argument, Value::boolean(rejected)]);
    }

    pub(crate) fn enqueue_thenable(&self, promise: Gc<Promise>, thenable: Value, then: Value) {
        self.interp.jobs.push(Work::Thenable, [promise.into(), thenable, then]);
    }

    /// Whether jobs wait.
    pub fn has_jobs(&self) -> bool {
        !self.interp.jobs.is_empty()
    }

    /// Runs jobs until the queue is empty. An error is a termination, or what a job of `enqueue_call` or `enqueue_job` threw; the
    /// jobs behind it stay in the queue.
    pub fn run_jobs(&self) -> JsResult<()> {
        if self.interp.jobs.running.replace(true) {
            return Ok(());
        }
        let result = self.native_scope(|| {
            while let Some(job) = self.interp.jobs.pop() {
                self.run_job(&job)?;
                self.poll()?;
            }
            Ok(())
        });
        self.interp.jobs.running.set(false);
        result
    }

    fn run_job(&self, job: &Job) -> JsResult<()> {
        let [a, b, c] = [job.values[0].get(), job.values[1].get(), job.values[2].get()];
        match job.work {
            Work::Reaction => promise::run_reaction(self, a.as_kind(Kind::Record).expect("a reaction"), b, c.is_true()),
            Work::Thenable => promise::run_thenable(self, a.as_kind(Kind::Promise).expect("a promise"), b, c),
            Work::Native(f) => {
                let args = self.unpack_job_arguments(b);
                self.call_native_fn(f, &args).map(drop)
            }
            Work::Call => {
                let args = self.unpack_job_arguments(b);
                self.call(a, Value::UNDEFINED, &args).map(drop)
            }
        }
    }

    fn unpack_job_arguments(&self, list: Value) -> Vec<Value> {
        // Copied to the VM stack by the call before anything can collect.
        list.as_kind::<Record>(Kind::Record).map_or_else(Vec::new, |r| (0..r.len()).map(|i| r.get(i)).collect())
    }

    /// Calls a native that has no function object, in a frame of its own.
    fn call_native_fn(&self, f: NativeFn, args: &[Value]) -> JsResult<Value> {
        let base = self.interp.frame.get().top();
        if !self.stack_has(base, crate::frame::HEADER + args.len()) {
            return Err(self.throw_stack_overflow());
        }
        base.set(crate::frame::CALLEE, Value::UNDEFINED);
        base.set(crate::frame::THIS, Value::UNDEFINED);
        base.set(crate::frame::NEW_TARGET, Value::UNDEFINED);
        for (i, arg) in args.iter().enumerate() {
            base.set(crate::frame::HEADER + i, *arg);
        }
        let caller = self.interp.frame.get();
        crate::call::reserve_block(self, base, args.len());
        let result = f(self, &crate::native::Args { frame: base, argc: args.len() });
        self.interp.frame.set(caller);
        result
    }

    /// Takes the rejected promises that nobody has handled: called by hosts when the queue has run empty.
    pub fn take_unhandled_rejections(&self) -> Option<Gc<Promise>> {
        // SAFETY: as in `JobQueue::push`.
        let list = unsafe { &mut *self.interp.jobs.unhandled.get() };
        if list.is_empty() { None } else { list.remove(0).get().as_kind(Kind::Promise) }
    }
}
