//! The list of known failures.
//!
//! A line is `OUTCOME MODE PATH`; the line above a group, after a `#`, is its cause, and holds until the next. So every known failure
//! has a cause, and a list without one is refused. Lines with `##` are remarks. What fails and is not listed is a regression; what is
//! listed and passes has to leave the list: both make the command fail.

use super::execute::Outcome;
use super::plan::{Mode, Run};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

const OUTCOMES: [&str; 3] = ["failed", "crashed", "timed-out"];
const UNEXPLAINED: &str = "not explained yet";

/// What is known of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    outcome: &'static str,
    cause: String,
}

#[derive(Debug)]
pub struct Known {
    remarks: String,
    entries: HashMap<(String, Mode), Entry>,
}

/// The word for an outcome in the list; `None`: passed.
fn word(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Passed => None,
        Outcome::Failed(_) => Some(OUTCOMES[0]),
        Outcome::Crashed(_) => Some(OUTCOMES[1]),
        Outcome::TimedOut => Some(OUTCOMES[2]),
    }
}

impl Known {
    /// Reads a list; where it is to be recorded, it need not exist.
    ///
    /// # Errors
    /// If it cannot be read, or has a line that is none.
    pub fn read(file: &Path, may_be_missing: bool) -> Result<Known, String> {
        match std::fs::read_to_string(file) {
            Ok(text) => Known::parse(&text).map_err(|e| format!("{}: {e}", file.display())),
            Err(e) if may_be_missing && e.kind() == std::io::ErrorKind::NotFound => Known::parse(""),
            Err(e) => Err(format!("cannot read {}: {e}", file.display())),
        }
    }

    fn parse(text: &str) -> Result<Known, String> {
        let mut known = Known { remarks: String::new(), entries: HashMap::new() };
        let mut cause: Option<&str> = None;
        for (number, line) in text.lines().enumerate() {
            let error = |what: &str| format!("line {}: {what}", number + 1);
            if line.starts_with("##") {
                known.remarks.push_str(line);
                known.remarks.push('\n');
            } else if let Some(text) = line.strip_prefix('#') {
                cause = Some(text.trim());
            } else if !line.trim().is_empty() {
                let mut words = line.splitn(3, ' ');
                let outcome = words.next().and_then(|w| OUTCOMES.into_iter().find(|o| *o == w));
                let outcome = outcome.ok_or_else(|| error("not an outcome"))?;
                let mode = words.next().unwrap_or_default().parse::<Mode>().map_err(|e| error(&e))?;
                let path = words.next().ok_or_else(|| error("no path"))?.to_string();
                let cause = cause.ok_or_else(|| error("no cause above it"))?.to_string();
                if known.entries.insert((path, mode), Entry { outcome, cause }).is_some() {
                    return Err(error("listed twice"));
                }
            }
        }
        Ok(known)
    }

    fn of(&self, run: &Run) -> Option<&Entry> {
        self.entries.get(&(run.path.clone(), run.mode))
    }

    /// What is not as the list says. Entries of tests that did not run are left alone.
    pub fn compare<'a>(&self, runs: &'a [Run], outcomes: &'a [Outcome]) -> Differences<'a> {
        let differs = |(run, outcome): &(&Run, &Outcome)| self.of(run).map(|e| e.outcome) != word(outcome);
        Differences(runs.iter().zip(outcomes).filter(differs).collect())
    }

    /// The list as this run has it. Entries of tests that did not run stay.
    pub fn recorded(mut self, runs: &[Run], outcomes: &[Outcome]) -> String {
        for (run, outcome) in runs.iter().zip(outcomes) {
            let key = (run.path.clone(), run.mode);
            let old = self.entries.remove(&key);
            if let Some(outcome) = word(outcome) {
                let cause = old.map_or_else(|| UNEXPLAINED.to_string(), |e| e.cause);
                self.entries.insert(key, Entry { outcome, cause });
            }
        }
        let mut causes: BTreeMap<&str, Vec<(&str, Mode, &str)>> = BTreeMap::new();
        for ((path, mode), entry) in &self.entries {
            causes.entry(&entry.cause).or_default().push((path, *mode, entry.outcome));
        }
        let mut out = self.remarks.clone();
        for (cause, mut lines) in causes {
            lines.sort_unstable();
            let _ = writeln!(out, "\n# {cause}");
            for (path, mode, outcome) in lines {
                let _ = writeln!(out, "{outcome} {mode} {path}");
            }
        }
        out
    }
}

/// Runs that did not end as expected.
pub struct Differences<'a>(Vec<(&'a Run, &'a Outcome)>);

impl Differences<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        for (run, outcome) in &self.0 {
            let what = match outcome {
                Outcome::Passed => "passes, but is listed as a failure",
                _ => "is not as expected",
            };
            let _ = writeln!(out, "{} {} {what}: {}", run.path, run.mode, outcome.line());
        }
        match self.0.len() {
            0 => out.push_str("all as expected\n"),
            n => drop(writeln!(out, "{n} runs not as expected")),
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "## remark\n\n# some cause\nfailed strict a/b.js\ntimed-out sloppy a/b.js\n";

    fn run(path: &str, mode: Mode) -> Run {
        Run { path: path.into(), mode, features: Vec::new() }
    }

    #[test]
    fn regressions_and_unexpected_passes_are_differences() {
        let known = Known::parse(LIST).unwrap();
        let runs = [run("a/b.js", Mode::Strict), run("a/b.js", Mode::Sloppy), run("new.js", Mode::Sloppy)];
        let failed = || Outcome::Failed("x".into());
        assert!(known.compare(&runs, &[failed(), Outcome::TimedOut, Outcome::Passed]).is_empty());
        assert!(known.compare(&runs[..1], &[failed()]).is_empty());
        assert!(!known.compare(&runs, &[Outcome::Passed, Outcome::TimedOut, Outcome::Passed]).is_empty());
        assert!(!known.compare(&runs, &[failed(), failed(), Outcome::Passed]).is_empty());
        assert!(!known.compare(&runs, &[failed(), Outcome::TimedOut, failed()]).is_empty());
    }

    #[test]
    fn recording_keeps_causes_and_remarks() {
        let runs = [run("a/b.js", Mode::Strict), run("a/c.js", Mode::Module)];
        let text = Known::parse(LIST).unwrap().recorded(&runs, &[Outcome::Passed, Outcome::Crashed("x".into())]);
        assert_eq!(
            text,
            "## remark\n\n# not explained yet\ncrashed module a/c.js\n\n# some cause\ntimed-out sloppy a/b.js\n"
        );
    }

    #[test]
    fn every_line_needs_a_cause_and_a_known_form() {
        for text in ["failed strict a.js", "# c\npassed strict a.js", "# c\nfailed lax a.js", "# c\nfailed strict"] {
            assert!(Known::parse(text).is_err(), "{text}");
        }
        assert!(Known::parse("# c\nfailed strict a.js\nfailed strict a.js").is_err());
    }
}
