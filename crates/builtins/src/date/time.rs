//! Time values and calendar arithmetic (ECMA-262 §21.4.1): pure functions on milliseconds since the epoch.
//!
//! Times are `f64` as in the specification, NaN being an invalid time. Day numbers are computed with the
//! days-from-civil method (era of 400 years), which is exact over the whole range of a time value.

pub const MS_PER_DAY: f64 = 86_400_000.0;
pub const MS_PER_HOUR: f64 = 3_600_000.0;
pub const MS_PER_MINUTE: f64 = 60_000.0;
pub const MS_PER_SECOND: f64 = 1000.0;
/// The largest magnitude of a time value, in milliseconds (§21.4.1.1).
pub const MAX_TIME: f64 = 8.64e15;

/// A time value's fields. Month is 0–11, weekday 0 (Sunday)–6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub millisecond: i64,
    pub weekday: i64,
}

/// Days since the epoch of the civil date; `month` is 0–11, `day` counts from 1.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // March is month 0 of the shifted year, so that the leap day comes last.
    let y = if month < 2 { year - 1 } else { year };
    let m = (month + 10) % 12;
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The civil date of a day number: (year, month 0–11, day from 1).
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * m + 2) / 5 + 1;
    let month = (m + 2) % 12;
    (year_of_era + era * 400 + i64::from(month < 2), month, day)
}

/// The fields of a finite time value.
pub fn fields(t: f64) -> Fields {
    let ms = t as i64;
    let days = ms.div_euclid(86_400_000);
    let within = ms.rem_euclid(86_400_000);
    let (year, month, day) = civil_from_days(days);
    Fields {
        year,
        month,
        day,
        hour: within / 3_600_000,
        minute: within / 60_000 % 60,
        second: within / 1000 % 60,
        millisecond: within % 1000,
        weekday: (days + 4).rem_euclid(7),
    }
}

/// MakeTime (§21.4.1.27).
pub fn make_time(hour: f64, minute: f64, second: f64, ms: f64) -> f64 {
    if !(hour.is_finite() && minute.is_finite() && second.is_finite() && ms.is_finite()) {
        return f64::NAN;
    }
    hour.trunc() * MS_PER_HOUR + minute.trunc() * MS_PER_MINUTE + second.trunc() * MS_PER_SECOND + ms.trunc()
}

/// MakeDay (§21.4.1.28).
pub fn make_day(year: f64, month: f64, date: f64) -> f64 {
    if !(year.is_finite() && month.is_finite() && date.is_finite()) {
        return f64::NAN;
    }
    let (y, m) = (year.trunc(), month.trunc());
    let ym = y + (m / 12.0).floor();
    // Years beyond any time value would overflow the integer arithmetic.
    if ym.abs() > 400_000.0 {
        return f64::NAN;
    }
    let month_in_year = m.rem_euclid(12.0);
    days_from_civil(ym as i64, month_in_year as i64, 1) as f64 + date.trunc() - 1.0
}

/// MakeDate (§21.4.1.29).
pub fn make_date(day: f64, time: f64) -> f64 {
    if !(day.is_finite() && time.is_finite()) {
        return f64::NAN;
    }
    let t = day * MS_PER_DAY + time;
    if t.is_finite() { t } else { f64::NAN }
}

/// MakeFullYear (§21.4.1.30).
pub fn make_full_year(year: f64) -> f64 {
    if year.is_nan() {
        return f64::NAN;
    }
    let y = year.trunc();
    if (0.0..=99.0).contains(&y) { 1900.0 + y } else { y }
}

/// TimeClip (§21.4.1.31). The result is never −0.
pub fn time_clip(t: f64) -> f64 {
    if !t.is_finite() || t.abs() > MAX_TIME { f64::NAN } else { t.trunc() + 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_and_day_numbers_are_inverse_over_the_whole_range() {
        let mut days = -100_000_000i64;
        while days <= 100_000_000 {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
            assert!((0..12).contains(&m) && (1..=31).contains(&d));
            days += 997;
        }
        assert_eq!(civil_from_days(0), (1970, 0, 1));
        assert_eq!(civil_from_days(-1), (1969, 11, 31));
        assert_eq!(days_from_civil(2000, 1, 29), 11_016);
    }

    #[test]
    fn overflowing_months_and_days_carry() {
        assert_eq!(make_day(2020.0, 12.0, 1.0), make_day(2021.0, 0.0, 1.0));
        assert_eq!(make_day(2020.0, -1.0, 1.0), make_day(2019.0, 11.0, 1.0));
        assert_eq!(make_day(2020.0, 0.0, 0.0), make_day(2019.0, 11.0, 31.0));
        assert!(make_day(1e9, 0.0, 1.0).is_nan());
        assert!(make_day(f64::NAN, 0.0, 1.0).is_nan());
    }

    #[test]
    fn clipping_keeps_the_range_and_drops_the_sign_of_zero() {
        assert_eq!(time_clip(MAX_TIME), MAX_TIME);
        assert!(time_clip(MAX_TIME + 1.0).is_nan());
        assert!(time_clip(-0.0).is_sign_positive());
        assert_eq!(time_clip(-1.9), -1.0);
    }

    #[test]
    fn fields_before_the_epoch_are_floored() {
        let f = fields(-1.0);
        assert_eq!(
            (f.year, f.month, f.day, f.hour, f.minute, f.second, f.millisecond),
            (1969, 11, 31, 23, 59, 59, 999)
        );
        assert_eq!(f.weekday, 3);
    }
}
