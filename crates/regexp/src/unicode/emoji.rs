//! Properties of strings (`\p{RGI_Emoji}` and its parts; UTS #51, ED-20 to ED-27).
//!
//! All but the ZWJ sequences and the flags follow from properties of single characters; those two are
//! lists, the former as templates in which skin tones are letters.

use super::binary;
use crate::classes::CodePointSet;

/// A property of strings of ECMA-262 table 69.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringProperty {
    BasicEmoji,
    EmojiKeycapSequence,
    RgiModifierSequence,
    RgiFlagSequence,
    RgiTagSequence,
    RgiZwjSequence,
    RgiEmoji,
}

impl StringProperty {
    pub(crate) fn from_name(name: &str) -> Option<StringProperty> {
        Some(match name {
            "Basic_Emoji" => StringProperty::BasicEmoji,
            "Emoji_Keycap_Sequence" => StringProperty::EmojiKeycapSequence,
            "RGI_Emoji_Modifier_Sequence" => StringProperty::RgiModifierSequence,
            "RGI_Emoji_Flag_Sequence" => StringProperty::RgiFlagSequence,
            "RGI_Emoji_Tag_Sequence" => StringProperty::RgiTagSequence,
            "RGI_Emoji_ZWJ_Sequence" => StringProperty::RgiZwjSequence,
            "RGI_Emoji" => StringProperty::RgiEmoji,
            _ => return None,
        })
    }

    /// The single characters that have the property.
    pub(crate) fn characters(self) -> CodePointSet {
        match self {
            StringProperty::BasicEmoji | StringProperty::RgiEmoji => {
                emoji("Emoji_Presentation").subtract(&emoji("Regional_Indicator"))
            }
            _ => CodePointSet::new(),
        }
    }

    /// The strings of two or more code points that have the property.
    pub(crate) fn strings(self) -> Vec<Vec<u32>> {
        match self {
            StringProperty::BasicEmoji => basic(),
            StringProperty::EmojiKeycapSequence => keycaps(),
            StringProperty::RgiModifierSequence => modified(),
            StringProperty::RgiFlagSequence => flags(),
            StringProperty::RgiTagSequence => tags(),
            StringProperty::RgiZwjSequence => joined(),
            StringProperty::RgiEmoji => [basic(), keycaps(), modified(), flags(), tags(), joined()].concat(),
        }
    }
}

const VARIATION_SELECTOR_16: u32 = 0xfe0f;
const KEYCAP: u32 = 0x20e3;
const SKIN_TONES: std::ops::RangeInclusive<u32> = 0x1_f3fb..=0x1_f3ff;
const REGIONAL_INDICATOR_A: u32 = 0x1_f1e6;
const BLACK_FLAG: u32 = 0x1_f3f4;
const TAG_BASE: u32 = 0xe_0000;
const CANCEL_TAG: u32 = 0xe_007f;

/// `RGI_Emoji_Flag_Sequence`: ISO 3166-1 codes and a few reserved ones.
const FLAGS: &str = "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN \
    BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CU CV CW CX CY CZ DE DG DJ DK DM \
    DO DZ EA EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW \
    GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB \
    LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE \
    NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
    SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// `RGI_Emoji_Tag_Sequence`: England, Scotland, Wales.
const SUBDIVISIONS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

static ZWJ_TEMPLATES: &str = include_str!("emoji_zwj.txt");

fn emoji(property: &str) -> CodePointSet {
    binary(property).unwrap_or_default()
}

fn members(set: &CodePointSet) -> impl Iterator<Item = u32> + '_ {
    set.ranges().iter().flat_map(|&(lo, hi)| lo..=hi)
}

/// Characters that are text by default, with the selector that makes them emoji.
fn basic() -> Vec<Vec<u32>> {
    let keycap_bases = CodePointSet::from_ranges([(0x23, 0x23), (0x2a, 0x2a), (0x30, 0x39)]);
    let text = emoji("Emoji").subtract(&emoji("Emoji_Presentation")).subtract(&keycap_bases);
    members(&text).map(|c| vec![c, VARIATION_SELECTOR_16]).collect()
}

