//! The reducer: takes pieces of a program away as long as the difference stays.
//!
//! Greedy, over the tree in the order in which nodes begin, so that large pieces go first: each node is replaced by less that its
//! [`Sort`] allows, until no replacement is left that keeps the difference. Candidates that are no programs any more need no care:
//! all engines refuse them alike, and that is no difference.

use crate::tree::{Node, Sort};

/// What may stand in a node's place and is shorter, the shortest first.
fn candidates(node: &Node) -> Vec<Node> {
    let nothing = || Node::text(node.sort, "");
    match node.sort {
        Sort::Item => vec![nothing()],
        Sort::Stmt => {
            let mut all = vec![nothing()];
            let inner = nearest(node, Sort::Stmt);
            if !inner.is_empty() {
                all.extend(inner.iter().map(|&n| n.clone()));
                if inner.len() > 1 {
                    all.push(Node { sort: Sort::Fixed, parts: inner.into_iter().map(|n| n.clone().into()).collect() });
                }
            }
            all
        }
        Sort::Expr => {
            let mut all: Vec<Node> = ["0", "1", "undefined"].iter().map(|&text| Node::text(Sort::Expr, text)).collect();
            all.extend(nearest(node, Sort::Expr).into_iter().cloned());
            all
        }
        Sort::Fixed => vec![],
    }
}

/// The outermost nodes of a sort inside a node.
fn nearest(node: &Node, sort: Sort) -> Vec<&Node> {
    fn collect<'a>(node: &'a Node, sort: Sort, found: &mut Vec<&'a Node>) {
        for child in node.children() {
            if child.sort == sort {
                found.push(child);
            } else {
                collect(child, sort, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(node, sort, &mut found);
    found
}

/// The smallest program found for which `differs` holds; it holds for `program`. At most `tries` programs are tried.
pub fn reduce(program: &Node, mut tries: usize, mut differs: impl FnMut(&Node) -> bool) -> Node {
    let mut best = program.clone();
    loop {
        let before = best.to_string().len();
        let mut index = 0;
        while index < best.count() {
            let node = best.nth(index).expect("an index below the count");
            let length = node.to_string().len();
            let smaller = candidates(node).into_iter().filter(|c| c.to_string().len() < length);
            let mut replaced = false;
            for candidate in smaller.collect::<Vec<_>>() {
                if tries == 0 {
                    return best;
                }
                tries -= 1;
                let tree = best.with(index, &candidate);
                if differs(&tree) {
                    best = tree;
                    replaced = true;
                    break;
                }
            }
            // What took the node's place may shrink further.
            if !replaced || best.nth(index).is_none_or(|n| n.parts.is_empty() || n.count() == 1) {
                index += 1;
            }
        }
        if best.to_string().len() == before {
            return best;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#gen::program;
    use crate::{expr, stmt};

    #[test]
    fn the_difference_stays_and_the_rest_goes() {
        let keep = stmt!(
            "if (@) {\n@}\n",
            expr!("(@ < @)", expr!("a"), expr!("b")),
            vec![stmt!("f();"), stmt!("bug(@);", expr!("(@ + 1)", expr!("x")))]
        );
        let tree = Node::list(vec![stmt!("a();"), keep, stmt!("c();")]);
        let small = reduce(&tree, 1000, |t| t.to_string().contains("bug("));
        assert_eq!(small.to_string(), "bug(0);");
    }

    #[test]
    fn an_expression_shrinks_to_one_of_its_operands() {
        let tree = stmt!("v = @;", expr!("(@ - @)", expr!("f(@)", expr!("deep")), expr!("g(@)", expr!("other"))));
        let small = reduce(&tree, 1000, |t| t.to_string().contains("deep"));
        assert_eq!(small.to_string(), "v = deep;");
    }

    #[test]
    fn generated_programs_shrink_to_what_the_difference_needs() {
        let seed = (0..200).find(|&s| program(s).0.to_string().contains("yield*")).expect("a program with yield*");
        let (tree, _) = program(seed);
        let small = reduce(&tree, 20_000, |t| t.to_string().contains("yield*"));
        assert!(small.to_string().contains("yield*"));
        assert!(small.to_string().len() < tree.to_string().len() / 3, "{small}");
    }
}
