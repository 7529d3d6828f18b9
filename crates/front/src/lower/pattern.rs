//! Destructuring: binding patterns of declarations and parameters, assignment patterns.

use super::assign::Use;
use super::iterate::RECORD;
use super::literal::Key;
use super::vars::Target;
use super::{Builder, Reg};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::instr;
use tercel_bytecode::op::{Dst, Src};

/// What binding a name means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bind {
    /// Initializing the variable that is declared here: `let`, `const`, parameters, catch parameters.
    Init,
    /// Assigning to a `var`, wherever its name is found.
    Var,
}

/// A place in a pattern that takes a value.
#[derive(Clone, Copy)]
enum Place<'s, 'a> {
    Binding(&'s BindingPattern<'a>, Bind),
    Target(&'s AssignmentTarget<'a>),
    Name(&'s IdentifierReference<'a>),
}

/// A place whose target, if it is no pattern, has been evaluated.
enum Ready<'s, 'a> {
    Init(&'s BindingIdentifier<'a>),
    Target(Target<'a>),
    Binding(&'s BindingPattern<'a>, Bind),
    Pattern(AssignmentPatternRef<'s, 'a>),
}

#[derive(Clone, Copy)]
enum AssignmentPatternRef<'s, 'a> {
    Array(&'s ArrayAssignmentTarget<'a>),
    Object(&'s ObjectAssignmentTarget<'a>),
}

/// A place with its default.
type Element<'s, 'a> = (Place<'s, 'a>, Option<&'s Expression<'a>>);

impl<'s, 'a> Builder<'s, 'a> {
    /// Binds the names of a pattern to (parts of) `value`.
    pub fn bind_pattern(&mut self, pattern: &'s BindingPattern<'a>, value: Reg, bind: Bind) {
        match pattern {
            BindingPattern::BindingIdentifier(id) => match bind {
                Bind::Init => self.init_name(id.name, id.span.start, value),
                Bind::Var => {
                    let mark = self.mark_registers();
                    let target = self.name_target(id.name, id.span.start, false);
                    self.store(&target, value);
                    self.release(mark);
                }
            },
            BindingPattern::ObjectPattern(object) => self.bind_object(object, value, bind),
            BindingPattern::ArrayPattern(array) => self.bind_array(array, value, bind),
            BindingPattern::AssignmentPattern(assignment) => {
                let element = (Place::Binding(&assignment.left, bind), Some(&assignment.right));
                self.element(element, |this, dst| this.mov(dst, value));
            }
        }
    }

    /// Assigns (parts of) `value` to the targets of a pattern.
    pub fn assign_pattern(&mut self, pattern: &'s AssignmentTargetPattern<'a>, value: Reg) {
        match pattern {
            AssignmentTargetPattern::ArrayAssignmentTarget(array) => {
                self.assign_array(array, value);
            }
            AssignmentTargetPattern::ObjectAssignmentTarget(object) => {
                self.assign_object(object, value);
            }
        }
    }

    /// Assigns `value` to a target or pattern.
    pub fn assign_target(&mut self, target: &'s AssignmentTarget<'a>, value: Reg) {
        if let Some(pattern) = target.as_assignment_target_pattern() {
            self.assign_pattern(pattern, value);
        } else if let Some(simple) = target.as_simple_assignment_target() {
            let mark = self.mark_registers();
            let target = self.target(simple, Use::Unknown);
            self.store(&target, value);
            self.release(mark);
        }
    }

