//! What a test says of itself: the YAML between `/*---` and `---*/`, of which four keys matter here.
//!
//! The suite's own linter keeps to a small part of YAML: keys at the beginning of a line, lists in brackets (over several lines
//! where they are long) or as lines with a dash, and one nested dictionary.

/// When the error of a negative test must come (INTERPRETING.md, `negative`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Parse,
    Resolution,
    Runtime,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Negative {
    pub phase: Phase,
    /// The name of the error's constructor.
    pub error: String,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Metadata {
    pub features: Vec<String>,
    pub flags: Vec<String>,
    pub includes: Vec<String>,
    pub negative: Option<Negative>,
}

impl Metadata {
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// Reads the front matter of a test.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(source: &str) -> Result<Metadata, String> {
        let Some((_, rest)) = source.split_once("/*---") else { return Err("no front matter".into()) };
        let Some((yaml, _)) = rest.split_once("---*/") else { return Err("the front matter does not end".into()) };
        // Some tests end their lines with CR alone, on purpose.
        let yaml = yaml.replace("\r\n", "\n").replace('\r', "\n");
        let mut metadata = Metadata::default();
        for (key, value) in entries(&yaml) {
            match key {
                "features" => metadata.features = list(&value),
                "flags" => metadata.flags = list(&value),
                "includes" => metadata.includes = list(&value),
                "negative" => metadata.negative = Some(negative(&value)?),
                _ => {}
            }
        }
        Ok(metadata)
    }
}

/// The keys at the beginning of a line, each with the text up to the next.
fn entries(yaml: &str) -> Vec<(&str, String)> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for line in yaml.lines() {
        let at_start = line.starts_with(|c: char| c.is_ascii_alphabetic());
        match line.split_once(':').filter(|_| at_start) {
            Some((key, value)) => entries.push((key, value.to_string())),
            None => {
                if let Some((_, text)) = entries.last_mut() {
                    text.push('\n');
                    text.push_str(line);
                }
            }
        }
    }
    entries
}

/// `[a, b]`, or a line with a dash for each item.
fn list(text: &str) -> Vec<String> {
    let text = text.trim();
    let items: Vec<&str> = match text.strip_prefix('[') {
        Some(inner) => inner.trim_end_matches(']').split(',').collect(),
        None => text.lines().map(|line| line.trim().trim_start_matches('-')).collect(),
    };
    items.into_iter().map(|item| item.trim().trim_matches(['"', '\'']).to_string()).filter(|i| !i.is_empty()).collect()
}

fn negative(text: &str) -> Result<Negative, String> {
    let field = |name: &str| {
        let found = text.lines().filter_map(|line| line.trim().split_once(':')).find(|(key, _)| *key == name);
        found.map(|(_, value)| value.trim().to_string()).ok_or(format!("`negative` has no {name}"))
    };
    let phase = match field("phase")?.as_str() {
        "parse" => Phase::Parse,
        "resolution" => Phase::Resolution,
        "runtime" => Phase::Runtime,
        other => return Err(format!("unknown phase {other}")),
    };
    Ok(Negative { phase, error: field("type")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_three_forms() {
        let text = "/*---\ndescription: a: b\nfeatures:\n  - A\n  - B.c\nflags: [module, async]\nincludes: [x.js,\n  y.js]\n---*/";
        let metadata = Metadata::parse(text).unwrap();
        assert_eq!(metadata.features, ["A", "B.c"]);
        assert_eq!(metadata.flags, ["module", "async"]);
        assert_eq!(metadata.includes, ["x.js", "y.js"]);
        assert_eq!(metadata.negative, None);
    }

    #[test]
    fn negative_tests_name_phase_and_error() {
        let text = "// c\r/*---\rnegative:\r  phase: parse\r  type: SyntaxError\rinfo: |\r  flags: [x]\r---*/\r";
        let metadata = Metadata::parse(text).unwrap();
        assert_eq!(metadata.negative, Some(Negative { phase: Phase::Parse, error: "SyntaxError".into() }));
        assert!(metadata.flags.is_empty());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(Metadata::parse("var x;").is_err());
        assert!(Metadata::parse("/*---\nnegative:\n  phase: early\n  type: E\n---*/").is_err());
        assert!(Metadata::parse("/*---\nnegative:\n  phase: parse\n---*/").is_err());
    }
}
