//! Modules from files: a specifier is a path relative to the file that imports it, and a file's canonical path is its name, so that
//! one file is one module however it is spelt.

use std::path::Path;
use tercel::internals::vm::module::{LoadedSource, ModuleLoader};

/// Finds modules in the file system.
pub struct FileLoader;

/// The name of the module in a file: its canonical path.
pub fn name_of(path: &Path) -> String {
    std::fs::canonicalize(path).as_deref().unwrap_or(path).display().to_string()
}

impl ModuleLoader for FileLoader {
    fn resolve(&self, referrer: &str, specifier: &str) -> Result<String, String> {
        let not_found = || format!("Cannot find module '{specifier}' imported from {referrer}");
        let path = specifier.strip_prefix("file://").unwrap_or(specifier);
        if !["./", "../", "/"].iter().any(|prefix| path.starts_with(prefix)) {
            return Err(not_found());
        }
        // A JSON module's name ends with its type, behind a NUL.
        let referrer = Path::new(referrer.split('\0').next().unwrap_or(referrer));
        let path = referrer.parent().unwrap_or(Path::new("")).join(path);
        match std::fs::canonicalize(&path) {
            Ok(path) if path.is_file() => Ok(path.display().to_string()),
            _ => Err(not_found()),
        }
    }

    fn load(&self, name: &str, attributes: &[(String, String)]) -> Result<LoadedSource, String> {
        if let Some((key, value)) = attributes.iter().find(|(key, value)| key != "type" || value != "json") {
            return Err(format!("Import attribute \"{key}\" with value \"{value}\" is not supported"));
        }
        let path = Path::new(name);
        let text = crate::read_source(path).map_err(|e| e.message().to_owned())?;
        let is_json = path.extension().is_some_and(|e| e == "json");
        Ok(if is_json { LoadedSource::Json(text) } else { LoadedSource::JavaScript(text) })
    }
}
