//! Opening: lock, read, decide, set aside, and the first checkpoint; what earlier processes wrote is read and never
//! written to again.
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak},
    time::{Duration, Instant},
};

use codeagent_core::State;

use super::{
    core::{Core, Shared},
    disk::{Disk, Stat},
    fail::{damage, damaged, io_error},
    folder,
    gather::Found,
    journal::{Header, Position},
    lock::{Holder, Lock},
    names::{Kind, LAST_EPOCH, Names},
    publish::{self, Backup, Publisher, Snapshot},
    real_disk::RealDisk,
    recover::{self, Base, Decision, Recovered},
    report::{AsideReason, OpenReport, StoreNotice},
    segment::{FIRST_SEGMENT, Prepared, Segment},
    store::FileStore,
    takeover::Tenant,
};
use crate::{
    document::{SnapshotMeta, StoreId},
    store::StoreError,
};

/// Who is told of what happens while the store is at work.
pub type Notify = Arc<dyn Fn(StoreNotice) + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct FileStoreOptions {
    /// Open on a network file system too, where locks and syncs may not hold. Default: refuse.
    pub allow_network: bool,
    /// Who is told of what happens after the open. Called under locks of the store: it must not call it. Default: nobody.
    pub notify: Notify,
    /// Named in the lock file, with the kind of its hold, which says whether others wait for it or are refused.
    /// Default: this process, for as long as it works.
    pub holder: Holder,
    /// Identity of a store that is created. Default: random.
    pub new_store_id: Option<StoreId>,
    /// Whether a thread writes snapshots beside the work. Without it they are written by
    /// [`FileStore::checkpoint`] and at the end. Default: yes.
    pub snapshots_beside: bool,
    /// How long a change may be missing from the main file before a snapshot is begun (promise 9). Default: 0.8 s.
    pub settle: Duration,
    /// A journal of more bytes is followed by a snapshot as soon as there is time for one. Default: 8 MiB.
    pub journal_limit: u64,
}

impl Default for FileStoreOptions {
    fn default() -> Self {
        Self {
            allow_network: false,
            notify: Arc::new(|_| {}),
            holder: Holder::this_process(),
            new_store_id: None,
            snapshots_beside: true,
            settle: Duration::from_millis(800),
            journal_limit: 8 * 1024 * 1024,
        }
    }
}

impl FileStoreOptions {
    /// For a command that opens, does one thing and closes: others wait for it.
    pub fn for_command() -> Self {
        Self { holder: Holder::this_command(), ..Self::default() }
    }
}

impl FileStore {
    /// Opens the store whose snapshot is the file `path`, or creates it.
    ///
    /// Opening changes no task: what a crash interrupted is still `in_progress`. Within this process an older
    /// store on the same file is fenced.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Damaged`] and [`StoreError::Newer`] (nothing was changed),
    /// [`StoreError::Network`], [`StoreError::Io`].
    pub fn open(path: &Path, options: FileStoreOptions) -> Result<(Self, OpenReport), StoreError> {
        Self::open_on(Arc::new(RealDisk), path, options)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        path: &Path,
        options: FileStoreOptions,
    ) -> Result<(Self, OpenReport), StoreError> {
        let names = prepare_folder(&*disk, path, &options)?;
        let seat = disk.tenants().seat(names.main().to_owned());
        let mut seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
        let handed_on = seat.take().as_ref().and_then(Weak::upgrade).and_then(|tenant| tenant.give_way());
        let lock = match handed_on {
            Some(lock) if lock.seen(&*disk)? == super::lock::Seen::Ours => lock,
            _ => Lock::acquire(&*disk, &names.lock(), &options.holder)?,
        };
        let decided = Found::gather(&*disk, &names).and_then(|found| decide(found, &names));
        let (remains, decision) = match decided {
            Ok(decided) => decided,
            Err(error) => {
                lock.undo(&*disk);
                return Err(error);
            }
        };
        let mut opening = Opening { disk, names, options, remains, report: OpenReport::default() };
        let shared = Arc::new(opening.perform(decision, lock)?);
        let tenant: Arc<dyn Tenant> = shared.clone();
        *seat = Some(Arc::downgrade(&tenant));
        drop(tenant);
        Ok((Self::start(shared)?, opening.report))
    }
}

