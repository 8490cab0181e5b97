//! A file that keeps head and tail of what is written to it, within a number of bytes.
//!
//! ```text
//! task_a_….log          head, straight from the first write on: half of what is allowed
//! task_a_….log.tail-7   the last full segment of the rest: a quarter
//! task_a_….log.tail-8   the segment that is being filled
//! ```
//! A segment that is neither of the last two is removed. At the end the segments go behind the head, with a line
//! between that says how much is missing. All that needs is on disk, so that a crashed run is put together as well.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fs::{append_private, create_new_private, open_regular};

/// Bytes kept free for the line about what is missing and the last one.
const RESERVE: u64 = 512;

/// Less than this is not a log.
const SMALLEST: u64 = 4096;

#[derive(Debug)]
pub(super) struct Bounded {
    path: PathBuf,
    log: File,
    head_left: u64,
    segment_bytes: u64,
    tail: Option<Segment>,
    last_byte: u8,
}

#[derive(Debug)]
struct Segment {
    file: File,
    number: u64,
    left: u64,
}

impl Bounded {
    /// Goes on in a file that has `used` bytes of at most `max_bytes`.
    pub(super) fn new(path: PathBuf, log: File, used: u64, max_bytes: u64) -> Self {
        let allowed = max_bytes.max(SMALLEST) - RESERVE;
        let head_left = (allowed / 2).saturating_sub(used);
        Self { path, log, head_left, segment_bytes: allowed / 4, tail: None, last_byte: b'\n' }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether what comes next begins a line.
    pub(super) fn at_line_start(&self) -> bool {
        self.last_byte == b'\n'
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        let (head, mut rest) = bytes.split_at(at_most(bytes.len(), self.head_left));
        self.log.write_all(head)?;
        self.head_left -= head.len() as u64;
        while !rest.is_empty() {
            let segment = self.segment()?;
            let (fits, more) = rest.split_at(at_most(rest.len(), segment.left));
            segment.file.write_all(fits)?;
            segment.left -= fits.len() as u64;
            rest = more;
        }
        self.last_byte = *last;
        Ok(())
    }

    /// The segment with room in it; begins the next one where there is none.
    fn segment(&mut self) -> io::Result<&mut Segment> {
        if self.tail.as_ref().is_none_or(|segment| segment.left == 0) {
            let number = self.tail.as_ref().map_or(0, |segment| segment.number + 1);
            let file = create_new_private(&segment_path(&self.path, number))?;
            if let Some(oldest) = number.checked_sub(2) {
                fs::remove_file(segment_path(&self.path, oldest))?;
            }
            self.tail = Some(Segment { file, number, left: self.segment_bytes });
        }
        self.tail.as_mut().ok_or_else(|| io::ErrorKind::Other.into())
    }

    /// Puts head and tail together.
    pub(super) fn assemble(self) -> io::Result<()> {
        let Some(last) = &self.tail else { return Ok(()) };
        let first = last.number.saturating_sub(1);
        let numbers: Vec<u64> = (first..=last.number).collect();
        append_segments(&self.path, self.log, &numbers, first * self.segment_bytes)
    }
}

fn at_most(length: usize, limit: u64) -> usize {
    usize::try_from(limit).map_or(length, |limit| length.min(limit))
}

fn segment_path(log: &Path, number: u64) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(format!(".tail-{number}"));
    PathBuf::from(name)
}

/// Takes the name of a segment apart: the log's name and the segment's number.
pub(super) fn parse_segment(name: &str) -> Option<(&str, u64)> {
    let (log, number) = name.rsplit_once(".tail-")?;
    Some((log, number.parse().ok()?))
}

/// Puts the segments that a crash left behind into their log.
pub(super) fn mend(log: &Path, mut numbers: Vec<u64>) -> io::Result<()> {
    numbers.sort_unstable();
    let first = numbers.first().copied().unwrap_or(0);
    // Of several segments all but the last are full; a single one beyond the first was left over by a crash in here.
    let full = if numbers.len() > 1 { fs::metadata(segment_path(log, first))?.len() } else { 0 };
    append_segments(log, append_private(log)?, &numbers, first * full)
}

fn append_segments(path: &Path, mut log: File, numbers: &[u64], left_out: u64) -> io::Result<()> {
    if left_out > 0 {
        writeln!(log, "\n[... {left_out} bytes left out ...]")?;
    }
    for number in numbers {
        let segment = segment_path(path, *number);
        io::copy(&mut open_regular(&segment)?, &mut log)?;
        // One by one: a crash in between repeats at most the segment that it cut off.
        fs::remove_file(segment)?;
    }
    Ok(())
}
