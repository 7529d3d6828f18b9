//! The generator: a seed makes a program, as a [`Node`].
//!
//! Why every program ends: loops have trip counts that nothing in their bodies can change; functions call only functions that were
//! complete before them, except in templates that bound their recursion; hooks (getters, `valueOf`, traps) do nothing that could
//! reach a hook again. Why it ends soon: [`Gen::charge`] adds up what each statement costs under the loops around it, and loops and
//! calls that would exceed the budget are made shorter or left out. Why values stay small: what a loop could feed to itself with
//! growing operators (`+` on strings, `*` on BigInts) passes `$bound`, unless the function is *hard*: all its locals are numbers.

mod expr;
mod program;
mod simple;
pub mod topics;

pub use program::program;

use crate::features::{Feature, FeatureSet};
use crate::rng::Rng;
use crate::tree::Node;

/// What a variable holds as a rule. Only [`Var::hard`] ones are sure to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    Int,
    Num,
    Str,
    Bool,
    Big,
    /// Any primitive, or a small object.
    Any,
    /// An array of primitives, mostly numbers, perhaps with holes.
    Arr,
    /// An object with primitives in some of the properties [`PROPERTIES`].
    Obj,
    /// A function of a few parameters that ends soon and calls nothing of the program's.
    Leaf,
    /// A typed array of numbers.
    Typed,
}

/// Names of plain data properties.
pub const PROPERTIES: [&str; 6] = ["x", "y", "z", "w", "n", "s"];

#[derive(Clone, Debug)]
pub struct Var {
    pub name: String,
    pub ty: Ty,
    /// Always a number.
    pub hard: bool,
    pub mutable: bool,
}

/// A function that statements may call: its cost is known.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub name: String,
    pub params: usize,
    pub hard: bool,
    pub cost: u64,
}

/// What the code around a statement is.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub strict: bool,
    pub is_generator: bool,
    pub is_async: bool,
    /// `return` is allowed.
    pub in_function: bool,
    /// `break` and `continue` without label are allowed.
    pub in_loop: bool,
    pub labels: Vec<String>,
}

pub struct Gen {
    pub rng: Rng,
    pub used: FeatureSet,
    pub vars: Vec<Var>,
    pub kernels: Vec<Kernel>,
    pub context: Context,
    /// Only numbers are used.
    pub hard: bool,
    /// The expression that is being made may be longer than its operands.
    pub growing: bool,
    /// The present function is a leaf: it calls nothing.
    in_leaf: bool,
    /// Some statement is asynchronous: the batch lets promise jobs run.
    pub is_async: bool,
    names: usize,
    /// How often the present statement runs, at most.
    times: u64,
    /// What the present function costs so far, at most.
    pub work: u64,
    limit: u64,
    pub depth: usize,
}

/// Statements that a program may execute.
const PROGRAM_LIMIT: u64 = 16_000;
/// Statements that a call of a function may execute.
const FUNCTION_LIMIT: u64 = 6_000;

impl Gen {
    pub fn new(seed: u64) -> Gen {
        Gen {
            rng: Rng::new(seed),
            used: FeatureSet::default(),
            vars: Vec::new(),
            kernels: Vec::new(),
            context: Context { in_function: true, ..Context::default() },
            hard: false,
            growing: false,
            in_leaf: false,
            is_async: false,
            names: 0,
            times: 1,
            work: 0,
            limit: PROGRAM_LIMIT,
            depth: 0,
        }
    }

    pub fn mark(&mut self, feature: Feature) {
        self.used.insert(feature);
    }

