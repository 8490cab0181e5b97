//! Durable transitions a second: one caller and sixteen, beside the disk itself and what people would take instead.
mod floor;
#[cfg(feature = "peers")]
mod group;
mod ours;
#[cfg(feature = "peers")]
mod peers;

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::{
    Terms,
    measure::{Result, Samples},
    page::{self, Section},
    plot::{self, Bar},
};

/// Bytes that a transition writes, where it is not us who decide that: about what a record of ours takes.
const PAYLOAD: usize = 256;
/// How many tasks there are; each caller has one of its own.
const TASKS: usize = 100;
const CALLERS: usize = 16;

/// Something that makes a transition of a task durable before it returns.
trait Durable: Sync {
    fn transition(&self, caller: usize, count: u64) -> Result<()>;
    fn close(self: Box<Self>) -> Result<()>;
}

/// Makes one in an empty folder.
type Open = fn(&Path) -> Result<Box<dyn Durable>>;

struct Contestant {
    name: &'static str,
    open: Open,
}

const OURS: &str = "codeagent";

fn contestants() -> Vec<Contestant> {
    vec![
        Contestant { name: OURS, open: ours::open },
        #[cfg(feature = "peers")]
        Contestant { name: "fjall", open: peers::fjall },
        #[cfg(feature = "peers")]
        Contestant { name: "redb", open: peers::redb },
        #[cfg(feature = "peers")]
        Contestant { name: "SQLite (WAL, FULL)", open: peers::sqlite },
    ]
}

/// What one contestant reached with so many callers.
struct Reached {
    name: &'static str,
    callers: usize,
    rate: Samples,
    to_floor: Samples,
    /// Our rate by its, in the same round.
    ours_to_it: Samples,
}

pub(crate) fn measure(terms: &Terms) -> Result<Section> {
    let contestants = contestants();
    let mut floor = Samples::default();
    let mut reached: Vec<Reached> = [1, CALLERS]
        .into_iter()
        .flat_map(|callers| contestants.iter().map(move |contestant| (contestant.name, callers)))
        .map(|(name, callers)| Reached {
            name,
            callers,
            rate: empty(),
            to_floor: empty(),
            ours_to_it: empty(),
        })
        .collect();
    for _ in 0..terms.rounds {
        round(terms, &contestants, &mut floor, &mut reached)?;
    }
    Ok(section(&floor, &reached))
}

fn empty() -> Samples {
    Samples::default()
}

/// Each contestant runs between two runs of the floor, since the disk is not the same from second to second.
fn round(
    terms: &Terms,
    contestants: &[Contestant],
    floor: &mut Samples,
    reached: &mut [Reached],
) -> Result<()> {
    let half = terms.time / 2;
    let mut before = rate(floor::open, terms.dir.path(), 1, half)?;
    for callers in [1, CALLERS] {
        let mut ours = f64::NAN;
        for contestant in contestants {
            let own = rate(contestant.open, terms.dir.path(), callers, terms.time)?;
            let after = rate(floor::open, terms.dir.path(), 1, half)?;
            let there = |one: &&mut Reached| one.name == contestant.name && one.callers == callers;
            let Some(place) = reached.iter_mut().find(there) else { continue };
            if contestant.name == OURS {
                ours = own;
            }
            place.rate.push(own);
            place.to_floor.push(own / f64::midpoint(before, after));
            place.ours_to_it.push(ours / own);
            floor.push(after);
            before = after;
        }
    }
    Ok(())
}

/// Transitions a second in a folder of its own.
fn rate(open: Open, dir: &Path, callers: usize, time: Duration) -> Result<f64> {
    let dir = tempfile::tempdir_in(dir)?;
    let store = open(dir.path())?;
    let (began, done) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|caller| {
                let (store, done) = (&*store, &done);
                scope.spawn(move || -> Result<()> {
                    let mut count = 0;
                    while began.elapsed() < time {
                        store.transition(caller, count)?;
                        count += 1;
                    }
                    done.fetch_add(count, Ordering::Relaxed);
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a caller panicked")?)
    })?;
    let rate = done.into_inner() as f64 / began.elapsed().as_secs_f64();
    store.close()?;
    // Gone before the next one begins, so that it does not pay for the deletion.
    fs::remove_dir_all(dir.path())?;
    Ok(rate)
}

fn section(floor: &Samples, reached: &[Reached]) -> Section {
    let mut text = format!(
        "A transition is durable when the call returns: written and synced. The floor is a synced overwrite of {PAYLOAD} bytes \
         in a zero-filled file, one at a time: {} a second. The databases get one transaction for all callers that wait.\n\n",
        floor.shown(0)
    );
    text += &page::table(std::iter::once(head()).chain(reached.iter().map(row)));
    let plots = vec![("store-1", plot_of(reached, 1)), ("store-16", plot_of(reached, CALLERS))];
    Section { name: "store", title: "Durable transitions", text, plots }
}

fn head() -> [String; 5] {
    ["store", "callers", "÷ floor", "codeagent ÷ it", "transitions/s"].map(str::to_owned)
}

fn row(one: &Reached) -> [String; 5] {
    [
        one.name.to_owned(),
        one.callers.to_string(),
        one.to_floor.shown(2),
        one.ours_to_it.shown(2),
        one.rate.shown(0),
    ]
}

fn plot_of(reached: &[Reached], callers: usize) -> String {
    let bars: Vec<Bar> = reached
        .iter()
        .filter(|one| one.callers == callers)
        .map(|one| Bar {
            name: one.name.to_owned(),
            samples: one.to_floor.clone(),
            is_ours: one.name == OURS,
        })
        .collect();
    let who = if callers == 1 { "one caller".to_owned() } else { format!("{callers} callers") };
    plot::bars(&format!("Durable transitions, {who}: multiples of one synced overwrite"), 2, &bars)
}
