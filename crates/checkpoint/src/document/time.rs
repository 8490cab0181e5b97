//! Times of the document, read and written without a detour: a file of a million tasks has two million.
//!
//! The same text as `LocalTime`'s `Display` and `parse` give, which serve for whatever is unusual.
use std::io::Write;

use codeagent_core::LocalTime;

const DAY_S: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

/// Reads `2026-01-18T10:30:00`, with six more digits or without, and whatever else ISO 8601 allows.
pub(super) fn parse(text: &str) -> Option<LocalTime> {
    usual(text.as_bytes()).or_else(|| LocalTime::parse(text))
}

fn usual(text: &[u8]) -> Option<LocalTime> {
    let (clock, fraction) = text.split_at_checked(19)?;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if digits.len() == 6 => number(digits)?,
        _ => return None,
    };
    let separators = [clock[4], clock[7], clock[10], clock[13], clock[16]];
    if separators != *b"--T::" {
        return None;
    }
    let (year, month, day) = (number(&clock[..4])?, number(&clock[5..7])?, number(&clock[8..10])?);
    let (hour, minute, second) = (number(&clock[11..13])?, number(&clock[14..16])?, number(&clock[17..])?);
    if !(1..=12).contains(&month) || !(1..=28).contains(&day) && !day_exists(year, month, day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * DAY_S + (hour * 60 + minute) * 60 + second;
    Some(LocalTime::from_micros(seconds * MICROS_PER_SECOND + micros))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0')))
}

fn day_exists(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=last).contains(&day)
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
}

/// The reverse: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Appends the time in quotes, or `null`.
pub(super) fn push(to: &mut Vec<u8>, time: Option<LocalTime>) {
    let Some(time) = time else { return to.extend_from_slice(b"null") };
    let seconds = time.as_micros().div_euclid(MICROS_PER_SECOND);
    let micros = time.as_micros().rem_euclid(MICROS_PER_SECOND);
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_S));
    if !(0..=9_999).contains(&year) {
        let _ = write!(to, "\"{time}\""); // writing into a vector cannot fail
        return;
    }
    let second = seconds.rem_euclid(DAY_S);
    let mut text = *b"\"YYYY-MM-DDTHH:MM:SS.ffffff\"";
    put(&mut text[1..5], year);
    put(&mut text[6..8], month);
    put(&mut text[9..11], day);
    put(&mut text[12..14], second / 3_600);
    put(&mut text[15..17], second / 60 % 60);
    put(&mut text[18..20], second % 60);
    put(&mut text[21..27], micros);
    if micros == 0 {
        text[20] = b'"';
        to.extend_from_slice(&text[..21]);
    } else {
        to.extend_from_slice(&text);
    }
}

/// Fills a field with the digits of a number that fits.
fn put(field: &mut [u8], mut number: i64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(time: LocalTime) -> String {
        let mut to = Vec::new();
        push(&mut to, Some(time));
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn days_that_are_none_are_refused() {
        for text in [
            "2026-02-29T00:00:00",
            "2026-13-01T00:00:00",
            "2026-00-01T00:00:00",
            "2026-04-31T00:00:00",
            "2026-01-00T00:00:00",
            "2026-01-01T24:00:00",
            "2026-01-01T00:60:00",
            "today",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("2024-02-29T00:00:00").is_some() && parse("2000-02-29T00:00:00").is_some());
        assert_eq!(parse("1900-02-29T00:00:00"), None);
    }

    proptest! {
        // From the year -9999 to 9999.
        #[test]
        fn the_same_as_the_slow_way(micros in -377_000_000_000_000_000_i64..253_000_000_000_000_000, whole in any::<bool>()) {
            let micros = if whole { micros / MICROS_PER_SECOND * MICROS_PER_SECOND } else { micros };
            let time = LocalTime::from_micros(micros);
            let slow = time.to_string();
            prop_assert_eq!(written(time), format!("\"{slow}\""));
            if let Some(back) = LocalTime::parse(&slow) {
                prop_assert_eq!(parse(&slow), Some(back));
                prop_assert_eq!(back, time);
            }
        }
    }
}
