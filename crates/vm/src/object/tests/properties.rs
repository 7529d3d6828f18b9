use super::*;
use crate::object::IntegrityLevel;
use crate::shape::{CONFIGURABLE, ENUMERABLE, WRITABLE};

#[test]
fn keys_come_as_indices_then_strings_then_symbols() {
    let cx = context();
    let o = cx.new_object();
    let symbol = cx.new_symbol(cx.string_from_utf8("s").into());
    o.create_data(&cx, PropertyKey::symbol(symbol), int(0)).unwrap();
    for name in ["b", "10", "a", "2", "4294967294", "4294967295"] {
        o.create_data(&cx, key(&cx, name), int(0)).unwrap();
    }
    assert_eq!(keys(&cx, o), ["2", "10", "4294967294", "b", "a", "4294967295", "Symbol(s)"]);
    let shown = o.own_keys(&cx).unwrap();
    assert!(shown.get(0).is_string() && shown.get(6).is_symbol());
}

#[test]
fn defining_validates_against_the_current_property() {
    let cx = context();
    let o = cx.new_object();
    let k = key(&cx, "x");
    assert!(o.define_own(&cx, k, &PropertyDescriptor::data(int(1), 0)).unwrap());
    assert!(o.define_own(&cx, k, &PropertyDescriptor::value_only(int(1))).unwrap());
    assert!(!o.define_own(&cx, k, &PropertyDescriptor::value_only(int(2))).unwrap());
    assert!(!o.define_own(&cx, k, &PropertyDescriptor { enumerable: Some(true), ..Default::default() }).unwrap());
    let accessor = PropertyDescriptor { getter: Some(Value::UNDEFINED), ..Default::default() };
    assert!(!o.define_own(&cx, k, &accessor).unwrap());
    assert!(!o.set(&cx, k, int(3), o.value()).unwrap());
    assert!(!o.delete(&cx, k).unwrap());
    assert!(o.put(&cx, k, int(3)).is_err());
    cx.take_exception();
}

#[test]
fn data_becomes_accessor_and_back() {
    let cx = context();
    let o = cx.new_object();
    let k = key(&cx, "x");
    o.create_data(&cx, k, int(1)).unwrap();
    let accessor = PropertyDescriptor { getter: Some(Value::UNDEFINED), ..Default::default() };
    assert!(o.define_own(&cx, k, &accessor).unwrap());
    let d = o.get_own(&cx, k).unwrap().unwrap();
    assert!(d.is_accessor() && d.enumerable == Some(true) && d.setter == Some(Value::UNDEFINED));
    assert!(o.get(&cx, k).unwrap().is_undefined());
    assert!(o.define_own(&cx, k, &PropertyDescriptor::value_only(int(5))).unwrap());
    let d = o.get_own(&cx, k).unwrap().unwrap();
    assert_eq!((d.value, d.writable, d.enumerable), (Some(int(5)), Some(false), Some(true)));
}

#[test]
fn frozen_objects_share_a_shape_and_refuse() {
    let cx = context();
    let make = || {
        let o = cx.new_object();
        o.create_data(&cx, key(&cx, "x"), int(1)).unwrap();
        o.create_data(&cx, PropertyKey::index(0), int(2)).unwrap();
        assert!(cx.set_integrity_level(o, IntegrityLevel::Frozen).unwrap());
        o
    };
    let (a, b) = (make(), make());
    assert_eq!(a.shape_id(), b.shape_id());
    assert!(cx.test_integrity_level(a, IntegrityLevel::Frozen).unwrap());
    for k in [key(&cx, "x"), PropertyKey::index(0), key(&cx, "new"), PropertyKey::index(7)] {
        assert!(!a.set(&cx, k, int(9), a.value()).unwrap());
        assert!(!a.create_data(&cx, k, int(9)).unwrap());
    }
    assert!(!a.delete(&cx, PropertyKey::index(0)).unwrap());
    assert_eq!(a.get(&cx, PropertyKey::index(0)).unwrap(), int(2));
}

#[test]
fn sealed_properties_stay_writable() {
    let cx = context();
    let o = cx.new_object();
    o.create_data(&cx, key(&cx, "x"), int(1)).unwrap();
    assert!(cx.set_integrity_level(o, IntegrityLevel::Sealed).unwrap());
    o.put(&cx, key(&cx, "x"), int(2)).unwrap();
    assert_eq!(o.get(&cx, key(&cx, "x")).unwrap(), int(2));
    assert!(!o.delete(&cx, key(&cx, "x")).unwrap());
    assert!(!cx.test_integrity_level(o, IntegrityLevel::Frozen).unwrap());
    assert!(cx.test_integrity_level(o, IntegrityLevel::Sealed).unwrap());
}

