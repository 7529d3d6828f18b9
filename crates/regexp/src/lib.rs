//! Regular expressions: pattern to program, and the matcher.
