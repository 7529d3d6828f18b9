use super::*;
use crate::cell::Kind;
use crate::object::IntegrityLevel;
use crate::realm::Intrinsic;
use crate::typed::{ElementType, TRACKS_LENGTH, TypedArray};

fn typed(cx: &Context, element: ElementType, length: usize) -> Gc<TypedArray> {
    let buffer = cx
        .new_array_buffer(cx.intrinsic(Intrinsic::ArrayBufferPrototype), length << element.shift(), None, false)
        .unwrap();
    cx.new_typed_array(cx.intrinsic(Intrinsic::typed_array_prototype(element)), element, buffer, 0, length).unwrap()
}

#[test]
fn a_string_object_shows_its_characters() {
    let cx = context();
    let o = cx.new_string_object(cx.string_from_utf8("ab"), None);
    o.create_data(&cx, key(&cx, "x"), int(1)).unwrap();
    o.create_data(&cx, PropertyKey::index(5), int(2)).unwrap();
    assert_eq!(keys(&cx, o), ["0", "1", "5", "length", "x"]);
    assert!(!o.set(&cx, PropertyKey::index(0), int(1), o.value()).unwrap());
    assert!(!o.delete(&cx, PropertyKey::index(1)).unwrap());
    let d = o.get_own(&cx, PropertyKey::index(1)).unwrap().unwrap();
    assert_eq!((d.writable, d.enumerable, d.configurable), (Some(false), Some(true), Some(false)));
    assert_eq!(o.get(&cx, cx.names().length).unwrap(), int(2));
    assert!(cx.set_integrity_level(o, IntegrityLevel::Frozen).unwrap());
    assert!(cx.test_integrity_level(o, IntegrityLevel::Frozen).unwrap());
}

#[test]
fn typed_arrays_convert_and_bound() {
    let cx = context();
    let cases = [
        (ElementType::Int8, 200.0, -56.0),
        (ElementType::Uint8, -1.0, 255.0),
        (ElementType::Uint8Clamped, 300.5, 255.0),
        (ElementType::Uint8Clamped, 0.5, 0.0),
        (ElementType::Int16, 40000.0, -25536.0),
        (ElementType::Uint32, -1.0, 4294967295.0),
        (ElementType::Float16, 1.0 / 3.0, 0.333251953125),
        (ElementType::Float32, 0.1, 0.1f32 as f64),
        (ElementType::Float64, 0.1, 0.1),
    ];
    for (element, stored, read) in cases {
        let array = typed(&cx, element, 4);
        let o = array.object();
        o.put(&cx, PropertyKey::index(2), Value::number(stored)).unwrap();
        assert_eq!(o.get(&cx, PropertyKey::index(2)).unwrap().as_number(), read, "{element:?}");
        o.put(&cx, PropertyKey::index(4), int(1)).unwrap();
        assert!(o.get(&cx, PropertyKey::index(4)).unwrap().is_undefined());
        assert!(!o.has_own(&cx, key(&cx, "-0")).unwrap());
        o.put(&cx, key(&cx, "1.5"), int(1)).unwrap();
        assert_eq!(keys(&cx, o), ["0", "1", "2", "3"]);
        o.put(&cx, key(&cx, "name"), int(1)).unwrap();
        assert_eq!(keys(&cx, o).len(), 5);
    }
    let array = typed(&cx, ElementType::BigInt64, 1);
    array.object().put(&cx, PropertyKey::index(0), cx.bigint_from_u64(u64::MAX).into()).unwrap();
    assert_eq!(array.get(&cx, 0).as_bigint().unwrap().to_i64(), Some(-1));
    assert!(array.object().put(&cx, PropertyKey::index(0), int(1)).is_err());
    cx.take_exception();
}

#[test]
fn detaching_empties_every_view() {
    let cx = context();
    let array = typed(&cx, ElementType::Int32, 8);
    let buffer = array.array_buffer();
    let prototype = cx.intrinsic(Intrinsic::typed_array_prototype(ElementType::Uint8));
    let other = cx.new_typed_array(prototype, ElementType::Uint8, buffer, 4, 8).unwrap();
    let view = cx.new_data_view(cx.intrinsic(Intrinsic::DataViewPrototype), buffer, 0, 32).unwrap();
    array.set_bits(1, 0x0403_0201);
    assert_eq!(other.get(&cx, 2), int(3));
    cx.detach_array_buffer(buffer);
    assert_eq!((array.len(), other.len(), view.length.get()), (0, 0, 0));
    assert!(array.is_out_of_bounds() && view.out_of_bounds.get() != 0);
    assert!(array.object().get(&cx, PropertyKey::index(0)).unwrap().is_undefined());
}

#[test]
fn views_of_a_resizable_buffer_follow_it() {
    let cx = context();
    let buffer = cx.new_array_buffer(cx.intrinsic(Intrinsic::ArrayBufferPrototype), 16, Some(64), false).unwrap();
    let prototype = cx.intrinsic(Intrinsic::typed_array_prototype(ElementType::Int32));
    let tracking = cx.new_typed_array(prototype, ElementType::Int32, buffer, 4, TRACKS_LENGTH).unwrap();
    let fixed = cx.new_typed_array(prototype, ElementType::Int32, buffer, 8, 2).unwrap();
    assert_eq!((tracking.len(), fixed.len()), (3, 2));
    fixed.set_bits(1, 77);
    cx.resize_array_buffer(buffer, 64).unwrap();
    assert_eq!((tracking.len(), fixed.len()), (15, 2));
    cx.resize_array_buffer(buffer, 12).unwrap();
    assert_eq!((tracking.len(), fixed.len()), (2, 0));
    assert!(fixed.is_out_of_bounds());
    cx.resize_array_buffer(buffer, 16).unwrap();
    assert_eq!(fixed.get(&cx, 1), int(0), "what was given up reads as zero");
    assert!(!fixed.object().prevent_extensions(&cx).unwrap());
}

