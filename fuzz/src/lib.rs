//! Differential testing: random programs that end, run by several engines or several configurations of one, with the same output.
//!
//! The pipeline is [`gen`] (seed → tree), [`batch`] (trees → one script), [`engine`] (script → outcome), [`campaign`] (outcomes compared,
//! differences located), [`reduce`] (a difference → the smallest program that shows it), [`report`] (what was covered).
//! README.md beside this crate explains use and design.

#![forbid(unsafe_code)]

pub mod batch;
pub mod campaign;
pub mod engine;
pub mod features;
pub mod r#gen;
pub mod reduce;
pub mod report;
pub mod rng;
pub mod tree;
