//! ArrayBuffer (ECMA-262 §25.1) and DataView (§25.3).

use crate::table::*;
use tercel_vm::typed::{ArrayBuffer, DataView, ElementType, TRACKS_LENGTH, load, store_bits};
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Value};

/// The receiver as an ArrayBuffer (shared ones are of another class).
fn this_buffer(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<ArrayBuffer>> {
    match args.this().as_kind::<ArrayBuffer>(Kind::ArrayBuffer) {
        Some(b) if !b.is_shared() => Ok(b),
        _ => Err(cx.throw_type(format_args!(
            "Method ArrayBuffer.prototype.{method} called on incompatible receiver {}",
            cx.describe(args.this())
        ))),
    }
}

fn live(cx: &Context, b: Gc<ArrayBuffer>, method: &str) -> JsResult<Gc<ArrayBuffer>> {
    if b.is_detached() {
        return Err(
            cx.throw_type(format_args!("Cannot perform ArrayBuffer.prototype.{method} on a detached ArrayBuffer"))
        );
    }
    Ok(b)
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Constructor ArrayBuffer requires 'new'")));
    }
    let length = cx.to_index(args.get(0))?;
    let mut max = None;
    if let Some(options) = args.get(1).as_object() {
        let v = options.get(cx, cx.key_from_utf8("maxByteLength"))?;
        if !v.is_undefined() {
            max = Some(cx.to_index(v)?);
        }
    }
    if max.is_some_and(|m| length > m) {
        return Err(cx.throw_range(format_args!("Invalid array buffer max length")));
    }
    let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::ArrayBufferPrototype)?;
    Ok(cx.new_array_buffer(proto, length as usize, max.map(|m| m as usize), false)?.into())
}

fn is_view(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(matches!(args.get(0).kind(), Some(Kind::TypedArray | Kind::DataView)).into())
}

fn byte_length(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::length(this_buffer(cx, args, "byteLength")?.len()))
}

fn max_byte_length(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::length(this_buffer(cx, args, "maxByteLength")?.max_byte_length.get()))
}

fn resizable(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_buffer(cx, args, "resizable")?.is_resizable().into())
}

fn detached(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_buffer(cx, args, "detached")?.is_detached().into())
}

fn resize(cx: &Context, args: &Args) -> JsResult<Value> {
    let b = this_buffer(cx, args, "resize")?;
    if !b.is_resizable() {
        return Err(cx.throw_type(format_args!("Method ArrayBuffer.prototype.resize called on a fixed-length buffer")));
    }
    let length = cx.to_index(args.get(0))?;
    live(cx, b, "resize")?;
    if length > b.max_byte_length.get() as u64 {
        return Err(cx.throw_range(format_args!("ArrayBuffer.prototype.resize: Invalid length parameter")));
    }
    cx.resize_array_buffer(b, length as usize)?;
    Ok(Value::UNDEFINED)
}

/// A clamped relative index into a length in bytes.
fn relative(cx: &Context, v: Value, length: usize, default: usize) -> JsResult<usize> {
    Ok(crate::array::relative_index(cx, v, length as u64, default as u64)? as usize)
}

fn slice(cx: &Context, args: &Args) -> JsResult<Value> {
    let b = live(cx, this_buffer(cx, args, "slice")?, "slice")?;
    let length = b.len();
    let first = relative(cx, args.get(0), length, 0)?;
    let last = relative(cx, args.get(1), length, length)?;
    let count = last.saturating_sub(first);
    let c = cx.species_constructor(b.object(), Intrinsic::ArrayBuffer)?;
    let made = cx.construct(c, &[Value::length(count)], c)?;
    let new = match made.as_kind::<ArrayBuffer>(Kind::ArrayBuffer) {
        Some(new) if !new.is_shared() => live(cx, new, "slice")?,
        _ => return Err(cx.throw_type(format_args!("incompatible receiver: species is no ArrayBuffer"))),
    };
    if new == b || new.len() < count {
        return Err(cx.throw_type(format_args!("Species constructor returned an unsuitable buffer")));
    }
    let b = live(cx, b, "slice")?;
    // The species constructor may have shrunk the source.
    let available = b.len().saturating_sub(first).min(count);
    for (to, from) in new.bytes()[..available].iter().zip(&b.bytes()[first.min(b.len())..]) {
        to.set(from.get());
    }
    Ok(new.into())
}