#[test]
fn buffers_are_counted_and_freed_with_their_cells() {
    let cx = context();
    collect(&cx, CollectKind::Full, &[]);
    let before = cx.heap.used_bytes();
    let array = typed(&cx, ElementType::Uint8, 10_000_000);
    assert!(cx.heap.used_bytes() >= before + 10_000_000);
    let o = survive(&cx, array.object());
    assert_eq!(o.get(&cx, PropertyKey::index(9_999_999)).unwrap(), int(0));
    assert!(cx.heap.used_bytes() >= before + 10_000_000);
    collect(&cx, CollectKind::Full, &[]);
    assert!(cx.heap.used_bytes() < before + 1_000_000);
}

#[test]
fn a_buffer_beyond_the_limit_is_refused() {
    let options = crate::context::Options { heap_limit: 64 << 20, ..Default::default() };
    let cx = crate::testing::context_with(options);
    let prototype = cx.intrinsic(Intrinsic::ArrayBufferPrototype);
    assert!(cx.new_array_buffer(prototype, 1 << 30, None, false).is_err());
    cx.take_exception();
    assert!(cx.new_array_buffer(prototype, 1 << 20, None, false).is_ok());
}

#[test]
fn a_proxy_without_traps_is_its_target() {
    let cx = context();
    let target = cx.new_object();
    target.create_data(&cx, key(&cx, "x"), int(1)).unwrap();
    let mut proxy = cx.new_proxy(target, cx.new_object());
    // A chain of proxies is walked in a loop.
    for _ in 0..20_000 {
        proxy = cx.new_proxy(proxy, cx.new_object());
    }
    assert_eq!(proxy.get(&cx, key(&cx, "x")).unwrap(), int(1));
    assert!(proxy.has_property(&cx, key(&cx, "x")).unwrap());
    assert!(proxy.delete(&cx, key(&cx, "x")).unwrap());
    assert!(!target.has_own(&cx, key(&cx, "x")).unwrap());
    assert!(!proxy.is_callable());
}

#[test]
fn operations_on_a_deep_chain_of_proxies_end_in_a_range_error_at_worst() {
    let cx = context();
    let mut proxy = cx.new_object();
    for _ in 0..200_000 {
        proxy = cx.new_proxy(proxy, cx.new_object());
    }
    if proxy.get_own(&cx, key(&cx, "x")).is_err() {
        cx.take_exception();
    }
    if proxy.is_extensible(&cx).is_err() {
        cx.take_exception();
    }
    // The engine goes on.
    assert!(cx.new_object().get(&cx, key(&cx, "x")).unwrap().is_undefined());
}

#[test]
fn a_revoked_proxy_throws() {
    let cx = context();
    let proxy = cx.new_proxy(cx.new_object(), cx.new_object());
    cx.revoke_proxy(proxy);
    assert!(proxy.get(&cx, key(&cx, "x")).is_err());
    cx.take_exception();
    assert!(cx.is_array(proxy.value()).is_err());
    cx.take_exception();
}

#[test]
fn a_proxy_as_prototype_breaks_the_fuse_and_answers() {
    let cx = context();
    let target = cx.array_of(&[int(4)]);
    let proxy = cx.new_proxy(target.object(), cx.new_object());
    let o = cx.new_object_with_prototype(Some(proxy));
    assert!(!cx.holes_are_undefined());
    assert_eq!(o.get(&cx, PropertyKey::index(0)).unwrap(), int(4));
    assert!(cx.validity_of(proxy).is_none());
}

#[test]
fn wrappers_and_bound_functions_know_what_they_are() {
    let cx = context();
    let n = cx.to_object(int(5)).unwrap();
    assert_eq!((n.kind(), n.primitive_value()), (Kind::NumberObject, int(5)));
    assert!(cx.to_object(Value::UNDEFINED).is_err());
    cx.take_exception();
    let target = cx.intrinsic(Intrinsic::FunctionPrototype);
    let bound = cx.new_bound_function(target, int(1), &[Cell::new(int(2))]).unwrap();
    assert!(bound.object().is_callable() && !bound.object().is_constructor());
}

#[test]
fn arguments_objects_have_their_three_properties() {
    let cx = context();
    let args = [Cell::new(int(1)), Cell::new(int(2))];
    let o = cx.new_unmapped_arguments(args.iter().map(Cell::get)).unwrap();
    assert_eq!(keys(&cx, o), ["0", "1", "length", "callee", "Symbol(Symbol.iterator)"]);
    assert_eq!(o.get(&cx, cx.names().length).unwrap(), int(2));
    assert!(o.get_own(&cx, cx.names().callee).unwrap().unwrap().is_accessor());
    let o = cx.new_sloppy_arguments(int(7), args.iter().map(Cell::get)).unwrap();
    assert_eq!(o.get(&cx, cx.names().callee).unwrap(), int(7));
    o.put(&cx, PropertyKey::index(0), int(9)).unwrap();
    assert_eq!(o.get(&cx, PropertyKey::index(0)).unwrap(), int(9));
}
