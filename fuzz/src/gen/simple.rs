//! Statements that every function is made of: declarations, assignments, branches, loops, exceptions.

use super::{Gen, PROPERTIES, Ty};
use crate::features::{FEATURES, Feature};
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// Nesting of statements.
const MAX_DEPTH: usize = 4;

impl Gen {
    /// A few statements, with a scope of their own. Written without braces.
    pub fn body(&mut self, low: usize, high: usize) -> Node {
        self.depth += 1;
        let made = self.scoped(|g| Node::list(g.some(low, high, Gen::statement)));
        self.depth -= 1;
        made
    }

    /// Any statement that the place and the budget allow.
    pub fn statement(&mut self) -> Node {
        self.charge(1);
        if self.depth < MAX_DEPTH && self.fits(60) && !self.hard && self.chance(if self.depth == 0 { 75 } else { 22 }) {
            return self.topic();
        }
        if self.depth < MAX_DEPTH && self.fits(8) && self.chance(40) {
            return match self.below(9) {
                0 | 1 => self.branch(),
                2..=4 => self.counted_loop(),
                5 => self.while_loop(),
                6 => self.switch(),
                7 if !self.hard => self.try_statement(),
                _ => self.labelled(),
            };
        }
        match self.below(14) {
            0..=4 => self.assignment(),
            5 | 6 => self.declaration(),
            7 if !self.hard => self.property_write(),
            8 if !self.hard => self.element_write(),
            9 => self.sparse_log(),
            10 => self.jump(),
            11 if !self.hard => self.type_change(),
            12 => self.typed_write(),
            _ => self.assignment(),
        }
    }

    /// A statement from the table of topics, by weight.
    fn topic(&mut self) -> Node {
        let weights: Vec<u32> =
            FEATURES.iter().map(|row| if row.make.is_some() && self.fits(row.cost) { row.weight } else { 0 }).collect();
        if weights.iter().sum::<u32>() == 0 {
            return self.assignment();
        }
        let row = &FEATURES[self.rng.weighted(&weights)];
        self.mark(row.feature);
        self.depth += 1;
        let made = row.make.expect("weights of others are 0")(self);
        self.depth -= 1;
        self.charge(row.cost / 4);
        made
    }

    pub fn declaration(&mut self) -> Node {
        let types: &[Ty] = if self.hard {
            &[Ty::Int, Ty::Num, Ty::Int, Ty::Num]
        } else {
            &[Ty::Int, Ty::Num, Ty::Str, Ty::Bool, Ty::Big, Ty::Any, Ty::Arr, Ty::Obj, Ty::Leaf, Ty::Int, Ty::Num]
        };
        let ty = types[self.below(types.len())];
        self.declaration_of(ty)
    }

    pub fn declaration_of(&mut self, ty: Ty) -> Node {
        let name = self.name(match ty {
            Ty::Int => "i",
            Ty::Num => "d",
            Ty::Str => "s",
            Ty::Bool => "b",
            Ty::Big => "n",
            Ty::Any => "v",
            Ty::Arr => "a",
            Ty::Obj => "o",
            Ty::Leaf => "f",
            Ty::Typed => "t",
        });
        self.growing = false;
        let value = self.of(ty, 2);
        let value = self.bounded(value);
        let constant = self.chance(20) || ty == Ty::Typed;
        self.declare(&name, ty, !constant);
        stmt!("@ @ = @;\n", if constant { "const" } else { "let" }, name, value)
    }

    /// The expression, through `$bound` where it may have grown. Says `growing` no more.
    pub fn bounded(&mut self, value: Node) -> Node {
        if std::mem::replace(&mut self.growing, false) && !self.hard { expr!("$bound(@)", value) } else { value }
    }

