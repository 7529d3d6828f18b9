//! Expressions by intended type.

use super::{Gen, PROPERTIES, Ty};
use crate::expr;
use crate::features::Feature;
use crate::tree::{Node, Sort};

/// Integers at which representations and overflow checks change.
const EDGE_INTS: [&str; 20] = [
    "0",
    "1",
    "(-1)",
    "2",
    "3",
    "7",
    "31",
    "32",
    "33",
    "255",
    "256",
    "65535",
    "65536",
    "1073741823",
    "1073741824",
    "(-1073741824)",
    "2147483646",
    "2147483647",
    "(-2147483647)",
    "(-2147483648)",
];

const EDGE_NUMBERS: [&str; 22] = [
    "NaN",
    "Infinity",
    "(-Infinity)",
    "(-0)",
    "0.5",
    "1.5",
    "(-1.5)",
    "2147483648",
    "(-2147483649)",
    "4294967295",
    "4294967296",
    "4294967297",
    "9007199254740991",
    "9007199254740992",
    "(-9007199254740991)",
    "9007199254740993",
    "0.1",
    "1e21",
    "1.7976931348623157e308",
    "5e-324",
    "1e-7",
    "2.5",
];

const STRINGS: [&str; 24] = [
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"abc\"",
    "\"12\"",
    "\" 7 \"",
    "\"0x1f\"",
    "\"1e3\"",
    "\"-0\"",
    "\"Infinity\"",
    "\"x\"",
    "\"y\"",
    "\"length\"",
    "\"é\"",
    "\"\\u{1F600}\"",
    "\"\\uD800\"",
    "\"日本\"",
    "\"0\"",
    "\"1\"",
    "\"-1\"",
    "\"4294967295\"",
    "\"hello world\"",
    "\"\\n\"",
    "\"ABC\"",
];

const BIGS: [&str; 14] = [
    "0n",
    "1n",
    "(-1n)",
    "2n",
    "7n",
    "255n",
    "2147483647n",
    "(-2147483648n)",
    "4294967296n",
    "9007199254740993n",
    "9223372036854775807n",
    "(-9223372036854775808n)",
    "18446744073709551615n",
    "123456789012345678901234567890n",
];

