//! The text form, read.
//!
//! Line-oriented: one declaration, block header or instruction a line; `;` begins a comment. Values, blocks and other names
//! may carry any numbers; they are numbered anew in the order in which they appear, so that text which was printed from a
//! freshly parsed function reads back to the same text. The result is well-formed as a data structure; whether it obeys the
//! rules is the verifier's question.

use crate::entity::*;
use crate::function::*;
use crate::imm::*;
use crate::ops::{Effects, ImmKind, Op};
use crate::print::EFFECT_NAMES;
use crate::types::{Type, sign_extend};
use rustc_hash::FxHashMap;
use std::fmt;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What was expected or is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Parsed<T> = Result<T, ParseError>;

/// Reads any number of functions.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse_module(text: &str) -> Parsed<Module> {
    let mut module = Module::new();
    let mut lines = Lines { text: text.lines().enumerate() };
    while let Some((number, line)) = lines.next_line() {
        let function = FunctionParser::new(number, line)?.run(&mut lines)?;
        module.add(function);
    }
    Ok(module)
}

/// Reads exactly one function.
///
/// # Errors
/// The first line that cannot be read, or more than one function.
pub fn parse_function(text: &str) -> Parsed<Function> {
    let mut module = parse_module(text)?;
    if module.functions.len() != 1 {
        return Err(ParseError { line: 1, message: format!("{} functions, not one", module.functions.len()) });
    }
    Ok(std::mem::take(&mut module.functions[FuncId::new(0)]))
}

struct Lines<'a> {
    text: std::iter::Enumerate<std::str::Lines<'a>>,
}

impl<'a> Lines<'a> {
    /// The next line that is not empty, without comment, with its number.
    fn next_line(&mut self) -> Option<(usize, &'a str)> {
        self.text.by_ref().find_map(|(index, line)| {
            let line = line.split(';').next().unwrap_or("").trim();
            (!line.is_empty()).then_some((index + 1, line))
        })
    }
}

/// A cursor over one line. Tokens: words (letters, digits, `_`, `.`), numbers, single punctuation characters.
struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let message = message.into();
        let near: String = self.rest.chars().take(24).collect();
        Err(ParseError { line: self.number, message: format!("{message}, at `{near}`") })
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn is_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    fn accept(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.accept(token) { Ok(()) } else { self.error(format!("expected `{token}`")) }
    }

    fn peek_word(&mut self) -> &'a str {
        self.skip_space();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        &self.rest[..end]
    }

    fn word(&mut self) -> Parsed<&'a str> {
        let word = self.peek_word();
        if word.is_empty() {
            return self.error("expected a word");
        }
        self.rest = &self.rest[word.len()..];
        Ok(word)
    }

    fn accept_word(&mut self, word: &str) -> bool {
        if self.peek_word() != word {
            return false;
        }
        self.rest = &self.rest[word.len()..];
        true
    }

    /// A word made of `prefix` and a number.
    fn entity(&mut self, prefix: &str) -> Parsed<u32> {
        match self.accept_entity(prefix) {
            Some(number) => Ok(number),
            None => self.error(format!("expected {prefix} and a number")),
        }
    }

    fn accept_entity(&mut self, prefix: &str) -> Option<u32> {
        let word = self.peek_word();
        let number = word.strip_prefix(prefix)?.parse::<u32>().ok().filter(|&number| number != u32::MAX)?;
        self.rest = &self.rest[word.len()..];
        Some(number)
    }

    fn name(&mut self) -> Parsed<&'a str> {
        self.expect("@")?;
        let end = self.rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(self.rest.len());
        let name = &self.rest[..end];
        self.rest = &self.rest[end..];
        if name.is_empty() { self.error("expected a name") } else { Ok(name) }
    }

    fn ty(&mut self) -> Parsed<Type> {
        let word = self.word()?;
        match Type::from_name(word) {
            Some(ty) => Ok(ty),
            None => self.error(format!("`{word}` is no type")),
        }
    }

    /// A decimal or hexadecimal integer with an optional sign.
    fn integer(&mut self) -> Parsed<i64> {
        self.skip_space();
        let negative = self.accept("-");
        if !negative {
            self.accept("+");
        }
        let word = self.word()?;
        let magnitude = match word.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => word.parse::<u64>(),
        };
        match magnitude {
            Ok(value) if negative => Ok((value as i64).wrapping_neg()),
            Ok(value) => Ok(value as i64),
            Err(_) => self.error(format!("`{word}` is no integer")),
        }
    }

    fn small(&mut self) -> Parsed<u32> {
        let value = self.integer()?;
        u32::try_from(value).or_else(|_| self.error("the number is too large"))
    }

    fn float_bits(&mut self, ty: Type) -> Parsed<i64> {
        self.skip_space();
        let end = self.rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(self.rest.len());
        let token = &self.rest[..end];
        let bits = if let Some(bits) = token.strip_prefix("nan:0x") {
            u64::from_str_radix(bits, 16).ok()
        } else if ty == Type::F32 {
            token.parse::<f32>().ok().map(|value| value.to_bits() as u64)
        } else {
            token.parse::<f64>().ok().map(f64::to_bits)
        };
        let Some(bits) = bits else {
            return self.error("expected a float");
        };
        self.rest = &self.rest[end..];
        Ok(bits as i64)
    }

    /// Items between `(` and `)`, separated by commas.
    fn list<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        if self.accept(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.accept(close) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn signature(&mut self) -> Parsed<Signature> {
        self.expect("(")?;
        let params = self.list(")", Line::ty)?;
        let returns = if !self.accept("->") {
            Vec::new()
        } else if self.accept("(") {
            self.list(")", Line::ty)?
        } else {
            vec![self.ty()?]
        };
        let conv = if self.accept_word("sysv") { CallConv::SystemV } else { CallConv::Tercel };
        let variadic = self.accept_word("variadic");
        Ok(Signature { params, returns, conv, variadic })
    }
}

