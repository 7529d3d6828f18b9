//! The op table: the one place that says which ops there are, what their operands are, and what they do.
//!
//! A row reads `Name { operand: Kind, … } [effects] feedback;` with its meaning as doc comment. Operand kinds are explained at
//! [`OperandKind`](crate::OperandKind); in the text `dst`, `a`, … stand for the registers' contents. Effects:
//!
//! * `throws`: may throw (a handler edge leaves it);
//! * `js`: may run arbitrary JS (getters, conversions, proxies, the callee), hence also throws and is a safepoint;
//! * `alloc`: allocates, hence a safepoint, and may throw when a memory limit is hit;
//! * `safepoint`: polls: collection and interrupts may happen;
//! * `end`: control does not fall through to the next instruction.
//!
//! An op that calls JS needs nothing done after the call but storing the result into `dst`, wherever that could be
//! had: so iteration protocols are spelt out in bytecode (`IterNext`, then `IterCall`, `CheckObject`, `GetNamed done`, …), the interpreter does not
//! recurse for them, and the JITs inline them with no machinery of their own.
//!
//! A jump operand is relative to the first unit of its own instruction.

/// Calls `$callback!` with all rows of the op table.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $callback! {
            // ---- Moves and constants ------------------------------------------------------------------------------

            /// `dst = src`.
            Move { dst: Dst, src: Src } [] None;
            /// `dst = undefined`.
            LoadUndefined { dst: Dst } [] None;
            /// `dst = null`.
            LoadNull { dst: Dst } [] None;
            /// `dst = true`.
            LoadTrue { dst: Dst } [] None;
            /// `dst = false`.
            LoadFalse { dst: Dst } [] None;
            /// `dst = empty`, the mark of a binding in its temporal dead zone (and of a hole); never seen by scripts.
            LoadEmpty { dst: Dst } [] None;
            /// `dst = value`, an int32.
            LoadInt { dst: Dst, value: I16 } [] None;
            /// `dst = value`, an int32.
            LoadInt32 { dst: Dst, value: I32 } [] None;
            /// `dst = constants[value]`: a number, string or BigInt.
            LoadConst { dst: Dst, value: Const } [] None;

            // ---- Checks ---------------------------------------------------------------------------------------------

            /// ReferenceError "cannot access `name` before initialization" if `src` is `empty`.
            CheckTdz { src: Src, name: Const } [throws] None;
            /// ReferenceError if `this` (in `src`) is `empty`: `super()` has not returned yet.
            CheckThis { src: Src } [throws] None;
            /// ReferenceError if `src` is not `empty`: `super()` was called twice.
            CheckThisUnbound { src: Src } [throws] None;
            /// TypeError if `src` is not an object. `what`: 0 iterator result, 1 iterator, 2 result of an iterator's `return`.
            CheckObject { what: Imm8, src: Src } [throws] None;
            /// RequireObjectCoercible: TypeError if `src` is undefined or null (destructuring).
            CheckCoercible { src: Src } [throws] None;
            /// TypeError if `src` is not callable; `name` (a string constant) says what was expected to be.
            CheckCallable { src: Src, name: Const } [throws] None;
            /// Throws a new error of kind `kind` (an [`ErrorKind`](crate::ErrorKind)) with the string constant `message`.
            ThrowError { kind: Imm8, message: Const } [throws end] None;
            /// TypeError: assignment to the constant `name`.
            ThrowConstAssign { name: Const } [throws end] None;
            /// Throws `src`.
            Throw { src: Src } [throws end] None;

            // ---- Scopes ---------------------------------------------------------------------------------------------

            /// `dst` = a new scope of shape `scopes[scope]` with parent `parent` (a scope, or null). Slots of lexical variables
            /// start `empty`, all others undefined.
            NewScope { dst: Dst, parent: Src, scope: Scope } [alloc] None;
            /// `dst` = a new scope with the parent, template and slot values of `src` (CreatePerIterationEnvironment).
            CloneScope { dst: Dst, src: Src } [alloc] None;
            /// `dst` = slot `index` of the scope `depth` parent links above `scope` (0: `scope` itself).
            LoadScoped { dst: Dst, scope: Src, depth: U16, index: U16 } [] None;
            /// `LoadScoped`, then `CheckTdz dst, name`.
            LoadScopedChecked { dst: Dst, scope: Src, depth: U16, index: U16, name: Const } [throws] None;
            /// Slot `index` of that scope = `src`.
            StoreScoped { src: Src, scope: Src, depth: U16, index: U16 } [] None;
            /// `StoreScoped`, but a ReferenceError if the slot is `empty`.
            StoreScopedChecked { src: Src, scope: Src, depth: U16, index: U16, name: Const } [throws] None;
            /// Reads an import: slot `index` of the module's scope holds an import cell (target scope, target slot) that
            /// linking put there; `dst` = the target's value, ReferenceError for `name` if that is `empty`.
            LoadImport { dst: Dst, scope: Src, depth: U16, index: U16, name: Const } [throws] None;

            // ---- Names looked up at run time (inside `with`, or where sloppy direct eval may add variables) -----------------

            /// Looks `name` up from `scope` outwards (scopes by their templates' names, `with` objects with @@unscopables, variables
            /// that eval added, then the global scopes). `dst` = its value; ReferenceError if unresolvable or in its dead zone.
            LoadName { dst: Dst, scope: Src, name: Const, slot: Slot } [js] GetGlobal;
            /// `dst = typeof name`: "undefined" if unresolvable.
            TypeofName { dst: Dst, scope: Src, name: Const, slot: Slot } [js] GetGlobal;
            /// The same lookup for a call: `block+0` = the value, `block+5` = the `with` object that holds it, else undefined.
            LoadNameForCall { block: BlockOut, scope: Src, name: Const, slot: Slot } [js] GetGlobal;
            /// Resolves without reading: `dst` = the scope cell that binds `name` (a `with` scope stands for its object), null if the
            /// global scopes bind it, undefined if nothing does. Never shown to scripts; operand of the next two.
            ResolveName { dst: Dst, scope: Src, name: Const } [js] None;
            /// GetValue of a reference that `ResolveName` made. For a `with` object: HasProperty again, then Get, as the specification says.
            LoadResolved { strict: Imm8, dst: Dst, resolved: Src, name: Const } [js] None;
            /// PutValue to such a reference. Constants throw a TypeError (function-name bindings only if `strict` is 1), dead zones
            /// a ReferenceError; unresolvable: ReferenceError if `strict`, else a new global property.
            StoreResolved { strict: Imm8, resolved: Src, name: Const, src: Src } [js] None;
            /// `dst = delete name` (sloppy code only): removes properties of `with` objects and of the global object, and
            /// variables that eval added; false for every other binding, true if unresolvable.
            DeleteName { dst: Dst, scope: Src, name: Const } [js] None;

            // ---- Globals ----------------------------------------------------------------------------------------------

            /// GlobalDeclarationInstantiation (ECMA-262 16.1.7) with the template's `globals`; its functions are closures over
            /// `closure_scope` (a scope, or null).
            DeclareGlobals { closure_scope: Src } [js] None;
            /// EvalDeclarationInstantiation (19.2.1.3) for sloppy eval code: declares `globals.var_names` and `globals.functions` (closures over
            /// `closure_scope`) as deletable variables of the nearest scope outwards from `scope` with an
            /// [`VarKind::EvalVars`](crate::VarKind) slot, or of the global object. (Conflicts with lexical names of functions were found at compile time.)
            DeclareEvalVars { scope: Src, closure_scope: Src } [js] None;
            /// `dst` = the global variable `name`: the realm's script declarations first, then the global object. ReferenceError if
            /// unresolvable or in its dead zone.
            GetGlobal { dst: Dst, name: Const, slot: Slot } [js] GetGlobal;
            /// `dst = typeof name` for a global variable: "undefined" if unresolvable.
            TypeofGlobal { dst: Dst, name: Const, slot: Slot } [js] GetGlobal;
            /// `dst` = whether the global variable `name` exists (in its dead zone too).
            HasGlobal { dst: Dst, name: Const, slot: Slot } [js] GetGlobal;
            /// Assigns to the global variable `name`. `strict` 1: ReferenceError if unresolvable; 0: becomes a property. Constants throw a TypeError.
            SetGlobal { strict: Imm8, name: Const, src: Src, slot: Slot } [js] SetGlobal;
            /// Initializes the script's own let/const/class `name`, which is in its dead zone.
            InitGlobal { name: Const, src: Src, slot: Slot } [] SetGlobal;

            // ---- Properties -------------------------------------------------------------------------------------------

            /// `dst = obj.name`.
            GetNamed { dst: Dst, obj: Src, name: Const, slot: Slot } [js] GetNamed;
            /// `dst = obj.length`.
            GetLength { dst: Dst, obj: Src, slot: Slot } [js] GetNamed;
            /// `block+0 = obj.name`, `block+5 = obj`: the method and receiver of a coming call.
            GetMethod { block: BlockOut, obj: Src, name: Const, slot: Slot } [js] GetNamed;
            /// `obj.name = src`. `strict` 1: a refused assignment is a TypeError.
            SetNamed { strict: Imm8, obj: Src, name: Const, src: Src, slot: Slot } [js] SetNamed;
            /// `dst = obj[key]`.
            GetElem { dst: Dst, obj: Src, key: Src, slot: Slot } [js] GetElem;
            /// `dst = obj[key]` for `obj[key] op= …`: also `new_key` = ToPropertyKey(key) (a Number stays one), so that the `SetElem`
            /// that follows converts no more. A null or undefined `obj` throws before `key` is converted.
            GetElemUpdate { dst: Dst, new_key: Dst, obj: Src, key: Src, slot: Slot } [js] GetElem;
            /// `block+0 = obj[key]`, `block+5 = obj`.
            GetMethodElem { block: BlockOut, obj: Src, key: Src, slot: Slot } [js] GetElem;
            /// `obj[key] = src`. A null or undefined `obj` throws before `key` is converted.
            SetElem { strict: Imm8, obj: Src, key: Src, src: Src, slot: Slot } [js] SetElem;
            /// `dst = delete obj.name`. `strict` 1: a refused deletion is a TypeError.
            DeleteNamed { strict: Imm8, dst: Dst, obj: Src, name: Const, slot: Slot } [js] Delete;
            /// `dst = delete obj[key]`.
            DeleteElem { strict: Imm8, dst: Dst, obj: Src, key: Src, slot: Slot } [js] Delete;
            /// `dst = key in obj`; TypeError if `obj` is not an object.
            In { dst: Dst, key: Src, obj: Src, slot: Slot } [js] Has;
            /// `dst = a instanceof b`.
            InstanceOf { dst: Dst, a: Src, b: Src, slot: Slot } [js] InstanceOf;

            /// `dst` = the callee's (r0's) [[HomeObject]].
            LoadHomeObject { dst: Dst } [] None;
            /// `dst` = `home.[[GetPrototypeOf]]()`, the base of `super.x`.
            GetSuperBase { dst: Dst, home: Src } [js] None;
            /// `dst` = property `key` of `base` with receiver `this`; TypeError if `base` is null. `key` is not yet a property key.
            GetSuper { dst: Dst, base: Src, key: Src, this: Src, slot: Slot } [js] GetElem;
            /// Sets property `key` of `base` with receiver `this`.
            SetSuper { strict: Imm8, base: Src, key: Src, this: Src, src: Src, slot: Slot } [js] SetElem;

            /// `dst` = a new private name with the description `name` ("#x").
            NewPrivateName { dst: Dst, name: Const } [alloc] None;
            /// `dst` = the private element `key` (a private name) of `obj`; TypeError if it has none. Accessors are called.
            GetPrivate { dst: Dst, obj: Src, key: Src, slot: Slot } [js] GetElem;
            /// Assigns to a private field or accessor; TypeError if there is none, or for a method.
            SetPrivate { obj: Src, key: Src, src: Src, slot: Slot } [js] SetElem;
            /// Adds a private element; TypeError if `obj` has it already. `what`: 0 field, 1 method (read-only), 2 getter, 3 setter
            /// (a getter and a setter of one name join).
            DefinePrivate { what: Imm8, obj: Src, key: Src, src: Src, slot: Slot } [throws alloc] DefineElem;
            /// `dst = #key in obj`; TypeError if `obj` is not an object.
            HasPrivate { dst: Dst, obj: Src, key: Src, slot: Slot } [throws] Has;

            // ---- Literals and definitions ------------------------------------------------------------------------------

            /// `dst = {}`.
            NewObject { dst: Dst, slot: Slot } [alloc] Literal;
            /// `dst` = a new object with the keys `key_lists[keys]` (distinct, no index keys, not `__proto__`) and the values in the registers from `values` on.
            NewObjectFrom { dst: Dst, values: Run, count: Count, keys: Keys, slot: Slot } [alloc] Literal;
            /// `dst` = a new array with room for `capacity` elements and length 0.
            NewArray { dst: Dst, capacity: U16, slot: Slot } [alloc] Literal;
            /// `dst` = a new array of the `count` registers from `values` on; `empty` is a hole.
            NewArrayFrom { dst: Dst, values: Run, count: Count, slot: Slot } [alloc] Literal;
            /// `dst` = a new array of the constants `key_lists[keys]` (numbers, strings, [`Constant`](crate::Constant) singletons; a `Hole` is a hole).
            NewArrayConst { dst: Dst, keys: Keys, slot: Slot } [alloc] Literal;
            /// Appends `src` to the array `array` (made by the ops above; no JS can observe it).
            ArrayPush { array: Src, src: Src } [alloc] None;
            /// Appends a hole: the length grows by one.
            ArrayHole { array: Src } [alloc] None;
            /// If iterating `src` cannot be observed (an Array, iteration protocol pristine), appends its elements to `array` and jumps;
            /// else falls through to the generic loop.
            ArraySpread { array: Src, src: Src, target: Jump, slot: Slot } [alloc] Iterate;
            /// CreateDataPropertyOrThrow(obj, name, src): properties of literals, public class fields.
            DefineNamed { obj: Src, name: Const, src: Src, slot: Slot } [js] DefineNamed;
            /// The same with a computed key, a property key already (`ToPropertyKey`) or a number.
            DefineElem { obj: Src, key: Src, src: Src, slot: Slot } [js] DefineElem;
            /// Defines a method (`what` 0), getter (1) or setter (2) on `obj`. Adds 4 to `what` if enumerable (object literals). `key` is a property key.
            /// The function's home object is set apart (`SetHomeObject`).
            DefineMethod { what: Imm8, obj: Src, key: Src, func: Src } [throws alloc] None;
            /// `func.[[HomeObject]] = obj`.
            SetHomeObject { func: Src, obj: Src } [] None;
            /// `__proto__: value` in a literal: sets the prototype if `value` is an object or null, else does nothing.
            SetProto { obj: Src, value: Src } [] None;
            /// SetFunctionName(func, key, prefix): `prefix` 0 none, 1 "get", 2 "set". `key` is a property key, a Number or a private name. Also for classes,
            /// before their methods are defined. Does nothing if `func` is not an anonymous function made just before.
            SetFunctionName { prefix: Imm8, func: Src, key: Src } [alloc] None;
            /// CopyDataProperties(target, source, excluded): own enumerable properties; `excluded` is a run of property keys.
            /// Undefined and null have none.
            CopyDataProperties { target: Src, source: Src, excluded: Run, count: Count } [js] None;
            /// `dst` = a new RegExp; `pattern` and `flags` are string constants, validated by the front end.
            NewRegExp { dst: Dst, pattern: Const, flags: Const, slot: Slot } [alloc] Literal;
            /// `dst` = the call-site object of a tagged template: one for each site and realm, kept in the slot. `key_lists[keys]` holds the cooked strings
            /// (`Constant::Undefined` for invalid escapes), then as many raw ones.
            TemplateObject { dst: Dst, keys: Keys, slot: Slot } [alloc] Literal;
            /// `dst` = a closure of `functions[func]` over `scope` (a scope, or null).
            Closure { dst: Dst, func: Func, scope: Src, slot: Slot } [alloc] Closure;
            /// ClassDefinitionEvaluation up to the elements: `dst` = the constructor, a closure of `functions[func]` over `scope`, `dst+1` = the new
            /// prototype object; home objects, `prototype` and `constructor` set. `heritage` is `empty` if there is no `extends`; else TypeError if it is
            /// neither null nor a constructor or has a bad `prototype`.
            DefineClass { dst: DstPair, func: Func, scope: Src, heritage: Src } [js] None;
            /// `ctor.[[ClassInit]] = init`: the function that adds private methods and fields to its `this`. Its home object is the prototype.
            SetClassInit { ctor: Src, init: Src } [] None;
            /// If `ctor` has a [[ClassInit]]: `block+0` = it, `block+5 = this`; else jumps.
            GetClassInit { block: BlockOut, ctor: Src, this: Src, target: Jump } [] None;

            // ---- Conversions -------------------------------------------------------------------------------------------

            /// `dst` = ToPropertyKey(src): a string, symbol, or (equal to its string) an int32.
            ToPropertyKey { dst: Dst, src: Src } [js] None;
            /// `dst` = ToNumeric(src): a Number or BigInt.
            ToNumeric { dst: Dst, src: Src, slot: Slot } [js] Arith;
            /// `dst` = ToNumber(src): unary plus.
            ToNumber { dst: Dst, src: Src, slot: Slot } [js] Arith;
            /// `dst` = ToString(src): substitutions of template literals (a Symbol is a TypeError).
            ToString { dst: Dst, src: Src } [js] None;
            /// `dst` = ToObject(src): `with`. TypeError for undefined and null.
            ToObject { dst: Dst, src: Src } [throws alloc] None;
            /// `dst` = the `this` of a sloppy function: undefined and null become the global object, primitives objects.
            CoerceThis { dst: Dst, src: Src } [alloc] None;
            /// `dst` = the `count` strings from `values` on, joined.
            Concat { dst: Dst, values: Run, count: Count } [throws alloc] None;

            // ---- Arithmetic ---------------------------------------------------------------------------------------------

            /// `dst = a + b`.
            Add { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a - b`.
            Sub { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a * b`.
            Mul { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a / b`.
            Div { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a % b`.
            Mod { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a ** b`.
            Exp { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a & b`.
            BitAnd { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a | b`.
            BitOr { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a ^ b`.
            BitXor { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a << b`.
            Shl { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a >> b`.
            Shr { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a >>> b`.
            UShr { dst: Dst, a: Src, b: Src, slot: Slot } [js] Arith;
            /// `dst = a + imm` (a string `a` concatenates).
            AddImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a - imm`.
            SubImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a * imm`.
            MulImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a / imm`.
            DivImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a % imm`.
            ModImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a & imm`.
            BitAndImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a | imm`.
            BitOrImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a ^ imm`.
            BitXorImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a << imm`, 0 ≤ imm < 32.
            ShlImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a >> imm`, 0 ≤ imm < 32.
            ShrImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = a >>> imm`, 0 ≤ imm < 32.
            UShrImm { dst: Dst, a: Src, imm: I16, slot: Slot } [js] Arith;
            /// `dst = ToNumeric(a) + 1`.
            Inc { dst: Dst, a: Src, slot: Slot } [js] Arith;
            /// `dst = ToNumeric(a) - 1`.
            Dec { dst: Dst, a: Src, slot: Slot } [js] Arith;
            /// `dst = -a`.
            Neg { dst: Dst, a: Src, slot: Slot } [js] Arith;
            /// `dst = ~a`.
            BitNot { dst: Dst, a: Src, slot: Slot } [js] Arith;
            /// `dst = !a`.
            Not { dst: Dst, a: Src } [] None;
            /// `dst = typeof a`, a string.
            TypeOf { dst: Dst, a: Src } [] None;
            /// `dst` = whether `typeof a` is the type `what`: 0 undefined, 1 object, 2 boolean, 3 number, 4 string, 5 symbol, 6 bigint, 7 function.
            TypeOfIs { what: Imm8, dst: Dst, a: Src } [] None;

            // ---- Comparison -------------------------------------------------------------------------------------------

            /// `dst = a == b`.
            Eq { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;
            /// `dst = a != b`.
            NotEq { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;
            /// `dst = a === b`.
            StrictEq { dst: Dst, a: Src, b: Src, slot: Slot } [] Compare;
            /// `dst = a !== b`.
            StrictNotEq { dst: Dst, a: Src, b: Src, slot: Slot } [] Compare;
            /// `dst = a < b`.
            Less { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;
            /// `dst = a <= b`.
            LessEq { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;
            /// `dst = a > b`.
            Greater { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;
            /// `dst = a >= b`.
            GreaterEq { dst: Dst, a: Src, b: Src, slot: Slot } [js] Compare;

            // ---- Jumps ------------------------------------------------------------------------------------------------

            /// Jumps (forwards; loops use `LoopBack`).
            Jump { target: Jump } [end] None;
            /// The back-edge of a loop: jumps backwards to its head; polls, and counts iterations in the slot (entry to compiled code).
            LoopBack { target: Jump, slot: Slot } [safepoint throws end] Loop;
            /// Jumps if ToBoolean(a).
            JumpIfTrue { a: Src, target: Jump } [] None;
            /// Jumps if not ToBoolean(a).
            JumpIfFalse { a: Src, target: Jump } [] None;
            /// Jumps if `a` is undefined or null.
            JumpIfNullish { a: Src, target: Jump } [] None;
            /// Jumps if `a` is neither undefined nor null.
            JumpIfNotNullish { a: Src, target: Jump } [] None;
            /// Jumps if `a` is undefined.
            JumpIfUndefined { a: Src, target: Jump } [] None;
            /// Jumps if `a` is not undefined.
            JumpIfNotUndefined { a: Src, target: Jump } [] None;
            /// Jumps if `a` is null.
            JumpIfNull { a: Src, target: Jump } [] None;
            /// Jumps if `a` is not null.
            JumpIfNotNull { a: Src, target: Jump } [] None;
            /// Jumps if `a == b`.
            JumpIfEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a != b`.
            JumpIfNotEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a === b`.
            JumpIfStrictEq { a: Src, b: Src, target: Jump, slot: Slot } [] Compare;
            /// Jumps if `a !== b`.
            JumpIfStrictNotEq { a: Src, b: Src, target: Jump, slot: Slot } [] Compare;
            /// Jumps if `a < b`.
            JumpIfLess { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a <= b`.
            JumpIfLessEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a > b`.
            JumpIfGreater { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a >= b`.
            JumpIfGreaterEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a < b` (which NaN makes different from `a >= b`).
            JumpIfNotLess { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a <= b`.
            JumpIfNotLessEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a > b`.
            JumpIfNotGreater { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a >= b`.
            JumpIfNotGreaterEq { a: Src, b: Src, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a == imm`.
            JumpIfEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a != imm`.
            JumpIfNotEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a === imm`.
            JumpIfStrictEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [] Compare;
            /// Jumps if `a !== imm`.
            JumpIfStrictNotEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [] Compare;
            /// Jumps if `a < imm`.
            JumpIfLessImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a <= imm`.
            JumpIfLessEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a > imm`.
            JumpIfGreaterImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if `a >= imm`.
            JumpIfGreaterEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a < imm`.
            JumpIfNotLessImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a <= imm`.
            JumpIfNotLessEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a > imm`.
            JumpIfNotGreaterImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// Jumps if not `a >= imm`.
            JumpIfNotGreaterEqImm { a: Src, imm: I16, target: Jump, slot: Slot } [js] Compare;
            /// If `src` is a Number equal to an integer that `switch_tables[table]` maps, jumps there; else falls through.
            SwitchTable { src: Src, table: Table } [] None;

            // ---- Calls ------------------------------------------------------------------------------------------------

            /// `dst` = call of `block+0` with `this` undefined (the op stores it) and `argc` arguments.
            Call { dst: Dst, block: Block, argc: Argc, slot: Slot } [js] Call;
            /// `dst` = call of `block+0` with the `this` in `block+5`.
            CallMethod { dst: Dst, block: Block, argc: Argc, slot: Slot } [js] Call;
            /// Proper tail call: `Call`, whose result this frame returns. Strict code only, outside try. In a frame that `new` made the VM
            /// calls and returns as usual (its result is checked).
            TailCall { block: Block, argc: Argc, slot: Slot } [js end] Call;
            /// Proper tail call with a receiver.
            TailCallMethod { block: Block, argc: Argc, slot: Slot } [js end] Call;
            /// `dst` = `new block+0(…)`; new.target is the callee; TypeError if it is no constructor. `block+5` need not be set.
            Construct { dst: Dst, block: Block, argc: Argc, slot: Slot } [js] Construct;
            /// `dst` = Construct(block+0, arguments, new_target), for `super(…)`; TypeError if `block+0` is no constructor.
            SuperCall { dst: Dst, block: Block, argc: Argc, new_target: Src, slot: Slot } [js] Construct;
            /// `dst` = `func.[[GetPrototypeOf]]()`: the constructor that `super(…)` in the constructor `func` calls.
            GetSuperConstructor { dst: Dst, func: Src } [] None;
            /// `dst` = call of `block+0` with the `this` in `block+5` and the elements of `args`, an array made by the ops above.
            CallSpread { dst: Dst, block: Block, args: Src, slot: Slot } [js] Call;
            /// `dst` = Construct(block+0, elements of `args`, new_target); `new_target` may be `block` itself.
            ConstructSpread { dst: Dst, block: Block, args: Src, new_target: Src, slot: Slot } [js] Construct;
            /// If `block+0` is the realm's %eval%: `dst` = direct eval of the first argument in `scope` under `evals[eval]` (undefined if `argc` is 0);
            /// else `CallMethod` (the `this` in `block+5` is set). Eval code finds `this`, `new.target` and home object in its scopes.
            DirectEval { dst: Dst, block: Block, argc: Argc, scope: Src, eval: Eval, slot: Slot } [js] Call;
            /// The same with the elements of `args`.
            DirectEvalSpread { dst: Dst, block: Block, args: Src, scope: Src, eval: Eval, slot: Slot } [js] Call;
            /// `dst` = runtime function `name` (a string constant) of the `argc` registers from `args` on: `%Name(…)`.
            CallRuntime { dst: Dst, name: Const, args: Run, count: Count, slot: Slot } [js] Runtime;
            /// Returns `src`. In a constructor call the VM returns `this` unless `src` is an object.
            Return { src: Src } [end] None;
            /// Returns undefined.
            ReturnUndefined {} [end] None;
            /// The value that a derived constructor returns: `dst` = `value` if it is an object; if it is undefined `this`, or a ReferenceError
            /// if that is `empty`; else TypeError.
            CheckConstructorReturn { dst: Dst, value: Src, this: Src } [throws] None;
            /// `dst` = an arguments object that shares nothing with parameters. `sloppy` 1: with `callee`; 0: `callee` is the throwing accessor.
            CreateArguments { sloppy: Imm8, dst: Dst } [alloc] None;
            /// `dst` = a sloppy arguments object whose elements alias slots of `scope` as the template's `mapped_params` say (slot for each parameter;
            /// only parameters that were passed).
            CreateMappedArguments { dst: Dst, scope: Src } [alloc] None;
            /// `dst` = an array of the arguments from number `first` on.
            CreateRest { dst: Dst, first: U16 } [alloc] None;
            /// `dst` = `import(specifier, options)`, a promise; `options` undefined if absent. Abrupt conversions reject.
            ImportCall { dst: Dst, specifier: Src, options: Src } [js] None;
            /// `dst` = `import.meta` of this module.
            ImportMeta { dst: Dst } [js] None;

            // ---- Iteration --------------------------------------------------------------------------------------------

            /// If iterating `src` cannot be observed (an Array, iteration protocol pristine): fills the record `iter` for the fast path and jumps;
            /// else falls through to `GetIterMethod`, `CallMethod`, `CheckObject`, `GetNamed next`.
            IterFast { iter: IterOut, src: Src, target: Jump, slot: Slot } [] Iterate;
            /// `block+0 = src[@@iterator]`, `block+5 = src`; TypeError if it is not callable.
            GetIterMethod { block: BlockOut, src: Src, slot: Slot } [js] GetNamed;
            /// `block+0 = src[@@asyncIterator]`, `block+5 = src`; if that is undefined or null, jumps (to a sync iteration and
            /// `AsyncFromSync`); TypeError if it is not callable.
            GetAsyncIterMethod { block: BlockOut, src: Src, target: Jump, slot: Slot } [js] GetNamed;
            /// Replaces the sync record `iter` by CreateAsyncFromSyncIterator of it.
            AsyncFromSync { iter: Iter } [alloc] None;
            /// One step on the fast path: an element: `dst` = it, jumps to `body`; at the end: jumps to `done`. A record that is not on
            /// the fast path, and whose `next` is not the library's for its iterator: falls through to `IterCall`, `CheckObject`, `GetNamed done`, `JumpIfTrue`, `GetNamed value`.
            IterNext { dst: Dst, iter: Iter, body: Jump, done: Jump, slot: Slot } [] Iterate;
            /// `dst` = call of `iter+1` (the `next` method) with `this` = `iter` and no arguments; the op builds the call block at `block`.
            IterCall { dst: Dst, iter: Iter, block: BlockOut, slot: Slot } [js] Call;
            /// For closing: `block+0` = the iterator's `return` method, `block+5` = the iterator; jumps if it is undefined or null, or if the
            /// record is on the fast path.
            GetIterReturn { block: BlockOut, iter: Iter, target: Jump, slot: Slot } [js] GetNamed;
            /// `dst` = an enumerator of the string keys of `src` (for-in); jumps if `src` is undefined or null.
            ForInStart { dst: Dst, src: Src, target: Jump, slot: Slot } [js] Iterate;
            /// `dst` = the enumerator's next key that is still there; jumps if there is none.
            ForInNext { dst: Dst, iter: Src, target: Jump, slot: Slot } [js] Iterate;

            // ---- Generators and async functions ---------------------------------------------------------------------------
            //
            // `coroutine` is the register of the coroutine: the generator object, or for async functions a cell with the promise. Suspension
            // copies the frame's registers to the heap; resumption copies them back.

            /// Generators, after the parameters are bound: creates the generator object (its prototype from r0.prototype) in `coroutine`, suspends,
            /// returns it to the caller. The first `next` resumes after this op (abrupt resumptions before it never run the body).
            CreateGenerator { coroutine: Dst } [js] None;
            /// Async functions and modules with top-level await, at entry: `coroutine` = a coroutine with a new promise.
            AsyncStart { coroutine: Dst } [alloc] None;
            /// Suspends a generator with `src` (wrapped in {value, done: false} by the resumer). `next(v)`: `dst = v`, falls through.
            /// `return(v)`: `dst = v`, jumps to `on_return`. `throw(e)`: throws e here. In an async generator `src` was awaited.
            Yield { dst: Dst, src: Src, coroutine: Src, on_return: Jump } [js] None;
            /// Suspends a generator in `yield*`: in a sync generator `src` is the inner result object, given to the resumer as it is; in an async
            /// generator it is the value (no await of it). Resumption: `dst` = the value, `mode` = int 0 next, 1 throw, 2 return.
            YieldDelegate { dst: Dst, mode: Dst, src: Src, coroutine: Src } [js] None;
            /// Suspends until PromiseResolve(src) settles: `dst` = the value, or throws the reason here.
            Await { dst: Dst, src: Src, coroutine: Src } [js] None;
            /// Completes a sync generator with {value: src, done: true}.
            GeneratorReturn { src: Src, coroutine: Src } [end] None;
            /// Completes a sync generator and throws `src` to the resumer.
            GeneratorThrow { src: Src, coroutine: Src } [throws end] None;
            /// Completes an async function: resolves its promise with `src` (before the first suspension the promise is then returned to the caller). An
            /// async generator: settles the current request with {value: src, done: true} and drains the queue.
            AsyncReturn { src: Src, coroutine: Src } [js end] None;
            /// The same with a rejection.
            AsyncThrow { src: Src, coroutine: Src } [js end] None;

            // ---- Explicit resource management -----------------------------------------------------------------------------

            /// `dst` = an empty stack of resources.
            NewDisposeStack { dst: Dst } [alloc] None;
            /// AddDisposableResource(stack, src, hint): `hint` 0 sync-dispose, 1 async-dispose. Undefined and null are skipped (async: remembered as
            /// an await). TypeError if there is no such method.
            AddDisposable { hint: Imm8, stack: Src, src: Src } [js] None;
            /// Takes the last resource: `block+0` = its dispose method (undefined if an await alone is due), `block+5` = the resource, `is_async` = a boolean: await the
            /// result. Jumps if the stack is empty.
            DisposeNext { block: BlockOut, stack: Src, is_async: Dst, target: Jump } [] None;
            /// `dst` = a SuppressedError with `error` and `suppressed`.
            NewSuppressedError { dst: Dst, error: Src, suppressed: Src } [alloc] None;

            // ---- Others -------------------------------------------------------------------------------------------------

            /// The `debugger` statement: nothing, unless a debugger listens.
            Debugger {} [safepoint] None;
        }
    };
}
