//! A template instantiated in a realm: constants as values, feedback, counters.
//!
//! A code block is made when the first closure of its template is, and stays small until the first call: then
//! [`Context::prepare_code`] makes the constants and the feedback sites, and has the front end lower the function if its template is an outline. It does not move, and neither does what it
//! points to outside the heap, so the interpreter and machine code may keep its addresses while a frame refers to it.
//!
//! Invariants: `code`, `constants` and `sites` are valid for reading once `READY` is set; a write of a cell pointer into
//! constants, sites or `functions` is followed by a write barrier of the code block.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::feedback::{NO_SHAPE, Site};
use crate::key::PropertyKey;
use crate::realm::Realm;
use crate::string::JsString;
use crate::tier::MachineCode;
use crate::value::Value;
use std::cell::{Cell, UnsafeCell};
use std::sync::Arc;
use tercel_bytecode::{Constant, FunctionKind, JsStr, Template, TemplateFlags};

/// Kind::CodeBlock; does not move.
#[repr(C)]
pub struct CodeBlock {
    pub header: CellHeader,
    code: Cell<*const u16>,
    constants: Cell<*mut Value>,
    sites: Cell<*mut Site>,
    flags: Cell<u32>,
    num_registers: Cell<u16>,
    num_params: u16,
    /// Calls that ran in the interpreter (wrapping).
    pub calls: Cell<u32>,
    /// Calls that are missing before it is compiled; at most 0: hot, or compiled ([`crate::tier`]).
    pub heat: Cell<i32>,
    /// Calls of stubs by the machine code's accesses to names and its calls that are missing before it is asked whether it should be made anew; what its sites had learned
    /// when it was made; how often it was made anew ([`crate::tier`]).
    pub late: Cell<i32>,
    pub known: Cell<u32>,
    pub renewals: Cell<u8>,
    /// The address that machine code calls: with the header and the arguments in place.
    pub entry: Cell<usize>,
    /// The same for calls by `new`; they differ for class constructors.
    pub construct_entry: Cell<usize>,
    /// The machine code, or null.
    machine: Cell<*const MachineCode>,
    num_sites: Cell<u32>,
    num_constants: Cell<u32>,
    num_functions: Cell<u32>,
    /// Code blocks of the inner functions, made by their first closures; empty until then.
    functions: Cell<*mut Value>,
    /// A count of the template that the block was made of.
    template: *const Template,
    /// That, or, if it is an outline that has been called, the template with the code, which the outline keeps.
    whole: Cell<*const Template>,
    realm: Cell<Gc<Realm>>,
    /// Shape and the like for `new`: see `construct`.
    pub construct_shape: Cell<u32>,
    pub module: Cell<Value>,
    /// The ids of the shapes that machine code of this block names, sorted. They are alive as long as the block: its code may run in some
    /// frame long after it was taken away.
    held_shapes: UnsafeCell<Vec<u32>>,
}

/// Bits of a code block's flags.
pub mod code_flag {
    /// Constants and feedback are there.
    pub const READY: u32 = 1;
    /// A class constructor: may not be called.
    pub const CLASS: u32 = 2;
    /// Arguments beyond the parameters are kept above the registers.
    pub const EXTRA_ARGS: u32 = 4;
    pub const STRICT: u32 = 8;
    /// `new` passes no `this` object: it starts empty.
    pub const DERIVED: u32 = 16;
    /// May be called with `new`.
    pub const CONSTRUCTOR: u32 = 32;
    pub const GENERATOR: u32 = 64;
    pub const ASYNC: u32 = 128;
    pub const BUILTIN: u32 = 256;
    /// The compiler has refused it.
    pub const REFUSED: u32 = 512;
}

impl CodeBlock {
    /// Offsets in bytes, for machine code.
    pub const CODE_OFFSET: usize = std::mem::offset_of!(CodeBlock, code);
    pub const CONSTANTS_OFFSET: usize = std::mem::offset_of!(CodeBlock, constants);
    pub const ENTRY_OFFSET: usize = std::mem::offset_of!(CodeBlock, entry);
    pub const CONSTRUCT_ENTRY_OFFSET: usize = std::mem::offset_of!(CodeBlock, construct_entry);
    pub const MACHINE_OFFSET: usize = std::mem::offset_of!(CodeBlock, machine);
    /// From the feedback sites to the count of calls in machine code, which has the sites' address at hand.
    pub const CALLS_BEFORE_SITES: i32 = std::mem::offset_of!(Site, aux) as i32 - size_of::<Site>() as i32;
    pub const LATE_OFFSET: usize = std::mem::offset_of!(CodeBlock, late);
    pub const FLAGS_OFFSET: usize = std::mem::offset_of!(CodeBlock, flags);
    pub const SITES_OFFSET: usize = std::mem::offset_of!(CodeBlock, sites);
    pub const NUM_REGISTERS_OFFSET: usize = std::mem::offset_of!(CodeBlock, num_registers);
    pub const NUM_PARAMS_OFFSET: usize = std::mem::offset_of!(CodeBlock, num_params);
    pub const REALM_OFFSET: usize = std::mem::offset_of!(CodeBlock, realm);
}

