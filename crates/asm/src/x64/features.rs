//! What the processor that we run on can do.

use std::fmt;
use std::sync::OnceLock;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $cpuid:tt;)*) => {
        impl CpuFeatures {
            $($(#[$doc])* pub const $name: CpuFeatures = CpuFeatures(1 << $bit);)*

            const NAMES: &[(&str, CpuFeatures)] = &[$(($cpuid, CpuFeatures::$name)),*];

            /// Asks the processor (and whether the system saves the registers concerned), without a cache.
            fn query() -> CpuFeatures {
                #[cfg(target_arch = "x86_64")]
                {
                    let mut found = CpuFeatures::NONE;
                    $(if std::is_x86_feature_detected!($cpuid) {
                        found = found.with(CpuFeatures::$name);
                    })*
                    found
                }
                #[cfg(not(target_arch = "x86_64"))]
                CpuFeatures::NONE
            }
        }
    };
}

/// A set of processor features.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CpuFeatures(u32);

features! {
    /// Supplemental SSE3: `pshufb`, `pabs`.
    SSSE3 = 0, "ssse3";
    /// `pmulld`, `pinsrd`, `roundsd`, `ptest`, blends.
    SSE41 = 1, "sse4.1";
    /// `pcmpgtq`, `crc32`.
    SSE42 = 2, "sse4.2";
    /// `popcnt`.
    POPCNT = 3, "popcnt";
    /// `lzcnt`.
    LZCNT = 4, "lzcnt";
    /// `andn`, `bextr`, `blsr`, `tzcnt`.
    BMI1 = 5, "bmi1";
    /// `bzhi`, `mulx`, `pdep`, `pext`, `rorx`, `shlx`.
    BMI2 = 6, "bmi2";
    /// `adcx`, `adox`.
    ADX = 7, "adx";
    /// `movbe`.
    MOVBE = 8, "movbe";
    /// 256-bit floating-point vectors.
    AVX = 9, "avx";
    /// 256-bit integer vectors.
    AVX2 = 10, "avx2";
    /// Fused multiply-add.
    FMA = 11, "fma";
    /// Half-precision conversions.
    F16C = 12, "f16c";
    /// AVX-512 foundation.
    AVX512F = 13, "avx512f";
    /// AVX-512 at 128 and 256 bits.
    AVX512VL = 14, "avx512vl";
    /// AVX-512 on 8- and 16-bit elements.
    AVX512BW = 15, "avx512bw";
    /// AVX-512 on 32- and 64-bit elements: `vpmullq`, conversions of 64-bit integers.
    AVX512DQ = 16, "avx512dq";
    /// AVX-512 conflict detection and `vplzcntd`.
    AVX512CD = 17, "avx512cd";
    /// AVX-512 byte permutations.
    AVX512VBMI = 18, "avx512vbmi";
    /// AVX-512 `vpopcntd`.
    AVX512VPOPCNTDQ = 19, "avx512vpopcntdq";
}

impl CpuFeatures {
    /// The baseline of x86-64: SSE2.
    pub const NONE: CpuFeatures = CpuFeatures(0);

    /// The running processor's features, asked once.
    pub fn detect() -> CpuFeatures {
        static DETECTED: OnceLock<CpuFeatures> = OnceLock::new();
        *DETECTED.get_or_init(CpuFeatures::query)
    }

    /// Whether all of `other` is there.
    #[inline]
    pub const fn has(self, other: CpuFeatures) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn with(self, other: CpuFeatures) -> CpuFeatures {
        CpuFeatures(self.0 | other.0)
    }

    /// This set less the other: to generate code for an older processor.
    pub const fn without(self, other: CpuFeatures) -> CpuFeatures {
        CpuFeatures(self.0 & !other.0)
    }
}

impl fmt::Debug for CpuFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(CpuFeatures::NAMES.iter().filter(|row| self.has(row.1)).map(|row| row.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_combine() {
        let set = CpuFeatures::AVX.with(CpuFeatures::FMA);
        assert!(set.has(CpuFeatures::AVX) && !set.has(CpuFeatures::AVX2));
        assert_eq!(set.without(CpuFeatures::FMA), CpuFeatures::AVX);
        assert_eq!(format!("{set:?}"), r#"{"avx", "fma"}"#);
    }

    #[test]
    fn newer_features_imply_older_ones() {
        let cpu = CpuFeatures::detect();
        assert!(!cpu.has(CpuFeatures::AVX2) || cpu.has(CpuFeatures::AVX.with(CpuFeatures::SSE42)));
        assert!(!cpu.has(CpuFeatures::AVX512VL) || cpu.has(CpuFeatures::AVX512F));
    }
}
