//! Passes over the IR, lowering, linear scan, emission, and the stack-bytecode JIT.

pub mod passes;