    pub fn assignment(&mut self) -> Node {
        let hard = self.hard;
        let is_value = |ty: Ty| !matches!(ty, Ty::Typed);
        let Some(var) = self.var(|v| v.mutable && v.hard == hard && is_value(v.ty)) else {
            return self.sparse_log();
        };
        self.growing = false;
        match (var.ty, self.below(6)) {
            (Ty::Int | Ty::Num, 0) => {
                self.mark(Feature::CompoundAssignment);
                let op = self.pick(&["-=", "/=", "%=", ">>=", ">>>=", "&=", "^="]);
                stmt!("@ @ @;\n", var.name, op, self.num(2))
            }
            (Ty::Int | Ty::Num, 1) => {
                self.mark(Feature::Update);
                stmt!("@@;\n", var.name, if self.chance(50) { "++" } else { "--" })
            }
            (Ty::Int, 2) => {
                self.mark(Feature::IntArithmetic);
                stmt!("@ = (@ + @) | 0;\n", &var.name, &var.name, self.int(2))
            }
            (Ty::Int | Ty::Num, 3) => {
                self.mark(Feature::CompoundAssignment);
                let op = self.pick(&["+=", "*=", "+="]);
                let change = stmt!("@ @ @;\n", &var.name, op, self.num(2));
                self.growing = false;
                if hard { change } else { stmt!("@@ = $bound(@);\n", change, &var.name, &var.name) }
            }
            (Ty::Any | Ty::Bool, 0) => {
                self.mark(Feature::LogicalAssignment);
                let op = self.pick(&["&&=", "||=", "??="]);
                let value = self.primitive(1);
                stmt!("@ @ @;\n", var.name, op, self.bounded(value))
            }
            (Ty::Str, 0 | 1) => {
                self.mark(Feature::StringConcat);
                stmt!("@ += @; @ = $bound(@);\n", &var.name, self.primitive(1), &var.name, &var.name)
            }
            (Ty::Arr, _) => stmt!("@ = @;\n", var.name, self.fresh_array(1)),
            (Ty::Obj, _) => stmt!("@ = @;\n", var.name, self.fresh_object(1)),
            (Ty::Leaf, _) => {
                self.mark(Feature::Redefinition);
                stmt!("@ = @;\n", var.name, self.leaf(0))
            }
            _ => {
                let value = self.of(var.ty, 3);
                stmt!("@ = @;\n", var.name, self.bounded(value))
            }
        }
    }

    /// Logs, but not in every turn of a long loop.
    pub fn sparse_log(&mut self) -> Node {
        let value = if self.hard { self.num(1) } else { self.any(2) };
        self.growing = false;
        if self.times > 20 {
            if let Some(counter) = self.counter() {
                return stmt!("if ((@ & 127) === @) $log(@);\n", counter, self.below(3), value);
            }
            return stmt!("void @;\n", value);
        }
        stmt!("$log(@);\n", value)
    }

    fn counter(&mut self) -> Option<String> {
        self.vars.iter().rev().find(|v| v.hard && !v.mutable).map(|v| v.name.clone())
    }

    fn property_write(&mut self) -> Node {
        self.mark(Feature::Properties);
        let name = self.pick(&PROPERTIES);
        let object = self.object(0);
        self.growing = false;
        match self.below(5) {
            0 => stmt!("@.@ = @;\n", object, name, expr!("$bound(@)", self.primitive(2))),
            1 => stmt!("@.@ = $bound(@.@ + @);\n", object.clone(), name, object, name, self.primitive(1)),
            2 => stmt!("@.@++;\n", object, name),
            3 => {
                self.mark(Feature::Delete);
                stmt!("delete @.@;\n", object, name)
            }
            _ => stmt!("@[@] = @;\n", object, self.primitive(1), self.int(1)),
        }
    }

    fn element_write(&mut self) -> Node {
        self.mark(Feature::Elements);
        let array = self.array(0);
        let index = self.int(1);
        match self.below(6) {
            0 | 1 => stmt!("@[@ & 7] = @;\n", array, index, expr!("$bound(@)", self.primitive(2))),
            2 => stmt!("@[@ & 7] += @ | 0;\n", array, index, self.int(1)),
            3 => stmt!("if (@.length < 40) @.push(@);\n", array.clone(), array, expr!("$bound(@)", self.primitive(1))),
            4 => stmt!("@.@();\n", array, self.pick(&["pop", "shift", "reverse"])),
            _ => {
                self.mark(Feature::HoleyArrays);
                stmt!("@.length = @;\n", array, self.below(9))
            }
        }
    }

    fn typed_write(&mut self) -> Node {
        let Some(var) = self.var(|v| v.ty == Ty::Typed) else {
            return self.assignment();
        };
        self.mark(Feature::TypedArrays);
        let op = self.pick(&["=", "+=", "^=", "-="]);
        stmt!("@[@ & 7] @ @;\n", var.name, self.int(1), op, self.num(2))
    }

