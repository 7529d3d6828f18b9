//! Programs as trees of text.
//!
//! A generator of programs needs no grammar of JavaScript: it needs to write templates quickly, and the reducer needs to know which
//! pieces can be taken away. So a [`Node`] is a list of parts, text or node, with a [`Sort`] that says what may stand in its place.
//! Every expression is written so that it is a primary expression (parenthesized where needed); that makes any expression fit any
//! other's place, and precedence never matters.

use std::borrow::Cow;

/// What may stand in a node's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Any other expression, such as `0` or one of the expressions inside.
    Expr,
    /// Nothing, or the statements inside.
    Stmt,
    /// Nothing: an element of a list that carries its own separator (a property, a class member, a case, an argument).
    Item,
    /// Only itself: patterns, headers, lists.
    Fixed,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(Cow<'static, str>),
    Node(Node),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub sort: Sort,
    pub parts: Vec<Part>,
}

impl Node {
    /// Fills the `@` of a template with parts, in order.
    ///
    /// # Panics
    /// When the number of `@` is not the number of parts: a mistake in a template.
    pub fn fill(sort: Sort, template: &'static str, parts: Vec<Part>) -> Node {
        let mut all = Vec::with_capacity(parts.len() * 2 + 1);
        let (mut texts, mut parts) = (template.split('@'), parts.into_iter());
        if let Some(first) = texts.next()
            && !first.is_empty()
        {
            all.push(Part::Text(first.into()));
        }
        for text in texts {
            all.push(parts.next().unwrap_or_else(|| panic!("too few parts for {template}")));
            if !text.is_empty() {
                all.push(Part::Text(text.into()));
            }
        }
        assert!(parts.next().is_none(), "too many parts for {template}");
        Node { sort, parts: all }
    }

    pub fn text(sort: Sort, text: impl Into<Cow<'static, str>>) -> Node {
        Node { sort, parts: vec![Part::Text(text.into())] }
    }

    /// Several nodes after one another; the sequence itself stays, each node may go.
    pub fn list(nodes: Vec<Node>) -> Node {
        Node { sort: Sort::Fixed, parts: nodes.into_iter().map(Part::Node).collect() }
    }

    pub fn write(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Node(node) => node.write(out),
            }
        }
    }

    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            Part::Text(_) => None,
        })
    }

    /// The number of nodes, this one included.
    pub fn count(&self) -> usize {
        1 + self.children().map(Node::count).sum::<usize>()
    }

    /// The node with number `index` in the order in which they begin.
    pub fn nth(&self, index: usize) -> Option<&Node> {
        fn find<'a>(node: &'a Node, left: &mut usize) -> Option<&'a Node> {
            if *left == 0 {
                return Some(node);
            }
            *left -= 1;
            node.children().find_map(|child| find(child, left))
        }
        find(self, &mut { index })
    }

    /// A copy in which the node with number `index` is `replacement`.
    pub fn with(&self, index: usize, replacement: &Node) -> Node {
        fn copy(node: &Node, left: &mut Option<usize>, replacement: &Node) -> Node {
            if *left == Some(0) {
                *left = None;
                return replacement.clone();
            }
            *left = left.map(|n| n - 1);
            let parts = node.parts.iter().map(|part| match part {
                Part::Node(child) if left.is_some() => Part::Node(copy(child, left, replacement)),
                other => other.clone(),
            });
            Node { sort: node.sort, parts: parts.collect() }
        }
        copy(self, &mut Some(index), replacement)
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

impl From<Node> for Part {
    fn from(node: Node) -> Part {
        Part::Node(node)
    }
}

impl From<Vec<Node>> for Part {
    fn from(nodes: Vec<Node>) -> Part {
        Part::Node(Node::list(nodes))
    }
}

impl From<&'static str> for Part {
    fn from(text: &'static str) -> Part {
        Part::Text(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Text(text.into())
    }
}

impl From<&String> for Part {
    fn from(text: &String) -> Part {
        Part::Text(text.clone().into())
    }
}

macro_rules! number_parts {
    ($($t:ty)*) => {$(
        impl From<$t> for Part {
            fn from(number: $t) -> Part {
                Part::Text(number.to_string().into())
            }
        }
    )*};
}
number_parts!(i32 i64 u32 u64 usize);

/// `expr!("(@ + @)", a, b)`: a node of sort `Expr`.
#[macro_export]
macro_rules! expr {
    ($t:literal $(, $a:expr)* $(,)?) => {
        $crate::tree::Node::fill($crate::tree::Sort::Expr, $t, vec![$($crate::tree::Part::from($a)),*])
    };
}

/// `stmt!("@ = @;\n", name, value)`: a node of sort `Stmt`.
#[macro_export]
macro_rules! stmt {
    ($t:literal $(, $a:expr)* $(,)?) => {
        $crate::tree::Node::fill($crate::tree::Sort::Stmt, $t, vec![$($crate::tree::Part::from($a)),*])
    };
}

/// `item!("@: @, ", key, value)`: a node of sort `Item`.
#[macro_export]
macro_rules! item {
    ($t:literal $(, $a:expr)* $(,)?) => {
        $crate::tree::Node::fill($crate::tree::Sort::Item, $t, vec![$($crate::tree::Part::from($a)),*])
    };
}

/// `fixed!("{ @ }", body)`: a node of sort `Fixed`.
#[macro_export]
macro_rules! fixed {
    ($t:literal $(, $a:expr)* $(,)?) => {
        $crate::tree::Node::fill($crate::tree::Sort::Fixed, $t, vec![$($crate::tree::Part::from($a)),*])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Node {
        stmt!("if (@) { @ }\n", expr!("(@ < @)", expr!("a"), expr!("b")), vec![stmt!("f();"), stmt!("g();")])
    }

    #[test]
    fn templates_are_filled_in_order() {
        assert_eq!(sample().to_string(), "if ((a < b)) { f();g(); }\n");
    }

    #[test]
    #[should_panic(expected = "too few parts")]
    fn a_template_with_too_few_parts_is_a_mistake() {
        let _ = expr!("(@ + @)", 1);
    }

    #[test]
    fn nodes_are_numbered_as_they_begin() {
        let tree = sample();
        let all: Vec<String> = (0..tree.count()).map(|i| tree.nth(i).unwrap().to_string()).collect();
        assert_eq!(all[1..], ["(a < b)", "a", "b", "f();g();", "f();", "g();"]);
        assert!(tree.nth(tree.count()).is_none());
    }

    #[test]
    fn one_node_is_replaced_and_the_rest_is_kept() {
        assert_eq!(sample().with(2, &expr!("7")).to_string(), "if ((7 < b)) { f();g(); }\n");
        assert_eq!(sample().with(5, &fixed!("")).to_string(), "if ((a < b)) { g(); }\n");
    }
}
