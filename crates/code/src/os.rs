//! Everything that depends on the operating system and the processor: the reservation, how code gets into it, and the
//! serialising instruction.
//!
//! Linux on x86-64. The code's memory is a memfd, mapped once and whole, readable and executable, at its place in the reservation.
//! It is written as a file is: one system call, where a writable alias would be two, a page fault for each page, and a
//! mapping that an attacker could use meanwhile. The file is as long as the code that was ever published, in whole pages: who jumps behind its end gets
//! SIGBUS, who jumps between pieces of code a trap. So each page is taken from the system and written once, by the publication that needs it, which is
//! where a lack of memory becomes an error. (See docs/decisions/0005-code-memory.md.) Elsewhere, [`Region::reserve`] is an error and nothing else is ever called.

/// Whether there is an implementation for this platform.
pub const SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use linux::{Region, prepare_process};
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use unsupported::{Region, prepare_process};

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod linux {
    use std::io::Error;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::ptr::{self, NonNull};
    use std::sync::OnceLock;

    use crate::CodeError;

    /// Size of a page and of each guard, in bytes.
    const PAGE: usize = 4096;
    /// Data blocks' memory becomes writable in steps of this size.
    const CHUNK: usize = 64 << 10;
    /// An instruction that traps: what executable memory holds where there is no code.
    const TRAP: u8 = 0xCC;

    fn denied() -> CodeError {
        CodeError::Denied { errno: Error::last_os_error().raw_os_error().unwrap_or(0) }
    }

    /// A reservation: guard, code, guard, data, guard.
    #[derive(Debug)]
    pub struct Region {
        base: NonNull<u8>,
        code_size: usize,
        data_size: usize,
        /// Bytes of the code area that the file holds, code or traps: a multiple of `PAGE`.
        code_written: usize,
        /// Bytes of the data area that can be used: a multiple of `CHUNK`.
        data_committed: usize,
        memory: OwnedFd,
    }

    // SAFETY: the region owns its mappings and its file; nothing refers to the thread that made them.
    unsafe impl Send for Region {}

    impl Region {
        /// Reserves addresses for so many bytes of code and data (rounded up to chunks).
        pub fn reserve(code_size: usize, data_size: usize) -> Result<Region, CodeError> {
            let invalid = CodeError::Invalid { reason: "the reservation is too large" };
            let round = |size: usize| size.checked_next_multiple_of(CHUNK).filter(|&size| size <= 1 << 30);
            let (code_size, data_size) = (round(code_size).ok_or(invalid.clone())?, round(data_size).ok_or(invalid)?);
            let memory = memory_file()?;
            // SAFETY: a fresh mapping without access, at an address that the system chooses, touches no existing memory.
            let base = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    code_size + data_size + 3 * PAGE,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            let base = match NonNull::new(base.cast::<u8>()) {
                Some(base) if base.as_ptr().cast() != libc::MAP_FAILED => base,
                _ => return Err(denied()),
            };
            let region = Region { base, code_size, data_size, code_written: 0, data_committed: 0, memory };
            region.map_code()?;
            Ok(region)
        }

        /// Maps the file, which is empty yet. Where the system allows no executable mappings, it says so here, and not at the first publication.
        fn map_code(&self) -> Result<(), CodeError> {
            // SAFETY: `MAP_FIXED` replaces pages of our own reservation, which nobody has accessed: the code area, behind its guard.
            let mapped = unsafe {
                libc::mmap(
                    self.code_base().cast_mut().cast(),
                    self.code_size,
                    libc::PROT_READ | libc::PROT_EXEC,
                    libc::MAP_SHARED | libc::MAP_FIXED,
                    self.memory.as_raw_fd(),
                    0,
                )
            };
            if mapped == libc::MAP_FAILED { Err(denied()) } else { Ok(()) }
        }

        pub fn code_size(&self) -> usize {
            self.code_size
        }

        pub fn data_size(&self) -> usize {
            self.data_size
        }

        /// Address of the code area.
        pub fn code_base(&self) -> *const u8 {
            self.base.as_ptr().wrapping_add(PAGE)
        }

        /// Address of the data area.
        pub fn data_base(&self) -> *mut u8 {
            self.base.as_ptr().wrapping_add(2 * PAGE + self.code_size)
        }

        /// Makes the data area readable and writable up to `end`, filled with zeros.
        pub fn commit_data(&mut self, end: usize) -> Result<(), CodeError> {
            let end = end.next_multiple_of(CHUNK);
            if end <= self.data_committed || end > self.data_size {
                return if end > self.data_size { Err(outside()) } else { Ok(()) };
            }
            let start = self.data_base().wrapping_add(self.data_committed);
            // SAFETY: pages of our own reservation that were never accessible before.
            let result =
                unsafe { libc::mprotect(start.cast(), end - self.data_committed, libc::PROT_READ | libc::PROT_WRITE) };
            if result != 0 {
                return Err(denied());
            }
            self.data_committed = end;
            Ok(())
        }

        /// Copies `bytes` to an offset of the code area. The caller owns the range: nothing in it runs or is read.
        pub fn write_code(&mut self, offset: usize, bytes: &[u8]) -> Result<(), CodeError> {
            let end = offset.checked_add(bytes.len()).filter(|&end| end <= self.code_size).ok_or_else(outside)?;
            if offset > self.code_written {
                // Alignment has left a gap.
                self.fill_with_traps(self.code_written, offset - self.code_written)?;
            }
            let traps = if end > self.code_written { end.next_multiple_of(PAGE) - end } else { 0 };
            self.write_file(offset, bytes, traps)
        }

        /// Fills a range of the code area with traps, as far as it was ever written. The caller owns the range.
        pub fn trap_code(&mut self, offset: usize, len: usize) -> Result<(), CodeError> {
            let end = offset.checked_add(len).filter(|&end| end <= self.code_size).ok_or_else(outside)?;
            self.fill_with_traps(offset, end.min(self.code_written).saturating_sub(offset))
        }

        fn fill_with_traps(&mut self, offset: usize, len: usize) -> Result<(), CodeError> {
            for start in (0..len).step_by(PAGE) {
                self.write_file(offset + start, &[], PAGE.min(len - start))?;
            }
            Ok(())
        }

        /// Writes bytes and then so many traps, at most a page, to the file behind the code area.
        fn write_file(&mut self, mut offset: usize, mut bytes: &[u8], mut traps: usize) -> Result<(), CodeError> {
            static TRAPS: [u8; PAGE] = [TRAP; PAGE];
            while !bytes.is_empty() || traps > 0 {
                let part =
                    |bytes: &[u8]| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
                let parts = [part(bytes), part(&TRAPS[..traps])];
                // SAFETY: the call reads the two parts and changes our own file. The executable mapping of the same pages shows
                // the change at once; what it shows as `&[u8]` (`code`) cannot be borrowed here, because of `&mut self`.
                let written = unsafe {
                    libc::pwritev(
                        self.memory.as_raw_fd(),
                        parts.as_ptr(),
                        parts.len() as libc::c_int,
                        offset as libc::off_t,
                    )
                };
                match usize::try_from(written) {
                    Ok(0) => return Err(CodeError::Denied { errno: libc::ENOSPC }),
                    Ok(written) => {
                        offset += written;
                        self.code_written = self.code_written.max(offset.next_multiple_of(PAGE));
                        traps -= written.saturating_sub(bytes.len()).min(traps);
                        bytes = bytes.get(written..).unwrap_or_default();
                    }
                    Err(_) if Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
                    Err(_) => return Err(denied()),
                }
            }
            Ok(())
        }

        /// Copies words to a range of the data area that no code uses yet.
        pub fn write_data(&mut self, offset: usize, words: &[u64], len: usize) {
            assert!(words.len() * 8 <= len && offset + len <= self.data_committed && offset.is_multiple_of(8));
            let start = self.data_base().wrapping_add(offset).cast::<u64>();
            // SAFETY: the range is committed, aligned, and owned by the caller, who has not handed it to code yet.
            unsafe {
                ptr::copy_nonoverlapping(words.as_ptr(), start, words.len());
                ptr::write_bytes(start.add(words.len()), 0, len / 8 - words.len());
            }
        }

        /// Reads published code.
        pub fn code(&self, offset: usize, len: usize) -> &[u8] {
            assert!(offset.checked_add(len).is_some_and(|end| end <= self.code_written));
            // SAFETY: written code is readable; its bytes change only through `&mut self`.
            unsafe { std::slice::from_raw_parts(self.code_base().wrapping_add(offset), len) }
        }

        /// Makes every thread of the process execute a serialising instruction before it runs code published so far.
        pub fn serialize(&self) {
            if !membarrier_registered() || !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) {
                // Without the system's help: this thread alone. Handing an engine to another thread passes through the
                // kernel, whose return to user mode serialises in its turn.
                std::arch::x86_64::__cpuid(0);
            }
        }
    }

    impl Drop for Region {
        fn drop(&mut self) {
            let size = self.code_size + self.data_size + 3 * PAGE;
            // SAFETY: the reservation is ours, made with this size and given up exactly once. Whoever dropped the space
            // owning it gave up all code in it.
            unsafe { libc::munmap(self.base.as_ptr().cast(), size) };
        }
    }

    fn outside() -> CodeError {
        CodeError::Invalid { reason: "a range outside the reservation" }
    }

    /// An unnamed file for the code's memory, empty.
    fn memory_file() -> Result<OwnedFd, CodeError> {
        // Systems from Linux 6.3 want to know whether the file may be executed; older ones do not know the flag.
        let mut fd = -1;
        for flags in [libc::MFD_CLOEXEC | libc::MFD_EXEC, libc::MFD_CLOEXEC] {
            // SAFETY: the name is a C string.
            fd = unsafe { libc::memfd_create(c"tercel-code".as_ptr(), flags) };
            if fd >= 0 || Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
                break;
            }
        }
        if fd < 0 {
            return Err(denied());
        }
        // SAFETY: the descriptor was opened just now and nobody else has it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes three integers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// Registers the process for the barrier that reusing code memory takes. Once per process; worth 3 µs before the first thread is
    /// started, while it takes 10 to 15 ms with several (the system waits for all processors then).
    pub fn prepare_process() {
        membarrier_registered();
    }

    /// Whether the process is registered for barriers that serialise the cores (once per process).
    fn membarrier_registered() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        *REGISTERED.get_or_init(|| membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE))
    }
}

