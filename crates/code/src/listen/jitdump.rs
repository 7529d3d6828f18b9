//! The jitdump file: code, names and lines over time, which `perf inject --jit` turns into images that `perf annotate`
//! disassembles (Linux, `tools/perf/Documentation/jitdump-specification.txt`). Record with `perf record -k mono`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::{CodeListener, shown_name};
use crate::object::{CodeObject, CodeRef};

const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_SIZE: u32 = 40;
const EM_X86_64: u32 = 62;
const CODE_LOAD: u32 = 0;
const DEBUG_INFO: u32 = 2;
const CLOSE: u32 = 3;

/// Writes a jitdump file.
#[derive(Debug)]
pub struct JitDump {
    file: BufWriter<File>,
    /// The mapping that tells perf of the file; an address, only to be unmapped.
    marker: usize,
    marker_len: usize,
    index: u64,
}

impl JitDump {
    /// A dump in the current directory, at the name that perf expects.
    ///
    /// # Errors
    ///
    /// The file cannot be made or mapped.
    pub fn new() -> io::Result<JitDump> {
        JitDump::at(&PathBuf::from(format!("jit-{}.dump", std::process::id())))
    }

    /// A dump at a path, whose name must be `jit-PID.dump` for perf to see it.
    ///
    /// # Errors
    ///
    /// The file cannot be made or mapped.
    pub fn at(path: &Path) -> io::Result<JitDump> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let marker_len = 4096;
        // perf learns of the dump by seeing an executable mapping of it. It is never written through.
        // SAFETY: a fresh private mapping of a file of our own, at an address that the system chooses.
        let marker = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                marker_len,
                libc::PROT_READ | libc::PROT_EXEC,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if marker == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut dump = JitDump { file: BufWriter::new(file), marker: marker as usize, marker_len, index: 0 };
        let mut header = Vec::new();
        for word in [MAGIC, VERSION, HEADER_SIZE, EM_X86_64, 0, std::process::id()] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&timestamp().to_le_bytes());
        header.extend_from_slice(&0u64.to_le_bytes());
        dump.file.write_all(&header)?;
        dump.file.flush()?;
        Ok(dump)
    }

    fn record(&mut self, id: u32, body: &[u8]) {
        let mut record = Vec::with_capacity(16 + body.len());
        record.extend_from_slice(&id.to_le_bytes());
        record.extend_from_slice(&(16 + body.len() as u32).to_le_bytes());
        record.extend_from_slice(&timestamp().to_le_bytes());
        record.extend_from_slice(body);
        // A lost record costs a name in a profile.
        let _ = self.file.write_all(&record);
    }
}

/// Nanoseconds of the clock that perf is told to use.
fn timestamp() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system fills in the structure that it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl CodeListener for JitDump {
    fn added(&mut self, _: CodeRef, object: &CodeObject, bytes: &[u8]) {
        let address = object.entry() as u64;
        let lines = &object.tables().lines;
        if let (Some(source), false) = (object.source(), lines.is_empty()) {
            let mut body = Vec::new();
            body.extend_from_slice(&address.to_le_bytes());
            body.extend_from_slice(&(lines.len() as u64).to_le_bytes());
            for (offset, &line) in lines.iter() {
                body.extend_from_slice(&(address + u64::from(offset)).to_le_bytes());
                body.extend_from_slice(&line.to_le_bytes());
                body.extend_from_slice(&0u32.to_le_bytes());
                body.extend_from_slice(source.replace('\0', " ").as_bytes());
                body.push(0);
            }
            self.record(DEBUG_INFO, &body);
        }
        let mut body = Vec::new();
        body.extend_from_slice(&std::process::id().to_le_bytes());
        // SAFETY: the call takes nothing and returns a number.
        let thread = unsafe { libc::syscall(libc::SYS_gettid) } as u32;
        body.extend_from_slice(&thread.to_le_bytes());
        for word in [address, address, bytes.len() as u64, self.index] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        self.index += 1;
        body.extend_from_slice(shown_name(object).as_bytes());
        body.push(0);
        body.extend_from_slice(bytes);
        self.record(CODE_LOAD, &body);
        let _ = self.file.flush();
    }
}

impl Drop for JitDump {
    fn drop(&mut self) {
        self.record(CLOSE, &[]);
        let _ = self.file.flush();
        // SAFETY: the mapping was made by `at`, is given up once, and nothing was ever taken from it.
        unsafe { libc::munmap(self.marker as *mut libc::c_void, self.marker_len) };
    }
}