impl Gen {
    fn literal(&mut self, from: &[&'static str]) -> Node {
        Node::text(Sort::Expr, self.rng.pick(from))
    }

    fn var_of(&mut self, ty: Ty) -> Option<Node> {
        self.var(|v| v.ty == ty).map(|v| Node::text(Sort::Expr, v.name))
    }

    pub fn edge_int(&mut self) -> Node {
        self.mark(Feature::EdgeNumbers);
        self.literal(&EDGE_INTS)
    }

    pub fn small_int(&mut self) -> Node {
        let n = self.below(12);
        expr!("@", n)
    }

    /// An expression of the type, as a rule.
    pub fn of(&mut self, ty: Ty, depth: usize) -> Node {
        match ty {
            Ty::Int => self.int(depth),
            Ty::Num => self.num(depth),
            Ty::Str => self.string(depth),
            Ty::Bool => self.bool(depth),
            Ty::Big => self.big(depth),
            Ty::Any => self.any(depth),
            Ty::Arr => self.array(depth),
            Ty::Obj => self.object(depth),
            Ty::Leaf => self.leaf(depth),
            Ty::Typed => self.var_of(Ty::Typed).unwrap_or_else(|| {
                let kind = self.pick(&["Int8Array", "Uint8Array", "Int32Array", "Float64Array", "Uint32Array"]);
                expr!("new @([1, 2, 3, 4])", kind)
            }),
        }
    }

    pub fn int(&mut self, depth: usize) -> Node {
        if !self.hard && self.chance(3) {
            return self.any(depth.saturating_sub(1));
        }
        if depth == 0 || self.chance(20) {
            return match self.below(4) {
                0 | 1 => self.var_of(Ty::Int).unwrap_or_else(|| self.small_int()),
                2 => self.small_int(),
                _ => self.edge_int(),
            };
        }
        let d = depth - 1;
        match self.below(21) {
            0..=2 => {
                self.mark(Feature::IntArithmetic);
                let op = self.pick(&["+", "-", "*", "+", "-"]);
                expr!("((@ @ @) | 0)", self.int(d), op, self.int(d))
            }
            3 | 4 => {
                self.mark(Feature::IntArithmetic);
                let op = self.pick(&["+", "-", "*", "+"]);
                self.growing |= op == "+" || op == "*";
                expr!("(@ @ @)", self.int(d), op, self.int(d))
            }
            5..=7 => {
                self.mark(Feature::BitOps);
                let op = self.pick(&["&", "|", "^", "&", ">>", ">>>", "<<"]);
                self.growing |= op == "<<";
                if op.len() > 1 && self.chance(80) {
                    return expr!("(@ @ @)", self.int(d), op, self.below(35));
                }
                if op == "<<" {
                    return expr!("(@ << (@ & 63))", self.int(d), self.num(d));
                }
                expr!("(@ @ @)", self.int(d), op, self.int(d))
            }
            8 => {
                self.mark(Feature::BitOps);
                expr!("(~@)", self.int(d))
            }
            9 => {
                self.mark(Feature::IntArithmetic);
                let op = self.pick(&["%", "/"]);
                if self.chance(50) {
                    let by = self.pick(&["3", "7", "10", "(-3)", "16", "1"]);
                    return expr!("((@ @ @) | 0)", self.int(d), op, by);
                }
                expr!("((@ @ @) | 0)", self.int(d), op, self.int(d))
            }
            10 => {
                self.mark(Feature::MathFunctions);
                expr!("Math.imul(@, @)", self.int(d), self.int(d))
            }
            11 => {
                self.mark(Feature::MathFunctions);
                let f = self.pick(&["clz32", "abs", "sign", "trunc", "floor", "ceil"]);
                expr!("Math.@(@)", f, self.num(d))
            }
            12 => {
                self.mark(Feature::MathFunctions);
                let f = self.pick(&["min", "max"]);
                expr!("Math.@(@, @)", f, self.int(d), self.int(d))
            }
            13 => expr!("(@ ? @ : @)", self.bool(d), self.int(d), self.int(d)),
            14 if !self.hard => expr!("@.length", if self.chance(50) { self.array(d) } else { self.string(d) }),
            15 => self.typed_element(d),
            16 if !self.hard => {
                self.mark(Feature::StringIndex);
                let f = self.pick(&["charCodeAt", "indexOf", "codePointAt"]);
                if f == "indexOf" {
                    return expr!("@.indexOf(@)", self.string(d), self.string(0));
                }
                expr!("@.@(@ & 7)", self.string(d), f, self.int(d))
            }
            17 if !self.hard => self.element(d),
            18 if !self.hard => self.property(d),
            19 => self.update(Ty::Int).unwrap_or_else(|| self.small_int()),
            20 if !self.hard => self.leaf_call(d),
            _ => self.kernel_call(d).unwrap_or_else(|| self.int(d)),
        }
    }

    /// `x++` and relatives as expressions.
    fn update(&mut self, ty: Ty) -> Option<Node> {
        let hard = self.hard;
        let var = self.var(|v| v.ty == ty && v.mutable && v.hard == hard)?;
        self.mark(Feature::Update);
        let form = self.below(4);
        Some(match form {
            0 => expr!("(@++)", var.name),
            1 => expr!("(++@)", var.name),
            2 => expr!("(@--)", var.name),
            _ => expr!("(--@)", var.name),
        })
    }

    fn typed_element(&mut self, d: usize) -> Node {
        match self.var(|v| v.ty == Ty::Typed) {
            Some(var) => {
                self.mark(Feature::TypedArrays);
                if self.hard {
                    // Outside it would be undefined.
                    return expr!("(@[@ & 3] | 0)", var.name, self.int(d));
                }
                expr!("@[@ & 3]", var.name, self.int(d))
            }
            None => self.int(d),
        }
    }

    fn element(&mut self, d: usize) -> Node {
        self.mark(Feature::Elements);
        let index = if self.chance(80) { expr!("(@ & 7)", self.int(d)) } else { self.any(d) };
        expr!("@[@]", self.array(d), index)
    }

    pub fn property(&mut self, d: usize) -> Node {
        self.mark(Feature::Properties);
        let name = self.pick(&PROPERTIES);
        if self.chance(15) {
            self.mark(Feature::OptionalChain);
            return expr!("@?.@", self.any(d), name);
        }
        expr!("@.@", self.object(d), name)
    }

    fn leaf_call(&mut self, d: usize) -> Node {
        self.charge(4);
        match self.var(|v| v.ty == Ty::Leaf) {
            // In a leaf it could be the leaf's own variable.
            Some(var) if !self.in_leaf => {
                self.mark(Feature::Calls);
                self.growing = true;
                let args = self.some(0, 3, |g| crate::item!("@, ", g.primitive(d)));
                if args.len() != 2 {
                    self.mark(Feature::ArityMismatch);
                }
                expr!("@(@)", var.name, args)
            }
            _ => self.int(d),
        }
    }

    /// A call of a function of the program's, if there is one that fits the budget.
    pub fn kernel_call(&mut self, d: usize) -> Option<Node> {
        let fitting: Vec<usize> = (0..self.kernels.len())
            .filter(|&i| self.fits(self.kernels[i].cost) && (!self.hard || self.kernels[i].hard))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let kernel = self.kernels[fitting[self.rng.below(fitting.len())]].clone();
        self.charge(kernel.cost);
        self.mark(Feature::Calls);
        let outer = self.hard;
        self.hard |= kernel.hard;
        let mut args: Vec<Node> = (0..kernel.params).map(|_| crate::item!("@, ", self.num(d))).collect();
        self.hard = outer;
        if !kernel.hard {
            for arg in &mut args {
                if self.rng.chance(8) {
                    *arg = crate::item!("@, ", self.any(d));
                }
            }
            if self.chance(6) {
                self.mark(Feature::ArityMismatch);
                args.pop();
            }
        }
        Some(expr!("@(@)", kernel.name, args))
    }

    pub fn num(&mut self, depth: usize) -> Node {
        if depth == 0 || self.chance(20) {
            return match self.below(5) {
                0 | 1 => self.var_of(Ty::Num).unwrap_or_else(|| self.int(0)),
                2 => self.int(0),
                _ => {
                    self.mark(Feature::EdgeNumbers);
                    self.literal(&EDGE_NUMBERS)
                }
            };
        }
        let d = depth - 1;
        match self.below(14) {
            0..=3 => {
                self.mark(Feature::DoubleArithmetic);
                let op = self.pick(&["+", "-", "*", "/"]);
                self.growing |= op == "+" || op == "*";
                expr!("(@ @ @)", self.num(d), op, self.num(d))
            }
            4 => {
                self.mark(Feature::DoubleArithmetic);
                expr!("(@ % @)", self.num(d), self.num(d))
            }
            5 => expr!("(-@)", self.num(d)),
            6 => {
                self.mark(Feature::MathFunctions);
                let f = self.pick(&["sqrt", "floor", "ceil", "round", "trunc", "abs", "fround", "sign"]);
                expr!("Math.@(@)", f, self.num(d))
            }
            7 => {
                self.mark(Feature::MathFunctions);
                let f = self.pick(&["min", "max"]);
                expr!("Math.@(@, @)", f, self.num(d), self.num(d))
            }
            8 => expr!("(@ ? @ : @)", self.bool(d), self.num(d), self.num(d)),
            9 => {
                // Results are exact: other powers are approximations of the engine's own.
                self.mark(Feature::Exponent);
                expr!("((@ % 7 | 0) ** @)", self.int(d), self.below(9))
            }
            10 if !self.hard => {
                self.mark(Feature::ToNumber);
                let f = self.pick(&["Number", "+", "parseInt", "parseFloat"]);
                if f == "+" { expr!("(+@)", self.primitive(d)) } else { expr!("@(@)", f, self.string(d)) }
            }
            11 => self.update(Ty::Num).unwrap_or_else(|| self.int(d)),
            _ => self.int(d),
        }
    }

    pub fn string(&mut self, depth: usize) -> Node {
        if depth == 0 || self.chance(25) {
            return if self.chance(40) {
                self.var_of(Ty::Str).unwrap_or_else(|| self.literal(&STRINGS))
            } else {
                self.literal(&STRINGS)
            };
        }
        let d = depth - 1;
        match self.below(11) {
            0 | 1 => {
                self.mark(Feature::StringConcat);
                self.growing = true;
                expr!("(@ + @)", self.string(d), self.primitive(d))
            }
            2 => {
                self.mark(Feature::Templates);
                self.growing = true;
                expr!("`@${@}@${@}`", "<", self.primitive(d), ",", self.string(d))
            }
            3 => {
                self.mark(Feature::StringIndex);
                expr!("String(@[@ & 3])", self.string(d), self.int(d))
            }
            4 => {
                self.mark(Feature::StringMethods);
                let f = self.pick(&["slice", "substring", "substr"]);
                expr!("@.@(@, @)", self.string(d), f, self.int(0), self.int(0))
            }
            5 => {
                self.mark(Feature::StringMethods);
                let f = self.pick(&[
                    "toUpperCase",
                    "toLowerCase",
                    "trim",
                    "trimStart",
                    "trimEnd",
                    "toString",
                    "at",
                    "charAt",
                    "isWellFormed",
                ]);
                expr!("String(@.@())", self.string(d), f)
            }
            6 => {
                self.mark(Feature::StringMethods);
                let f = self.pick(&["padStart", "padEnd", "repeat"]);
                if f == "repeat" {
                    self.growing = true;
                    return expr!("@.repeat(@)", self.string(d), self.below(4));
                }
                expr!("@.@(@, @)", self.string(d), f, self.below(12), self.string(0))
            }
            7 => {
                self.mark(Feature::NumberFormat);
                match self.below(4) {
                    0 => expr!("(@).toString(@)", self.int(d), self.between(2, 36)),
                    1 => expr!("(@).toFixed(@)", self.num(d), self.below(9)),
                    2 => expr!("(@).toPrecision(@)", self.num(d), self.between(1, 21)),
                    _ => expr!("(@).toExponential(@)", self.num(d), self.below(12)),
                }
            }
            8 => expr!("(typeof @)", self.any(d)),
            9 => expr!("String(@)", self.primitive(d)),
            _ => {
                self.mark(Feature::StringMethods);
                let f = self.pick(&["replace", "replaceAll"]);
                self.growing = true;
                expr!("@.@(@, @)", self.string(d), f, self.string(0), self.string(0))
            }
        }
    }

    pub fn bool(&mut self, depth: usize) -> Node {
        if depth == 0 {
            return if self.hard {
                expr!("(@ < @)", self.int(0), self.num(0))
            } else {
                self.literal(&["true", "false"])
            };
        }
        let d = depth - 1;
        match self.below(10) {
            0..=3 => {
                let op = self.pick(&["<", "<=", ">", ">=", "===", "!==", "==", "!="]);
                expr!("(@ @ @)", self.num(d), op, self.num(d))
            }
            4 if !self.hard => {
                self.mark(Feature::MixedCompare);
                let op = self.pick(&["<", "<=", ">", ">=", "===", "!==", "==", "!="]);
                expr!("(@ @ @)", self.primitive(d), op, self.primitive(d))
            }
            5 => {
                self.mark(Feature::Truthiness);
                expr!("(!@)", if self.hard { self.num(d) } else { self.any(d) })
            }
            6 => {
                self.mark(Feature::Truthiness);
                let op = self.pick(&["&&", "||"]);
                expr!("(@ @ @)", self.bool(d), op, self.bool(d))
            }
            7 if !self.hard => {
                self.mark(Feature::In);
                let name = self.pick(&["\"x\"", "\"y\"", "\"zz\"", "0", "2", "\"length\""]);
                let object = if self.chance(50) { self.object(d) } else { self.array(d) };
                expr!("(@ in @)", name, object)
            }
            8 if !self.hard => expr!("Object.is(@, @)", self.primitive(d), self.primitive(d)),
            _ => expr!("(@ < @)", self.int(d), self.int(d)),
        }
    }

    pub fn big(&mut self, depth: usize) -> Node {
        self.mark(Feature::BigInt);
        if depth == 0 || self.chance(30) {
            return self.var_of(Ty::Big).unwrap_or_else(|| self.literal(&BIGS));
        }
        let d = depth - 1;
        match self.below(8) {
            0..=2 => {
                self.growing = true;
                let op = self.pick(&["+", "-", "*"]);
                expr!("(@ @ @)", self.big(d), op, self.big(d))
            }
            3 => {
                let op = self.pick(&["&", "|", "^"]);
                expr!("(@ @ @)", self.big(d), op, self.big(d))
            }
            4 => {
                let op = self.pick(&["/", "%"]);
                expr!("(@ @ @)", self.big(d), op, self.big(d))
            }
            5 => {
                self.growing = true;
                let op = self.pick(&["<<", ">>"]);
                let by = self.pick(&["0n", "1n", "31n", "64n", "(-3n)"]);
                expr!("(@ @ @)", self.big(d), op, by)
            }
            6 => {
                let f = self.pick(&["asIntN", "asUintN"]);
                let bits = self.pick(&["64", "64", "32", "8", "1", "0", "53", "128"]);
                expr!("BigInt.@(@, @)", f, bits, self.big(d))
            }
            _ => {
                let op = self.pick(&["-", "~"]);
                expr!("(@@)", op, self.big(d))
            }
        }
    }

    /// A primitive, as a rule.
    pub fn primitive(&mut self, depth: usize) -> Node {
        match self.below(12) {
            0..=3 => self.int(depth),
            4 | 5 => self.num(depth),
            6 | 7 => self.string(depth),
            8 => self.bool(depth),
            9 => {
                if self.chance(40) {
                    self.big(depth)
                } else {
                    self.int(depth)
                }
            }
            10 => self.literal(&["undefined", "null"]),
            _ => self.var_of(Ty::Any).unwrap_or_else(|| self.int(depth)),
        }
    }

    pub fn any(&mut self, depth: usize) -> Node {
        match self.below(16) {
            0 => self.array(depth),
            1 => self.object(depth),
            2 => {
                self.mark(Feature::Nullish);
                self.growing = true;
                expr!("(@ ?? @)", self.primitive(depth / 2), self.primitive(depth / 2))
            }
            3 if depth > 0 => {
                self.growing = true;
                let op = self.pick(&["+", "-", "*", "&", "<", "=="]);
                expr!("(@ @ @)", self.primitive(depth - 1), op, self.primitive(depth - 1))
            }
            4 if depth > 0 => expr!("(@, @)", self.primitive(depth - 1), self.primitive(depth - 1)),
            5 => {
                self.mark(Feature::Symbols);
                self.literal(&["Symbol.iterator", "Symbol.for(\"q\")"])
            }
            6 => {
                self.mark(Feature::ConversionHooks);
                let n = self.small_int();
                if self.chance(50) {
                    expr!("({ valueOf() { return @; } })", n)
                } else {
                    expr!("({ toString() { return @; }, valueOf() { return @; } })", self.string(0), n)
                }
            }
            7 => self.leaf(depth),
            _ => self.primitive(depth),
        }
    }

    pub fn array(&mut self, depth: usize) -> Node {
        if self.chance(65)
            && let Some(var) = self.var_of(Ty::Arr)
        {
            return var;
        }
        self.fresh_array(depth)
    }

    pub fn fresh_array(&mut self, depth: usize) -> Node {
        let d = depth.min(1);
        match self.below(6) {
            0 => {
                self.mark(Feature::HoleyArrays);
                expr!("[@, , @, @]", self.int(d), self.num(0), self.primitive(0))
            }
            1 | 2 => {
                let elements = self.some(1, 6, |g| crate::item!("@, ", g.int(d.min(1))));
                expr!("[@]", elements)
            }
            3 => {
                let elements = self.some(1, 5, |g| crate::item!("@, ", g.num(0)));
                expr!("[@]", elements)
            }
            _ => {
                let elements = self.some(0, 6, |g| crate::item!("@, ", g.primitive(d)));
                expr!("[@]", elements)
            }
        }
    }

    pub fn object(&mut self, depth: usize) -> Node {
        if self.chance(70)
            && let Some(var) = self.var_of(Ty::Obj)
        {
            return var;
        }
        self.fresh_object(depth)
    }

    pub fn fresh_object(&mut self, depth: usize) -> Node {
        let d = depth.min(1);
        let mut names: Vec<&str> = PROPERTIES.to_vec();
        let start = self.below(names.len());
        names.rotate_left(start);
        let count = self.between(1, 4);
        let parts: Vec<Node> =
            names[..count].iter().map(|name| crate::item!("@: @, ", *name, self.primitive(d))).collect();
        expr!("({ @ })", parts)
    }

    /// A small function.
    pub fn leaf(&mut self, depth: usize) -> Node {
        if depth > 0
            && self.chance(60)
            && let Some(var) = self.var_of(Ty::Leaf)
        {
            return var;
        }
        let (a, b) = (self.name("p"), self.name("p"));
        let context = self.plain_context();
        let growing = self.growing;
        let outer = std::mem::replace(&mut self.in_leaf, true);
        let made = self.leaf_body(context, |g| {
            g.declare(&a, Ty::Int, false);
            g.declare(&b, Ty::Any, false);
            match g.below(3) {
                0 => expr!("((@, @) => @)", &a, &b, g.primitive(2)),
                1 => expr!("(function (@, @) { return @; })", &a, &b, g.primitive(2)),
                _ => {
                    g.mark(Feature::Defaults);
                    expr!("((@, @ = @) => @)", &a, &b, g.primitive(0), g.any(1))
                }
            }
        });
        self.in_leaf = outer;
        self.growing = growing;
        made
    }
}
