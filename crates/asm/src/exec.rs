//! Code in executable memory of its own, for a library's user who wants to call what was assembled.
//!
//! The memory is never writable and executable at once: pages are mapped writable, filled, then made executable and
//! read-only. The engine's own code lives in one reservation per engine instead (crate `tercel-code`).

use crate::AsmError;

/// Machine code in memory; unmapped on drop.
#[derive(Debug)]
pub struct ExecutableCode {
    base: *mut u8,
    mapped: usize,
    len: usize,
}

// SAFETY: the mapping is immutable after construction and owned by this value alone; unmapping from another thread is
// allowed, and calling the code is unsafe in itself.
unsafe impl Send for ExecutableCode {}
// SAFETY: as above: shared references only read the pointer.
unsafe impl Sync for ExecutableCode {}

/// Arguments of a call with the C calling convention: tuples of up to six integers or pointers.
pub trait CallArgs {
    /// Calls `code`.
    ///
    /// # Safety
    ///
    /// `code` must be a function of this signature with the platform's C calling convention.
    unsafe fn call<R>(self, code: *const u8) -> R;
}

macro_rules! call_args {
    ($($name:ident: $type:ident),*) => {
        impl<$($type: Copy),*> CallArgs for ($($type,)*) {
            #[inline]
            unsafe fn call<Ret>(self, code: *const u8) -> Ret {
                let ($($name,)*) = self;
                // SAFETY: the caller vouches that `code` has this signature; a function pointer is one address.
                let function: extern "C" fn($($type),*) -> Ret = unsafe { std::mem::transmute_copy(&code) };
                function($($name),*)
            }
        }
    };
}

call_args!();
call_args!(a: A);
call_args!(a: A, b: B);
call_args!(a: A, b: B, c: C);
call_args!(a: A, b: B, c: C, d: D);
call_args!(a: A, b: B, c: C, d: D, e: E);
call_args!(a: A, b: B, c: C, d: D, e: E, f: F);

impl ExecutableCode {
    /// Address of the first instruction.
    #[inline]
    pub fn as_ptr(&self) -> *const u8 {
        self.base
    }

    /// Bytes of code, the constant pool included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no code at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The code's bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `base` is mapped readable for `len` bytes as long as `self` lives, and nobody writes to it.
        unsafe { std::slice::from_raw_parts(self.base, self.len) }
    }

    /// Calls the code without arguments.
    ///
    /// # Safety
    ///
    /// The code must be a function `extern "C" fn() -> R`.
    pub unsafe fn call<R>(&self) -> R {
        // SAFETY: handed on to the caller.
        unsafe { ().call(self.base) }
    }

    /// Calls the code with a tuple of arguments: `code.call_with((1i64, 2i64))`.
    ///
    /// # Safety
    ///
    /// The code must be an `extern "C"` function of exactly these parameters that returns `R`.
    pub unsafe fn call_with<A: CallArgs, R>(&self, args: A) -> R {
        // SAFETY: handed on to the caller.
        unsafe { args.call(self.base) }
    }

    /// Maps `len` bytes, lets `fill` write them (it is given their future address), then makes them executable.
    ///
    /// # Errors
    ///
    /// The system refuses the mapping, or `fill` fails; nothing stays mapped then.
    #[cfg(unix)]
    pub fn map(len: usize, fill: impl FnOnce(&mut [u8], u64) -> Result<(), AsmError>) -> Result<Self, AsmError> {
        let page = 4096;
        let mapped = len.max(1).checked_next_multiple_of(page).ok_or(AsmError::BufferFull { limit: usize::MAX })?;
        // SAFETY: a fresh private anonymous mapping at an address that the system chooses touches no existing memory.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                mapped,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(last_error());
        }
        let code = ExecutableCode { base: base.cast(), mapped, len };
        // SAFETY: the mapping is writable, zero-filled, `mapped` bytes long, and known to nobody else yet.
        let bytes = unsafe { std::slice::from_raw_parts_mut(code.base, mapped) };
        fill(&mut bytes[..len], code.base as u64)?;
        // What follows the code traps if it is ever reached.
        bytes[len..].fill(0xCC);
        // SAFETY: exactly the pages of this mapping; no reference to them is in use any more.
        if unsafe { libc::mprotect(base, mapped, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
            return Err(last_error());
        }
        Ok(code)
    }

    /// Executable memory is not supported here: always an error.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(unix))]
    pub fn map(_: usize, _: impl FnOnce(&mut [u8], u64) -> Result<(), AsmError>) -> Result<Self, AsmError> {
        Err(AsmError::Map { errno: 0 })
    }
}

#[cfg(unix)]
fn last_error() -> AsmError {
    AsmError::Map { errno: std::io::Error::last_os_error().raw_os_error().unwrap_or(-1) }
}

impl Drop for ExecutableCode {
    fn drop(&mut self) {
        #[cfg(unix)]
        // SAFETY: the mapping was made by `map` with this size and is given up exactly once; whoever called the code
        // vouched that it does not outlive `self`.
        unsafe {
            libc::munmap(self.base.cast(), self.mapped);
        }
        #[cfg(not(unix))]
        let _ = self.mapped;
    }
}
