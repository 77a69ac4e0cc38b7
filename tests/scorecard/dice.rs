//! Dice that fall alike for one seed. Nothing here but numbers.

use std::time::Duration;

/// Numbers that look random (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number() % n).unwrap_or_default()
    }

    /// Whether this is one of `n` equal chances.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub(crate) fn choose<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// A moment of real time, short ones as likely as long ones: from a quarter
    /// of a millisecond to a quarter of a second.
    pub(crate) fn moment(&mut self) -> Duration {
        let magnitude = u32::try_from(self.below(10)).unwrap_or_default();
        let from = 250 << magnitude;
        Duration::from_micros(from + self.number() % from)
    }
}
