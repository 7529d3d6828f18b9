//! Date (ECMA-262 §21.4).

pub mod parse;
pub mod time;
pub mod zone;

use crate::table::*;
use tercel_vm::convert::Hint;
use tercel_vm::{Args, Context, Gc, Intrinsic, JsResult, JsString, Kind, Object, Value, names};
use time::*;

/// The current time, in whole milliseconds since the epoch.
fn now_ms() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_millis() as f64)
}

/// ThisTimeValue: the date's time value, or a TypeError.
fn this_time(cx: &Context, args: &Args) -> JsResult<(Gc<Object>, f64)> {
    match args.this().as_kind::<Object>(Kind::Date) {
        Some(date) => Ok((date, date.primitive_value().as_number())),
        None => Err(cx.throw_type(format_args!("this is not a Date object."))),
    }
}

fn set_time_value(cx: &Context, date: Gc<Object>, t: f64) -> Value {
    let v = Value::number(t);
    date.set_primitive_value(cx, v);
    v
}

/// The components of a constructor or of Date.UTC as a time value, not clipped.
fn components(cx: &Context, args: &Args) -> JsResult<f64> {
    let mut n = [f64::NAN, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    for (i, slot) in n.iter_mut().enumerate().take(args.len()) {
        *slot = cx.to_number(args.get(i))?;
    }
    let [y, m, d, h, min, s, ms] = n;
    Ok(make_date(make_day(make_full_year(y), m, d), make_time(h, min, s, ms)))
}

fn parse_text(text: &str) -> f64 {
    match parse::parse(text) {
        Some(p) if p.local => time_clip(zone::utc(p.time)),
        Some(p) => time_clip(p.time),
        None => f64::NAN,
    }
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Ok(date_string(cx, now_ms()).into());
    }
    let t = match args.len() {
        0 => now_ms(),
        1 => match args.get(0).as_kind::<Object>(Kind::Date) {
            Some(other) => other.primitive_value().as_number(),
            None => {
                let v = cx.to_primitive(args.get(0), Hint::Default)?;
                match v.as_string() {
                    Some(s) => parse_text(&s.to_rust(cx)),
                    None => time_clip(cx.to_number(v)?),
                }
            }
        },
        _ => time_clip(zone::utc(components(cx, args)?)),
    };
    let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::DatePrototype)?;
    Ok(cx.new_primitive_object(Kind::Date, Value::number(t), proto).into())
}

fn now(_: &Context, _: &Args) -> JsResult<Value> {
    Ok(Value::number(now_ms()))
}

fn parse_method(cx: &Context, args: &Args) -> JsResult<Value> {
    let text = cx.to_string(args.get(0))?.to_rust(cx);
    Ok(Value::number(parse_text(&text)))
}

fn utc(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::number(time_clip(components(cx, args)?)))
}

/// The getters: a field of the time, in UTC or local.
macro_rules! getters {
    ($($local:ident, $utc:ident, $f:expr;)*) => {
        $(fn $local(cx: &Context, args: &Args) -> JsResult<Value> {
            let (_, t) = this_time(cx, args)?;
            let pick: fn(&Fields) -> i64 = $f;
            Ok(if t.is_nan() { Value::NAN } else { Value::number(pick(&fields(zone::local_time(t))) as f64) })
        }
        fn $utc(cx: &Context, args: &Args) -> JsResult<Value> {
            let (_, t) = this_time(cx, args)?;
            let pick: fn(&Fields) -> i64 = $f;
            Ok(if t.is_nan() { Value::NAN } else { Value::number(pick(&fields(t)) as f64) })
        })*
    };
}

getters! {
    get_date, get_utc_date, |f| f.day;
    get_day, get_utc_day, |f| f.weekday;
    get_full_year, get_utc_full_year, |f| f.year;
    get_hours, get_utc_hours, |f| f.hour;
    get_milliseconds, get_utc_milliseconds, |f| f.millisecond;
    get_minutes, get_utc_minutes, |f| f.minute;
    get_month, get_utc_month, |f| f.month;
    get_seconds, get_utc_seconds, |f| f.second;
}

fn get_time(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::number(this_time(cx, args)?.1))
}

fn get_timezone_offset(cx: &Context, args: &Args) -> JsResult<Value> {
    let (_, t) = this_time(cx, args)?;
    Ok(if t.is_nan() { Value::NAN } else { Value::number((0.0 - zone::offset_at(t)) / MS_PER_MINUTE) })
}

fn get_year(cx: &Context, args: &Args) -> JsResult<Value> {
    let (_, t) = this_time(cx, args)?;
    Ok(if t.is_nan() { Value::NAN } else { Value::number((fields(zone::local_time(t)).year - 1900) as f64) })
}

fn set_time(cx: &Context, args: &Args) -> JsResult<Value> {
    let (date, _) = this_time(cx, args)?;
    let t = time_clip(cx.to_number(args.get(0))?);
    Ok(set_time_value(cx, date, t))
}

