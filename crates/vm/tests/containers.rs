//! No value hides from the collector: a lint over the sources of the engine and its library.
//!
//! A `Value` or `Gc` in a heap container of Rust is invisible to the collector unless somebody traces the container. So none may
//! be declared outside the list below, each entry of which says why it is sound. What collects values uses `ValueList` or a cell.

use std::path::{Path, PathBuf};

/// File, container as written, and why it is sound.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("vm/src/list.rs", "Vec<Cell<Value>>", "the registered rooted containers themselves"),
    ("vm/src/job.rs", "Vec<Cell<Value>>", "traced by JobQueue::trace"),
    ("vm/src/job.rs", "Vec<Value>", "copied to the VM stack before anything else runs"),
    ("vm/src/interp/calls.rs", "Vec<Value>", "copied to the VM stack before anything else runs"),
    ("vm/src/code.rs", "Vec<Value>", "becomes the constants of a code block, which traces them"),
    ("vm/src/number/mod.rs", "Box<[Cell<Value>]>", "traced by NumberCache::trace"),
    ("vm/src/number/mod.rs", "Box<[(Cell<u64>, Cell<Value>)]>", "traced by NumberCache::trace"),
    ("vm/src/module.rs", "Vec<(String, Cell<Value>)>", "traced by HostHooks::trace"),
    ("vm/src/text.rs", "Box<[Gc<JsString>; 256]>", "cells that do not move, traced by Text::trace"),
    (
        "vm/src/text.rs",
        "HashMap<usize, Gc<Symbol>, rustc_hash::FxBuildHasher>",
        "cells that do not move, traced by Text::trace",
    ),
    ("vm/src/string/intern.rs", "HashTable<Gc<JsString>>", "cells that do not move, held weakly and swept"),
];

const CONTAINERS: &[&str] = &[
    "Vec<",
    "Box<",
    "VecDeque<",
    "HashMap<",
    "HashSet<",
    "HashTable<",
    "BTreeMap<",
    "BTreeSet<",
    "BinaryHeap<",
    "Rc<",
    "Arc<",
];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|n| n != "tests") {
                sources(&path, out);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "testing.rs") {
            out.push(path);
        }
    }
}

/// The generic type that begins at `start`, up to its closing bracket.
fn balanced(text: &str, start: usize) -> &str {
    let mut depth = 0usize;
    for (i, c) in text[start..].char_indices() {
        match c {
            '<' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if !text[..start + i].ends_with('-') => {
                depth -= 1;
                if depth == 0 {
                    return &text[start..=start + i];
                }
            }
            ';' if depth == 0 => break,
            _ => {}
        }
    }
    &text[start..]
}

fn is_word(text: &str, at: usize, length: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..at].ends_with(word) && !text[at + length..].starts_with(word)
}

/// Whether the type holds values: the words `Value` or `Gc`, but not as arguments of a function type.
fn holds_values(container: &str) -> bool {
    if container.contains("dyn Fn") || container.contains("fn(") {
        return false;
    }
    ["Value", "Gc"].iter().any(|word| container.match_indices(word).any(|(at, _)| is_word(container, at, word.len())))
}

/// The containers of values in a source, outside of comments and unit tests.
fn findings(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String = code.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for opener in CONTAINERS {
        for (at, _) in code.match_indices(opener) {
            if !is_word(&code, at, opener.len() - 1) && !code[..at].ends_with("Fx") {
                continue;
            }
            let container = balanced(&code, at);
            if holds_values(container) {
                found.push(container.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }
    found
}

#[test]
fn containers_of_values_are_those_that_somebody_traces() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder");
    let mut files = Vec::new();
    for name in ["vm", "builtins"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    assert!(files.len() > 50, "the sources were not found");
    let mut used = vec![false; ALLOWED.len()];
    let mut bad = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a readable source");
        let shown = file.strip_prefix(crates).unwrap_or(&file).display().to_string();
        for container in findings(&source) {
            match ALLOWED.iter().position(|(path, text, _)| shown == *path && container == *text) {
                Some(i) => used[i] = true,
                None => bad.push(format!("{shown}: {container}")),
            }
        }
    }
    assert!(bad.is_empty(), "values in containers that the collector does not see:\n{}", bad.join("\n"));
    let stale: Vec<_> = ALLOWED.iter().zip(&used).filter(|(_, used)| !**used).map(|(a, _)| a).collect();
    assert!(stale.is_empty(), "entries of the list that allow nothing any more: {stale:?}");
}

#[test]
fn the_lint_sees_what_it_should() {
    let bad = |text: &str| findings(text).len();
    assert_eq!(bad("let v: Vec<Value> = x;"), 1);
    assert_eq!(bad("struct S { a: RefCell<HashMap<u32, Vec<Gc<Object>>>> }"), 2);
    assert_eq!(bad("f: Box<[Cell<Value>]>"), 1);
    assert_eq!(bad("f: FxHashMap<PropertyKey, u32>, g: Vec<PropertyValue>, h: Box<dyn Fn(Value) -> Value>"), 0);
    assert_eq!(bad("// Vec<Value>\nlet l: ValueList<'a> = x;"), 0);
    assert_eq!(bad("fn a() {}\n#[cfg(test)]\nmod tests {\n let v: Vec<Value>; }"), 0);
    assert_eq!(bad("fn f(v: &FxHashMap<u32, Value>)"), 1);
}