struct FunctionParser {
    func: Function,
    /// Text numbers to entities.
    values: FxHashMap<u32, Value>,
    blocks: FxHashMap<u32, Block>,
    signatures: FxHashMap<u32, SigRef>,
    funcs: FxHashMap<u32, FuncRef>,
    slots: FxHashMap<u32, StackSlot>,
    frames: FxHashMap<u32, FrameState>,
    /// Order of the block headers in the text.
    layout: Vec<Block>,
    current: Option<Block>,
    /// Lines of instructions, for messages about names that turn out not to exist.
    insts: Vec<(Inst, usize)>,
    first_line: usize,
}

impl FunctionParser {
    fn new(number: usize, text: &str) -> Parsed<FunctionParser> {
        let mut line = Line { number, rest: text };
        line.expect("function")?;
        let name = line.name()?;
        let signature = line.signature()?;
        line.expect("{")?;
        Ok(FunctionParser {
            func: Function::new(name, signature),
            values: FxHashMap::default(),
            blocks: FxHashMap::default(),
            signatures: FxHashMap::default(),
            funcs: FxHashMap::default(),
            slots: FxHashMap::default(),
            frames: FxHashMap::default(),
            layout: Vec::new(),
            current: None,
            insts: Vec::new(),
            first_line: number,
        })
    }

    fn run(mut self, lines: &mut Lines) -> Parsed<Function> {
        loop {
            let Some((number, text)) = lines.next_line() else {
                return Err(ParseError { line: self.first_line, message: "the function does not end".to_string() });
            };
            let mut line = Line { number, rest: text };
            if line.accept("}") {
                break;
            }
            if line.peek_word().starts_with("block") {
                self.block_header(&mut line)?;
            } else if self.current.is_none() {
                self.declaration(&mut line)?;
            } else {
                self.instruction(&mut line)?;
            }
            if !line.is_end() {
                return line.error("the line should end here");
            }
        }
        self.connect()?;
        Ok(self.func)
    }

    fn declaration(&mut self, line: &mut Line) -> Parsed<()> {
        if let Some(number) = line.accept_entity("sig") {
            line.expect("=")?;
            let signature = line.signature()?;
            self.signatures.insert(number, self.func.signatures.push(signature));
        } else if let Some(number) = line.accept_entity("fn") {
            line.expect("=")?;
            let callee = self.callee(line)?;
            self.funcs.insert(number, self.func.funcs.push(callee));
        } else if let Some(number) = line.accept_entity("slot") {
            line.expect("=")?;
            let size = line.small()?;
            line.expect("align")?;
            let align = line.small()?;
            self.slots.insert(number, self.func.add_slot(size, align));
        } else if let Some(number) = line.accept_entity("frame") {
            line.expect("=")?;
            let frame = self.frame_state(line)?;
            self.frames.insert(number, frame);
        } else {
            return line.error("expected a declaration or a block");
        }
        Ok(())
    }

