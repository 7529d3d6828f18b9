use super::*;
use crate::cell::Kind;
use crate::error::JsResult;
use crate::names;
use crate::native::{Args, Builtins, FunctionSpec, ObjectForm, ObjectSpec, PropertySpec, PropertyValue};
use crate::realm::Intrinsic;
use crate::shape::LAZY;

fn seven(_: &Context, _: &Args) -> JsResult<Value> {
    Ok(Value::int32(7))
}

static OBJECT_STATICS: &[PropertySpec] = &[
    PropertySpec::prototype(Intrinsic::ObjectPrototype),
    PropertySpec::method(names::FREEZE, 1, seven),
    PropertySpec::method(names::KEYS, 1, seven),
    PropertySpec::alias(names::VALUES, names::KEYS),
];
static OBJECT_PROTOTYPE: &[PropertySpec] = &[
    PropertySpec::constructor_link(Intrinsic::Object),
    PropertySpec::method(names::TO_STRING, 0, seven),
    PropertySpec::getter(names::SIZE, seven),
    PropertySpec::symbol_method(names::SYMBOL_ITERATOR, 2, seven),
    PropertySpec::tag("Thing"),
];
static OBJECTS: &[ObjectSpec] = &[
    ObjectSpec::class(Intrinsic::Object, FunctionSpec::constructor(names::VALUE, 3, seven), OBJECT_STATICS),
    ObjectSpec {
        intrinsic: Intrinsic::ObjectPrototype,
        prototype: None,
        form: ObjectForm::Object(Kind::Object),
        properties: OBJECT_PROTOTYPE,
    },
];
static GLOBALS: &[PropertySpec] = &[
    PropertySpec::hidden(names::VALUE, PropertyValue::Intrinsic(Intrinsic::Object)),
    PropertySpec::constant(names::UNDEFINED, PropertyValue::Undefined),
];
static LIBRARY: Builtins = Builtins { objects: &[OBJECTS], globals: &[GLOBALS], runtime: &[], parse_json: None };

fn library() -> Box<Context> {
    Context::new(Default::default(), &LIBRARY).unwrap()
}

fn text(cx: &Context, v: Value) -> String {
    v.as_string().map_or_else(|| format!("{v:?}"), |s| s.to_rust(cx))
}

#[test]
fn intrinsics_and_functions_are_made_on_first_touch() {
    let cx = library();
    let realm = cx.realm();
    assert!(realm.made_intrinsic(Intrinsic::Object).is_none());
    let constructor = realm.global_object().get(&cx, cx.names().value).unwrap().as_object().unwrap();
    assert_eq!(constructor, cx.intrinsic(Intrinsic::Object));
    assert!(constructor.is_constructor() && constructor.is_callable());
    assert!(constructor.shape(&cx).lookup(&cx, cx.names().freeze).unwrap().has(LAZY));
    let freeze = constructor.get(&cx, cx.names().freeze).unwrap();
    assert_eq!(constructor.get(&cx, cx.names().freeze).unwrap(), freeze);
    assert!(!constructor.shape(&cx).lookup(&cx, cx.names().freeze).unwrap().has(LAZY));
}

#[test]
fn enumeration_makes_nothing() {
    let cx = library();
    let constructor = cx.intrinsic(Intrinsic::Object);
    assert_eq!(keys(&cx, constructor), ["length", "name", "prototype", "freeze", "keys", "values"]);
    assert!(constructor.has_own(&cx, cx.names().freeze).unwrap());
    assert!(constructor.shape(&cx).lookup(&cx, cx.names().freeze).unwrap().has(LAZY));
}

#[test]
fn names_and_lengths_are_exact() {
    let cx = library();
    let constructor = cx.intrinsic(Intrinsic::Object);
    let prototype = cx.intrinsic(Intrinsic::ObjectPrototype);
    let name_and_length = |f: Value| {
        let f = f.as_object().unwrap();
        assert_eq!(keys(&cx, f)[..2], ["length", "name"]);
        let d = f.get_own(&cx, cx.names().name).unwrap().unwrap();
        assert_eq!((d.writable, d.enumerable, d.configurable), (Some(false), Some(false), Some(true)));
        (text(&cx, f.get(&cx, cx.names().name).unwrap()), f.get(&cx, cx.names().length).unwrap().as_int32())
    };
    assert_eq!(name_and_length(constructor.into()), ("value".into(), 3));
    assert_eq!(name_and_length(constructor.get(&cx, cx.names().keys).unwrap()), ("keys".into(), 1));
    let iterator = prototype.get(&cx, cx.names().symbol_iterator).unwrap();
    assert_eq!(name_and_length(iterator), ("[Symbol.iterator]".into(), 2));
    let getter = prototype.get_own(&cx, cx.names().size).unwrap().unwrap().getter.unwrap();
    assert_eq!(name_and_length(getter), ("get size".into(), 0));
    let tag = prototype.get_own(&cx, cx.names().symbol_to_string_tag).unwrap().unwrap();
    assert_eq!(text(&cx, tag.value.unwrap()), "Thing");
    assert_eq!((tag.writable, tag.configurable), (Some(false), Some(true)));
}

