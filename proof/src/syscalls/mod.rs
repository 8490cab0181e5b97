//! The real program, killed or refused at every call that touches the disk: nothing is lost, repeated or left to a person.
mod room;
mod round;
mod scene;
mod trace;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use self::{
    room::Room,
    round::{Played, Round},
    scene::{SCENES, Scene, TASKS},
    trace::{Call, Class, Fault, Plan},
};
use crate::{
    bench::{Bench, PATIENCE},
    campaign::{Broken, Campaign, Extent, Outcome, Terms},
    dice::Dice,
    mounts::own_mounts,
};

pub(crate) const CAMPAIGN: Campaign = Campaign {
    name: "syscalls",
    about: "the real program, killed or refused at each call that touches the disk",
    run,
};

/// How long the rounds of CI go on, in seconds.
const CI_SECONDS: u64 = 60;
/// Agents sleep most of the time: more rounds at a time than processors.
const AT_A_TIME: usize = 10;

const OF_CHANGES: [Fault; 7] = [
    Fault::KillBefore,
    Fault::KillHalfway,
    Fault::Errno(libc::EIO),
    Fault::Errno(libc::ENOSPC),
    Fault::ErrnoFromThenOn(libc::ENOSPC),
    Fault::Errno(libc::EDQUOT),
    Fault::Short,
];
const OF_LOOKS: [Fault; 2] = [Fault::Errno(libc::EIO), Fault::Errno(libc::ENOMEM)];

fn run(terms: &Terms) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    if let Err(error) = trace::try_out(&terms.scratch) {
        outcome.skipped = Some(format!("ptrace is not allowed here ({error})"));
        return Ok(outcome);
    }
    let undisturbed = calls_of_all(terms).map_err(|error| format!("a run that nobody disturbs: {error}"))?;
    for (scene, _, calls) in &undisturbed {
        for path in named_before_synced(calls) {
            outcome.found(
                Broken::Lost,
                format!("{scene:?}: {path} gets a new name before its bytes are synced"),
            );
        }
    }
    let rounds = rounds(terms, &undisturbed);
    let until = match (terms.seconds, terms.extent) {
        (Some(seconds), _) => Some(seconds),
        (None, Extent::Ci) => Some(CI_SECONDS),
        (None, Extent::Long) => None,
    };
    let until = until.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let work = Work { terms, until, rounds: Mutex::new(rounds.into_iter()), outcome: Mutex::new(outcome) };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(|| work.go_on())).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Err("a worker panicked".into())))
    })?;
    work.outcome.into_inner().map_err(|error| error.to_string())
}

/// What the workers share.
struct Work<'a> {
    terms: &'a Terms,
    until: Option<Instant>,
    rounds: Mutex<std::vec::IntoIter<Round>>,
    outcome: Mutex<Outcome>,
}

impl Work<'_> {
    fn go_on(&self) -> Result<(), String> {
        let _ = own_mounts(); // where it is refused no round needs it
        while self.until.is_none_or(|until| Instant::now() < until) {
            let next = self.rounds.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(round) = next else { break };
            let dir = self.terms.scratch.join(round.to_string().replace(['(', ')'], "-"));
            let played = fs::create_dir(&dir)
                .and_then(|()| round.play(&self.terms.binary, &dir))
                .map_err(|error| format!("round {round}: {error}"))?;
            if played.findings.is_empty() {
                let _ = fs::remove_dir_all(&dir);
            }
            self.count(&round, played);
        }
        Ok(())
    }

    fn count(&self, round: &Round, played: Played) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if played.hit {
            let killed = matches!(round.fault, Fault::KillBefore | Fault::KillHalfway);
            outcome.tried(
                1,
                match (round.room, killed) {
                    (Some(_), _) => "times little room",
                    (None, true) => "kills",
                    (None, false) => "errors",
                },
            );
        }
        outcome.findings.extend(played.findings);
    }
}