impl Gc<CodeBlock> {
    #[inline(always)]
    pub fn code(self) -> *const u16 {
        self.code.get()
    }
    #[inline(always)]
    pub fn constants(self) -> *mut Value {
        self.constants.get()
    }
    #[inline(always)]
    pub fn sites(self) -> *mut Site {
        self.sites.get()
    }
    #[inline(always)]
    pub fn flags(self) -> u32 {
        self.flags.get()
    }
    #[inline(always)]
    pub fn has(self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }
    #[inline(always)]
    pub fn num_registers(self) -> usize {
        self.num_registers.get() as usize
    }
    #[inline(always)]
    pub fn num_params(self) -> usize {
        self.num_params as usize
    }
    #[inline(always)]
    pub fn keeps_extra_args(self) -> bool {
        self.has(code_flag::EXTRA_ARGS)
    }
    #[inline(always)]
    pub fn realm(self) -> Gc<Realm> {
        self.realm.get()
    }
    /// The template; an outline before the first call of a function that is lowered then. The reference is good while the code block lives, and it
    /// does not move.
    #[inline(always)]
    pub fn template<'a>(self) -> &'a Template {
        // SAFETY: the block owns a reference count of `template` until its finalizer runs, and that keeps `whole`; callers use the
        // reference only while the block is reachable (a frame or function that they hold refers to it).
        unsafe { &*self.whole.get() }
    }
    pub fn template_arc(self) -> Arc<Template> {
        // SAFETY: `template` came from Arc::into_raw, and the block's own count keeps it alive.
        unsafe {
            Arc::increment_strong_count(self.template);
            Arc::from_raw(self.template)
        }
    }
    #[inline(always)]
    pub fn site<'a>(self, slot: usize) -> &'a Site {
        debug_assert!(slot < self.num_sites.get() as usize);
        // SAFETY: the verifier bounds slot operands by the template's slots, and the sites live as long as the block.
        unsafe { &*self.sites.get().add(slot) }
    }
    /// Calls that ran in machine code (wrapping). They are counted in front of the sites.
    pub fn machine_calls(self) -> u32 {
        if self.sites.get().is_null() {
            return 0;
        }
        // SAFETY: one site more was made, in front of those of the template.
        unsafe { (*self.sites.get().sub(1)).aux.get() }
    }
    pub fn all_sites<'a>(self) -> &'a [Site] {
        if self.sites.get().is_null() {
            return &[];
        }
        // SAFETY: as in `site`.
        unsafe { std::slice::from_raw_parts(self.sites.get(), self.num_sites.get() as usize) }
    }
    #[inline(always)]
    pub fn constant(self, i: usize) -> Value {
        debug_assert!(i < self.num_constants.get() as usize);
        // SAFETY: the verifier bounds constant operands; the block is READY when its code runs.
        unsafe { *self.constants.get().add(i) }
    }
    /// A string constant as a property key.
    #[inline(always)]
    pub fn key(self, i: usize) -> PropertyKey {
        PropertyKey::from_constant(self.constant(i))
    }
    pub fn name_constant(self, i: usize) -> Gc<JsString> {
        // SAFETY: operands called `name` are string constants (verifier).
        unsafe { Gc::from_addr(self.constant(i).bits() as usize) }
    }
    /// The unit offset of `pc` from the start of the code.
    #[inline(always)]
    pub fn offset_of(self, pc: *const u16) -> usize {
        // SAFETY: callers pass a pc of this code.
        unsafe { pc.offset_from(self.code.get()) as usize }
    }
    pub fn own_name(self) -> &'static JsStr {
        // The reference must not outlive the block; it is used at once by all callers.
        &self.template::<'static>().name
    }

    /// The machine code, if there is any. It is used while the block is reachable, and freed only when no frame runs it.
    #[inline(always)]
    pub fn machine_code<'a>(self) -> Option<&'a MachineCode> {
        // SAFETY: the compiler keeps what it gave out until it is told to release it.
        unsafe { self.machine.get().as_ref() }
    }
    /// The compiler refused it: it stays in the interpreter.
    pub(crate) fn refuse(self) {
        self.flags.set(self.flags.get() | code_flag::REFUSED);
        self.heat.set(crate::tier::NEVER);
    }
    /// From now on calls enter this code, which its maker keeps in its place until the block's death is reported or the code is forgotten.
    pub fn set_machine_code(self, cx: &Context, machine: &MachineCode) {
        self.machine.set(machine);
        self.heat.set(0);
        crate::tier::note_knowledge(cx, self);
        let entry = machine.entry;
        self.construct_entry.set(entry);
        // A class constructor may not be called: the default entry says so.
        if !self.has(code_flag::CLASS) {
            self.entry.set(entry);
        }
    }
    /// Back to the interpreter: new calls no longer enter machine code.
    pub fn forget_machine_code(self, cx: &Context) {
        self.machine.set(std::ptr::null());
        self.entry.set(crate::machine::default_entry());
        self.construct_entry.set(crate::machine::default_entry());
        self.heat.set(cx.interp.tiers.call_threshold.get());
    }

    /// From now on machine code may name the shape, which is alive.
    pub fn hold_shape(self, id: u32) {
        // SAFETY: one thread uses the block, and no reference into the vector leaves this and the next function.
        let held = unsafe { &mut *self.held_shapes.get() };
        if let Err(at) = held.binary_search(&id) {
            held.insert(at, id);
        }
    }
    pub(crate) fn each_held_shape(self, visit: impl FnMut(u32)) {
        // SAFETY: as above; `visit` is the collector's and runs no script.
        unsafe { &*self.held_shapes.get() }.iter().copied().for_each(visit);
    }

    /// Shows every value of the block to `visit`: constants, sites, inner functions, realm, module.
    pub(crate) fn each_value(self, mut visit: impl FnMut(&Cell<Value>)) {
        // SAFETY: the arrays have these lengths (null ones are empty), and `Cell<Value>` has the layout of `Value`.
        let cells = |first: *mut Value, n: u32| -> &[Cell<Value>] {
            if first.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(first.cast(), n as usize) } }
        };
        cells(self.constants.get(), self.num_constants.get()).iter().for_each(&mut visit);
        cells(self.functions.get(), self.num_functions.get()).iter().for_each(&mut visit);
        for site in self.all_sites() {
            visit(&site.cell);
            visit(&site.stubs);
        }
        visit(&self.module);
        // Realms do not move, so the copy's update is of no consequence.
        visit(&Cell::new(self.realm.get().into()));
    }

    /// The code block of inner function `i`, if it was needed before.
    pub fn made_function(self, i: usize) -> Option<Gc<CodeBlock>> {
        debug_assert!(i < self.num_functions.get() as usize);
        // SAFETY: `functions` has `num_functions` values from creation on.
        unsafe { *self.functions.get().add(i) }.as_kind(Kind::CodeBlock)
    }

    /// The code block of inner function `i`.
    pub fn function(self, cx: &Context, i: usize) -> Gc<CodeBlock> {
        if let Some(block) = self.made_function(i) {
            return block;
        }
        // SAFETY: `functions` has `num_functions` values from creation on.
        let slot = unsafe { &mut *self.functions.get().add(i) };
        let template = self.template().functions[i].clone();
        let block = cx.new_code_block(template, self.realm());
        block.module.set(self.module.get());
        *slot = block.into();
        cx.write_barrier(self.header_ptr(), block.into());
        block
    }
}

