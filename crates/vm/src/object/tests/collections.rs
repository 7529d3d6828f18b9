use super::*;
use crate::cell::Kind;
use crate::object::kinds::Collection;

fn collection(cx: &Context, kind: Kind) -> Gc<Collection> {
    cx.new_collection(kind, cx.new_object())
}

fn entries(cx: &Context, c: Gc<Collection>) -> Vec<Value> {
    let mut out = Vec::new();
    let (mut table, mut next) = (cx.ordered_start(c).unwrap(), 0);
    while let Some(step) = cx.ordered_step(table, next) {
        out.push(step.key);
        (table, next) = (step.table, step.next);
    }
    out
}

#[test]
fn keys_are_compared_by_same_value_zero() {
    let cx = context();
    let map = collection(&cx, Kind::Map);
    cx.ordered_set(map, Value::double(-0.0), int(1)).unwrap();
    cx.ordered_set(map, Value::NAN, int(2)).unwrap();
    cx.ordered_set(map, Value::double(7.0), int(3)).unwrap();
    cx.ordered_set(map, cx.string_from_utf8("key").into(), int(4)).unwrap();
    cx.ordered_set(map, cx.bigint_from_i64(1 << 40).into(), int(5)).unwrap();
    assert_eq!(cx.ordered_get(map, int(0)).unwrap(), Some(int(1)));
    assert!(!entries(&cx, map)[0].is_double(), "-0 became +0");
    assert_eq!(cx.ordered_get(map, Value::NAN).unwrap(), Some(int(2)));
    assert_eq!(cx.ordered_get(map, int(7)).unwrap(), Some(int(3)));
    let again = cx.concat(cx.string_from_utf8("ke"), cx.string_from_utf8("y")).unwrap();
    assert_eq!(cx.ordered_get(map, again.into()).unwrap(), Some(int(4)));
    assert_eq!(cx.ordered_get(map, cx.bigint_from_i64(1 << 40).into()).unwrap(), Some(int(5)));
    assert_eq!(cx.ordered_get(map, cx.new_object().into()).unwrap(), None);
    assert_eq!(cx.ordered_size(map), 5);
}

#[test]
fn order_is_that_of_insertion_through_growth_and_deletion() {
    let cx = context();
    let set = collection(&cx, Kind::Set);
    for i in 0..1000 {
        cx.ordered_set(set, int(i), Value::UNDEFINED).unwrap();
    }
    for i in (0..1000).filter(|i| i % 10 != 0) {
        assert!(cx.ordered_delete(set, int(i)).unwrap());
    }
    assert!(!cx.ordered_delete(set, int(1)).unwrap());
    cx.ordered_set(set, int(1), Value::UNDEFINED).unwrap();
    let mut expected: Vec<_> = (0..1000).step_by(10).map(int).collect();
    expected.push(int(1));
    assert_eq!(entries(&cx, set), expected);
    assert_eq!(cx.ordered_size(set), 101);
}

#[test]
fn an_iterator_sees_what_is_added_and_not_what_is_deleted() {
    let cx = context();
    let map = collection(&cx, Kind::Map);
    for i in 0..10 {
        cx.ordered_set(map, int(i), int(i)).unwrap();
    }
    let (mut table, mut next) = (cx.ordered_start(map).unwrap(), 0);
    let mut seen = Vec::new();
    while let Some(step) = cx.ordered_step(table, next) {
        (table, next) = (step.table, step.next);
        let k = step.key.as_int32();
        seen.push(k);
        if k == 3 {
            // Deletes behind and before the iterator, and forces several rehashes.
            for gone in [0, 1, 5, 6] {
                cx.ordered_delete(map, int(gone)).unwrap();
            }
            for i in 100..200 {
                cx.ordered_set(map, int(i), int(i)).unwrap();
            }
        }
        if k == 150 {
            for i in 151..190 {
                cx.ordered_delete(map, int(i)).unwrap();
            }
        }
    }
    let expected: Vec<i32> = [0, 1, 2, 3, 4, 7, 8, 9].into_iter().chain(100..=150).chain(190..200).collect();
    assert_eq!(seen, expected);
}

#[test]
fn clearing_restarts_an_iterator() {
    let cx = context();
    let set = collection(&cx, Kind::Set);
    for i in 0..20 {
        cx.ordered_set(set, int(i), Value::UNDEFINED).unwrap();
    }
    let step = cx.ordered_step(cx.ordered_start(set).unwrap(), 10).unwrap();
    cx.ordered_clear(set).unwrap();
    assert!(cx.ordered_step(step.table, step.next).is_none());
    cx.ordered_set(set, int(77), Value::UNDEFINED).unwrap();
    assert_eq!(cx.ordered_step(step.table, step.next).unwrap().key, int(77));
    assert_eq!(cx.ordered_size(set), 1);
}

#[test]
fn objects_are_found_after_they_have_moved() {
    let cx = context();
    let map = collection(&cx, Kind::Map);
    let roots: Vec<Cell<Value>> =
        std::iter::once(map.object().value()).chain((0..500).map(|_| cx.new_object().value())).map(Cell::new).collect();
    let map = |roots: &[Cell<Value>]| roots[0].get().as_kind::<Collection>(Kind::Map).unwrap();
    for (i, key) in roots.iter().enumerate().skip(1) {
        cx.ordered_set(map(&roots), key.get(), int(i as i32)).unwrap();
    }
    collect(&cx, CollectKind::Minor, &roots);
    collect(&cx, CollectKind::Full, &roots);
    for (i, key) in roots.iter().enumerate().skip(1) {
        assert_eq!(cx.ordered_get(map(&roots), key.get()).unwrap(), Some(int(i as i32)));
    }
}
