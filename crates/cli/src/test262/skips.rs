//! What is out of scope, and why. Nothing else is ever skipped.

/// Features (`features:` of a test) that this engine does not have on purpose, so far.
pub const FEATURES: &[(&str, &str)] = &[
    ("Temporal", "Temporal is a later part of the library"),
    ("Atomics", "shared memory is a later part of the library"),
    ("Atomics.pause", "shared memory is a later part of the library"),
    ("Atomics.waitAsync", "shared memory is a later part of the library"),
    ("SharedArrayBuffer", "shared memory is a later part of the library"),
    ("IsHTMLDDA", "only hosts with document.all have it"),
    ("intl-normative-optional", "ECMA-402 is a later part of the library"),
    ("legacy-regexp", "a proposal, not in ECMAScript 2026"),
    ("ShadowRealm", "a proposal, not in ECMAScript 2026"),
    ("decorators", "a proposal, not in ECMAScript 2026"),
    ("source-phase-imports", "a proposal, not in ECMAScript 2026"),
    ("source-phase-imports-module-source", "a proposal, not in ECMAScript 2026"),
    ("import-defer", "a proposal, not in ECMAScript 2026"),
    ("export-defer", "a proposal, not in ECMAScript 2026"),
    ("import-text", "a proposal, not in ECMAScript 2026"),
    ("import-bytes", "a proposal, not in ECMAScript 2026"),
    ("immutable-arraybuffer", "a proposal, not in ECMAScript 2026"),
    ("nonextensible-applies-to-private", "a proposal, not in ECMAScript 2026"),
    ("await-dictionary", "a proposal, not in ECMAScript 2026"),
    ("error-stack-accessor", "a proposal, not in ECMAScript 2026"),
    ("Iterator.prototype.join", "a proposal, not in ECMAScript 2026"),
    ("iterator-chunking", "a proposal, not in ECMAScript 2026"),
    ("iterator-includes", "a proposal, not in ECMAScript 2026"),
    ("joint-iteration", "a proposal, not in ECMAScript 2026"),
    ("canonical-tz", "a proposal, not in ECMAScript 2026"),
];

/// Folders below `test`.
pub const FOLDERS: &[(&str, &str)] = &[
    ("intl402", "ECMA-402 is a later part of the library"),
    ("staging", "not part of the reviewed suite"),
    ("built-ins/Temporal", "Temporal is a later part of the library"),
];

/// Flags of a test.
pub const FLAGS: &[(&str, &str)] = &[("CanBlockIsFalse", "the engine's agent may block")];

/// Why a test with this path (below `test`) and these features and flags is skipped, if it is.
pub fn reason(path: &str, metadata: &super::metadata::Metadata) -> Option<&'static str> {
    let in_folder = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let folder = FOLDERS.iter().find(|(folder, _)| in_folder(folder));
    let feature = || FEATURES.iter().find(|(name, _)| metadata.features.iter().any(|f| f == name));
    let flag = || FLAGS.iter().find(|(name, _)| metadata.has_flag(name));
    folder.or_else(feature).or_else(flag).map(|(_, why)| *why)
}
