//! Chance: everything that is drawn in a simulated world comes from one seed, through one of these.

use crate::dice::Dice;

/// Draws from a seed.
pub(super) struct Chance(Dice);

impl Chance {
    /// The same seed draws the same.
    pub(super) fn new(seed: u64) -> Self {
        Self(Dice::new(seed))
    }

    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.0.any()
    }

    /// A number below `top`; 0 where that is 0.
    pub(super) fn below(&mut self, top: u64) -> u64 {
        if top == 0 { 0 } else { self.0.any() % top }
    }

    /// A number from `from` to `to`, small ones as often as large ones: by its order of magnitude.
    pub(super) fn magnitude(&mut self, from: u64, to: u64) -> u64 {
        let (low, high) = (from.max(1).ilog2(), to.max(1).ilog2());
        let bits = u64::from(low) + self.below(u64::from(high.saturating_sub(low)) + 1);
        ((1 << bits) + self.below(1 << bits)).clamp(from, to)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(at).copied()
    }

    /// An index below `len`.
    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }
}
