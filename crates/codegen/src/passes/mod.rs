//! The optimizer's machine-independent half: passes over the IR.
//!
//! A pass is a file with one entry, `run(&mut Function, &mut Context) -> Change`. It finds a function that obeys the
//! verifier's rules and leaves one that does; it keeps results, traps, exits and the final memory as they were. Everything
//! else (which passes, in which order, how often) is said once, in [`optimize`].
//!
//! Besides passes, this module has what they share:
//!
//! | file | holds |
//! |---|---|
//! | [`analyses`] | the graph analyses, computed once for as long as the graph stays |
//! | [`alias`] | which memory accesses may overlap, and versions of memory |
//! | [`induction`] | loops' induction variables and trip counts |
//! | [`loop_edit`] | preheaders and copies of loops |
//! | [`ssa_repair`] | single assignment again after code was copied |
//! | [`tunables`] | every number that steers a pass |

pub mod alias;
pub mod analyses;
pub mod induction;
pub mod loop_edit;
pub mod ssa_repair;
pub mod tunables;

mod dce;
mod fold;
mod gvn;
mod if_convert;
mod invert;
mod layout;
mod licm;
mod memory;
mod peel;
mod ranges;
mod sccp;
mod simplify_cfg;
mod strength;
mod tail_calls;
mod unroll;

use crate::clock::{self, Clock};
use analyses::{Analyses, Graph};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use tercel_ir::verifier::{VerifyError, verify};
use tercel_ir::{FuncId, Function, Scratch};
pub use tunables::Tunables;

macro_rules! passes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// A pass. Its name is that of its switch, of its folder of filetests, and of its row in statistics.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Pass { $($(#[doc = $doc])+ $variant),+ }

        impl Pass {
            /// All passes.
            pub const ALL: &'static [Pass] = &[$(Pass::$variant),+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Pass::$variant => $name),+ }
            }
        }
    };
}

passes! {
    /// Calls in tail position become tail calls; those of the function itself become loops.
    TailCalls = "tail-calls";
    /// Unreachable blocks, trivial branches, chains of blocks, trivial parameters.
    SimplifyCfg = "simplify-cfg";
    /// The test at the head of a loop with calls is made once in front of it, where no frame is needed.
    Invert = "invert";
    /// Sparse conditional constant propagation.
    Sccp = "sccp";
    /// Constant folding and algebraic rules.
    Fold = "fold";
    /// Global value numbering, loads included.
    Gvn = "gvn";
    /// Store-to-load forwarding, redundant and dead stores.
    Memory = "memory";
    /// Ranges of integers; removes checks that cannot fail.
    Ranges = "ranges";
    /// Peels an iteration off loops whose checks or loads become redundant by it.
    Peel = "peel";
    /// Loop-invariant code motion.
    Licm = "licm";
    /// Short arms of branches become selects.
    IfConvert = "if-convert";
    /// Divisions by constants, and products of induction variables.
    Strength = "strength";
    /// Full and partial unrolling of counted loops.
    Unroll = "unroll";
    /// Dead-code elimination, block parameters included.
    Dce = "dce";
    /// The order of blocks.
    Layout = "layout";
}

impl Pass {
    /// The pass with this name.
    pub fn from_name(name: &str) -> Option<Pass> {
        Pass::ALL.iter().copied().find(|pass| pass.name() == name)
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassSet(u32);

impl PassSet {
    /// No pass.
    pub const NONE: PassSet = PassSet(0);
    /// Every pass.
    pub const ALL: PassSet = PassSet((1 << Pass::ALL.len()) - 1);

    /// One pass alone.
    pub fn only(pass: Pass) -> PassSet {
        PassSet(1 << pass as u32)
    }

    /// The set with a pass.
    pub fn with(self, pass: Pass) -> PassSet {
        PassSet(self.0 | 1 << pass as u32)
    }

    /// The set without a pass: its switch is off.
    pub fn without(self, pass: Pass) -> PassSet {
        PassSet(self.0 & !(1 << pass as u32))
    }

    /// Whether a pass is in the set.
    pub fn has(self, pass: Pass) -> bool {
        self.0 >> pass as u32 & 1 == 1
    }
}

/// What a pass did to the function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Change {
    /// Nothing.
    None,
    /// Instructions changed; blocks and edges are as they were (arguments of edges may differ).
    Insts,
    /// Blocks or edges changed: graph analyses are void.
    Graph,
}

impl Change {
    /// `Insts` if something happened.
    pub(crate) fn insts(happened: bool) -> Change {
        if happened { Change::Insts } else { Change::None }
    }