    /// One element: evaluates its target, gets the value (`get` puts it into the register it is given), applies the default, stores.
    fn element(&mut self, (place, default): Element<'s, 'a>, get: impl FnOnce(&mut Self, Reg)) {
        let mark = self.mark_registers();
        let ready = self.prepare(place);
        // A variable in a register is initialized in place.
        let direct = match (&ready, default) {
            (Ready::Init(id), None) => self.init_register(id.name),
            _ => None,
        };
        let value = direct.unwrap_or_else(|| self.temp());
        get(self, value);
        if let Some(default) = default {
            let keep = self.label();
            self.jump_if_not_undefined(value, keep);
            if let Some(name) = place_name(place) {
                self.name_anonymous(default, name);
            }
            self.expr_to(default, value);
            self.pending_name = None;
            self.bind(keep);
        }
        match ready {
            Ready::Init(id) if direct.is_none() => {
                self.init_name(id.name, id.span.start, value);
            }
            Ready::Init(_) => {}
            Ready::Target(target) => self.store(&target, value),
            Ready::Binding(pattern, bind) => self.bind_pattern(pattern, value, bind),
            Ready::Pattern(AssignmentPatternRef::Array(array)) => self.assign_array(array, value),
            Ready::Pattern(AssignmentPatternRef::Object(object)) => {
                self.assign_object(object, value);
            }
        }
        self.release(mark);
    }

    fn prepare(&mut self, place: Place<'s, 'a>) -> Ready<'s, 'a> {
        match place {
            Place::Binding(BindingPattern::BindingIdentifier(id), Bind::Init) => Ready::Init(id),
            Place::Binding(BindingPattern::BindingIdentifier(id), Bind::Var) => {
                Ready::Target(self.name_target(id.name, id.span.start, false))
            }
            Place::Binding(pattern, bind) => Ready::Binding(pattern, bind),
            Place::Name(id) => Ready::Target(self.name_target(id.name, id.span.start, true)),
            Place::Target(target) => match target {
                AssignmentTarget::ArrayAssignmentTarget(array) => Ready::Pattern(AssignmentPatternRef::Array(array)),
                AssignmentTarget::ObjectAssignmentTarget(object) => {
                    Ready::Pattern(AssignmentPatternRef::Object(object))
                }
                other => match other.as_simple_assignment_target() {
                    Some(simple) => {
                        let target = self.target(simple, Use::Unknown);
                        // Calls are let through as whole targets only, not in patterns.
                        if let Target::Call { pos } = target {
                            self.syntax_error(pos, "invalid destructuring target");
                        }
                        Ready::Target(target)
                    }
                    None => Ready::Target(Target::Call { pos: other.span().start }),
                },
            },
        }
    }

    // ---- Objects ---------------------------------------------------------------------------------------------------------------

    fn bind_object(&mut self, object: &'s ObjectPattern<'a>, value: Reg, bind: Bind) {
        let mark = self.mark_registers();
        let first_is_plain = object.properties.first().is_some_and(|p| !p.computed);
        self.check_coercible(value, first_is_plain, object.span.start);
        let keys = object.rest.as_ref().map(|_| self.run(object.properties.len()));
        for (i, property) in object.properties.iter().enumerate() {
            let element = split_binding(&property.value, bind);
            self.property_element(&property.key, property.computed, keys.map(|k| k + i as Reg), value, element);
        }
        if let (Some(rest), Some(keys)) = (&object.rest, keys) {
            let element = (Place::Binding(&rest.argument, bind), None);
            self.rest_of_object(element, value, keys, object.properties.len());
        }
        self.release(mark);
    }

