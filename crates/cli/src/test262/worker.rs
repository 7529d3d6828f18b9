//! A child process: reads runs from standard input, a line each, and answers each with a line.
//!
//! The lines are `MODE PATH` and an [`Outcome`] as [`Outcome::line`] writes it. A panic is told as an outcome too, and ends the process:
//! what the engine's state is then, nobody knows.

use super::Arguments;
use super::execute::{Executor, Outcome};
use std::io::{BufRead, Write};

/// The exit code after a panic.
const PANICKED: u8 = 70;

impl Outcome {
    /// As a line of the protocol, without its end.
    pub fn line(&self) -> String {
        let (word, text) = match self {
            Outcome::Passed => ("passed", ""),
            Outcome::Failed(text) => ("failed", &text[..]),
            Outcome::Crashed(text) => ("crashed", &text[..]),
            Outcome::TimedOut => ("timed-out", ""),
        };
        format!("{word} {}", text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"))
    }

    /// Reads a line of the protocol.
    pub fn from_line(line: &str) -> Option<Outcome> {
        let (word, text) = line.split_once(' ')?;
        let text = unescape(text);
        Some(match word {
            "passed" => Outcome::Passed,
            "failed" => Outcome::Failed(text),
            "crashed" => Outcome::Crashed(text),
            "timed-out" => Outcome::TimedOut,
            _ => return None,
        })
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                _ => '\\',
            },
            c => c,
        });
    }
    out
}

/// Serves until standard input ends; the exit code.
pub fn main(arguments: &Arguments) -> u8 {
    std::panic::set_hook(Box::new(|info| answer(&Outcome::Crashed(format!("panic: {info}")))));
    let executor = Executor::new(&arguments.dir, arguments.flags.options(), arguments.test_timeout);
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return 0 };
        let Some((Ok(mode), path)) = line.split_once(' ').map(|(mode, path)| (mode.parse(), path)) else { return 2 };
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| executor.run(path, mode))) {
            Ok(outcome) => answer(&outcome),
            Err(_) => return PANICKED,
        }
    }
    0
}

fn answer(outcome: &Outcome) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone needs no answer.
    let _ = writeln!(out, "{}", outcome.line()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_the_protocol() {
        for outcome in [
            Outcome::Passed,
            Outcome::Failed("a\nb \\n \\ c".into()),
            Outcome::Crashed("signal 11".into()),
            Outcome::TimedOut,
            Outcome::Failed(String::new()),
        ] {
            assert_eq!(Outcome::from_line(&outcome.line()), Some(outcome));
        }
        assert_eq!(Outcome::from_line("hello world"), None);
        assert_eq!(Outcome::from_line(""), None);
    }
}
