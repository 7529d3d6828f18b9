//! Well-known names: one table, interned when a context starts.
//!
//! The engine and its standard library refer to a few hundred property names all the time. Each row of the table
//! below makes a constant of type [`Name`] (for static tables), and a field of [`Names`] that holds the finished
//! [`PropertyKey`] (for code: `cx.names().length`). Symbol rows follow the string rows and give the well-known
//! symbols (ECMA-262 §6.1.5.1), so that a static table can name a symbol-keyed method the same way.
//!
//! Invariants: no name is an array index, so each one is a unique cell; the cells are interned, never move, and
//! are roots of the context for as long as it lives.

use crate::cell::Gc;
use crate::context::Context;
use crate::key::PropertyKey;
use crate::string::JsString;
use crate::symbol::Symbol;

/// A row of the table: a well-known string or symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(transparent)]
pub struct Name(u16);

impl Name {
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The text of the name; a symbol's description.
    pub const fn text(self) -> &'static str {
        TEXTS[self.0 as usize]
    }

    pub const fn is_symbol(self) -> bool {
        self.0 as usize >= STRING_COUNT
    }

    /// All rows in order, strings first.
    pub fn all() -> impl Iterator<Item = Name> {
        (0..COUNT as u16).map(Name)
    }
}

macro_rules! names {
    (
        strings { $($const:ident, $field:ident, $text:literal;)* }
        symbols { $($symbol_const:ident, $symbol_field:ident, $description:literal;)* }
    ) => {
        /// Numbers the rows.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u16)]
        enum Row { $($const,)* $($symbol_const,)* Count }

        $(pub const $const: Name = Name(Row::$const as u16);)*
        $(pub const $symbol_const: Name = Name(Row::$symbol_const as u16);)*

        /// Rows in the table.
        pub const COUNT: usize = Row::Count as usize;
        /// Rows that are strings; the symbols come after them.
        pub const STRING_COUNT: usize = [$($text,)*].len();

        const TEXTS: [&str; COUNT] = [$($text,)* $($description,)*];

        /// The property key of every row, in the order of the table.
        #[repr(C)]
        pub struct Names { $(pub $field: PropertyKey,)* $(pub $symbol_field: PropertyKey,)* }
    };
}

