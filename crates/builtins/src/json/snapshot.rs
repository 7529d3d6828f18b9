//! What a text said of each value (the JSON Parse Records of ECMAScript 2026): a tree beside the values.
//!
//! The values and keys are in rooted lists and are named by their index, so that the tree itself holds no reference into the heap.

use std::collections::HashMap;
use std::ops::Range;
use tercel_vm::{Context, JsResult, PropertyKey, Value, ValueList};

/// A value's place in the snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node(u32);

enum Content {
    /// Where a primitive stood in the text.
    Primitive(Range<u32>),
    Array(Vec<Node>),
    /// By the bits of the key, which [`Snapshot::keys`] keeps alive; of several properties of one name the last counts.
    Object(HashMap<u64, Node>),
}

pub struct Snapshot<'cx> {
    values: ValueList<'cx>,
    keys: ValueList<'cx>,
    contents: Vec<Content>,
}

/// The children of a container that is not closed yet.
pub enum Children {
    Array(Vec<Node>),
    Object(HashMap<u64, Node>),
}

impl<'cx> Snapshot<'cx> {
    pub fn new(cx: &'cx Context) -> Snapshot<'cx> {
        Snapshot { values: ValueList::new(cx), keys: ValueList::new(cx), contents: Vec::new() }
    }

    fn add(&mut self, value: Value, content: Content) -> Node {
        self.values.push(value);
        self.contents.push(content);
        Node(self.contents.len() as u32 - 1)
    }

    pub fn primitive(&mut self, value: Value, start: usize, end: usize) -> Node {
        self.add(value, Content::Primitive(start as u32..end as u32))
    }

    pub fn container(&mut self, value: Value, children: Children) -> Node {
        let content = match children {
            Children::Array(nodes) => Content::Array(nodes),
            Children::Object(nodes) => Content::Object(nodes),
        };
        self.add(value, content)
    }

    /// Adds a child to an open container; `key` is that of an object's property.
    pub fn child(&self, children: &mut Children, key: Option<PropertyKey>, node: Node) {
        match (children, key) {
            (Children::Array(nodes), _) => nodes.push(node),
            (Children::Object(nodes), Some(key)) => {
                self.keys.push(key.as_cell().map_or(Value::UNDEFINED, Value::cell));
                nodes.insert(key.bits(), node);
            }
            (Children::Object(_), None) => {}
        }
    }

    /// The node, if it still describes `value`: not where a reviver has put something else there.
    pub fn describes(&self, cx: &Context, node: Option<Node>, value: Value) -> JsResult<Option<Node>> {
        match node {
            Some(node) if cx.same_value(self.values.get(node.0 as usize), value)? => Ok(Some(node)),
            _ => Ok(None),
        }
    }

    /// Where a primitive stood in the text.
    pub fn source(&self, node: Node) -> Option<Range<usize>> {
        match &self.contents[node.0 as usize] {
            Content::Primitive(range) => Some(range.start as usize..range.end as usize),
            _ => None,
        }
    }

    pub fn element(&self, node: Node, index: u64) -> Option<Node> {
        match &self.contents[node.0 as usize] {
            Content::Array(nodes) => usize::try_from(index).ok().and_then(|i| nodes.get(i)).copied(),
            _ => None,
        }
    }

    pub fn property(&self, node: Node, key: PropertyKey) -> Option<Node> {
        match &self.contents[node.0 as usize] {
            Content::Object(nodes) => nodes.get(&key.bits()).copied(),
            _ => None,
        }
    }
}
