use super::*;
use crate::cell::Kind;
use crate::object::array::ArrayObject;
use crate::shape::CONFIGURABLE;

fn kind_of(array: Gc<ArrayObject>) -> (Kind, bool) {
    (array.elements().kind(), array.elements().is_holey())
}

#[test]
fn kinds_widen_one_way() {
    let cx = context();
    let a = cx.new_array(0);
    cx.array_push(a, int(1)).unwrap();
    assert_eq!(kind_of(a), (Kind::ElementsInt32, false));
    cx.array_push(a, Value::number(1.5)).unwrap();
    assert_eq!(kind_of(a), (Kind::ElementsDouble, false));
    cx.array_push(a, Value::TRUE).unwrap();
    assert_eq!(kind_of(a), (Kind::ElementsValue, false));
    cx.array_push(a, int(4)).unwrap();
    assert_eq!(kind_of(a), (Kind::ElementsValue, false));
    let read: Vec<_> = (0..4).map(|i| a.object().get(&cx, PropertyKey::index(i)).unwrap()).collect();
    assert_eq!(read, [int(1), Value::number(1.5), Value::TRUE, int(4)]);
}

#[test]
fn a_hole_of_doubles_is_no_number() {
    let cx = context();
    let a = cx.array_of(&[Value::number(0.5), Value::number(f64::NAN), Value::number(-0.0)]);
    let o = a.object();
    assert!(o.delete(&cx, PropertyKey::index(0)).unwrap());
    assert_eq!(kind_of(a), (Kind::ElementsDouble, true));
    assert!(o.get(&cx, PropertyKey::index(0)).unwrap().is_undefined());
    assert!(!o.has_own(&cx, PropertyKey::index(0)).unwrap());
    assert_eq!(o.get(&cx, PropertyKey::index(1)).unwrap(), Value::NAN);
    assert!(o.get(&cx, PropertyKey::index(2)).unwrap().as_double().is_sign_negative());
    cx.array_push(a, Value::NULL).unwrap();
    assert_eq!(kind_of(a), (Kind::ElementsValue, true));
    assert!(o.get(&cx, PropertyKey::index(0)).unwrap().is_undefined());
    assert_eq!(a.len(), 4);
}

#[test]
fn a_large_gap_turns_elements_sparse_and_filling_it_dense_again() {
    let cx = context();
    let a = cx.new_array(0);
    let o = a.object();
    o.create_data(&cx, PropertyKey::index(100_000), int(1)).unwrap();
    assert_eq!(a.len(), 100_001);
    assert!(a.elements().is_sparse());
    for i in (0..100_000).rev() {
        o.create_data(&cx, PropertyKey::index(i), int(i as i32)).unwrap();
    }
    assert!(!a.elements().is_sparse());
    for i in [0, 1, 4999, 50_000, 99_999] {
        assert_eq!(o.get(&cx, PropertyKey::index(i)).unwrap(), int(i as i32));
    }
    assert_eq!(a.len(), 100_001);
}

#[test]
fn indices_that_double_stay_cheap() {
    let cx = context();
    let a = cx.new_array(0);
    let before = cx.heap.used_bytes();
    for bit in 1..32 {
        a.object().create_data(&cx, PropertyKey::index((1u32 << bit) - 2), int(bit)).unwrap();
    }
    assert!(a.elements().is_sparse());
    assert!(cx.heap.used_bytes() < before + (1 << 20));
    assert_eq!(a.object().get(&cx, PropertyKey::index((1 << 31) - 2)).unwrap(), int(31));
}

#[test]
fn the_largest_index_and_what_lies_beyond() {
    let cx = context();
    let a = cx.new_array(0);
    let o = a.object();
    o.create_data(&cx, PropertyKey::index(4_294_967_294), int(1)).unwrap();
    assert_eq!(a.len(), u32::MAX);
    o.create_data(&cx, cx.index_key(4_294_967_295), int(2)).unwrap();
    assert_eq!(a.len(), u32::MAX);
    assert_eq!(o.get(&cx, key(&cx, "4294967295")).unwrap(), int(2));
    assert_eq!(keys(&cx, o), ["4294967294", "length", "4294967295"]);
}

#[test]
fn shrinking_stops_at_what_cannot_be_deleted() {
    let cx = context();
    let a = cx.array_of(&[int(0), int(1), int(2), int(3)]);
    let o = a.object();
    o.define_own(&cx, PropertyKey::index(1), &PropertyDescriptor::data(int(1), 0)).unwrap();
    assert!(!o.set(&cx, cx.names().length, int(0), o.value()).unwrap());
    assert_eq!(a.len(), 2);
    assert_eq!(keys(&cx, o), ["0", "1", "length"]);
    assert!(
        o.define_own(&cx, cx.names().length, &PropertyDescriptor { writable: Some(false), ..Default::default() })
            .unwrap()
    );
    assert!(!o.create_data(&cx, PropertyKey::index(2), int(2)).unwrap());
    assert!(cx.array_push(a, int(2)).is_err());
    cx.take_exception();
}

#[test]
fn a_length_that_is_no_length_is_a_range_error() {
    let cx = context();
    let a = cx.new_array(0);
    assert!(a.object().set(&cx, cx.names().length, Value::number(1.5), a.into()).is_err());
    cx.take_exception();
    assert!(cx.array_create(1 << 32, None).is_err());
    cx.take_exception();
    a.object().put(&cx, cx.names().length, cx.string_from_utf8("7").into()).unwrap();
    assert_eq!(a.len(), 7);
}

