//! The moving generational garbage collector.
