//! X86-64 assembler: registers, encoders, labels, relocations; knows nothing of JavaScript.
