//! Arithmetic on natural numbers as slices of 64-bit limbs, least significant first.
//!
//! These functions know no heap: they read slices and write to slices that the caller provides. "Trimmed" means
//! without leading zero limbs. Sizes up to a few dozen limbs use the schoolbook algorithms (Knuth, TAOCP vol. 2,
//! 4.3.1), which win there; beyond, multiplication, division and radix conversion go to `dashu-int` (Karatsuba, Toom–3,
//! Burnikel–Ziegler, divide and conquer).

use dashu_int::UBig;
use dashu_int::ops::DivRem;
use std::cmp::Ordering;

pub type Limb = u64;

/// From this many limbs in the shorter operand on, multiplication leaves the schoolbook method.
const LARGE_MULTIPLY: usize = 40;
/// From this many limbs in divisor and quotient on, division does.
const LARGE_DIVIDE: usize = 60;

/// The limbs without leading zeros.
#[inline]
pub fn trim(mut a: &[Limb]) -> &[Limb] {
    while let [rest @ .., 0] = a {
        a = rest;
    }
    a
}

/// Order of two trimmed numbers.
#[inline]
pub fn compare(a: &[Limb], b: &[Limb]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `out = a + b`; `a` is not shorter than `b`, `out` is one limb longer than `a`.
pub fn add(out: &mut [Limb], a: &[Limb], b: &[Limb]) {
    let (low, high) = a.split_at(b.len());
    let mut carry = false;
    for ((out, &a), &b) in out.iter_mut().zip(low).zip(b) {
        (*out, carry) = a.carrying_add(b, carry);
    }
    for (out, &a) in out[b.len()..].iter_mut().zip(high) {
        (*out, carry) = a.overflowing_add(carry as Limb);
    }
    out[a.len()] = carry as Limb;
}

/// `out = a − b` for `a ≥ b`; `out` is as long as `a`.
pub fn subtract(out: &mut [Limb], a: &[Limb], b: &[Limb]) {
    let (low, high) = a.split_at(b.len());
    let mut borrow = false;
    for ((out, &a), &b) in out.iter_mut().zip(low).zip(b) {
        (*out, borrow) = a.borrowing_sub(b, borrow);
    }
    for (out, &a) in out[b.len()..].iter_mut().zip(high) {
        (*out, borrow) = a.overflowing_sub(borrow as Limb);
    }
    debug_assert!(!borrow);
}

/// `out = a × b + addend`; `out` is one limb longer than `a`.
pub fn multiply_limb(out: &mut [Limb], a: &[Limb], b: Limb, addend: Limb) {
    let mut carry = addend;
    for (out, &a) in out.iter_mut().zip(a) {
        (*out, carry) = a.carrying_mul(b, carry);
    }
    out[a.len()] = carry;
}

/// `a = a × b + addend` in place; the limb that is carried out.
pub fn multiply_limb_in_place(a: &mut [Limb], b: Limb, addend: Limb) -> Limb {
    a.iter_mut().fold(addend, |carry, a| {
        let carried;
        (*a, carried) = a.carrying_mul(b, carry);
        carried
    })
}

/// `out = a × b`; `out` has the limbs of both.
pub fn multiply(out: &mut [Limb], a: &[Limb], b: &[Limb]) {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.len() >= LARGE_MULTIPLY {
        let product =
            if std::ptr::eq(a, b) { UBig::from_words(a).sqr() } else { UBig::from_words(a) * UBig::from_words(b) };
        return copy_padded(out, product.as_words());
    }
    let Some((&first, rest)) = b.split_first() else {
        return out.fill(0);
    };
    multiply_limb(&mut out[..=a.len()], a, first, 0);
    out[a.len() + 1..].fill(0);
    for (i, &limb) in rest.iter().enumerate() {
        let row = &mut out[i + 1..i + 2 + a.len()];
        let mut carry = 0;
        for (out, &a) in row.iter_mut().zip(a) {
            (*out, carry) = a.carrying_mul_add(limb, *out, carry);
        }
        row[a.len()] = carry;
    }
}

fn copy_padded(out: &mut [Limb], words: &[Limb]) {
    let (low, high) = out.split_at_mut(words.len());
    low.copy_from_slice(words);
    high.fill(0);
}

/// A divisor of one limb with its reciprocal, which replaces the division instruction by multiplications (Möller & Granlund,
/// "Improved Division by Invariant Integers", IEEE Trans. Computers 2011, algorithm 4).
#[derive(Clone, Copy)]
pub struct Reciprocal {
    /// The divisor, shifted so that its top bit is set.
    divisor: Limb,
    /// ⌊(2^128 − 1) / divisor⌋ − 2^64.
    inverse: Limb,
    shift: u32,
}

impl Reciprocal {
    pub fn new(divisor: Limb) -> Reciprocal {
        debug_assert!(divisor != 0);
        let shift = divisor.leading_zeros();
        let divisor = divisor << shift;
        Reciprocal { divisor, inverse: (u128::MAX / divisor as u128) as Limb, shift }
    }

    /// (high, low) by the shifted divisor; `high` is less than it. Quotient and remainder.
    #[inline(always)]
    fn divide(&self, high: Limb, low: Limb) -> (Limb, Limb) {
        let wide = (self.inverse as u128 * high as u128).wrapping_add((high as u128) << 64 | low as u128);
        let mut quotient = ((wide >> 64) as Limb).wrapping_add(1);
        let mut remainder = low.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if remainder > wide as Limb {
            quotient = quotient.wrapping_sub(1);
            remainder = remainder.wrapping_add(self.divisor);
        }
        if remainder >= self.divisor {
            quotient = quotient.wrapping_add(1);
            remainder -= self.divisor;
        }
        (quotient, remainder)
    }
}

/// `a = a / divisor` in place; the remainder.
pub fn divide_limb_in_place(a: &mut [Limb], divisor: &Reciprocal) -> Limb {
    let shift = divisor.shift;
    // The dividend is shifted like the divisor as it goes by; the quotient stays the same.
    let mut remainder = match a.last() {
        Some(&top) if shift > 0 => top >> (64 - shift),
        _ => 0,
    };
    for i in (0..a.len()).rev() {
        let next = if shift > 0 && i > 0 { a[i - 1] >> (64 - shift) } else { 0 };
        (a[i], remainder) = divisor.divide(remainder, a[i] << shift | next);
    }
    remainder >> shift
}

/// Quotient and remainder of trimmed numbers with `a ≥ b > 0`. `quotient` has `a.len() − b.len() + 1` limbs, `remainder` as many as
/// `b`. `poll` is called between stretches of work; an error from
/// it ends the division.
pub fn divide<E>(
    quotient: &mut [Limb],
    remainder: &mut [Limb],
    a: &[Limb],
    b: &[Limb],
    mut poll: impl FnMut() -> Result<(), E>,
) -> Result<(), E> {
    if let [divisor] = *b {
        quotient.copy_from_slice(a);
        remainder[0] = divide_limb_in_place(quotient, &Reciprocal::new(divisor));
        return Ok(());
    }
    if b.len() >= LARGE_DIVIDE && quotient.len() >= LARGE_DIVIDE {
        let (q, r) = UBig::from_words(a).div_rem(UBig::from_words(b));
        copy_padded(quotient, q.as_words());
        copy_padded(remainder, r.as_words());
        return Ok(());
    }

    // Knuth's algorithm D. It wants a divisor whose top bit is set; only the estimates look at that, so only the limbs that they look at
    // are shifted, and dividend and divisor stay as they are.
    let n = b.len();
    let shift = b[n - 1].leading_zeros();
    let [top, second] = shifted_top(b, shift);
    let reciprocal = Reciprocal::new(top);
    let mut rest = Vec::with_capacity(a.len() + 1);
    rest.extend_from_slice(a);
    rest.push(0);
    let mut work = 0;
    for j in (0..quotient.len()).rev() {
        let window = &mut rest[j..=j + n];
        // What the window holds is less than the divisor times 2^64, so the shift loses nothing.
        let high = window[n] << shift | shifted_out(window[n - 1], shift);
        let [middle, low] = shifted_top(&window[..n], shift);
        // An estimate of the quotient's limb from the top limbs: at most 2 too large, and after the test rarely at all.
        let mut estimate = if high >= top {
            Limb::MAX
        } else {
            let (mut estimate, mut left) = reciprocal.divide(high, middle);
            while estimate as u128 * second as u128 > (left as u128) << 64 | low as u128 {
                estimate -= 1;
                let overflow;
                (left, overflow) = left.overflowing_add(top);
                if overflow {
                    break;
                }
            }
            estimate
        };
        if estimate != 0 && subtract_multiple(window, b, estimate) {
            // Too large: add the divisor back, until the borrow is undone.
            loop {
                estimate -= 1;
                if add_back(window, b) {
                    break;
                }
            }
        }
        quotient[j] = estimate;
        work += n;
        if work > 1 << 16 {
            work = 0;
            poll()?;
        }
    }
    remainder.copy_from_slice(&rest[..n]);
    Ok(())
}

/// The bits that a shift to the left by less than 64 moves to the next limb.
#[inline(always)]
fn shifted_out(limb: Limb, shift: u32) -> Limb {
    // In two steps, because a shift by 64 is none.
    limb >> 1 >> (63 - shift)
}

/// The top two limbs of `a << shift`, without what leaves the topmost; missing ones are 0.
#[inline(always)]
fn shifted_top(a: &[Limb], shift: u32) -> [Limb; 2] {
    let limb = |i: usize| if i <= a.len() { a[a.len() - i] } else { 0 };
    [1, 2].map(|i| limb(i) << shift | shifted_out(limb(i + 1), shift))
}

/// `window −= divisor × factor`; whether it went below zero. The window is one limb longer.
fn subtract_multiple(window: &mut [Limb], divisor: &[Limb], factor: Limb) -> bool {
    let mut carry = 0;
    let mut borrow = false;
    let (low, high) = window.split_at_mut(divisor.len());
    for (w, &d) in low.iter_mut().zip(divisor) {
        let product;
        (product, carry) = d.carrying_mul(factor, carry);
        (*w, borrow) = w.borrowing_sub(product, borrow);
    }
    (high[0], borrow) = high[0].borrowing_sub(carry, borrow);
    borrow
}

/// `window += divisor`; whether a carry left the window.
fn add_back(window: &mut [Limb], divisor: &[Limb]) -> bool {
    let mut carry = false;
    let (low, high) = window.split_at_mut(divisor.len());
    for (w, &d) in low.iter_mut().zip(divisor) {
        (*w, carry) = w.carrying_add(d, carry);
    }
    (high[0], carry) = high[0].overflowing_add(carry as Limb);
    carry
}

/// `out = a << bits` for less than 64 bits, as long as `a`; the limb that is shifted out.
pub fn shift_left_bits(out: &mut [Limb], a: &[Limb], bits: u32) -> Limb {
    if bits == 0 {
        out.copy_from_slice(a);
        return 0;
    }
    let mut carry = 0;
    for (out, &a) in out.iter_mut().zip(a) {
        *out = a << bits | carry;
        carry = a >> (64 - bits);
    }
    carry
}

/// `out = a >> bits` for less than 64 bits, as long as `a`.
pub fn shift_right_bits(out: &mut [Limb], a: &[Limb], bits: u32) {
    if bits == 0 {
        return out.copy_from_slice(a);
    }
    let mut carry = 0;
    for (out, &a) in out.iter_mut().zip(a).rev() {
        *out = a >> bits | carry;
        carry = a << (64 - bits);
    }
}

/// Number of significant bits of a trimmed number.
#[inline]
pub fn bit_length(a: &[Limb]) -> u64 {
    match a.last() {
        Some(&top) => a.len() as u64 * 64 - top.leading_zeros() as u64,
        None => 0,
    }
}

/// Whether any of the lowest `bits` bits is set.
pub fn any_low_bits(a: &[Limb], bits: u64) -> bool {
    let whole = (bits / 64) as usize;
    a.iter().take(whole).any(|&limb| limb != 0)
        || (!bits.is_multiple_of(64) && a.get(whole).is_some_and(|&limb| limb << (64 - bits % 64) != 0))
}

/// The limbs of a signed number in two's complement, infinitely extended by its sign.
pub struct TwosComplement<'a> {
    limbs: std::slice::Iter<'a, Limb>,
    negative: bool,
    /// The increment of the negation is still to be added.
    carry: bool,
}

