//! What all callers share, and what is done under its lock: decide, write, sync, rotate, recreate.
use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use codeagent_core::{Event, State, decide};

use super::{
    background::Bell,
    disk::Disk,
    fail::io_error,
    folder,
    journal::Header,
    lock::{Lock, Seen},
    names::{LAST_EPOCH, Names},
    open::FileStoreOptions,
    publish::{self, Backup, Publisher, Snapshot},
    queue::{Answer, Queue, Request, Until},
    report::{AsideReason, StoreNotice},
    segment::{FIRST_SEGMENT, Named, Prepared, Segment},
    stranger::{self, Stranger},
    takeover::Tenant,
};
use crate::{
    document::{SnapshotMeta, StoreId},
    store::{Decided, StoreError},
};

/// How often files that are deleted all the time are written anew, until it is an error.
const RECREATIONS: usize = 30;

/// A store in files, as its callers and its snapshot thread see it.
///
/// Locks are taken in this order: `turn`, `core`, `publisher`. Whoever holds the publisher takes no other.
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) names: Names,
    pub(crate) options: FileStoreOptions,
    pub(crate) store: StoreId,
    /// The process that opened: a forked child is not it.
    pub(crate) pid: u32,
    pub(crate) queue: Queue,
    pub(crate) core: RwLock<Core>,
    /// Passed on the way to `core`: whoever waits there is next, however fast the one before comes back.
    pub(crate) gate: Mutex<()>,
    /// One checkpoint at a time.
    pub(crate) turn: Mutex<()>,
    pub(crate) publisher: Mutex<Publisher>,
    pub(crate) bell: Bell,
    pub(crate) next_epoch: AtomicU64,
    /// Why nothing is served any more; set once, by the first failure.
    pub(crate) ended: OnceLock<StoreError>,
}

/// What a commit changes.
pub(crate) struct Core {
    pub(crate) state: State,
    pub(crate) segment: Segment,
    /// None once it was given away.
    pub(crate) lock: Option<Lock>,
    /// Whether anything happened that the main file lacks.
    pub(crate) changed: bool,
    /// Whether the state has something that nobody may see before a sync.
    pub(crate) ahead: bool,
    /// Since when a snapshot is owed.
    pub(crate) owed_since: Option<Instant>,
}

