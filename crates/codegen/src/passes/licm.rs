//! Loop-invariant code motion.
//!
//! An instruction whose operands are all defined outside a loop computes the same in each iteration, so it moves in front of
//! the loop, of several loops at once if its operands allow. What may move:
//!
//! * pure instructions, even those that the loop might not have executed: they cost time, never a result;
//! * loads that cannot fault, if the loop does not write their class of memory (read-only memory always);
//! * instructions that may trap only out of the loop's header, and only if nothing before them in it can be seen from
//!   outside: then they are executed if the loop is entered at all, and first.
//!
//! Guards stay: their frame state describes a place inside the loop. Constants move too; whoever emits code may put them
//! back. The invariant place is the *preheader* ([`super::loop_edit`]), made where there is none.
//!
//! One walk in reverse postorder: an operand moved before its user is looked at, so whole expressions move.

use super::alias::{ClassSet, loop_writes, may_change};
use super::analyses::Graph;
use super::loop_edit::Preheaders;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::entity::Entity;
use tercel_ir::loops::Loop;
use tercel_ir::ops::Effects;
use tercel_ir::{Block, Function, Inst, Op, Value, ValueDef};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    if graph.loops.is_empty() {
        return Change::None;
    }
    let mut licm = Licm {
        writes: loop_writes(func, &graph),
        graph: &graph,
        place: cx.scratch.table(None, func.inst_capacity()),
        preheaders: Preheaders::new(&graph),
    };
    let (mut hoisted, mut loads, mut checks) = (0, 0, 0);
    for &block in graph.cfg.rpo() {
        let Some(around) = graph.loops.innermost(block) else {
            continue;
        };
        // Whether everything seen so far in this header is without effects that show.
        let mut is_first = graph.loops.header(around) == block;
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            let Some(target) = licm.target(func, inst, around, is_first) else {
                if !func.effects(inst).is_pure() && func.effects(inst) != Effects::READS {
                    is_first = false;
                }
                continue;
            };
            match func.inst(inst).op {
                Op::Load => loads += 1,
                _ if func.effects(inst).has(Effects::TRAPS) => checks += 1,
                _ => hoisted += 1,
            }
            licm.hoist(func, inst, target);
        }
    }
    let made = licm.preheaders.finish(func);
    cx.scratch.give(licm.place);
    cx.count("instructions hoisted", hoisted);
    cx.count("loads hoisted", loads);
    cx.count("trapping instructions hoisted", checks);
    cx.count("preheaders made", made);
    if made > 0 { Change::Graph } else { Change::insts(hoisted + loads + checks > 0) }
}

struct Licm<'a> {
    graph: &'a Graph,
    writes: Vec<ClassSet>,
    /// Where hoisted instructions are now: the loop around their preheader.
    place: Vec<Option<Option<Loop>>>,
    preheaders: Preheaders<'a>,
}

impl Licm<'_> {
    /// The outermost loop that an instruction can leave.
    fn target(&self, func: &Function, inst: Inst, around: Loop, is_first: bool) -> Option<Loop> {
        let effects = func.effects(inst);
        let blocked = Effects::WRITES
            .with(Effects::EXITS)
            .with(Effects::SAFEPOINT)
            .with(Effects::TERMINATES)
            .with(Effects::CALLS);
        if effects.any(blocked) || func.inst(inst).frame().is_some() {
            return None;
        }
        let may_trap = effects.has(Effects::TRAPS) && !active(Bug::LicmHoistsTraps);
        if may_trap && !is_first {
            return None;
        }
        let loops = &self.graph.loops;
        // The deepest loop around the instruction in which some operand varies.
        let mut depth = 0;
        for &arg in func.args(inst) {
            depth = depth.max(self.varying_depth(func, arg, around));
            if depth >= loops.depth(around) {
                return None;
            }
        }
        let reads = effects.has(Effects::READS).then(|| match func.inst(inst).op {
            Op::Load => func.inst(inst).mem_flags().class(),
            _ => tercel_ir::AliasClass::ANY,
        });
        let mut target = None;
        let mut at = Some(around);
        while let Some(this) = at.filter(|&this| loops.depth(this) > depth) {
            if let Some(class) = reads
                && may_change(self.writes[this.index()], class)
                && !active(Bug::LicmIgnoresStores)
            {
                break;
            }
            target = Some(this);
            // What may trap leaves one loop only: the next header may do something first.
            if may_trap {
                break;
            }
            at = loops.parent(this);
        }
        target
    }

    /// Depth of the innermost loop around both an instruction in `around` and the definition of its operand.
    fn varying_depth(&self, func: &Function, value: Value, around: Loop) -> u32 {
        let loops = &self.graph.loops;
        let mut at = match func.value_def(value) {
            ValueDef::Result(def, _) => match self.place.get(def.index()).copied().flatten() {
                Some(place) => place,
                None => func.block_of(def).and_then(|block| loops.innermost(block)),
            },
            ValueDef::Param(block, _) if active(Bug::LicmHoistsVarying) => {
                loops.innermost(block).and_then(|of| loops.parent(of))
            }
            ValueDef::Param(block, _) => loops.innermost(block),
            _ => None,
        };
        while let Some(this) = at {
            if loops.is_inside(around, this) {
                return loops.depth(this);
            }
            at = loops.parent(this);
        }
        0
    }

    fn hoist(&mut self, func: &mut Function, inst: Inst, target: Loop) {
        let preheader: Block = self.preheaders.of(func, target);
        func.unlink(inst);
        let end = func.terminator(preheader);
        func.insert_before(inst, end);
        self.place[inst.index()] = Some(self.graph.loops.parent(target));
    }
}