    /// A loop variable becomes something else at one turn: what type feedback has promised is broken.
    fn type_change(&mut self) -> Node {
        let Some(var) = self.var(|v| v.mutable && !v.hard && matches!(v.ty, Ty::Int | Ty::Num | Ty::Any | Ty::Str))
        else {
            return self.assignment();
        };
        let Some(counter) = self.counter() else {
            return self.assignment();
        };
        self.mark(Feature::TypeChange);
        self.growing = false;
        let value = match self.below(4) {
            0 => self.num(1),
            1 => self.string(1),
            2 => self.big(0),
            _ => self.any(1),
        };
        let turn = self.pick(&["1", "7", "50", "99", "256", "601"]);
        stmt!("if (@ === @) @ = @;\n", counter, turn, var.name, self.bounded(value))
    }

    fn branch(&mut self) -> Node {
        let condition = if self.chance(30) && !self.hard { self.any(2) } else { self.bool(2) };
        let then = self.body(1, 2);
        if self.chance(50) {
            return stmt!("if (@) {\n@}\n", condition, then);
        }
        stmt!("if (@) {\n@} else {\n@}\n", condition, then, self.body(1, 2))
    }

    /// Makes the body of a loop.
    pub fn loop_body(&mut self, trip: u64, make: impl FnOnce(&mut Gen) -> Node) -> Node {
        let outer = std::mem::replace(&mut self.context.in_loop, true);
        let made = self.repeated(trip, make);
        self.context.in_loop = outer;
        made
    }

    pub fn counted_loop(&mut self) -> Node {
        self.mark(Feature::ForLoop);
        let trip = self.trip();
        let i = self.name("k");
        let form = self.below(6);
        let body = self.scoped(|g| {
            g.declare_counter(&i);
            g.loop_body(trip, |g| g.body(1, 4))
        });
        match form {
            0 => stmt!("for (let @ = @; @ > 0; @--) {\n@}\n", &i, trip, &i, &i, body),
            1 => stmt!("for (let @ = 0; @ < @; @ += 2) {\n@}\n", &i, &i, trip, &i, body),
            2 => stmt!("for (var @ = 0; @ !== @; ++@) {\n@}\n", &i, &i, trip, &i, body),
            3 => stmt!("for (let @ = 2147483647; @ < @; @++) {\n@}\n", &i, &i, (1u64 << 31) - 1 + trip, &i, body),
            _ => stmt!("for (let @ = 0; @ < @; @++) {\n@}\n", &i, &i, trip, &i, body),
        }
    }

    fn while_loop(&mut self) -> Node {
        self.mark(Feature::WhileLoop);
        let trip = self.trip();
        let i = self.name("k");
        let form = self.below(3);
        let body = self.scoped(|g| {
            g.declare_counter(&i);
            g.loop_body(trip, |g| g.body(1, 3))
        });
        match form {
            0 => stmt!("{ let @ = 0; do {\n@} while (++@ < @); }\n", &i, body, &i, trip),
            1 => stmt!("{ let @ = @; while (@-- > 0) {\n@} }\n", &i, trip, &i, body),
            _ => stmt!("{ let @ = 0; while (true) { if (++@ > @) break;\n@} }\n", &i, &i, trip, body),
        }
    }

    fn switch(&mut self) -> Node {
        self.mark(Feature::Switch);
        let on = match self.below(3) {
            0 if !self.hard => self.primitive(2),
            1 => expr!("(@ & 3)", self.int(2)),
            _ => self.int(2),
        };
        let outer = std::mem::replace(&mut self.context.in_loop, false);
        let mut cases = self.some(1, 5, |g| {
            let test = match g.below(4) {
                0 => g.edge_int(),
                1 if !g.hard => g.primitive(1),
                _ => g.small_int(),
            };
            let end = g.pick(&["break;", "break;", "", "/* falls through */"]);
            item!("case @: { @ } @\n", test, g.body(0, 2), end)
        });
        let default = self.below(cases.len() + 2);
        if default <= cases.len() {
            let body = self.body(0, 2);
            let end = self.pick(&["break;", ""]);
            cases.insert(default, item!("default: { @ } @\n", body, end));
        }
        self.context.in_loop = outer;
        stmt!("switch (@) {\n@}\n", on, cases)
    }

