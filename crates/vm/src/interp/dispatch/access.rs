//! Inline handlers of globals, properties and elements: a site's decoded form, or else out of line.

use super::machine::{Machine, Step};
use crate::feedback::Form;
use crate::frame::{self, Frame};
use crate::interp::{element, globals, property};
use crate::value::Value;
use tercel_bytecode::op::instr;

#[inline(always)]
pub(super) fn get_global(m: &mut Machine) -> Step {
    let i = m.decode::<instr::GetGlobal>();
    let v = globals::cached(m.cx, m.site(i.slot.0));
    if !v.is_empty() {
        m.set(i.dst.0, v);
        return m.next::<instr::GetGlobal>();
    }
    m.simple::<instr::GetGlobal>(globals::get_global)
}

#[inline(always)]
pub(super) fn set_global(m: &mut Machine) -> Step {
    let i = m.decode::<instr::SetGlobal>();
    if globals::cached_set(m.cx, m.site(i.slot.0), m.get(i.src.0)) {
        return m.next::<instr::SetGlobal>();
    }
    m.simple::<instr::SetGlobal>(globals::set_global)
}

/// The property that the site at `slot` finds in `obj` by its decoded form.
#[inline(always)]
fn cached(m: &Machine, obj: Value, slot: u32) -> Option<Value> {
    if !obj.is_cell() {
        return None;
    }
    let cell = obj.bits() as *const u8;
    let site = m.site(slot);
    // SAFETY: cells begin with the id of their shape; the shape that a site guards has the location that its form names.
    unsafe {
        if *cell.cast::<u32>() != site.guard.get() {
            return None;
        }
        let loc = site.loc.get();
        if loc.is_own_inline() {
            return Some(*cell.add(loc.index()).cast::<Value>());
        }
        if loc.form() == Form::HolderInline && site.aux.get() == m.state().proto_epoch.get() {
            return Some(*(site.cell.get().bits() as *const u8).add(loc.index()).cast::<Value>());
        }
        let v = property::load_form(m.cx, site, cell, loc);
        if v.is_empty() { None } else { Some(v) }
    }
}

#[inline(always)]
pub(super) fn get_named(m: &mut Machine) -> Step {
    let i = m.decode::<instr::GetNamed>();
    if let Some(v) = cached(m, m.get(i.obj.0), i.slot.0) {
        m.set(i.dst.0, v);
        return m.next::<instr::GetNamed>();
    }
    m.flowing::<instr::GetNamed>(property::get_named)
}

#[inline(always)]
pub(super) fn get_length(m: &mut Machine) -> Step {
    let i = m.decode::<instr::GetLength>();
    let obj = m.get(i.obj.0);
    if obj.is_cell() {
        let v = property::length_of_cell(obj.as_cell());
        if !v.is_empty() {
            m.set(i.dst.0, v);
            return m.next::<instr::GetLength>();
        }
    }
    m.flowing::<instr::GetLength>(property::get_length)
}

#[inline(always)]
pub(super) fn get_method(m: &mut Machine) -> Step {
    let i = m.decode::<instr::GetMethod>();
    // The receiver may lie where the method goes.
    let receiver = m.get(i.obj.0);
    if let Some(v) = cached(m, receiver, i.slot.0) {
        m.set(i.block.0, v);
        m.set(i.block.0 + frame::THIS as u16, receiver);
        return m.next::<instr::GetMethod>();
    }
    m.flowing::<instr::GetMethod>(property::get_method_op)
}

#[inline(always)]
pub(super) fn set_named(m: &mut Machine) -> Step {
    let i = m.decode::<instr::SetNamed>();
    let obj = m.get(i.obj.0);
    if obj.is_cell() {
        let site = m.site(i.slot.0);
        let cell = obj.bits() as *mut u8;
        // SAFETY: as in `cached`.
        if unsafe { *cell.cast::<u32>() } == site.guard.get() {
            let loc = site.loc.get();
            let v = m.get(i.src.0);
            if loc.is_own_inline() {
                // SAFETY: as in `cached`.
                unsafe { *cell.add(loc.index()).cast::<Value>() = v };
                m.cx.write_barrier(cell.cast(), v);
                return m.next::<instr::SetNamed>();
            }
            if property::store_form(m.cx, site, cell, loc, v) {
                return m.next::<instr::SetNamed>();
            }
        }
    }
    m.flowing::<instr::SetNamed>(property::set_named)
}

#[inline(always)]
pub(super) fn get_elem(m: &mut Machine) -> Step {
    let i = m.decode::<instr::GetElem>();
    let v = element::get_fast(m.get(i.obj.0), m.get(i.key.0), m.site(i.slot.0));
    if !v.is_empty() {
        m.set(i.dst.0, v);
        return m.next::<instr::GetElem>();
    }
    m.flowing::<instr::GetElem>(element::get_elem)
}

#[inline(always)]
pub(super) fn set_elem(m: &mut Machine) -> Step {
    let i = m.decode::<instr::SetElem>();
    if element::set_fast(m.cx, m.get(i.obj.0), m.get(i.key.0), m.get(i.src.0), m.site(i.slot.0)) {
        return m.next::<instr::SetElem>();
    }
    m.flowing::<instr::SetElem>(element::set_elem)
}

#[inline(always)]
pub(super) fn load_home_object(m: &mut Machine) -> Step {
    let v = Frame(m.fp).function().home.get();
    m.set(m.decode::<instr::LoadHomeObject>().dst.0, v);
    m.next::<instr::LoadHomeObject>()
}
