//! Function templates: plain data (`Send + Sync`), made by the front end on any thread, instantiated by the VM.

use crate::text::JsStr;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A source text with a name, shared by all templates made from it.
#[derive(Debug, Default)]
pub struct Source {
    /// File name, URL, or a label such as `<eval>`.
    pub name: String,
    /// The text, UTF-8.
    pub text: String,
    /// What `import()` is relative to, where that is not the name: the script or module that called `eval`.
    pub referrer: Option<String>,
    /// Characters from [`LONE`] on stand for lone surrogates.
    has_lone_surrogates: bool,
    lines: OnceLock<Box<[u32]>>,
}

/// The last 2,048 code points, which are for private use, stand for the lone surrogates of a source that has some and none of these.
/// They mean the same to the parser: no identifier has them, and anything else may contain them.
const LONE: u32 = 0x10F800;
const SURROGATES: std::ops::Range<u32> = 0xD800..0xE000;

impl Source {
    /// A source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), ..Source::default() }
    }

    /// A source from UTF-16, whose lone surrogates [`Source::restore`] brings back. (A text that uses the code points that stand
    /// for them gets U+FFFD instead.)
    pub fn from_utf16(name: impl Into<String>, units: impl Iterator<Item = u16> + Clone) -> Source {
        let decoded = || char::decode_utf16(units.clone());
        let has_lone_surrogates = decoded().any(|c| c.is_err()) && !decoded().flatten().any(|c| c as u32 >= LONE);
        let stand_in = |lone: std::char::DecodeUtf16Error| {
            let code = LONE + (u32::from(lone.unpaired_surrogate()) - SURROGATES.start);
            char::from_u32(code).filter(|_| has_lone_surrogates).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        let text: String = decoded().map(|c| c.unwrap_or_else(stand_in)).collect();
        Source { has_lone_surrogates, ..Source::new(name, text) }
    }

    /// With what [`Source::referrer`] says.
    pub fn with_referrer(self, referrer: Option<String>) -> Source {
        Source { referrer, ..self }
    }

    /// A string of the source as the program wrote it.
    pub fn restore(&self, text: JsStr) -> JsStr {
        if !self.has_lone_surrogates {
            return text;
        }
        let mut units = Vec::with_capacity(text.len());
        for c in char::decode_utf16(text.units()) {
            match c {
                Ok(c) if c as u32 >= LONE => units.push((c as u32 - LONE + SURROGATES.start) as u16),
                Ok(c) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                Err(lone) => units.push(lone.unpaired_surrogate()),
            }
        }
        JsStr::from_units(&units)
    }

    /// Line and column, both from 1, of a byte offset; the column counts UTF-16 code units. Line ends are those of ECMA-262 12.3.
    pub fn position(&self, offset: u32) -> Position {
        let lines = self.line_starts();
        let line = lines.partition_point(|&start| start <= offset).max(1);
        let start = lines[line - 1] as usize;
        let end = (offset as usize).clamp(start, self.text.len());
        let column = self.text.as_bytes()[start..end]
            .iter()
            // One unit a character, two for those of four bytes; continuation bytes count nothing.
            .map(|&b| u32::from(b & 0xC0 != 0x80) + u32::from(b >= 0xF0))
            .sum::<u32>();
        Position { line: line as u32, column: column + 1 }
    }

    /// The line, from 1, of a byte offset.
    pub fn line_number(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|&start| start <= offset).max(1) as u32
    }

    /// The text of a line (from 1), without its end; empty if there is no such line.
    pub fn line(&self, line: u32) -> &str {
        let lines = self.line_starts();
        let Some(&start) = (line as usize).checked_sub(1).and_then(|i| lines.get(i)) else {
            return "";
        };
        let end = lines.get(line as usize).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r', '\u{2028}', '\u{2029}'])
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut starts = vec![0];
            for (i, &byte) in bytes.iter().enumerate() {
                let ends = match byte {
                    b'\n' => true,
                    b'\r' => bytes.get(i + 1) != Some(&b'\n'),
                    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
                    0xA8 | 0xA9 => i >= 2 && bytes[i - 2..i] == [0xE2, 0x80],
                    _ => false,
                };
                if ends {
                    starts.push(i as u32 + 1);
                }
            }
            starts.into()
        })
    }
}

