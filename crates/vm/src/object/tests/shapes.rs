use super::*;
use crate::cell::Kind;
use crate::shape::transition::TRACKED_INSTANCES;
use crate::shape::{DEFAULT, MAX_SHARED, WRITABLE, flag};

#[test]
fn objects_built_alike_share_a_shape() {
    let cx = context();
    let (a, b) = (cx.new_object(), cx.new_object());
    for o in [a, b] {
        for (i, name) in ["x", "y", "z"].iter().enumerate() {
            o.create_data(&cx, key(&cx, name), int(i as i32)).unwrap();
        }
    }
    assert_eq!(a.shape_id(), b.shape_id());
    b.create_data(&cx, key(&cx, "w"), int(9)).unwrap();
    assert_ne!(a.shape_id(), b.shape_id());
    assert_eq!(b.shape(&cx).parent(), Some(a.shape(&cx)));
    assert_eq!(b.get(&cx, key(&cx, "y")).unwrap(), int(1));
}

#[test]
fn a_branch_does_not_disturb_the_trunk() {
    let cx = context();
    let trunk = cx.new_object();
    trunk.create_data(&cx, key(&cx, "a"), int(1)).unwrap();
    let shape = trunk.shape(&cx);
    let left = shape.add_transition(&cx, key(&cx, "left"), DEFAULT);
    let right = shape.add_transition(&cx, key(&cx, "right"), DEFAULT);
    assert!(left.lookup(&cx, key(&cx, "right")).is_none());
    assert!(right.lookup(&cx, key(&cx, "left")).is_none());
    assert!(shape.lookup(&cx, key(&cx, "left")).is_none());
    assert_eq!(shape.add_transition(&cx, key(&cx, "left"), DEFAULT), left);
    assert_ne!(shape.add_transition(&cx, key(&cx, "left"), WRITABLE), left);
}

#[test]
fn values_survive_the_growth_out_of_line_and_collections() {
    let cx = context();
    let mut o = cx.new_object();
    for i in 0..60 {
        let k = key(&cx, &format!("p{i}"));
        let v = cx.string_from_utf8(&format!("value {i}"));
        o.create_data(&cx, k, v.into()).unwrap();
        if i % 20 == 19 {
            o = survive(&cx, o);
        }
    }
    for i in 0..60 {
        let v = o.get(&cx, key(&cx, &format!("p{i}"))).unwrap();
        assert_eq!(v.as_string().unwrap().to_rust(&cx), format!("value {i}"));
    }
}

#[test]
fn dead_shapes_are_forgotten_by_their_parents() {
    let cx = context();
    let o = cx.new_object();
    o.create_data(&cx, key(&cx, "kept"), int(1)).unwrap();
    {
        let other = cx.new_object();
        other.create_data(&cx, key(&cx, "kept"), int(1)).unwrap();
        for i in 0..50 {
            other.create_data(&cx, key(&cx, &format!("gone{i}")), int(1)).unwrap();
        }
    }
    let o = survive(&cx, o);
    let mut children = 0;
    o.shape(&cx).each_child(&mut |_| children += 1);
    assert_eq!(children, 0);
    o.create_data(&cx, key(&cx, "gone0"), int(7)).unwrap();
    assert_eq!(keys(&cx, o), ["kept", "gone0"]);
}

#[test]
fn many_properties_make_a_dictionary_and_few_unmake_it() {
    let cx = context();
    let o = cx.new_object();
    let n = MAX_SHARED as usize + 40;
    for i in 0..n {
        o.create_data(&cx, key(&cx, &format!("k{i}")), int(i as i32)).unwrap();
    }
    assert!(o.shape(&cx).has(flag::DICTIONARY));
    for i in 0..n {
        assert_eq!(o.get(&cx, key(&cx, &format!("k{i}"))).unwrap(), int(i as i32));
    }
    for i in (0..n).filter(|i| i % 30 != 0) {
        assert!(o.delete(&cx, key(&cx, &format!("k{i}"))).unwrap());
    }
    assert!(!o.shape(&cx).is_unique());
    assert_eq!(keys(&cx, o), ["k0", "k30", "k60", "k90", "k120", "k150"]);
    for i in (0..n).step_by(30) {
        assert_eq!(o.get(&cx, key(&cx, &format!("k{i}"))).unwrap(), int(i as i32));
    }
}

#[test]
fn deletion_keeps_the_order_of_a_small_object() {
    let cx = context();
    let o = cx.new_object();
    for (i, name) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
        o.create_data(&cx, key(&cx, name), int(i as i32)).unwrap();
    }
    let full = o.shape_id();
    assert!(o.delete(&cx, key(&cx, "f")).unwrap());
    assert!(o.delete(&cx, key(&cx, "b")).unwrap());
    assert!(!o.shape(&cx).is_unique());
    assert_eq!(keys(&cx, o), ["a", "c", "d", "e"]);
    assert_eq!(o.get(&cx, key(&cx, "e")).unwrap(), int(4));
    assert!(o.get(&cx, key(&cx, "b")).unwrap().is_undefined());
    o.create_data(&cx, key(&cx, "b"), int(10)).unwrap();
    assert_eq!(keys(&cx, o), ["a", "c", "d", "e", "b"]);
    assert_ne!(o.shape_id(), full);
}