    fn labelled(&mut self) -> Node {
        self.mark(Feature::Labels);
        let label = self.name("L");
        self.context.labels.push(label.clone());
        let made = if self.chance(60) {
            let inner = if self.chance(50) { self.counted_loop() } else { fixed!("{ @ }", self.body(1, 3)) };
            stmt!("@: @\n", &label, inner)
        } else {
            let i = self.name("k");
            let trip = self.trip();
            let body = self.scoped(|g| {
                g.declare_counter(&i);
                g.loop_body(trip, |g| {
                    let inner = g.counted_loop();
                    let (before, condition) = (g.body(0, 1), g.bool(2));
                    fixed!("@if (@) continue @;\n@", before, condition, &label, inner)
                })
            });
            stmt!("@: for (let @ = 0; @ < @; @++) {\n@}\n", &label, &i, &i, trip, &i, body)
        };
        self.context.labels.pop();
        made
    }

    /// `break`, `continue`, `return`, `throw`, under a condition.
    pub fn jump(&mut self) -> Node {
        let condition = self.bool(2);
        let mut forms = vec![];
        if self.context.in_loop {
            forms.extend(["break", "continue", "continue"]);
        }
        if !self.context.labels.is_empty() {
            forms.push("label");
        }
        if self.context.in_function && self.depth > 1 {
            forms.push("return");
            if !self.hard {
                forms.push("throw");
            }
        }
        if forms.is_empty() {
            return self.assignment();
        }
        self.growing = false;
        match forms[self.below(forms.len())] {
            "label" => {
                let index = self.below(self.context.labels.len());
                let label = self.context.labels[index].clone();
                stmt!("if (@) break @;\n", condition, label)
            }
            "return" => {
                let value = if self.hard { self.num(1) } else { self.any(1) };
                stmt!("if (@) return @;\n", condition, self.bounded(value))
            }
            "throw" => {
                self.mark(Feature::Throw);
                stmt!("if (@) throw @;\n", condition, self.thrown())
            }
            jump => stmt!("if (@) @;\n", condition, jump),
        }
    }

    pub fn thrown(&mut self) -> Node {
        match self.below(5) {
            0 => self.primitive(1),
            1 => expr!("new Error(\"e\")"),
            2 => expr!("new RangeError(\"r\")"),
            3 => expr!("[@]", self.int(1)),
            _ => self.small_int(),
        }
    }

    /// `try` with all that may follow it.
    pub fn try_statement(&mut self) -> Node {
        self.mark(Feature::TryCatch);
        let body = self.try_body();
        let e = self.name("e");
        let form = self.below(5);
        let handler = self.scoped(|g| {
            if form != 0 {
                g.declare(&e, Ty::Any, true);
            }
            g.body(0, 2)
        });
        match form {
            0 => stmt!("try {\n@} catch {\n$log(@);\n@}\n", body, self.below(100), handler),
            1 | 2 => stmt!("try {\n@} catch (@) {\n$caught(@);\n@}\n", body, &e, &e, handler),
            3 => {
                self.mark(Feature::Finally);
                stmt!("try {\n@} catch (@) {\n$caught(@);\n@} finally {\n@}\n", body, &e, &e, handler, self.body(0, 2))
            }
            _ => {
                self.mark(Feature::Finally);
                let last = self.finalizer();
                stmt!("try {\n@} finally {\n@}\n", body, last)
            }
        }
    }

    fn try_body(&mut self) -> Node {
        let before = self.body(1, 3);
        if self.chance(40) {
            self.mark(Feature::Throw);
            let condition = self.bool(1);
            let thrown = self.thrown();
            return fixed!("@@", before, stmt!("if (@) throw @;\n", condition, thrown));
        }
        if self.chance(20) {
            let wrong = self.pick(&["null.x", "undefined()", "(1n + 1)", "new Array(-1)", "$none", "Symbol() + 1"]);
            return fixed!("@@", before, stmt!("@;\n", wrong));
        }
        before
    }

    /// The body of `finally`, which may end what ended the `try` in another way.
    fn finalizer(&mut self) -> Node {
        let body = self.body(0, 2);
        if self.chance(30) {
            self.mark(Feature::AbruptFinally);
            let jump = self.jump();
            return fixed!("@@", body, jump);
        }
        body
    }
}
