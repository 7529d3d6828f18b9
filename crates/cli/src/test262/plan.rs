//! Which runs there are: every test file, in every mode that it asks for (INTERPRETING.md, `flags`).

use super::metadata::Metadata;
use super::skips;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tercel::internals::regexp::{Flags, Input, Regex, Scratch};

/// How a test's source is run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// As a script in sloppy mode.
    Sloppy,
    /// With the directive "use strict" before it.
    Strict,
    Module,
    /// As it stands, without the harness.
    Raw,
    /// The same, as a module.
    RawModule,
}

const MODES: [(Mode, &str); 5] = [
    (Mode::Sloppy, "sloppy"),
    (Mode::Strict, "strict"),
    (Mode::Module, "module"),
    (Mode::Raw, "raw"),
    (Mode::RawModule, "raw-module"),
];

impl Mode {
    /// The modes that a test is to be run in.
    pub fn of(metadata: &Metadata) -> &'static [Mode] {
        let flag = |name| metadata.has_flag(name);
        match (flag("module"), flag("raw")) {
            (true, true) => &[Mode::RawModule],
            (true, false) => &[Mode::Module],
            (false, true) => &[Mode::Raw],
            (false, false) if flag("onlyStrict") => &[Mode::Strict],
            (false, false) if flag("noStrict") => &[Mode::Sloppy],
            (false, false) => &[Mode::Sloppy, Mode::Strict],
        }
    }

    pub fn is_module(self) -> bool {
        matches!(self, Mode::Module | Mode::RawModule)
    }

    pub fn has_harness(self) -> bool {
        !matches!(self, Mode::Raw | Mode::RawModule)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MODES.iter().find(|(mode, _)| mode == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Mode {
    type Err = String;
    fn from_str(text: &str) -> Result<Mode, String> {
        let found = MODES.iter().find(|(_, name)| *name == text);
        found.map(|(mode, _)| *mode).ok_or_else(|| format!("unknown mode {text:?}"))
    }
}

/// One run of one test.
#[derive(Clone, Debug)]
pub struct Run {
    /// Below `DIR/test`, with slashes.
    pub path: String,
    pub mode: Mode,
    pub features: Vec<String>,
}

pub struct Plan {
    /// In the order of paths.
    pub runs: Vec<Run>,
    /// Tests that are skipped, with the reason.
    pub skipped: Vec<(String, &'static str)>,
}

/// Which paths are wanted.
pub struct Filter(Option<Regex>);

impl Filter {
    /// # Errors
    /// If the expression is malformed.
    pub fn new(pattern: Option<&str>) -> Result<Filter, String> {
        let compile = |p: &str| Regex::compile(p, Flags::default()).map_err(|e| format!("--filter: {}", e.message));
        Ok(Filter(pattern.map(compile).transpose()?))
    }

    /// # Errors
    /// If matching takes too much memory.
    pub fn fits(&self, path: &str) -> Result<bool, String> {
        let Some(regex) = &self.0 else { return Ok(true) };
        let units: Vec<u16> = path.encode_utf16().collect();
        regex.exec(Input::Utf16(&units), 0, &mut Scratch::default(), &mut || true).map_err(|e| format!("--filter: {e}"))
    }
}

/// The folders that the bar is about.
const DEFAULT_PATHS: [&str; 3] = ["language", "built-ins", "annexB"];

/// Reads the suite.
///
/// # Errors
/// What cannot be read, and tests whose front matter is malformed.
pub fn make(dir: &Path, paths: &[PathBuf], filter: &Filter) -> Result<Plan, String> {
    let root = dir.join("test");
    if !root.is_dir() || !dir.join("harness/assert.js").is_file() {
        return Err(format!("{} is no checkout of test262", dir.display()));
    }
    let mut files = Vec::new();
    if paths.is_empty() {
        for path in DEFAULT_PATHS {
            walk(&root.join(path), &mut files)?;
        }
    }
    for path in paths {
        walk(&root.join(path.strip_prefix("test").unwrap_or(path)), &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut plan = Plan { runs: Vec::new(), skipped: Vec::new() };
    for file in files {
        let path = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        if !filter.fits(&path)? {
            continue;
        }
        let source = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let metadata = Metadata::parse(&String::from_utf8_lossy(&source)).map_err(|e| format!("{path}: {e}"))?;
        if let Some(why) = skips::reason(&path, &metadata) {
            plan.skipped.push((path, why));
            continue;
        }
        for &mode in Mode::of(&metadata) {
            plan.runs.push(Run { path: path.clone(), mode, features: metadata.features.clone() });
        }
    }
    Ok(plan)
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let error = |e: std::io::Error| format!("{}: {e}", path.display());
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(error)? {
            walk(&entry.map_err(error)?.path(), files)?;
        }
        return Ok(());
    }
    std::fs::metadata(path).map_err(error)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Fixtures are read by tests, and are none themselves.
    if name.ends_with(".js") && !name.contains("_FIXTURE") {
        files.push(path.to_path_buf());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(flags: &[&str]) -> &'static [Mode] {
        Mode::of(&Metadata { flags: flags.iter().map(|f| f.to_string()).collect(), ..Metadata::default() })
    }

    #[test]
    fn flags_choose_the_modes() {
        assert_eq!(modes(&[]), [Mode::Sloppy, Mode::Strict]);
        assert_eq!(modes(&["async", "onlyStrict"]), [Mode::Strict]);
        assert_eq!(modes(&["noStrict"]), [Mode::Sloppy]);
        assert_eq!(modes(&["module", "async"]), [Mode::Module]);
        assert_eq!(modes(&["raw"]), [Mode::Raw]);
        assert_eq!(modes(&["module", "raw"]), [Mode::RawModule]);
    }

    #[test]
    fn modes_have_names() {
        for (mode, name) in MODES {
            assert_eq!(mode.to_string(), name);
            assert_eq!(name.parse(), Ok(mode));
        }
        assert!("lax".parse::<Mode>().is_err());
    }

    #[test]
    fn filters_are_regular_expressions() {
        let filter = Filter::new(Some("^language/.*for-of")).unwrap();
        assert_eq!(filter.fits("language/statements/for-of/x.js"), Ok(true));
        assert_eq!(filter.fits("built-ins/language/for-of.js"), Ok(false));
        assert!(Filter::new(Some("(")).is_err());
    }
}
