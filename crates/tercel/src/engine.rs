//! The engine: one heap, its realms, and what runs in them.

use crate::convert::{FromJs, IntoArgs, IntoJs};
use crate::error::{Error, ErrorKind, Frame};
use crate::host::{Arguments, HostFunction, Stored};
use crate::value::{Dropped, Function, Handle, Object, Value};
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tercel_gc::HandleTable;
use tercel_vm::context::{Context, Options};
use tercel_vm::native::{Args, FunctionSpec};
#[cfg(feature = "jit")]
use tercel_vm::statistics::Amount;
use tercel_vm::statistics::Figure;
use tercel_vm::{JsResult, Throw, ValueList};

pub use tercel_vm::interrupt::InterruptHandle;

/// What an engine keeps beside the virtual machine.
struct State {
    cx: Box<Context>,
    dropped: Dropped,
    functions: RefCell<Vec<Rc<Stored>>>,
    /// Calls of [`Engine::run`] that are active.
    depth: Cell<u32>,
    watchdog: RefCell<Option<Watchdog>>,
}

/// A JavaScript engine. See the crate's documentation.
///
/// All methods take `&self`: scripts call Rust functions that use the same engine. An engine is used from one thread at a time; it
/// may move to another while nothing runs in it.
pub struct Engine {
    state: ManuallyDrop<Box<State>>,
    owned: bool,
}

// SAFETY: everything reachable from an engine is owned by it: the heap, the stacks, host functions (which are not required to be
// `Send`, so `Engine::function` demands it where it matters, see there), and handles share only an `Arc<Mutex<…>>` with it. Nothing is
// tied to the thread that made it: the native stack's bounds are read anew at each entry.
unsafe impl Send for Engine {}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.owned {
            self.state.watchdog.borrow_mut().take();
            // SAFETY: only the engine that was made by `with_options` owns its state, and it is dropped once.
            unsafe { ManuallyDrop::drop(&mut self.state) };
        }
    }
}

/// A thread that makes the engine look at its deadline when the time has come.
struct Watchdog {
    stop: std::sync::mpsc::Sender<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watchdog {
    fn start(handle: InterruptHandle, after: Duration) -> Watchdog {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(after) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                // Until it is heard: a check that comes a moment before the deadline finds nothing.
                while stopped.recv_timeout(Duration::from_millis(1)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
                {
                    handle.check_deadline();
                }
            }
        });
        Watchdog { stop, thread: Some(thread) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

static HOST_FUNCTION: FunctionSpec = FunctionSpec::anonymous(0, host_function);

/// The native behind every Rust closure: its data is the closure's number.
fn host_function(cx: &Context, args: &Args) -> JsResult<tercel_vm::Value> {
    let engine = Engine::of(cx);
    let index = args.callee_native().data(0).as_int32() as usize;
    let function = engine.state.functions.borrow()[index].clone();
    let arguments = Arguments {
        this: Value::from_vm(&engine, args.this()),
        values: (0..args.len()).map(|i| Value::from_vm(&engine, args.get(i))).collect(),
    };
    let result = function(&engine, &arguments);
    match result.and_then(|value| value.to_vm(&engine)) {
        Ok(value) => Ok(value),
        Err(error) => Err(engine.throw(error)),
    }
}

static PROXY_TARGET: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| {
    Ok(match args.get(0).as_kind::<tercel_vm::object::proxy::Proxy>(tercel_vm::Kind::Proxy) {
        None => tercel_vm::Value::UNDEFINED,
        Some(p) if p.target.get().is_null() => tercel_vm::Value::NULL,
        Some(p) => cx.array_of(&[p.target.get(), p.handler.get()]).into(),
    })
});

static PROMISE_STATE: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| {
    use tercel_vm::promise::{Promise, PromiseState};
    let Some(p) = args.get(0).as_kind::<Promise>(tercel_vm::Kind::Promise) else {
        return Ok(tercel_vm::Value::UNDEFINED);
    };
    let state = match p.state() {
        PromiseState::Pending => "pending",
        PromiseState::Fulfilled => "fulfilled",
        PromiseState::Rejected => "rejected",
    };
    Ok(cx.array_of(&[cx.string_from_utf8(state).into(), p.result.get()]).into())
});

impl Engine {
    /// An engine with default options.
    ///
    /// # Errors
    /// If the system grants no memory.
    pub fn new() -> Result<Engine, Error> {
        Engine::with_options(Options::default())
    }

