//! Topics: statements around one feature of the language, with room for any other statements inside.
//!
//! Each returns one statement that stands anywhere; names are fresh, so it leaks nothing.

pub mod arrays;
pub mod caches;
pub mod classes;
pub mod collections;
pub mod dynamic;
pub mod functions;
pub mod generators;
pub mod iteration;
pub mod objects;
pub mod typed;

use super::Gen;
use crate::stmt;
use crate::tree::Node;

/// A block of statements.
pub(crate) fn block(statements: Vec<Node>) -> Node {
    stmt!("{\n@}\n", statements)
}

impl Gen {
    /// `for (let i = 0; i < N; i++) { … }` over what `make` writes, given the counter's name.
    pub(crate) fn hot_loop(&mut self, make: impl FnOnce(&mut Gen, &str) -> Node) -> Node {
        let trip = self.hot_trip();
        self.loop_of(trip, make)
    }

    pub(crate) fn loop_of(&mut self, trip: u64, make: impl FnOnce(&mut Gen, &str) -> Node) -> Node {
        let i = self.name("k");
        let body = self.scoped(|g| {
            g.declare_counter(&i);
            g.loop_body(trip, |g| make(g, &i))
        });
        stmt!("for (let @ = 0; @ < @; @++) {\n@}\n", &i, &i, trip, &i, body)
    }

    /// The turn of a loop at which something changes.
    pub(crate) fn turn(&mut self) -> &'static str {
        self.pick(&["1", "2", "8", "30", "99", "100", "101", "255", "640"])
    }
}
