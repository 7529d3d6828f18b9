//! Unicode normalization (`String.prototype.normalize`, ECMA-262 §22.1.3.15; Unicode Standard Annex #15).
//!
//! The crate `unicode-normalization` works on `char`s, which lone surrogates are not. They are starters that compose with
//! nothing, so the well-formed stretches between them are normalized on their own.

use super::JsString;
use super::builder::StringBuilder;
use super::chars::Chars;
use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

/// The four normalization forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NormalizationForm {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl NormalizationForm {
    /// The form of this name ("NFC" …).
    pub fn from_name(name: Chars<'_>) -> Option<NormalizationForm> {
        use NormalizationForm::*;
        [("NFC", Nfc), ("NFD", Nfd), ("NFKC", Nfkc), ("NFKD", Nfkd)]
            .into_iter()
            .find_map(|(text, form)| name.equals_ascii(text.as_bytes()).then_some(form))
    }

    /// Text of characters up to this one is in this form.
    fn keeps_up_to(self) -> u16 {
        match self {
            // The first character that composes with another is U+0300, but the precomposed ones and compatibility characters decompose.
            NormalizationForm::Nfc => 0x2FF,
            NormalizationForm::Nfd => 0xBF,
            NormalizationForm::Nfkc | NormalizationForm::Nfkd => 0x9F,
        }
    }

    /// Whether text is certainly in this form (UAX #15, section 9).
    fn has(self, chars: Chars<'_>) -> bool {
        let most = self.keeps_up_to();
        let known = match chars {
            Chars::Latin1(bytes) => bytes.iter().position(|&b| u16::from(b) > most),
            Chars::Utf16(units) => units.iter().position(|&u| u > most),
        };
        let Some(known) = known else { return true };
        // The last character may compose with what follows.
        let rest = chars.slice(known.saturating_sub(1), chars.len());
        if !rest.is_well_formed() {
            return false;
        }
        let text = rest.code_points().filter_map(char::from_u32);
        let answer = match self {
            NormalizationForm::Nfc => is_nfc_quick(text),
            NormalizationForm::Nfd => is_nfd_quick(text),
            NormalizationForm::Nfkc => is_nfkc_quick(text),
            NormalizationForm::Nfkd => is_nfkd_quick(text),
        };
        answer == IsNormalized::Yes
    }
}

impl Context {
    pub fn string_normalize(&self, s: Gc<JsString>, form: NormalizationForm) -> JsResult<Gc<JsString>> {
        let chars = s.chars(self)?;
        if form.has(chars) {
            return Ok(s);
        }
        let mut out = StringBuilder::with_capacity(self, chars.len())?;
        let mut rest = chars;
        loop {
            let lone = rest.first_lone_surrogate();
            let stretch = rest.slice(0, lone.unwrap_or(rest.len()));
            let text = stretch.code_points().filter_map(char::from_u32);
            match form {
                NormalizationForm::Nfc => text.nfc().try_for_each(|c| out.push_char(c)),
                NormalizationForm::Nfd => text.nfd().try_for_each(|c| out.push_char(c)),
                NormalizationForm::Nfkc => text.nfkc().try_for_each(|c| out.push_char(c)),
                NormalizationForm::Nfkd => text.nfkd().try_for_each(|c| out.push_char(c)),
            }?;
            let Some(lone) = lone else { break };
            out.push_unit(rest.at(lone))?;
            rest = rest.slice(lone + 1, rest.len());
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn forms_and_lone_surrogates() {
        let cx = context();
        let normalized = |s: &str, form| cx.string_normalize(cx.string_from_utf8(s), form).unwrap().to_rust(&cx);
        assert_eq!(normalized("e\u{301}ﬁ", NormalizationForm::Nfc), "éﬁ");
        assert_eq!(normalized("é½", NormalizationForm::Nfd), "e\u{301}½");
        assert_eq!(normalized("é½ﬁ", NormalizationForm::Nfkd), "e\u{301}1\u{2044}2fi");
        assert_eq!(normalized("e\u{301}ﬁ", NormalizationForm::Nfkc), "éfi");
        let s = cx.string_from_utf16(&[0x65, 0x301, 0xD800, 0x301, 0x65, 0x301]).unwrap();
        let n = cx.string_normalize(s, NormalizationForm::Nfc).unwrap();
        assert!(cx.string_normalize(n, NormalizationForm::Nfc).unwrap().equals(&cx, n).unwrap());
        // What is in the form already, and what only its last character puts out of it.
        for (form, kept, changed) in [
            (NormalizationForm::Nfc, "ab\u{2FF}中é", "ab中e\u{301}"),
            (NormalizationForm::Nfd, "ab中e\u{301}", "ab中é"),
            (NormalizationForm::Nfkc, "ab\u{2FF}中é", "ab中ﬁ"),
            (NormalizationForm::Nfkd, "ab中e\u{301}", "中½"),
        ] {
            let kept = cx.string_from_utf8(kept);
            assert!(cx.string_normalize(kept, form).unwrap() == kept);
            assert_ne!(normalized(changed, form), changed);
        }
        assert_eq!(n.chars(&cx).unwrap().to_units(), [0xE9, 0xD800, 0x301, 0xE9]);
    }

    #[test]
    fn the_shortcut_is_right_for_every_character() {
        for c in '\0'..='\u{2FF}' {
            for form in
                [NormalizationForm::Nfc, NormalizationForm::Nfd, NormalizationForm::Nfkc, NormalizationForm::Nfkd]
            {
                let one = std::iter::once(c);
                let same = match form {
                    NormalizationForm::Nfc => one.nfc().eq([c]),
                    NormalizationForm::Nfd => one.nfd().eq([c]),
                    NormalizationForm::Nfkc => one.nfkc().eq([c]),
                    NormalizationForm::Nfkd => one.nfkd().eq([c]),
                };
                assert!(same || c as u32 > form.keeps_up_to() as u32, "{c:?} {form:?}");
            }
        }
    }
}
