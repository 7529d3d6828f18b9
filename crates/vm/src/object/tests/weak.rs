use super::*;
use crate::cell::Kind;
use crate::object::kinds::{FinalizationRegistry, WeakRef};

#[test]
fn a_weak_ref_dies_with_its_target_after_the_job() {
    let cx = context();
    let target = cx.new_object();
    let weak = cx.new_weak_ref(cx.new_object(), target.value()).unwrap();
    let roots = [Cell::new(weak.object().value())];
    collect(&cx, CollectKind::Full, &roots);
    let weak = |roots: &[Cell<Value>]| roots[0].get().as_kind::<WeakRef>(Kind::WeakRef).unwrap();
    assert!(weak(&roots).target.get().is_object(), "kept alive during the job");
    cx.clear_kept_objects();
    collect(&cx, CollectKind::Full, &roots);
    assert!(cx.weak_ref_deref(weak(&roots)).is_undefined());
}

#[test]
fn an_ephemeron_keeps_its_value_only_while_its_key_lives() {
    let cx = context();
    let (alive, dead) = (cx.new_object(), cx.new_object());
    let mut table = Value::EMPTY;
    for (k, n) in [(alive, 1), (dead, 2)] {
        let value = cx.new_object();
        value.create_data(&cx, key(&cx, "n"), int(n)).unwrap();
        table = cx.ephemeron_set(table, k.value(), value.value()).unwrap().into();
    }
    // A chain: the value of one key is the key of the next.
    let (a, b) = (cx.new_object(), cx.new_object());
    table = cx.ephemeron_set(table, alive.value(), a.value()).unwrap().into();
    table = cx.ephemeron_set(table, a.value(), b.value()).unwrap().into();
    table = cx.ephemeron_set(table, b.value(), int(42)).unwrap().into();
    let roots = [Cell::new(table), Cell::new(alive.value())];
    for kind in [CollectKind::Minor, CollectKind::Minor, CollectKind::Full] {
        collect(&cx, kind, &roots);
    }
    let (table, alive) = (roots[0].get(), roots[1].get());
    let a = cx.ephemeron_get(table, alive).unwrap();
    let b = cx.ephemeron_get(table, a).unwrap();
    assert_eq!(cx.ephemeron_get(table, b), Some(int(42)));
    assert!(cx.ephemeron_delete(table, alive) && !cx.ephemeron_delete(table, alive));
}

#[test]
fn a_table_with_many_dying_keys_stays_small() {
    let cx = context();
    let table = [Cell::new(Value::EMPTY)];
    for round in 0..50 {
        for _ in 0..200 {
            let k = cx.new_object();
            let t = cx.ephemeron_set(table[0].get(), k.value(), int(1)).unwrap();
            table[0].set(t.into());
        }
        collect(&cx, if round % 5 == 0 { CollectKind::Full } else { CollectKind::Minor }, &table);
    }
    collect(&cx, CollectKind::Full, &table);
    let t = cx.ephemeron_set(table[0].get(), cx.new_object().value(), int(1)).unwrap();
    // SAFETY: a live table of its kind.
    assert!(unsafe { crate::weak::size_of_ephemerons(t.header_ptr()) } < 64 << 10);
}

#[test]
fn a_registry_hands_out_what_it_held_for_the_dead() {
    let cx = context();
    let prototype = cx.new_object();
    let registry: Gc<FinalizationRegistry> =
        cx.alloc_object_raw(cx.root_shape(Some(prototype), Kind::FinalizationRegistry, 0), Kind::FinalizationRegistry);
    let (dead, alive, token) = (cx.new_object(), cx.new_object(), cx.new_object());
    cx.finalization_register(registry, dead.value(), int(1), Value::UNDEFINED).unwrap();
    cx.finalization_register(registry, alive.value(), int(2), Value::UNDEFINED).unwrap();
    cx.finalization_register(registry, alive.value(), int(3), token.value()).unwrap();
    let roots = [Cell::new(registry.object().value()), Cell::new(alive.value()), Cell::new(token.value())];
    collect(&cx, CollectKind::Full, &roots);
    let registry = roots[0].get().as_kind::<FinalizationRegistry>(Kind::FinalizationRegistry).unwrap();
    assert!(cx.heap.take_notified().contains(&registry.header_ptr()));
    assert!(cx.has_dead_registrations(registry));
    let held: Vec<_> = cx.take_dead_registrations(registry).iter().collect();
    assert_eq!(held, [int(1)]);
    assert!(!cx.has_dead_registrations(registry));
    assert!(cx.finalization_unregister(registry, roots[2].get()));
    assert!(!cx.finalization_unregister(registry, roots[2].get()));
}

#[test]
fn many_registrations_stay_whole() {
    let cx = context();
    let registry: Gc<FinalizationRegistry> = cx.alloc_object_raw(
        cx.root_shape(Some(cx.new_object()), Kind::FinalizationRegistry, 0),
        Kind::FinalizationRegistry,
    );
    let target = cx.new_object();
    let mut roots = [Cell::new(registry.object().value()), Cell::new(target.value())];
    for i in 0..100 {
        let registry = roots[0].get_mut().as_kind::<FinalizationRegistry>(Kind::FinalizationRegistry).unwrap();
        let array = registry.registrations.get().as_kind::<crate::weak::WeakArray>(Kind::WeakArray);
        assert!(array.is_none_or(|a| a.len() == 3 * i && a.capacity.get() % 3 == 0));
        cx.finalization_register(registry, roots[1].get(), int(i as i32), Value::UNDEFINED).unwrap();
        collect(&cx, CollectKind::Minor, &roots);
    }
}

#[test]
fn rooted_lists_follow_their_values() {
    let cx = context();
    let list = crate::list::ValueList::new(&cx);
    for i in 0..100 {
        let o = cx.new_object();
        o.create_data(&cx, key(&cx, "i"), int(i)).unwrap();
        list.push(o);
    }
    let other = crate::list::ValueList::new(&cx);
    other.push(list.get(50));
    collect(&cx, CollectKind::Minor, &[]);
    collect(&cx, CollectKind::Full, &[]);
    assert_eq!(list.get(50), other.get(0));
    drop(other);
    for i in 0..100 {
        assert_eq!(cx.get_value(list.get(i), key(&cx, "i")).unwrap(), int(i as i32));
    }
}