impl Shared {
    /// Whether the store still serves this process.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.pid != std::process::id() {
            self.leave_to_parent();
            return Err(StoreError::Closed);
        }
        self.ended.get().map_or(Ok(()), |reason| Err(reason.clone()))
    }

    /// In a forked child: the lock is the parent's; our copy of its descriptor would hold it beyond the parent's death.
    fn leave_to_parent(&self) {
        match self.core.try_write() {
            Ok(mut core) => core.lock = None,
            // A thread that is not in this process was at work at the moment of the fork, and never ends here.
            Err(_) => self.disk.forsake(&self.names.lock()),
        }
    }

    /// Nothing is served from now on; gives the first reason.
    pub(crate) fn end(&self, reason: StoreError) -> StoreError {
        let reason = self.ended.get_or_init(|| reason).clone();
        self.bell.ring();
        reason
    }

    pub(crate) fn core(&self) -> Result<RwLockWriteGuard<'_, Core>, StoreError> {
        // A panic under the lock may have left a state that is not what the journal says.
        let _next = self.gate();
        self.core.write().map_err(|_| self.end(StoreError::Closed))
    }

    /// The same, to look only.
    pub(crate) fn look(&self) -> Result<RwLockReadGuard<'_, Core>, StoreError> {
        let _next = self.gate();
        self.core.read().map_err(|_| self.end(StoreError::Closed))
    }

    fn gate(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn publisher(&self) -> MutexGuard<'_, Publisher> {
        self.publisher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw_epoch(&self) -> Result<u64, StoreError> {
        let next = |epoch: u64| (epoch <= LAST_EPOCH).then(|| epoch + 1);
        self.next_epoch.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).map_err(|_| {
            let main = self.names.main();
            io_error("number the next journal of", main)(io::Error::other("no epoch is left"))
        })
    }

    /// Commits the requests of a group with one write and one sync.
    pub(crate) fn commit(&self, requests: Vec<Request>) -> Vec<Answer> {
        let count = requests.len();
        let all = |error: StoreError| (0..count).map(|_| Err(error.clone())).collect();
        let mut core = match self.check().and_then(|()| self.core()) {
            Ok(core) => core,
            Err(error) => return all(error),
        };
        // Again: it may have ended while the lock was waited for.
        if let Err(error) = self.check() {
            return all(error);
        }
        let decided: Vec<_> = requests
            .into_iter()
            .map(|request| (request.until, decide_all(&mut core.state, request)))
            .collect();
        match self.make_durable(&mut core, &decided) {
            Ok(()) => decided.into_iter().map(|(_, decided)| Ok(decided)).collect(),
            Err(error) => all(self.end(error)),
        }
    }

    /// One record for each request: it is there whole, or not at all.
    fn make_durable(&self, core: &mut Core, decided: &[(Until, Vec<Decided>)]) -> Result<(), StoreError> {
        let (mut changed, mut wait) = (false, false);
        for (until, decided) in decided {
            let mut events = decided.iter().flatten().flatten().peekable();
            // A refusal, too, tells what it was decided on.
            wait |= *until == Until::Answered && (core.ahead || events.peek().is_some());
            if events.peek().is_some() {
                core.segment.push(events)?;
                changed = true;
                core.ahead |= *until == Until::Seen;
            }
        }
        if changed {
            let before = core.segment.len();
            core.segment.write()?;
            self.owe_snapshot(core, before);
        }
        if wait {
            self.sync(core)?;
        }
        Ok(())
    }

    fn sync(&self, core: &mut Core) -> Result<(), StoreError> {
        let named = core.segment.sync()?;
        self.still_ours(core, named)?;
        core.ahead = false;
        Ok(())
    }

    /// Makes durable what was written and not waited for.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.check()?;
        let mut core = self.core()?;
        self.check()?;
        if core.segment.is_synced() {
            core.ahead = false; // a snapshot was taken meanwhile
            return Ok(());
        }
        self.sync(&mut core).map_err(|error| self.end(error))
    }

    /// After a sync, before it is acknowledged: the journal and the lock are where others look for them.
    fn still_ours(&self, core: &mut Core, named: Named) -> Result<(), StoreError> {
        let seen = core.lock.as_ref().ok_or(StoreError::Closed)?.seen(&*self.disk)?;
        match (named, seen) {
            (Named::There, Seen::Ours) => core.segment.mark(),
            // Someone may have opened our journal, and gone on.
            (Named::There, Seen::Replaced) => Err(self.lock_lost()),
            // Also where another lock file stands: nobody may hold it, and what we acknowledged is in memory alone.
            _ => self.recreate(core),
        }
    }

    /// The same without a change that would ask for it.
    pub(crate) fn keep(&self) -> Result<(), StoreError> {
        self.check()?;
        let mut core = self.core()?;
        self.check()?;
        let kept = self.look_for(&core).and_then(|(named, seen)| match (named, seen) {
            (Named::There, Seen::Ours) => Ok(()),
            (Named::There, Seen::Replaced) => Err(self.lock_lost()),
            _ => self.recreate(&mut core),
        });
        kept.map_err(|error| self.end(error))
    }

    fn look_for(&self, core: &Core) -> Result<(Named, Seen), StoreError> {
        let named = if core.segment.is_deleted()? { Named::Deleted } else { Named::There };
        Ok((named, core.lock.as_ref().ok_or(StoreError::Closed)?.seen(&*self.disk)?))
    }

    fn lock_lost(&self) -> StoreError {
        let path = self.names.lock();
        io_error("keep", &path)(io::Error::other("another file has taken the place of the lock file"))
    }

    fn owe_snapshot(&self, core: &mut Core, len_before: u64) {
        core.changed = true;
        let limit = self.options.journal_limit;
        let over = len_before <= limit && core.segment.len() > limit;
        if core.owed_since.is_none() || over {
            core.owed_since.get_or_insert_with(Instant::now);
            self.bell.ring();
        }
    }

    /// Our files were deleted under us (agents run `git clean -fdx`): everything is written anew, under a new
    /// epoch, from what is in memory. Whoever deletes may not be done yet, and take away what was just written: then
    /// it is written again.
    pub(crate) fn recreate(&self, core: &mut Core) -> Result<(), StoreError> {
        let (mut tries, mut notices) = (1..RECREATIONS, Vec::new());
        let written = loop {
            match self.write_anew(core, &mut notices) {
                Err(error) if is_missing(&error) && tries.next().is_some() => {}
                written => break written,
            }
        };
        self.tell(notices);
        written
    }

    fn write_anew(&self, core: &mut Core, notices: &mut Vec<StoreNotice>) -> Result<(), StoreError> {
        let mut publisher = self.publisher();
        if let Some(to) = folder::make(&*self.disk, &self.names)? {
            let from = self.names.dir().to_owned();
            notices.push(StoreNotice::SetAside { from, to, reason: AsideReason::Foreign });
        }
        let path = self.names.lock();
        if core.lock.as_ref().ok_or(StoreError::Closed)?.seen(&*self.disk)? != Seen::Ours {
            // Whoever holds the lock now began without what we have: a command is waited for, and what it did is
            // taken over; a server is not, then this fails, and nothing is acknowledged.
            core.lock = Some(Lock::acquire(&*self.disk, &path, &self.options.holder)?);
        }
        for notice in self.take_over(core)? {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        self.clear_place(core, notices)?;
        let epoch = self.draw_epoch()?;
        let prepared = Prepared::create(&*self.disk, &self.names, epoch, FIRST_SEGMENT)?;
        let (base, header) = (core.segment.end(), core.segment.header());
        core.segment = prepared.begin(Header { epoch, base, durable_base: true, ..*header })?;
        publisher.publish(&self.snapshot_of(core, false), Backup::Copy)?;
        core.segment.mark()?;
        core.is_published();
        notices.extend(publisher.take_notices());
        Ok(())
    }

    /// What someone saved in our place becomes part of the state, and so of the snapshot that is written next; gives
    /// what there is to tell.
    fn take_over(&self, core: &mut Core) -> Result<Vec<StoreNotice>, StoreError> {
        if !core.segment.is_deleted()? {
            return Ok(vec![StoreNotice::Recreated]);
        }
        Ok(match stranger::look(&*self.disk, &self.names, self.store) {
            Stranger::Nobody => vec![StoreNotice::Recreated],
            Stranger::Unread => vec![StoreNotice::RecreatedBesideUnread],
            Stranger::Read(theirs) => match stranger::take_over(&mut core.state, &theirs) {
                0 => vec![StoreNotice::Recreated],
                count => vec![StoreNotice::Recreated, StoreNotice::TasksTakenOver { count }],
            },
        })
    }

    /// Where our journal was deleted, what lies in its place is of someone who found the place empty, or a part of
    /// ours that is whole in memory: set aside, so that nothing of it is taken for what follows.
    fn clear_place(&self, core: &Core, notices: &mut Vec<StoreNotice>) -> Result<(), StoreError> {
        if !core.segment.is_deleted()? {
            return Ok(());
        }
        let dir = self.names.dir();
        let listed = self.disk.list(dir).map_err(io_error("list", dir))?.unwrap_or_default();
        for (kind, epoch) in listed.iter().filter_map(|name| self.names.parse(name)) {
            self.next_epoch.fetch_max(epoch.saturating_add(1), Ordering::Relaxed);
            let path = self.names.of_epoch(kind, epoch);
            notices.push(publish::set_aside(&*self.disk, &path, AsideReason::Foreign)?);
        }
        if publish::is_there(&*self.disk, &self.names.backup())? {
            notices.push(publish::set_aside(&*self.disk, &self.names.backup(), AsideReason::Foreign)?);
        }
        Ok(())
    }

    fn snapshot_of(&self, core: &Core, clean: bool) -> Snapshot {
        let (epoch, end) = (core.segment.epoch(), core.segment.end());
        let meta = SnapshotMeta { store_id: self.store, epoch, clean, last_lsn: end.lsn, chain: end.chain };
        Snapshot { frozen: core.state.freeze(), meta }
    }

    /// A snapshot beside the work: callers wait only while the journals are exchanged.
    ///
    /// `between` is done after the exchange and before the snapshot is written.
    pub(crate) fn checkpoint(&self, between: impl FnOnce()) -> Result<(), StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        let filled = self.look()?.segment.filled();
        self.try_checkpoint(filled, between).or_else(|error| self.mend(error))
    }

    fn try_checkpoint(&self, filled: u64, between: impl FnOnce()) -> Result<(), StoreError> {
        let prepared = Prepared::create(&*self.disk, &self.names, self.draw_epoch()?, filled / 2)?;
        let Some(snapshot) = self.rotate(prepared)? else { return Ok(()) };
        between();
        let mut publisher = self.publisher();
        publisher.publish(&snapshot, Backup::Former)?;
        let notices = publisher.take_notices();
        drop(publisher);
        self.tell(notices);
        // A main file whose journal is gone would be refused: then all is written anew at once.
        if self.look()?.segment.is_deleted()? { Err(self.lock_lost()) } else { Ok(()) }
    }

    /// Goes on in a new journal; gives the state at its begin.
    fn rotate(&self, prepared: Prepared) -> Result<Option<Snapshot>, StoreError> {
        let mut core = self.core()?;
        if self.check().is_err() || prepared.epoch() <= core.segment.epoch() {
            prepared.discard(&*self.disk); // it ended, or all was written anew meanwhile
            return Ok(None);
        }
        let header = Header {
            epoch: prepared.epoch(),
            base: core.segment.end(),
            durable_base: true,
            ..*core.segment.header()
        };
        let next = prepared.begin(header)?;
        core.segment.seal(next.epoch())?;
        core.segment = next;
        core.is_published();
        Ok(Some(self.snapshot_of(&core, false)))
    }

    /// A checkpoint failed: because our files were deleted, or because the disk did.
    fn mend(&self, error: StoreError) -> Result<(), StoreError> {
        let mut core = self.core()?;
        self.check()?;
        let deleted = matches!(core.segment.is_deleted(), Ok(true));
        let mended = if deleted { self.recreate(&mut core) } else { Err(error) };
        mended.map_err(|error| self.end(error))
    }

    /// The last snapshots, exact and marked as such; the lock is let go.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.check()?; // a forked child could wait for ever for its parent's turn
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.check()?;
        let mut core = self.core()?;
        self.check()?;
        let closed = self.publish_last(&mut core);
        let ended = self.end(closed.as_ref().err().cloned().unwrap_or(StoreError::Closed));
        core.lock = None;
        closed.map_err(|_| ended)
    }

    fn publish_last(&self, core: &mut Core) -> Result<(), StoreError> {
        let named = if core.segment.is_deleted()? { Named::Deleted } else { Named::There };
        if !core.changed && named == Named::There && self.publisher().is_main_there()? {
            return Ok(()); // main is exact, and its journal empty
        }
        self.still_ours(core, named)?;
        let mut snapshot = self.snapshot_of(core, true);
        snapshot.meta.epoch = self.draw_epoch()?;
        let mut publisher = self.publisher();
        publisher.publish(&snapshot, Backup::Copy)?;
        core.is_published();
        let notices = publisher.take_notices();
        drop(publisher);
        self.tell(notices);
        Ok(())
    }

    pub(crate) fn tell(&self, notices: Vec<StoreNotice>) {
        notices.into_iter().for_each(|notice| (self.options.notify)(notice));
    }
}

impl Core {
    /// What happened so far is in the main file, or on its way there.
    fn is_published(&mut self) {
        self.changed = false;
        self.owed_since = None;
    }
}

impl Tenant for Shared {
    fn give_way(&self) -> Option<Lock> {
        if self.pid != std::process::id() {
            return None;
        }
        // After the commit that is under way, and after the snapshot that is being published.
        let mut core = self.core.write().unwrap_or_else(PoisonError::into_inner);
        let lock = core.lock.take();
        self.end(StoreError::Fenced);
        drop(core);
        drop(self.turn.lock());
        lock
    }
}

/// Whether the file or its folder was not there.
fn is_missing(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Decides one request's commands in their order, each in the state that those before it left.
fn decide_all(state: &mut State, request: Request) -> Vec<Decided> {
    let now = request.now;
    let decided = |command| -> Decided {
        let events: Vec<Event> = decide(state, command, now)?;
        events.iter().for_each(|event| state.apply(event));
        Ok(events)
    };
    request.commands.into_iter().map(decided).collect()
}
