//! `/tmp/perf-PID.map`: a line per piece of code, `START SIZE name` in hexadecimal (Linux, `tools/perf/Documentation/
//! jit-interface.txt`). Entries are never removed: where addresses are used again, perf takes the latest.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{CodeListener, shown_name};
use crate::object::{CodeObject, CodeRef};

/// Writes the map.
#[derive(Debug)]
pub struct PerfMap {
    file: File,
}

impl PerfMap {
    /// The map at the place where perf looks for it.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn new() -> io::Result<PerfMap> {
        PerfMap::at(&PathBuf::from(format!("/tmp/perf-{}.map", std::process::id())))
    }

    /// The map in a file of its own. Several engines of a process append to one.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn at(path: &Path) -> io::Result<PerfMap> {
        Ok(PerfMap { file: File::options().append(true).create(true).open(path)? })
    }
}

impl CodeListener for PerfMap {
    fn added(&mut self, _: CodeRef, object: &CodeObject, bytes: &[u8]) {
        // One write a line, so that lines of several engines do not mix. A lost line costs a name in a profile.
        let line = format!("{:x} {:x} {}\n", object.entry() as usize, bytes.len(), shown_name(object));
        let _ = self.file.write_all(line.as_bytes());
    }
}