/// A place in a source, both numbers from 1; the column in UTF-16 code units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// What a template is the code of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum FunctionKind {
    /// A script.
    Script,
    /// A module body.
    Module,
    /// Eval code, direct or indirect. Runs like an arrow function: `this` comes from the scopes, at global level from r5.
    Eval,
    /// A function declaration or expression, also generator or async by the flags.
    Normal,
    /// An arrow function.
    Arrow,
    /// A method, also generator or async.
    Method,
    /// A getter.
    Getter,
    /// A setter.
    Setter,
    /// The constructor of a class without `extends`.
    ClassConstructor,
    /// The constructor of a class with `extends`.
    DerivedConstructor,
    /// The function that adds a class's instance fields and private methods to `this` ([[ClassInit]]).
    ClassInit,
    /// Static fields and static blocks of a class: called once with the class as `this`.
    StaticInit,
}

/// Bits of [`Template::flags`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct TemplateFlags(pub u32);

macro_rules! flags {
    ($ty:ident: $($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl $ty {
            $($(#[$doc])* pub const $name: $ty = $ty(1 << $bit);)*
            const NAMES: &'static [(&'static str, $ty)] = &[$((stringify!($name), $ty::$name),)*];

            /// Whether all bits of `other` are set.
            pub const fn contains(self, other: $ty) -> bool {
                self.0 & other.0 == other.0
            }
            /// Sets or clears the bits of `other`.
            pub fn set(&mut self, other: $ty, on: bool) {
                if on { self.0 |= other.0 } else { self.0 &= !other.0 }
            }
        }
        impl std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut names = $ty::NAMES.iter().filter(|n| self.contains(n.1)).map(|n| n.0);
                if let Some(first) = names.next() {
                    f.write_str(first)?;
                }
                names.try_for_each(|name| write!(f, "|{name}"))
            }
        }
    };
}

flags! { TemplateFlags:
    /// Strict mode code.
    STRICT = 0;
    /// An async function, async generator, or module with top-level await.
    ASYNC = 1;
    /// A generator.
    GENERATOR = 2;
    /// A call keeps arguments beyond the parameters.
    USES_EXTRA_ARGS = 3;
    /// Contains a direct eval: its scopes bind every name.
    HAS_DIRECT_EVAL = 4;
    /// The body, or an arrow function or eval in it, uses `this`.
    USES_THIS = 5;
    /// Built into the engine: no source text, not a constructor, `function name() { [native code] }`.
    BUILTIN = 6;
    /// May be called with `new` (a plain function; class constructors have their kind).
    CONSTRUCTOR = 7;
    /// A class constructor that the source does not spell out.
    DEFAULT_CONSTRUCTOR = 8;
    /// Has only simple parameters: `arguments` may alias them in sloppy code.
    SIMPLE_PARAMS = 9;
    /// Eval code that declares its `var`s in its own scope, or code whose `var`s are all its own.
    OWN_VARS = 10;
    /// The body of a class's constructor has no effect but what the class's init does: for slack tracking and inlining.
    EMPTY_BODY = 11;
}