    fn callee(&mut self, line: &mut Line) -> Parsed<FuncRefData> {
        let target = if line.accept_word("addr") {
            CallTarget::Address(line.integer()? as u64)
        } else if let Some(number) = line.accept_entity("helper") {
            CallTarget::Helper(HelperId(number))
        } else {
            CallTarget::Function(FuncId::from_u32(line.entity("func")?))
        };
        let name = line.name()?.to_string();
        let number = line.entity("sig")?;
        let Some(&signature) = self.signatures.get(&number) else {
            return line.error("unknown signature");
        };
        let mut effects = Effects::CALL;
        if line.accept_word("effects") {
            effects = Effects::PURE;
            while !line.is_end() {
                let word = line.word()?;
                match EFFECT_NAMES.iter().find(|(name, _)| *name == word) {
                    Some(&(_, effect)) => effects = effects.with(effect),
                    None => return line.error(format!("`{word}` is no effect")),
                }
            }
        }
        Ok(FuncRefData { name, signature, target, effects })
    }

    fn frame_state(&mut self, line: &mut Line) -> Parsed<FrameState> {
        let template = TemplateId(line.entity("template")?);
        line.expect("at")?;
        let position = line.small()?;
        line.expect("[")?;
        let values =
            line.list(
                "]",
                |line| {
                    if line.accept("-") { Ok(Value::NONE) } else { Ok(Value::from_u32(line.entity("v")?)) }
                },
            )?;
        let mut parent = None;
        if line.accept_word("in") {
            let number = line.entity("frame")?;
            match self.frames.get(&number) {
                Some(&frame) => parent = Some(frame),
                None => return line.error("unknown frame state"),
            }
        }
        Ok(self.func.add_frame(template, position, parent, &values))
    }

    fn block(&mut self, number: u32) -> Block {
        *self.blocks.entry(number).or_insert_with(|| self.func.add_block())
    }

    fn block_header(&mut self, line: &mut Line) -> Parsed<()> {
        let number = line.entity("block")?;
        let block = self.block(number);
        if self.layout.contains(&block) && self.layout.len() < 64 {
            return line.error("the block is defined twice");
        }
        self.layout.push(block);
        self.current = Some(block);
        if line.accept("(") {
            let params = line.list(")", |line| {
                let number = line.entity("v")?;
                line.expect(":")?;
                Ok((number, line.ty()?))
            })?;
            for (number, ty) in params {
                let value = self.func.add_param(block, ty);
                self.name_value(line, number, value)?;
            }
        }
        if line.accept_word("cold") {
            self.func.set_cold(block, true);
        }
        line.expect(":")
    }

    fn name_value(&mut self, line: &Line, number: u32, value: Value) -> Parsed<()> {
        match self.values.insert(number, value) {
            None => Ok(()),
            Some(_) => line.error(format!("v{number} is defined twice")),
        }
    }

    fn instruction(&mut self, line: &mut Line) -> Parsed<()> {
        let mut results = Vec::new();
        while let Some(number) = line.accept_entity("v") {
            results.push(number);
            if !line.accept(",") {
                line.expect("=")?;
                break;
            }
        }
        let name = line.word()?;
        let Some(op) = Op::from_name(name) else {
            return line.error(format!("`{name}` is no operation"));
        };
        let mut spec = Raw { op, ty: op.info().types.single().unwrap_or(Type::VOID), ..Raw::default() };
        if line.accept(".") {
            spec.ty = line.ty()?;
        }
        if !op.info().types.is_empty() && !op.info().types.contains(spec.ty) {
            return line.error(format!("{op} needs a type that it admits"));
        }
        self.leading_immediate(line, &mut spec)?;
        self.operands(line, &mut spec)?;
        self.trailing_immediate(line, &mut spec)?;
        if op.effects().any(Effects::NEEDS_FRAME.with(Effects::MAY_HAVE_FRAME))
            && let Some(number) = line.accept_entity("frame")
        {
            match self.frames.get(&number) {
                Some(&frame) => spec.frame = Some(frame),
                None => return line.error("unknown frame state"),
            }
        }
        let inst = self.make(&spec);
        if line.accept("@") {
            self.func.set_pos(inst, SourcePos(line.small()?));
        }
        if self.func.results(inst).len() != results.len() {
            return line.error(format!("{op} has {} results here", self.func.results(inst).len()));
        }
        for (value, number) in self.func.results(inst).zip(results) {
            self.name_value(line, number, value)?;
        }
        self.insts.push((inst, line.number));
        Ok(())
    }