    /// An engine with limits and flags of your choice.
    ///
    /// # Errors
    /// If the system grants no memory.
    pub fn with_options(options: Options) -> Result<Engine, Error> {
        let cx = Context::new(options, &tercel_builtins::BUILTINS)
            .map_err(|e| Error::new(ErrorKind::OutOfMemory, e.to_string()))?;
        #[cfg(feature = "jit")]
        tercel_jit::install(&cx);
        let state = Box::new(State {
            cx,
            dropped: Dropped::default(),
            functions: RefCell::default(),
            depth: Cell::new(0),
            watchdog: RefCell::default(),
        });
        state.cx.host_data.set(std::ptr::from_ref(&*state).cast());
        Ok(Engine { state: ManuallyDrop::new(state), owned: true })
    }

    /// The engine that a context belongs to, as a borrowed copy.
    fn of(cx: &Context) -> Engine {
        let state: *const State = cx.host_data.get().cast();
        // SAFETY: `with_options` stored the address of the boxed state, which lives as long as its context; the copy does not own it.
        Engine { state: ManuallyDrop::new(unsafe { Box::from_raw(state.cast_mut()) }), owned: false }
    }

    #[doc(hidden)]
    pub fn vm(&self) -> &Context {
        &self.state.cx
    }

    pub(crate) fn handles(&self) -> &HandleTable {
        &self.state.cx.objects.handles
    }

    pub(crate) fn dropped(&self) -> &Dropped {
        &self.state.dropped
    }

    /// Runs `body` inside the engine: on this thread's stack, with its native frames known to the collector.
    #[doc(hidden)]
    pub fn run<R>(&self, body: impl FnOnce(&Context) -> R) -> R {
        let cx = &*self.state.cx;
        if let Ok(mut dropped) = self.state.dropped.lock() {
            for handle in dropped.drain(..) {
                cx.objects.handles.remove(handle);
            }
        }
        if self.state.depth.get() > 0 {
            return body(cx);
        }
        cx.enter_thread();
        self.state.depth.set(1);
        let result = cx.native_scope(|| body(cx));
        self.state.depth.set(0);
        result
    }

    /// Turns a pending exception into an error.
    pub(crate) fn error(&self, _: Throw) -> Error {
        let cx = self.vm();
        if cx.is_terminating() {
            if self.state.depth.get() <= 1 {
                cx.take_termination();
            }
            let why = cx.termination_reason();
            return Error::new(ErrorKind::Terminated, why);
        }
        let thrown = cx.take_exception();
        let mut error = Error::new(ErrorKind::Terminated, cx.error_text(thrown));
        if thrown.is_object() {
            error.frames = cx
                .error_frames(thrown)
                .into_iter()
                .map(|f| Frame { function: f.function, source: f.source, line: f.line, column: f.column })
                .collect();
            if let Some(object) = thrown.as_kind(tercel_vm::Kind::Error)
                && let Ok(stack) = cx.error_stack(object)
                && let Some(text) = stack.as_string()
            {
                error.stack = text.to_rust(cx);
            }
        }
        error.kind = ErrorKind::Thrown(Value::from_vm(self, thrown));
        error
    }

    /// Makes an error the pending exception of a native.
    fn throw(&self, error: Error) -> Throw {
        let cx = self.vm();
        match error.kind {
            ErrorKind::Thrown(value) => match value.to_vm(self) {
                Ok(value) => cx.throw(value),
                Err(_) => cx.throw_type(format_args!("{}", error.message)),
            },
            ErrorKind::Terminated => cx.terminate(),
            ErrorKind::Conversion => cx.throw_type(format_args!("{}", error.message)),
            _ => cx.throw_error(tercel_vm::ErrorKind::Error, format_args!("{}", error.message)),
        }
    }

    /// Runs a script in the global scope and converts its completion value.
    ///
    /// # Errors
    /// What the script throws (a SyntaxError where it cannot be parsed), a termination, or a conversion that fails.
    pub fn eval<T: FromJs>(&self, source: &str) -> Result<T, Error> {
        self.eval_named(source, "<eval>")
    }

    /// As [`Engine::eval`], with the name that stack traces show.
    ///
    /// # Errors
    /// As [`Engine::eval`].
    pub fn eval_named<T: FromJs>(&self, source: &str, name: &str) -> Result<T, Error> {
        let value = self.run(|cx| match cx.eval_script(source, name) {
            Ok(v) => Ok(Value::from_vm(self, v)),
            Err(throw) => Err(self.error(throw)),
        })?;
        T::from_js(self, value)
    }

