//! Syntax trees that are kept for a while after a source was compiled.
//!
//! Functions that are lowered at their first call mostly get it soon, or never. So the tree of a source with such functions stays, with its
//! analysis, until all of them are lowered, a few collections have passed, or other sources need the room; a function that is called later is parsed
//! again (`lower/deferred.rs`). Trees belong to the thread that compiled them: no other sees them, and nothing has to be locked.
//!
//! A [`Tree`] owns the arena that its other parts point into. This is the only module of the crate with unsafe code: it gives those parts the
//! lifetime `'static` where they are made, and shortens it again in [`Tree::lower`], whose result borrows nothing.
#![allow(unsafe_code)]

use crate::analysis::{Analysis, FunctionId};
use crate::lower::{Body, Shared, Unit, lower_parts};
use crate::{CompileError, Options, finish};
use oxc_allocator::Allocator;
use oxc_ast::ast::{ArrowFunctionExpression, FormalParameters, Function};
use oxc_span::Span;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::Arc;
use tercel_bytecode::{Source, Template};

/// Sources whose trees are kept may have so many bytes together. A tree takes some ten times its source.
const MOST_BYTES: usize = 2 << 20;
/// Trees that are kept at most.
const MOST_TREES: usize = 4;
/// Collections that a tree outlives.
const LIFE: u32 = 4;

/// Where a function's node lies in the arena.
#[derive(Clone, Copy, Debug)]
pub enum NodeAddress {
    Function(usize),
    Arrow(usize),
}

impl NodeAddress {
    pub fn of_function(node: &Function<'_>) -> NodeAddress {
        NodeAddress::Function(std::ptr::from_ref(node).expose_provenance())
    }

    pub fn of_arrow(node: &ArrowFunctionExpression<'_>) -> NodeAddress {
        NodeAddress::Arrow(std::ptr::from_ref(node).expose_provenance())
    }
}

/// The nodes of deferred functions.
pub type Nodes = FxHashMap<FunctionId, NodeAddress>;

/// What compiling leaves besides a template.
pub struct Remains<'a> {
    pub unit: Arc<Unit>,
    pub analysis: Box<Analysis<'a>>,
    pub nodes: Nodes,
}

/// An arena on the heap, which stays where it is whoever owns it.
struct Arena(NonNull<Allocator>);

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw`, owned here alone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// A tree with deferred functions. The fields are dropped in this order: what points into the arena before the arena.
struct Tree {
    remains: Remains<'static>,
    arena: Arena,
    /// Owns the text, which names in the tree point into.
    _source: Arc<Source>,
    age: u32,
}

thread_local! {
    static TREES: RefCell<Vec<Tree>> = const { RefCell::new(Vec::new()) };
}

/// Compiles in an arena of its own, which is kept if something remains. `text` is the source's, or, if there is one, the other text.
pub fn compile(
    source: &Arc<Source>,
    other: Option<&str>,
    compile: impl FnOnce(
        &'static Allocator,
        &'static str,
    ) -> Result<(Arc<Template>, Option<Remains<'static>>), CompileError>,
) -> Result<Arc<Template>, CompileError> {
    let arena = Arena(NonNull::from(Box::leak(Box::default())));
    // SAFETY: `compile` returns what it made with this reference in the remains only, which are dropped before the arena: here, or in `Tree`;
    // a template and an error borrow nothing. The callers' closures, all in this crate, keep it nowhere else.
    let allocator: &'static Allocator = unsafe { arena.0.as_ref() };
    let text: &'static str = match other {
        Some(text) => allocator.alloc_str(text),
        // SAFETY: likewise; the source, which nothing changes, is owned by the tree, and by the caller until then.
        None => unsafe { std::mem::transmute::<&str, &'static str>(&source.text) },
    };
    let (template, remains) = compile(allocator, text)?;
    if let Some(remains) = remains {
        keep(Tree { remains, arena, _source: source.clone(), age: 0 });
    }
    Ok(template)
}

/// Whether the tree of such a source is kept at all.
pub fn may_be_kept(source: &Source) -> bool {
    source.text.len() <= MOST_BYTES
}

fn keep(tree: Tree) {
    TREES.with_borrow_mut(|trees| {
        let size = |tree: &Tree| tree._source.text.len();
        let mut bytes: usize = trees.iter().map(size).sum::<usize>() + size(&tree);
        while !trees.is_empty() && (bytes > MOST_BYTES || trees.len() >= MOST_TREES) {
            bytes -= size(&trees[0]);
            trees.remove(0);
        }
        if bytes <= MOST_BYTES {
            trees.push(tree);
        }
    });
}

/// Lowers a function if its tree is still there.
pub fn lower(
    unit: &Arc<Unit>,
    id: FunctionId,
    outline: &Template,
    options: &Options,
) -> Option<Result<Arc<Template>, CompileError>> {
    // Taken out while it is worked with.
    let mut tree = TREES.with_borrow_mut(|trees| {
        let at = trees.iter().rposition(|tree| Arc::ptr_eq(&tree.remains.unit, unit))?;
        Some(trees.remove(at))
    })?;
    let result = tree.lower(id, outline, options);
    if !tree.remains.nodes.is_empty() {
        TREES.with_borrow_mut(|trees| trees.push(tree));
    }
    result
}

/// A collection has passed: trees that saw some are given up.
pub fn age() {
    TREES.with_borrow_mut(|trees| {
        trees.iter_mut().for_each(|tree| tree.age += 1);
        trees.retain(|tree| tree.age < LIFE);
    });
}

/// Gives up all trees of this thread.
pub fn forget() {
    TREES.take();
}

impl Tree {
    fn lower<'t>(
        &'t mut self,
        id: FunctionId,
        outline: &Template,
        options: &Options,
    ) -> Option<Result<Arc<Template>, CompileError>> {
        let node = self.remains.nodes.remove(&id)?;
        let _ = &self.arena;
        // SAFETY: the address is that of a node in the arena, which this tree owns and does not change; the references live no longer than
        // the borrow of the tree.
        let (params, body): (&'t FormalParameters<'t>, Body<'t, 't>) = unsafe {
            match node {
                NodeAddress::Function(at) => {
                    let node = &*std::ptr::with_exposed_provenance::<Function<'t>>(at);
                    (&*node.params, Body::Statements(&node.body.as_ref()?.statements))
                }
                NodeAddress::Arrow(at) => {
                    let node = &*std::ptr::with_exposed_provenance::<ArrowFunctionExpression<'t>>(at);
                    (&*node.params, Body::of_arrow(node)?)
                }
            }
        };
        let Remains { unit, analysis, nodes } = &mut self.remains;
        let analysis: &'t Analysis<'t> = analysis;
        let shared = Shared {
            nodes: RefCell::new(std::mem::take(nodes)),
            ..Shared::new(analysis, options, &unit.source, Some(unit.clone()))
        };
        let template = {
            let prefix = analysis.origin.prefix;
            let span = Span::new(outline.span.start + prefix, outline.span.end + prefix);
            lower_parts(&shared, id, params, body, outline.name.clone(), span)
        };
        *nodes = shared.nodes.take();
        Some(finish(shared.error.into_inner(), template))
    }
}
