//! Where times come from: the one place that asks the system, and a clock for tests.
use codeagent_core::{LocalTime, Now};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// One reading of the wall clock.
    fn now(&self) -> Now;
}

/// The system's clock and its zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let now = jiff::Zoned::now();
        Now { local: LocalTime::from_civil(now.datetime()), unix_ms: now.timestamp().as_millisecond() }
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
