use super::*;
use crate::entity::Value;
use crate::function::{Function, InstSpec, Signature};
use crate::ops::Op;
use crate::types::Type;

/// A function whose block `i` leads to the blocks in `edges[i]` (none: returns).
fn graph(edges: &[Vec<usize>]) -> Function {
    let mut func = Function::new("graph", Signature::default());
    let blocks: Vec<Block> = edges.iter().map(|_| func.add_block()).collect();
    for (from, targets) in edges.iter().enumerate() {
        let list: Vec<(Block, &[Value])> = targets.iter().map(|&to| (blocks[to], &[][..])).collect();
        let inst = match list.len() {
            0 => func.make(InstSpec::new(Op::Return, Type::VOID, &[])),
            1 => func.make_terminator(Op::Jump, &[], &list),
            _ => {
                let zero = func.make(InstSpec::new(Op::Iconst, Type::I32, &[]));
                func.append(blocks[from], zero);
                let zero = func.result(zero);
                func.make_terminator(Op::Switch, &[zero], &list)
            }
        };
        func.append(blocks[from], inst);
    }
    func
}

/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
fn simple_idoms(cfg: &Cfg) -> Vec<Option<usize>> {
    let count = cfg.rpo().len();
    let mut idom: Vec<Option<usize>> = vec![None; count];
    idom[0] = Some(0);
    let mut changed = true;
    while changed {
        changed = false;
        for number in 1..count {
            let mut new: Option<usize> = None;
            for pred in cfg.preds(cfg.rpo()[number]) {
                let from = cfg.rpo_number(pred.block).unwrap() as usize;
                if idom[from].is_none() {
                    continue;
                }
                new = Some(match new {
                    None => from,
                    Some(mut a) => {
                        let mut b = from;
                        while a != b {
                            while a > b {
                                a = idom[a].unwrap();
                            }
                            while b > a {
                                b = idom[b].unwrap();
                            }
                        }
                        a
                    }
                });
            }
            if idom[number] != new {
                idom[number] = new;
                changed = true;
            }
        }
    }
    idom
}

fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize % below
}

#[test]
fn dominators_agree_with_the_simple_algorithm_on_random_graphs() {
    let mut state = 7;
    for round in 0..3_000 {
        let count = 2 + random(&mut state, 24);
        let edges: Vec<Vec<usize>> = (0..count)
            .map(|from| {
                let degree = random(&mut state, 4);
                let near = round % 2 == 0;
                (0..degree)
                    .map(|_| {
                        if near {
                            1 + (from + random(&mut state, 4)) % (count - 1)
                        } else {
                            1 + random(&mut state, count - 1)
                        }
                    })
                    .collect()
            })
            .collect();
        let func = graph(&edges);
        let cfg = Cfg::compute(&func);
        let dominators = Dominators::compute(&cfg, &func);
        let expected = simple_idoms(&cfg);
        for (number, &block) in cfg.rpo().iter().enumerate() {
            let idom = dominators.idom(block).map(|idom| cfg.rpo_number(idom).unwrap() as usize);
            assert_eq!(idom, expected[number].filter(|_| number > 0), "{func}");
            // `dominates` agrees with walking up the tree.
            for &other in cfg.rpo() {
                let walk = std::iter::successors(Some(block), |&at| dominators.idom(at)).any(|at| at == other);
                assert_eq!(dominators.dominates(other, block), walk);
            }
        }
        check_loops(&func, &cfg, &dominators);
    }
}

/// A block is in a loop exactly if it reaches a back edge's source without passing the header, and the header reaches it so.
fn check_loops(func: &Function, cfg: &Cfg, dominators: &Dominators) {
    let loops = Loops::compute(func, cfg, dominators);
    for this in loops.iter() {
        let header = loops.header(this);
        let mut inside = vec![header];
        let mut work: Vec<Block> = cfg
            .preds(header)
            .iter()
            .map(|pred| pred.block)
            .filter(|&from| dominators.dominates(header, from))
            .collect();
        while let Some(block) = work.pop() {
            if !inside.contains(&block) {
                inside.push(block);
                work.extend(cfg.preds(block).iter().map(|pred| pred.block));
            }
        }
        for &block in cfg.rpo() {
            assert_eq!(loops.contains(this, block), inside.contains(&block), "{this:?} {block} in\n{func}");
        }
        let around = std::iter::successors(Some(this), |&at| loops.parent(at)).count();
        assert_eq!(loops.depth(this), around as u32);
    }
}

#[test]
fn nested_loops_nest() {
    // 0 → 1 → 2 → 3 → 2, 3 → 4 → 1, 4 → 5
    let func = graph(&[vec![1], vec![2], vec![3], vec![2, 4], vec![1, 5], vec![]]);
    let cfg = Cfg::compute(&func);
    let loops = Loops::compute(&func, &cfg, &Dominators::compute(&cfg, &func));
    let depths: Vec<u32> = func.blocks().iter().map(|&block| loops.block_depth(block)).collect();
    assert_eq!(depths, [0, 1, 2, 2, 1, 0]);
    assert!(!loops.is_irreducible());
}

#[test]
fn two_entries_make_a_cycle_irreducible() {
    let func = graph(&[vec![1, 2], vec![2], vec![1, 3], vec![]]);
    let cfg = Cfg::compute(&func);
    let loops = Loops::compute(&func, &cfg, &Dominators::compute(&cfg, &func));
    assert!(loops.is_empty() && loops.is_irreducible());
}

#[test]
fn deep_nests_and_shared_exits_are_near_linear() {
    // A chain of `n` blocks that all lead to one exit, inside `n` nested loops. A quadratic step would take minutes.
    let n = 60_000;
    let mut edges: Vec<Vec<usize>> = (0..n).map(|at| vec![at + 1, 2 * n]).collect();
    edges.extend((n..2 * n).map(|at| if at + 1 < 2 * n { vec![at + 1, 2 * n - at] } else { vec![1, 2 * n] }));
    edges.push(vec![]);
    let func = graph(&edges);
    let cfg = Cfg::compute(&func);
    let dominators = Dominators::compute(&cfg, &func);
    let loops = Loops::compute(&func, &cfg, &dominators);
    assert_eq!(loops.len(), n);
}
