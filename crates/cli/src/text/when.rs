//! Times for people: `2026-01-18 10:30:00 (3 min ago)`, `2 h 05 min`.

use codeagent_core::LocalTime;
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The local time of this moment.
pub(crate) fn now() -> LocalTime {
    LocalTime::from_civil(jiff::Zoned::now().datetime())
}

/// A document's time, to the second, with how long ago that was. What is no time is shown as it is.
pub(crate) fn moment(text: &str, now: LocalTime, say: &Catalogue) -> String {
    let Some(time) = LocalTime::parse(text) else {
        return codeagent_project::harmless::one_line(text, 40).into();
    };
    let shown = time.to_string().replace('T', " ");
    let shown = shown.split('.').next().unwrap_or_default();
    match seconds_between(time, now) {
        // The clock was set back, or the file comes from another zone: no claim.
        Some(ago) => format!("{shown} ({})", msg!(say, "cli-ago", time = span(ago, say))),
        None => shown.to_owned(),
    }
}

fn seconds_between(time: LocalTime, now: LocalTime) -> Option<u64> {
    let since = now.to_civil()?.duration_since(time.to_civil()?);
    u64::try_from(since.as_secs()).ok()
}

/// A length of time in the two units that matter.
pub(crate) fn span(seconds: u64, say: &Catalogue) -> String {
    match seconds {
        0..MINUTE => msg!(say, "cli-span-seconds", s = seconds),
        MINUTE..HOUR => msg!(say, "cli-span-minutes", min = seconds / MINUTE, s = two(seconds % MINUTE)),
        HOUR..DAY => msg!(say, "cli-span-hours", h = seconds / HOUR, min = two(seconds % HOUR / MINUTE)),
        _ => msg!(say, "cli-span-days", d = seconds / DAY, h = seconds % DAY / HOUR),
    }
}

fn two(number: u64) -> String {
    format!("{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use codeagent_project::messages::Lang;

    #[test]
    fn two_units_are_enough() {
        let en = Catalogue::new(Lang::En);
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 00 s"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h 00 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(span(seconds, &en), expected);
        }
        assert_eq!(span(61, &Catalogue::new(Lang::Ru)), "1 мин 01 с");
    }

    #[test]
    fn a_moment_says_how_long_ago() {
        let en = Catalogue::new(Lang::En);
        let now = LocalTime::parse("2026-01-18T10:33:00").unwrap();
        assert_eq!(moment("2026-01-18T10:30:00.25", now, &en), "2026-01-18 10:30:00 (2 min 59 s ago)");
        assert_eq!(moment("2026-01-18T10:34:00", now, &en), "2026-01-18 10:34:00");
        assert_eq!(moment("someday\x1b[2J", now, &en), "someday\\x1b[2J");
    }
}
