//! The journal's bytes: how they are written, and what a scan of them says.
//!
//! ```text
//! header, 64 bytes                         record, 36 bytes and the payload
//!  0 magic        8                          0 magic        4  bytes that UTF-8 cannot hold: no text forges one
//!  8 format       4  = 1                     4 crc          4  CRC-32C of all that follows, seeded
//! 12 durable_base 4  0 | 1                   8 length       4  of the payload
//! 16 store id    16                         12 kind         4  1 events | 2 seal
//! 32 epoch        8                         16 lsn          8
//! 40 base lsn     8                         24 synced_upto  8  offset known durable when this was written
//! 48 base chain   4                         32 previous     4  CRC of the record before it
//! 52 zeros        8                         36 payload         the events of one batch as a JSON array;
//!                                                           (of a seal: the next epoch, 8 bytes)
//! 60 crc          4
//! ```
//! Numbers are little-endian. After the last record come zeros: the file is filled ahead, so that a sync carries
//! no metadata. The seal says in which epoch the history goes on; it has the lsn of the record before it and is no link of
//! the chain, so that the next journal's base is the same with and without it.
use codeagent_core::Event;

use crate::document::StoreId;

const HEADER_MAGIC: [u8; 8] = *b"\xffCAJRNL\xfe";
const RECORD_MAGIC: [u8; 4] = [0xff, 0xc1, 0xfe, 0xc0];
const FORMAT: u32 = 1;

/// Bytes of the header: the first record begins here.
pub(crate) const HEADER_LEN: usize = 64;
/// Bytes of a record before its payload.
pub(crate) const RECORD_LEN: usize = 36;

/// A point in the history of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Position {
    /// Number of the last record.
    pub(crate) lsn: u64,
    /// Its CRC, which the next one repeats.
    pub(crate) chain: u32,
}

/// What a journal says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) store: StoreId,
    pub(crate) epoch: u64,
    /// Where the history stood when it was begun.
    pub(crate) base: Position,
    /// Whether its predecessor was written and sealed by the same process. If not, the base was merely read,
    /// and what was read may not be on the disk.
    pub(crate) durable_base: bool,
}

/// Why a header can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderFault {
    /// Nothing was written yet: the file is empty or its first bytes are zeros.
    Blank,
    /// A later version wrote it.
    Newer(u32),
    /// Its bytes are damaged, or it is the journal of another store or epoch.
    Damaged,
}

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RecordKind {
    Events,
    /// The history goes on in a later epoch's journal.
    Seal,
}

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

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..8].copy_from_slice(&HEADER_MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..16].copy_from_slice(&u32::from(self.durable_base).to_le_bytes());
        bytes[16..32].copy_from_slice(&self.store.0);
        bytes[32..40].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.base.lsn.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.base.chain.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of the journal that is named after `epoch`.
    pub(crate) fn parse(bytes: &[u8], epoch: u64) -> Result<Self, HeaderFault> {
        let head = bytes.get(..HEADER_LEN).unwrap_or(bytes);
        if head.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Blank);
        }
        if head.len() < HEADER_LEN
            || head[0..8] != HEADER_MAGIC
            || u32_at(head, 60) != crc32c::crc32c(&head[..60])
        {
            return Err(HeaderFault::Damaged);
        }
        if u32_at(head, 8) != FORMAT {
            return Err(HeaderFault::Newer(u32_at(head, 8)));
        }
        let mut store = [0; 16];
        store.copy_from_slice(&head[16..32]);
        let header = Self {
            store: StoreId(store),
            epoch: u64_at(head, 32),
            base: Position { lsn: u64_at(head, 40), chain: u32_at(head, 48) },
            durable_base: u32_at(head, 12) == 1,
        };
        if header.epoch == epoch { Ok(header) } else { Err(HeaderFault::Damaged) }
    }
}

/// Seeds every record's CRC, so that a record of another store or epoch never looks like one of this journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    pub(crate) fn of(store: StoreId, epoch: u64) -> Self {
        Self(crc32c::crc32c_append(crc32c::crc32c(&store.0), &epoch.to_le_bytes()))
    }
}

/// A record's fields before the payload is known.
pub(crate) struct RecordHead {
    pub(crate) kind: RecordKind,
    pub(crate) lsn: u64,
    pub(crate) synced_upto: u64,
    pub(crate) previous: u32,
}

