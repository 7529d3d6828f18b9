//! The analyses of the graph, shared by passes for as long as no pass changes blocks or edges.

use super::Change;
use std::rc::Rc;
use tercel_ir::Function;
use tercel_ir::cfg::Cfg;
use tercel_ir::dominators::Dominators;
use tercel_ir::loops::Loops;

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
    /// Computes all of it.
    pub fn compute(func: &Function) -> Graph {
        let cfg = Cfg::compute(func);
        let dominators = Dominators::compute(&cfg, func);
        let loops = Loops::compute(func, &cfg, &dominators);
        Graph { cfg, dominators, loops }
    }
}

/// A cache of the [`Graph`].
#[derive(Debug, Default)]
pub struct Analyses {
    graph: Option<Rc<Graph>>,
}

impl Analyses {
    /// The graph's analyses. The caller keeps them while it changes instructions, and drops them when it changes edges.
    pub fn graph(&mut self, func: &Function) -> Rc<Graph> {
        self.graph.get_or_insert_with(|| Rc::new(Graph::compute(func))).clone()
    }

    /// Whether what is cached is true of the function; for verification.
    pub fn are_valid(&self, func: &Function) -> bool {
        self.graph.as_ref().is_none_or(|graph| graph.cfg == Cfg::compute(func))
    }

    /// Forgets what a change makes void.
    pub fn after(&mut self, change: Change) {
        if change == Change::Graph {
            self.graph = None;
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
