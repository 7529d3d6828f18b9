//! The engine's flags: the same for every subcommand.

use clap::Args;
use std::time::Duration;
use tercel::{Options, Thresholds};

#[derive(Args, Debug, Default)]
pub struct EngineFlags {
    /// Ends the program after this time: 500ms, 2s, 1m (a plain number: milliseconds).
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How much live data the program may hold: 64M, 1G (a plain number: bytes).
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub heap_limit: Option<usize>,
    /// How much stack the program's own functions may take.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub stack_limit: Option<usize>,
    /// Prints figures of the engine at the end.
    #[arg(long)]
    pub stats: bool,
    /// Writes the same figures to a file, as JSON: counts, bytes and nanoseconds.
    #[arg(long, value_name = "FILE")]
    pub stats_json: Option<std::path::PathBuf>,
    /// No machine code: the interpreter only.
    #[arg(long, help_heading = "For developers of the engine")]
    pub jitless: bool,
    /// The baseline compiler is the highest tier.
    #[arg(long, help_heading = "For developers of the engine")]
    pub no_opt: bool,
    /// Compiles every function before its first call.
    #[arg(long, help_heading = "For developers of the engine")]
    pub always_baseline: bool,
    /// Running loops do not change to machine code.
    #[arg(long, help_heading = "For developers of the engine")]
    pub no_osr: bool,
    /// Executable memory is refused.
    #[arg(long, help_heading = "For developers of the engine")]
    pub fail_code_alloc: bool,
    /// Writes names of machine code to /tmp/perf-PID.map, for tools that look an address up; perf itself wants `--jitdump`.
    #[arg(long, help_heading = "For developers of the engine")]
    pub perf_map: bool,
    /// Writes machine code with names and lines to jit-PID.dump, for `perf inject --jit`.
    #[arg(long, help_heading = "For developers of the engine")]
    pub jitdump: bool,
    /// Registers machine code with GDB, for backtraces.
    #[arg(long, help_heading = "For developers of the engine")]
    pub gdb_jit: bool,
    /// Calls before a function is compiled by the baseline compiler.
    #[arg(long, value_name = "N", help_heading = "For developers of the engine")]
    pub baseline_calls: Option<u32>,
    /// Iterations of a loop before its function is compiled by the baseline compiler.
    #[arg(long, value_name = "N", help_heading = "For developers of the engine")]
    pub baseline_iterations: Option<u32>,
    /// How much machine code there may be.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "For developers of the engine")]
    pub code_limit: Option<usize>,
    /// The generic lookup at every property access instead of inline caches.
    #[arg(long, help_heading = "For developers of the engine")]
    pub no_ic: bool,
    /// Collects at every N-th safepoint, and poisons freed memory.
    #[arg(long, value_name = "N", help_heading = "For developers of the engine")]
    pub gc_every: Option<u32>,
    /// Size of the nursery.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "For developers of the engine")]
    pub nursery: Option<usize>,
    /// Lets scripts call %Name(…).
    #[arg(long, help_heading = "For developers of the engine")]
    pub allow_natives: bool,
    /// Bytes of source from which on a function's bytecode is made at its first call only; 1G: never.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "For developers of the engine")]
    pub defer_from: Option<usize>,
}

impl EngineFlags {
    pub fn options(&self) -> Options {
        let default = Options::default();
        Options {
            jitless: self.jitless,
            count_sites: self.stats || self.stats_json.is_some(),
            no_ic: self.no_ic,
            no_opt: self.no_opt,
            always_baseline: self.always_baseline,
            no_osr: self.no_osr,
            fail_code_alloc: self.fail_code_alloc,
            perf_map: self.perf_map,
            jitdump: self.jitdump,
            gdb_jit: self.gdb_jit,
            code_limit: self.code_limit.unwrap_or(default.code_limit),
            thresholds: Thresholds {
                baseline_calls: self.baseline_calls.unwrap_or(default.thresholds.baseline_calls),
                baseline_iterations: self.baseline_iterations.unwrap_or(default.thresholds.baseline_iterations),
                ..default.thresholds
            },
            gc_every: self.gc_every,
            allow_natives: self.allow_natives,
            defer_from: self.defer_from.unwrap_or(default.defer_from),
            heap_limit: self.heap_limit.unwrap_or(default.heap_limit),
            stack_limit: self.stack_limit.unwrap_or(default.stack_limit),
            nursery_bytes: self.nursery.unwrap_or(default.nursery_bytes),
            timeout: self.timeout,
            ..default
        }
    }
}

/// A time with a unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let n: f64 = digits.parse().map_err(|_| format!("{text:?} is no time"))?;
    let seconds = match &text[digits.len()..] {
        "" | "ms" => n / 1e3,
        "s" => n,
        "m" | "min" => n * 60.0,
        unit => return Err(format!("unknown unit {unit:?}: use ms, s or m")),
    };
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

/// A size with a binary unit.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let n: usize = digits.parse().map_err(|_| format!("{text:?} is no size"))?;
    let shift = match text[digits.len()..].to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        unit => return Err(format!("unknown unit {unit:?}: use K, M or G")),
    };
    n.checked_shl(shift).filter(|m| m >> shift == n).ok_or_else(|| format!("{text} is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(duration("500"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert!(duration("2x").is_err() && duration("").is_err() && duration("-1s").is_err());
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("12"), Ok(12));
        assert!(size("x").is_err() && size("99999999999999999G").is_err());
    }
}