    /// Loads, links and evaluates a module and what it imports; its namespace object. Jobs are run until the module is done
    /// or nothing is left to do.
    ///
    /// # Errors
    /// What loading, linking or evaluating throws.
    pub fn eval_module(&self, source: &str, name: &str) -> Result<Object, Error> {
        self.run(|cx| {
            let namespace = cx.eval_module(source, name).map_err(|t| self.error(t))?;
            Ok(Object(Handle::new(self, namespace)))
        })
    }

    /// The global object.
    pub fn global(&self) -> Object {
        self.run(|cx| Object(Handle::new(self, cx.global_object().into())))
    }

    /// Sets a property of the global object.
    ///
    /// # Errors
    /// As [`Object::set`].
    pub fn set_global(&self, name: &str, value: impl IntoJs) -> Result<(), Error> {
        self.global().set(self, name, value)
    }

    /// A JavaScript function that runs a Rust closure.
    ///
    /// ```
    /// # use tercel::Engine;
    /// let engine = Engine::new()?;
    /// let add = engine.function("add", |a: f64, b: f64| a + b)?;
    /// engine.set_global("add", add)?;
    /// assert_eq!(engine.eval::<f64>("add(20, 22)")?, 42.0);
    /// # Ok::<(), tercel::Error>(())
    /// ```
    ///
    /// The closure must be `Send`, because the engine may move to another thread.
    ///
    /// # Errors
    /// If there is no memory for the function.
    pub fn function<M>(&self, name: &str, f: impl HostFunction<M> + Send) -> Result<Function, Error> {
        fn length<M, F: HostFunction<M>>(_: &F) -> u8 {
            F::LENGTH
        }
        let arity = length(&f);
        let stored: Stored = Box::new(move |engine, args| f.call(engine, args));
        let index = {
            let mut functions = self.state.functions.borrow_mut();
            functions.push(Rc::new(stored));
            functions.len() - 1
        };
        self.run(|cx| {
            let function = cx.new_native_with_data(
                &HOST_FUNCTION,
                [tercel_vm::Value::int32(index as i32), tercel_vm::Value::UNDEFINED],
            );
            let object = function.object();
            let name = cx.string_from_utf8(name);
            cx.define_function_length(object, tercel_vm::Value::int32(i32::from(arity))).map_err(|t| self.error(t))?;
            cx.define_function_name(object, name).map_err(|t| self.error(t))?;
            Ok(Function(Object(Handle::new(self, object.into()))))
        })
    }

    /// Makes a Rust closure a global function.
    ///
    /// # Errors
    /// As [`Engine::function`].
    pub fn register<M>(&self, name: &str, f: impl HostFunction<M> + Send) -> Result<(), Error> {
        let function = self.function(name, f)?;
        self.set_global(name, function)
    }

    /// A new, empty object.
    pub fn object(&self) -> Object {
        self.run(|cx| Object(Handle::new(self, cx.new_object().into())))
    }

    /// A new array of these values.
    ///
    /// # Errors
    /// If a value belongs to another engine, or memory runs out.
    pub fn array(&self, items: &[Value]) -> Result<Object, Error> {
        self.run(|cx| {
            let list = self.vm_args(items)?;
            let array = cx.new_array(0);
            for item in list.iter() {
                cx.array_push(array, item).map_err(|t| self.error(t))?;
            }
            Ok(Object(Handle::new(self, array.into())))
        })
    }