/// ArrayBufferCopyAndDetach (§25.1.3.17).
fn copy_and_detach(cx: &Context, args: &Args, method: &str, keep_resizable: bool) -> JsResult<Value> {
    let b = this_buffer(cx, args, method)?;
    let length = if args.get(0).is_undefined() { b.len() as u64 } else { cx.to_index(args.get(0))? };
    live(cx, b, method)?;
    let max = (keep_resizable && b.is_resizable()).then(|| b.max_byte_length.get());
    let proto = cx.intrinsic(Intrinsic::ArrayBufferPrototype);
    let new = cx.new_array_buffer(proto, length as usize, max, false)?;
    for (to, from) in new.bytes().iter().zip(b.bytes()) {
        to.set(from.get());
    }
    cx.detach_array_buffer(b);
    Ok(new.into())
}

fn transfer(cx: &Context, args: &Args) -> JsResult<Value> {
    copy_and_detach(cx, args, "transfer", true)
}

fn transfer_to_fixed_length(cx: &Context, args: &Args) -> JsResult<Value> {
    copy_and_detach(cx, args, "transferToFixedLength", false)
}

pub static CONSTRUCTOR: FunctionSpec = class("ArrayBuffer", 1, constructor);
pub static STATICS: &[PropertySpec] =
    &[prototype(Intrinsic::ArrayBufferPrototype), method("isView", 1, is_view), species()];
pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::ArrayBuffer),
    getter("byteLength", byte_length),
    getter("detached", detached),
    getter("maxByteLength", max_byte_length),
    getter("resizable", resizable),
    method("resize", 1, resize),
    method("slice", 2, slice),
    method("transfer", 0, transfer),
    method("transferToFixedLength", 0, transfer_to_fixed_length),
    to_string_tag("ArrayBuffer"),
];

pub mod data_view {
    use super::*;