#[test]
fn accessors_and_attributes_live_in_sparse_elements() {
    let cx = context();
    let a = cx.array_of(&[int(1), int(2)]);
    let o = a.object();
    o.define_own(&cx, PropertyKey::index(0), &PropertyDescriptor::data(int(5), CONFIGURABLE)).unwrap();
    assert!(a.elements().is_sparse());
    assert!(!o.set(&cx, PropertyKey::index(0), int(6), o.value()).unwrap());
    o.put(&cx, PropertyKey::index(1), int(7)).unwrap();
    cx.array_push(a, int(8)).unwrap();
    let o = survive(&cx, o);
    let read: Vec<_> = (0..3).map(|i| o.get(&cx, PropertyKey::index(i)).unwrap()).collect();
    assert_eq!(read, [int(5), int(7), int(8)]);
    assert_eq!(o.get_own(&cx, PropertyKey::index(0)).unwrap().unwrap().enumerable, Some(false));
}

#[test]
fn indexed_properties_of_prototypes_break_the_fuse() {
    let cx = context();
    assert!(cx.holes_are_undefined());
    let p = cx.new_object();
    let a = cx.array_create(3, Some(p)).unwrap();
    assert!(a.object().get(&cx, PropertyKey::index(1)).unwrap().is_undefined());
    let fuse = cx.indexed_validity().unwrap();
    p.put(&cx, PropertyKey::index(1), int(9)).unwrap();
    assert!(!cx.holes_are_undefined() && !fuse.is_intact() && cx.indexed_validity().is_none());
    assert_eq!(a.object().get(&cx, PropertyKey::index(1)).unwrap(), int(9));
}

#[test]
fn of_strings_that_become_prototypes_only_those_with_characters_break_the_fuse() {
    let cx = context();
    let string = |s: &str| cx.new_string_object(cx.string_from_utf8(s), None);
    cx.new_object_with_prototype(Some(string("")));
    assert!(cx.holes_are_undefined());
    let o = cx.new_object_with_prototype(Some(string("ab")));
    assert!(!cx.holes_are_undefined());
    assert_eq!(o.get(&cx, PropertyKey::index(1)).unwrap(), cx.single_char(u16::from(b'b')).into());
}

#[test]
fn an_object_with_elements_that_becomes_a_prototype_breaks_the_fuse() {
    let cx = context();
    let p = cx.array_of(&[int(1)]);
    let o = cx.new_object_with_prototype(Some(p.object()));
    assert!(!cx.holes_are_undefined());
    assert_eq!(o.get(&cx, PropertyKey::index(0)).unwrap(), int(1));
}

#[test]
fn large_arrays_of_objects_survive_collections() {
    let cx = context();
    let a = cx.new_array(0);
    let root = [Cell::new(Value::from(a))];
    for i in 0..20_000 {
        let array = root[0].get().as_kind::<ArrayObject>(Kind::Array).unwrap();
        let o = cx.new_object();
        o.create_data(&cx, key(&cx, "i"), int(i)).unwrap();
        cx.array_push(array, o.into()).unwrap();
        if i % 4096 == 0 {
            collect(&cx, if i % 8192 == 0 { CollectKind::Full } else { CollectKind::Minor }, &root);
        }
    }
    collect(&cx, CollectKind::Minor, &root);
    let o = root[0].get().as_object().unwrap();
    for i in [0, 1, 4095, 4096, 19_999] {
        let item = o.get(&cx, PropertyKey::index(i)).unwrap();
        assert_eq!(cx.get_value(item, key(&cx, "i")).unwrap(), int(i as i32));
    }
}

#[test]
fn get_element_and_set_element_take_any_key() {
    let cx = context();
    let a = cx.array_of(&[int(10), int(20)]);
    let v = a.into();
    assert_eq!(cx.get_element(v, int(1)).unwrap(), int(20));
    assert_eq!(cx.get_element(v, Value::double(1.0)).unwrap(), int(20));
    assert_eq!(cx.get_element(v, cx.string_from_utf8("1").into()).unwrap(), int(20));
    assert_eq!(cx.get_element(v, cx.string_from_utf8("length").into()).unwrap(), int(2));
    assert!(cx.get_element(v, int(-1)).unwrap().is_undefined());
    cx.set_element(v, int(2), Value::TRUE, true).unwrap();
    assert_eq!(a.len(), 3);
    cx.set_element(v, int(-1), Value::FALSE, true).unwrap();
    assert_eq!(cx.get_element(v, int(-1)).unwrap(), Value::FALSE);
    let s: Value = cx.string_from_utf8("héllo").into();
    assert_eq!(cx.get_element(s, int(1)).unwrap().as_string().unwrap().to_rust(&cx), "é");
    assert!(cx.get_element(s, int(9)).unwrap().is_undefined());
    assert!(cx.set_element(s, int(0), int(1), true).is_err());
    cx.take_exception();
    cx.set_element(s, int(0), int(1), false).unwrap();
    assert!(cx.get_element(Value::NULL, int(0)).is_err());
    cx.take_exception();
}