/// Appends one record to a buffer and gives its CRC.
///
/// # Errors
/// What `payload` says, or `FileTooLarge` for one of 4 GiB and more; the buffer is as it was then.
pub(crate) fn encode_record(
    buffer: &mut Vec<u8>,
    seed: Seed,
    head: &RecordHead,
    payload: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
) -> std::io::Result<u32> {
    let start = buffer.len();
    buffer.extend_from_slice(&RECORD_MAGIC);
    buffer.extend_from_slice(&[0; 8]);
    let kind: u32 = match head.kind {
        RecordKind::Events => 1,
        RecordKind::Seal => 2,
    };
    buffer.extend_from_slice(&kind.to_le_bytes());
    buffer.extend_from_slice(&head.lsn.to_le_bytes());
    buffer.extend_from_slice(&head.synced_upto.to_le_bytes());
    buffer.extend_from_slice(&head.previous.to_le_bytes());
    let written = payload(buffer)
        .and_then(|()| u32::try_from(buffer.len() - start - RECORD_LEN).map_err(|_| too_large()));
    match written {
        Ok(length) => buffer[start + 8..start + 12].copy_from_slice(&length.to_le_bytes()),
        Err(error) => {
            buffer.truncate(start);
            return Err(error);
        }
    }
    let crc = crc32c::crc32c_append(seed.0, &buffer[start + 8..]);
    buffer[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    Ok(crc)
}

fn too_large() -> std::io::Error {
    std::io::ErrorKind::FileTooLarge.into()
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

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use codeagent_core::testkit;

    use super::*;

    const STORE: StoreId = StoreId([7; 16]);

    fn header() -> Header {
        Header { store: STORE, epoch: 3, base: Position { lsn: 10, chain: 99 }, durable_base: true }
    }

    /// A journal of so many records, and the offset at which each begins.
    fn journal(count: u64) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = header().encode().to_vec();
        let mut starts = Vec::new();
        let mut end = header().base;
        for _ in 0..count {
            starts.push(bytes.len());
            let head = RecordHead {
                kind: RecordKind::Events,
                lsn: end.lsn + 1,
                synced_upto: bytes.len() as u64,
                previous: end.chain,
            };
            let events = vec![Event::IterationCounted { at: testkit::now().local }];
            let crc = encode_record(&mut bytes, Seed::of(STORE, 3), &head, |out| {
                Ok(serde_json::to_writer(out, &events)?)
            });
            end = Position { lsn: end.lsn + 1, chain: crc.unwrap() };
        }
        (bytes, starts)
    }

    #[test]
    fn header_survives_a_round_and_no_flipped_bit() {
        let bytes = header().encode();
        assert_eq!(Header::parse(&bytes, 3), Ok(header()));
        assert_eq!(Header::parse(&bytes, 4), Err(HeaderFault::Damaged));
        assert_eq!(Header::parse(&[0; 500], 3), Err(HeaderFault::Blank));
        assert_eq!(Header::parse(&[], 3), Err(HeaderFault::Blank));
        for bit in 0..HEADER_LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&flipped, 3), Err(HeaderFault::Damaged), "bit {bit}");
        }
    }

    #[test]
    fn a_whole_journal_is_read_with_and_without_zeros_behind() {
        let (mut bytes, _) = journal(5);
        for _ in 0..2 {
            let scan = scan(&bytes, &header(), bytes.len().min(100) as u64);
            assert_eq!((scan.records.len(), scan.end.lsn, scan.ending), (5, 15, Ending::Open));
            assert_eq!(scan.records[0].events().unwrap().len(), 1);
            bytes.resize(bytes.len() + 5000, 0);
        }
    }

    #[test]
    fn the_last_record_torn_at_every_byte_is_gone_and_it_alone() {
        let (bytes, starts) = journal(5);
        let last = starts[4];
        for cut in last..bytes.len() {
            let mut torn = bytes[..cut].to_vec();
            torn.resize(bytes.len() + 100, 0);
            let scan = scan(&torn, &header(), last as u64);
            assert_eq!((scan.records.len(), scan.end.lsn), (4, 14), "cut at {cut}");
            assert!(!matches!(scan.ending, Ending::Damaged { .. }), "cut at {cut}");
        }
    }

    #[test]
    fn damage_before_a_later_record_is_damage_at_every_byte() {
        let (bytes, starts) = journal(5);
        for at in starts[1]..starts[2] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(scan(&damaged, &header(), 0).ending, Ending::Damaged { at: starts[1] as u64 }, "{at}");
        }
    }

    #[test]
    fn the_watermark_tells_damage_of_the_last_record() {
        let (mut bytes, starts) = journal(5);
        bytes[starts[4] + 50] ^= 1;
        let torn = Ending::Torn { bytes: (bytes.len() - starts[4]) as u64 };
        assert_eq!(scan(&bytes, &header(), starts[4] as u64).ending, torn);
        let damaged = Ending::Damaged { at: starts[4] as u64 };
        assert_eq!(scan(&bytes, &header(), bytes.len() as u64).ending, damaged);
        bytes.truncate(starts[4]);
        assert_eq!(scan(&bytes, &header(), starts[4] as u64 + 1).ending, damaged);
    }

    #[test]
    fn a_record_of_another_epoch_or_place_is_no_record() {
        let (bytes, starts) = journal(5);
        let other = Header { epoch: 4, ..header() };
        assert_eq!(scan(&bytes, &other, 0).records.len(), 0);
        let mut doubled = bytes.clone();
        doubled.extend_from_slice(&bytes[starts[4]..]);
        assert_eq!(scan(&doubled, &header(), 0).ending, Ending::Damaged { at: bytes.len() as u64 });
    }

    #[test]
    fn zeros_where_a_header_should_be_are_nothing() {
        let scan = scan(&[0; 4096], &header(), 0);
        assert_eq!((scan.records.len(), scan.ending), (0, Ending::Open));
    }
}
