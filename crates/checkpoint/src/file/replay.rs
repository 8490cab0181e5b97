//! Replay: from a snapshot through its journals to the last state that was acknowledged, or the reason why not.
use std::collections::BTreeMap;

use codeagent_core::{Event, State};

use super::{
    fail::damage,
    gather::Found,
    journal::{self, Ending, Header, HeaderFault, Position, Scan, Seed},
    names::{Kind, Names},
};
use crate::{
    document::{SnapshotMeta, StoreId},
    store::{Damage, StoreError},
};

/// Where a replay arrived.
pub(crate) struct Replayed {
    pub(crate) state: State,
    pub(crate) end: Position,
    /// Events that were applied.
    pub(crate) transitions: u64,
    /// Bytes at the end of journals that were never acknowledged.
    pub(crate) torn_bytes: u64,
    /// The events after the position that was asked for.
    pub(crate) tail: Vec<Event>,
}

struct Replay<'f> {
    found: &'f Found,
    names: &'f Names,
    store: StoreId,
    at: Replayed,
    /// The journal that is read.
    epoch: u64,
    /// Events of later records are wanted one by one.
    tail_after: u64,
}

/// Where to go after a journal.
enum Next {
    /// That journal goes on.
    Journal(u64),
    End,
}

/// Applies everything that follows the snapshot.
///
/// # Errors
/// [`StoreError::Damaged`] where something that was acknowledged can't be read or is missing;
/// [`StoreError::Newer`] where a later version wrote a journal.
pub(crate) fn replay(
    found: &Found,
    names: &Names,
    state: State,
    meta: &SnapshotMeta,
) -> Result<Replayed, StoreError> {
    replay_with_tail(found, names, state, meta, u64::MAX)
}

/// The same, and keeps the events of the records after `tail_after`.
pub(crate) fn replay_with_tail(
    found: &Found,
    names: &Names,
    state: State,
    meta: &SnapshotMeta,
    tail_after: u64,
) -> Result<Replayed, StoreError> {
    let end = Position { lsn: meta.last_lsn, chain: meta.chain };
    let at = Replayed { state, end, transitions: 0, torn_bytes: 0, tail: Vec::new() };
    let mut replay = Replay { found, names, store: meta.store_id, at, epoch: meta.epoch, tail_after };
    let mut next = if meta.clean && !found.journals.contains_key(&meta.epoch) {
        replay.successor()?
    } else {
        Next::Journal(meta.epoch)
    };
    while let Next::Journal(epoch) = next {
        replay.epoch = epoch;
        next = replay.journal()?;
    }
    Ok(replay.at)
}

impl Replay<'_> {
    /// Applies the journal of `self.epoch`, which must be there and go on from here.
    fn journal(&mut self) -> Result<Next, StoreError> {
        let epoch = self.epoch;
        let Some(bytes) = self.found.journals.get(&epoch) else {
            return Err(self.broken(epoch, "is missing: what was saved since the snapshot is not here"));
        };
        let header = match Header::parse(bytes, epoch) {
            Ok(header) => header,
            Err(HeaderFault::Newer(format)) => return Err(self.newer(epoch, format)),
            Err(HeaderFault::Blank) => return Err(self.broken(epoch, "its header is blank")),
            Err(HeaderFault::Damaged) => return Err(self.broken(epoch, "its header is damaged")),
        };
        if header.store != self.store {
            return Err(self.broken(epoch, "belongs to another store"));
        }
        if header.base != self.at.end {
            return Err(self.broken(epoch, "does not go on from where the files before it end"));
        }
        let scan = journal::scan(bytes, &header, self.found.watermark(self.store, epoch));
        self.apply(&scan)?;
        match scan.ending {
            Ending::Damaged { at } => {
                Err(self.broken(epoch, &format!("an acknowledged record is unreadable at byte {at}")))
            }
            Ending::Sealed { next } => Ok(Next::Journal(next)),
            Ending::Open => self.successor(),
            Ending::Torn { bytes } => {
                self.at.torn_bytes += bytes;
                self.successor()
            }
        }
    }

    fn apply(&mut self, scan: &Scan<'_>) -> Result<(), StoreError> {
        for record in &scan.records {
            let Some(events) = record.events() else {
                return Err(self.broken(self.epoch, &format!("record {} is not understood", record.lsn)));
            };
            for event in &events {
                self.at.state.apply(event);
            }
            self.at.transitions += events.len() as u64;
            if record.lsn > self.tail_after {
                self.at.tail.extend(events);
            }
        }
        self.at.end = scan.end;
        Ok(())
    }

    /// The journal that goes on after one that was not sealed: a later process began it on what it had read.
    fn successor(&self) -> Result<Next, StoreError> {
        for (&epoch, bytes) in self.found.journals.range(self.epoch + 1..) {
            match self.standing(epoch, bytes) {
                Standing::GoesOn => return Ok(Next::Journal(epoch)),
                Standing::Nothing => {}
                Standing::Newer(format) => return Err(self.newer(epoch, format)),
                Standing::Counts => {
                    return Err(self.broken(epoch, "goes on from something that is not here"));
                }
            }
        }
        let marks: &BTreeMap<_, _> = &self.found.marks;
        for &epoch in marks.range(self.epoch + 1..).map(|(epoch, _)| epoch) {
            if !self.found.journals.contains_key(&epoch) && self.found.watermark(self.store, epoch) > 0 {
                return Err(self.broken(epoch, "is missing, though it was in use"));
            }
        }
        Ok(Next::End)
    }

    fn standing(&self, epoch: u64, bytes: &[u8]) -> Standing {
        let header = match Header::parse(bytes, epoch) {
            Ok(header) if header.store == self.store && header.base == self.at.end => {
                return Standing::GoesOn;
            }
            Ok(header) => Some(header),
            Err(HeaderFault::Newer(format)) => return Standing::Newer(format),
            Err(HeaderFault::Blank | HeaderFault::Damaged) => None,
        };
        let in_use = self.found.watermark(self.store, epoch) > 0;
        if in_use || has_records(bytes, header.map_or(self.store, |header| header.store), epoch) {
            Standing::Counts
        } else {
            Standing::Nothing
        }
    }

    fn broken(&self, epoch: u64, what: &str) -> StoreError {
        let path = self.names.of_epoch(Kind::Journal, epoch);
        StoreError::Damaged([damage(&path, what)].into())
    }

    fn newer(&self, epoch: u64, format: u32) -> StoreError {
        let path = self.names.of_epoch(Kind::Journal, epoch);
        StoreError::Newer { path, version: format!("journal format {format}").into() }
    }
}

/// What a later journal is to a history that does not say where it goes on.
enum Standing {
    /// It begins where the history ends.
    GoesOn,
    /// It was made, and its maker died before it was used.
    Nothing,
    /// It was used, and what lies between is missing.
    Counts,
    Newer(u32),
}

/// Whether a journal holds any record, wherever in it.
pub(crate) fn has_records(bytes: &[u8], store: StoreId, epoch: u64) -> bool {
    journal::all_records(bytes, 0, Seed::of(store, epoch)).next().is_some()
}

/// The damages of an error, to be told together with those of other files.
pub(crate) fn damages(error: &StoreError) -> Vec<Damage> {
    match error {
        StoreError::Damaged(damages) => damages.to_vec(),
        _ => Vec::new(),
    }
}