/// Decides, and looks whether there is an epoch to go on in: while a refusal still changes nothing.
fn decide(found: Found, names: &Names) -> Result<(Remains, Decision), StoreError> {
    let remains = Remains::of(&found, names);
    let decision = recover::decide(found, names)?;
    if !matches!(decision, Decision::Reset) {
        remains.next_epoch(names)?;
    }
    Ok((remains, decision))
}

/// Makes the folder and gives the names of the store in it, independent of the current folder.
pub(crate) fn prepare_folder(
    disk: &dyn Disk,
    path: &Path,
    options: &FileStoreOptions,
) -> Result<Names, StoreError> {
    let no_file = || io_error("open", path)(io::ErrorKind::InvalidInput.into());
    let names = Names::of(path).ok_or_else(no_file)?;
    folder::make_all(disk, &names)?;
    let dir = disk.canonical(names.dir()).map_err(io_error("look at", names.dir()))?;
    let file = path.file_name().ok_or_else(no_file)?;
    if !options.allow_network
        && let Some(kind) = disk.network_kind(&dir).map_err(io_error("look at", &dir))?
    {
        return Err(StoreError::Network { dir, kind });
    }
    Names::of(&dir.join(file)).ok_or_else(no_file)
}

/// What has to be known of the files after the decision.
#[derive(Default)]
pub(crate) struct Remains {
    main: Option<Stat>,
    last_epoch: u64,
    /// What an interrupted checkpoint left.
    scraps: Vec<PathBuf>,
    journals: Vec<PathBuf>,
    /// Journals, marks and scraps.
    all: Vec<PathBuf>,
}

impl Remains {
    pub(crate) fn of(found: &Found, names: &Names) -> Self {
        let journals: Vec<_> =
            found.journals.keys().map(|epoch| names.of_epoch(Kind::Journal, *epoch)).collect();
        let marks = found.marks.keys().map(|epoch| names.of_epoch(Kind::Mark, *epoch));
        let all = journals.iter().cloned().chain(marks).chain(found.scraps.iter().cloned()).collect();
        let (main, last_epoch, scraps) = (found.main_stat, found.last_epoch, found.scraps.clone());
        Self { main, last_epoch, scraps, journals, all }
    }

    /// Nothing is left under its name; only the epochs stay used, unless none is left after them.
    pub(crate) fn is_all_aside(&mut self) {
        let last_epoch = if self.last_epoch < LAST_EPOCH { self.last_epoch } else { 0 };
        *self = Self { last_epoch, ..Self::default() };
    }

    /// The epoch of this process's first checkpoint: after every other.
    fn next_epoch(&self, names: &Names) -> Result<u64, StoreError> {
        let next = self.last_epoch.checked_add(1).filter(|next| *next <= LAST_EPOCH);
        next.ok_or_else(|| {
            let what = format!("a file beside it carries the last epoch there is ({})", self.last_epoch);
            damaged(vec![damage(names.main(), what)])
        })
    }
}

/// An open after its decision: from here on it writes.
pub(crate) struct Opening {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) names: Names,
    pub(crate) options: FileStoreOptions,
    pub(crate) remains: Remains,
    pub(crate) report: OpenReport,
}

impl Opening {
    pub(crate) fn perform(&mut self, decision: Decision, lock: Lock) -> Result<Shared, StoreError> {
        folder::hide_from_git(&*self.disk, &self.names)?;
        match decision {
            Decision::Create => {
                self.report.notices.push(StoreNotice::Created);
                self.begin(fresh(), lock)
            }
            Decision::Reset => {
                let moved = self.set_all_aside(AsideReason::Reset)?;
                self.remains.is_all_aside();
                let set_aside = moved.into_iter().map(|(_, to)| to).collect();
                self.report.notices.push(StoreNotice::Reset { set_aside });
                self.begin(fresh(), lock)
            }
            Decision::GoOn(recovered) => self.begin(*recovered, lock),
        }
    }

