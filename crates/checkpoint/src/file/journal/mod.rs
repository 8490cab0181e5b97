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
mod scan;

use crate::document::StoreId;

pub(crate) use scan::{Ending, Scan, all_records, scan};

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

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
