//! `JSON.parse` with a reviver (ECMA-262 §25.5.2).

use super::parse::Parser;
use super::snapshot::{Node, Snapshot};
use tercel_vm::string::Chars;
use tercel_vm::{Context, Gc, JsResult, Object, PropertyKey, Value};

struct Revival<'cx, 'a> {
    cx: &'cx Context,
    text: Chars<'a>,
    snapshot: Snapshot<'cx>,
    reviver: Value,
}

pub fn parse(cx: &Context, text: Value, reviver: Value) -> JsResult<Value> {
    // The slice of characters on this stack keeps the string where it is.
    let text = cx.to_string(text)?.chars(cx)?;
    let mut parser = Parser::new(cx, text, Some(Snapshot::new(cx)));
    let (value, node) = parser.document()?;
    let root = cx.new_object();
    let key = cx.names().empty;
    root.create_data(cx, key, value)?;
    let Some(snapshot) = parser.snapshot else { return Ok(value) };
    Revival { cx, text, snapshot, reviver }.internalize(root, key, node)
}

impl Revival<'_, '_> {
    /// InternalizeJSONProperty (§25.5.2.1).
    fn internalize(&self, holder: Gc<Object>, key: PropertyKey, node: Option<Node>) -> JsResult<Value> {
        let cx = self.cx;
        cx.check_native_stack()?;
        let value = holder.get(cx, key)?;
        let node = self.snapshot.describes(cx, node, value)?;
        let context = cx.new_object();
        if let Some(object) = value.as_object() {
            if cx.is_array(value)? {
                let length = cx.length_of(object)?;
                for i in 0..length {
                    self.element(object, cx.index_key(i), node.and_then(|n| self.snapshot.element(n, i)))?;
                }
            } else {
                let keys = cx.enumerable_own_keys(object)?;
                for i in 0..keys.len() {
                    let key = cx.to_property_key(keys.get(i))?;
                    self.element(object, key, node.and_then(|n| self.snapshot.property(n, key)))?;
                }
            }
        } else if let Some(range) = node.and_then(|n| self.snapshot.source(n)) {
            let source = cx.string_from_chars(self.text.slice(range.start, range.end))?;
            context.create_data(cx, cx.names().source, source.into())?;
        }
        cx.call(self.reviver, holder.into(), &[key.to_value(cx), value, context.into()])
    }

    fn element(&self, object: Gc<Object>, key: PropertyKey, node: Option<Node>) -> JsResult<()> {
        let cx = self.cx;
        let element = self.internalize(object, key, node)?;
        if element.is_undefined() {
            object.delete(cx, key)?;
        } else {
            object.create_data(cx, key, element)?;
        }
        Ok(())
    }
}