    /// Sets every journal, mark and scrap aside; gives the former and the new names.
    pub(crate) fn set_all_aside(&self, reason: AsideReason) -> Result<Vec<(PathBuf, PathBuf)>, StoreError> {
        let mut moved = Vec::new();
        for path in &self.remains.all {
            if let StoreNotice::SetAside { from, to, .. } = publish::set_aside(&*self.disk, path, reason)? {
                moved.push((from, to));
            }
        }
        self.sync_dir()?;
        Ok(moved)
    }

    /// Gives every file of the store a second name, and makes that durable. What can't have one, and everything where
    /// no epoch is left for a successor, is set aside at once.
    pub(crate) fn keep_all(&mut self, reason: AsideReason) -> Result<Vec<StoreNotice>, StoreError> {
        let moves = self.remains.next_epoch(&self.names).is_err();
        let mut notices = Vec::new();
        // The JSON files first: where they are moved, whatever happens in between is a reset and not a ruin.
        let snapshots = [self.names.main().to_owned(), self.names.backup()];
        for path in snapshots.iter().chain(&self.remains.all) {
            if publish::is_there(&*self.disk, path)? {
                let keep = if moves { publish::set_aside } else { publish::keep_aside };
                notices.push(keep(&*self.disk, path, reason)?);
            }
        }
        self.sync_dir()?;
        if moves {
            self.remains.is_all_aside();
        }
        Ok(notices)
    }

    pub(crate) fn begin(&mut self, recovered: Recovered, lock: Lock) -> Result<Shared, StoreError> {
        let Recovered { state, store, end, base, asides, notices } = recovered;
        self.report.notices.extend(notices);
        for (path, reason) in &asides {
            self.report.notices.push(publish::set_aside(&*self.disk, path, *reason)?);
        }
        if !asides.is_empty() {
            self.sync_dir()?;
        }
        // On a full disk their room may be what is missing.
        for path in &self.remains.scraps {
            publish::remove(&*self.disk, path)?;
        }
        let store = match store.or(self.options.new_store_id) {
            Some(store) => store,
            None => draw_store_id(self.names.main())?,
        };
        let main_is_aside = asides.iter().any(|(path, _)| path == self.names.main());
        let main = self.remains.main.filter(|_| !main_is_aside);
        let epoch = self.remains.next_epoch(&self.names)?;
        let start = Start { state, store, end, base, epoch };
        self.first_checkpoint(start, main, lock)
    }

    /// What was read may be in the page cache alone: a kill leaves it there, a power cut takes it. A sync that failed
    /// leaves it there too, as clean pages that no later sync writes; so it is written once more. The backup leads
    /// through it until there is a second checkpoint.
    fn write_again_what_was_read(&self) {
        for path in &self.remains.journals {
            // Should it fail: nothing depends on it but a start after a loss of the main file too, and that one sees what
            // is missing.
            let _ = self.write_again(path);
        }
    }

    fn write_again(&self, path: &Path) -> io::Result<()> {
        let Some((bytes, _)) = self.disk.read(path)? else { return Ok(()) };
        let journal = self.disk.open_or_create(path)?;
        journal.write_at(&bytes, 0)?;
        journal.sync_data()
    }