#[test]
fn a_read_only_property_of_a_prototype_refuses_assignment() {
    let cx = context();
    let p = cx.new_object();
    p.define_own(&cx, key(&cx, "x"), &PropertyDescriptor::data(int(1), ENUMERABLE | CONFIGURABLE)).unwrap();
    let o = cx.new_object_with_prototype(Some(p));
    assert!(!o.set(&cx, key(&cx, "x"), int(2), o.value()).unwrap());
    assert!(o.create_data(&cx, key(&cx, "x"), int(2)).unwrap());
    assert_eq!(o.get(&cx, key(&cx, "x")).unwrap(), int(2));
}

#[test]
fn set_with_another_receiver_creates_there() {
    let cx = context();
    let (o, receiver) = (cx.new_object(), cx.new_object());
    let k = key(&cx, "x");
    o.create_data(&cx, k, int(1)).unwrap();
    assert!(o.set(&cx, k, int(2), receiver.value()).unwrap());
    assert_eq!(o.get(&cx, k).unwrap(), int(1));
    assert_eq!(receiver.get(&cx, k).unwrap(), int(2));
    assert!(!o.set(&cx, k, int(2), int(1)).unwrap(), "a primitive receiver");
}

#[test]
fn private_elements_are_invisible() {
    let cx = context();
    let o = cx.new_object();
    let name = PropertyKey::symbol(cx.new_private_name(cx.string_from_utf8("#x").into()));
    o.add_private_element(&cx, name, int(4), WRITABLE).unwrap();
    assert!(keys(&cx, o).is_empty());
    cx.set_integrity_level(o, IntegrityLevel::Frozen).unwrap();
    o.set_private_element(&cx, name, int(5));
    assert_eq!(o.private_element(&cx, name).unwrap().value, int(5));
    let other = PropertyKey::symbol(cx.new_private_name(cx.string_from_utf8("#y").into()));
    assert!(o.add_private_element(&cx, other, int(1), WRITABLE).is_err());
    cx.take_exception();
}

#[test]
fn for_in_sees_deletions_and_shadowing() {
    let cx = context();
    let p = cx.new_object();
    p.create_data(&cx, key(&cx, "inherited"), int(1)).unwrap();
    p.create_data(&cx, key(&cx, "hidden"), int(1)).unwrap();
    let o = cx.new_object_with_prototype(Some(p));
    for name in ["a", "b", "c"] {
        o.create_data(&cx, key(&cx, name), int(1)).unwrap();
    }
    o.define_own(&cx, key(&cx, "hidden"), &PropertyDescriptor::data(int(1), 0)).unwrap();
    let state = cx.for_in_start(o.value()).unwrap().unwrap();
    let mut seen = Vec::new();
    while let Some(k) = cx.for_in_next(state).unwrap() {
        let name = k.as_string().unwrap().to_rust(&cx);
        if name == "a" {
            o.delete(&cx, key(&cx, "b")).unwrap();
        }
        seen.push(name);
    }
    assert_eq!(seen, ["a", "c", "inherited"]);
}

#[test]
fn for_in_over_one_shape_uses_one_list() {
    let cx = context();
    let make = || {
        let o = cx.new_object();
        o.create_data(&cx, key(&cx, "x"), int(1)).unwrap();
        o.create_data(&cx, key(&cx, "y"), int(1)).unwrap();
        o
    };
    let a = cx.for_in_start(make().value()).unwrap().unwrap();
    let b = cx.for_in_start(make().value()).unwrap().unwrap();
    assert_eq!(a.keys.get(), b.keys.get());
    assert_eq!(a.count.get(), 2);
    assert!(cx.for_in_start(cx.new_object().value()).unwrap().is_none());
}

#[test]
fn long_chains_of_prototypes_do_not_use_the_native_stack() {
    let cx = context();
    let mut o = cx.new_object();
    o.create_data(&cx, key(&cx, "deep"), int(1)).unwrap();
    for _ in 0..20_000 {
        o = cx.new_object_with_prototype(Some(o));
    }
    assert_eq!(o.get(&cx, key(&cx, "deep")).unwrap(), int(1));
    assert!(!o.has_property(&cx, key(&cx, "absent")).unwrap());
    let o = survive(&cx, o);
    assert_eq!(o.get(&cx, key(&cx, "deep")).unwrap(), int(1));
}
