//! The bytecode: op table, function templates, verifier, printer.
