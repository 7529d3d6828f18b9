//! `super.x`, `super[k]`, `super.x = v`: the lookup begins at the home object's prototype, and the receiver is `this`.

use super::property::{
    Got, add_slot, call_setter, give, learn, setter_of, throw_read_of_nullish, throw_write_of_nullish,
};
use super::{Flow, Pc};
use crate::cell::Gc;
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::{Site, SiteState};
use crate::frame::Frame;
use crate::ic::attach::{
    Stored, attach_super_get, attach_super_set, cache_get, cache_super_set, megamorphic_find, megamorphic_super_set,
};
use crate::ic::facts::{SetFact, SuperSetFact, find_get, find_super_set};
use crate::ic::interpret::{Outcome, run_stubs};
use crate::interp::state::count;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::value::Value;
use tercel_bytecode::op::instr;

#[inline(never)]
pub fn get_super_base(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::GetSuperBase = pc.decode();
    let base = match frame.get(i.home.0 as usize).as_object() {
        Some(home) => home.prototype(cx)?.map_or(Value::NULL, Value::from),
        None => Value::NULL,
    };
    frame.set(i.dst.0 as usize, base);
    Ok(())
}

#[inline(never)]
pub fn get_super(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetSuper = pc.decode();
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let base = frame.get(i.base.0 as usize);
    let this = frame.get(i.this.0 as usize);
    let Some(object) = base.as_object() else { return Err(throw_read_of_nullish(cx, base, key)) };
    let got = if key.is_index() || cx.interp.no_ic {
        Got::Value(object.get_receiver(cx, key, this)?)
    } else {
        let code = frame.code();
        super_get_at_site(cx, code, code.site(i.slot.0 as usize), object, key, this)?
    };
    give::<instr::GetSuper>(cx, frame, pc, got, this, i.dst.0)
}

/// A read of `super.key`, with the lookup beginning at `base`, at a site.
fn super_get_at_site(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    base: Gc<Object>,
    key: PropertyKey,
    this: Value,
) -> JsResult<Got> {
    count(&cx.interp.statistics.ic_misses);
    if site.stubs.get().is_cell() {
        let operands = [base.into(), Value::from_bits(key.bits()), this];
        if let Some(got) = Got::of_stubs(run_stubs(cx, site.stubs.get(), &operands)) {
            return Ok(got);
        }
    }
    let megamorphic = site.state.get() == SiteState::Megamorphic;
    if megamorphic && let Some(got) = Got::of_cache(megamorphic_find(cx, base, key)) {
        return Ok(got);
    }
    let fact = find_get(cx, base, key);
    if megamorphic {
        cache_get(cx, base, key, fact);
    } else {
        learn(site, || attach_super_get(cx, code, site, base, key, fact));
    }
    match Got::of_fact(fact) {
        Some(got) => Ok(got),
        None => base.get_receiver(cx, key, this).map(Got::Value),
    }
}

#[inline(never)]
pub fn set_super(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::SetSuper = pc.decode();
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let (base, strict) = (frame.get(i.base.0 as usize), i.strict.0 != 0);
    let (this, v) = (frame.get(i.this.0 as usize), frame.get(i.src.0 as usize));
    let Some(object) = base.as_object() else { return Err(throw_write_of_nullish(cx, base, key)) };
    let stored = if key.is_index() || cx.interp.no_ic {
        Stored::Unknown
    } else {
        let code = frame.code();
        super_set_at_site(cx, code, code.site(i.slot.0 as usize), object, key, this, v)?
    };
    match stored {
        Stored::Done => {}
        Stored::Setter(accessor) => {
            if let Some(setter) = setter_of(cx, this, key, accessor, strict)? {
                return call_setter::<instr::SetSuper>(cx, frame, pc, setter, this, v);
            }
        }
        Stored::Unknown => {
            if !object.set(cx, key, v, this)? && strict {
                return Err(cx.throw_refused_set(this, key));
            }
        }
    }
    Ok(Flow::Next)
}

/// An assignment to `super.key`, with the lookup beginning at `base`, at a site.
fn super_set_at_site(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    base: Gc<Object>,
    key: PropertyKey,
    this: Value,
    v: Value,
) -> JsResult<Stored> {
    count(&cx.interp.statistics.ic_misses);
    if site.stubs.get().is_cell() {
        match run_stubs(cx, site.stubs.get(), &[base.into(), Value::from_bits(key.bits()), this, v]) {
            Outcome::Done(_) => return Ok(Stored::Done),
            Outcome::Setter(accessor) => return Ok(Stored::Setter(accessor)),
            _ => {}
        }
    }
    let receiver = this.as_object();
    let megamorphic = site.state.get() == SiteState::Megamorphic;
    if megamorphic {
        let stored = megamorphic_super_set(cx, base, key, receiver, v);
        if !matches!(stored, Stored::Unknown) {
            return Ok(stored);
        }
    }
    let fact = find_super_set(cx, base, key, this);
    if megamorphic {
        cache_super_set(cx, base.shape_id(), key, this, fact);
    } else {
        let shape = receiver.map_or(0, |receiver| receiver.shape_id());
        learn(site, || attach_super_set(cx, code, site, base, key, shape, fact));
    }
    match (fact, receiver) {
        (SuperSetFact::Setter { holder, location, .. }, _) => Ok(Stored::Setter(holder.slot(location))),
        (SuperSetFact::Receiver(SetFact::Own { location }), Some(receiver)) => {
            receiver.set_slot(cx, location, v);
            Ok(Stored::Done)
        }
        (SuperSetFact::Receiver(SetFact::Add { location, shape }), Some(receiver)) => {
            add_slot(cx, receiver, location, shape, v)?;
            Ok(Stored::Done)
        }
        _ => Ok(Stored::Unknown),
    }
}