names! {
    strings {
        EMPTY, empty, "";
        ANY_STAR, star, "*";
        ANONYMOUS, anonymous, "anonymous";
        DEFAULT_EXPORT, default_export, "*default*";
        LENGTH, length, "length";
        NAME, name, "name";
        PROTOTYPE, prototype, "prototype";
        CONSTRUCTOR, constructor, "constructor";
        TO_STRING, to_string, "toString";
        VALUE_OF, value_of, "valueOf";
        TO_JSON, to_json, "toJSON";
        TO_LOCALE_STRING, to_locale_string, "toLocaleString";
        TO_ISO_STRING, to_iso_string, "toISOString";
        TO_UTC_STRING, to_utc_string, "toUTCString";
        MESSAGE, message, "message";
        STACK, stack, "stack";
        CAUSE, cause, "cause";
        ERRORS, errors, "errors";
        ERROR, error, "error";
        SUPPRESSED, suppressed, "suppressed";
        VALUE, value, "value";
        WRITABLE, writable, "writable";
        ENUMERABLE, enumerable, "enumerable";
        CONFIGURABLE, configurable, "configurable";
        GET, get, "get";
        SET, set, "set";
        DONE, done, "done";
        NEXT, next, "next";
        RETURN, return_, "return";
        THROW, throw_, "throw";
        THEN, then, "then";
        CATCH, catch_, "catch";
        FINALLY, finally, "finally";
        RESOLVE, resolve, "resolve";
        REJECT, reject, "reject";
        PROMISE, promise, "promise";
        STATUS, status, "status";
        REASON, reason, "reason";
        FULFILLED, fulfilled, "fulfilled";
        REJECTED, rejected, "rejected";
        INDEX, index, "index";
        INPUT, input, "input";
        GROUPS, groups, "groups";
        INDICES, indices, "indices";
        LAST_INDEX, last_index, "lastIndex";
        SOURCE, source, "source";
        FLAGS, flags, "flags";
        GLOBAL, global, "global";
        IGNORE_CASE, ignore_case, "ignoreCase";
        MULTILINE, multiline, "multiline";
        DOT_ALL, dot_all, "dotAll";
        UNICODE, unicode, "unicode";
        UNICODE_SETS, unicode_sets, "unicodeSets";
        STICKY, sticky, "sticky";
        HAS_INDICES, has_indices, "hasIndices";
        EXEC, exec, "exec";
        CALLEE, callee, "callee";
        CALLER, caller, "caller";
        ARGUMENTS, arguments, "arguments";
        EVAL, eval, "eval";
        ASYNC, async_, "async";
        DEFAULT, default_, "default";
        RAW, raw, "raw";
        THIS, this_, "this";
        PROXY, proxy, "proxy";
        REVOKE, revoke, "revoke";
        TARGET, target, "target";
        DUNDER_PROTO, dunder_proto, "__proto__";
        DUNDER_DEFINE_GETTER, dunder_define_getter, "__defineGetter__";
        DUNDER_DEFINE_SETTER, dunder_define_setter, "__defineSetter__";
        DUNDER_LOOKUP_GETTER, dunder_lookup_getter, "__lookupGetter__";
        DUNDER_LOOKUP_SETTER, dunder_lookup_setter, "__lookupSetter__";
        UNDEFINED, undefined, "undefined";
        NULL, null, "null";
        TRUE, true_, "true";
        FALSE, false_, "false";
        NA_N, na_n, "NaN";
        INFINITY, infinity, "Infinity";
        OBJECT, object, "object";
        BOOLEAN, boolean, "boolean";
        NUMBER, number, "number";
        STRING, string, "string";
        SYMBOL, symbol, "symbol";
        BIGINT, bigint, "bigint";
        FUNCTION, function, "function";
        OBJECT_CLASS, object_class, "Object";
        FUNCTION_CLASS, function_class, "Function";
        ARRAY_CLASS, array_class, "Array";
        STRING_CLASS, string_class, "String";
        NUMBER_CLASS, number_class, "Number";
        BOOLEAN_CLASS, boolean_class, "Boolean";
        SYMBOL_CLASS, symbol_class, "Symbol";
        BIG_INT_CLASS, big_int_class, "BigInt";
        MATH_CLASS, math_class, "Math";
        JSON, json, "JSON";
        REFLECT_CLASS, reflect_class, "Reflect";
        PROXY_CLASS, proxy_class, "Proxy";
        DATE_CLASS, date_class, "Date";
        REG_EXP_CLASS, reg_exp_class, "RegExp";
        MAP_CLASS, map_class, "Map";
        SET_CLASS, set_class, "Set";
        WEAK_MAP_CLASS, weak_map_class, "WeakMap";
        WEAK_SET_CLASS, weak_set_class, "WeakSet";
        WEAK_REF_CLASS, weak_ref_class, "WeakRef";
        FINALIZATION_REGISTRY_CLASS, finalization_registry_class, "FinalizationRegistry";
        PROMISE_CLASS, promise_class, "Promise";
        ERROR_CLASS, error_class, "Error";
        EVAL_ERROR_CLASS, eval_error_class, "EvalError";
        RANGE_ERROR_CLASS, range_error_class, "RangeError";
        REFERENCE_ERROR_CLASS, reference_error_class, "ReferenceError";
        SYNTAX_ERROR_CLASS, syntax_error_class, "SyntaxError";
        TYPE_ERROR_CLASS, type_error_class, "TypeError";
        URI_ERROR_CLASS, uri_error_class, "URIError";
        AGGREGATE_ERROR_CLASS, aggregate_error_class, "AggregateError";
        SUPPRESSED_ERROR_CLASS, suppressed_error_class, "SuppressedError";
        ARRAY_BUFFER_CLASS, array_buffer_class, "ArrayBuffer";
        SHARED_ARRAY_BUFFER_CLASS, shared_array_buffer_class, "SharedArrayBuffer";
        DATA_VIEW_CLASS, data_view_class, "DataView";
        ATOMICS_CLASS, atomics_class, "Atomics";
        ITERATOR_CLASS, iterator_class, "Iterator";
        GENERATOR_CLASS, generator_class, "Generator";
        GENERATOR_FUNCTION_CLASS, generator_function_class, "GeneratorFunction";
        ASYNC_FUNCTION_CLASS, async_function_class, "AsyncFunction";
        ASYNC_GENERATOR_CLASS, async_generator_class, "AsyncGenerator";
        ASYNC_GENERATOR_FUNCTION_CLASS, async_generator_function_class, "AsyncGeneratorFunction";
        ASYNC_ITERATOR_CLASS, async_iterator_class, "AsyncIterator";
        DISPOSABLE_STACK_CLASS, disposable_stack_class, "DisposableStack";
        ASYNC_DISPOSABLE_STACK_CLASS, async_disposable_stack_class, "AsyncDisposableStack";
        INT8_ARRAY_CLASS, int8_array_class, "Int8Array";
        UINT8_ARRAY_CLASS, uint8_array_class, "Uint8Array";
        UINT8_CLAMPED_ARRAY_CLASS, uint8_clamped_array_class, "Uint8ClampedArray";
        INT16_ARRAY_CLASS, int16_array_class, "Int16Array";
        UINT16_ARRAY_CLASS, uint16_array_class, "Uint16Array";
        INT32_ARRAY_CLASS, int32_array_class, "Int32Array";
        UINT32_ARRAY_CLASS, uint32_array_class, "Uint32Array";
        BIG_INT64_ARRAY_CLASS, big_int64_array_class, "BigInt64Array";
        BIG_UINT64_ARRAY_CLASS, big_uint64_array_class, "BigUint64Array";
        FLOAT16_ARRAY_CLASS, float16_array_class, "Float16Array";
        FLOAT32_ARRAY_CLASS, float32_array_class, "Float32Array";
        FLOAT64_ARRAY_CLASS, float64_array_class, "Float64Array";
        TYPED_ARRAY_CLASS, typed_array_class, "TypedArray";
        ARGUMENTS_CLASS, arguments_class, "Arguments";
        MODULE_CLASS, module_class, "Module";
        GLOBAL_THIS, global_this, "globalThis";
        CONSOLE, console, "console";
        PRINT, print, "print";
        LOAD, load, "load";
        READ, read, "read";
        READ_FILE, read_file, "readFile";
        PERFORMANCE, performance, "performance";
        NOW, now, "now";
        QUEUE_MICROTASK, queue_microtask, "queueMicrotask";
        QUIT, quit, "quit";
        SET_TIMEOUT, set_timeout, "setTimeout";
        CLEAR_TIMEOUT, clear_timeout, "clearTimeout";
        SET_INTERVAL, set_interval, "setInterval";
        CLEAR_INTERVAL, clear_interval, "clearInterval";
        SET_IMMEDIATE, set_immediate, "setImmediate";
        CLEAR_IMMEDIATE, clear_immediate, "clearImmediate";
        LOG, log, "log";
        WARN, warn, "warn";
        INFO, info, "info";
        DEBUG, debug, "debug";
        PARSE_INT, parse_int, "parseInt";
        PARSE_FLOAT, parse_float, "parseFloat";
        IS_NA_N, is_na_n, "isNaN";
        IS_FINITE, is_finite, "isFinite";
        DECODE_URI, decode_uri, "decodeURI";
        DECODE_URI_COMPONENT, decode_uri_component, "decodeURIComponent";
        ENCODE_URI, encode_uri, "encodeURI";
        ENCODE_URI_COMPONENT, encode_uri_component, "encodeURIComponent";
        ESCAPE, escape, "escape";
        UNESCAPE, unescape, "unescape";
        ASSIGN, assign, "assign";
        CREATE, create, "create";
        DEFINE_PROPERTY, define_property, "defineProperty";
        DEFINE_PROPERTIES, define_properties, "defineProperties";
        ENTRIES, entries, "entries";
        FREEZE, freeze, "freeze";
        FROM_ENTRIES, from_entries, "fromEntries";
        GET_OWN_PROPERTY_DESCRIPTOR, get_own_property_descriptor, "getOwnPropertyDescriptor";
        GET_OWN_PROPERTY_DESCRIPTORS, get_own_property_descriptors, "getOwnPropertyDescriptors";
        GET_OWN_PROPERTY_NAMES, get_own_property_names, "getOwnPropertyNames";
        GET_OWN_PROPERTY_SYMBOLS, get_own_property_symbols, "getOwnPropertySymbols";
        GET_PROTOTYPE_OF, get_prototype_of, "getPrototypeOf";
        GROUP_BY, group_by, "groupBy";
        HAS_OWN, has_own, "hasOwn";
        IS, is, "is";
        IS_EXTENSIBLE, is_extensible, "isExtensible";
        IS_FROZEN, is_frozen, "isFrozen";
        IS_SEALED, is_sealed, "isSealed";
        KEYS, keys, "keys";
        PREVENT_EXTENSIONS, prevent_extensions, "preventExtensions";
        SEAL, seal, "seal";
        SET_PROTOTYPE_OF, set_prototype_of, "setPrototypeOf";
        VALUES, values, "values";
        HAS_OWN_PROPERTY, has_own_property, "hasOwnProperty";
        IS_PROTOTYPE_OF, is_prototype_of, "isPrototypeOf";
        PROPERTY_IS_ENUMERABLE, property_is_enumerable, "propertyIsEnumerable";
        APPLY, apply, "apply";
        BIND, bind, "bind";
        CALL, call, "call";
        CONSTRUCT, construct, "construct";
        DELETE_PROPERTY, delete_property, "deleteProperty";
        HAS, has, "has";
        OWN_KEYS, own_keys, "ownKeys";
        AT, at, "at";
        CONCAT, concat, "concat";
        COPY_WITHIN, copy_within, "copyWithin";
        EVERY, every, "every";
        FILL, fill, "fill";
        FILTER, filter, "filter";
        FIND, find, "find";
        FIND_INDEX, find_index, "findIndex";
        FIND_LAST, find_last, "findLast";
        FIND_LAST_INDEX, find_last_index, "findLastIndex";
        FLAT, flat, "flat";
        FLAT_MAP, flat_map, "flatMap";
        FOR_EACH, for_each, "forEach";
        FROM, from, "from";
        FROM_ASYNC, from_async, "fromAsync";
        INCLUDES, includes, "includes";
        INDEX_OF, index_of, "indexOf";
        IS_ARRAY, is_array, "isArray";
        JOIN, join, "join";
        LAST_INDEX_OF, last_index_of, "lastIndexOf";
        MAP, map, "map";
        OF, of, "of";
        POP, pop, "pop";
        PUSH, push, "push";
        REDUCE, reduce, "reduce";
        REDUCE_RIGHT, reduce_right, "reduceRight";
        REVERSE, reverse, "reverse";
        SHIFT, shift, "shift";
        SLICE, slice, "slice";
        SOME, some, "some";
        SORT, sort, "sort";
        SPLICE, splice, "splice";
        TO_REVERSED, to_reversed, "toReversed";
        TO_SORTED, to_sorted, "toSorted";
        TO_SPLICED, to_spliced, "toSpliced";
        UNSHIFT, unshift, "unshift";
        WITH, with, "with";
        CHAR_AT, char_at, "charAt";
        CHAR_CODE_AT, char_code_at, "charCodeAt";
        CODE_POINT_AT, code_point_at, "codePointAt";
        ENDS_WITH, ends_with, "endsWith";
        IS_WELL_FORMED, is_well_formed, "isWellFormed";
        LOCALE_COMPARE, locale_compare, "localeCompare";
        MATCH, match_, "match";
        MATCH_ALL, match_all, "matchAll";
        NORMALIZE, normalize, "normalize";
        PAD_END, pad_end, "padEnd";
        PAD_START, pad_start, "padStart";
        REPEAT, repeat, "repeat";
        REPLACE, replace, "replace";
        REPLACE_ALL, replace_all, "replaceAll";
        SEARCH, search, "search";
        SPLIT, split, "split";
        STARTS_WITH, starts_with, "startsWith";
        SUBSTR, substr, "substr";
        SUBSTRING, substring, "substring";
        TO_LOCALE_LOWER_CASE, to_locale_lower_case, "toLocaleLowerCase";
        TO_LOCALE_UPPER_CASE, to_locale_upper_case, "toLocaleUpperCase";
        TO_LOWER_CASE, to_lower_case, "toLowerCase";
        TO_UPPER_CASE, to_upper_case, "toUpperCase";
        TO_WELL_FORMED, to_well_formed, "toWellFormed";
        TRIM, trim, "trim";
        TRIM_END, trim_end, "trimEnd";
        TRIM_START, trim_start, "trimStart";
        FROM_CHAR_CODE, from_char_code, "fromCharCode";
        FROM_CODE_POINT, from_code_point, "fromCodePoint";
        ANCHOR, anchor, "anchor";
        BIG, big, "big";
        BLINK, blink, "blink";
        BOLD, bold, "bold";
        FIXED, fixed, "fixed";
        FONTCOLOR, fontcolor, "fontcolor";
        FONTSIZE, fontsize, "fontsize";
        ITALICS, italics, "italics";
        LINK, link, "link";
        SMALL, small, "small";
        STRIKE, strike, "strike";
        SUB, sub, "sub";
        SUP, sup, "sup";
        TO_FIXED, to_fixed, "toFixed";
        TO_EXPONENTIAL, to_exponential, "toExponential";
        TO_PRECISION, to_precision, "toPrecision";
        IS_INTEGER, is_integer, "isInteger";
        IS_SAFE_INTEGER, is_safe_integer, "isSafeInteger";
        EPSILON, epsilon, "EPSILON";
        MAX_SAFE_INTEGER, max_safe_integer, "MAX_SAFE_INTEGER";
        MIN_SAFE_INTEGER, min_safe_integer, "MIN_SAFE_INTEGER";
        MAX_VALUE, max_value, "MAX_VALUE";
        MIN_VALUE, min_value, "MIN_VALUE";
        NEGATIVE_INFINITY, negative_infinity, "NEGATIVE_INFINITY";
        POSITIVE_INFINITY, positive_infinity, "POSITIVE_INFINITY";
        E, e, "E";
        LN10, ln10, "LN10";
        LN2, ln2, "LN2";
        LOG10_E, log10_e, "LOG10E";
        LOG2_E, log2_e, "LOG2E";
        PI, pi, "PI";
        SQRT1_2, sqrt1_2, "SQRT1_2";
        SQRT2, sqrt2, "SQRT2";
        ABS, abs, "abs";
        ACOS, acos, "acos";
        ACOSH, acosh, "acosh";
        ASIN, asin, "asin";
        ASINH, asinh, "asinh";
        ATAN, atan, "atan";
        ATAN2, atan2, "atan2";
        ATANH, atanh, "atanh";
        CBRT, cbrt, "cbrt";
        CEIL, ceil, "ceil";
        CLZ32, clz32, "clz32";
        COS, cos, "cos";
        COSH, cosh, "cosh";
        EXP, exp, "exp";
        EXPM1, expm1, "expm1";
        F16ROUND, f16round, "f16round";
        FLOOR, floor, "floor";
        FROUND, fround, "fround";
        HYPOT, hypot, "hypot";
        IMUL, imul, "imul";
        LOG10, log10, "log10";
        LOG1P, log1p, "log1p";
        LOG2, log2, "log2";
        MAX, max, "max";
        MIN, min, "min";
        POW, pow, "pow";
        RANDOM, random, "random";
        ROUND, round, "round";
        SIGN, sign, "sign";
        SIN, sin, "sin";
        SINH, sinh, "sinh";
        SQRT, sqrt, "sqrt";
        SUM_PRECISE, sum_precise, "sumPrecise";
        TAN, tan, "tan";
        TANH, tanh, "tanh";
        TRUNC, trunc, "trunc";
        ADD, add, "add";
        CLEAR, clear, "clear";
        DELETE, delete, "delete";
        SIZE, size, "size";
        GET_OR_INSERT, get_or_insert, "getOrInsert";
        GET_OR_INSERT_COMPUTED, get_or_insert_computed, "getOrInsertComputed";
        UNION, union, "union";
        INTERSECTION, intersection, "intersection";
        DIFFERENCE, difference, "difference";
        SYMMETRIC_DIFFERENCE, symmetric_difference, "symmetricDifference";
        IS_SUBSET_OF, is_subset_of, "isSubsetOf";
        IS_SUPERSET_OF, is_superset_of, "isSupersetOf";
        IS_DISJOINT_FROM, is_disjoint_from, "isDisjointFrom";
        DEREF, deref, "deref";
        REGISTER, register, "register";
        UNREGISTER, unregister, "unregister";
        ALL, all, "all";
        ALL_SETTLED, all_settled, "allSettled";
        ANY, any, "any";
        RACE, race, "race";
        WITH_RESOLVERS, with_resolvers, "withResolvers";
        TRY, try_, "try";
        AS_INT_N, as_int_n, "asIntN";
        AS_UINT_N, as_uint_n, "asUintN";
        PARSE, parse, "parse";
        STRINGIFY, stringify, "stringify";
        RAW_JSON, raw_json, "rawJSON";
        IS_RAW_JSON, is_raw_json, "isRawJSON";
        DESCRIPTION, description, "description";
        FOR, for_, "for";
        KEY_FOR, key_for, "keyFor";
        ASYNC_DISPOSE, async_dispose, "asyncDispose";
        ASYNC_ITERATOR, async_iterator, "asyncIterator";
        DISPOSE, dispose, "dispose";
        HAS_INSTANCE, has_instance, "hasInstance";
        IS_CONCAT_SPREADABLE, is_concat_spreadable, "isConcatSpreadable";
        ITERATOR, iterator, "iterator";
        SPECIES, species, "species";
        TO_PRIMITIVE, to_primitive, "toPrimitive";
        TO_STRING_TAG, to_string_tag, "toStringTag";
        UNSCOPABLES, unscopables, "unscopables";
        COMPILE, compile, "compile";
        TEST, test, "test";
        BYTE_LENGTH, byte_length, "byteLength";
        BYTE_OFFSET, byte_offset, "byteOffset";
        BUFFER, buffer, "buffer";
        BYTES_PER_ELEMENT, bytes_per_element, "BYTES_PER_ELEMENT";
        MAX_BYTE_LENGTH, max_byte_length, "maxByteLength";
        RESIZABLE, resizable, "resizable";
        RESIZE, resize, "resize";
        DETACHED, detached, "detached";
        TRANSFER, transfer, "transfer";
        TRANSFER_TO_FIXED_LENGTH, transfer_to_fixed_length, "transferToFixedLength";
        IS_VIEW, is_view, "isView";
        SUBARRAY, subarray, "subarray";
        DROP, drop, "drop";
        TAKE, take, "take";
        TO_ARRAY, to_array, "toArray";
        ADOPT, adopt, "adopt";
        DEFER, defer, "defer";
        DISPOSED, disposed, "disposed";
        MOVE, move_, "move";
        USE, use_, "use";
        GET_TIME, get_time, "getTime";
        GET_FULL_YEAR, get_full_year, "getFullYear";
        GET_MONTH, get_month, "getMonth";
        GET_DATE, get_date, "getDate";
        GET_HOURS, get_hours, "getHours";
        GET_MINUTES, get_minutes, "getMinutes";
        GET_SECONDS, get_seconds, "getSeconds";
        GET_MILLISECONDS, get_milliseconds, "getMilliseconds";
        GET_DAY, get_day, "getDay";
        GET_TIMEZONE_OFFSET, get_timezone_offset, "getTimezoneOffset";
        SET_TIME, set_time, "setTime";
        SET_FULL_YEAR, set_full_year, "setFullYear";
        UTC, utc, "UTC";
        CAPTURE_STACK_TRACE, capture_stack_trace, "captureStackTrace";
        STACK_TRACE_LIMIT, stack_trace_limit, "stackTraceLimit";
        IS_ERROR, is_error, "isError";
        URL, url, "url";
        META, meta, "meta";
        MAIN, main, "main";
        FILENAME, filename, "filename";
        LINE_NUMBER, line_number, "lineNumber";
        COLUMN_NUMBER, column_number, "columnNumber";
        FILE_NAME, file_name, "fileName";
        CODE, code, "code";
        PORT, port, "port";
        BASE, base, "base";
    }
    symbols {
        SYMBOL_ASYNC_DISPOSE, symbol_async_dispose, "Symbol.asyncDispose";
        SYMBOL_ASYNC_ITERATOR, symbol_async_iterator, "Symbol.asyncIterator";
        SYMBOL_DISPOSE, symbol_dispose, "Symbol.dispose";
        SYMBOL_HAS_INSTANCE, symbol_has_instance, "Symbol.hasInstance";
        SYMBOL_IS_CONCAT_SPREADABLE, symbol_is_concat_spreadable, "Symbol.isConcatSpreadable";
        SYMBOL_ITERATOR, symbol_iterator, "Symbol.iterator";
        SYMBOL_MATCH, symbol_match, "Symbol.match";
        SYMBOL_MATCH_ALL, symbol_match_all, "Symbol.matchAll";
        SYMBOL_REPLACE, symbol_replace, "Symbol.replace";
        SYMBOL_SEARCH, symbol_search, "Symbol.search";
        SYMBOL_SPECIES, symbol_species, "Symbol.species";
        SYMBOL_SPLIT, symbol_split, "Symbol.split";
        SYMBOL_TO_PRIMITIVE, symbol_to_primitive, "Symbol.toPrimitive";
        SYMBOL_TO_STRING_TAG, symbol_to_string_tag, "Symbol.toStringTag";
        SYMBOL_UNSCOPABLES, symbol_unscopables, "Symbol.unscopables";
    }
}

