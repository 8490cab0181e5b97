//! When a failed task is tried again: exponential backoff with full jitter, clock and dice handed in.

use crate::time::{Now, Wait};

/// How often and how soon a task is tried again after a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// `max_task_attempts`: counted attempts after which a task is given up; at least 1.
    pub max_attempts: u32,
    /// The delay after the first failure.
    pub initial_delay_ms: u64,
    /// What no delay exceeds.
    pub max_delay_ms: u64,
    /// A throw of the dice, evenly distributed over all values; none for no jitter.
    pub dice: Option<u64>,
}

impl RetryPolicy {
    /// Whether `counted` failed attempts are the last.
    pub fn is_exhausted(&self, counted: u32) -> bool {
        counted >= self.max_attempts.max(1)
    }

    /// The wait after the `counted`-th failure: doubles each time up to the maximum; with dice, an even
    /// draw between 0 and that ("full jitter", AWS Architecture Blog 2015), so that many tasks that
    /// failed together don't come back together.
    pub fn wait(&self, counted: u32, now: Now) -> Wait {
        let doublings = counted.saturating_sub(1).min(63);
        let full = self.initial_delay_ms.saturating_mul(1 << doublings).min(self.max_delay_ms);
        let delay_ms = match self.dice {
            None => full,
            Some(dice) => scale(dice, full),
        };
        Wait { since_unix_ms: now.unix_ms, delay_ms }
    }
}

/// Maps an even draw over all of `u64` to `0..=top` without the bias of a remainder.
fn scale(dice: u64, top: u64) -> u64 {
    let scaled = (u128::from(dice) * (u128::from(top) + 1)) >> 64;
    u64::try_from(scaled).unwrap_or(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::now;

    fn policy(dice: Option<u64>) -> RetryPolicy {
        RetryPolicy { max_attempts: 3, initial_delay_ms: 5_000, max_delay_ms: 300_000, dice }
    }

    #[test]
    fn delays_double_up_to_the_maximum() {
        let delay = |n| policy(None).wait(n, now()).delay_ms;
        assert_eq!([delay(1), delay(2), delay(3)], [5_000, 10_000, 20_000]);
        assert_eq!(delay(7), 300_000);
        assert_eq!(delay(u32::MAX), 300_000);
    }

    #[test]
    fn jitter_covers_the_whole_range() {
        let delay = |dice| policy(Some(dice)).wait(1, now()).delay_ms;
        assert_eq!(delay(0), 0);
        assert_eq!(delay(u64::MAX), 5_000);
        assert_eq!(delay(u64::MAX / 2), 2_500);
    }

    #[test]
    fn the_limit_is_reached_at_its_number() {
        assert!(!policy(None).is_exhausted(2));
        assert!(policy(None).is_exhausted(3));
        assert!(RetryPolicy { max_attempts: 0, ..policy(None) }.is_exhausted(1));
    }
}
