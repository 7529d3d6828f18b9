//! A campaign: seeds in batches, each batch run by every engine, outputs compared with the first engine's.
//!
//! A program differs when its section of the output differs from the reference's, or is missing. Differing programs run again alone on
//! both engines: that separates a program's own difference from what its neighbours did to it, and finds the one that crashed.

use crate::batch;
use crate::engine::{End, Engine};
use crate::features::{FEATURES, FeatureSet, NEWER};
use crate::r#gen;
use crate::tree::Node;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub struct Options {
    pub first_seed: u64,
    pub count: u64,
    pub batch: u64,
    pub jobs: usize,
    /// The first one is the reference.
    pub engines: Vec<Engine>,
    /// For a batch; a program alone has a quarter of it.
    pub time_limit: Duration,
    /// Where scripts and outputs are written.
    pub dir: PathBuf,
    /// Prints progress.
    pub verbose: bool,
}

/// What a program did in an engine, as far as engines are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    pub end: End,
    /// `None` if the program did not end.
    pub section: Option<String>,
}

impl Behaviour {
    /// What the reducer keeps: how programs ended, not what they printed.
    pub fn class(&self) -> (End, bool) {
        (self.end, self.section.is_some())
    }
}

#[derive(Clone, Debug)]
pub struct Difference {
    pub seed: u64,
    /// Index in [`Options::engines`].
    pub engine: usize,
    pub reference: Behaviour,
    pub other: Behaviour,
    /// It shows only beside the other programs of its batch.
    pub only_in_batch: bool,
}

#[derive(Default)]
pub struct Totals {
    pub programs: u64,
    /// Programs by feature, in the order of [`FEATURES`].
    pub uses: Vec<u64>,
    pub differences: Vec<Difference>,
    pub seconds: f64,
    /// Bytes of program text.
    pub bytes: u64,
    /// Seconds that each engine took.
    pub engine_seconds: Vec<f64>,
}

/// Engines of which a trivial script shows that they work; the others, with what is wrong.
///
/// The script says also which of the features [`NEWER`] an engine lacks.
pub fn probe(engines: Vec<Engine>, dir: &Path) -> (Vec<Engine>, Vec<(Engine, String)>) {
    let script = dir.join("probe.js");
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let tests: Vec<&str> = NEWER.iter().map(|(_, there)| *there).collect();
    let text = format!("$log(1 + 1, {});\nreturn false;\n", tests.join(", "));
    if let Err(error) = std::fs::write(&script, batch::script([(7, text.as_str())])) {
        bad.extend(engines.into_iter().map(|engine| (engine, error.to_string())));
        return (good, bad);
    }
    for mut engine in engines {
        let outcome = match engine.run(&script, dir, Duration::from_secs(20)) {
            Ok(outcome) => outcome,
            Err(error) => {
                bad.push((engine, error.to_string()));
                continue;
            }
        };
        let line = outcome.output.strip_prefix("#7\n2 ").and_then(|rest| rest.strip_suffix("\n+0\n#end\n"));
        match line {
            Some(answers) if outcome.end == End::Code(0) => {
                for ((feature, _), answer) in NEWER.iter().zip(answers.split(' ')) {
                    if answer != "true" {
                        engine.lacks.insert(*feature);
                    }
                }
                good.push(engine);
            }
            _ => bad.push((engine, format!("{}, output {:?}, {:?}", outcome.end, outcome.output, outcome.errors))),
        }
    }
    (good, bad)
}

/// Runs one program alone.
///
/// # Errors
/// When the engine cannot be started.
pub fn behaviour(engine: &Engine, seed: u64, text: &str, dir: &Path, limit: Duration) -> std::io::Result<Behaviour> {
    let path = dir.join(format!("{}-single.js", engine.name));
    std::fs::write(&path, batch::script([(seed, text)]))?;
    let outcome = engine.run(&path, dir, limit)?;
    Ok(Behaviour { end: outcome.end, section: batch::sections(&outcome.output).by_seed.remove(&seed) })
}

struct Batch {
    programs: Vec<(u64, Node, FeatureSet)>,
}

impl Batch {
    fn new(seeds: std::ops::Range<u64>) -> Batch {
        Batch {
            programs: seeds
                .map(|seed| {
                    let (tree, used) = r#gen::program(seed);
                    (seed, tree, used)
                })
                .collect(),
        }
    }
}