/// The code of one function, script, module or eval, and everything it refers to. Plain data.
#[derive(Debug)]
pub struct Template {
    /// What it is.
    pub kind: FunctionKind,
    /// Properties of it.
    pub flags: TemplateFlags,
    /// The function's own name, or the one that its place gives it; empty if none.
    pub name: JsStr,
    /// Formal parameters that have a register each: r6 and following. A rest parameter has none.
    pub num_params: u16,
    /// The `length` property: parameters before the first with a default or the rest.
    pub length: u16,
    /// Registers of a frame, header and parameters included.
    pub num_registers: u16,
    /// The instructions.
    pub code: Box<[u16]>,
    /// The constants.
    pub constants: Box<[Constant]>,
    /// Inner functions.
    pub functions: Box<[Arc<Template>]>,
    /// Scopes that the code makes. The eval code and inner functions refer to their parents' by position in the chain only.
    pub scopes: Box<[Arc<ScopeTemplate>]>,
    /// Lists of constant indices: keys of object literals, elements of constant arrays, strings of tagged templates.
    pub key_lists: Box<[KeyList]>,
    /// Tables of `SwitchTable`.
    pub switch_tables: Box<[SwitchTable]>,
    /// Exception handlers; the first whose range holds the pc of the throwing instruction applies.
    pub handlers: Box<[Handler]>,
    /// The kinds of the feedback slots.
    pub slots: Box<[FeedbackSlotKind]>,
    /// The sites of direct eval.
    pub evals: Box<[EvalInfo]>,
    /// For `CreateMappedArguments`: the scope slot of each parameter; `u16::MAX` for one that a later parameter of the same name hides.
    pub mapped_params: Box<[u16]>,
    /// Source positions of instructions.
    pub positions: Positions,
    /// The source.
    pub source: Arc<Source>,
    /// The byte range of the whole function in the source, for `toString` (class constructors: the class).
    pub span: Range<u32>,
    /// Scripts and sloppy evals: what the code declares globally (or, for evals, in the variable scope).
    pub globals: Option<Box<GlobalDeclarations>>,
    /// Modules.
    pub module: Option<Box<ModuleInfo>>,
    /// A function that is lowered when it is first called. Until then the template is an outline: what a closure shows and a call
    /// needs to know before it begins (kind, flags, name, parameters, source, span) is there; all tables are empty.
    pub deferred: Option<Box<Deferred>>,
}

impl Template {
    /// A template without a name, parameters, code and tables.
    pub fn without_code(kind: FunctionKind, source: Arc<Source>, span: Range<u32>) -> Template {
        Template {
            kind,
            flags: TemplateFlags::default(),
            name: "".into(),
            num_params: 0,
            length: 0,
            num_registers: crate::frame::FIRST_PARAM,
            code: [].into(),
            constants: [].into(),
            functions: [].into(),
            scopes: [].into(),
            key_lists: [].into(),
            switch_tables: [].into(),
            handlers: [].into(),
            slots: [].into(),
            evals: [].into(),
            mapped_params: [].into(),
            positions: Positions::default(),
            source,
            span,
            globals: None,
            module: None,
            deferred: None,
        }
    }
}

/// Makes the whole template of a function that was left as an outline. There is nothing left that could be wrong with it: a function that
/// exceeds a limit of the bytecode gets code that throws.
pub trait Lower: Send + Sync + fmt::Debug {
    /// The whole template of an outline. `native_stack` is what the caller has left for it, in bytes.
    fn lower(&self, outline: &Template, native_stack: usize) -> Arc<Template>;
}

/// A function's template that is still to be made, or was made for the first call.
#[derive(Debug)]
pub struct Deferred {
    lower: Box<dyn Lower>,
    whole: OnceLock<Arc<Template>>,
}

impl Deferred {
    /// Not made yet.
    pub fn new(lower: Box<dyn Lower>) -> Deferred {
        Deferred { lower, whole: OnceLock::new() }
    }
}

/// The kind of a slot; an alias that reads better in a template.
pub type FeedbackSlotKind = crate::op::FeedbackKind;

/// A constant.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    /// undefined (in key lists).
    Undefined,
    /// null (in key lists).
    Null,
    /// A boolean (in key lists).
    Bool(bool),
    /// A hole (in key lists).
    Hole,
    /// A Number; int32 where the value is one and not -0.
    Int(i32),
    /// Any other Number.
    Double(f64),
    /// A string; the VM interns those that name properties.
    String(JsStr),
    /// A BigInt by its decimal digits.
    BigInt(JsStr),
}

/// Indices of constants.
pub type KeyList = Box<[u32]>;

/// A switch over dense integers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwitchTable {
    /// The integer of the first entry.
    pub low: i32,
    /// Targets in units from the first unit of the `SwitchTable` instruction; 0: none, falls through.
    pub targets: Box<[i32]>,
}

/// An exception handler. A throw at an instruction whose first unit lies in `start..end` stores the exception in `dst` and
/// goes on at `target`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// First unit covered.
    pub start: u32,
    /// First unit no longer covered.
    pub end: u32,
    /// Where the handler begins.
    pub target: u32,
    /// The register that receives the exception.
    pub dst: u16,
}

