//! Telling profilers and debuggers about code: all opt-in, each a [`CodeListener`] added to a space.
//!
//! | listener | for | where |
//! |---|---|---|
//! | [`PerfMap`] | tools that look an address up | `/tmp/perf-PID.map`: addresses and names; perf itself asks it for anonymous memory only |
//! | [`JitDump`] | `perf inject --jit` | a jitdump file: also bytes and lines |
//! | `Gdb` (feature `gdb`) | GDB, LLDB | symbols and unwind rules in memory |

mod elf;
#[cfg(feature = "gdb")]
#[allow(unsafe_code)]
mod gdb;
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod jitdump;
mod perf_map;

pub use elf::symbol_file;
#[cfg(feature = "gdb")]
pub use gdb::Gdb;
#[cfg(target_os = "linux")]
pub use jitdump::JitDump;
pub use perf_map::PerfMap;

use crate::object::{CodeObject, CodeRef};

/// Someone who wants to know of code. Errors of its own (a full disk) it keeps to itself: code runs regardless.
pub trait CodeListener: Send {
    /// Code was published.
    fn added(&mut self, code: CodeRef, object: &CodeObject, bytes: &[u8]);

    /// Code was freed; its addresses will be used again.
    fn removed(&mut self, code: CodeRef, object: &CodeObject) {
        let _ = (code, object);
    }
}

/// The name that tools show: the kind, then the code's own name.
fn shown_name(object: &CodeObject) -> String {
    format!("{}:{}", object.kind().name(), object.name().replace(['\n', '\0'], " "))
}
