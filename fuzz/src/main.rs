//! `tercel-fuzz`: compares engines on random programs.

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tercel_fuzz::campaign::{self, Options};
use tercel_fuzz::engine::Engine;
use tercel_fuzz::features::{FEATURES, FeatureSet};
use tercel_fuzz::{batch, r#gen, reduce, report};

/// Compares engines, or configurations of one, on random programs
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 no difference, 1 differences, 2 an engine of --engine does not work, or bad arguments."
)]
struct Cli {
    /// The first program's seed; the others follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many programs
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Programs per process
    #[arg(long, default_value_t = 50)]
    batch: u64,
    /// Batches at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// An engine, as NAME=COMMAND; the script's path is added. The first one is the reference [default: tercel beside this command in
    /// several configurations, and node]
    #[arg(long = "engine", value_name = "NAME=COMMAND")]
    engines: Vec<String>,
    /// Makes each differing program as small as possible
    #[arg(long)]
    reduce: bool,
    /// How many differing programs are reduced at most
    #[arg(long, default_value_t = 20)]
    reduce_limit: usize,
    /// Writes figures and differences to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Where differing programs are written
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    out: PathBuf,
    /// Seconds that a batch may take
    #[arg(long, default_value_t = 60)]
    time_limit: u64,
    /// Prints the programs instead of running them
    #[arg(long)]
    print: bool,
}

/// Configurations of the command that are compared when no engine is named.
const CONFIGURATIONS: &[(&str, &[&str])] = &[
    ("jitless", &["--jitless"]),
    ("baseline", &["--always-baseline"]),
    ("gc50", &["--always-baseline", "--gc-every=50"]),
    ("no-ic", &["--no-ic"]),
    ("default", &[]),
];

/// The engines when none is named: node, and the command beside this one in each of its configurations.
///
/// Node comes first, for the first engine that works is the reference: the one that `TERCEL_FUZZ_NODE` names, then the one of the path.
fn default_engines() -> Vec<Engine> {
    let beside = std::env::current_exe().ok().and_then(|path| path.parent().map(|dir| dir.join("tercel")));
    let tercel = beside.filter(|path| path.exists()).map_or("tercel".to_owned(), |path| path.display().to_string());
    let engine =
        |name: &str, command: Vec<String>| Engine { name: name.to_owned(), command, lacks: FeatureSet::default() };
    let mut engines = Vec::new();
    if let Ok(node) = std::env::var("TERCEL_FUZZ_NODE") {
        engines.push(engine("newer-node", vec![node]));
    }
    engines.push(engine("node", vec!["node".to_owned()]));
    for (name, flags) in CONFIGURATIONS {
        let mut command = vec![tercel.clone(), "run".to_owned()];
        command.extend(flags.iter().map(|&flag| flag.to_owned()));
        engines.push(engine(name, command));
    }
    engines
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("tercel-fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<usize, String> {
    if cli.print {
        let programs: Vec<(u64, String)> =
            (cli.seed..cli.seed + cli.count.min(1000)).map(|seed| (seed, r#gen::program(seed).0.to_string())).collect();
        print!("{}", batch::script(programs.iter().map(|(seed, text)| (*seed, text.as_str()))));
        return Ok(0);
    }
    let dir = std::env::temp_dir().join(format!("tercel-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let result = compare(cli, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    result
}

fn compare(cli: &Cli, dir: &std::path::Path) -> Result<usize, String> {
    let named = cli.engines.iter().map(|text| Engine::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let (engines, missing) = campaign::probe(if named.is_empty() { default_engines() } else { named }, dir);
    for (engine, why) in &missing {
        eprintln!("SKIPPED: engine {} does not work: {why}", engine.name);
    }
    for engine in engines.iter().filter(|engine| !engine.lacks.is_empty()) {
        let lacks: Vec<&str> =
            FEATURES.iter().filter(|row| engine.lacks.contains(row.feature)).map(|row| row.name).collect();
        eprintln!("engine {} lacks {}: programs with them are not compared with it", engine.name, lacks.join(", "));
    }
    if !missing.is_empty() && !cli.engines.is_empty() {
        return Err("an engine that was asked for does not work".to_owned());
    }
    if engines.len() < 2 {
        return Err("fewer than two engines: nothing to compare".to_owned());
    }
    let options = Options {
        first_seed: cli.seed,
        count: cli.count,
        batch: cli.batch.max(1),
        jobs: cli.jobs,
        engines,
        time_limit: Duration::from_secs(cli.time_limit),
        dir: dir.to_owned(),
        verbose: true,
    };
    let totals = campaign::run(&options).map_err(|e| e.to_string())?;
    print!("{}", report::text(&options, &totals));
    if let Some(path) = &cli.report {
        std::fs::write(path, report::json(&options, &totals)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if !totals.differences.is_empty() {
        write_differences(cli, &options, &totals).map_err(|e| e.to_string())?;
    }
    Ok(totals.differences.len())
}

/// Writes each differing program, as small as was asked for, with its prelude: a script to run.
fn write_differences(cli: &Cli, options: &Options, totals: &campaign::Totals) -> std::io::Result<()> {
    std::fs::create_dir_all(&cli.out)?;
    let mut reduced = 0;
    for d in &totals.differences {
        let (tree, _) = r#gen::program(d.seed);
        let (reference, other) = (&options.engines[0], &options.engines[d.engine]);
        let path = cli.out.join(format!("{}-{}.js", d.seed, other.name));
        let mut text = tree.to_string();
        if cli.reduce && !d.only_in_batch && reduced < cli.reduce_limit {
            reduced += 1;
            let limit = options.time_limit / 8;
            let classes = (d.reference.class(), d.other.class());
            let small = reduce::reduce(&tree, 4000, |candidate| {
                let text = candidate.to_string();
                let run = |engine| campaign::behaviour(engine, d.seed, &text, &options.dir, limit);
                // A candidate that cannot be run shows nothing.
                let (Ok(a), Ok(b)) = (run(reference), run(other)) else { return false };
                a != b && (a.class(), b.class()) == classes
            });
            text = small.to_string();
            println!("--- seed {} {} ---\n{text}", d.seed, other.name);
            for engine in [reference, other] {
                let b = campaign::behaviour(engine, d.seed, &text, &options.dir, limit)?;
                println!("--- {}: {}\n{}", engine.name, b.end, b.section.unwrap_or_default());
            }
        }
        std::fs::write(&path, batch::script([(d.seed, text.as_str())]))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