/// The kind of an error that `ThrowError` makes; the op's `kind` operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ErrorKind {
    /// TypeError.
    Type = 0,
    /// ReferenceError.
    Reference = 1,
    /// SyntaxError.
    Syntax = 2,
    /// RangeError.
    Range = 3,
}

/// The variables of a heap scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeTemplate {
    /// What the scope belongs to.
    pub kind: ScopeKind,
    /// The variables; slot `i` of the scope is variable `i`.
    pub vars: Box<[ScopeVar]>,
}

/// What a scope belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    /// A block, loop, switch, catch clause, class body, function name or parameter list.
    Block,
    /// The variables of a function (direct eval declares its own here) or of eval code.
    Function,
    /// A `with` statement; the one slot holds the object.
    With,
    /// A module's top level; made when the module is linked; its slots are those that exports and imports refer to.
    Module,
}

/// A variable of a scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeVar {
    /// Its name. Names that begin with a character that no identifier does are the compiler's own: "%this", "%new.target", "%home",
    /// "%callee", and "#x" for private names ("#x%method" and the like for their functions).
    pub name: JsStr,
    /// Its kind.
    pub kind: VarKind,
    /// Functions of the same compilation that are created from this source offset on find it initialized: 0 where its dead zone cannot be
    /// seen, `u32::MAX` where that depends on more.
    pub init_end: u32,
}

/// Kinds of variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VarKind {
    /// `var`, parameter, function, catch parameter.
    Var,
    /// `let`, class declaration: starts in the dead zone.
    Let,
    /// `const`, `using`, the class's inner name: starts in the dead zone, assignment throws.
    Const,
    /// The name of a function expression: assignment throws in strict code and does nothing in sloppy code.
    FunctionName,
    /// An import: the slot holds an import cell. Assignment throws.
    Import,
    /// The variables that sloppy direct eval added to this function: undefined, or an object without prototype that maps names to values.
    EvalVars,
    /// The compiler's own (`%this`, private names, …): not found by name lookups. `%this` of a derived constructor starts `empty`, and so do the others.
    Internal,
}

impl VarKind {
    /// Whether the slot starts as `empty`.
    pub const fn starts_empty(self) -> bool {
        matches!(self, VarKind::Let | VarKind::Const | VarKind::Internal)
    }
}

/// The templates of a chain of scopes, innermost first; chains share their tails.
#[derive(PartialEq, Eq, Debug)]
pub struct ScopeChain {
    /// The innermost scope.
    pub scope: Arc<ScopeTemplate>,
    /// The scopes around it; `None`: the global scopes.
    pub parent: Option<Arc<ScopeChain>>,
}

impl ScopeChain {
    /// The templates from this one outwards.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ScopeTemplate>> + '_ {
        std::iter::successors(Some(self), |chain| chain.parent.as_deref()).map(|chain| &chain.scope)
    }
}

/// Not recursive: chains may be as long as sources nest deep.
impl Drop for ScopeChain {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(mut chain) = next.and_then(Arc::into_inner) {
            next = chain.parent.take();
        }
    }
}

/// What a direct-eval site knows about its place, given to the compiler of the eval code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EvalInfo {
    /// The calling code is strict.
    pub strict: bool,
    /// `new.target` may be used.
    pub new_target: bool,
    /// `super.x` may be used.
    pub super_property: bool,
    /// `super(…)` may be used.
    pub super_call: bool,
    /// In a class field initializer or static block: `arguments` may not be used.
    pub class_init: bool,
    /// In the parameter list of a function with expressions in it: a `var arguments` in the eval is an error.
    pub in_parameters: bool,
    /// The chain of scopes that begins with the `scope` operand; `None` at global level.
    pub scopes: Option<Arc<ScopeChain>>,
}

/// Data of GlobalDeclarationInstantiation (16.1.7) or EvalDeclarationInstantiation (19.2.1.3).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GlobalDeclarations {
    /// let, const and class names, in order.
    pub lexical: Box<[GlobalLexical]>,
    /// Functions, in order of declaration, the last of each name only.
    pub functions: Box<[GlobalFunction]>,
    /// `var` names that are not function names, each once, in order.
    pub var_names: Box<[JsStr]>,
    /// Names of functions in blocks that Annex B 3.3 makes `var`s where this conflicts with nothing (in global code: where no lexical
    /// declaration exists and the property can be defined). The value is undefined if newly created; the block's evaluation assigns.
    pub annex_b_names: Box<[JsStr]>,
}

