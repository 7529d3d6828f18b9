//! Scopes: heap cells with captured variables (ECMA-262 §9.1.1).
//!
//! A scope's template says what its slots are called; lookups by name (direct eval, `with`) find it through the code
//! block that made the scope. Loads and stores by position, which is nearly all of them, read nothing but `parent` and slots.

use crate::cell::{CellHeader, Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;
use std::cell::Cell;
use tercel_bytecode::ScopeTemplate;

/// Kind::Scope; slots follow.
#[repr(C)]
pub struct Scope {
    pub header: CellHeader,
    /// The enclosing scope, or null.
    pub parent: Cell<Value>,
    /// The `CodeBlock` whose template describes the scope.
    pub owner: Cell<Gc<CodeBlock>>,
    pub slot_count: Cell<u32>,
    /// Which of the owner's scope templates.
    pub template_index: Cell<u32>,
}

/// Bytes before the first slot.
pub const SLOTS_OFFSET: usize = size_of::<Scope>();

impl Gc<Scope> {
    #[inline(always)]
    pub fn slots(self) -> *mut Value {
        (self.addr() + SLOTS_OFFSET) as *mut Value
    }
    #[inline(always)]
    pub fn slot(self, i: usize) -> Value {
        debug_assert!(i < self.slot_count.get() as usize);
        // SAFETY: slot operands are bounded by the scope's template; the slots follow the header fields.
        unsafe { *self.slots().add(i) }
    }
    #[inline(always)]
    pub fn set_slot(self, cx: &Context, i: usize, v: Value) {
        debug_assert!(i < self.slot_count.get() as usize);
        // SAFETY: as in `slot`.
        unsafe { *self.slots().add(i) = v }
        cx.write_barrier(self.header_ptr(), v);
    }
    /// The scope `depth` parent links up.
    #[inline(always)]
    pub fn ancestor(self, depth: usize) -> Gc<Scope> {
        let mut scope = self;
        for _ in 0..depth {
            // SAFETY: the compiler counted the links: each of these parents is a scope.
            scope = unsafe { Gc::from_addr(scope.parent.get().bits() as usize) };
        }
        scope
    }
    pub fn parent_scope(self) -> Option<Gc<Scope>> {
        self.parent.get().as_kind(Kind::Scope)
    }
    /// What the slots are. Good while the scope is reachable.
    pub fn template<'a>(self) -> &'a ScopeTemplate {
        &self.owner.get().template::<'a>().scopes[self.template_index.get() as usize]
    }
}

impl Context {
    /// A new scope of `owner`'s scope template `index`; lexical slots start empty, the others undefined.
    ///
    /// # Errors
    /// RangeError where there is no memory for a scope of thousands of variables.
    pub fn new_scope(&self, owner: Gc<CodeBlock>, index: usize, parent: Value) -> JsResult<Gc<Scope>> {
        let template = &owner.template().scopes[index];
        let count = template.vars.len();
        let scope: Gc<Scope> = self.try_alloc_raw(Kind::Scope, SLOTS_OFFSET + count * 8)?;
        // SAFETY: the cell is fresh and of this size.
        unsafe {
            scope.as_ptr().write(Scope {
                header: CellHeader::new(0, Kind::Scope as u8, 0, 0),
                parent: Cell::new(parent),
                owner: Cell::new(owner),
                slot_count: Cell::new(count as u32),
                template_index: Cell::new(index as u32),
            });
            for (i, var) in template.vars.iter().enumerate() {
                *scope.slots().add(i) = if var.kind.starts_empty() { Value::EMPTY } else { Value::UNDEFINED };
            }
        }
        Ok(scope)
    }

    /// CreatePerIterationEnvironment: the same variables and values in a new scope.
    ///
    /// # Errors
    /// As [`Context::new_scope`].
    pub fn clone_scope(&self, source: Gc<Scope>) -> JsResult<Gc<Scope>> {
        let count = source.slot_count.get() as usize;
        let scope: Gc<Scope> = self.try_alloc_raw(Kind::Scope, SLOTS_OFFSET + count * 8)?;
        // SAFETY: fresh and of this size; `source` has `count` slots, and allocation moved nothing.
        unsafe {
            scope.as_ptr().write(Scope {
                header: CellHeader::new(0, Kind::Scope as u8, 0, 0),
                parent: Cell::new(source.parent.get()),
                owner: Cell::new(source.owner.get()),
                slot_count: Cell::new(count as u32),
                template_index: Cell::new(source.template_index.get()),
            });
            std::ptr::copy_nonoverlapping(source.slots(), scope.slots(), count);
        }
        Ok(scope)
    }
}