/// Room for the code blocks of so many inner functions.
fn no_functions(count: u32) -> *mut Value {
    if count == 0 { std::ptr::null_mut() } else { boxed(vec![Value::EMPTY; count as usize]) }
}

fn boxed<T>(values: Vec<T>) -> *mut T {
    Box::into_raw(values.into_boxed_slice()).cast()
}

impl Context {
    /// A code block of `template` in `realm`.
    pub fn new_code_block(&self, template: Arc<Template>, realm: Gc<Realm>) -> Gc<CodeBlock> {
        let mut flags = 0;
        for (bit, on) in [
            (
                code_flag::CLASS,
                matches!(template.kind, FunctionKind::ClassConstructor | FunctionKind::DerivedConstructor),
            ),
            (code_flag::DERIVED, template.kind == FunctionKind::DerivedConstructor),
            (code_flag::EXTRA_ARGS, template.flags.contains(TemplateFlags::USES_EXTRA_ARGS)),
            (code_flag::STRICT, template.flags.contains(TemplateFlags::STRICT)),
            (code_flag::GENERATOR, template.flags.contains(TemplateFlags::GENERATOR)),
            (code_flag::ASYNC, template.flags.contains(TemplateFlags::ASYNC)),
            (code_flag::BUILTIN, template.flags.contains(TemplateFlags::BUILTIN)),
            (
                code_flag::CONSTRUCTOR,
                template.flags.contains(TemplateFlags::CONSTRUCTOR)
                    || matches!(template.kind, FunctionKind::ClassConstructor | FunctionKind::DerivedConstructor),
            ),
        ] {
            if on {
                flags |= bit;
            }
        }
        let num_functions = template.functions.len() as u32;
        let (code, num_registers, num_params) = (template.code.as_ptr(), template.num_registers, template.num_params);
        let template = Arc::into_raw(template);
        let block: Gc<CodeBlock> = self.alloc_fixed(Kind::CodeBlock, size_of::<CodeBlock>());
        let header = CellHeader::new(0, Kind::CodeBlock as u8, 0, 0);
        // SAFETY: the cell is fresh and of this size; nobody else knows it.
        unsafe {
            block.as_ptr().write(CodeBlock {
                header,
                code: Cell::new(code),
                constants: Cell::new(std::ptr::null_mut()),
                sites: Cell::new(std::ptr::null_mut()),
                flags: Cell::new(flags),
                num_registers: Cell::new(num_registers),
                num_params,
                calls: Cell::new(0),
                heat: Cell::new(self.interp.tiers.call_threshold.get()),
                late: Cell::new(0),
                known: Cell::new(0),
                renewals: Cell::new(0),
                entry: Cell::new(crate::machine::default_entry()),
                construct_entry: Cell::new(crate::machine::default_entry()),
                machine: Cell::new(std::ptr::null()),
                num_sites: Cell::new(0),
                num_constants: Cell::new(0),
                num_functions: Cell::new(num_functions),
                functions: Cell::new(no_functions(num_functions)),
                template,
                whole: Cell::new(template),
                realm: Cell::new(realm),
                construct_shape: Cell::new(NO_SHAPE),
                module: Cell::new(Value::UNDEFINED),
                held_shapes: UnsafeCell::default(),
            });
        }
        block
    }

