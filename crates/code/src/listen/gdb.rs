//! The GDB JIT interface (GDB manual, "JIT Compilation Interface"): a list of symbol files in memory, and a function that
//! the debugger sets a breakpoint on. Process-wide by its nature: a lock guards the list.

use std::collections::HashMap;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CodeListener, symbol_file};
use crate::object::{CodeObject, CodeRef};

/// One symbol file, linked with the others.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    file: *const u8,
    size: u64,
}

/// What the debugger reads.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

const NO_ACTION: u32 = 0;
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

/// The debugger finds this by name.
#[unsafe(no_mangle)]
static mut __jit_debug_descriptor: Descriptor =
    Descriptor { version: 1, action: NO_ACTION, relevant: ptr::null_mut(), first: ptr::null_mut() };

/// The debugger finds this by name and stops here after each change.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn __jit_debug_register_code() {
    // Something that no compiler removes or merges.
    std::hint::black_box(&raw const __jit_debug_descriptor);
}

static LIST: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A registered file; owns what the list points to.
struct Registered {
    entry: *mut Entry,
    bytes: *mut [u8],
}

// SAFETY: both pointers are owned boxes; the list that links the entry is only touched under the lock.
unsafe impl Send for Registered {}

/// Tells GDB and LLDB of code.
#[derive(Default)]
pub struct Gdb {
    files: HashMap<CodeRef, Registered>,
}

impl Gdb {
    /// A listener without code yet.
    pub fn new() -> Self {
        Self::default()
    }
}

fn register(bytes: Vec<u8>) -> Registered {
    let bytes = Box::into_raw(bytes.into_boxed_slice());
    let _guard = lock();
    let descriptor = &raw mut __jit_debug_descriptor;
    // SAFETY: the lock is held, so nobody else reads or writes the descriptor and the entries that it links; the debugger
    // does only while the process is stopped. `first` is null or a live entry: entries are unlinked before they are freed.
    unsafe {
        let first = (*descriptor).first;
        let entry = Box::into_raw(Box::new(Entry {
            next: first,
            previous: ptr::null_mut(),
            file: bytes.cast::<u8>(),
            size: bytes.len() as u64,
        }));
        if let Some(first) = first.as_mut() {
            first.previous = entry;
        }
        (*descriptor).first = entry;
        (*descriptor).relevant = entry;
        (*descriptor).action = REGISTER;
        __jit_debug_register_code();
        (*descriptor).action = NO_ACTION;
        (*descriptor).relevant = ptr::null_mut();
        Registered { entry, bytes }
    }
}

fn unregister(file: Registered) {
    let _guard = lock();
    let descriptor = &raw mut __jit_debug_descriptor;
    // SAFETY: as above; the entry was linked by `register` and is unlinked exactly once, because `file` is consumed; its
    // boxes are freed after the debugger was told.
    unsafe {
        let Entry { next, previous, .. } = *file.entry;
        match previous.as_mut() {
            Some(previous) => previous.next = next,
            None => (*descriptor).first = next,
        }
        if let Some(next) = next.as_mut() {
            next.previous = previous;
        }
        (*descriptor).relevant = file.entry;
        (*descriptor).action = UNREGISTER;
        __jit_debug_register_code();
        (*descriptor).action = NO_ACTION;
        (*descriptor).relevant = ptr::null_mut();
        drop(Box::from_raw(file.entry));
        drop(Box::from_raw(file.bytes));
    }
}

impl CodeListener for Gdb {
    fn added(&mut self, code: CodeRef, object: &CodeObject, _: &[u8]) {
        self.files.insert(code, register(symbol_file(object)));
    }

    fn removed(&mut self, code: CodeRef, _: &CodeObject) {
        if let Some(file) = self.files.remove(&code) {
            unregister(file);
        }
    }
}

impl Drop for Gdb {
    fn drop(&mut self) {
        for (_, file) in self.files.drain() {
            unregister(file);
        }
    }
}
