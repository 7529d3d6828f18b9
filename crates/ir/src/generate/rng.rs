//! Random numbers for tests: SplitMix64 (Steele, Lea and Flood, 2014), and operands that make trouble.

use crate::types::{Type, sign_extend};

/// A deterministic source of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A source with a seed.
    pub fn new(seed: u64) -> Rng {
        let mut rng = Rng(seed ^ 0x007e_4ce1);
        rng.next();
        rng
    }

    /// 64 random bits.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// A number from `start` up to `end`, without `end`.
    pub fn range(&mut self, start: usize, end: usize) -> usize {
        start + self.below(end - start)
    }

    /// True in so many cases of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// An integer: small, a power of two, near a limit of a type, or any.
    pub fn interesting_int(&mut self, ty: Type) -> i64 {
        let value = match self.below(8) {
            0..=2 => self.below(20) as i64 - 4,
            3 => 1i64 << self.below(64),
            4 => (1i64 << self.below(64)).wrapping_sub(1),
            5 => *self.pick(&[i64::MIN, i64::MAX, i32::MIN as i64, i32::MAX as i64, -1, 0x80, 0x7fff, 255]),
            _ => self.next() as i64,
        };
        sign_extend(value, ty)
    }

    /// Bits of a float of the type: small integers, halves, zeros, limits, NaN, infinities, or any.
    pub fn interesting_float(&mut self, ty: Type) -> u64 {
        let value = match self.below(8) {
            0..=2 => self.below(40) as f64 - 20.0,
            3 => (self.below(80) as f64 - 40.0) / 4.0,
            4 => *self.pick(&[0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
            5 => *self.pick(&[f64::MAX, f64::MIN_POSITIVE, 5e-324, 2147483648.0, -2147483649.0, 9007199254740993.0]),
            6 => f64::from_bits(self.next()),
            _ => (self.next() as i64 >> self.below(60)) as f64,
        };
        if ty == Type::F32 {
            let value = value as f32;
            if value.is_nan() { f32::NAN.to_bits() as u64 } else { value.to_bits() as u64 }
        } else if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            value.to_bits()
        }
    }
}
