//! Times as the rules see them: handed in, never asked for.
use alloc::string::{String, ToString};
use core::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A local time without offset, as the guide's document holds it: microseconds since 1970-01-01T00:00:00.
///
/// Printed as Python's `datetime.isoformat()` does: the fraction has six digits or is absent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(i64);

impl LocalTime {
    /// Not before any other; for ranges only, it has no date.
    pub(crate) const MAX: Self = Self(i64::MAX);
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const MICROS_PER_SECOND: i64 = 1_000_000;

impl LocalTime {
    /// The local time of a wall clock; a part smaller than a microsecond is cut off.
    pub fn from_civil(time: DateTime) -> Self {
        let since = time.duration_since(EPOCH);
        Self(since.as_secs() * MICROS_PER_SECOND + i64::from(since.subsec_nanos()) / 1_000)
    }

    /// The time as date and time of day; `None` outside the years -9999 to 9999.
    pub fn to_civil(self) -> Option<DateTime> {
        EPOCH.checked_add(jiff::SignedDuration::from_micros(self.0)).ok()
    }

    /// So many microseconds after 1970-01-01T00:00:00.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads an ISO 8601 time. An offset is accepted and dropped: the document's times are local.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        text.parse::<DateTime>().ok().map(Self::from_civil)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = self.to_civil() else { return f.write_str("?") };
        let (date, clock) = (time.date(), time.time());
        match date.year() {
            year @ 0.. => write!(f, "{year:04}")?,
            // What no Python wrote, but a reader of ours accepts: ISO 8601's form for years before 0.
            year => write!(f, "-{:06}", year.unsigned_abs())?,
        }
        write!(f, "-{:02}-{:02}", date.month(), date.day())?;
        write!(f, "T{:02}:{:02}:{:02}", clock.hour(), clock.minute(), clock.second())?;
        match self.0.rem_euclid(MICROS_PER_SECOND) {
            0 => Ok(()),
            micros => write!(f, ".{micros:06}"),
        }
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an ISO 8601 local time"))
    }
}

/// One reading of the wall clock, in the two forms that the rules need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Local time, for the guide's fields.
    pub local: LocalTime,
    /// Milliseconds since the Unix epoch, for waits that must not notice a change of the zone.
    pub unix_ms: i64,
}

/// A wait that is kept over restarts: since when, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wait {
    /// When it began, in milliseconds since the Unix epoch.
    pub since_unix_ms: i64,
    /// How long it lasts.
    pub delay_ms: u64,
}

impl Wait {
    /// What is left of it. A clock that says a time before the wait's begin was set back and can't tell how much has
    /// passed: then nothing is left, else the wait would begin anew at each look until the clock has caught up
    /// (contract, "Attempts": never longer than the delay, whatever the clock does).
    pub fn remaining_ms(&self, now: Now) -> u64 {
        match u64::try_from(now.unix_ms.saturating_sub(self.since_unix_ms)) {
            Ok(passed) => self.delay_ms.saturating_sub(passed),
            Err(_) => 0,
        }
    }
}

/// A session's id, `YYYYMMDD_HHMMSS`, as the guide's SessionTracker makes it.
pub fn session_id(at: LocalTime) -> String {
    match at.to_civil() {
        Some(t) => t.strftime("%Y%m%d_%H%M%S").to_string(),
        None => String::from("00000000_000000"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_python_does() {
        let before_christ = "-000043-03-15T11:00:00";
        for text in
            ["2026-01-18T10:30:00", "2026-01-18T10:30:00.254894", "1969-12-31T23:59:59.000001", before_christ]
        {
            assert_eq!(LocalTime::parse(text).map(|t| t.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn an_offset_is_dropped() {
        for text in ["2026-01-18T10:30:00Z", "2026-01-18T10:30:00+03:00", "2026-01-18 10:30"] {
            assert_eq!(LocalTime::parse(text), LocalTime::parse("2026-01-18T10:30:00"), "{text}");
        }
        assert_eq!(LocalTime::parse("yesterday"), None);
    }

    #[test]
    fn a_wait_never_outlasts_its_delay() {
        let wait = Wait { since_unix_ms: 10_000, delay_ms: 500 };
        let local = LocalTime::from_civil(EPOCH);
        let left = |unix_ms| wait.remaining_ms(Now { local, unix_ms });
        assert_eq!(left(10_000), 500);
        assert_eq!(left(10_499), 1);
        assert_eq!(left(99_999), 0);
        assert_eq!(left(10_000 - 86_400_000), 0); // the clock was set back by a day
        assert_eq!(left(i64::MIN), 0);
    }

    #[test]
    fn sessions_are_named_by_their_start() {
        let at = LocalTime::parse("2026-01-18T10:30:00.254894").unwrap();
        assert_eq!(session_id(at), "20260118_103000");
    }
}
