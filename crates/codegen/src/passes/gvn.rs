//! Global value numbering.
//!
//! An instruction that computes what a dominating one has computed is replaced by it. Two instructions are equal if op, type,
//! immediates and operands are (operands of ops that commute in either order), and, of loads, the versions of the memory
//! that they read ([`super::alias`]). That merges
//!
//! * pure ops, and calls of functions without effects;
//! * loads between which nothing wrote their class of memory;
//! * trapping and exiting ops: the first one would have left, so the second one cannot. Their trap code and frame state do not
//!   matter for that, and a check without results just goes.
//!
//! Method: one walk over the dominator tree in preorder with one hash table. An entry whose block does not dominate the current
//! one never will again (its subtree is done), so it is overwritten; no scopes are needed. Operands are resolved as the walk
//! goes, so chains of equal expressions fall in one run. Cost: linear.
//!
//! Rejected: partition-based numbering (Alpern, Wegman, Zadeck), which also finds equal cycles of parameters: rare, and it
//! finds less elsewhere.

use super::alias::{State, Versions};
use super::analyses::finish_aliases;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use rustc_hash::FxHasher;
use std::hash::Hasher;
use tercel_ir::entity::Entity;
use tercel_ir::ops::{Effects, ImmKind};
use tercel_ir::{Function, Inst, Op, Value};

struct Gvn<'a> {
    versions: &'a Versions,
    /// Open addressing: hash, instruction, version.
    table: Vec<(u32, Inst, u32)>,
}

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let versions = Versions::compute(func, &graph, cx.scratch);
    let size = (versions.inst_count() * 2).next_power_of_two().max(16);
    let mut gvn = Gvn { versions: &versions, table: cx.scratch.table((0, Inst::NONE, 0), size) };
    let (mut merged, mut loads, mut checks) = (0, 0, 0);
    let mut state = versions.at_entry(func.entry());
    for &block in graph.dominators.preorder() {
        versions.enter(block, &mut state);
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            func.resolve_uses(inst);
            if !is_candidate(func, inst) {
                gvn.versions.advance(func, inst, &mut state);
                continue;
            }
            let version = gvn.version(func, inst, &state);
            let dominates = |earlier: Inst| {
                let Some(from) = func.block_of(earlier) else {
                    return false;
                };
                from == block || graph.dominators.dominates(from, block) || active(Bug::GvnIgnoresDominance)
            };
            let Some(earlier) = gvn.find_or_insert(func, inst, version, dominates) else {
                continue;
            };
            match func.inst(inst).op {
                Op::Load => loads += 1,
                _ if func.inst(inst).result_count() == 0 => checks += 1,
                _ => merged += 1,
            }
            for (old, new) in func.results(inst).zip(func.results(earlier)) {
                func.replace(old, new);
            }
            func.remove(inst);
        }
    }
    finish_aliases(func, &graph);
    cx.scratch.give(gvn.table);
    versions.give(cx.scratch);
    cx.count("values merged", merged);
    cx.count("loads merged", loads);
    cx.count("checks merged", checks);
    Change::insts(merged + loads + checks > 0)
}

/// Whether an instruction can be replaced by an earlier one.
fn is_candidate(func: &Function, inst: Inst) -> bool {
    let effects = func.effects(inst);
    let blocked = Effects::WRITES.with(Effects::SAFEPOINT).with(Effects::TERMINATES).with(Effects::CALLS);
    if effects.any(blocked) {
        return false;
    }
    let data = func.inst(inst);
    // A call that only reads, or may trap, is not worth a rule.
    if data.op == Op::Call && !effects.is_pure() {
        return false;
    }
    data.result_count() > 0 || effects.any(Effects::TRAPS.with(Effects::EXITS))
}

impl Gvn<'_> {
    fn version(&self, func: &Function, inst: Inst, state: &State) -> u32 {
        if !func.effects(inst).has(Effects::READS) || active(Bug::GvnIgnoresStores) {
            return 0;
        }
        let data = func.inst(inst);
        let class = if data.op == Op::Load { data.mem_flags().class() } else { tercel_ir::AliasClass::ANY };
        self.versions.version(state, class)
    }

    /// The first of equal instructions; enters this one if there is none whose block dominates.
    fn find_or_insert(
        &mut self,
        func: &Function,
        inst: Inst,
        version: u32,
        dominates: impl Fn(Inst) -> bool,
    ) -> Option<Inst> {
        let hash = hash(func, inst, version);
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (found_hash, found, found_version) = self.table[at];
            if found.is_none() {
                self.table[at] = (hash, inst, version);
                return None;
            }
            if found_hash == hash && found_version == version && is_equal(func, found, inst) {
                if dominates(found) {
                    return Some(found);
                }
                self.table[at] = (hash, inst, version);
                return None;
            }
            at = (at + 1) & mask;
        }
    }
}

/// The 16-bit immediate as far as it says what is computed: not trap codes, not promises about faults.
fn significant_aux(func: &Function, inst: Inst) -> u16 {
    let data = func.inst(inst);
    match data.op.info().imm {
        ImmKind::Trap => 0,
        ImmKind::Mem => data.mem_flags().class().number() as u16 | (data.mem_flags().is_read_only() as u16) << 8,
        ImmKind::IntCc if active(Bug::GvnIgnoresImmediate) => 0,
        _ => data.aux,
    }
}

fn operands_in_order(func: &Function, inst: Inst) -> (Value, Value) {
    let args = func.args(inst);
    let pair = (args.first().copied().unwrap_or(Value::NONE), args.get(1).copied().unwrap_or(Value::NONE));
    if func.inst(inst).op.effects().has(Effects::COMMUTES) && pair.1 < pair.0 { (pair.1, pair.0) } else { pair }
}

fn hash(func: &Function, inst: Inst, version: u32) -> u32 {
    let data = func.inst(inst);
    let (first, second) = operands_in_order(func, inst);
    let mut hasher = FxHasher::default();
    hasher.write_u64((data.op as u64) << 32 | (data.ty.bit() as u64) << 16 | significant_aux(func, inst) as u64);
    hasher.write_u64(data.imm as u64);
    hasher.write_u64((first.index() as u64) << 32 | second.index() as u64);
    hasher.write_u32(version);
    for arg in func.args(inst).iter().skip(2) {
        hasher.write_u32(arg.as_u32());
    }
    let hash = hasher.finish();
    (hash >> 32) as u32 ^ hash as u32
}

fn is_equal(func: &Function, a: Inst, b: Inst) -> bool {
    let (x, y) = (func.inst(a), func.inst(b));
    x.op == y.op
        && x.ty == y.ty
        && x.imm == y.imm
        && significant_aux(func, a) == significant_aux(func, b)
        && x.arg_count() == y.arg_count()
        && operands_in_order(func, a) == operands_in_order(func, b)
        && func.args(a).iter().skip(2).eq(func.args(b).iter().skip(2))
}
