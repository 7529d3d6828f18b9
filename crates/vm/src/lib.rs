//! Values, strings, shapes, objects, interpreter, inline caches, frames.
