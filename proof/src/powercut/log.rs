//! The log of a disk (the format of dm-log-writes), and the disks that a power cut may leave of it.
use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use crate::dice::Dice;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What was done to the disk.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where on the disk, in bytes.
    at: u64,
    bytes: Vec<u8>,
    /// Everything that was done before it is durable.
    flushes: bool,
    /// It is durable itself.
    is_durable: bool,
    /// The length of the log's file once this was in it.
    pub(crate) log_len: u64,
}

/// What a power cut does to what was not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Dropped,
    /// Each write by itself: kept, dropped, or cut at a sector.
    Mixed(u64),
}

/// A moment, as the number of entries that were begun before it, and what becomes of those that were not flushed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) after: usize,
    pub(crate) fate: Fate,
}

/// Reads it whole.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let bytes = fs::read(path)?;
    let number = |at: usize| {
        let part = bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
        part.map_or(0, u64::from_le_bytes)
    };
    if number(0) != MAGIC {
        return Err(io::Error::other("no log of writes"));
    }
    let sector = usize::try_from(number(24) & 0xffff_ffff).unwrap_or(SECTOR).max(SECTOR);
    let count = number(16);
    let mut entries = Vec::new();
    let mut at = sector;
    for _ in 0..count {
        let (place, sectors, flags) = (number(at), number(at + 8), number(at + 16));
        let length = usize::try_from(sectors).unwrap_or(0) * sector;
        at += sector;
        let is_write = flags & DISCARD == 0 && length > 0;
        let data =
            if is_write { bytes.get(at..at + length).unwrap_or_default().to_vec() } else { Vec::new() };
        at += if is_write { length } else { 0 };
        entries.push(Entry {
            at: place * sector as u64,
            bytes: data,
            flushes: flags & FLUSH != 0,
            is_durable: flags & FUA != 0,
            log_len: at as u64,
        });
    }
    Ok(entries)
}

/// Writes to `image`, a copy of the disk before the log, what the power cut left.
pub(crate) fn apply(entries: &[Entry], cut: Cut, image: &Path) -> io::Result<()> {
    let begun = &entries[..cut.after];
    let flushed = begun.iter().rposition(|entry| entry.flushes).unwrap_or(0);
    let disk = File::options().write(true).open(image)?;
    let mut dice = Dice::new(match cut.fate {
        Fate::Mixed(seed) => seed,
        _ => 0,
    });
    for (number, entry) in begun.iter().enumerate() {
        let kept = if number < flushed || entry.is_durable {
            entry.bytes.len()
        } else {
            match cut.fate {
                Fate::Kept => entry.bytes.len(),
                Fate::Dropped => 0,
                Fate::Mixed(_) => match dice.below(3) {
                    0 => 0,
                    1 => entry.bytes.len(),
                    _ => dice.below(entry.bytes.len() / SECTOR + 1) * SECTOR,
                },
            }
        };
        disk.write_all_at(&entry.bytes[..kept], entry.at)?;
    }
    Ok(())
}

/// Moments worth a look: before each flush, when most is at stake.
pub(crate) fn before_flushes(entries: &[Entry]) -> Vec<usize> {
    (0..entries.len()).filter(|at| entries[*at].flushes).chain([entries.len()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: u64, fill: u8, flushes: bool) -> Entry {
        let bytes = if flushes { Vec::new() } else { vec![fill; 2 * SECTOR] };
        Entry { at: at * SECTOR as u64, bytes, flushes, is_durable: false, log_len: 0 }
    }

    #[test]
    fn a_cut_takes_only_what_was_not_flushed() {
        let entries = [entry(0, 1, false), entry(0, 0, true), entry(2, 2, false), entry(4, 3, false)];
        let left = |after, fate| {
            let image = tempfile::NamedTempFile::new().unwrap();
            image.as_file().set_len(6 * SECTOR as u64).unwrap();
            apply(&entries, Cut { after, fate }, image.path()).unwrap();
            let bytes = fs::read(image.path()).unwrap();
            bytes.chunks(SECTOR).map(|sector| sector[0]).collect::<Vec<_>>()
        };
        assert_eq!(left(1, Fate::Dropped), [0, 0, 0, 0, 0, 0]);
        assert_eq!(left(2, Fate::Dropped), [1, 1, 0, 0, 0, 0]);
        assert_eq!(left(4, Fate::Dropped), [1, 1, 0, 0, 0, 0]);
        assert_eq!(left(4, Fate::Kept), [1, 1, 2, 2, 3, 3]);
        let mixed: std::collections::BTreeSet<_> = (0..64).map(|seed| left(4, Fate::Mixed(seed))).collect();
        assert!(mixed.iter().all(|disk| disk[..2] == [1, 1]));
        assert_eq!(mixed.len(), 9, "each of the two writes kept, dropped or cut in the middle");
    }
}