impl<'a> TwosComplement<'a> {
    pub fn new(magnitude: &'a [Limb], negative: bool) -> TwosComplement<'a> {
        TwosComplement { limbs: magnitude.iter(), negative, carry: negative }
    }

    /// The next limb, from the least significant on.
    #[inline(always)]
    pub fn next_limb(&mut self) -> Limb {
        let limb = self.limbs.next().copied().unwrap_or(0);
        if !self.negative {
            return limb;
        }
        let (negated, carry) = (!limb).overflowing_add(self.carry as Limb);
        self.carry = carry;
        negated
    }
}

/// Negates a two's complement number in place: its magnitude, if it was negative.
pub fn negate_in_place(a: &mut [Limb]) {
    let mut carry = true;
    for limb in a {
        (*limb, carry) = (!*limb).overflowing_add(carry as Limb);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) struct Random(pub u64);
    impl Random {
        pub fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
        /// A trimmed number of up to `max` limbs, with long runs of ones and zeros (the hard cases of division).
        pub fn number(&mut self, max: usize) -> Vec<Limb> {
            let n = self.next() as usize % max + 1;
            let mut limbs: Vec<Limb> = (0..n)
                .map(|_| match self.next() % 4 {
                    0 => 0,
                    1 => u64::MAX,
                    2 => 1 << (self.next() % 64),
                    _ => self.next(),
                })
                .collect();
            limbs[n - 1] |= 1 << (self.next() % 64);
            limbs
        }
    }

    fn big(a: &[Limb]) -> UBig {
        UBig::from_words(a)
    }

    #[test]
    fn addition_subtraction_multiplication_agree_with_the_crate() {
        let mut random = Random(1);
        for _ in 0..3000 {
            let (mut a, mut b) = (random.number(90), random.number(90));
            if compare(&a, &b).is_lt() {
                std::mem::swap(&mut a, &mut b);
            }
            let mut sum = vec![0; a.len() + 1];
            add(&mut sum, &a, &b);
            assert_eq!(big(&sum), big(&a) + big(&b));
            let mut difference = vec![0; a.len()];
            subtract(&mut difference, &a, &b);
            assert_eq!(big(&difference), big(&a) - big(&b));
            let mut product = vec![7; a.len() + b.len()];
            multiply(&mut product, &a, &b);
            assert_eq!(big(&product), big(&a) * big(&b));
            let mut by_limb = vec![0; a.len() + 1];
            multiply_limb(&mut by_limb, &a, b[0], 5);
            assert_eq!(big(&by_limb), big(&a) * big(&b[..1]) + UBig::from(5u8));
        }
    }

    #[test]
    fn division_agrees_with_the_crate() {
        let mut random = Random(2);
        for _ in 0..20_000 {
            let (mut a, mut b) = (random.number(20), random.number(10));
            if compare(&a, &b).is_lt() {
                std::mem::swap(&mut a, &mut b);
            }
            let mut q = vec![0; a.len() - b.len() + 1];
            let mut r = vec![0; b.len()];
            divide(&mut q, &mut r, &a, &b, || Ok::<(), ()>(())).unwrap();
            let (eq, er) = big(&a).div_rem(big(&b));
            assert_eq!((big(&q), big(&r)), (eq, er), "{a:x?} / {b:x?}");
        }
        let (a, b) = (vec![u64::MAX; 200], vec![u64::MAX; 80]);
        let (mut q, mut r) = (vec![0; 121], vec![0; 80]);
        divide(&mut q, &mut r, &a, &b, || Ok::<(), ()>(())).unwrap();
        assert_eq!(big(&q) * big(&b) + big(&r), big(&a));
    }

    #[test]
    fn a_long_division_polls_and_can_be_ended() {
        let (a, b) = (vec![3; 40_000], vec![5; 50]);
        let (mut q, mut r) = (vec![0; a.len() - b.len() + 1], vec![0; b.len()]);
        assert_eq!(divide(&mut q, &mut r, &a, &b, || Err("stop")), Err("stop"));
    }

    #[test]
    fn division_by_one_limb_has_no_wrong_estimates() {
        let mut random = Random(3);
        for _ in 0..20_000 {
            let mut a = random.number(6);
            let divisor = random.number(1)[0];
            let expected = big(&a).div_rem(UBig::from(divisor));
            let r = divide_limb_in_place(&mut a, &Reciprocal::new(divisor));
            assert_eq!((big(&a), UBig::from(r)), expected);
        }
    }

    #[test]
    fn shifts_and_twos_complement() {
        let a = [0x8000_0000_0000_0001, 0xF];
        let mut out = [0; 2];
        assert_eq!(shift_left_bits(&mut out, &a, 61), 0x1);
        shift_right_bits(&mut out, &a, 4);
        assert_eq!(out, [0xF800_0000_0000_0000, 0]);
        assert_eq!(bit_length(&a), 68);
        assert!(any_low_bits(&a, 1) && !any_low_bits(&[0, 4], 66) && any_low_bits(&[0, 4], 67));
        let mut minus_one = TwosComplement::new(&[1], true);
        assert_eq!([minus_one.next_limb(), minus_one.next_limb(), minus_one.next_limb()], [u64::MAX; 3]);
        let mut minus = TwosComplement::new(&[0, 1], true);
        assert_eq!([minus.next_limb(), minus.next_limb(), minus.next_limb()], [0, u64::MAX, u64::MAX]);
        let mut limbs = [0, u64::MAX];
        negate_in_place(&mut limbs);
        assert_eq!(limbs, [0, 1]);
    }
}
