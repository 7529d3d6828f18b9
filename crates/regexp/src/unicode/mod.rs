//! Unicode properties: what `\p{…}` means, and which characters make a group name.
//!
//! The tables are `icu_properties`' (Unicode 17.0), linked as read-only data and touched only by patterns
//! that name a property. ECMA-262 wants names exactly as the Unicode data files spell them.

mod emoji;
pub(crate) mod fold_table;

pub(crate) use emoji::StringProperty;

use crate::classes::{CodePointSet, MAX_CODE_POINT};
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};
use icu_properties::script::ScriptWithExtensions;
use icu_properties::{CodePointMapData, CodePointSetData, PropertyParser};

/// What a property expression stands for.
pub(crate) enum Property {
    Characters(CodePointSet),
    /// Only with the `v` flag.
    Strings(StringProperty),
}

/// The meaning of `\p{name}` or `\p{name=value}`, or `None` if Unicode has no such property
/// (UnicodeMatchProperty and UnicodeMatchPropertyValue, ECMA-262 22.2.1.7 and 22.2.1.8).
pub(crate) fn property(name: &str, value: Option<&str>) -> Option<Property> {
    match (name, value) {
        ("General_Category" | "gc", Some(value)) => general_category(value),
        ("Script" | "sc", Some(value)) => script(value, false),
        ("Script_Extensions" | "scx", Some(value)) => script(value, true),
        (_, Some(_)) => None,
        ("Any", None) => Some(CodePointSet::from_ranges([(0, MAX_CODE_POINT)])),
        ("ASCII", None) => Some(CodePointSet::from_ranges([(0, 0x7f)])),
        ("Assigned", None) => Some(general_category("Cn")?.complement(MAX_CODE_POINT)),
        (name, None) => {
            if let Some(strings) = StringProperty::from_name(name) {
                return Some(Property::Strings(strings));
            }
            general_category(name).or_else(|| binary(name))
        }
    }
    .map(Property::Characters)
}

fn general_category(value: &str) -> Option<CodePointSet> {
    let group = PropertyParser::<GeneralCategoryGroup>::new().get_strict(value)?;
    let map = CodePointMapData::<GeneralCategory>::new();
    Some(inclusive(map.iter_ranges_for_group(group)))
}

fn script(value: &str, extensions: bool) -> Option<CodePointSet> {
    let script = PropertyParser::<Script>::new().get_strict(value)?;
    let set = if extensions {
        let scripts = ScriptWithExtensions::new();
        inclusive(scripts.get_script_extensions_ranges(script))
    } else {
        inclusive(CodePointMapData::<Script>::new().iter_ranges_for_value(script))
    };
    // The name table also holds ISO 15924 codes that are no values of the property. Of the property's
    // own values only Katakana_Or_Hiragana has no characters.
    (!set.is_empty() || matches!(value, "Hrkt" | "Katakana_Or_Hiragana")).then_some(set)
}

pub(super) fn binary(name: &str) -> Option<CodePointSet> {
    // Unicode's other short name of White_Space, which ECMA-262 leaves out.
    if name == "WSpace" {
        return None;
    }
    let name = if name == "space" { "White_Space" } else { name };
    let set = CodePointSetData::new_for_ecma262(name.as_bytes())?;
    Some(inclusive(set.iter_ranges()))
}

fn inclusive(ranges: impl Iterator<Item = std::ops::RangeInclusive<u32>>) -> CodePointSet {
    CodePointSet::from_ranges(ranges.map(|r| (*r.start(), *r.end())))
}

/// May `c` start a group name (RegExpIdentifierStart)?
pub(crate) fn is_name_start(c: char) -> bool {
    c == '$' || c == '_' || unicode_id_start::is_id_start(c)
}

/// May `c` continue a group name (RegExpIdentifierPart)?
pub(crate) fn is_name_part(c: char) -> bool {
    c == '$' || c == '\u{200c}' || c == '\u{200d}' || unicode_id_start::is_id_continue(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(name: &str, value: Option<&str>) -> CodePointSet {
        match property(name, value) {
            Some(Property::Characters(set)) => set,
            _ => panic!("{name} {value:?} is not a property of characters"),
        }
    }

    #[test]
    fn properties_have_long_and_short_names() {
        for (a, b) in [("Alphabetic", "Alpha"), ("Uppercase_Letter", "Lu"), ("XID_Start", "XIDS")] {
            assert_eq!(characters(a, None), characters(b, None));
        }
        assert_eq!(characters("Script", Some("Greek")), characters("sc", Some("Grek")));
        assert_eq!(characters("scx", Some("Cyrl")), characters("Script_Extensions", Some("Cyrillic")));
        assert!(characters("gc", Some("LC")).contains('ǅ' as u32));
        assert_eq!(characters("punct", None), characters("P", None));
    }

    /// Table 68 of ECMA-262, as far as its entries are binary properties.
    #[test]
    fn every_binary_property_of_the_standard_is_known() {
        for name in "ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Any Assigned Bidi_Control Bidi_C Bidi_Mirrored Bidi_M \
            Case_Ignorable CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM \
            Changes_When_Lowercased CWL Changes_When_NFKC_Casefolded CWKCF Changes_When_Titlecased CWT \
            Changes_When_Uppercased CWU Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji \
            Emoji_Component EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation EPres \
            Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base Grapheme_Extend Gr_Ext Hex_Digit Hex \
            IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC ID_Start IDS Ideographic Ideo \
            Join_Control Join_C Logical_Order_Exception LOE Lowercase Lower Math Noncharacter_Code_Point NChar \
            Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS Quotation_Mark QMark Radical Regional_Indicator RI \
            Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation Term Unified_Ideograph UIdeo Uppercase Upper \
            Variation_Selector VS White_Space space XID_Continue XIDC XID_Start XIDS"
            .split_ascii_whitespace()
        {
            assert!(!characters(name, None).is_empty(), "{name}");
        }
    }

    #[test]
    fn names_are_exact() {
        for name in ["alphabetic", "Alphabetic ", "lu", "Block", "Is_L", "Script", "WSpace", "Latin", ""] {
            assert!(property(name, None).is_none(), "{name}");
        }
        for (name, value) in [
            ("Script", "greek"),
            ("Script", "Hans"),
            ("script", "Greek"),
            ("gc", "Greek"),
            ("Alphabetic", "Yes"),
            ("Alphabetic", ""),
        ] {
            assert!(property(name, Some(value)).is_none(), "{name}={value}");
        }
    }

    #[test]
    fn extensions_contain_the_script_itself() {
        let script = characters("sc", Some("Deva"));
        let extended = characters("scx", Some("Deva"));
        assert!(script.is_subset_of(&extended) && script != extended);
        assert!(extended.contains(0x951) && !script.contains(0x951));
    }

    #[test]
    fn the_tables_are_of_unicode_17() {
        assert!(characters("sc", Some("Beria_Erfe")).contains(0x1_6ea0));
        assert!(characters("Assigned", None).contains(0x1_6ea0));
        assert!(!characters("Assigned", None).contains(0x378));
        assert!(is_name_start('\u{16ea0}'));
    }
}