#[test]
fn an_alias_is_the_same_function() {
    let cx = library();
    let constructor = cx.intrinsic(Intrinsic::Object);
    let values = constructor.get(&cx, cx.names().values).unwrap();
    assert_eq!(constructor.get(&cx, cx.names().keys).unwrap(), values);
}

#[test]
fn a_lazy_property_can_be_overwritten_redefined_and_deleted_before_it_is_made() {
    let cx = library();
    let constructor = cx.intrinsic(Intrinsic::Object);
    constructor.put(&cx, cx.names().freeze, int(1)).unwrap();
    assert_eq!(constructor.get(&cx, cx.names().freeze).unwrap(), int(1));
    assert!(constructor.delete(&cx, cx.names().keys).unwrap());
    assert!(constructor.get(&cx, cx.names().keys).unwrap().is_undefined());
    let f = cx.intrinsic(Intrinsic::ObjectPrototype).get(&cx, cx.names().to_string).unwrap().as_object().unwrap();
    assert!(!f.set(&cx, cx.names().name, int(1), f.value()).unwrap());
    assert!(f.define_own(&cx, cx.names().name, &PropertyDescriptor::value_only(int(5))).unwrap());
    assert_eq!(f.get(&cx, cx.names().name).unwrap(), int(5));
    assert_eq!(f.get(&cx, cx.names().length).unwrap(), int(0));
    assert!(f.delete(&cx, cx.names().length).unwrap());
    assert_eq!(keys(&cx, f), ["name"]);
    let f = survive(&cx, f);
    assert_eq!(f.get(&cx, cx.names().name).unwrap(), int(5));
}

#[test]
fn object_prototype_has_an_immutable_prototype() {
    let cx = library();
    let prototype = cx.intrinsic(Intrinsic::ObjectPrototype);
    assert!(!prototype.set_prototype(&cx, Some(cx.new_object())).unwrap());
    assert!(prototype.set_prototype(&cx, None).unwrap());
}

#[test]
fn realms_have_their_own_intrinsics() {
    let cx = library();
    let (one, two) = (cx.realm(), cx.new_realm());
    let (a, b) = (cx.intrinsic_in(one, Intrinsic::Object), cx.intrinsic_in(two, Intrinsic::Object));
    assert_ne!(a, b);
    assert_eq!(cx.function_realm(b).unwrap(), two);
    let method = b.get(&cx, cx.names().freeze).unwrap().as_object().unwrap();
    assert_eq!(cx.function_realm(method).unwrap(), two);
    let p = cx.intrinsic_in(two, Intrinsic::ObjectPrototype).get(&cx, cx.names().constructor).unwrap();
    assert_eq!(p, b.value());
    let previous = cx.enter_realm(two);
    assert_eq!(cx.new_object().shape_prototype(&cx), Some(cx.intrinsic_in(two, Intrinsic::ObjectPrototype)));
    cx.enter_realm(previous);
}

#[test]
fn everything_of_a_realm_survives_collections() {
    let cx = library();
    let constructor = cx.intrinsic(Intrinsic::Object);
    constructor.get(&cx, cx.names().freeze).unwrap();
    for _ in 0..3 {
        collect(&cx, CollectKind::Minor, &[]);
        collect(&cx, CollectKind::Full, &[]);
    }
    let constructor = cx.intrinsic(Intrinsic::Object);
    let keys_function = constructor.get(&cx, cx.names().keys).unwrap().as_object().unwrap();
    assert_eq!(text(&cx, keys_function.get(&cx, cx.names().name).unwrap()), "keys");
    assert_eq!(cx.new_object().shape_prototype(&cx), Some(cx.intrinsic(Intrinsic::ObjectPrototype)));
}