    fn assign_object(&mut self, object: &'s ObjectAssignmentTarget<'a>, value: Reg) {
        let mark = self.mark_registers();
        // A member target is evaluated before the first property is read.
        let first_is_plain = match object.properties.first() {
            Some(AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(_)) => true,
            Some(AssignmentTargetProperty::AssignmentTargetPropertyProperty(p)) => {
                !p.computed && matches!(p.binding, AssignmentTargetMaybeDefault::AssignmentTargetIdentifier(_))
            }
            None => false,
        };
        self.check_coercible(value, first_is_plain, object.span.start);
        let keys = object.rest.as_ref().map(|_| self.run(object.properties.len()));
        for (i, property) in object.properties.iter().enumerate() {
            let key_at = keys.map(|k| k + i as Reg);
            match property {
                AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                    if let Some(at) = key_at {
                        self.load_string(at, property.binding.name.as_str().into());
                    }
                    let name = self.name(property.binding.name);
                    let pos = property.span.start;
                    let element = (Place::Name(&property.binding), property.init.as_ref());
                    self.element(element, |this, dst| {
                        this.at(pos);
                        this.get_named(dst, value, name);
                    });
                }
                AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                    let Some(element) = split_target(&property.binding) else {
                        continue;
                    };
                    self.property_element(&property.name, property.computed, key_at, value, element);
                }
            }
        }
        if let (Some(rest), Some(keys)) = (&object.rest, keys) {
            let element = (Place::Target(&rest.target), None);
            self.rest_of_object(element, value, keys, object.properties.len());
        }
        self.release(mark);
    }

    fn check_coercible(&mut self, value: Reg, first_is_plain: bool, pos: u32) {
        // Reading the first property throws just the same.
        if !first_is_plain {
            self.at(pos);
            self.emit(instr::CheckCoercible { src: Src(value) });
        }
    }

    /// One property of an object pattern; the key is kept at `key_at` for the rest property.
    fn property_element(
        &mut self,
        key: &'s PropertyKey<'a>,
        computed: bool,
        key_at: Option<Reg>,
        value: Reg,
        element: Element<'s, 'a>,
    ) {
        let mark = self.mark_registers();
        let evaluated = self.property_key(key, computed);
        if let Some(at) = key_at {
            match evaluated {
                Key::Name(name) => self.load_string(at, name.as_str().into()),
                Key::Value(register) => self.mov(at, register),
            }
        }
        let pos = key.span().start;
        self.element(element, |this, dst| {
            this.at(pos);
            match evaluated {
                Key::Name(name) => {
                    let name = this.name(name);
                    this.get_named(dst, value, name);
                }
                Key::Value(key) => this.get_elem(dst, value, key),
            }
        });
        self.release(mark);
    }

    fn rest_of_object(&mut self, element: Element<'s, 'a>, value: Reg, keys: Reg, count: usize) {
        self.element(element, |this, dst| {
            let mark = this.mark_registers();
            let target = this.temp();
            let slot = this.slot(tercel_bytecode::FeedbackKind::Literal);
            this.emit(instr::NewObject { dst: Dst(target), slot });
            this.copy_data_properties(target, value, keys, count);
            this.mov(dst, target);
            this.release(mark);
        });
    }

    // ---- Arrays ----------------------------------------------------------------------------------------------------------------

    fn bind_array(&mut self, array: &'s ArrayPattern<'a>, value: Reg, bind: Bind) {
        let elements = array.elements.iter().map(|element| element.as_ref().map(|p| split_binding(p, bind))).collect();
        let rest = array.rest.as_ref().map(|rest| (Place::Binding(&rest.argument, bind), None));
        self.array_elements(elements, rest, value, array.span.start);
    }

    fn assign_array(&mut self, array: &'s ArrayAssignmentTarget<'a>, value: Reg) {
        let elements = array.elements.iter().map(|element| element.as_ref().and_then(split_target)).collect();
        let rest = array.rest.as_ref().map(|rest| (Place::Target(&rest.target), None));
        self.array_elements(elements, rest, value, array.span.start);
    }

    /// An array pattern: `None` stands for an elision.
    fn array_elements(
        &mut self,
        elements: Vec<Option<Element<'s, 'a>>>,
        rest: Option<Element<'s, 'a>>,
        value: Reg,
        pos: u32,
    ) {
        let mark = self.mark_registers();
        let iter = self.run(RECORD);
        self.get_iterator(iter, value, true, pos);
        // True while the iterator itself runs, and after it is exhausted: then it is not closed.
        let done = self.temp();
        self.load_bool(done, false);
        let exception = self.temp();
        let (handler, end) = (self.label(), self.label());
        self.push_pattern(iter, done);
        let region = self.open_region();
        for (i, element) in elements.into_iter().enumerate() {
            match element {
                Some(element) => self.element(element, |this, dst| {
                    this.array_step(iter, done, dst, i == 0, pos);
                }),
                None => self.array_skip(iter, done, i == 0, pos),
            }
        }
        if let Some(rest) = rest {
            self.element(rest, |this, dst| this.array_rest(iter, done, dst, pos));
        }
        self.close_region(region, handler, exception);
        self.pop_control();
        self.jump_if_true(done, end);
        self.iter_close(iter, false);
        self.jump(end);
        self.bind(handler);
        let rethrow = self.label();
        self.jump_if_true(done, rethrow);
        self.iter_close_quietly(iter, false);
        self.bind(rethrow);
        self.emit(instr::Throw { src: Src(exception) });
        self.bind(end);
        self.release(mark);
    }

    /// The next value of the iterator in `dst`, undefined when it is exhausted.
    fn array_step(&mut self, iter: Reg, done: Reg, dst: Reg, first: bool, pos: u32) {
        let mark = self.mark_registers();
        // `dst` may be a variable; the protocol's calls must not leave it half done.
        let (exhausted, finished, got) = (self.label(), self.label(), self.label());
        if !first {
            self.jump_if_true(done, finished);
        }
        self.at(pos);
        self.iter_next(dst, iter, got, exhausted);
        self.load_bool(done, true);
        self.iter_step_slow(dst, iter, finished);
        self.load_bool(done, false);
        self.jump(got);
        self.bind(exhausted);
        self.load_bool(done, true);
        self.bind(finished);
        self.load_undefined(dst);
        self.bind(got);
        self.release(mark);
    }

    /// Advances the iterator over an elision: the result's value is not read (IteratorStep, §8.6.2).
    fn array_skip(&mut self, iter: Reg, done: Reg, first: bool, pos: u32) {
        let mark = self.mark_registers();
        let ignored = self.temp();
        let (exhausted, finished, got) = (self.label(), self.label(), self.label());
        if !first {
            self.jump_if_true(done, finished);
        }
        self.at(pos);
        self.iter_next(ignored, iter, got, exhausted);
        self.load_bool(done, true);
        self.iter_call(ignored, iter);
        self.iter_done(ignored, finished);
        self.load_bool(done, false);
        self.jump(got);
        self.bind(exhausted);
        self.load_bool(done, true);
        self.bind(finished);
        self.bind(got);
        self.release(mark);
    }

    /// The remaining values as an array.
    fn array_rest(&mut self, iter: Reg, done: Reg, dst: Reg, pos: u32) {
        let mark = self.mark_registers();
        let array = self.temp();
        self.new_array(array, 0);
        let end = self.label();
        self.jump_if_true(done, end);
        self.load_bool(done, true);
        let value = self.temp();
        let top = self.asm.here();
        self.iter_step(value, iter, end, pos);
        self.emit(instr::ArrayPush { array: Src(array), src: Src(value) });
        self.loop_back(top);
        self.bind(end);
        self.mov(dst, array);
        self.release(mark);
    }
}

/// A binding element: its pattern and default.
fn split_binding<'s, 'a>(pattern: &'s BindingPattern<'a>, bind: Bind) -> Element<'s, 'a> {
    match pattern {
        BindingPattern::AssignmentPattern(assignment) => {
            (Place::Binding(&assignment.left, bind), Some(&assignment.right))
        }
        pattern => (Place::Binding(pattern, bind), None),
    }
}

/// An assignment element: its target and default.
fn split_target<'s, 'a>(target: &'s AssignmentTargetMaybeDefault<'a>) -> Option<Element<'s, 'a>> {
    match target {
        AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(with) => {
            Some((Place::Target(&with.binding), Some(&with.init)))
        }
        other => Some((Place::Target(other.as_assignment_target()?), None)),
    }
}

/// The name that a default function gets.
fn place_name<'a>(place: Place<'_, 'a>) -> Option<&'a str> {
    match place {
        Place::Binding(BindingPattern::BindingIdentifier(id), _) => Some(id.name.as_str()),
        Place::Name(id) => Some(id.name.as_str()),
        Place::Target(AssignmentTarget::AssignmentTargetIdentifier(id)) => Some(id.name.as_str()),
        _ => None,
    }
}
