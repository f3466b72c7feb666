//! A quick look that says for most of a text that no needle begins there.

use super::GRAM;

const SIEVE_BITS: usize = 1 << 16;

/// Which grams there may be, by one bit each.
#[derive(Clone)]
pub(super) struct Sieve(Vec<u64>);

impl Default for Sieve {
    fn default() -> Sieve {
        Sieve(vec![0; SIEVE_BITS / 64])
    }
}

impl Sieve {
    pub(super) fn add(&mut self, gram: &[u8; GRAM]) {
        let bit = Sieve::bit(gram);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    pub(super) fn may_hold(&self, gram: &[u8; GRAM]) -> bool {
        let bit = Sieve::bit(gram);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Multiplicative hashing: the upper bits of the product are well mixed.
    fn bit(gram: &[u8; GRAM]) -> usize {
        let mixed = u64::from_le_bytes(*gram).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> (64 - SIEVE_BITS.trailing_zeros())) as usize
    }
}