/// Every round there is, so mixed that any beginning of it has something of each call and each fault.
fn rounds(terms: &Terms, undisturbed: &[(Scene, Class, Vec<Call>)]) -> Vec<Round> {
    let mut dice = Dice::new(terms.seed);
    let mut groups: BTreeMap<(&'static str, String), Vec<Round>> = BTreeMap::new();
    for &(scene, class, ref calls) in undisturbed {
        let faults = if class == Class::Changes { &OF_CHANGES[..] } else { &OF_LOOKS[..] };
        for (at, call) in calls.iter().enumerate() {
            for fault in faults.iter().filter(|fault| fault.fits(call)) {
                let round = Round {
                    scene,
                    class,
                    at: at + 1,
                    fault: *fault,
                    room: None,
                    dice: terms.seed + at as u64,
                };
                groups.entry((call.name, format!("{fault:?}"))).or_default().push(round);
            }
        }
    }
    for round in little_room(terms) {
        groups.entry(("little room", String::new())).or_default().push(round);
    }
    let mut groups: Vec<Vec<Round>> = groups.into_values().collect();
    groups.iter_mut().for_each(|group| dice.shuffle(group));
    let mut mixed = Vec::new();
    while !groups.is_empty() {
        dice.shuffle(&mut groups);
        mixed.extend(groups.iter_mut().filter_map(Vec::pop));
        groups.retain(|group| !group.is_empty());
    }
    mixed
}

/// Files that a power cut may leave under their new name without what was written to them.
fn named_before_synced(calls: &[Call]) -> Vec<String> {
    let (mut unsynced, mut found) = (BTreeSet::new(), Vec::new());
    for call in calls {
        match call.name {
            _ if call.is_write => drop(unsynced.insert(&call.path)),
            "fsync" | "fdatasync" => drop(unsynced.remove(&call.path)),
            "rename" | "renameat" | "renameat2" | "link" | "linkat" if unsynced.contains(&call.path) => {
                found.push(call.path.display().to_string());
            }
            _ => {}
        }
    }
    found
}

/// A first run and a recovery with too little room for files, and on a disk that is too small.
fn little_room(terms: &Terms) -> Vec<Round> {
    let files = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].map(Room::Files);
    let last = if can_mount() { 16 } else { 0 };
    let disks = (2..=last).map(|pages| Room::Disk(pages * 4));
    let fault = Fault::ErrnoFromThenOn(libc::ENOSPC);
    let of = |room| {
        [Scene::Run, Scene::Recover].map(|scene| Round {
            scene,
            class: Class::Changes,
            at: 0,
            fault,
            room: Some(room),
            dice: terms.seed,
        })
    };
    // On a fresh disk nothing is to be recovered.
    let is_possible =
        |round: &Round| !(round.scene == Scene::Recover && matches!(round.room, Some(Room::Disk(_))));
    files.into_iter().chain(disks).flat_map(of).filter(is_possible).collect()
}

fn can_mount() -> bool {
    std::thread::spawn(own_mounts).join().is_ok_and(|done| done.is_ok())
}

/// The calls of every scene, undisturbed.
fn calls_of_all(terms: &Terms) -> io::Result<Vec<(Scene, Class, Vec<Call>)>> {
    let of = |(scene, class): (Scene, Class)| Ok((scene, class, calls_of(terms, scene, class)?));
    let all = SCENES.iter().flat_map(|scene| [(*scene, Class::Changes), (*scene, Class::Looks)]);
    std::thread::scope(|scope| {
        let counting: Vec<_> = all.map(|one| scope.spawn(move || of(one))).collect();
        let panicked = |_| Err(io::Error::other("a worker panicked"));
        counting.into_iter().map(|counted| counted.join().unwrap_or_else(panicked)).collect()
    })
}

fn calls_of(terms: &Terms, scene: Scene, class: Class) -> io::Result<Vec<Call>> {
    let dir = terms.scratch.join(format!("count-{scene:?}-{class:?}"));
    let bench = Bench::lay_out(&terms.binary, &dir.join("project"), &dir.join("oracle"), TASKS)?;
    scene.prepare(&bench, &mut Dice::new(terms.seed))?;
    let plan = Plan { root: &bench.dir, class, fault: None, patience: PATIENCE };
    let traced = trace::run(&mut bench.command(scene.words())?, &plan)?;
    if traced.code != Some(0) {
        return Err(io::Error::other(format!("{scene:?}: {}", bench.heard().short())));
    }
    fs::remove_dir_all(&dir)?;
    Ok(traced.calls)
}
