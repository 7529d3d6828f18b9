//! Source to bytecode: parser, scope analysis, lowering. Needs no heap; runs on any thread.
pub mod analysis;