    pub fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.chance(percent)
    }

    pub fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.rng.pick(from)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.below(n)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.rng.below(high - low + 1)
    }

    // --- cost ---------------------------------------------------------------------------------------------------------------

    /// The present place costs `n` statements each time.
    pub fn charge(&mut self, n: u64) {
        self.work += n * self.times;
    }

    /// Whether something that costs `n` each time still fits.
    pub fn fits(&self, n: u64) -> bool {
        self.work + n * self.times <= self.limit
    }

    /// A trip count for a loop here: often long enough that a tier compiles the loop, if the budget allows it.
    pub fn trip(&mut self) -> u64 {
        const TRIPS: [u64; 10] = [2, 3, 5, 9, 17, 60, 130, 300, 700, 1500];
        let room = self.limit.saturating_sub(self.work) / self.times / 6;
        let fitting = TRIPS.iter().filter(|&&t| t <= room).count();
        if fitting == 0 {
            return 1;
        }
        // The longer half is likelier.
        let index = self.below(fitting).max(self.rng.below(fitting));
        TRIPS[index]
    }

    /// A trip count that is long enough for a tier to compile, or as long as the budget allows.
    pub fn hot_trip(&mut self) -> u64 {
        self.trip().max(self.trip()).max(self.trip())
    }

    /// Makes something that runs `times` times for each time the present place runs.
    pub fn repeated<R>(&mut self, times: u64, make: impl FnOnce(&mut Gen) -> R) -> R {
        let outer = self.times;
        self.times = outer.saturating_mul(times.max(1));
        self.charge(1);
        let made = make(self);
        self.times = outer;
        made
    }

    // --- scopes -------------------------------------------------------------------------------------------------------------

    /// Makes something whose variables end with it.
    pub fn scoped<R>(&mut self, make: impl FnOnce(&mut Gen) -> R) -> R {
        let count = self.vars.len();
        let made = make(self);
        self.vars.truncate(count);
        made
    }

    pub fn declare(&mut self, name: &str, ty: Ty, mutable: bool) {
        let hard = self.hard && matches!(ty, Ty::Int | Ty::Num);
        self.vars.push(Var { name: name.to_owned(), ty, hard, mutable });
    }

    /// A loop counter: always a number, never assigned by the program's statements.
    pub fn declare_counter(&mut self, name: &str) {
        self.vars.push(Var { name: name.to_owned(), ty: Ty::Int, hard: true, mutable: false });
    }

    /// A variable for which `accept` holds; later ones are likelier.
    pub fn var(&mut self, accept: impl Fn(&Var) -> bool) -> Option<Var> {
        let hard = self.hard;
        let found: Vec<&Var> =
            self.vars.iter().filter(|v| accept(v) && (!hard || v.hard || !matches!(v.ty, Ty::Int | Ty::Num))).collect();
        if found.is_empty() {
            return None;
        }
        let index = self.rng.below(found.len()).max(self.rng.below(found.len()));
        Some(found[index].clone())
    }

    /// Makes the body of a function; the result is the body and what a call costs.
    pub fn function_body<R>(&mut self, context: Context, hard: bool, make: impl FnOnce(&mut Gen) -> R) -> (R, u64) {
        let outer_context = std::mem::replace(&mut self.context, context);
        let outer = (self.hard, self.times, self.work, self.limit, self.depth);
        let count = self.vars.len();
        (self.hard, self.times, self.work, self.limit) = (hard, 1, 0, FUNCTION_LIMIT.min(outer.3));
        let made = make(self);
        let cost = self.work + 1;
        self.vars.truncate(count);
        (self.hard, self.times, self.work, self.limit, self.depth) = outer;
        self.context = outer_context;
        (made, cost)
    }

    /// Makes the body of a function that ends soon, wherever it is called from.
    pub fn leaf_body<R>(&mut self, context: Context, make: impl FnOnce(&mut Gen) -> R) -> R {
        let kernels = std::mem::take(&mut self.kernels);
        let (made, _) = self.function_body(context, false, |g| {
            g.limit = 20;
            g.depth += 3;
            make(g)
        });
        self.kernels = kernels;
        made
    }

    /// The context of a plain function here.
    pub fn plain_context(&self) -> Context {
        Context { strict: self.context.strict, in_function: true, ..Context::default() }
    }

    // --- lists --------------------------------------------------------------------------------------------------------------

    pub fn some(&mut self, low: usize, high: usize, mut make: impl FnMut(&mut Gen) -> Node) -> Vec<Node> {
        let count = self.between(low, high);
        (0..count).map(|_| make(self)).collect()
    }
}
