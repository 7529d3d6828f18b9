//! The table of language features: what a program may contain, how likely it is, and what makes it.
//!
//! Rows with a `make` are topics: statements that the generator picks by weight. The others are parts of expressions and simple
//! statements, listed so that the report counts them too. A program *uses* a feature when its text contains it.

use crate::r#gen::Gen;
use crate::r#gen::topics as t;
use crate::tree::Node;

/// One row of the table.
pub struct Row {
    pub feature: Feature,
    pub name: &'static str,
    /// How likely the topic is, relative to the others.
    pub weight: u32,
    /// Statements that the topic executes at least, about.
    pub cost: u64,
    pub make: Option<fn(&mut Gen) -> Node>,
}

macro_rules! features {
    ($($feature:ident $name:literal $weight:literal $cost:literal $make:expr;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Feature { $($feature),* }

        /// All features, in the order of [`Feature`].
        pub const FEATURES: &[Row] =
            &[$(Row { feature: Feature::$feature, name: $name, weight: $weight, cost: $cost, make: $make }),*];
    };
}

features! {
    // Parts of expressions and simple statements.
    IntArithmetic "int32 arithmetic" 0 0 None;
    DoubleArithmetic "double arithmetic" 0 0 None;
    EdgeNumbers "edge numbers (-0, NaN, 2^31, 2^53)" 0 0 None;
    BitOps "bit operators" 0 0 None;
    MathFunctions "Math functions" 0 0 None;
    Exponent "exponentiation" 0 0 None;
    Update "increment and decrement" 0 0 None;
    CompoundAssignment "compound assignment" 0 0 None;
    LogicalAssignment "logical assignment" 0 0 None;
    MixedCompare "comparison of mixed types" 0 0 None;
    Truthiness "truthiness" 0 0 None;
    ToNumber "conversion to number" 0 0 None;
    ConversionHooks "valueOf, toString" 0 0 None;
    BigInt "BigInt" 0 0 None;
    StringConcat "string concatenation" 0 0 None;
    StringIndex "string indexing" 0 0 None;
    StringMethods "string methods" 0 0 None;
    NumberFormat "number formatting" 0 0 None;
    Templates "template literals" 0 0 None;
    Symbols "symbols" 0 0 None;
    Nullish "nullish coalescing" 0 0 None;
    OptionalChain "optional chaining" 0 0 None;
    In "in" 0 0 None;
    Properties "property access" 0 0 None;
    Delete "delete" 0 0 None;
    Elements "element access" 0 0 None;
    HoleyArrays "holey arrays" 0 0 None;
    Calls "calls" 0 0 None;
    ArityMismatch "arity mismatch" 0 0 None;
    Defaults "default parameters" 0 0 None;
    TypeChange "type change in mid-loop" 0 0 None;
    Redefinition "redefined function" 0 0 None;
    TypedArrays "typed arrays" 0 0 None;
    ForLoop "for" 0 0 None;
    WhileLoop "while, do-while" 0 0 None;
    Labels "labels, break, continue" 0 0 None;
    Switch "switch" 0 0 None;
    TryCatch "try, catch" 0 0 None;
    Finally "finally" 0 0 None;
    AbruptFinally "abrupt exit in finally" 0 0 None;
    Throw "throw" 0 0 None;
    Strict "strict functions" 0 0 None;
    Rest "rest parameters" 0 0 None;
    Spread "spread" 0 0 None;
    PrivateMembers "private members" 0 0 None;
    Super "super" 0 0 None;
    StaticBlocks "static blocks" 0 0 None;
    Accessors "accessors in classes" 0 0 None;
    GeneratorReturn "return, throw into generators" 0 0 None;
    ForAwait "for await" 0 0 None;
    // Topics.
    Kernel "hot numeric functions" 30 300 Some(t::functions::kernel_use);
    Closures "closures in loops" 10 60 Some(t::functions::closures_in_loop);
    SloppyArguments "mapped arguments" 8 80 Some(t::functions::sloppy_arguments);
    StrictArguments "strict arguments" 6 80 Some(t::functions::strict_arguments);
    RestSpread "rest and spread calls" 8 80 Some(t::functions::rest_spread);
    ParameterScopes "defaults with closures" 5 60 Some(t::functions::parameter_scopes);
    Recursion "bounded recursion" 8 300 Some(t::functions::recursion);
    TailCalls "tail calls" 5 300 Some(t::functions::tail_calls);
    HotRedefinition "function redefined in mid-loop" 8 200 Some(t::functions::hot_redefinition);
    NestedThrow "exceptions from nested frames" 9 200 Some(t::functions::nested_throw);
    FinallyMaze "nested finally with jumps" 10 100 Some(t::functions::finally_maze);
    Bind "bind, call, apply" 5 60 Some(t::functions::bind_call_apply);
    Generators "generators" 12 80 Some(t::generators::generator);
    GeneratorFinally "generators left in mid-finally" 9 60 Some(t::generators::generator_finally);
    Delegation "yield*" 6 60 Some(t::generators::delegation);
    Async "async functions" 9 60 Some(t::generators::async_function);
    AsyncGenerators "async generators" 7 60 Some(t::generators::async_generator);
    Promises "promise combinators" 5 40 Some(t::generators::promises);
    Classes "classes with fields" 12 120 Some(t::classes::class);
    Inheritance "inheritance" 10 120 Some(t::classes::inheritance);
    NewTarget "new.target, Reflect.construct" 5 40 Some(t::classes::new_target);
    PrivateBrands "private brands and in" 5 60 Some(t::classes::private_brands);
    ExtendBuiltins "subclasses of builtins" 4 40 Some(t::classes::extend_builtins);
    PolySites "polymorphic sites" 14 300 Some(t::objects::poly_sites);
    Megamorphic "megamorphic access" 7 300 Some(t::objects::megamorphic);
    ShapeChanges "shape transitions" 10 200 Some(t::objects::shape_changes);
    PrototypeChanges "prototype changed in mid-run" 10 200 Some(t::objects::prototype_changes);
    GettersSetters "getters and setters with effects" 9 120 Some(t::objects::getters_setters);
    AccessorSites "accessors of many shapes at a site" 12 300 Some(t::caches::accessor_sites);
    KeyedSites "keys that vary at a site" 12 300 Some(t::caches::keyed_sites);
    PrivateSites "private members of many shapes" 7 300 Some(t::caches::private_sites);
    SuperSites "super at a site of many classes" 8 300 Some(t::caches::super_sites);
    AddedSites "properties added to many shapes" 8 300 Some(t::caches::added_sites);
    DefineProperty "property attributes, freezing" 7 60 Some(t::objects::define_property);
    ForIn "for-in" 7 60 Some(t::objects::for_in);
    ToPrimitive "Symbol.toPrimitive" 6 60 Some(t::objects::to_primitive);
    InstanceOf "instanceof, Symbol.hasInstance" 6 120 Some(t::objects::instance_of);
    Proxy "Proxy" 7 60 Some(t::objects::proxy);
    Reflect "Reflect" 5 40 Some(t::objects::reflect);
    MethodLookup "missing methods" 5 120 Some(t::objects::missing_methods);
    ObjectSpread "object spread and statics" 6 60 Some(t::objects::object_spread);
    IteratorProtocol "iterators with return()" 9 60 Some(t::iteration::protocol);
    Destructuring "destructuring" 10 60 Some(t::iteration::destructuring);
    DestructuringAssignment "destructuring assignment" 7 60 Some(t::iteration::destructuring_assignment);
    ForOf "for-of" 9 100 Some(t::iteration::for_of);
    IteratorHelpers "iterator helpers" 4 60 Some(t::iteration::helpers);
    ArrayCallbacks "array callbacks that mutate" 10 100 Some(t::arrays::callbacks);
    ArrayMethods "array methods" 10 60 Some(t::arrays::methods);
    ArrayKinds "element kinds in transition" 10 300 Some(t::arrays::kinds);
    Sort "sort with comparator" 7 100 Some(t::arrays::sort);
    ArrayLength "array lengths and indices" 6 60 Some(t::arrays::lengths);
    ArrayHot "hot array loops" 12 400 Some(t::arrays::hot);
    TypedKinds "typed arrays of all kinds" 12 300 Some(t::typed::kinds);
    TypedDetached "detached buffers" 5 100 Some(t::typed::detached);
    TypedResizable "resizable buffers" 5 100 Some(t::typed::resizable);
    DataViews "DataView" 5 60 Some(t::typed::data_view);
    TypedMethods "typed array methods" 5 60 Some(t::typed::methods);
    MapSet "Map, Set iterated and mutated" 9 120 Some(t::collections::map_set);
    WeakCollections "WeakMap, WeakSet" 4 60 Some(t::collections::weak);
    Json "JSON" 6 40 Some(t::collections::json);
    StringBuilding "strings built in loops" 8 200 Some(t::collections::string_building);
    StringLoops "loops over strings" 7 200 Some(t::collections::string_loops);
    RegExps "regular expressions" 6 60 Some(t::collections::regexps);
    BigLoops "loops over BigInts" 6 200 Some(t::collections::big_loops);
    With "with" 6 60 Some(t::dynamic::with);
    Eval "direct eval" 6 60 Some(t::dynamic::eval);
    IndirectCode "indirect eval, new Function" 4 40 Some(t::dynamic::indirect);
    TaggedTemplates "tagged templates" 5 60 Some(t::dynamic::tagged_templates);
    DeadZones "temporal dead zones" 8 60 Some(t::dynamic::dead_zones);
    Globals "global variables" 4 60 Some(t::dynamic::globals);
    Hoisting "hoisting, functions in blocks" 5 40 Some(t::dynamic::hoisting);
}

/// Features that came late to the language, each with an expression that is true where they are there.
pub const NEWER: &[(Feature, &str)] = &[(Feature::IteratorHelpers, "typeof Iterator === \"function\"")];

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureSet(u128);

impl FeatureSet {
    pub fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u32;
    }

    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    pub fn intersects(&self, other: &FeatureSet) -> bool {
        self.0 & other.0 != 0
    }

    pub fn contains(&self, feature: Feature) -> bool {
        self.0 >> (feature as u32) & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_the_set_and_names_differ() {
        assert!(FEATURES.len() <= 128);
        for (index, row) in FEATURES.iter().enumerate() {
            assert_eq!(row.feature as usize, index);
            assert!(FEATURES[..index].iter().all(|other| other.name != row.name), "{}", row.name);
            assert_eq!(row.weight > 0, row.make.is_some(), "{}", row.name);
        }
    }
}
