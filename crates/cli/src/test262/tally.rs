//! Totals: in all, by folder and by feature, as text and as JSON.

use super::execute::Outcome;
use super::json::Json;
use super::plan::{Plan, Run};
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Counts {
    passed: usize,
    failed: usize,
    crashed: usize,
    timed_out: usize,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Crashed(_) => &mut self.crashed,
            Outcome::TimedOut => &mut self.timed_out,
        } += 1;
    }

    fn columns(self) -> [(&'static str, usize); 4] {
        [("passed", self.passed), ("failed", self.failed), ("crashed", self.crashed), ("timed_out", self.timed_out)]
    }

    fn total(self) -> usize {
        self.columns().iter().map(|(_, n)| n).sum()
    }

    fn all_passed(self) -> bool {
        self.passed == self.total()
    }

    fn json(self) -> Json {
        Json::Object(self.columns().into_iter().map(|(name, n)| (name.to_string(), Json::Number(n))).collect())
    }

    /// A share that is rounded down: 100 % is said of all only.
    fn percent(self) -> String {
        let total = self.total().max(1);
        let hundredths = self.passed * 10_000 / total;
        format!("{}.{:02} %", hundredths / 100, hundredths % 100)
    }
}

pub struct Tally<'a> {
    total: Counts,
    folders: BTreeMap<String, Counts>,
    features: BTreeMap<&'a str, Counts>,
    /// Tests by the reason for which they are skipped.
    skipped: BTreeMap<&'static str, usize>,
    failures: Vec<(&'a Run, &'a Outcome)>,
}

/// Levels of folders that the report tells apart: `built-ins/Array/prototype` counts for `built-ins/Array`.
const FOLDER_LEVELS: usize = 2;

impl<'a> Tally<'a> {
    pub fn new(plan: &'a Plan, outcomes: &'a [Outcome]) -> Tally<'a> {
        let mut tally = Tally {
            total: Counts::default(),
            folders: BTreeMap::new(),
            features: BTreeMap::new(),
            skipped: BTreeMap::new(),
            failures: Vec::new(),
        };
        for (_, why) in &plan.skipped {
            *tally.skipped.entry(why).or_default() += 1;
        }
        for (run, outcome) in plan.runs.iter().zip(outcomes) {
            tally.total.add(outcome);
            let folder = run.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let folder: Vec<&str> = folder.split('/').take(FOLDER_LEVELS).collect();
            tally.folders.entry(folder.join("/")).or_default().add(outcome);
            for feature in &run.features {
                tally.features.entry(feature).or_default().add(outcome);
            }
            if *outcome != Outcome::Passed {
                tally.failures.push((run, outcome));
            }
        }
        tally
    }

    pub fn all_passed(&self) -> bool {
        self.total.all_passed()
    }

    /// Totals, and the folders and features where not all passes.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let features = self.features.iter().map(|(name, counts)| (*name, *counts));
        for (title, rows) in [
            ("folder", self.folders.iter().map(|(name, counts)| (name.as_str(), *counts)).collect::<Vec<_>>()),
            ("feature", features.collect()),
        ] {
            let rows: Vec<_> = rows.into_iter().filter(|(_, counts)| !counts.all_passed()).collect();
            if rows.is_empty() {
                continue;
            }
            row(&mut out, title, ["passed", "failed", "crashed", "timed out"].map(String::from));
            for (name, counts) in rows {
                row(&mut out, name, counts.columns().map(|(_, n)| n.to_string()));
            }
            out.push('\n');
        }
        row(&mut out, "runs", ["passed", "failed", "crashed", "timed out"].map(String::from));
        row(&mut out, &self.total.total().to_string(), self.total.columns().map(|(_, n)| n.to_string()));
        let _ = writeln!(out, "{} of the runs pass", self.total.percent());
        for (why, tests) in &self.skipped {
            let _ = writeln!(out, "skipped {tests} tests: {why}");
        }
        out
    }

    /// A line for each failure.
    pub fn failures_text(&self) -> String {
        let mut out = String::new();
        for (run, outcome) in &self.failures {
            let _ = writeln!(out, "{} {}: {}", run.path, run.mode, outcome.line());
        }
        out
    }

    pub fn json(&self) -> String {
        fn counts<K: ToString>(map: &BTreeMap<K, Counts>) -> Json {
            Json::Object(map.iter().map(|(name, counts)| (name.to_string(), counts.json())).collect())
        }
        let failure = |(run, outcome): &(&Run, &Outcome)| {
            let line = outcome.line();
            let (kind, message) = line.split_once(' ').unwrap_or((&line, ""));
            let fields = [("path", run.path.clone()), ("mode", run.mode.to_string())];
            let fields = fields.into_iter().chain([("outcome", kind.to_string()), ("message", message.to_string())]);
            Json::Object(fields.map(|(key, text)| (key.to_string(), Json::Text(text))).collect())
        };
        let skipped = self.skipped.iter().map(|(why, tests)| (why.to_string(), Json::Number(*tests)));
        let sections = [
            ("total", self.total.json()),
            ("skipped_tests", Json::Object(skipped.collect())),
            ("folders", counts(&self.folders)),
            ("features", counts(&self.features)),
            ("failures", Json::List(self.failures.iter().map(failure).collect())),
        ];
        Json::Object(sections.into_iter().map(|(key, value)| (key.to_string(), value)).collect()).pretty()
    }
}

fn row(out: &mut String, name: &str, columns: [String; 4]) {
    let _ = write!(out, "{name:48}");
    for column in columns {
        let _ = write!(out, " {column:>9}");
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::plan::Mode;
    use super::*;

    #[test]
    fn runs_are_counted_by_folder_and_feature() {
        let run = |path: &str, features: &[&str]| Run {
            path: path.into(),
            mode: Mode::Sloppy,
            features: features.iter().map(|f| f.to_string()).collect(),
        };
        let plan = Plan {
            runs: vec![run("a/b/c/x.js", &["F"]), run("a/b/y.js", &["F", "G"]), run("a/z.js", &[])],
            skipped: vec![("s.js".into(), "because")],
        };
        let outcomes = [Outcome::Passed, Outcome::Failed("no".into()), Outcome::TimedOut];
        let tally = Tally::new(&plan, &outcomes);
        assert_eq!(tally.folders["a/b"], Counts { passed: 1, failed: 1, ..Counts::default() });
        assert_eq!(tally.folders["a"], Counts { timed_out: 1, ..Counts::default() });
        assert_eq!(tally.features["F"].total(), 2);
        assert!(!tally.all_passed());
        let json = tally.json();
        assert!(json.contains("\"message\": \"no\"") && json.contains("\"because\": 1"), "{json}");
        assert!(tally.text().contains("33.33 %"));
    }
}
