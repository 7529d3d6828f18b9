//! Engines: commands that run a script.

use crate::features::FeatureSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A name and a command; the script's path is its last argument.
#[derive(Clone, Debug)]
pub struct Engine {
    pub name: String,
    pub command: Vec<String>,
    /// Features that it is too old for: programs that use them are not compared with its results.
    pub lacks: FeatureSet,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Code(i32),
    Signal(i32),
    /// It was killed after the time limit.
    TimedOut,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Code(code) => write!(f, "exit code {code}"),
            End::Signal(signal) => write!(f, "signal {signal}"),
            End::TimedOut => write!(f, "timed out"),
        }
    }
}

pub struct Outcome {
    pub end: End,
    pub output: String,
    pub errors: String,
}

fn end_of(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => End::Code(code),
        None => End::Signal(status.signal().unwrap_or(0)),
    }
}

impl Engine {
    /// Reads `NAME=COMMAND`; the command's words are separated by spaces.
    ///
    /// # Errors
    /// When there is no name or no command.
    pub fn parse(text: &str) -> Result<Engine, String> {
        let (name, command) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=COMMAND"))?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if name.is_empty() || command.is_empty() {
            return Err(format!("`{text}` is not NAME=COMMAND"));
        }
        Ok(Engine { name: name.to_owned(), command, lacks: FeatureSet::default() })
    }

    /// Runs a script that is written to `dir` under a name of its own.
    ///
    /// # Errors
    /// When the command cannot be started or the files cannot be written.
    pub fn run(&self, script: &Path, dir: &Path, limit: Duration) -> std::io::Result<Outcome> {
        let (out, err) = (self.file(dir, "out"), self.file(dir, "err"));
        let mut child = Command::new(&self.command[0])
            .args(&self.command[1..])
            .arg(script)
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()?;
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        let end = loop {
            if let Some(status) = child.try_wait()? {
                break end_of(status);
            }
            if start.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                break End::TimedOut;
            }
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(Duration::from_millis(5));
        };
        let read = |path: &Path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Outcome { end, output: read(&out)?, errors: read(&err)? })
    }

    fn file(&self, dir: &Path, ending: &str) -> PathBuf {
        dir.join(format!("{}.{ending}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_read_from_name_and_command() {
        let engine = Engine::parse("no-ic=tercel run --no-ic").unwrap();
        assert_eq!((engine.name.as_str(), engine.command.len()), ("no-ic", 3));
        assert!(Engine::parse("tercel").is_err());
        assert!(Engine::parse("=tercel").is_err());
        assert!(Engine::parse("a=").is_err());
    }

    #[test]
    fn the_end_of_a_process_is_told_apart() {
        let dir = std::env::temp_dir().join(format!("tercel-fuzz-engine-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let script = dir.join("s.sh");
        for (text, end) in
            [("echo hi; exit 3", End::Code(3)), ("kill -SEGV $$", End::Signal(11)), ("exec sleep 10", End::TimedOut)]
        {
            std::fs::write(&script, text).unwrap();
            let outcome = Engine::parse("sh=sh").unwrap().run(&script, &dir, Duration::from_millis(400)).unwrap();
            assert_eq!(outcome.end, end, "{text}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
