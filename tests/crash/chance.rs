//! Random numbers that come again with the same seed.

use std::cell::Cell;
use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
pub struct Chance(Cell<u64>);

impl Chance {
    /// The same numbers for the same seed and name, whatever others draw meanwhile.
    pub fn new(seed: u64, name: u64) -> Chance {
        let chance = Chance(Cell::new(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        chance.next();
        chance
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0, 1, … `count` - 1.
    pub fn below(&self, count: u64) -> u64 {
        self.next() % count
    }

    pub fn one_in(&self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    pub fn time_below(&self, most: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(most.as_micros()).unwrap().max(1)))
    }
}