impl Names {
    /// The key of a row.
    #[inline(always)]
    pub fn get(&self, name: Name) -> PropertyKey {
        self.as_slice()[name.index()]
    }

    /// All keys in the order of the table.
    #[inline(always)]
    pub fn as_slice(&self) -> &[PropertyKey; COUNT] {
        // SAFETY: `Names` is `repr(C)` and consists of exactly COUNT fields of type PropertyKey.
        unsafe { &*(self as *const Names).cast() }
    }

    /// Assembles the table from keys in its order.
    pub(crate) fn from_keys(keys: Box<[PropertyKey; COUNT]>) -> Box<Names> {
        // SAFETY: as in `as_slice`: same size, same alignment, every bit pattern of a key is a key.
        unsafe { Box::from_raw(Box::into_raw(keys).cast()) }
    }
}

impl Context {
    /// The key of a well-known name: `cx.name(names::LENGTH)`. With a fixed name, `cx.names().length` is the same.
    #[inline(always)]
    pub fn name(&self, name: Name) -> PropertyKey {
        self.names().get(name)
    }

    /// The interned string of a well-known name (for a symbol row: the empty string).
    pub fn name_string(&self, name: Name) -> Gc<JsString> {
        self.name(name).as_name().unwrap_or_else(|| self.empty_string())
    }

    /// A well-known symbol; `name` is one of the `SYMBOL_…` constants.
    pub fn well_known_symbol(&self, name: Name) -> Gc<Symbol> {
        self.name(name).as_symbol().expect("the row is a symbol")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_an_array_index_and_none_occurs_twice() {
        let mut seen = std::collections::HashSet::new();
        for name in Name::all().filter(|n| !n.is_symbol()) {
            assert!(name.text().parse::<u32>().is_err());
            assert!(seen.insert(name.text()), "{} occurs twice", name.text());
        }
        assert_eq!(LENGTH.text(), "length");
        assert_eq!(SYMBOL_ITERATOR.text(), "Symbol.iterator");
        assert!(SYMBOL_ITERATOR.is_symbol() && !PORT.is_symbol());
    }
}