fn keycaps() -> Vec<Vec<u32>> {
    "#*0123456789".chars().map(|c| vec![u32::from(c), VARIATION_SELECTOR_16, KEYCAP]).collect()
}

fn modified() -> Vec<Vec<u32>> {
    // The one base whose modified forms are not recommended for interchange.
    let family = CodePointSet::single(0x1_f46a);
    let bases = emoji("Emoji_Modifier_Base").subtract(&family);
    members(&bases).flat_map(|base| SKIN_TONES.map(move |tone| vec![base, tone])).collect()
}

fn flags() -> Vec<Vec<u32>> {
    let indicator = |b: u8| REGIONAL_INDICATOR_A + u32::from(b - b'A');
    FLAGS.split_ascii_whitespace().map(|code| code.bytes().map(indicator).collect()).collect()
}

fn tags() -> Vec<Vec<u32>> {
    let tagged = |code: &str| {
        let letters = code.bytes().map(|b| TAG_BASE + u32::from(b));
        std::iter::once(BLACK_FLAG).chain(letters).chain([CANCEL_TAG]).collect()
    };
    SUBDIVISIONS.iter().map(|code| tagged(code)).collect()
}

fn joined() -> Vec<Vec<u32>> {
    let lines = ZWJ_TEMPLATES.lines().filter(|l| !l.starts_with('#'));
    let mut strings = Vec::new();
    for line in lines {
        expand(line, &mut strings);
    }
    strings
}

/// Appends the sequences that one template stands for.
fn expand(template: &str, strings: &mut Vec<Vec<u32>>) {
    let mut partial: Vec<(Vec<u32>, u32)> = vec![(Vec::new(), 0)];
    for item in template.split_ascii_whitespace() {
        match item {
            "T" | "U" => {
                partial = partial
                    .iter()
                    .flat_map(|(prefix, first)| {
                        SKIN_TONES
                            .filter(move |tone| item == "T" || tone != first)
                            .map(move |tone| ([&prefix[..], &[tone]].concat(), tone))
                    })
                    .collect();
            }
            hex => {
                let c = u32::from_str_radix(hex, 16).unwrap_or_default();
                for (prefix, _) in &mut partial {
                    prefix.push(c);
                }
            }
        }
    }
    strings.extend(partial.into_iter().map(|(s, _)| s));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The totals of Unicode 17.0's emoji-sequences.txt and emoji-zwj-sequences.txt.
    #[test]
    fn the_lists_have_the_published_sizes() {
        for (property, size) in [
            (StringProperty::BasicEmoji, 1400),
            (StringProperty::EmojiKeycapSequence, 12),
            (StringProperty::RgiModifierSequence, 665),
            (StringProperty::RgiFlagSequence, 259),
            (StringProperty::RgiTagSequence, 3),
            (StringProperty::RgiZwjSequence, 1614),
            (StringProperty::RgiEmoji, 3953),
        ] {
            let mut strings = property.strings();
            strings.sort_unstable();
            strings.dedup();
            let characters = members(&property.characters()).count();
            assert_eq!(characters + strings.len(), size, "{property:?}");
        }
    }

    #[test]
    fn templates_expand_over_skin_tones() {
        let mut all = Vec::new();
        expand("1F9D1 T 200D 1F91D 200D 1F9D1 T", &mut all);
        assert_eq!(all.len(), 25);
        all.clear();
        expand("1F469 T 200D 1F91D 200D 1F468 U", &mut all);
        assert_eq!(all.len(), 20);
        assert!(all.iter().all(|s| s[1] != s[6]));
        all.clear();
        expand("1F441 FE0F 200D 1F5E8 FE0F", &mut all);
        assert_eq!(all, [vec![0x1_f441, 0xfe0f, 0x200d, 0x1_f5e8, 0xfe0f]]);
    }
}
