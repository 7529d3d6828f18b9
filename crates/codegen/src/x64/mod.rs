//! The x86-64 target.
//!
//! | module | holds |
//! |---|---|
//! | [`abi`] | calling conventions |
//! | [`inst`] | machine ops |
//! | [`lower`] | instruction selection |
//! | [`emit`] | allocated machine ops to bytes: frames, moves, stubs, tables |

pub mod abi;
pub mod emit;
pub mod inst;
pub mod lower;
