//! The simulated world at the seams of the server: its clock, its bell, its disk, its dice, its observer, its store.
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use codeagent_checkpoint::{
    Decided, FileStore, FileStoreOptions, Store, StoreError, StoreNotice,
    clock::Clock,
    document::StoreId,
    file::{
        Tenants,
        disk::{Disk, DiskFile, Stat},
    },
    store::ReadState,
};
use codeagent_core::{Command, Now, State};
use codeagent_server::{
    agents::Dice,
    bell::Bell,
    ground::Ground,
    observe::{Observation, Observer, WaitReason},
};

use super::{agents::Troupe, oracle::Ack, world::World};
use crate::campaign::Broken;

/// The world, as the server sees it.
#[derive(Clone)]
pub(super) struct Seam(pub(super) Arc<World>);

/// Where the simulated disk has the checkpoint; the other files of the project are real.
const MAIN: &str = "/project/data/.codeagent_checkpoint.json";

/// A server's ground in this world.
pub(super) fn ground(world: &Arc<World>) -> Ground {
    let seam = Seam(Arc::clone(world));
    let (opening, asking) = (seam.clone(), seam.clone());
    Ground {
        clock: Arc::new(seam.clone()),
        agents: Box::new(Troupe(Arc::clone(world))),
        dice: Box::new(seam),
        open_store: Box::new(move |_, _| opening.open_store()),
        asker: Some(Box::new(move |service| asking.0.look().service = Some(service))),
    }
}

impl Clock for Seam {
    fn now(&self) -> Now {
        self.0.cross("clock");
        self.0.look().now()
    }

    fn monotonic(&self) -> Duration {
        self.0.look().monotonic()
    }
}

impl Dice for Seam {
    fn throw(&mut self) -> u64 {
        self.0.cross("dice");
        self.0.perhaps();
        self.0.look().chance.any()
    }
}

impl Observer for Seam {
    fn see(&self, what: &Observation<'_>) {
        let Some(word) = told(what) else { return };
        self.0.look().tell(|| word);
        if let Observation::Waiting { why, .. } = what {
            self.0.look().waits_for = Some(*why);
        }
        self.0.cross("observer");
        self.0.perhaps();
    }
}

/// Without what real time decides about: lines, and how long an attempt took.
fn told(what: &Observation<'_>) -> Option<String> {
    match what {
        Observation::Line { .. } => None,
        Observation::TaskEnded { text, outcome, .. } => Some(format!("ended {text}: {outcome:?}")),
        other => Some(format!("{other:?}")),
    }
}

impl Bell for Seam {
    fn rung(&self) -> u64 {
        self.0.look().rung
    }

    fn ring(&self) {
        self.0.look().rung += 1;
    }

    fn wait(&self, heard: u64, time: Option<Duration>) {
        self.0.cross("wait");
        let mut inner = self.0.look();
        let now_ms = inner.now_ms;
        let undisturbed_ms = *inner.undisturbed_ms.get_or_insert(now_ms);
        let config = &inner.project.config;
        let retry = config.executor.retry.max_delay;
        let most = retry.max(config.server.check_interval).max(config.server.task_delay);
        let is_too_long = time.is_none_or(|time| time > most)
            && (inner.is_quiet || inner.waits_for != Some(WaitReason::Paused));
        // What becomes due during a pass has its turn in the next.
        let overdue = match inner.waits_for {
            Some(WaitReason::Paused | WaitReason::BetweenTasks) => Vec::new(),
            _ => inner.oracle.overdue(now_ms, undisturbed_ms),
        };
        let until = time.map_or(u64::MAX, |time| {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            now_ms.saturating_add(ms).saturating_add(1)
        });
        drop(inner);
        if is_too_long {
            self.0.give_up(Broken::Stuck, &format!("waits {time:?}, longer than anything that is set"));
        }
        if self.0.holds_up(&overdue) {
            self.0.give_up(Broken::Stuck, &format!("waits {time:?} while {overdue:?} should be tried again"));
        }
        while self.0.is_waiting(heard, until) {
            self.0.go_on(until);
        }
    }
}

/// The disk's twin, behind a border at which the server may die.
struct SimDisk {
    world: Arc<World>,
    disk: Arc<dyn Disk>,
}