    /// The state that was read becomes a snapshot and a journal of this process.
    fn first_checkpoint(
        &mut self,
        start: Start,
        main: Option<Stat>,
        lock: Lock,
    ) -> Result<Shared, StoreError> {
        let (known, backup_epoch, backup) = match start.base {
            Base::Main(epoch) => (main.map(|stat| (stat, epoch)), None, Backup::Former),
            Base::Backup(epoch) => (None, Some(epoch), Backup::Former),
            Base::Foreign => (main.map(|stat| (stat, 0)), None, Backup::Copy),
            Base::Kept => (None, None, Backup::Copy),
        };
        let mut publisher = Publisher::new(Arc::clone(&self.disk), self.names.clone(), known, backup_epoch);
        if start.base == Base::Kept {
            publisher.may_replace(main);
        }
        let snapshot = start.snapshot();
        let written = self
            .first_segment(&start)
            .and_then(|segment| publisher.publish(&snapshot, backup).map(|()| segment));
        if written.is_ok() && backup == Backup::Former {
            self.write_again_what_was_read();
        }
        let written = written.and_then(|segment| segment.mark().map(|()| segment));
        let segment = match written {
            Ok(segment) => segment,
            Err(error) => {
                self.discard(start.epoch, &publisher);
                return Err(error);
            }
        };
        self.report.notices.extend(publisher.take_notices());
        Ok(self.shared(start, segment, publisher, lock, backup == Backup::Former))
    }

    fn first_segment(&self, start: &Start) -> Result<Segment, StoreError> {
        let prepared = Prepared::create(&*self.disk, &self.names, start.epoch, FIRST_SEGMENT)?;
        let durable_base = matches!(start.base, Base::Foreign | Base::Kept);
        prepared.begin(Header { store: start.store, epoch: start.epoch, base: start.end, durable_base })
    }

    /// A journal that no snapshot leads to is nothing; it only takes room.
    fn discard(&self, epoch: u64, publisher: &Publisher) {
        if publisher.main_epoch() != Some(epoch) {
            // As well as it can be done: the next open knows them as nothing, too.
            let _ = self.disk.unlink(&self.names.of_epoch(Kind::Journal, epoch));
            let _ = self.disk.unlink(&self.names.of_epoch(Kind::Mark, epoch));
        }
    }

    fn shared(
        &self,
        start: Start,
        segment: Segment,
        publisher: Publisher,
        lock: Lock,
        owes_second: bool,
    ) -> Shared {
        let core = Core {
            state: start.state,
            segment,
            lock: Some(lock),
            changed: false,
            ahead: false,
            // The backup stands on files that were merely read, until a second checkpoint is made.
            owed_since: owes_second.then(Instant::now),
        };
        Shared {
            disk: Arc::clone(&self.disk),
            names: self.names.clone(),
            options: self.options.clone(),
            store: start.store,
            pid: std::process::id(),
            queue: Default::default(),
            core: RwLock::new(core),
            gate: Mutex::new(()),
            turn: Mutex::new(()),
            publisher: Mutex::new(publisher),
            bell: Default::default(),
            next_epoch: start.epoch.saturating_add(1).into(), // whoever draws it looks whether there is one
            ended: OnceLock::new(),
        }
    }

    pub(crate) fn sync_dir(&self) -> Result<(), StoreError> {
        self.disk.sync_dir(self.names.dir()).map_err(io_error("sync", self.names.dir()))
    }
}

/// What the first checkpoint is made of.
struct Start {
    state: State,
    store: StoreId,
    end: Position,
    base: Base,
    epoch: u64,
}

impl Start {
    fn snapshot(&self) -> Snapshot {
        let meta = SnapshotMeta {
            store_id: self.store,
            epoch: self.epoch,
            clean: false,
            last_lsn: self.end.lsn,
            chain: self.end.chain,
        };
        Snapshot { frozen: self.state.freeze(), meta }
    }
}

/// A store without a task, or with those that the caller puts in.
pub(crate) fn fresh() -> Recovered {
    Recovered {
        state: recover::empty_state(),
        store: None,
        end: Position::default(),
        base: Base::Foreign,
        asides: Vec::new(),
        notices: Vec::new(),
    }
}

fn draw_store_id(main: &Path) -> Result<StoreId, StoreError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|error| io_error("create", main)(io::Error::other(error.to_string())))?;
    Ok(StoreId(id))
}
