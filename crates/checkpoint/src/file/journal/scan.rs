//! Reading a journal: record after record, and what the bytes are that are none.
use codeagent_core::Event;

use super::{HEADER_LEN, Header, Position, RECORD_LEN, RECORD_MAGIC, RecordKind, Seed, u32_at, u64_at};

/// A valid record of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'b> {
    pub(crate) kind: RecordKind,
    pub(crate) lsn: u64,
    pub(crate) synced_upto: u64,
    pub(crate) previous: u32,
    pub(crate) crc: u32,
    pub(crate) payload: &'b [u8],
}

/// What a journal holds, up to the first byte that is not a record.
#[derive(Debug)]
pub(crate) struct Scan<'b> {
    pub(crate) records: Vec<Record<'b>>,
    /// Where the history stands after them.
    pub(crate) end: Position,
    pub(crate) ending: Ending,
}

/// How a journal ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// After its last record come zeros or nothing.
    Open,
    /// It says that it goes on in that epoch.
    Sealed { next: u64 },
    /// After its last record come so many bytes that were never acknowledged.
    Torn { bytes: u64 },
    /// At that offset something that was acknowledged is unreadable.
    Damaged { at: u64 },
}

impl<'b> Record<'b> {
    /// The record at that offset; none where no valid one is.
    fn parse(bytes: &'b [u8], at: usize, seed: Seed) -> Option<Self> {
        let rest = bytes.get(at..)?;
        let head = rest.get(..RECORD_LEN)?;
        if head[..4] != RECORD_MAGIC {
            return None;
        }
        let end = RECORD_LEN.checked_add(u32_at(head, 8) as usize)?;
        let whole = rest.get(..end)?;
        let crc = u32_at(head, 4);
        if crc32c::crc32c_append(seed.0, &whole[8..]) != crc {
            return None;
        }
        let kind = match u32_at(head, 12) {
            1 => RecordKind::Events,
            2 => RecordKind::Seal,
            _ => return None,
        };
        Some(Self {
            kind,
            lsn: u64_at(head, 16),
            synced_upto: u64_at(head, 24),
            previous: u32_at(head, 32),
            crc,
            payload: &whole[RECORD_LEN..],
        })
    }

    /// Bytes from this record's begin to the next one's.
    pub(crate) fn len(&self) -> usize {
        RECORD_LEN + self.payload.len()
    }

    /// Of a seal: where the history goes on.
    fn next_epoch(&self) -> u64 {
        u64_at(self.payload, 0)
    }

    /// What happened. None where the payload, though whole, can't be understood.
    pub(crate) fn events(&self) -> Option<Vec<Event>> {
        serde_json::from_slice(self.payload).ok()
    }
}

/// Reads the records after the header; `watermark` is how far the file is known to be durable, 0 if it isn't.
pub(crate) fn scan<'b>(bytes: &'b [u8], header: &Header, watermark: u64) -> Scan<'b> {
    let seed = Seed::of(header.store, header.epoch);
    let mut scan = Scan { records: Vec::new(), end: header.base, ending: Ending::Open };
    let mut at = HEADER_LEN;
    while let Some(record) = Record::parse(bytes, at, seed) {
        if record.previous != scan.end.chain {
            scan.ending = Ending::Damaged { at: at as u64 };
            return scan;
        }
        match record.kind {
            RecordKind::Seal if record.lsn == scan.end.lsn && record.next_epoch() > header.epoch => {
                scan.ending = Ending::Sealed { next: record.next_epoch() };
                return scan;
            }
            RecordKind::Events if Some(record.lsn) == scan.end.lsn.checked_add(1) => {
                scan.end = Position { lsn: record.lsn, chain: record.crc };
                scan.records.push(record);
            }
            _ => {
                scan.ending = Ending::Damaged { at: at as u64 };
                return scan;
            }
        }
        at += record.len();
    }
    scan.ending = judge_tail(bytes, at, seed, scan.end.lsn, watermark);
    scan
}

/// What the bytes are that are no record: damage if anything says that they were durable once.
fn judge_tail(bytes: &[u8], at: usize, seed: Seed, lsn: u64, watermark: u64) -> Ending {
    if watermark > at as u64 {
        return Ending::Damaged { at: at as u64 };
    }
    let tail = bytes.get(at..).unwrap_or_default();
    let Some(last) = tail.iter().rposition(|byte| *byte != 0) else { return Ending::Open };
    if later_records(bytes, at + 1, seed, lsn).any(|record| record.synced_upto > at as u64) {
        return Ending::Damaged { at: at as u64 };
    }
    Ending::Torn { bytes: last as u64 + 1 }
}

/// Valid records that begin at or after an offset, wherever they lie.
pub(crate) fn later_records(
    bytes: &[u8],
    from: usize,
    seed: Seed,
    after_lsn: u64,
) -> impl Iterator<Item = Record<'_>> {
    records_from(bytes, from, seed, Some(after_lsn))
}

/// Every valid record that begins at or after an offset, wherever it lies.
pub(crate) fn all_records(bytes: &[u8], from: usize, seed: Seed) -> impl Iterator<Item = Record<'_>> {
    records_from(bytes, from, seed, None)
}

fn records_from(
    bytes: &[u8],
    from: usize,
    seed: Seed,
    after_lsn: Option<u64>,
) -> impl Iterator<Item = Record<'_>> {
    let mut at = from;
    std::iter::from_fn(move || {
        while let Some(found) =
            bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == RECORD_MAGIC[0]))
        {
            let place = at + found;
            at = place + 1;
            if !is_plausible(bytes, place, after_lsn) {
                continue;
            }
            if let Some(record) = Record::parse(bytes, place, seed) {
                at = place + record.len();
                return Some(record);
            }
        }
        None
    })
}

/// Cheap, so that a file full of magic numbers does not cost a CRC of the whole at each of them.
fn is_plausible(bytes: &[u8], at: usize, after_lsn: Option<u64>) -> bool {
    let Some(head) = bytes.get(at..at + RECORD_LEN) else { return false };
    let lsn = u64_at(head, 16);
    let possible = (bytes.len() / RECORD_LEN) as u64;
    head[..4] == RECORD_MAGIC
        && after_lsn.is_none_or(|after| lsn >= after && lsn - after <= possible)
        && u64_at(head, 24) <= at as u64
}
