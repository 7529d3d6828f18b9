//! Source to bytecode: parser, scope analysis, lowering.