/// The same functions, none of which can be reached: there is no `Region`.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod unsupported {
    use crate::CodeError;

    /// Nothing to prepare.
    pub fn prepare_process() {}

    /// Never exists.
    #[derive(Debug)]
    pub enum Region {}

    impl Region {
        pub fn reserve(_: usize, _: usize) -> Result<Region, CodeError> {
            Err(CodeError::Unsupported)
        }

        pub fn code_size(&self) -> usize {
            match *self {}
        }

        pub fn data_size(&self) -> usize {
            match *self {}
        }

        pub fn code_base(&self) -> *const u8 {
            match *self {}
        }

        pub fn data_base(&self) -> *mut u8 {
            match *self {}
        }

        pub fn commit_data(&mut self, _: usize) -> Result<(), CodeError> {
            match *self {}
        }

        pub fn write_code(&mut self, _: usize, _: &[u8]) -> Result<(), CodeError> {
            match *self {}
        }

        pub fn trap_code(&mut self, _: usize, _: usize) -> Result<(), CodeError> {
            match *self {}
        }

        pub fn write_data(&mut self, _: usize, _: &[u64], _: usize) {
            match *self {}
        }

        pub fn code(&self, _: usize, _: usize) -> &[u8] {
            match *self {}
        }

        pub fn serialize(&self) {
            match *self {}
        }
    }
}
