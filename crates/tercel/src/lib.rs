//! A JavaScript engine for Rust programs: the embedding API.