    /// `Graph` if something happened.
    pub(crate) fn graph(happened: bool) -> Change {
        if happened { Change::Graph } else { Change::None }
    }
}

/// How to optimize.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which passes run.
    pub enabled: PassSet,
    /// Whether the verifier runs after each pass that changed something; on in debug builds.
    pub verify: bool,
    /// The numbers that steer passes.
    pub tunables: Tunables,
    /// What passes are timed with.
    pub clock: Clock,
    /// The function's own name in its module, by which its calls of itself are known.
    pub self_id: Option<FuncId>,
    /// Whether a loop that a pass makes out of recursion needs a `poll`.
    pub poll_in_loops: bool,
    /// Whether recursion with something left to do may become a loop with an accumulator. Recursion without end then never
    /// ends, where it would have overflowed the stack: off where that error is promised.
    pub accumulate: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            enabled: PassSet::ALL,
            verify: cfg!(debug_assertions),
            tunables: Tunables::default(),
            clock: clock::wall,
            self_id: None,
            poll_in_loops: false,
            accumulate: true,
        }
    }
}

/// What the passes did to one function.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Time and counts for each run of a pass, in the order of running.
    pub runs: Vec<PassRun>,
}

/// One run of a pass.
#[derive(Clone, Debug)]
pub struct PassRun {
    /// Which.
    pub pass: Pass,
    /// How long it took, without verification.
    pub time: Duration,
    /// How often it did what: the names are the pass's own.
    pub counts: Vec<(&'static str, u64)>,
}

impl Statistics {
    /// The sum of a count over all runs of a pass.
    pub fn count(&self, pass: Pass, what: &str) -> u64 {
        let runs = self.runs.iter().filter(|run| run.pass == pass);
        runs.flat_map(|run| &run.counts).filter(|(name, _)| *name == what).map(|(_, count)| count).sum()
    }

    /// The time of all runs of a pass.
    pub fn time(&self, pass: Pass) -> Duration {
        self.runs.iter().filter(|run| run.pass == pass).map(|run| run.time).sum()
    }
}

/// Sees the function after each pass: prints it, traces it, collects it.
pub trait Observer {
    /// Called after a pass, also when it changed nothing.
    fn after_pass(&mut self, run: &PassRun, change: Change, func: &Function);
}

/// Prints the function after passes that changed it.
#[derive(Debug, Default)]
pub struct Dump {
    /// The pass after which to print; all if `None`.
    pub only: Option<Pass>,
    /// What was printed.
    pub text: String,
}

impl Observer for Dump {
    fn after_pass(&mut self, run: &PassRun, change: Change, func: &Function) {
        if change != Change::None && self.only.is_none_or(|only| only == run.pass) {
            let counts: Vec<String> = run.counts.iter().map(|(what, count)| format!("{what}: {count}")).collect();
            self.text += &format!("; after {}: {}\n{func}\n", run.pass, counts.join(", "));
        }
    }
}

/// A pass left a function that breaks a rule: a bug in the pass. The function must not be used.
#[derive(Clone, Debug)]
pub struct PassError {
    /// The pass.
    pub pass: Pass,
    /// The broken rule.
    pub error: VerifyError,
}

impl fmt::Display for PassError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "after {}: {}", self.pass, self.error)
    }
}

impl std::error::Error for PassError {}

/// What a pass sees besides the function.
pub struct Context<'a> {
    /// How to optimize.
    pub options: &'a Options,
    /// Where passes take the storage of their tables from.
    pub scratch: &'a mut Scratch,
    /// Analyses of the graph, made on demand.
    analyses: Analyses,
    counts: Vec<(&'static str, u64)>,
}

impl<'a> Context<'a> {
    /// A context for a function that nothing is known of yet.
    pub fn new(options: &'a Options, scratch: &'a mut Scratch) -> Context<'a> {
        Context { options, scratch, analyses: Analyses::default(), counts: Vec::new() }
    }

    /// The graph's analyses. The caller keeps them while it changes instructions, and drops them when it changes edges.
    pub fn graph(&mut self, func: &Function) -> Rc<Graph> {
        self.analyses.graph(func, self.scratch)
    }

    /// Counts something for the statistics.
    pub fn count(&mut self, what: &'static str, times: u64) {
        if times == 0 {
            return;
        }
        match self.counts.iter_mut().find(|(name, _)| *name == what) {
            Some((_, count)) => *count += times,
            None => self.counts.push((what, times)),
        }
    }
}

/// Optimizes a function.
///
/// # Errors
/// Only with `options.verify`: the first pass that broke a rule, and the rule.
pub fn optimize(
    func: &mut Function,
    options: &Options,
    observer: Option<&mut dyn Observer>,
) -> Result<Statistics, PassError> {
    optimize_in(func, options, observer, &mut Scratch::new())
}

