//! The decision table: from the files that were found to the state to go on from, or the refusal. Writes nothing.
//!
//! ```text
//! main            backup       journals whole, or with a torn tail          damaged, or missing
//! good            any          main and its journals                        refuse
//! damaged, gone   good         backup and its journals                      refuse
//! older           good         backup and its journals                      refuse
//! damaged         damaged, gone  refuse                                     refuse
//! gone            gone         a new checkpoint; journals set aside         the same
//! saved by Python any          main; what only we know as completed stays   main, if it was exact; else refuse
//! of others       of others    main                                         main
//! ```
use std::path::PathBuf;

use codeagent_core::{Event, Header, State, TaskId, TaskState, invariants};

use super::{
    completions::remember_completions,
    fail::{damage, damaged},
    gather::{Found, Snapshot, SnapshotFile},
    journal::{self, Position},
    names::{Kind, Names},
    replay::{self, Replayed, has_records},
    report::{AsideReason, MainUnusable, StoreNotice},
};
use crate::{
    document::{SnapshotMeta, StoreId},
    store::{Damage, StoreError},
};

/// How to go on.
pub(crate) enum Decision {
    /// There is nothing: begin.
    Create,
    /// Both JSON files are gone, and journals with records are there: set everything aside, then begin.
    Reset,
    /// Go on from here.
    GoOn(Box<Recovered>),
}

/// What the files have given.
pub(crate) struct Recovered {
    pub(crate) state: State,
    /// None where the store begins anew on a document of others.
    pub(crate) store: Option<StoreId>,
    pub(crate) end: Position,
    pub(crate) base: Base,
    /// Files to set aside before anything is written.
    pub(crate) asides: Vec<(PathBuf, AsideReason)>,
    pub(crate) notices: Vec<StoreNotice>,
}

/// What the state is built on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Base {
    /// The main file of that epoch, which may become the backup.
    Main(u64),
    /// The backup of that epoch, which stays.
    Backup(u64),
    /// A file that no journal follows: both snapshots are to be written anew.
    Foreign,
    /// Nothing of what lies there, all of which is kept under other names: the same.
    Kept,
}

/// Decides.
///
/// # Errors
/// [`StoreError::Damaged`] and [`StoreError::Newer`].
pub(crate) fn decide(mut found: Found, names: &Names) -> Result<Decision, StoreError> {
    let main = std::mem::replace(&mut found.main, SnapshotFile::Missing);
    let backup = std::mem::replace(&mut found.backup, SnapshotFile::Missing);
    let case = Case { found: &found, names };
    let recovered = match (main, backup) {
        (SnapshotFile::Newer(version), _) => return Err(newer(names.main().to_owned(), version)),
        (SnapshotFile::Missing, SnapshotFile::Missing) => return Ok(case.nothing_left()),
        (SnapshotFile::Ours(main), backup) => case.on_main(*main, backup),
        (SnapshotFile::Saved(main), backup) => case.on_saved(*main, backup),
        (SnapshotFile::Plain { state, by_python }, backup) => case.on_plain(*state, by_python, backup),
        // (Only a backup is ever skimmed, and only beside a good main file.)
        (SnapshotFile::Missing | SnapshotFile::Skimmed(_), backup) => {
            case.on_backup(MainUnusable::Missing, backup)
        }
        (SnapshotFile::Damaged(what), backup) => case.on_backup(MainUnusable::Damaged(what), backup),
    }?;
    let wrong = invariants::violations_of_tasks(&recovered.state);
    if let Some(what) = wrong.first() {
        return Err(damaged(vec![damage(names.main(), what.clone())]));
    }
    Ok(Decision::GoOn(Box::new(recovered)))
}

struct Case<'f> {
    found: &'f Found,
    names: &'f Names,
}