impl SimDisk {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { world: Arc::clone(&self.world), file })
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.world.cross_to_disk("create")?;
        self.disk.create(path).map(|file| self.file(file))
    }

    fn open_or_create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.world.cross_to_disk("open")?;
        self.disk.open_or_create(path).map(|file| self.file(file))
    }

    fn read(&self, path: &Path) -> io::Result<Option<(Vec<u8>, Stat)>> {
        self.disk.read(path)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        self.disk.stat(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Option<Vec<OsString>>> {
        self.disk.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world.cross_to_disk("rename")?;
        self.disk.rename(from, to)
    }

    fn rename_to_free(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world.cross_to_disk("rename")?;
        self.disk.rename_to_free(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.world.cross_to_disk("link")?;
        self.disk.link(from, to)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.world.cross_to_disk("unlink")?;
        self.disk.unlink(path)
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.world.cross_to_disk("make folder")?;
        self.disk.make_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.world.cross_to_disk("sync folder")?;
        self.disk.sync_dir(dir)
    }

    fn network_kind(&self, dir: &Path) -> io::Result<Option<&'static str>> {
        self.disk.network_kind(dir)
    }

    fn tenants(&self) -> &Tenants {
        self.disk.tenants()
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.canonical(path)
    }
}

struct SimFile {
    world: Arc<World>,
    file: Arc<dyn DiskFile>,
}

impl DiskFile for SimFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.world.cross_to_disk("write")?;
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.world.cross_to_disk("set length")?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.world.cross_to_disk("sync")?;
        self.file.sync_data()
    }

    fn stat(&self) -> io::Result<Stat> {
        self.file.stat()
    }

    fn try_lock(&self) -> io::Result<()> {
        self.file.try_lock()
    }
}

impl Seam {
    fn open_store(&self) -> Result<(Arc<dyn Store>, Vec<StoreNotice>), StoreError> {
        let keeps_notes = !self.0.look().notes_may_be_gone;
        let twin = self.0.look().twin.clone();
        let disk = Arc::new(SimDisk { world: Arc::clone(&self.0), disk: twin.disk() });
        let options = FileStoreOptions {
            snapshots_beside: false,
            new_store_id: Some(StoreId([7; 16])),
            ..FileStoreOptions::default()
        };
        let (store, report) = FileStore::open_on(disk, Path::new(MAIN), options)?;
        let state = store.view(State::clone)?;
        let store = Arc::new(store);
        let mut inner = self.0.look();
        let now_ms = inner.now_ms;
        let was_wiped = std::mem::take(&mut inner.is_wiped);
        let is_known = inner.oracle.opened(&state, keeps_notes && !was_wiped, now_ms);
        // What was being written anew may have become whole, or not.
        match (is_known, was_wiped) {
            (Ok(()), _) => {}
            (Err(_), true) => inner.oracle.forget(&state),
            (Err(story), false) => inner.oracle.found(Broken::Lost, story),
        }
        inner.notes_may_be_gone = inner.disk_failed;
        inner.tell(|| format!("opened: {:?}", state.counts()));
        inner.store = Some(Arc::clone(&store));
        drop(inner);
        Ok((Arc::new(Watched { world: Arc::clone(&self.0), store }), report.notices))
    }
}

/// The store, and the oracle that hears every answer of it.
struct Watched {
    world: Arc<World>,
    store: Arc<FileStore>,
}

impl Watched {
    fn check(&self, expected: &[Decided], answer: &[Decided], how: Ack) {
        let state = self.store.view_ahead(State::clone);
        let mut inner = self.world.look();
        if expected != answer {
            inner.found(Broken::Wrong, format!("the store decided {answer:?} instead of {expected:?}"));
        }
        for event in answer.iter().flatten().flatten() {
            inner.tell(|| format!("{event:?}"));
        }
        let now_ms = inner.now_ms;
        inner.oracle.acknowledged(how, now_ms);
        inner.is_wiped &= how != Ack::Durable || answer.iter().flatten().flatten().next().is_none();
        if let Ok(state) = state
            && state != *inner.oracle.state()
        {
            inner.found(Broken::Wrong, "the store's state is not what it answered");
        }
    }
}

impl Store for Watched {
    fn execute_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        let expected = self.world.look().oracle.expect(&commands, now);
        let answer = self.store.execute_all(commands, now)?;
        self.check(&expected, &answer, Ack::Durable);
        Ok(answer)
    }

    fn note(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        let expected = self.world.look().oracle.expect(std::slice::from_ref(&command), now);
        let answer = self.store.note(command, now)?;
        self.check(&expected, std::slice::from_ref(&answer), Ack::Note);
        Ok(answer)
    }

    fn note_all(&self, commands: Vec<Command>, now: Now) -> Result<Vec<Decided>, StoreError> {
        let expected = self.world.look().oracle.expect(&commands, now);
        let answer = self.store.note_all(commands, now)?;
        self.check(&expected, &answer, Ack::Note);
        Ok(answer)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.store.flush()?;
        self.world.look().oracle.flushed();
        Ok(())
    }

    fn execute_ahead(&self, command: Command, now: Now) -> Result<Decided, StoreError> {
        let expected = self.world.look().oracle.expect(std::slice::from_ref(&command), now);
        let answer = self.store.execute_ahead(command, now)?;
        self.check(&expected, std::slice::from_ref(&answer), Ack::Ahead);
        Ok(answer)
    }

    fn peek(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        self.store.peek(see)
    }

    fn read(&self, see: &mut dyn FnMut(&State)) -> Result<(), StoreError> {
        self.store.read(see)?;
        self.world.look().oracle.was_read();
        Ok(())
    }

    fn keep(&self) -> Result<(), StoreError> {
        self.store.keep()?;
        self.world.look().is_wiped = false;
        Ok(())
    }

    fn close(&self) -> Result<(), StoreError> {
        self.store.close()?;
        self.world.look().is_wiped = false;
        Ok(())
    }
}
