//! What a differential run has counted: added up over workers and over runs in pieces, and reported.
//!
//! A function counts if the interpreter entered it in a run that was compared; what it holds (nested loops and so on) is counted
//! over the same functions. A tally is kept in a file as lines of a number and a name, under the range of its seeds; ranges in
//! one folder must not overlap, so that no program is counted twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;
use tercel_ir::Op;
use tercel_ir::generate::{Coverage, Features};

/// Functions that ran the same in all modes.
pub const FUNCTIONS: &str = "functions";

/// What at least a third of the functions must hold.
pub const FEATURES: [&str; 4] =
    ["functions with nested loops", "functions with spills", "functions with calls", "functions with over 500 ops"];

/// Counts by name, and of each op.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
    /// Executions of each op.
    pub coverage: Coverage,
}

impl Tally {
    pub fn add(&mut self, what: &str, count: u64) {
        match self.counts.get_mut(what) {
            Some(sum) => *sum += count,
            None => {
                self.counts.insert(what.to_string(), count);
            }
        }
    }

    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// Counts one function of a program that ran the same in all modes.
    pub fn function(&mut self, features: &Features, entered: bool, spills: bool) {
        if !entered {
            return self.add("functions never entered, not counted", 1);
        }
        self.add(FUNCTIONS, 1);
        let has = [features.nested_loops, spills, features.calls, features.over_500_ops];
        for (what, has) in FEATURES.into_iter().zip(has) {
            self.add(what, has as u64);
        }
    }

    pub fn merge(&mut self, other: &Tally) {
        for (what, &count) in &other.counts {
            self.add(what, count);
        }
        self.coverage.merge(&other.coverage);
    }

    /// Writes the tally of a range of seeds into a folder, and sums up all that the folder holds.
    pub fn gathered(&self, folder: &Path, seeds: Range<u64>) -> Tally {
        fs::create_dir_all(folder).expect("the folder for tallies can be made");
        fs::write(folder.join(format!("{}-{}.tally", seeds.start, seeds.end)), self.lines())
            .expect("a tally is written");
        let mut sum = Tally::default();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("the folder is read").path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let range = name.split_once('-').and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
            let range: Range<u64> = range.unwrap_or_else(|| panic!("{} is no tally", path.display()));
            let overlap = ranges.iter().find(|other| other.start < range.end && range.start < other.end);
            assert_eq!(overlap, None, "seeds {range:?} overlap others");
            ranges.push(range);
            sum.read(&fs::read_to_string(&path).expect("a tally is read"));
        }
        sum
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        for (what, count) in &self.counts {
            let _ = writeln!(text, "{count} {what}");
        }
        for op in machine_ops() {
            let _ = writeln!(text, "{} op:{}", self.coverage.count(op), op.name());
        }
        text
    }

    fn read(&mut self, text: &str) {
        let mut ops = vec![0; Op::ALL.len()];
        for line in text.lines() {
            let (count, what) = line.split_once(' ').expect("a number and a name");
            let count = count.parse().expect("a number");
            match what.strip_prefix("op:") {
                None => self.add(what, count),
                Some(name) => {
                    let op = machine_ops().find(|op| op.name() == name).expect("an op of the table");
                    ops[op as usize] += count;
                }
            }
        }
        self.coverage.add(&ops);
    }

    pub fn report(&self) -> String {
        let functions = self.count(FUNCTIONS);
        let mut text = format!("{functions} functions ran the same in all modes\n");
        for (what, &count) in self.counts.iter().filter(|(what, _)| *what != FUNCTIONS) {
            let _ = match FEATURES.contains(&&what[..]) {
                true => writeln!(text, "    {count} {what}: {:.1} %", count as f64 * 100.0 / functions as f64),
                false => writeln!(text, "    {count} {what}"),
            };
        }
        let mut counts: Vec<(u64, Op)> = machine_ops().map(|op| (self.coverage.count(op), op)).collect();
        counts.sort_unstable();
        let _ = writeln!(text, "    executions of each of {} ops, the rarest first:", counts.len());
        for row in counts.chunks(6) {
            let row: Vec<String> = row.iter().map(|(count, op)| format!("{} {count}", op.name())).collect();
            let _ = writeln!(text, "        {}", row.join(", "));
        }
        text
    }
}

fn machine_ops() -> impl Iterator<Item = Op> {
    Op::ALL.iter().copied().filter(|&op| op < Op::JsConst)
}
