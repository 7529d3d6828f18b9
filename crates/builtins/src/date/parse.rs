//! Date.parse (ECMA-262 §21.4.3.2): the interchange format of §21.4.1.32, then the looser forms that engines agree on
//! (`Thu, 01 Jan 1970 00:00:00 GMT`, `Jan 1 2000 12:00 PM`, `1/2/2000`, with zones by offset or name).

use super::time::*;

/// A parsed date: a time value as if in UTC, and whether it was meant as local time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parsed {
    pub time: f64,
    pub local: bool,
}

/// Parses `text`; `None` where it is no date.
pub fn parse(text: &str) -> Option<Parsed> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if text.starts_with("-000000") {
        // No year, and no looser form either.
        return None;
    }
    parse_interchange(text).or_else(|| parse_loose(text))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
    fn eat(&mut self, b: u8) -> bool {
        let hit = self.peek() == Some(b);
        self.at += usize::from(hit);
        hit
    }
    /// Exactly `n` digits.
    fn digits(&mut self, n: usize) -> Option<i64> {
        let slice = self.bytes.get(self.at..self.at + n)?;
        let mut value = 0;
        for &b in slice {
            value = value * 10 + i64::from(char::from(b).to_digit(10)?);
        }
        self.at += n;
        Some(value)
    }
    fn done(&self) -> bool {
        self.at == self.bytes.len()
    }
}

