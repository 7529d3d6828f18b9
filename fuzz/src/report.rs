//! What a campaign covered and found, as text and as JSON.

use crate::campaign::{Behaviour, Options, Totals};
use crate::features::FEATURES;
use std::fmt::Write;

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32).expect("strings take all"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn behaviour(b: &Behaviour) -> String {
    let section = b.section.as_ref().map_or("null".to_owned(), |s| quoted(s));
    format!("{{\"end\": {}, \"output\": {section}}}", quoted(&b.end.to_string()))
}

/// The first lines in which two outputs differ.
pub fn first_difference(a: &Behaviour, b: &Behaviour) -> String {
    match (&a.section, &b.section) {
        (Some(left), Some(right)) => {
            let (mut left, mut right) = (left.lines(), right.lines());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return format!("{} | {}", a.end, b.end),
                    (x, y) if x == y => {}
                    (x, y) => return format!("{} | {}", x.unwrap_or("(end)"), y.unwrap_or("(end)")),
                }
            }
        }
        _ => format!("{} | {}", a.end, b.end),
    }
}

pub fn json(options: &Options, totals: &Totals) -> String {
    let engines: Vec<String> = options
        .engines
        .iter()
        .zip(&totals.engine_seconds)
        .map(|(e, s)| {
            format!(
                "{{\"name\": {}, \"command\": {}, \"seconds\": {s:.1}}}",
                quoted(&e.name),
                quoted(&e.command.join(" "))
            )
        })
        .collect();
    let features: Vec<String> =
        FEATURES.iter().map(|row| format!("    {}: {}", quoted(row.name), totals.uses[row.feature as usize])).collect();
    let differences: Vec<String> = totals
        .differences
        .iter()
        .map(|d| {
            format!(
                "    {{\"seed\": {}, \"engine\": {}, \"only_in_batch\": {}, \"reference\": {}, \"other\": {}}}",
                d.seed,
                quoted(&options.engines[d.engine].name),
                d.only_in_batch,
                behaviour(&d.reference),
                behaviour(&d.other)
            )
        })
        .collect();
    format!(
        "{{\n  \"first_seed\": {},\n  \"programs\": {},\n  \"bytes\": {},\n  \"seconds\": {:.1},\n  \"engines\": [{}],\n  \
         \"features\": {{\n{}\n  }},\n  \"differences\": [\n{}\n  ]\n}}\n",
        options.first_seed,
        totals.programs,
        totals.bytes,
        totals.seconds,
        engines.join(", "),
        features.join(",\n"),
        differences.join(",\n")
    )
}

pub fn text(options: &Options, totals: &Totals) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line("programs that used each feature:".to_owned());
    for row in FEATURES {
        line(format!("  {:<40} {:>8}", row.name, totals.uses[row.feature as usize]));
    }
    for (engine, seconds) in options.engines.iter().zip(&totals.engine_seconds) {
        line(format!("  {:<16} {seconds:>8.1} s  {}", engine.name, engine.command.join(" ")));
    }
    for d in &totals.differences {
        let place = if d.only_in_batch { " (only in its batch)" } else { "" };
        let mut what = first_difference(&d.reference, &d.other);
        if what.chars().count() > 160 {
            what = what.chars().take(160).collect::<String>() + "…";
        }
        line(format!("DIFFERENCE seed {} {}{place}: {what}", d.seed, options.engines[d.engine].name));
    }
    line(format!(
        "{} programs ({} bytes each) in {} engines, {} differences, {:.1} s",
        totals.programs,
        totals.bytes / totals.programs.max(1),
        options.engines.len(),
        totals.differences.len(),
        totals.seconds
    ));
    out
}
