//! The local time zone (ECMA-262 §21.4.1.24 ff.), asked of the system's C library, which reads `TZ` and the zone database.

use super::time::*;
use std::cell::Cell;

/// What the zone says at an instant.
pub struct ZoneInfo {
    /// Local time minus UTC, in milliseconds.
    pub offset: f64,
    /// The zone's abbreviation ("CET"), or empty.
    pub name: String,
}

/// The zone's facts at UTC time `t` (finite). Falls back to UTC where the system cannot tell.
pub fn at_utc(t: f64) -> ZoneInfo {
    // SAFETY: `tm` is plain data that localtime_r fills; `tm_zone` points to a string of the C library that lives until the
    // zone changes, and is copied at once.
    unsafe {
        let seconds = (t / 1000.0).floor() as libc::time_t;
        let mut tm: libc::tm = std::mem::zeroed();
        if libc::localtime_r(&seconds, &mut tm).is_null() {
            return ZoneInfo { offset: 0.0, name: "UTC".to_owned() };
        }
        let name = if tm.tm_zone.is_null() {
            String::new()
        } else {
            std::ffi::CStr::from_ptr(tm.tm_zone).to_string_lossy().into_owned()
        };
        ZoneInfo { offset: tm.tm_gmtoff as f64 * 1000.0, name }
    }
}

/// Days of UTC whose offset is remembered, by their number modulo this.
const DAYS: usize = 16;

thread_local! {
    /// Days lately asked for, of which the zone says the same at their beginning and at their end, and what it says.
    static KNOWN: [Cell<(i64, f64)>; DAYS] = const { [const { Cell::new((i64::MIN, 0.0)) }; DAYS] };
}

/// Local time minus UTC, in milliseconds, at UTC time `t` (finite). A change of the process's zone shows on days not asked for before.
pub fn offset_at(t: f64) -> f64 {
    let start = (t / MS_PER_DAY).floor() * MS_PER_DAY;
    let day = (start / MS_PER_DAY) as i64;
    KNOWN.with(|rows| {
        let row = &rows[day.rem_euclid(DAYS as i64) as usize];
        let (known, offset) = row.get();
        if known == day {
            return offset;
        }
        let offset = at_utc(t).offset;
        if at_utc(start).offset == offset && at_utc(start + MS_PER_DAY).offset == offset {
            row.set((day, offset));
        }
        offset
    })
}

/// LocalTime(t) (§21.4.1.25).
pub fn local_time(t: f64) -> f64 {
    t + offset_at(t)
}

/// UTC(t) (§21.4.1.26): of two instants that show the same local time, the earlier; a local time that the zone skips is
/// read with the offset before the gap.
pub fn utc(t: f64) -> f64 {
    if !t.is_finite() || t.abs() > MAX_TIME + MS_PER_DAY {
        return f64::NAN;
    }
    let before = offset_at(t - MS_PER_DAY);
    let after = offset_at(t + MS_PER_DAY);
    let early = t - before;
    if offset_at(early) == before {
        return early;
    }
    let late = t - after;
    if offset_at(late) == after { late } else { early }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_and_utc_are_inverse_away_from_transitions() {
        for t in [0.0, 1.6e12, -5e11, 4e12] {
            assert_eq!(utc(local_time(t)), t);
        }
    }

    #[test]
    fn what_is_remembered_is_what_the_zone_says() {
        for hours in 0..24 * 800 {
            let t = 1.6e12 + f64::from(hours) * 3_600_000.0;
            assert_eq!(offset_at(t), at_utc(t).offset, "{t}");
            assert_eq!(offset_at(-t), at_utc(-t).offset, "{t}");
        }
    }
}