impl Case<'_> {
    fn nothing_left(&self) -> Decision {
        let used = self.found.journals.iter().any(|(epoch, bytes)| {
            let header = journal::Header::parse(bytes, *epoch);
            header.is_ok_and(|header| has_records(bytes, header.store, *epoch))
                || (header.is_err() && bytes.iter().any(|byte| *byte != 0))
        });
        if used { Decision::Reset } else { Decision::Create }
    }

    fn on_main(&self, main: Snapshot, backup: SnapshotFile) -> Result<Recovered, StoreError> {
        let store = main.meta.store_id;
        match &backup {
            SnapshotFile::Ours(newer)
                if newer.meta.store_id == store && newer.meta.epoch > main.meta.epoch =>
            {
                return self.on_backup(MainUnusable::Older, backup);
            }
            _ => {}
        }
        let asides = self.backup_aside(&backup, Some(store));
        let replayed = self.replay(main.state, &main.meta)?;
        Ok(recovered(replayed, store, Base::Main(main.meta.epoch), asides, Vec::new()))
    }

    /// A backup that is no snapshot of this store is not overwritten by the next one.
    fn backup_aside(&self, backup: &SnapshotFile, store: Option<StoreId>) -> Vec<(PathBuf, AsideReason)> {
        let is_ours = |meta: &SnapshotMeta| store.is_none_or(|store| store == meta.store_id);
        let reason = match backup {
            SnapshotFile::Missing => return Vec::new(),
            SnapshotFile::Ours(it) if is_ours(&it.meta) => return Vec::new(),
            SnapshotFile::Skimmed(meta) if is_ours(meta) => return Vec::new(),
            SnapshotFile::Damaged(_) => AsideReason::Damaged,
            _ => AsideReason::Foreign,
        };
        vec![(self.names.backup(), reason)]
    }

    fn on_backup(&self, reason: MainUnusable, backup: SnapshotFile) -> Result<Recovered, StoreError> {
        let main = self.names.main();
        let aside = match &reason {
            MainUnusable::Missing => None,
            MainUnusable::Damaged(_) => Some(AsideReason::Damaged),
            MainUnusable::Older => Some(AsideReason::Older),
        };
        let asides: Vec<_> = aside.into_iter().map(|reason| (main.to_owned(), reason)).collect();
        let notices = vec![StoreNotice::RestoredFromBackup { reason: reason.clone() }];
        match backup {
            SnapshotFile::Ours(backup) => {
                let replayed =
                    self.replay(backup.state, &backup.meta).map_err(|error| blame(&reason, main, error))?;
                Ok(recovered(
                    replayed,
                    backup.meta.store_id,
                    Base::Backup(backup.meta.epoch),
                    asides,
                    notices,
                ))
            }
            SnapshotFile::Plain { state, .. } if !self.is_used(None) => Ok(Recovered {
                state: *state,
                store: None,
                end: Position::default(),
                base: Base::Foreign,
                asides,
                notices,
            }),
            SnapshotFile::Newer(version) => Err(newer(self.names.backup(), version)),
            other => Err(damaged(self.both_unusable(&reason, &other))),
        }
    }

    /// The Python implementation kept our key, so that the file says which snapshot it had loaded.
    fn on_saved(&self, main: Snapshot, backup: SnapshotFile) -> Result<Recovered, StoreError> {
        let asides = self.backup_aside(&backup, Some(main.meta.store_id));
        let ours = match backup {
            SnapshotFile::Ours(backup) if backup.meta.store_id == main.meta.store_id => {
                let after = main.meta.last_lsn;
                Some(replay::replay_with_tail(self.found, self.names, backup.state, &backup.meta, after))
            }
            _ => None,
        };
        let ours = match ours {
            Some(Ok(ours)) => Some(ours),
            // Without our own history it must be certain that nothing followed what Python had loaded.
            other => {
                let complete = main.meta.clean && !self.is_used(Some(main.meta.epoch));
                if !complete {
                    let reason =
                        "saved by another program, and what followed the state that it had read is not here";
                    let mut damages = vec![damage(self.names.main(), reason)];
                    damages.extend(other.and_then(Result::err).iter().flat_map(replay::damages));
                    return Err(damaged(damages));
                }
                None
            }
        };
        let mut state = main.state;
        let kept = ours.as_ref().map_or(0, |ours| {
            catch_up(&mut state, &ours.tail);
            remember_completions(&mut state, &ours.state)
        });
        let last_lsn = ours.map_or(0, |ours| ours.end.lsn).max(main.meta.last_lsn);
        Ok(Recovered {
            state,
            store: Some(main.meta.store_id),
            end: Position { lsn: last_lsn + 1, chain: 0 },
            base: Base::Foreign,
            asides,
            notices: vec![StoreNotice::SavedByOtherProgram { completions_kept: kept }],
        })
    }

    fn on_plain(
        &self,
        mut state: State,
        by_python: bool,
        backup: SnapshotFile,
    ) -> Result<Recovered, StoreError> {
        let mut notices = vec![StoreNotice::ImportedForeign];
        let asides = self.backup_aside(&backup, None);
        if !matches!(backup, SnapshotFile::Ours(_)) && !self.is_used(None) {
            return Ok(self.import(state, asides, notices));
        }
        // Files of a store lie beside it. Only a file that another program wrote is certainly no ruin of ours.
        if !by_python {
            return self.on_backup(MainUnusable::Damaged("its `codeagent` key is missing".into()), backup);
        }
        if let SnapshotFile::Ours(backup) = backup {
            let ours = self.replay(backup.state, &backup.meta)?;
            let completions_kept = remember_completions(&mut state, &ours.state);
            notices = vec![StoreNotice::SavedByOtherProgram { completions_kept }];
        }
        Ok(self.import(state, asides, notices))
    }

    /// Begins anew on a document of others; what is left of a store is set aside.
    fn import(
        &self,
        state: State,
        mut asides: Vec<(PathBuf, AsideReason)>,
        notices: Vec<StoreNotice>,
    ) -> Recovered {
        let journals = self.found.journals.keys().map(|epoch| self.names.of_epoch(Kind::Journal, *epoch));
        asides.extend(journals.map(|path| (path, AsideReason::Replaced)));
        Recovered { state, store: None, end: Position::default(), base: Base::Foreign, asides, notices }
    }

    fn replay(&self, state: State, meta: &SnapshotMeta) -> Result<Replayed, StoreError> {
        replay::replay(self.found, self.names, state, meta)
    }

    /// Whether any journal from that epoch on holds a record.
    fn is_used(&self, from: Option<u64>) -> bool {
        self.found.journals.range(from.unwrap_or(0)..).any(|(epoch, bytes)| {
            let header = journal::Header::parse(bytes, *epoch);
            header.is_ok_and(|header| has_records(bytes, header.store, *epoch))
        })
    }

    fn both_unusable(&self, main: &MainUnusable, backup: &SnapshotFile) -> Vec<Damage> {
        let main_is = match main {
            MainUnusable::Missing => "is missing".to_owned(),
            MainUnusable::Damaged(what) => what.clone(),
            MainUnusable::Older => "is older than the backup".to_owned(),
        };
        let backup_is = match backup {
            SnapshotFile::Missing => "is missing".to_owned(),
            SnapshotFile::Damaged(what) => what.clone(),
            _ => "was not written by this store".to_owned(),
        };
        vec![damage(self.names.main(), main_is), damage(&self.names.backup(), backup_is)]
    }
}