    pub(crate) fn vm_args(&self, values: &[Value]) -> Result<ValueList<'_>, Error> {
        let list = ValueList::with_capacity(self.vm(), values.len());
        for value in values {
            list.push(value.to_vm(self)?);
        }
        Ok(list)
    }

    pub(crate) fn call_value<T: FromJs>(&self, f: &Value, this: &Value, args: Vec<Value>) -> Result<T, Error> {
        let value = self.run(|cx| {
            let list = self.vm_args(&args)?;
            let (f, this) = (f.to_vm(self)?, this.to_vm(self)?);
            let result = cx.call_cells(f, this, list.cells()).map_err(|t| self.error(t))?;
            Ok(Value::from_vm(self, result))
        })?;
        T::from_js(self, value)
    }

    /// Calls a function value with any arguments.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call<T: FromJs>(&self, f: &Value, args: impl IntoArgs) -> Result<T, Error> {
        self.call_value(f, &Value::Undefined, args.into_args(self)?)
    }

    /// Runs promise reactions and other jobs until none is left.
    ///
    /// # Errors
    /// A termination, or what a callback of `queueMicrotask` threw; jobs behind it stay queued, so call again.
    pub fn run_jobs(&self) -> Result<(), Error> {
        self.run(|cx| cx.run_jobs().map_err(|t| self.error(t)))
    }

    pub fn has_jobs(&self) -> bool {
        self.vm().has_jobs()
    }

    /// Queues a call of `f`, to be made by [`Engine::run_jobs`].
    ///
    /// # Errors
    /// If a value belongs to another engine.
    pub fn enqueue_job(&self, f: &Function, args: impl IntoArgs) -> Result<(), Error> {
        let args = args.into_args(self)?;
        self.run(|cx| {
            let list = self.vm_args(&args)?;
            let f = f.0.0.get(self)?;
            let values: Vec<_> = list.iter().collect();
            cx.enqueue_call(f, &values);
            Ok(())
        })
    }

    /// The next promise that was rejected and that nobody handles: the reason, as the error of an uncaught exception. To be asked
    /// when no jobs are left.
    pub fn take_unhandled_rejection(&self) -> Option<Error> {
        self.run(|cx| {
            let promise = cx.take_unhandled_rejections()?;
            let throw = cx.throw(promise.result.get());
            Some(self.error(throw))
        })
    }

    /// A handle with which other threads stop what runs here.
    ///
    /// ```
    /// # use tercel::Engine;
    /// let engine = Engine::new()?;
    /// let handle = engine.interrupt_handle();
    /// let stopper = std::thread::spawn(move || {
    ///     std::thread::sleep(std::time::Duration::from_millis(20));
    ///     handle.terminate();
    /// });
    /// assert!(engine.eval::<()>("while (true);").unwrap_err().is_termination());
    /// stopper.join().unwrap();
    /// assert_eq!(engine.eval::<i32>("1 + 1")?, 2);
    /// # Ok::<(), tercel::Error>(())
    /// ```
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.vm().interrupt_handle()
    }

    /// Ends scripts that still run when `limit` has passed from now; `None` takes the limit back.
    pub fn set_time_limit(&self, limit: Option<Duration>) {
        *self.state.watchdog.borrow_mut() = None;
        let cx = self.vm();
        match limit {
            Some(limit) => {
                cx.set_deadline(Some(Instant::now() + limit));
                *self.state.watchdog.borrow_mut() = Some(Watchdog::start(cx.interrupt_handle(), limit));
            }
            None => cx.set_deadline(None),
        }
    }

    /// Serves interrupts and the time limit: for hosts whose event loops wait, where no script runs that would.
    ///
    /// # Errors
    /// A termination that is due.
    pub fn check_interrupts(&self) -> Result<(), Error> {
        self.run(|cx| cx.poll().map_err(|t| self.error(t)))
    }

    /// Collects all garbage.
    ///
    /// # Errors
    /// A termination that is due.
    pub fn collect_garbage(&self) -> Result<(), Error> {
        self.run(|cx| cx.collect_now().map_err(|t| self.error(t)))
    }

    /// A second global environment with its own library in the same heap.
    ///
    /// ```
    /// # use tercel::Engine;
    /// let engine = Engine::new()?;
    /// let other = engine.new_realm();
    /// engine.eval::<()>("var shared = 1")?;
    /// assert!(engine.in_realm(&other, |e| e.eval::<bool>("typeof shared === 'undefined'"))?);
    /// # Ok::<(), tercel::Error>(())
    /// ```
    pub fn new_realm(&self) -> Realm {
        self.run(|cx| Realm(Handle::new(self, cx.new_realm().into())))
    }

    /// Runs `body` with `realm` as the one that scripts run in.
    ///
    /// # Errors
    /// If the realm belongs to another engine, and what `body` gives.
    pub fn in_realm<R>(&self, realm: &Realm, body: impl FnOnce(&Engine) -> Result<R, Error>) -> Result<R, Error> {
        let value = realm.0.get(self)?;
        let Some(inner) = value.as_kind(tercel_vm::Kind::Realm) else { return Err(Error::host("not a realm")) };
        let cx = self.vm();
        let outer = cx.enter_realm(inner);
        let result = body(self);
        cx.enter_realm(outer);
        result
    }

    /// A new ArrayBuffer with these bytes.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn bytes(&self, bytes: &[u8]) -> Result<Object, Error> {
        self.run(|cx| {
            let buffer = cx.new_array_buffer_from(bytes).map_err(|t| self.error(t))?;
            Ok(Object(Handle::new(self, buffer.object().into())))
        })
    }

    /// The error that ends the running script as an interrupt would: no handler of the script sees it.
    pub fn termination(&self) -> Error {
        Error::new(ErrorKind::Terminated, "terminated")
    }

    /// What formatters of values ask of the engine and script cannot: `proxyTarget(v)` and `promiseState(v)`.
    ///
    /// # Errors
    /// If memory runs out.
    #[doc(hidden)]
    pub fn inspection_host(&self) -> Result<Object, Error> {
        let host = self.object();
        for (name, spec) in [("proxyTarget", &PROXY_TARGET), ("promiseState", &PROMISE_STATE)] {
            let f = self.run(|cx| Function(Object(Handle::new(self, cx.new_native(spec).object().into()))));
            host.set(self, name, f)?;
        }
        Ok(host)
    }

    /// Figures of the engine so far.
    pub fn statistics(&self) -> Statistics {
        #[cfg_attr(not(feature = "jit"), expect(unused_mut))]
        let mut figures = self.vm().figures();
        #[cfg(feature = "jit")]
        if let Some(jit) = tercel_jit::statistics(self.vm()) {
            let per = |amount: u64, count: u64| amount / count.max(1);
            let rows = [
                ("baseline.functions", Amount::Count(jit.functions)),
                ("baseline.batches", Amount::Count(jit.batches)),
                ("baseline.instructions", Amount::Count(jit.instructions)),
                (
                    "baseline.compile_time_per_instruction",
                    Amount::Nanoseconds(per(jit.time.as_nanos() as u64, jit.instructions)),
                ),
                ("baseline.code_per_bytecode_percent", Amount::Count(per(jit.code_bytes * 100, jit.bytecode_bytes))),
                ("baseline.evicted", Amount::Count(jit.evicted)),
                ("baseline.renewed", Amount::Count(jit.renewed)),
                ("work.interpreter.calls", Amount::Count(jit.work.interpreter_calls)),
                ("work.interpreter.iterations", Amount::Count(jit.work.interpreter_iterations)),
                ("work.baseline.calls", Amount::Count(jit.work.baseline_calls)),
                ("work.baseline.iterations", Amount::Count(jit.work.baseline_iterations)),
                (
                    "work.baseline.share_percent",
                    Amount::Count(jit.work.baseline_share().map_or(0, |share| (share * 100.0) as u64)),
                ),
                ("baseline.bytecode", Amount::Bytes(jit.bytecode_bytes)),
                ("baseline.code", Amount::Bytes(jit.code_bytes)),
                ("ic.compiled.programs", Amount::Count(jit.stub_programs)),
                ("ic.compiled.batches", Amount::Count(jit.stub_batches)),
                ("ic.compiled.code", Amount::Bytes(jit.stub_bytes)),
                ("baseline.compile_time", Amount::Nanoseconds(jit.time.as_nanos() as u64)),
                ("code.used", Amount::Bytes(jit.code_in_use as u64)),
                ("code.budget", Amount::Bytes(jit.budget as u64)),
            ];
            figures.extend(rows.map(|(key, amount)| Figure::new(key, amount)));
            figures.extend(
                jit.refused.iter().map(|(why, &n)| Figure::new(format!("baseline.refused.{why:?}"), Amount::Count(n))),
            );
        }
        Statistics { figures }
    }
}

/// A global environment (a realm of ECMA-262 §9.3) of an engine.
#[derive(Clone, Debug)]
pub struct Realm(Handle);

/// Figures of an engine: collections and pauses, memory by kind, inline caches, compilations. Prints as aligned lines.
#[derive(Clone, Debug)]
pub struct Statistics {
    figures: Vec<Figure>,
}

impl Statistics {
    /// All figures by name, in counts, bytes or nanoseconds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.figures.iter().map(|f| (&*f.key, f.amount.number()))
    }

    /// One figure by name: `gc.minor.pause_p99`.
    pub fn get(&self, key: &str) -> Option<u64> {
        self.iter().find(|&(name, _)| name == key).map(|(_, n)| n)
    }

    /// The figures as a JSON object of numbers.
    pub fn to_json(&self) -> String {
        tercel_vm::statistics::to_json(&self.figures)
    }
}

impl std::fmt::Display for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&tercel_vm::statistics::to_text(&self.figures))
    }
}
