//! The local time zone (ECMA-262 §21.4.1.24 ff.), asked of the system's C library, which reads `TZ` and the zone database.

use super::time::*;

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

/// LocalTime(t) (§21.4.1.25).
pub fn local_time(t: f64) -> f64 {
    t + at_utc(t).offset
}

/// UTC(t) (§21.4.1.26): of two instants that show the same local time, the earlier; a local time that the zone skips is
/// read with the offset before the gap.
pub fn utc(t: f64) -> f64 {
    if !t.is_finite() || t.abs() > MAX_TIME + MS_PER_DAY {
        return f64::NAN;
    }
    let before = at_utc(t - MS_PER_DAY).offset;
    let after = at_utc(t + MS_PER_DAY).offset;
    let early = t - before;
    if at_utc(early).offset == before {
        return early;
    }
    let late = t - after;
    if at_utc(late).offset == after { late } else { early }
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
}
