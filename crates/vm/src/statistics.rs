//! Figures of a context, as one list that texts, JSON and the embedding API are made from.
//!
//! Whoever has something to report adds rows; nobody else need know. Keys are stable and dotted, from the general to the particular
//! (`gc.minor.pause_p99`), and end up as they are in JSON.

use crate::context::Context;
use std::fmt::{self, Display, Write};
use tercel_bytecode::FeedbackKind;

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    Count(u64),
    Bytes(u64),
    Nanoseconds(u64),
}

impl Amount {
    /// The number, in the unit that the name says.
    pub const fn number(self) -> u64 {
        match self {
            Amount::Count(n) | Amount::Bytes(n) | Amount::Nanoseconds(n) => n,
        }
    }
}

impl Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Amount::Count(n) => write!(f, "{n}"),
            Amount::Bytes(n) if n >= 10 << 10 => write!(f, "{} KiB", n >> 10),
            Amount::Bytes(n) => write!(f, "{n} B"),
            Amount::Nanoseconds(n) => write!(f, "{:.3} ms", n as f64 / 1e6),
        }
    }
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    /// What is counted: `gc.minor.collections`, `heap.kind.Array.bytes`.
    pub key: String,
    pub amount: Amount,
}

impl Figure {
    pub fn new(key: impl Into<String>, amount: Amount) -> Figure {
        Figure { key: key.into(), amount }
    }
}

/// The figures as aligned lines.
pub fn to_text(figures: &[Figure]) -> String {
    let width = figures.iter().map(|f| f.key.len()).max().unwrap_or(0);
    let mut out = String::new();
    for figure in figures {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:<width$}  {}", figure.key, figure.amount);
    }
    out
}

/// The figures as a JSON object of numbers: counts, bytes, nanoseconds.
pub fn to_json(figures: &[Figure]) -> String {
    let mut out = String::from("{");
    for (n, figure) in figures.iter().enumerate() {
        // Keys are made of the engine's own names, which need no escapes but these.
        let key = figure.key.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(out, "{}\n  \"{key}\": {}", if n > 0 { "," } else { "" }, figure.amount.number());
    }
    out.push_str("\n}\n");
    out
}

/// The kinds of sites whose hits and misses in machine code are figures: a hit is what the code in line, a stub or a routine did, a miss what the op's
/// helper did, whatever for.
pub const COUNTED_SITES: &[(FeedbackKind, &str)] = &[
    (FeedbackKind::GetNamed, "read"),
    (FeedbackKind::SetNamed, "write"),
    (FeedbackKind::DefineNamed, "define"),
    (FeedbackKind::GetElem, "element_read"),
    (FeedbackKind::SetElem, "element_write"),
    (FeedbackKind::Delete, "delete"),
    (FeedbackKind::Has, "in"),
    (FeedbackKind::InstanceOf, "instanceof"),
    (FeedbackKind::GetGlobal, "global_read"),
    (FeedbackKind::SetGlobal, "global_write"),
    (FeedbackKind::Call, "call"),
    (FeedbackKind::Construct, "construct"),
];

impl Context {
    /// What the collector and the interpreter have to report.
    pub fn figures(&self) -> Vec<Figure> {
        use Amount::{Bytes, Count, Nanoseconds};
        let s = self.heap.stats();
        let mut figures = Vec::new();
        let mut add = |key: String, amount| figures.push(Figure { key, amount });
        for (kind, pauses, cpu) in [("minor", &s.minor_pauses, &s.minor_cpu), ("full", &s.full_pauses, &s.full_cpu)] {
            add(format!("gc.{kind}.collections"), Count(pauses.count()));
            add(format!("gc.{kind}.pause_p50"), Nanoseconds(pauses.quantile(0.5)));
            add(format!("gc.{kind}.pause_p99"), Nanoseconds(pauses.quantile(0.99)));
            add(format!("gc.{kind}.pause_max"), Nanoseconds(pauses.max()));
            add(format!("gc.{kind}.pause_sum"), Nanoseconds(pauses.sum()));
            // Other processes that got the processor during a pause are not in these.
            add(format!("gc.{kind}.cpu_p99"), Nanoseconds(cpu.quantile(0.99)));
            add(format!("gc.{kind}.cpu_max"), Nanoseconds(cpu.max()));
        }
        let i = &self.interp.statistics;
        for (key, amount) in [
            ("gc.promoted", Bytes(s.promoted_bytes)),
            ("gc.pinned_cells_last", Count(s.pinned_cells as u64)),
            ("heap.used", Bytes(s.used_bytes as u64)),
            ("heap.live_after_full", Bytes(s.live_bytes as u64)),
            ("heap.peak", Bytes(s.peak_bytes as u64)),
            ("heap.footprint", Bytes(s.footprint_bytes as u64)),
            ("heap.space.old", Bytes(s.old_bytes as u64)),
            ("heap.space.nonmoving", Bytes(s.nonmoving_bytes as u64)),
            ("heap.space.shapes", Bytes(s.shape_bytes as u64)),
            ("heap.space.large", Bytes(s.large_bytes as u64)),
            ("heap.space.external", Bytes(s.external_bytes as u64)),
            ("ic.attached", Count(i.ic_attached.get())),
            ("ic.misses", Count(i.ic_misses.get())),
            ("ic.megamorphic_sites", Count(i.ic_megamorphic_sites.get())),
            ("ic.megamorphic_hits", Count(i.megamorphic_hits.get())),
            ("ic.megamorphic_misses", Count(i.megamorphic_misses.get())),
            ("exceptions.thrown", Count(i.throws.get())),
        ] {
            add(key.to_owned(), amount);
        }
        if self.options.count_sites {
            for &(kind, name) in COUNTED_SITES {
                let counts = &i.sites[kind as usize];
                let (executed, missed) = (counts.executed.get(), counts.missed.get());
                add(format!("ic.{name}.hits"), Count(executed.saturating_sub(missed)));
                add(format!("ic.{name}.misses"), Count(missed));
            }
        }
        for kind in self.heap.census() {
            add(format!("heap.kind.{}.cells", kind.name), Count(kind.cells as u64));
            add(format!("heap.kind.{}.bytes", kind.name), Bytes(kind.bytes as u64));
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Figure, to_json, to_text};

    #[test]
    fn figures_print_as_text_and_as_json() {
        let figures = [
            Figure::new("gc.minor.pause_p99", Amount::Nanoseconds(1_500_000)),
            Figure::new("heap.used", Amount::Bytes(20 << 10)),
            Figure::new("a\"b", Amount::Count(3)),
        ];
        assert_eq!(
            to_text(&figures),
            "gc.minor.pause_p99  1.500 ms\nheap.used           20 KiB\na\"b                 3\n"
        );
        assert_eq!(
            to_json(&figures),
            "{\n  \"gc.minor.pause_p99\": 1500000,\n  \"heap.used\": 20480,\n  \"a\\\"b\": 3\n}\n"
        );
    }
}
