//! Names of task logs: `task_<id>_<YYYYMMDD_HHMMSS>.log`, and `…_2.log` where that one belongs to another attempt.

use std::borrow::Cow;
use std::fmt::Write;

use codeagent_core::TaskId;
use codeagent_core::id::Fingerprint;
use jiff::civil::DateTime;

/// An id as it stands in a file name. Ids of other programs may be anything (`../x`, 1 MB): those get a form of
/// their own, with a part of their digest so that two of them stay two.
pub(super) fn safe_id(id: &str) -> Cow<'_, str> {
    if TaskId::parse_given(id).is_ok() {
        return Cow::Borrowed(id);
    }
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let mut safe: String = id.chars().take(40).map(keep).collect();
    safe.push('-');
    for byte in &Fingerprint::of_id(&TaskId::new(id)).0[..6] {
        let _ = write!(safe, "{byte:02x}");
    }
    Cow::Owned(safe)
}

/// The name of the `number`th log (from 1) of a task that was begun in this second.
pub(super) fn log_name(id: &str, started: DateTime, number: u32) -> String {
    let (id, time) = (safe_id(id), started.strftime("%Y%m%d_%H%M%S"));
    match number {
        1 => format!("task_{id}_{time}.log"),
        _ => format!("task_{id}_{time}_{number}.log"),
    }
}

/// What a name tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LogName<'a> {
    /// As [`safe_id`] made it.
    pub(super) id: &'a str,
    /// `YYYYMMDD_HHMMSS`.
    pub(super) time: &'a str,
    pub(super) number: u32,
}

impl LogName<'_> {
    /// Whether the id has the form that [`safe_id`] gives to those that a name cannot hold.
    pub(super) fn may_be_altered(&self) -> bool {
        self.id.rsplit_once('-').is_some_and(|(_, digest)| {
            digest.len() == 12 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }
}

/// Takes the name of a log apart; `None` for other files.
pub(super) fn parse(name: &str) -> Option<LogName<'_>> {
    let stem = name.strip_prefix("task_")?.strip_suffix(".log")?;
    if let Some((id, time)) = split_time(stem) {
        return Some(LogName { id, time, number: 1 });
    }
    let (stem, number) = stem.rsplit_once('_')?;
    let (id, time) = split_time(stem)?;
    Some(LogName { id, time, number: number.parse().ok().filter(|number| *number > 1)? })
}

fn split_time(stem: &str) -> Option<(&str, &str)> {
    let at = stem.len().checked_sub("_YYYYMMDD_HHMMSS".len())?;
    let is_time = stem.bytes().skip(at).zip(*b"_dddddddd_dddddd").all(|(byte, want)| match want {
        b'd' => byte.is_ascii_digit(),
        _ => byte == want,
    });
    (is_time && at > 0).then(|| (&stem[..at], &stem[at + 1..]))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn names_go_both_ways() {
        let time = date(2026, 1, 18).at(10, 30, 0, 0);
        for id in ["task_ca978112ca1b", "a", "a_20260118_103000", "../x", "é", "", "a/b", "a b"] {
            for number in [1, 2, 11] {
                let name = log_name(id, time, number);
                assert!(!name.contains('/') && name.len() < 200);
                assert_eq!(parse(&name), Some(LogName { id: &safe_id(id), time: "20260118_103000", number }));
            }
        }
        assert_eq!(log_name("a", time, 1), "task_a_20260118_103000.log");
        assert_ne!(safe_id("a/b"), safe_id("a b"));
        assert!(log_name(&"x".repeat(1 << 20), time, 1).len() < 200);
    }

    #[test]
    fn other_names_are_not_logs() {
        for name in ["code_agent.log", "task_.log", "task_a.log", "task__20260118_103000.log", "task_é.log"]
        {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
