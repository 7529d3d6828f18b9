//! Records: small fixed groups of values that the engine keeps in the heap (promise reactions, requests of async generators,
//! import cells, global bindings, …). Scripts never see one.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::value::Value;

/// Kind::Record: `header.words` values follow; `header.shape` is a tag that the owner of the record chooses.
#[repr(C)]
pub struct Record {
    pub header: CellHeader,
}

impl Gc<Record> {
    #[inline(always)]
    fn slots(self) -> *mut Value {
        (self.addr() + size_of::<CellHeader>()) as *mut Value
    }
    #[inline(always)]
    pub fn len(self) -> usize {
        self.header.words.get() as usize
    }
    #[inline(always)]
    pub fn tag(self) -> u32 {
        self.header.shape.get()
    }
    #[inline(always)]
    pub fn get(self, i: usize) -> Value {
        debug_assert!(i < self.len());
        // SAFETY: records have a fixed number of values for each tag, and users name those.
        unsafe { *self.slots().add(i) }
    }
    #[inline(always)]
    pub fn set(self, cx: &Context, i: usize, v: Value) {
        debug_assert!(i < self.len());
        // SAFETY: as in `get`.
        unsafe { *self.slots().add(i) = v }
        cx.write_barrier(self.header_ptr(), v);
    }
    /// The record in field `i`, if there is one.
    pub fn record(self, i: usize) -> Option<Gc<Record>> {
        self.get(i).as_kind(Kind::Record)
    }
}

impl Context {
    /// A new record of the given values (at least one).
    pub fn new_record(&self, tag: u32, values: &[Value]) -> Gc<Record> {
        debug_assert!(!values.is_empty() && values.len() < 256);
        let record: Gc<Record> = self.alloc_raw(Kind::Record, size_of::<CellHeader>() + values.len() * 8);
        // SAFETY: the cell is fresh and of this size.
        unsafe {
            record.as_ptr().write(Record { header: CellHeader::new(tag, Kind::Record as u8, values.len() as u8, 0) });
            std::ptr::copy_nonoverlapping(values.as_ptr(), record.slots(), values.len());
        }
        record
    }
}