/// [`optimize`] with storage from `scratch`.
///
/// # Errors
/// Those of [`optimize`].
pub fn optimize_in(
    func: &mut Function,
    options: &Options,
    observer: Option<&mut dyn Observer>,
    scratch: &mut Scratch,
) -> Result<Statistics, PassError> {
    let context = Context::new(options, scratch);
    let mut pipeline = Pipeline { context, statistics: Statistics::default(), observer };
    let p = &mut pipeline;
    p.run(func, Pass::TailCalls, tail_calls::run)?;
    p.run(func, Pass::SimplifyCfg, simplify_cfg::run)?;
    p.run(func, Pass::Invert, invert::run)?;
    p.run(func, Pass::Sccp, sccp::run)?;
    p.run(func, Pass::Fold, fold::run)?;
    p.run(func, Pass::Gvn, gvn::run)?;
    p.run(func, Pass::Memory, memory::run)?;
    p.run(func, Pass::Ranges, ranges::run)?;
    if p.run(func, Pass::Peel, peel::run)? {
        p.run(func, Pass::Gvn, gvn::run)?;
    }
    p.run(func, Pass::Licm, licm::run)?;
    p.run(func, Pass::IfConvert, if_convert::run)?;
    if p.run(func, Pass::Unroll, unroll::run)? {
        p.run(func, Pass::Fold, fold::run)?;
        p.run(func, Pass::Gvn, gvn::run)?;
    }
    p.run(func, Pass::Strength, strength::run)?;
    p.run(func, Pass::Fold, fold::run)?;
    p.run(func, Pass::Dce, dce::run)?;
    p.run(func, Pass::SimplifyCfg, simplify_cfg::run)?;
    p.run(func, Pass::Layout, layout::run)?;
    pipeline.context.analyses.forget(pipeline.context.scratch);
    Ok(pipeline.statistics)
}

/// Runs one pass, whether it is enabled or not.
///
/// # Errors
/// Only with `options.verify`: the broken rule.
pub fn run_pass(func: &mut Function, pass: Pass, options: &Options) -> Result<PassRun, PassError> {
    let options = &Options { enabled: PassSet::only(pass), ..options.clone() };
    let mut scratch = Scratch::new();
    let context = Context::new(options, &mut scratch);
    let mut pipeline = Pipeline { context, statistics: Statistics::default(), observer: None };
    pipeline.run(func, pass, entry(pass))?;
    Ok(pipeline.statistics.runs.remove(0))
}

/// The names of all algebraic rules; statistics of [`Pass::Fold`] count them under these names.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    fold::rule_names()
}

type Entry = fn(&mut Function, &mut Context) -> Change;

fn entry(pass: Pass) -> Entry {
    match pass {
        Pass::TailCalls => tail_calls::run,
        Pass::SimplifyCfg => simplify_cfg::run,
        Pass::Invert => invert::run,
        Pass::Sccp => sccp::run,
        Pass::Fold => fold::run,
        Pass::Gvn => gvn::run,
        Pass::Memory => memory::run,
        Pass::Ranges => ranges::run,
        Pass::Peel => peel::run,
        Pass::Licm => licm::run,
        Pass::IfConvert => if_convert::run,
        Pass::Strength => strength::run,
        Pass::Unroll => unroll::run,
        Pass::Dce => dce::run,
        Pass::Layout => layout::run,
    }
}

struct Pipeline<'a, 'o> {
    context: Context<'a>,
    statistics: Statistics,
    observer: Option<&'o mut dyn Observer>,
}

impl Pipeline<'_, '_> {
    /// Runs a pass if it is enabled; tells whether it changed anything.
    fn run(&mut self, func: &mut Function, pass: Pass, entry: Entry) -> Result<bool, PassError> {
        if !self.context.options.enabled.has(pass) {
            return Ok(false);
        }
        let clock = self.context.options.clock;
        let start = clock();
        let change = entry(func, &mut self.context);
        let time = clock() - start;
        self.context.analyses.after(change, self.context.scratch);
        let run = PassRun { pass, time, counts: std::mem::take(&mut self.context.counts) };
        if let Some(observer) = &mut self.observer {
            observer.after_pass(&run, change, func);
        }
        self.statistics.runs.push(run);
        if self.context.options.verify {
            self.check(func, pass, change)?;
        }
        Ok(change != Change::None)
    }

    fn check(&self, func: &Function, pass: Pass, change: Change) -> Result<(), PassError> {
        if change != Change::None {
            verify(func).map_err(|error| PassError { pass, error })?;
        }
        if !self.context.analyses.are_valid(func) {
            let message = format!("the pass changed edges and said {change:?}");
            let error = VerifyError { rule: "analyses", block: None, inst: None, message };
            return Err(PassError { pass, error });
        }
        Ok(())
    }
}