    /// Makes the constants and the feedback of `block`, before its first call, and its code if it is an outline.
    #[cold]
    #[inline(never)]
    pub fn prepare_code(&self, block: Gc<CodeBlock>) {
        if block.has(code_flag::READY) {
            return;
        }
        if block.template().deferred.is_some() {
            let whole = block.template().whole(self.native_stack_left());
            block.whole.set(whole);
            block.code.set(whole.code.as_ptr());
            block.num_registers.set(whole.num_registers);
            block.functions.set(no_functions(whole.functions.len() as u32));
            block.num_functions.set(whole.functions.len() as u32);
        }
        let template = block.template();
        let constants: Vec<Value> = template.constants.iter().map(|c| self.constant_value(c)).collect();
        // One more in front, for the count of calls.
        let sites: Vec<Site> = (0..=template.slots.len()).map(|_| Site::new()).collect();
        block.num_constants.set(constants.len() as u32);
        block.num_sites.set(template.slots.len() as u32);
        block.constants.set(boxed(constants));
        block.sites.set(boxed(sites).wrapping_add(1));
        block.flags.set(block.flags.get() | code_flag::READY);
        for i in 0..block.num_constants.get() as usize {
            self.write_barrier(block.header_ptr(), block.constant(i));
        }
    }

    fn constant_value(&self, constant: &Constant) -> Value {
        match constant {
            Constant::Undefined => Value::UNDEFINED,
            Constant::Null => Value::NULL,
            Constant::Bool(b) => Value::boolean(*b),
            Constant::Hole => Value::EMPTY,
            Constant::Int(i) => Value::int32(*i),
            Constant::Double(d) => Value::double(*d),
            Constant::String(text) => self.intern_text(text).into(),
            Constant::BigInt(digits) => self.bigint_from_digits(&digits.to_string()),
        }
    }

    /// The interned string of a template's text.
    pub fn intern_text(&self, text: &JsStr) -> Gc<JsString> {
        match text {
            JsStr::Latin1(bytes) => self.intern_latin1(bytes),
            JsStr::Utf16(units) => self.intern_utf16(units),
        }
    }
}

/// Gives back what a dead code block owns outside the heap.
///
/// # Safety
/// `header` is a code block's; called once.
pub unsafe fn finalize_code_block(header: *mut CellHeader) {
    // SAFETY: the kind is checked by the table; each pointer was made by `boxed` or `Arc::into_raw` with these lengths.
    unsafe {
        let block = &*header.cast::<CodeBlock>();
        if let Some(machine) = block.machine.get().as_ref() {
            machine.release();
        }
        let free = |pointer: *mut Value, n: u32| {
            if !pointer.is_null() {
                drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, n as usize)));
            }
        };
        free(block.constants.get(), block.num_constants.get());
        free(block.functions.get(), block.num_functions.get());
        if !block.sites.get().is_null() {
            let (first, count) = (block.sites.get().sub(1), block.num_sites.get() as usize + 1);
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(first, count)));
        }
        drop(std::mem::take(&mut *block.held_shapes.get()));
        drop(Arc::from_raw(block.template));
    }
}