#[test]
fn a_prototype_has_a_shape_of_its_own() {
    let cx = context();
    let p = cx.new_object();
    p.create_data(&cx, key(&cx, "m"), int(1)).unwrap();
    let before = p.shape_id();
    let child = cx.new_object_with_prototype(Some(p));
    assert!(p.shape(&cx).has(flag::PROTOTYPE));
    assert_ne!(p.shape_id(), before);
    assert_eq!(child.get(&cx, key(&cx, "m")).unwrap(), int(1));
    // Unobserved, it changes in place; observed, it gets a new id.
    let id = p.shape_id();
    p.create_data(&cx, key(&cx, "n"), int(2)).unwrap();
    assert_eq!(p.shape_id(), id);
    p.shape(&cx).mark_cached();
    let epoch = cx.interp.proto_epoch.get();
    p.create_data(&cx, key(&cx, "o"), int(3)).unwrap();
    assert_ne!(p.shape_id(), id);
    assert_ne!(cx.interp.proto_epoch.get(), epoch);
    assert_eq!(child.get(&cx, key(&cx, "o")).unwrap(), int(3));
}

#[test]
fn a_plain_assignment_to_a_prototype_breaks_nothing() {
    let cx = context();
    let p = cx.new_object();
    p.create_data(&cx, key(&cx, "m"), int(1)).unwrap();
    let validity = cx.validity_of(p).unwrap();
    p.put(&cx, key(&cx, "m"), int(2)).unwrap();
    assert!(validity.is_intact());
    p.put(&cx, key(&cx, "fresh"), int(2)).unwrap();
    assert!(!validity.is_intact());
    assert!(cx.validity_of(p).unwrap().is_intact());
}

#[test]
fn a_change_of_an_ancestor_breaks_the_validity_of_its_heirs() {
    let cx = context();
    let top = cx.new_object_with_prototype(None);
    let middle = cx.new_object_with_prototype(Some(top));
    let low = cx.new_object_with_prototype(Some(middle));
    let flag = std::rc::Rc::new(Cell::new(0u8));
    let validity = cx.validity_of(low).unwrap();
    validity.watch(&flag);
    let of_top = cx.validity_of(top).unwrap();
    middle.set_prototype(&cx, None).unwrap();
    assert!(!validity.is_intact());
    assert_eq!(flag.get(), 1);
    assert!(of_top.is_intact());
}

#[test]
fn a_new_prototype_replays_the_properties() {
    let cx = context();
    let (p, q) = (cx.new_object(), cx.new_object());
    let make = || {
        let o = cx.new_object_with_prototype(Some(p));
        for (i, name) in ["x", "y"].iter().enumerate() {
            o.create_data(&cx, key(&cx, name), int(i as i32)).unwrap();
        }
        o
    };
    let (a, b) = (make(), make());
    assert!(a.set_prototype(&cx, Some(q)).unwrap() && b.set_prototype(&cx, Some(q)).unwrap());
    assert_eq!(a.shape_id(), b.shape_id());
    assert_eq!(a.get(&cx, key(&cx, "y")).unwrap(), int(1));
    assert!(!q.set_prototype(&cx, Some(a)).unwrap(), "a cycle");
}

#[test]
fn slack_tracking_settles_on_what_is_used() {
    let cx = context();
    let prototype = cx.new_object();
    let root = cx.new_initial_shape(prototype, Kind::Object, 2);
    let generous = root.inline_capacity();
    let make = || {
        let o = cx.new_object_of_shape(root);
        for name in ["x", "y", "z"] {
            o.create_data(&cx, key(&cx, name), int(1)).unwrap();
        }
        o
    };
    let early: Vec<_> = (0..TRACKED_INSTANCES).map(|_| make().shape_id()).collect();
    cx.settle_slack(root);
    assert_eq!(root.inline_capacity(), 3);
    assert!(generous > 3);
    let late = make();
    assert_eq!(late.shape_id(), early[0]);
    assert_eq!(late.header.words.get(), 3);
    late.create_data(&cx, key(&cx, "more"), int(4)).unwrap();
    assert_eq!(late.get(&cx, key(&cx, "more")).unwrap(), int(4));
    assert_eq!(late.get(&cx, key(&cx, "z")).unwrap(), int(1));
}

#[test]
fn an_identity_hash_travels_with_the_object() {
    let cx = context();
    let o = cx.new_object();
    assert_eq!(o.known_identity_hash(), None);
    let hash = o.identity_hash(&cx).unwrap();
    let addr = o.addr();
    let o = survive(&cx, o);
    assert_ne!(o.addr(), addr);
    for i in 0..30 {
        o.create_data(&cx, key(&cx, &format!("p{i}")), int(i)).unwrap();
    }
    assert_eq!(o.identity_hash(&cx).unwrap(), hash);
    assert_ne!(cx.new_object().identity_hash(&cx).unwrap(), hash);
}
