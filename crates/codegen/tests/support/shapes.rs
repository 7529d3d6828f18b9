//! Functions of given size and shape, for figures about the compiler's speed: straight lines, thousands of blocks (all checks
//! sharing one exit), deep loops, one large switch.

use tercel_ir::builder::FunctionBuilder;
use tercel_ir::generate::Rng;
use tercel_ir::{AliasClass, Block, Function, IntCc, MemFlags, Op, Signature, TrapCode, Type, Value};

/// A shape's name, and how to make one of about so many ops.
pub type Shape = (&'static str, fn(usize) -> Function);

/// All shapes.
pub const SHAPES: [Shape; 5] = [
    ("straight line", straight),
    ("many blocks", blocks),
    ("loops, 10 deep", |ops| loops(ops, 10)),
    ("loops, all nested", |ops| loops(ops, ops / 14)),
    ("large switch", switch),
];

fn start(name: &str) -> FunctionBuilder {
    FunctionBuilder::new(name, Signature::new(&[Type::I64, Type::I64, Type::PTR], &[Type::I64]))
}

const OPS: [Op; 8] = [Op::Iadd, Op::Isub, Op::Imul, Op::Bxor, Op::Band, Op::Ishl, Op::Smin, Op::Umax];

/// A few instructions on the latest of some values.
fn work(b: &mut FunctionBuilder, rng: &mut Rng, values: &mut Vec<Value>, count: usize) {
    let address = b.param(2);
    for _ in 0..count {
        let recent = values.len().min(12);
        let pick = |rng: &mut Rng| values[values.len() - 1 - rng.below(recent)];
        let (left, right) = (pick(rng), pick(rng));
        let flags = MemFlags::new(AliasClass::new(1 + rng.below(4) as u8)).no_trap();
        let value = match rng.below(10) {
            0 => b.iconst(Type::I64, rng.below(1000) as i64),
            1 => b.load(Type::I64, address, rng.below(32) as i32 * 8, flags),
            2 => {
                b.store(address, left, rng.below(32) as i32 * 8, flags);
                continue;
            }
            _ => b.binary(OPS[rng.below(OPS.len())], left, right),
        };
        values.push(value);
    }
}

fn finish(mut b: FunctionBuilder, values: &[Value]) -> Function {
    let mut sum = values[0];
    for &value in &values[values.len().saturating_sub(40)..] {
        sum = b.binary(Op::Iadd, sum, value);
    }
    b.ret(&[sum]);
    b.finish()
}

fn straight(ops: usize) -> Function {
    let mut b = start("straight");
    let mut rng = Rng::new(1);
    let mut values = vec![b.param(0), b.param(1)];
    work(&mut b, &mut rng, &mut values, ops);
    finish(b, &values)
}

/// Diamonds, and checks that all lead to one block.
fn blocks(ops: usize) -> Function {
    let mut b = start("blocks");
    let mut rng = Rng::new(2);
    let outside = b.add_block();
    // A limit of which nothing is known: no check is certain to fail, which would leave the rest of the function dead.
    let address = b.param(2);
    let limit = b.load(Type::I64, address, 1024, MemFlags::new(AliasClass::new(5)));
    let variables: Vec<_> = (0..4).map(|_| b.declare(Type::I64)).collect();
    for (&variable, side) in variables.iter().zip([0, 1, 0, 1]) {
        let value = b.param(side);
        b.define(variable, value);
    }
    for _ in 0..ops / 14 {
        let mut values: Vec<Value> = variables.iter().map(|&variable| b.read(variable)).collect();
        work(&mut b, &mut rng, &mut values, 4);
        let last = values[values.len() - 1];
        let condition = b.icmp(IntCc::Slt, last, values[0]);
        let [then, other, join, next] = [(); 4].map(|()| b.add_block());
        b.branch(condition, (then, &[]), (other, &[]));
        for block in [then, other] {
            b.seal(block);
            b.switch_to(block);
            work(&mut b, &mut rng, &mut values, 2);
            b.define(variables[rng.below(4)], values[values.len() - 1]);
            b.jump(join, &[]);
            values.truncate(4);
        }
        b.seal(join);
        b.switch_to(join);
        let index = b.read(variables[rng.below(4)]);
        let bad = b.icmp(IntCc::Uge, index, limit);
        b.branch(bad, (outside, &[]), (next, &[]));
        b.seal(next);
        b.switch_to(next);
    }
    let values: Vec<Value> = variables.iter().map(|&variable| b.read(variable)).collect();
    let end = b.current();
    b.seal(outside);
    b.switch_to(outside);
    b.trap(TrapCode::OutOfBounds);
    b.switch_to(end);
    finish(b, &values)
}

/// Nests of loops, `depth` deep each.
fn loops(ops: usize, depth: usize) -> Function {
    let mut b = start("loops");
    let mut rng = Rng::new(3);
    let sum = b.declare(Type::I64);
    let first = b.param(0);
    b.define(sum, first);
    for _ in 0..(ops / (depth * 14)).max(1) {
        let mut open: Vec<(Block, Block, tercel_ir::Variable, Value)> = Vec::new();
        for _ in 0..depth {
            let i = b.declare(Type::I64);
            let zero = b.iconst(Type::I64, 0);
            b.define(i, zero);
            let [header, body, done] = [(); 3].map(|()| b.add_block());
            b.jump(header, &[]);
            b.switch_to(header);
            let (now, limit) = (b.read(i), b.param(1));
            let more = b.icmp(IntCc::Slt, now, limit);
            b.branch(more, (body, &[]), (done, &[]));
            b.seal(body);
            b.switch_to(body);
            let old = b.read(sum);
            let mut values = vec![first, now, old];
            work(&mut b, &mut rng, &mut values, 6);
            b.define(sum, values[values.len() - 1]);
            open.push((header, done, i, now));
        }
        // The header dominates what follows, so its value serves; reading the variable would ask every inner loop.
        while let Some((header, done, i, now)) = open.pop() {
            let one = b.iconst(Type::I64, 1);
            let next = b.binary(Op::Iadd, now, one);
            b.define(i, next);
            b.jump(header, &[]);
            b.seal(header);
            b.seal(done);
            b.switch_to(done);
        }
    }
    let values = [b.read(sum)];
    finish(b, &values)
}

fn switch(ops: usize) -> Function {
    let mut b = start("switch");
    let mut rng = Rng::new(4);
    let ways = ops / 10;
    let join = b.add_block();
    let result = b.declare(Type::I64);
    let cases: Vec<Block> = (0..ways).map(|_| b.add_block()).collect();
    let index = b.param(0);
    let index = b.convert(Op::Narrow, Type::I32, index);
    let edges: Vec<(Block, &[Value])> = cases.iter().map(|&block| (block, &[][..])).collect();
    b.switch(index, edges[0], &edges[1..]);
    for &block in &cases {
        b.seal(block);
        b.switch_to(block);
        let mut values = vec![b.param(0), b.param(1)];
        work(&mut b, &mut rng, &mut values, 8);
        b.define(result, values[values.len() - 1]);
        b.jump(join, &[]);
    }
    b.seal(join);
    b.switch_to(join);
    let values = [b.read(result)];
    finish(b, &values)
}
