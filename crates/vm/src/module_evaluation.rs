//! Evaluation of modules, with top-level await (ECMA-262 §16.2.1.6.1.3 and after).

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::list::ValueList;
use crate::module::{Module, ModuleStatus};
use crate::promise::{Promise, continuation};
use crate::record::Record;
use crate::value::Value;

/// [[AsyncEvaluationOrder]] is done.
const ORDER_DONE: i32 = -1;

impl Gc<Module> {
    fn order(self) -> i32 {
        self.async_order.get().as_int32()
    }
    fn is_done(self) -> bool {
        matches!(self.status(), ModuleStatus::EvaluatingAsync | ModuleStatus::Evaluated)
    }
    fn thrown(self) -> Option<Value> {
        self.error.get().as_kind::<Record>(Kind::Record).map(|r| r.get(0))
    }
    fn root(self) -> Gc<Module> {
        self.cycle_root.get().as_kind(Kind::Module).unwrap_or(self)
    }
}

impl Context {
    fn module_failed(&self, module: Gc<Module>, error: Value) {
        let record = self.new_record(0, &[error]);
        module.set(self, |m| &m.error, record.into());
        module.set_status(ModuleStatus::Evaluated);
    }

    /// Evaluate() (§16.2.1.6.1.3). The module is linked.
    pub fn evaluate_module(&self, module: Gc<Module>) -> JsResult<Gc<Promise>> {
        let module = if module.is_done() { module.root() } else { module };
        if let Some(promise) = module.top_promise.get().as_kind(Kind::Promise) {
            return Ok(promise);
        }
        let promise = self.new_promise();
        module.set(self, |m| &m.top_promise, promise.into());
        let stack = ValueList::new(self);
        let mut index = 0;
        match self.inner_evaluate(module, &stack, &mut index) {
            Err(throw) => {
                let error = self.catch(throw)?;
                for v in stack.iter() {
                    if let Some(m) = v.as_kind::<Module>(Kind::Module) {
                        m.set(self, |m| &m.cycle_root, module.into());
                        self.module_failed(m, error);
                    }
                }
                if module.thrown().is_none() {
                    self.module_failed(module, error);
                }
                self.reject_promise(promise, error);
            }
            Ok(()) => {
                if module.order() <= 0 {
                    self.resolve_promise(promise, Value::UNDEFINED)?;
                }
            }
        }
        Ok(promise)
    }