/// A global lexical declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GlobalLexical {
    /// Its name.
    pub name: JsStr,
    /// Whether it is a constant.
    pub constant: bool,
}

/// A global function declaration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GlobalFunction {
    /// Its name.
    pub name: JsStr,
    /// Index into the template's functions.
    pub function: u32,
}

/// The linking data of a module (ECMA-262 16.2.1.7).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModuleInfo {
    /// Requested modules, each (specifier, attributes) once, in order of appearance.
    pub requests: Box<[ModuleRequest]>,
    /// Imports.
    pub imports: Box<[ImportEntry]>,
    /// Exports.
    pub exports: Box<[ExportEntry]>,
    /// Hoisted functions: scope slot and index into the template's functions; instantiated when the module is linked.
    pub functions: Box<[(u16, u32)]>,
    /// The module's scope, `scopes[scope]`: made by the linker, r2 of the module's body.
    pub scope: u32,
    /// Whether the module has top-level await: then its body is an async function.
    pub has_top_level_await: bool,
}

/// A module that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleRequest {
    /// The specifier as written.
    pub specifier: JsStr,
    /// Import attributes in order of appearance.
    pub attributes: Box<[(JsStr, JsStr)]>,
    /// Byte offset in the source, for error messages.
    pub offset: u32,
}

/// What of a module is imported or re-exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImportName {
    /// An export by name (`default` included).
    Name(JsStr),
    /// The namespace object.
    Namespace,
}

/// An import: the linker fills slot `slot` of the module's scope with an import cell; for a namespace one whose target holds the
/// namespace object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportEntry {
    /// Index into `requests`.
    pub request: u32,
    /// What is imported.
    pub import: ImportName,
    /// The slot of the module's scope.
    pub slot: u16,
    /// Byte offset in the source, for error messages.
    pub offset: u32,
}

/// An export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExportEntry {
    /// A variable of this module (slot of its scope). An import that is exported again is an `Indirect`.
    Local {
        /// The exported name.
        name: JsStr,
        /// The slot of the module's scope.
        slot: u16,
    },
    /// Something of another module.
    Indirect {
        /// The exported name.
        name: JsStr,
        /// Index into `requests`.
        request: u32,
        /// What is exported of it.
        import: ImportName,
        /// Byte offset in the source, for error messages.
        offset: u32,
    },
    /// `export * from`.
    Star {
        /// Index into `requests`.
        request: u32,
    },
}

/// The source positions of a template's instructions: byte offsets of the expression to blame, by delta-encoded runs.
///
/// Entry: pc delta as LEB128, offset delta as zigzag LEB128; a position holds until the next entry.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Positions(pub Box<[u8]>);

impl Positions {
    /// The source offset of the instruction at `pc`; 0 if nothing was recorded up to there.
    pub fn offset_at(&self, pc: u32) -> u32 {
        let mut best = 0;
        for (at, offset) in self.iter() {
            if at > pc {
                break;
            }
            best = offset;
        }
        best
    }

