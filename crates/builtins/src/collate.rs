//! The order of strings that `localeCompare` uses without a locale's data: letters before their case and accents decide,
//! as in the root collation of Unicode for Latin text; beyond that, code point order.

use std::cmp::Ordering;
use tercel_vm::string::Chars;

/// Compares by letters without case and accents first, then accents, then case (lower before upper).
pub fn compare(a: Chars<'_>, b: Chars<'_>) -> Ordering {
    let key = |c: u32| {
        let c = char::from_u32(c).unwrap_or('\u{fffd}');
        let lower = c.to_lowercase().next().unwrap_or(c);
        let base = base_letter(lower);
        (class(base), base, lower != base, lower, c != lower)
    };
    let (ka, kb): (Vec<_>, Vec<_>) = (a.code_points().map(key).collect(), b.code_points().map(key).collect());
    let by = |f: &dyn Fn(&(u8, char, bool, char, bool)) -> (u8, char)| ka.iter().map(f).cmp(kb.iter().map(f));
    by(&|k| (k.0, k.1))
        .then_with(|| by(&|k| (u8::from(k.2), k.3)))
        .then_with(|| by(&|k| (u8::from(k.4), '\0')))
        .then_with(|| a.compare(b))
}

/// Spaces and punctuation before digits before letters.
fn class(c: char) -> u8 {
    if c.is_alphabetic() {
        2
    } else if c.is_numeric() {
        1
    } else {
        0
    }
}

/// The letter without its accent, for the accented letters of Latin-1.
fn base_letter(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        let (a, b): (Vec<u16>, Vec<u16>) = (a.encode_utf16().collect(), b.encode_utf16().collect());
        compare(Chars::Utf16(&a), Chars::Utf16(&b))
    }

    #[test]
    fn case_and_accents_break_ties_only() {
        assert_eq!(order("a", "B"), Ordering::Less);
        assert_eq!(order("a", "A"), Ordering::Less);
        assert_eq!(order("résumé", "resume"), Ordering::Greater);
        assert_eq!(order("résumé", "resumes"), Ordering::Less);
        assert_eq!(order("1", "a"), Ordering::Less);
        assert_eq!(order("same", "same"), Ordering::Equal);
    }
}