/// A time as the numbers that the setters replace: year, month, day, hour, minute, second, millisecond.
fn unpack(t: f64) -> [f64; 7] {
    let f = fields(t);
    [f.year, f.month, f.day, f.hour, f.minute, f.second, f.millisecond].map(|n| n as f64)
}

/// The setters: up to `count` arguments replace the numbers from `first` on (§21.4.4.20 ff.). Arguments are converted
/// even where the date is invalid; an invalid date stays so, except that `setFullYear` starts again from +0.
fn set_fields(cx: &Context, args: &Args, local: bool, first: usize, count: usize) -> JsResult<Value> {
    let (date, t) = this_time(cx, args)?;
    let mut given = [f64::NAN; 4];
    let supplied = args.len().clamp(1, count);
    for (i, slot) in given.iter_mut().enumerate().take(supplied) {
        *slot = cx.to_number(args.get(i))?;
    }
    let base = match t.is_nan() {
        true if first == 0 => 0.0,
        true => return Ok(Value::NAN),
        false if local => zone::local_time(t),
        false => t,
    };
    let mut n = unpack(base);
    n[first..first + supplied].copy_from_slice(&given[..supplied]);
    let [y, m, d, h, min, s, ms] = n;
    let moved = make_date(make_day(y, m, d), make_time(h, min, s, ms));
    Ok(set_time_value(cx, date, time_clip(if local { zone::utc(moved) } else { moved })))
}

macro_rules! setters {
    ($($local:ident, $utc:ident, $first:literal, $count:literal;)*) => {
        $(fn $local(cx: &Context, args: &Args) -> JsResult<Value> {
            set_fields(cx, args, true, $first, $count)
        }
        fn $utc(cx: &Context, args: &Args) -> JsResult<Value> {
            set_fields(cx, args, false, $first, $count)
        })*
    };
}

setters! {
    set_full_year, set_utc_full_year, 0, 3;
    set_month, set_utc_month, 1, 2;
    set_date, set_utc_date, 2, 1;
    set_hours, set_utc_hours, 3, 4;
    set_minutes, set_utc_minutes, 4, 3;
    set_seconds, set_utc_seconds, 5, 2;
    set_milliseconds, set_utc_milliseconds, 6, 1;
}

fn set_year(cx: &Context, args: &Args) -> JsResult<Value> {
    let (date, t) = this_time(cx, args)?;
    let y = cx.to_number(args.get(0))?;
    if y.is_nan() {
        return Ok(set_time_value(cx, date, f64::NAN));
    }
    let [_, m, d, h, min, s, ms] = unpack(if t.is_nan() { 0.0 } else { zone::local_time(t) });
    let moved = make_date(make_day(make_full_year(y), m, d), make_time(h, min, s, ms));
    Ok(set_time_value(cx, date, time_clip(zone::utc(moved))))
}

const WEEKDAY_NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTH_NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn year_text(year: i64) -> String {
    if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") }
}

/// DateString (§21.4.4.41.2).
fn date_part(f: &Fields) -> String {
    let (w, m) = (WEEKDAY_NAMES[f.weekday as usize], MONTH_NAMES[f.month as usize]);
    format!("{w} {m} {:02} {}", f.day, year_text(f.year))
}

/// TimeString and TimeZoneString (§21.4.4.41.1, §21.4.4.41.3).
fn time_part(t: f64, f: &Fields) -> String {
    let zone = zone::at_utc(t);
    let minutes = (zone.offset / MS_PER_MINUTE) as i64;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (h, m) = (minutes.abs() / 60, minutes.abs() % 60);
    let name = match zone.name.as_str() {
        "UTC" | "GMT" | "" => "Coordinated Universal Time",
        other => other,
    };
    format!("{:02}:{:02}:{:02} GMT{sign}{h:02}{m:02} ({name})", f.hour, f.minute, f.second)
}

/// ToDateString (§21.4.4.41.4).
fn date_string(cx: &Context, t: f64) -> Gc<JsString> {
    if t.is_nan() {
        return cx.string_from_utf8("Invalid Date");
    }
    let f = fields(zone::local_time(t));
    cx.string_from_utf8(&format!("{} {}", date_part(&f), time_part(t, &f)))
}

fn formatted(cx: &Context, args: &Args, f: fn(f64) -> String) -> JsResult<Value> {
    let (_, t) = this_time(cx, args)?;
    Ok(cx.string_from_utf8(&if t.is_nan() { "Invalid Date".to_owned() } else { f(t) }).into())
}

fn to_date_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| date_part(&fields(zone::local_time(t))))
}

fn to_time_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| time_part(t, &fields(zone::local_time(t))))
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(date_string(cx, this_time(cx, args)?.1).into())
}

fn to_utc_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| {
        let f = fields(t);
        let (w, m) = (WEEKDAY_NAMES[f.weekday as usize], MONTH_NAMES[f.month as usize]);
        format!("{w}, {:02} {m} {} {:02}:{:02}:{:02} GMT", f.day, year_text(f.year), f.hour, f.minute, f.second)
    })
}

