//! Inline caches.
//!
//! * [`ops`]: the table of IC ops; the enum, the writer's methods, the visitor trait and the printer come from it;
//! * [`writer`], [`stub`]: making stubs, and what they are in the heap;
//! * [`facts`]: where a property is, by shapes alone;
//! * [`attach`]: what a site learns from an access: a fact → a stub and its decoded form;
//! * [`interpret`]: the interpreter's visitor, which runs a stub;
//! * [`megamorphic`]: the cache behind sites that have seen too much;
//! * [`dump`]: sites and stubs as text.
//!
//! A site goes monomorphic → polymorphic (up to [`MAX_STUBS`](crate::feedback::MAX_STUBS)) → megamorphic. Stubs that can no
//! longer hit (a shape died, a prototype changed) are replaced rather than counted; a site that keeps on replacing becomes
//! megamorphic too, so that no site loops between missing and attaching.

pub mod attach;
pub mod dump;
pub mod facts;
pub mod interpret;
pub mod megamorphic;
pub mod ops;
pub mod stub;
pub mod writer;

pub use ops::{IcOp, IcVisitor, visit_program};
pub use stub::IcStub;
pub use writer::IcWriter;
