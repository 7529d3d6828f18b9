//! Behaviour of the object model, without the interpreter: each test names one fact.

mod collections;
mod elements;
mod exotic;
mod lazy;
mod properties;
mod shapes;
mod weak;

use super::{Object, PropertyDescriptor};
use crate::cell::Gc;
use crate::context::Context;
use crate::key::PropertyKey;
use crate::testing::{collect, context};
use crate::value::Value;
use std::cell::Cell;
use tercel_gc::CollectKind;

fn key(cx: &Context, name: &str) -> PropertyKey {
    cx.key_from_utf8(name)
}

fn int(n: i32) -> Value {
    Value::int32(n)
}

/// The own keys as text.
fn keys(cx: &Context, o: Gc<Object>) -> Vec<String> {
    let list = o.own_property_keys(cx).unwrap();
    (0..list.len()).map(|i| list.key(i).display(cx)).collect()
}

/// Collects everything twice (minor, then full); gives the object's new place.
fn survive(cx: &Context, o: Gc<Object>) -> Gc<Object> {
    let root = [Cell::new(o.value())];
    collect(cx, CollectKind::Minor, &root);
    collect(cx, CollectKind::Full, &root);
    root[0].get().as_object().unwrap()
}