/// The interchange format (§21.4.1.32).
pub fn iso_string(t: f64) -> String {
    let f = fields(t);
    let year = match f.year {
        0..=9999 => format!("{:04}", f.year),
        y if y < 0 => format!("-{:06}", -y),
        y => format!("+{y:06}"),
    };
    let (h, m, s, ms) = (f.hour, f.minute, f.second, f.millisecond);
    format!("{year}-{:02}-{:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z", f.month + 1, f.day)
}

fn to_iso_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let (_, t) = this_time(cx, args)?;
    if t.is_nan() {
        return Err(cx.throw_range(format_args!("Invalid time value")));
    }
    Ok(cx.string_from_utf8(&iso_string(t)).into())
}

fn to_json(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    let primitive = cx.to_primitive(o.into(), Hint::Number)?;
    if primitive.is_number() && !primitive.as_number().is_finite() {
        return Ok(Value::NULL);
    }
    cx.invoke(o.into(), cx.names().to_iso_string, &[])
}

fn hour12(f: &Fields) -> String {
    let h = if f.hour % 12 == 0 { 12 } else { f.hour % 12 };
    format!("{h}:{:02}:{:02} {}", f.minute, f.second, if f.hour < 12 { "AM" } else { "PM" })
}

fn to_locale_date_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| {
        let f = fields(zone::local_time(t));
        format!("{}/{}/{}", f.month + 1, f.day, f.year)
    })
}

fn to_locale_time_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| hour12(&fields(zone::local_time(t))))
}

fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
    formatted(cx, args, |t| {
        let f = fields(zone::local_time(t));
        format!("{}/{}/{}, {}", f.month + 1, f.day, f.year, hour12(&f))
    })
}

fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
    get_time(cx, args)
}

/// Date.prototype[@@toPrimitive] (§21.4.4.45): strings by default.
fn to_primitive(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(o) = args.this().as_object() else {
        return Err(cx.throw_type(format_args!("Date.prototype [ @@toPrimitive ] called on non-object")));
    };
    let hint = match args.get(0).as_string() {
        Some(s) if s.chars(cx)?.equals_ascii(b"string") || s.chars(cx)?.equals_ascii(b"default") => Hint::String,
        Some(s) if s.chars(cx)?.equals_ascii(b"number") => Hint::Number,
        _ => return Err(cx.throw_type(format_args!("Invalid hint: {}", cx.describe(args.get(0))))),
    };
    cx.ordinary_to_primitive(o, hint)
}

pub static CONSTRUCTOR: FunctionSpec = class("Date", 7, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::DatePrototype),
    method("now", 0, now),
    method("parse", 1, parse_method),
    method("UTC", 7, utc),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Date),
    method("getDate", 0, get_date),
    method("getDay", 0, get_day),
    method("getFullYear", 0, get_full_year),
    method("getHours", 0, get_hours),
    method("getMilliseconds", 0, get_milliseconds),
    method("getMinutes", 0, get_minutes),
    method("getMonth", 0, get_month),
    method("getSeconds", 0, get_seconds),
    method("getTime", 0, get_time),
    method("getTimezoneOffset", 0, get_timezone_offset),
    method("getUTCDate", 0, get_utc_date),
    method("getUTCDay", 0, get_utc_day),
    method("getUTCFullYear", 0, get_utc_full_year),
    method("getUTCHours", 0, get_utc_hours),
    method("getUTCMilliseconds", 0, get_utc_milliseconds),
    method("getUTCMinutes", 0, get_utc_minutes),
    method("getUTCMonth", 0, get_utc_month),
    method("getUTCSeconds", 0, get_utc_seconds),
    method("getYear", 0, get_year),
    method("setDate", 1, set_date),
    method("setFullYear", 3, set_full_year),
    method("setHours", 4, set_hours),
    method("setMilliseconds", 1, set_milliseconds),
    method("setMinutes", 3, set_minutes),
    method("setMonth", 2, set_month),
    method("setSeconds", 2, set_seconds),
    method("setTime", 1, set_time),
    method("setUTCDate", 1, set_utc_date),
    method("setUTCFullYear", 3, set_utc_full_year),
    method("setUTCHours", 4, set_utc_hours),
    method("setUTCMilliseconds", 1, set_utc_milliseconds),
    method("setUTCMinutes", 3, set_utc_minutes),
    method("setUTCMonth", 2, set_utc_month),
    method("setUTCSeconds", 2, set_utc_seconds),
    method("setYear", 1, set_year),
    method("toDateString", 0, to_date_string),
    method("toISOString", 0, to_iso_string),
    method("toJSON", 1, to_json),
    method("toLocaleDateString", 0, to_locale_date_string),
    method("toLocaleString", 0, to_locale_string),
    method("toLocaleTimeString", 0, to_locale_time_string),
    method("toString", 0, to_string),
    method("toTimeString", 0, to_time_string),
    method("toUTCString", 0, to_utc_string),
    alias("toGMTString", "toUTCString"),
    method("valueOf", 0, value_of),
    read_only(symbol_method(names::SYMBOL_TO_PRIMITIVE, 1, to_primitive)),
];
