//! Child processes that take runs one by one. A run that kills its process, or does not answer, costs that process only: the next run
//! gets a new one.

use super::Arguments;
use super::execute::Outcome;
use super::plan::Run;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How much longer than its own limit a run may take until its process is killed: an engine that does not hear its time-out.
const GRACE: Duration = Duration::from_secs(5);

/// Runs all; the outcomes in the order of the runs.
///
/// # Errors
/// If no child process can be started.
pub fn run(arguments: &Arguments, runs: &[Run]) -> Result<Vec<Outcome>, String> {
    let jobs = arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let outcomes: Vec<OnceLock<Outcome>> = runs.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let error = Mutex::new(None);
    let progress = Progress::new(runs.len());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, runs.len().max(1)) {
            scope.spawn(|| {
                let mut worker = None;
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(at) else { break };
                    match serve(arguments, &mut worker, run) {
                        Ok(outcome) => drop(outcomes[at].set(outcome)),
                        Err(message) => {
                            *error.lock().unwrap_or_else(|e| e.into_inner()) = Some(message);
                            next.store(runs.len(), Ordering::Relaxed);
                            break;
                        }
                    }
                    progress.step();
                }
            });
        }
    });
    if let Some(message) = error.into_inner().unwrap_or_else(|e| e.into_inner()) {
        return Err(message);
    }
    outcomes.into_iter().map(|o| o.into_inner().ok_or_else(|| "a run was lost".to_string())).collect()
}

/// Runs one test in the thread's child process, which is started where there is none.
fn serve(arguments: &Arguments, worker: &mut Option<Worker>, run: &Run) -> Result<Outcome, String> {
    // A process that had died before it read the run gets the blame for nothing: the run is tried once more.
    for attempt in 0..2 {
        let current = match worker {
            Some(current) => current,
            None => worker.insert(Worker::start()?),
        };
        let sent = writeln!(current.input, "{} {}", run.mode, run.path).and_then(|()| current.input.flush());
        if sent.is_err() && attempt == 0 {
            *worker = None;
            continue;
        }
        let answer = current.answers.recv_timeout(arguments.test_timeout + GRACE);
        return Ok(match answer {
            Ok(line) => match Outcome::from_line(&line) {
                Some(Outcome::Crashed(how)) => {
                    *worker = None;
                    Outcome::Crashed(how)
                }
                Some(outcome) => outcome,
                None => Outcome::Failed(format!("the child process said {line:?}")),
            },
            Err(RecvTimeoutError::Timeout) => {
                *worker = None;
                Outcome::TimedOut
            }
            Err(RecvTimeoutError::Disconnected) => {
                let how = worker.take().map_or_else(String::new, Worker::died);
                Outcome::Crashed(how)
            }
        });
    }
    Err("child processes end at once".into())
}

struct Worker {
    child: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Worker {
    /// A child with the same command line and the flag that makes it one.
    fn start() -> Result<Worker, String> {
        let program = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
        let mut child = Command::new(program)
            .args(std::env::args_os().skip(1))
            .arg("--worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start a child process: {e}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a child process without pipes".into());
        };
        let (sender, answers) = channel();
        // Ends with the child's output.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Worker { child, input, answers })
    }

    /// How a child ended that ended by itself.
    fn died(mut self) -> String {
        let status = self.child.wait().map_or_else(|e| e.to_string(), describe);
        let mut text = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut text);
        }
        match text.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("{status}: {line}"),
            None => status,
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("signal {signal}");
        }
    }
    status.to_string()
}

/// A line on the terminal that tells how far it is.
struct Progress {
    total: usize,
    done: AtomicUsize,
    start: Instant,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Progress {
        Progress { total, done: AtomicUsize::new(0), start: Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown && (done.is_multiple_of(500) || done == self.total) {
            let end = if done == self.total { "\n" } else { "" };
            eprint!("\r{done} of {} runs, {:.0} s{end}", self.total, self.start.elapsed().as_secs_f64());
        }
    }
}
