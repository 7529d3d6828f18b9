//! The analyses of the graph, shared by passes for as long as no pass changes blocks or edges.

use super::Change;
use std::rc::Rc;
use tercel_ir::cfg::Cfg;
use tercel_ir::dominators::Dominators;
use tercel_ir::loops::Loops;
use tercel_ir::{Function, Scratch};

/// Predecessors and orders, dominators, loops: of one state of the graph.
#[derive(Debug)]
pub struct Graph {
    /// Predecessors and the reverse postorder.
    pub cfg: Cfg,
    /// The dominator tree.
    pub dominators: Dominators,
    /// The loop forest.
    pub loops: Loops,
}

impl Graph {
    /// Computes all of it, with storage from `scratch`.
    pub fn compute(func: &Function, scratch: &mut Scratch) -> Graph {
        let cfg = Cfg::compute_in(func, scratch);
        let dominators = Dominators::compute_in(&cfg, func, scratch);
        let loops = Loops::compute_in(func, &cfg, &dominators, scratch);
        Graph { cfg, dominators, loops }
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        self.cfg.give(scratch);
        self.dominators.give(scratch);
        self.loops.give(scratch);
    }
}

/// A cache of the [`Graph`].
#[derive(Debug, Default)]
pub struct Analyses {
    graph: Option<Rc<Graph>>,
}

impl Analyses {
    /// The graph's analyses. The caller keeps them while it changes instructions, and drops them when it changes edges.
    pub fn graph(&mut self, func: &Function, scratch: &mut Scratch) -> Rc<Graph> {
        self.graph.get_or_insert_with(|| Rc::new(Graph::compute(func, scratch))).clone()
    }

    /// Whether what is cached is true of the function; for verification.
    pub fn are_valid(&self, func: &Function) -> bool {
        self.graph.as_ref().is_none_or(|graph| graph.cfg == Cfg::compute(func))
    }

    /// Forgets what a change makes void.
    pub fn after(&mut self, change: Change, scratch: &mut Scratch) {
        if change == Change::Graph {
            self.forget(scratch);
        }
    }

    /// Returns the storage.
    pub fn forget(&mut self, scratch: &mut Scratch) {
        if let Some(graph) = self.graph.take().and_then(Rc::into_inner) {
            graph.give(scratch);
        }
    }
}

/// Rewrites what still uses aliases after a pass that visited the reachable blocks, each definition before its uses, and
/// called `resolve_uses` on every instruction.
pub fn finish_aliases(func: &mut Function, graph: &Graph) {
    if graph.cfg.rpo().len() == func.blocks().len() {
        func.resolve_frames();
    } else {
        func.resolve_aliases();
    }
}