fn recovered(
    replayed: Replayed,
    store: StoreId,
    base: Base,
    asides: Vec<(PathBuf, AsideReason)>,
    mut notices: Vec<StoreNotice>,
) -> Recovered {
    if replayed.transitions > 0 {
        notices.push(StoreNotice::ReplayedJournal { transitions: replayed.transitions });
    }
    if replayed.torn_bytes > 0 {
        notices.push(StoreNotice::TornTailDropped { bytes: replayed.torn_bytes });
    }
    Recovered { state: replayed.state, store: Some(store), end: replayed.end, base, asides, notices }
}

/// What happened after the snapshot that the other program had loaded, and that it could not know. A start is no
/// such thing: its attempt is over, whatever became of it, and the other program may have completed the task.
fn catch_up(state: &mut State, tail: &[Event]) {
    for event in tail {
        match event {
            Event::TaskCompleted { id, .. } if is_completed(state, id) => {}
            Event::TaskAdded { .. }
            | Event::TaskCompleted { .. }
            | Event::TaskRetried { .. }
            | Event::TaskRolledBack { .. }
            | Event::CompletionRemembered { .. }
            | Event::CompletionForgotten { .. } => state.apply(event),
            _ => {}
        }
    }
}

fn is_completed(state: &State, id: &TaskId) -> bool {
    state.task(id).is_some_and(|task| task.state() == TaskState::Completed)
}

/// The reason why the backup was needed belongs to what could not be read of it.
fn blame(reason: &MainUnusable, main: &std::path::Path, error: StoreError) -> StoreError {
    match (&error, reason) {
        (StoreError::Damaged(damages), MainUnusable::Damaged(what)) => {
            let main = damage(main, what.clone());
            StoreError::Damaged(std::iter::once(main).chain(damages.iter().cloned()).collect())
        }
        _ => error,
    }
}

fn newer(path: PathBuf, version: Box<str>) -> StoreError {
    StoreError::Newer { path, version }
}

/// The state of a store that has nothing.
pub(crate) fn empty_state() -> State {
    State::from_parts(Header::default(), [], []).unwrap_or_default()
}