    /// The entries: (pc, source offset), in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (mut at, mut pc, mut offset) = (0, 0u32, 0u32);
        std::iter::from_fn(move || {
            if at >= self.0.len() {
                return None;
            }
            pc = pc.wrapping_add(self.leb(&mut at));
            let delta = self.leb(&mut at);
            offset = offset.wrapping_add((delta >> 1) ^ (delta & 1).wrapping_neg());
            Some((pc, offset))
        })
    }

    fn leb(&self, at: &mut usize) -> u32 {
        let (mut value, mut shift) = (0, 0);
        while let Some(&byte) = self.0.get(*at) {
            *at += 1;
            value |= u32::from(byte & 0x7F).wrapping_shl(shift);
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
}

/// Writes [`Positions`].
#[derive(Default, Debug)]
pub struct PositionsBuilder {
    bytes: Vec<u8>,
    pc: u32,
    offset: u32,
}

impl PositionsBuilder {
    /// From `pc` on, the source offset is `offset`. Calls come with ascending `pc`.
    pub fn add(&mut self, pc: u32, offset: u32) {
        if self.offset == offset && !self.bytes.is_empty() {
            return;
        }
        self.leb(pc - self.pc);
        let delta = offset.wrapping_sub(self.offset);
        self.leb((delta << 1) ^ ((delta as i32) >> 31) as u32);
        (self.pc, self.offset) = (pc, offset);
    }

    /// The table.
    pub fn finish(self) -> Positions {
        Positions(self.bytes.into())
    }

    fn leb(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

/// Not recursive: functions may nest as deep as sources do.
impl Drop for Template {
    fn drop(&mut self) {
        if self.functions.is_empty() && self.deferred.is_none() {
            return;
        }
        let mut work: Vec<Arc<Template>> = Vec::new();
        self.take_inner(&mut work);
        while let Some(template) = work.pop() {
            if let Some(mut template) = Arc::into_inner(template) {
                template.take_inner(&mut work);
            }
        }
    }
}

impl Template {
    /// Moves the templates that this one owns to `work`.
    fn take_inner(&mut self, work: &mut Vec<Arc<Template>>) {
        work.extend(std::mem::take(&mut self.functions));
        work.extend(self.deferred.take().and_then(|deferred| deferred.whole.into_inner()));
    }

    /// The template with its code: itself, or what is made of it now if it is an outline. `native_stack` is what the caller has left, in
    /// bytes, should lowering be needed.
    pub fn whole(&self, native_stack: usize) -> &Template {
        match &self.deferred {
            Some(deferred) => deferred.whole.get_or_init(|| deferred.lower.lower(self, native_stack)),
            None => self,
        }
    }

    /// As [`Template::whole`], but an outline that nobody has called stays one.
    pub fn known(&self) -> &Template {
        self.deferred.as_ref().and_then(|deferred| deferred.whole.get()).map_or(self, |whole| whole)
    }

    /// The handler that applies to a throw by the instruction at `pc`.
    pub fn handler_at(&self, pc: u32) -> Option<&Handler> {
        self.handlers.iter().find(|handler| (handler.start..handler.end).contains(&pc))
    }

    /// Line and column of the instruction at `pc`.
    pub fn position_at(&self, pc: u32) -> Position {
        self.source.position(self.positions.offset_at(pc))
    }

    /// The string constant `index`; empty if it is none.
    pub fn string(&self, index: u32) -> &JsStr {
        static EMPTY: OnceLock<JsStr> = OnceLock::new();
        match self.constants.get(index as usize) {
            Some(Constant::String(text)) => text,
            _ => EMPTY.get_or_init(JsStr::default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_backwards_and_far() {
        let mut builder = PositionsBuilder::default();
        let entries = [(0, 5), (3, 1), (1000, 2_000_000), (1001, 7)];
        for (pc, offset) in entries {
            builder.add(pc, offset);
        }
        let positions = builder.finish();
        assert_eq!(positions.iter().collect::<Vec<_>>(), entries);
        assert_eq!(positions.offset_at(2), 5);
        assert_eq!(positions.offset_at(999), 1);
        assert_eq!(positions.offset_at(5000), 7);
    }

    #[test]
    fn lone_surrogates_of_a_source_come_back() {
        let units = [0x61, 0xD800, 0xD83D, 0xDE00, 0xDC00];
        let source = Source::from_utf16("t", units.into_iter());
        assert_eq!(source.text.chars().count(), 4);
        assert_eq!(source.restore(source.text.as_str().into()), JsStr::from_units(&units));
        let both = Source::from_utf16("t", [0xD800, 0xDBFE, 0xDC00].into_iter());
        assert_eq!(both.text, "\u{FFFD}\u{10F800}");
        assert_eq!(both.restore("\u{10F800}".into()), "\u{10F800}".into());
    }

    #[test]
    fn columns_count_utf16_units_and_lines_end_as_ecma_says() {
        let source = Source::new("t", "a\r\nb\u{2028}\u{1F600}c\rd");
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        let c = source.text.find('c').unwrap() as u32;
        assert_eq!(source.position(c), Position { line: 3, column: 3 });
        assert_eq!(source.position(c + 2), Position { line: 4, column: 1 });
        assert_eq!(source.line(2), "b");
        assert_eq!(source.line(9), "");
    }
}
