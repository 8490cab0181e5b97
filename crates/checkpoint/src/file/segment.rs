//! The journal that is being written: records are gathered, written with one call, synced, and marked as durable.
use std::{io, path::PathBuf, sync::Arc};

use codeagent_core::Event;
use serde::Serializer;

use super::{
    disk::{Disk, DiskFile},
    fail::io_error,
    journal::{self, HEADER_LEN, Header, Position, RecordHead, RecordKind, Seed},
    mark,
    names::{Kind, Names},
};
use crate::store::StoreError;

/// What a new journal is filled ahead to: small, so that a nearly full disk can still hold one.
pub(crate) const FIRST_SEGMENT: u64 = 8 * 1024;
/// It doubles up to this: large enough that filling is rare, small enough that it is not felt.
const LAST_SEGMENT: u64 = 4 * 1024 * 1024;

/// A journal file that is there, filled with zeros, and holds nothing yet: not even its header.
pub(crate) struct Prepared {
    file: Arc<dyn DiskFile>,
    mark: Arc<dyn DiskFile>,
    path: PathBuf,
    mark_path: PathBuf,
    epoch: u64,
    zeroed: u64,
}

/// A journal that is being written.
pub(crate) struct Segment {
    file: Arc<dyn DiskFile>,
    mark: Arc<dyn DiskFile>,
    path: PathBuf,
    mark_path: PathBuf,
    header: Header,
    seed: Seed,
    /// Records that are not written yet.
    buffer: Vec<u8>,
    /// Where they will begin.
    written: u64,
    /// How far it is known to be durable.
    synced: u64,
    /// How far it is filled.
    zeroed: u64,
    end: Position,
}

impl Prepared {
    /// Makes the file and its mark; both names are durable when it returns.
    pub(crate) fn create(disk: &dyn Disk, names: &Names, epoch: u64, len: u64) -> Result<Self, StoreError> {
        let path = names.of_epoch(Kind::Journal, epoch);
        let mark_path = names.of_epoch(Kind::Mark, epoch);
        let file = disk.create(&path).map_err(io_error("create", &path))?;
        let mark = disk.create(&mark_path).map_err(io_error("create", &mark_path))?;
        mark.write_at(&[0; mark::LEN], 0).map_err(io_error("write", &mark_path))?;
        let zeroed = len.clamp(FIRST_SEGMENT, LAST_SEGMENT).next_power_of_two();
        fill(&*file, 0, zeroed).and_then(|()| file.sync_data()).map_err(io_error("write", &path))?;
        disk.sync_dir(names.dir()).map_err(io_error("sync", names.dir()))?;
        Ok(Self { file, mark, path, mark_path, epoch, zeroed })
    }

    /// Writes the header, durably: from now on it is a journal.
    pub(crate) fn begin(self, header: Header) -> Result<Segment, StoreError> {
        debug_assert_eq!(header.epoch, self.epoch);
        let Self { file, mark, path, mark_path, zeroed, .. } = self;
        file.write_at(&header.encode(), 0).map_err(io_error("write", &path))?;
        file.sync_data().map_err(io_error("sync", &path))?;
        Ok(Segment {
            file,
            mark,
            path,
            mark_path,
            seed: Seed::of(header.store, header.epoch),
            header,
            buffer: Vec::new(),
            written: HEADER_LEN as u64,
            synced: HEADER_LEN as u64,
            zeroed,
            end: header.base,
        })
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Takes the names away again, as well as it can be done: for one that was not begun.
    pub(crate) fn discard(self, disk: &dyn Disk) {
        // It holds nothing, and a name that stays is known as nothing.
        let _ = disk.unlink(&self.path);
        let _ = disk.unlink(&self.mark_path);
    }
}

impl Segment {
    pub(crate) fn epoch(&self) -> u64 {
        self.header.epoch
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Where the history stands, with the records that are not written yet.
    pub(crate) fn end(&self) -> Position {
        self.end
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> u64 {
        self.written
    }

    /// How much a journal that follows this one should be filled ahead.
    pub(crate) fn filled(&self) -> u64 {
        self.zeroed
    }

    /// Gathers the events of one batch as one record.
    pub(crate) fn push<'e>(&mut self, events: impl Iterator<Item = &'e Event>) -> Result<(), StoreError> {
        let head = RecordHead {
            kind: RecordKind::Events,
            lsn: self.end.lsn + 1,
            synced_upto: self.synced,
            previous: self.end.chain,
        };
        let crc = journal::encode_record(&mut self.buffer, self.seed, &head, |out| {
            Ok(serde_json::Serializer::new(out).collect_seq(events)?)
        });
        let chain = crc.map_err(io_error("write", &self.path))?;
        self.end = Position { lsn: self.end.lsn + 1, chain };
        Ok(())
    }

    /// Writes what was gathered, with one call where the file is filled that far.
    pub(crate) fn write(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let end = self.written + self.buffer.len() as u64;
        if end > self.zeroed {
            let more = (self.zeroed * 2).clamp(FIRST_SEGMENT, LAST_SEGMENT);
            let zeroed = (end + more).next_multiple_of(4096);
            fill(&*self.file, end, zeroed).map_err(io_error("write", &self.path))?;
            self.zeroed = zeroed;
        }
        self.file.write_at(&self.buffer, self.written).map_err(io_error("write", &self.path))?;
        self.written = end;
        self.buffer.clear();
        // A batch of many megabytes must not hold its memory for ever.
        self.buffer.shrink_to(1 << 20);
        Ok(())
    }

    /// Whether all that was written is known to be durable.
    pub(crate) fn is_synced(&self) -> bool {
        self.synced == self.written
    }

    /// Makes what was written durable and says whether the file still has its name.
    pub(crate) fn sync(&mut self) -> Result<Named, StoreError> {
        self.file.sync_data().map_err(io_error("sync", &self.path))?;
        self.synced = self.written;
        Ok(if self.is_deleted()? { Named::Deleted } else { Named::There })
    }

    /// Whether the file has lost its name.
    pub(crate) fn is_deleted(&self) -> Result<bool, StoreError> {
        Ok(self.file.links().map_err(io_error("look at", &self.path))? == 0)
    }

    /// Notes how far the journal is durable: before a batch is acknowledged.
    pub(crate) fn mark(&self) -> Result<(), StoreError> {
        let bytes = mark::encode(self.header.store, self.header.epoch, self.synced);
        self.mark.write_at(&bytes, 0).map_err(io_error("write", &self.mark_path))
    }

    /// Writes, durably, that the history goes on in that epoch.
    pub(crate) fn seal(&mut self, next: u64) -> Result<(), StoreError> {
        let head = RecordHead {
            kind: RecordKind::Seal,
            lsn: self.end.lsn,
            synced_upto: self.synced,
            previous: self.end.chain,
        };
        journal::encode_record(&mut self.buffer, self.seed, &head, |out| {
            out.extend_from_slice(&next.to_le_bytes());
            Ok(())
        })
        .map_err(io_error("write", &self.path))?;
        self.write()?;
        self.file.sync_data().map_err(io_error("sync", &self.path))?;
        self.synced = self.written;
        self.mark()
    }
}

/// Whether a journal can be found again by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    There,
    Deleted,
}

fn fill(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut at = from;
    while at < to {
        let length = (to - at).min(ZEROS.len() as u64);
        file.write_at(&ZEROS[..length as usize], at)?;
        at += length;
    }
    Ok(())
}
