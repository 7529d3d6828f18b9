//! Single assignment again, after code was copied.
//!
//! A pass that copies blocks gives some values a second definition. It enters those values here with all their definitions,
//! at most one in each block; [`Repair::run`] then lets each use outside the copies read the definition that reaches it,
//! making block parameters where several do. Method: that of the builder (Braun et al., 2013) on a finished graph: walk
//! back from the use; a block with several predecessors gets a parameter and asks each of them. Parameters that turn out
//! to have one argument only are removed at the end.
//!
//! One run serves all copies of a pass, with one walk over the function, so that many small copies stay linear.

use rustc_hash::FxHashMap;
use tercel_ir::builder::remove_trivial_params;
use tercel_ir::cfg::Cfg;
use tercel_ir::{Block, Function, Inst, Value};

/// Values with several definitions.
#[derive(Default)]
pub struct Repair {
    /// Number of the variable that a value is a definition of.
    variable: FxHashMap<Value, u32>,
    /// The value of a variable at the end of a block.
    at_end: FxHashMap<(u32, Block), Value>,
    /// The value of a variable at the beginning of a block.
    at_start: FxHashMap<(u32, Block), Value>,
    count: u32,
}

impl Repair {
    /// Enters a value with its block. Its other definitions follow by [`Repair::also`].
    pub fn add(&mut self, value: Value, block: Block) -> u32 {
        if let Some(&variable) = self.variable.get(&value) {
            return variable;
        }
        let variable = self.count;
        self.count += 1;
        self.variable.insert(value, variable);
        self.at_end.insert((variable, block), value);
        variable
    }

    /// Enters another definition of a variable.
    pub fn also(&mut self, variable: u32, value: Value, block: Block) {
        self.at_end.insert((variable, block), value);
    }

    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Rewrites uses of the entered values, except where `is_right(value, block)` says that the original definition is
    /// the right one. Blocks are put in reverse postorder, so that copies stand where control meets them, and unreachable ones
    /// go.
    pub fn run(mut self, func: &mut Function, is_right: impl Fn(Value, Block) -> bool) {
        let cfg = Cfg::compute(func);
        func.set_layout(cfg.rpo().to_vec());
        if self.count > 0 {
            for &block in cfg.rpo() {
                let mut next = func.first_inst(block);
                while let Some(inst) = next {
                    next = func.next_inst(inst);
                    self.rewrite(func, &cfg, block, inst, &is_right);
                }
            }
        }
        remove_trivial_params(func, &cfg);
    }

    fn rewrite(
        &mut self,
        func: &mut Function,
        cfg: &Cfg,
        block: Block,
        inst: Inst,
        is_right: &impl Fn(Value, Block) -> bool,
    ) {
        for index in 0..func.inst(inst).arg_count() {
            let value = func.arg(inst, index);
            if let Some(new) = self.reaching(func, cfg, block, value, is_right) {
                func.args_mut(inst)[index] = new;
            }
        }
        for edge in 0..func.edges(inst).len() {
            for position in 0..func.edges(inst)[edge].args.len() {
                let value = func.edge_args(func.edges(inst)[edge])[position];
                if let Some(new) = self.reaching(func, cfg, block, value, is_right) {
                    func.edge_args_mut(inst, edge)[position] = new;
                }
            }
        }
        if let Some(frame) = func.inst(inst).frame() {
            let chain: Vec<_> = func.frame_chain(frame).collect();
            let mut changed = false;
            let mut parent = None;
            for &old in chain.iter().rev() {
                let mut values = func.frame_values(old).to_vec();
                for value in &mut values {
                    if value.is_none() {
                        continue;
                    }
                    if let Some(new) = self.reaching(func, cfg, block, *value, is_right) {
                        *value = new;
                        changed = true;
                    }
                }
                let data = func.frames[old];
                parent =
                    Some(if changed { func.add_frame(data.template, data.position, parent, &values) } else { old });
            }
            if changed {
                func.set_frame(inst, parent);
            }
        }
    }

    /// What a use of `value` in a block should read instead.
    fn reaching(
        &mut self,
        func: &mut Function,
        cfg: &Cfg,
        block: Block,
        value: Value,
        is_right: &impl Fn(Value, Block) -> bool,
    ) -> Option<Value> {
        let variable = *self.variable.get(&value)?;
        if is_right(value, block) {
            return None;
        }
        let mut work = Vec::new();
        let found = self.start_of(func, cfg, variable, block, value, &mut work);
        while let Some(at) = work.pop() {
            for index in 0..cfg.preds(at).len() {
                let pred = cfg.preds(at)[index];
                let arg = match self.at_end.get(&(variable, pred.block)) {
                    Some(&arg) => arg,
                    None => self.start_of(func, cfg, variable, pred.block, value, &mut work),
                };
                func.push_edge_arg(pred.inst, pred.index as usize, arg);
            }
        }
        (found != value).then_some(found)
    }

    /// The value of a variable at the beginning of a block. A block that got a parameter is added to `work`.
    fn start_of(
        &mut self,
        func: &mut Function,
        cfg: &Cfg,
        variable: u32,
        block: Block,
        original: Value,
        work: &mut Vec<Block>,
    ) -> Value {
        let mut chain = Vec::new();
        let mut at = block;
        let value = loop {
            if let Some(&value) = self.at_start.get(&(variable, at)) {
                break value;
            }
            chain.push(at);
            match cfg.preds(at) {
                [pred] => match self.at_end.get(&(variable, pred.block)) {
                    Some(&value) => break value,
                    None => at = pred.block,
                },
                // No definition reaches the entry: only a use that is never executed comes here.
                [] => break original,
                _ => {
                    let ty = func.value_type(original);
                    let value = func.add_param(at, ty);
                    work.push(at);
                    break value;
                }
            }
        };
        for block in chain {
            self.at_start.insert((variable, block), value);
        }
        value
    }
}
