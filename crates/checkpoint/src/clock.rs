//! Where times come from: the one place that asks the system, and a clock for tests.
use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use codeagent_core::{LocalTime, Now};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// One reading of the wall clock.
    fn now(&self) -> Now;

    /// Time since some moment of the past. It never goes back, whatever the wall clock is set to: for deadlines.
    fn monotonic(&self) -> Duration;
}

/// The system's clock and its zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let now = jiff::Zoned::now();
        Now { local: LocalTime::from_civil(now.datetime()), unix_ms: now.timestamp().as_millisecond() }
    }

    fn monotonic(&self) -> Duration {
        static FIRST_ASKED: OnceLock<Instant> = OnceLock::new();
        FIRST_ASKED.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that stands still until it is told to go on, or back.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub struct FakeClock(std::sync::atomic::AtomicI64);

#[cfg(feature = "testing")]
impl FakeClock {
    /// Goes on by so many seconds; back, where they are negative.
    pub fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(feature = "testing")]
impl Clock for FakeClock {
    fn now(&self) -> Now {
        codeagent_core::testkit::at(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        let seconds = self.0.load(std::sync::atomic::Ordering::SeqCst);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_tell_one_moment() {
        let now = SystemClock.now();
        let zone = jiff::tz::TimeZone::system();
        let civil = jiff::Timestamp::from_millisecond(now.unix_ms).unwrap().to_zoned(zone).datetime();
        let apart = now.local.as_micros() - LocalTime::from_civil(civil).as_micros();
        assert!((0..1_000).contains(&apart), "{apart} µs");
    }
}