    /// InnerModuleEvaluation (§16.2.1.6.1.3.1).
    fn inner_evaluate(&self, module: Gc<Module>, stack: &ValueList<'_>, index: &mut i32) -> JsResult<()> {
        self.check_native_stack()?;
        match module.status() {
            ModuleStatus::EvaluatingAsync | ModuleStatus::Evaluated => {
                return match module.thrown() {
                    Some(error) => Err(self.throw(error)),
                    None => Ok(()),
                };
            }
            ModuleStatus::Evaluating => return Ok(()),
            _ => {}
        }
        module.set_status(ModuleStatus::Evaluating);
        module.dfs_index.set(Value::int32(*index));
        module.dfs_ancestor.set(Value::int32(*index));
        module.pending.set(Value::ZERO);
        *index += 1;
        stack.push(module);
        for i in 0..module.request_count() {
            let Some(mut required) = module.request(i) else { continue };
            self.inner_evaluate(required, stack, index)?;
            if required.status() == ModuleStatus::Evaluating {
                let least = module.dfs_ancestor.get().as_int32().min(required.dfs_ancestor.get().as_int32());
                module.dfs_ancestor.set(Value::int32(least));
            } else {
                required = required.root();
                if let Some(error) = required.thrown() {
                    return Err(self.throw(error));
                }
            }
            if required.order() > 0 {
                module.pending.set(Value::int32(module.pending.get().as_int32() + 1));
                let parent = self.new_record(0, &[required.async_parents.get(), module.into()]);
                required.set(self, |m| &m.async_parents, parent.into());
            }
        }
        if module.pending.get().as_int32() > 0 || module.has_tla() {
            let order = self.interp.module_order.get() + 1;
            self.interp.module_order.set(order);
            module.async_order.set(Value::int32(order));
            if module.pending.get().as_int32() == 0 {
                self.execute_async_module(module)?;
            }
        } else {
            self.execute_module(module)?;
        }
        if module.dfs_ancestor.get() == module.dfs_index.get() {
            while let Some(v) = stack.pop() {
                if let Some(m) = v.as_kind::<Module>(Kind::Module) {
                    m.set_status(if m.order() > 0 { ModuleStatus::EvaluatingAsync } else { ModuleStatus::Evaluated });
                    m.set(self, |m| &m.cycle_root, module.into());
                }
                if v == module.into() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs a module's body; for one with top-level await the result is its promise.
    fn execute_module(&self, module: Gc<Module>) -> JsResult<Value> {
        let Some(code) = module.code_block().filter(|_| !module.is_json.get().is_true()) else {
            return Ok(Value::UNDEFINED);
        };
        let function = self.new_function(code, module.scope.get());
        self.call(function.into(), Value::UNDEFINED, &[])
    }

    /// ExecuteAsyncModule (§16.2.1.6.1.3.2).
    fn execute_async_module(&self, module: Gc<Module>) -> JsResult<()> {
        let result = self.execute_module(module)?;
        let promise = match result.as_kind::<Promise>(Kind::Promise) {
            Some(promise) => promise,
            None => {
                let promise = self.new_promise();
                self.fulfill_promise(promise, Value::UNDEFINED);
                promise
            }
        };
        self.promise_continue(promise, continuation::MODULE, module.into());
        Ok(())
    }

    /// AsyncModuleExecutionFulfilled (§16.2.1.6.1.3.4).
    fn async_module_fulfilled(&self, module: Gc<Module>) -> JsResult<()> {
        if module.status() == ModuleStatus::Evaluated {
            return Ok(());
        }
        module.async_order.set(Value::int32(ORDER_DONE));
        module.set_status(ModuleStatus::Evaluated);
        if let Some(promise) = module.top_promise.get().as_kind::<Promise>(Kind::Promise) {
            self.resolve_promise(promise, Value::UNDEFINED)?;
        }
        // GatherAvailableAncestors, in the order in which they became asynchronous.
        let ready = ValueList::new(self);
        gather_available_ancestors(self, module, &ready)?;
        let mut sorted: Vec<(i32, usize)> = (0..ready.len())
            .filter_map(|i| ready.get(i).as_kind::<Module>(Kind::Module).map(|m| (m.order(), i)))
            .collect();
        sorted.sort_unstable();
        for (_, i) in sorted {
            let Some(m) = ready.get(i).as_kind::<Module>(Kind::Module) else { continue };
            if m.status() == ModuleStatus::Evaluated {
                continue;
            }
            if m.has_tla() {
                self.execute_async_module(m)?;
                continue;
            }
            match self.execute_module(m) {
                Err(throw) => {
                    let error = self.catch(throw)?;
                    self.async_module_rejected(m, error)?;
                }
                Ok(_) => {
                    m.async_order.set(Value::int32(ORDER_DONE));
                    m.set_status(ModuleStatus::Evaluated);
                    if let Some(promise) = m.top_promise.get().as_kind::<Promise>(Kind::Promise) {
                        self.resolve_promise(promise, Value::UNDEFINED)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// AsyncModuleExecutionRejected (§16.2.1.6.1.3.5).
    fn async_module_rejected(&self, module: Gc<Module>, error: Value) -> JsResult<()> {
        self.check_native_stack()?;
        if module.status() == ModuleStatus::Evaluated {
            return Ok(());
        }
        self.module_failed(module, error);
        module.async_order.set(Value::int32(ORDER_DONE));
        // From the leaf to the roots.
        if let Some(promise) = module.top_promise.get().as_kind::<Promise>(Kind::Promise) {
            self.reject_promise(promise, error);
        }
        for parent in parents(self, module).iter() {
            if let Some(parent) = parent.as_kind::<Module>(Kind::Module) {
                self.async_module_rejected(parent, error)?;
            }
        }
        Ok(())
    }
}

/// [[AsyncParentModules]], oldest first.
fn parents<'a>(cx: &'a Context, module: Gc<Module>) -> ValueList<'a> {
    let list = ValueList::new(cx);
    let mut next = module.async_parents.get().as_kind::<Record>(Kind::Record);
    while let Some(entry) = next {
        list.push(entry.get(1));
        next = entry.record(0);
    }
    let n = list.len();
    for i in 0..n / 2 {
        list.swap(i, n - 1 - i);
    }
    list
}

/// GatherAvailableAncestors (§16.2.1.6.1.3.3).
fn gather_available_ancestors(cx: &Context, module: Gc<Module>, ready: &ValueList<'_>) -> JsResult<()> {
    cx.check_native_stack()?;
    for parent in parents(cx, module).iter() {
        let Some(m) = parent.as_kind::<Module>(Kind::Module) else { continue };
        if ready.iter().any(|v| v == parent) || m.root().thrown().is_some() {
            continue;
        }
        let pending = m.pending.get().as_int32() - 1;
        m.pending.set(Value::int32(pending));
        if pending == 0 {
            ready.push(m);
            if !m.has_tla() {
                gather_available_ancestors(cx, m, ready)?;
            }
        }
    }
    Ok(())
}

/// The promise of an asynchronous module's body has settled.
pub(crate) fn async_module_settled(cx: &Context, module: Value, argument: Value, rejected: bool) -> JsResult<()> {
    let Some(module) = module.as_kind::<Module>(Kind::Module) else { return Ok(()) };
    if rejected { cx.async_module_rejected(module, argument) } else { cx.async_module_fulfilled(module) }
}