/// The format `YYYY-MM-DDTHH:mm:ss.sssZ` and its shortenings.
fn parse_interchange(text: &str) -> Option<Parsed> {
    let mut c = Cursor { bytes: text.as_bytes(), at: 0 };
    let year = match c.peek()? {
        sign @ (b'+' | b'-') => {
            c.at += 1;
            let y = c.digits(6)?;
            // −000000 is no year (§21.4.1.32.1).
            if sign == b'-' && y == 0 {
                return None;
            }
            if sign == b'-' { -y } else { y }
        }
        _ => c.digits(4)?,
    };
    let (mut month, mut day) = (1, 1);
    if c.eat(b'-') {
        month = c.digits(2)?;
        if c.eat(b'-') {
            day = c.digits(2)?;
        }
    }
    let (mut hour, mut minute, mut second, mut ms) = (0, 0, 0, 0.0);
    let mut local = false;
    let mut offset = 0;
    if c.eat(b'T') || c.eat(b't') || (c.peek() == Some(b' ') && c.eat(b' ')) {
        local = true;
        hour = c.digits(2)?;
        if !c.eat(b':') {
            return None;
        }
        minute = c.digits(2)?;
        if c.eat(b':') {
            second = c.digits(2)?;
            if c.eat(b'.') || c.eat(b',') {
                let start = c.at;
                while c.peek().is_some_and(|b| b.is_ascii_digit()) {
                    c.at += 1;
                }
                if c.at == start {
                    return None;
                }
                let fraction: f64 = format!("0.{}", &text[start..c.at]).parse().ok()?;
                ms = (fraction * 1000.0).floor();
            }
        }
        if c.eat(b'Z') || c.eat(b'z') {
            local = false;
        } else if let Some(sign @ (b'+' | b'-')) = c.peek() {
            c.at += 1;
            let (h, m) = (c.digits(2)?, {
                c.eat(b':');
                c.digits(2)?
            });
            if h > 23 || m > 59 {
                return None;
            }
            local = false;
            offset = (h * 60 + m) * if sign == b'-' { -1 } else { 1 };
        }
    }
    if !c.done() || !(1..=12).contains(&month) || !(1..=31).contains(&day) || minute > 59 || second > 59 {
        return None;
    }
    if hour > 24 || (hour == 24 && (minute > 0 || second > 0 || ms > 0.0)) {
        return None;
    }
    if day > days_in_month(year, month - 1) {
        return None;
    }
    let days = make_day(year as f64, (month - 1) as f64, day as f64);
    let time = make_date(days, make_time(hour as f64, minute as f64, second as f64, ms));
    Some(Parsed { time: time - offset as f64 * MS_PER_MINUTE, local })
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let next = if month == 11 { days_from_civil(year + 1, 0, 1) } else { days_from_civil(year, month + 1, 1) };
    next - days_from_civil(year, month, 1)
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Zone names of RFC 2822 §4.3, with their offset in minutes.
const ZONES: [(&str, i64); 11] = [
    ("gmt", 0),
    ("ut", 0),
    ("utc", 0),
    ("z", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
];

/// Words, numbers and signs in any sensible order; text in parentheses is a comment.
fn parse_loose(text: &str) -> Option<Parsed> {
    let bytes = text.as_bytes();
    let (mut year, mut month, mut day, mut offset) = (None, None, None, None);
    let mut time: Option<[f64; 4]> = None;
    let mut numbers: Vec<(i64, usize)> = Vec::new();
    let mut slashed = false;
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if b == b'(' {
            let mut depth = 0;
            while i < bytes.len() {
                depth += match bytes[i] {
                    b'(' => 1,
                    b')' => -1,
                    _ => 0,
                };
                i += 1;
                if depth == 0 {
                    break;
                }
            }
        } else if b.is_ascii_digit() {
            let start = i;
            while i < bytes.len() && bytes[i].is_ascii_digit() {
                i += 1;
            }
            let n: i64 = text[start..i].parse().ok().filter(|n| *n < 1_000_000)?;
            if bytes.get(i) == Some(&b':') && time.is_none() {
                let (t, next) = clock(text, start)?;
                time = Some(t);
                i = next;
            } else {
                slashed |= bytes.get(i) == Some(&b'/');
                numbers.push((n, i - start));
            }
        } else if b.is_ascii_alphabetic() {
            let start = i;
            while i < bytes.len() && bytes[i].is_ascii_alphabetic() {
                i += 1;
            }
            let word = text[start..i].to_ascii_lowercase();
            if word == "am" || word == "pm" {
                let t = time.as_mut()?;
                if !(1.0..=12.0).contains(&t[0]) {
                    return None;
                }
                t[0] = t[0] % 12.0 + if word == "pm" { 12.0 } else { 0.0 };
            } else if let Some(m) = MONTHS.iter().position(|m| word.len() >= 3 && word.starts_with(m)) {
                month = Some(m as i64);
            } else if WEEKDAYS.iter().any(|w| word.len() >= 3 && word.starts_with(w))
                || word == "t" && !numbers.is_empty() && bytes.get(i).is_some_and(u8::is_ascii_digit)
            {
                // A weekday says nothing new.
            } else if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == word) {
                offset = Some(offset.unwrap_or(0) + minutes);
            } else if word == "pdt" {
                offset = Some(-420);
            } else if time.is_none() && numbers.is_empty() && month.is_none() {
                // Unknown words before the date are passed over, as engines do.
            } else {
                return None;
            }
        } else if (b == b'+' || b == b'-') && (time.is_some() || offset.is_some()) {
            let start = i + 1;
            let mut end = start;
            while end < bytes.len() && (bytes[end].is_ascii_digit() || bytes[end] == b':') {
                end += 1;
            }
            let digits: String = text[start..end].chars().filter(|c| *c != ':').collect();
            let n: i64 = digits.parse().ok()?;
            let minutes = match digits.len() {
                1 | 2 => n * 60,
                3 | 4 => n / 100 * 60 + n % 100,
                _ => return None,
            };
            offset = Some(offset.unwrap_or(0) + if b == b'-' { -minutes } else { minutes });
            i = end;
        } else {
            i += 1;
        }
    }
    // Numbers that are left are day, month and year, in the order that the form suggests.
    if month.is_some() {
        for (n, width) in numbers {
            if day.is_none() && width <= 2 && (1..=31).contains(&n) {
                day = Some(n);
            } else if year.is_none() {
                year = Some(expand_year(n, width));
            } else {
                return None;
            }
        }
    } else {
        match numbers[..] {
            [(m, _), (d, _), (y, w)] if slashed || w >= 3 => {
                (month, day, year) = (Some(m - 1), Some(d), Some(expand_year(y, w)));
            }
            [(y, w), (m, _), (d, _)] if w >= 3 => (year, month, day) = (Some(y), Some(m - 1), Some(d)),
            [(m, _), (d, _)] if slashed => (month, day) = (Some(m - 1), Some(d)),
            _ => return None,
        }
    }
    let (month, day, year) = (month?, day.unwrap_or(1), year.unwrap_or(2001));
    if !(0..12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let [h, m, s, ms] = time.unwrap_or([0.0; 4]);
    let t = make_date(make_day(year as f64, month as f64, day as f64), make_time(h, m, s, ms));
    Some(Parsed { time: t - offset.unwrap_or(0) as f64 * MS_PER_MINUTE, local: offset.is_none() })
}

fn expand_year(n: i64, width: usize) -> i64 {
    match n {
        0..=49 if width <= 2 => 2000 + n,
        50..=99 if width <= 2 => 1900 + n,
        _ => n,
    }
}

/// `H:M`, `H:M:S` or `H:M:S.f` at `start`: the time, and where it ends.
fn clock(text: &str, start: usize) -> Option<([f64; 4], usize)> {
    let bytes = text.as_bytes();
    let mut end = start;
    while end < bytes.len() && (bytes[end].is_ascii_digit() || bytes[end] == b':' || bytes[end] == b'.') {
        end += 1;
    }
    let mut parts = text[start..end].split(':');
    let hour: f64 = parts.next()?.parse().ok()?;
    let minute: f64 = parts.next()?.parse().ok()?;
    let second: f64 = parts.next().map_or(Some(0.0), |s| s.parse().ok())?;
    if parts.next().is_some()
        || hour > 24.0
        || minute > 59.0
        || second >= 60.0
        || (hour == 24.0 && (minute > 0.0 || second > 0.0))
    {
        return None;
    }
    Some(([hour, minute, second.floor(), (second.fract() * 1000.0).floor()], end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<f64> {
        parse(text).map(|p| p.time)
    }

    #[test]
    fn the_interchange_format_and_its_shortenings() {
        assert_eq!(parse("2020-01-01"), Some(Parsed { time: 1_577_836_800_000.0, local: false }));
        assert_eq!(parse("2020-01-01T00:00"), Some(Parsed { time: 1_577_836_800_000.0, local: true }));
        assert_eq!(utc("2020-01-01T00:00:00.123+02:00"), Some(1_577_829_600_123.0));
        assert_eq!(utc("2020"), Some(1_577_836_800_000.0));
        assert_eq!(utc("+020000-01-01T00:00:00Z"), Some(568_971_820_800_000.0));
        assert_eq!(utc("2020-01-01T24:00:00Z"), utc("2020-01-02T00:00:00Z"));
        // No instance of the format, so the looser forms decide: engines agree on carrying the day over.
        assert_eq!(utc("2020-02-30T00:00:00Z"), utc("2020-03-01T00:00:00Z"));
        for bad in ["-000000-01-01T00:00:00Z", "2020-13-01", "2020-01-01T24:00:01Z", "2020-1-1T", "", "bogus", "12"] {
            assert_eq!(utc(bad), None, "{bad}");
        }
    }

    #[test]
    fn looser_forms() {
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Parsed { time: 0.0, local: false }));
        assert_eq!(utc("Thu Jan 01 1970 01:00:00 GMT+0100 (CET)"), Some(0.0));
        assert_eq!(parse("Jan 1 2000 12:30 PM"), Some(Parsed { time: 946_729_800_000.0, local: true }));
        assert_eq!(utc("1/2/2000"), Some(946_771_200_000.0));
        assert_eq!(utc("1 Jan 2000 00:00:00 UTC"), Some(946_684_800_000.0));
        assert_eq!(utc("Tue Mar 01 2022 02:03:04 GMT-0500"), utc("2022-03-01T07:03:04Z"));
    }
}
