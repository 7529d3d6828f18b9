//! Clocks that stages and passes are timed with.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Tells the time since some fixed moment.
pub type Clock = fn() -> Duration;

/// Time that has passed. Cheap: no system call.
pub fn wall() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Time that this thread has spent on a processor, so that other programs count as little as possible. Some hundred nanoseconds
/// a call.
pub fn thread() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
