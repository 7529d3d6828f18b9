//! A whole program: variables, functions and classes, statements, and the state that is printed at the end.

use super::{Gen, Ty};
use crate::features::{Feature, FeatureSet};
use crate::tree::Node;
use crate::{fixed, item, stmt};

/// The program of a seed, and the features that it uses.
///
/// It is the body of a function that returns whether promise jobs are to run before the state is printed.
pub fn program(seed: u64) -> (Node, FeatureSet) {
    let mut g = Gen::new(seed);
    g.context.in_function = false;
    g.context.strict = g.chance(35);
    let mut parts = Vec::new();
    for ty in [Ty::Int, Ty::Int, Ty::Num, Ty::Str, Ty::Any, Ty::Arr, Ty::Obj, Ty::Leaf, Ty::Typed, Ty::Big, Ty::Bool] {
        if g.chance(75) {
            parts.push(g.declaration_of(ty));
        }
    }
    let state: Vec<Node> = g.vars.iter().map(|v| item!("() => @, ", &v.name)).collect();
    for _ in 0..g.between(0, 3) {
        parts.push(super::topics::functions::kernel(&mut g));
    }
    for _ in 0..g.between(2, 6) {
        let statement = g.statement();
        // What is declared stays; what may throw does not end the program.
        if statement.to_string().starts_with("let ") || statement.to_string().starts_with("const ") {
            parts.push(statement);
        } else {
            parts.push(stmt!("try {\n@} catch (e) { $caught(e); }\n", statement));
        }
    }
    if g.context.strict {
        g.mark(Feature::Strict);
    }
    let strict = if g.context.strict { "\"use strict\";\n" } else { "" };
    let ends = stmt!("$end(@);\n", state);
    let all = fixed!("@@@return @;\n", strict, ends, parts, if g.is_async { "true" } else { "false" });
    (all, g.used)
}
