//! Compiles a pattern, prints its program, and matches it with a text: `try PATTERN FLAGS TEXT [START]`.

use tercel_regexp::{Flags, Input, Regex, Scratch};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pattern, flags, text, start @ ..] = &arguments[..] else {
        eprintln!("usage: try PATTERN FLAGS TEXT [START]");
        std::process::exit(2);
    };
    let Some(flags) = Flags::parse(flags.chars()) else {
        eprintln!("invalid flags");
        std::process::exit(1);
    };
    let regex = match Regex::compile(&pattern[..], flags) {
        Ok(regex) => regex,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    print!("{}", regex.program());
    let text: Vec<u16> = text.encode_utf16().collect();
    let start = start.first().and_then(|s| s.parse().ok()).unwrap_or(0);
    let mut scratch = Scratch::new();
    match regex.exec(Input::Utf16(&text), start, &mut scratch, &mut || true) {
        Ok(true) => {
            for group in 0..=regex.group_count() {
                println!("group {group}: {:?}", scratch.group(group));
            }
        }
        Ok(false) => println!("no match"),
        Err(error) => println!("{error}"),
    }
}