/// Compares all programs.
///
/// # Errors
/// When an engine cannot be started or files cannot be written.
pub fn run(options: &Options) -> std::io::Result<Totals> {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let totals = Mutex::new(Totals {
        uses: vec![0; FEATURES.len()],
        engine_seconds: vec![0.0; options.engines.len()],
        ..Totals::default()
    });
    let failed: Mutex<Option<std::io::Error>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for job in 0..options.jobs.max(1) {
            let (next, totals, failed) = (&next, &totals, &failed);
            scope.spawn(move || {
                let dir = options.dir.join(format!("job{job}"));
                let work = || -> std::io::Result<()> {
                    std::fs::create_dir_all(&dir)?;
                    loop {
                        let begin = next.fetch_add(options.batch, Ordering::Relaxed);
                        if begin >= options.count || failed.lock().expect("no panics").is_some() {
                            return Ok(());
                        }
                        let end = (begin + options.batch).min(options.count);
                        let seeds = options.first_seed + begin..options.first_seed + end;
                        compare(options, seeds, &dir, totals)?;
                        if options.verbose {
                            let totals = totals.lock().expect("no panics");
                            if totals.programs / 2000 != (totals.programs - (end - begin)) / 2000 {
                                let seconds = start.elapsed().as_secs();
                                eprintln!(
                                    "{} programs, {} differences, {seconds} s",
                                    totals.programs,
                                    totals.differences.len()
                                );
                            }
                        }
                    }
                };
                if let Err(error) = work() {
                    *failed.lock().expect("no panics") = Some(error);
                }
            });
        }
    });
    if let Some(error) = failed.into_inner().expect("no panics") {
        return Err(error);
    }
    let mut totals = totals.into_inner().expect("no panics");
    totals.seconds = start.elapsed().as_secs_f64();
    totals.differences.sort_by_key(|d| (d.seed, d.engine));
    Ok(totals)
}

fn compare(options: &Options, seeds: std::ops::Range<u64>, dir: &Path, totals: &Mutex<Totals>) -> std::io::Result<()> {
    let batch = Batch::new(seeds);
    let texts: Vec<(u64, String)> = batch.programs.iter().map(|(seed, tree, _)| (*seed, tree.to_string())).collect();
    let path = dir.join("batch.js");
    std::fs::write(&path, batch::script(texts.iter().map(|(seed, text)| (*seed, text.as_str()))))?;
    let mut outcomes = Vec::new();
    let mut seconds = Vec::new();
    for engine in &options.engines {
        let start = Instant::now();
        let outcome = engine.run(&path, dir, options.time_limit)?;
        seconds.push(start.elapsed().as_secs_f64());
        outcomes.push((outcome.end, batch::sections(&outcome.output)));
    }
    let mut differences = Vec::new();
    for (index, engine) in options.engines.iter().enumerate().skip(1) {
        let ((reference_end, reference), (end, sections)) = (&outcomes[0], &outcomes[index]);
        let mut found = 0;
        for ((seed, text), (_, _, used)) in texts.iter().zip(&batch.programs) {
            if used.intersects(&engine.lacks) || used.intersects(&options.engines[0].lacks) {
                continue;
            }
            let (wanted, got) = (reference.by_seed.get(seed), sections.by_seed.get(seed));
            if wanted == got && wanted.is_some() {
                continue;
            }
            let limit = options.time_limit / 4;
            let single_reference = behaviour(&options.engines[0], *seed, text, dir, limit)?;
            let single = behaviour(engine, *seed, text, dir, limit)?;
            let only_in_batch = single_reference == single;
            // Programs after one that ended the process did not run: they are compared only here.
            if only_in_batch && (wanted.is_none() || got.is_none()) && single.section.is_some() {
                continue;
            }
            found += 1;
            differences.push(if only_in_batch {
                let of = |end: &End, section: Option<&String>| Behaviour { end: *end, section: section.cloned() };
                let (reference, other) = (of(reference_end, wanted), of(end, got));
                Difference { seed: *seed, engine: index, reference, other, only_in_batch }
            } else {
                Difference { seed: *seed, engine: index, reference: single_reference, other: single, only_in_batch }
            });
        }
        // The process ended otherwise than the reference's, and no program alone shows why.
        if found == 0 && (end != reference_end || sections.complete != reference.complete) {
            let of = |end: &End| Behaviour { end: *end, section: None };
            differences.push(Difference {
                seed: texts[0].0,
                engine: index,
                reference: of(reference_end),
                other: of(end),
                only_in_batch: true,
            });
        }
    }
    let mut totals = totals.lock().expect("no panics");
    totals.programs += texts.len() as u64;
    totals.bytes += texts.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
    for (sum, seconds) in totals.engine_seconds.iter_mut().zip(seconds) {
        *sum += seconds;
    }
    for (_, _, used) in &batch.programs {
        for row in FEATURES {
            totals.uses[row.feature as usize] += u64::from(used.contains(row.feature));
        }
    }
    totals.differences.append(&mut differences);
    Ok(())
}