    fn make(&mut self, spec: &Raw) -> Inst {
        let inst = if matches!(spec.op, Op::Jump | Op::Branch | Op::Switch) {
            let edges: Vec<(Block, &[Value])> = spec.edges.iter().map(|(block, args)| (*block, &args[..])).collect();
            self.func.make_terminator(spec.op, &spec.args, &edges)
        } else {
            let Raw { op, ty, imm, aux, frame, .. } = *spec;
            self.func.make(InstSpec { op, ty, args: &spec.args, imm, aux, frame })
        };
        let block = self.current.expect("instructions come after a block header");
        self.func.append(block, inst);
        inst
    }

    fn leading_immediate(&mut self, line: &mut Line, spec: &mut Raw) -> Parsed<()> {
        fn named<T>(line: &mut Line, find: impl Fn(&str) -> Option<T>) -> Parsed<T> {
            let word = line.word()?;
            find(word).map_or_else(|| line.error(format!("`{word}` is not known here")), Ok)
        }
        fn known<T: Entity>(line: &Line, map: &FxHashMap<u32, T>, number: u32) -> Parsed<i64> {
            map.get(&number).map_or_else(|| line.error("it is not declared"), |key| Ok(key.index() as i64))
        }
        match spec.op.info().imm {
            ImmKind::Int => spec.imm = sign_extend(line.integer()?, spec.ty),
            ImmKind::Float => spec.imm = line.float_bits(spec.ty)?,
            ImmKind::IntCc => spec.aux = named(line, IntCc::from_name)? as u16,
            ImmKind::FloatCc => spec.aux = named(line, FloatCc::from_name)? as u16,
            ImmKind::Reduce => spec.aux = named(line, ReduceOp::from_name)? as u16,
            ImmKind::Slot => {
                let number = line.entity("slot")?;
                spec.imm = known(line, &self.slots, number)?;
            }
            ImmKind::Func => {
                let number = line.entity("fn")?;
                spec.imm = known(line, &self.funcs, number)?;
            }
            ImmKind::Sig => {
                let number = line.entity("sig")?;
                spec.imm = known(line, &self.signatures, number)?;
            }
            ImmKind::Shape => spec.imm = line.entity("shape")? as i64,
            ImmKind::Heap => spec.imm = line.entity("heap")? as i64,
            ImmKind::Template => spec.imm = line.entity("template")? as i64,
            _ => {}
        }
        Ok(())
    }