    fn this(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<DataView>> {
        match args.this().as_kind::<DataView>(Kind::DataView) {
            Some(v) => Ok(v),
            None => Err(cx.throw_type(format_args!(
                "Method DataView.prototype.{method} called on incompatible receiver {}",
                cx.describe(args.this())
            ))),
        }
    }

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        if args.new_target().is_undefined() {
            return Err(cx.throw_type(format_args!("Constructor DataView requires 'new'")));
        }
        let Some(buffer) = args.get(0).as_kind::<ArrayBuffer>(Kind::ArrayBuffer) else {
            return Err(cx.throw_type(format_args!("First argument to DataView constructor must be an ArrayBuffer")));
        };
        let offset = cx.to_index(args.get(1))?;
        live(cx, buffer, "DataView")?;
        let out_of_range = || cx.throw_range(format_args!("Start offset {offset} is outside the bounds of the buffer"));
        if offset > buffer.len() as u64 {
            return Err(out_of_range());
        }
        let length = match args.get(2) {
            v if v.is_undefined() && buffer.is_resizable() => TRACKS_LENGTH,
            v if v.is_undefined() => buffer.len() - offset as usize,
            v => {
                let n = cx.to_index(v)?;
                if offset + n > buffer.len() as u64 {
                    return Err(cx.throw_range(format_args!("Invalid DataView length {n}")));
                }
                n as usize
            }
        };
        let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::DataViewPrototype)?;
        live(cx, buffer, "DataView")?;
        if offset > buffer.len() as u64 || (length != TRACKS_LENGTH && offset as usize + length > buffer.len()) {
            return Err(out_of_range());
        }
        Ok(cx.new_data_view(proto, buffer, offset as usize, length)?.into())
    }

    fn in_bounds(cx: &Context, v: Gc<DataView>, method: &str) -> JsResult<()> {
        if v.out_of_bounds.get() != 0 {
            return Err(cx.throw_type(format_args!(
                "Cannot perform DataView.prototype.{method} on a detached or out-of-bounds view"
            )));
        }
        Ok(())
    }

    fn buffer(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(this(cx, args, "buffer")?.buffer.get())
    }

    fn byte_length(cx: &Context, args: &Args) -> JsResult<Value> {
        let v = this(cx, args, "byteLength")?;
        in_bounds(cx, v, "byteLength")?;
        Ok(Value::length(v.length.get()))
    }

    fn byte_offset(cx: &Context, args: &Args) -> JsResult<Value> {
        let v = this(cx, args, "byteOffset")?;
        in_bounds(cx, v, "byteOffset")?;
        Ok(Value::length(v.byte_offset.get()))
    }

    /// GetViewValue and SetViewValue (§25.3.1.5–6).
    fn access(cx: &Context, args: &Args, element: ElementType, store: bool) -> JsResult<Value> {
        let v = this(cx, args, if store { "set" } else { "get" })?;
        let index = cx.to_index(args.get(0))?;
        let bits = if store { cx.to_element_bits(element, args.get(1))? } else { 0 };
        let little = args.get(if store { 2 } else { 1 }).to_boolean();
        in_bounds(cx, v, if store { "set" } else { "get" })?;
        let size = element.size();
        if index + size as u64 > v.length.get() as u64 {
            return Err(cx.throw_range(format_args!("Offset is outside the bounds of the DataView")));
        }
        let at = v.data.get().wrapping_add(index as usize);
        let mut bytes = [0u8; 8];
        // SAFETY: `index + size` is at most the view's length, whose bytes lie in the buffer's store; the copies below are of
        // `size` bytes, at most 8.
        unsafe {
            if store {
                store_bits(element, bytes.as_mut_ptr(), bits);
                if !little {
                    bytes[..size].reverse();
                }
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, size);
                Ok(Value::UNDEFINED)
            } else {
                std::ptr::copy_nonoverlapping(at, bytes.as_mut_ptr(), size);
                if !little {
                    bytes[..size].reverse();
                }
                Ok(load(cx, element, bytes.as_ptr()))
            }
        }
    }

    macro_rules! accessors {
        ($($element:ident $get:ident $get_name:literal $set:ident $set_name:literal;)*) => {
            $(fn $get(cx: &Context, args: &Args) -> JsResult<Value> {
                access(cx, args, ElementType::$element, false)
            }
            fn $set(cx: &Context, args: &Args) -> JsResult<Value> {
                access(cx, args, ElementType::$element, true)
            })*
            pub static PROTOTYPE: &[PropertySpec] = &[
                constructor_of(Intrinsic::DataView),
                getter("buffer", buffer),
                getter("byteLength", byte_length),
                getter("byteOffset", byte_offset),
                $(method($get_name, 1, $get), method($set_name, 2, $set),)*
                to_string_tag("DataView"),
            ];
        };
    }

    accessors! {
        BigInt64 get_big_int64 "getBigInt64" set_big_int64 "setBigInt64";
        BigUint64 get_big_uint64 "getBigUint64" set_big_uint64 "setBigUint64";
        Float16 get_float16 "getFloat16" set_float16 "setFloat16";
        Float32 get_float32 "getFloat32" set_float32 "setFloat32";
        Float64 get_float64 "getFloat64" set_float64 "setFloat64";
        Int8 get_int8 "getInt8" set_int8 "setInt8";
        Int16 get_int16 "getInt16" set_int16 "setInt16";
        Int32 get_int32 "getInt32" set_int32 "setInt32";
        Uint8 get_uint8 "getUint8" set_uint8 "setUint8";
        Uint16 get_uint16 "getUint16" set_uint16 "setUint16";
        Uint32 get_uint32 "getUint32" set_uint32 "setUint32";
    }

    pub static CONSTRUCTOR: FunctionSpec = class("DataView", 1, constructor);
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::DataViewPrototype)];
}