    fn operands(&mut self, line: &mut Line, spec: &mut Raw) -> Parsed<()> {
        let value = |line: &mut Line| Ok(Value::from_u32(line.entity("v")?));
        if matches!(spec.op, Op::Call | Op::TailCall) {
            line.expect("(")?;
            spec.args = line.list(")", value)?;
            return Ok(());
        }
        match spec.op.info().imm {
            ImmKind::Mem | ImmKind::Offset => {
                spec.args.push(value(line)?);
                spec.imm = line.integer()?;
                if spec.op == Op::Store {
                    line.expect(",")?;
                    spec.args.push(value(line)?);
                }
                return Ok(());
            }
            ImmKind::Scaled => {
                spec.args.push(value(line)?);
                line.expect(",")?;
                spec.args.push(value(line)?);
                line.expect("*")?;
                spec.aux = match line.small()? {
                    1 => 0,
                    2 => 1,
                    4 => 2,
                    8 => 3,
                    _ => return line.error("a scale is 1, 2, 4 or 8"),
                };
                spec.imm = line.integer()?;
                return Ok(());
            }
            _ => {}
        }
        if let Some(number) = line.accept_entity("v") {
            spec.args.push(Value::from_u32(number));
            loop {
                let before = line.rest;
                if !line.accept(",") {
                    break;
                }
                match line.accept_entity("v") {
                    Some(number) => spec.args.push(Value::from_u32(number)),
                    None => {
                        // A lane or an edge follows; it expects the comma itself.
                        line.rest = before;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn trailing_immediate(&mut self, line: &mut Line, spec: &mut Raw) -> Parsed<()> {
        match spec.op.info().imm {
            ImmKind::Trap => {
                let word = line.word()?;
                match TrapCode::from_name(word) {
                    Some(code) => spec.aux = code as u16,
                    None => return line.error(format!("`{word}` is no trap code")),
                }
            }
            ImmKind::Lane => {
                line.expect(",")?;
                spec.imm = line.integer()?;
            }
            ImmKind::Mem => {
                let mut flags = MemFlags::default();
                if let Some(number) = line.accept_entity("class") {
                    if number as usize >= AliasClass::COUNT {
                        return line.error("no such alias class");
                    }
                    flags = MemFlags::new(AliasClass::new(number as u8));
                }
                if line.accept_word("no_trap") {
                    flags = flags.no_trap();
                }
                if line.accept_word("read_only") {
                    flags = flags.read_only();
                }
                spec.aux = flags.to_bits();
            }
            ImmKind::Jump => spec.edges.push(self.edge(line)?),
            ImmKind::Branch => {
                for _ in 0..2 {
                    line.expect(",")?;
                    spec.edges.push(self.edge(line)?);
                }
            }
            ImmKind::Switch => {
                line.expect(",")?;
                spec.edges.push(self.edge(line)?);
                line.expect(",")?;
                line.expect("[")?;
                let cases = line.list("]", |line| self.edge(line))?;
                spec.edges.extend(cases);
            }
            _ => {}
        }
        Ok(())
    }

    fn edge(&mut self, line: &mut Line) -> Parsed<(Block, Vec<Value>)> {
        let number = line.entity("block")?;
        let block = self.block(number);
        let mut args = Vec::new();
        if line.accept("(") {
            args = line.list(")", |line| Ok(Value::from_u32(line.entity("v")?)))?;
        }
        Ok((block, args))
    }

    /// Replaces text numbers by values everywhere, and orders the blocks as the text does.
    fn connect(&mut self) -> Parsed<()> {
        let values = &self.values;
        let missing = std::cell::Cell::new(None);
        let mut fix = |slot: &mut Value| match values.get(&slot.as_u32()) {
            Some(&value) => *slot = value,
            None if slot.is_none() => {}
            None => {
                missing.set(missing.get().or(Some(slot.as_u32())));
            }
        };
        for &(inst, line) in &self.insts {
            self.func.args_mut(inst).iter_mut().for_each(&mut fix);
            for index in 0..self.func.edges(inst).len() {
                self.func.edge_args_mut(inst, index).iter_mut().for_each(&mut fix);
            }
            if let Some(number) = missing.get() {
                return Err(ParseError { line, message: format!("v{number} is not defined") });
            }
        }
        for frame in self.func.frames.keys() {
            self.func.frame_values_mut(frame).iter_mut().for_each(&mut fix);
        }
        if let Some(number) = missing.get() {
            return Err(ParseError { line: self.first_line, message: format!("v{number} is not defined") });
        }
        if self.layout.len() != self.blocks.len() {
            let message = "an edge leads to a block that is not defined, or one is defined twice".to_string();
            return Err(ParseError { line: self.first_line, message });
        }
        self.func.set_layout(std::mem::take(&mut self.layout));
        Ok(())
    }
}

/// An instruction as read, with value numbers of the text.
struct Raw {
    op: Op,
    ty: Type,
    args: Vec<Value>,
    imm: i64,
    aux: u16,
    frame: Option<FrameState>,
    edges: Vec<(Block, Vec<Value>)>,
}

impl Default for Raw {
    fn default() -> Raw {
        Raw { op: Op::Return, ty: Type::VOID, args: vec![], imm: 0, aux: 0, frame: None, edges: vec![] }
    }
}

#[cfg(test)]
mod tests;
