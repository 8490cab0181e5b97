//! Whole lists of `/bin/true`, one at a time: our server with everything durable, beside programs that people use for it.
mod others;
mod ours;

use std::{path::Path, time::Instant};

use crate::{
    Terms,
    measure::{Result, Samples, number},
    page::{self, Section},
    plot::{self, Bar},
};

/// How long the lists are.
const LISTS: [usize; 2] = [1_000, 5_000];
/// The long list, and the part of its begin and of its end that are held against each other.
const LONG: usize = 50_000;
const PART: usize = 1_000;
/// What a round of those takes that would take minutes for a list.
const FEW: usize = 100;

/// Works through so many tasks in an empty folder.
type Work = fn(&Path, usize) -> Result<()>;

/// Somebody who can do it.
struct Contestant {
    name: &'static str,
    keeps: &'static str,
    pace: Pace,
    work: Work,
}

/// How much of a list a contestant is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// All of it.
    Fast,
    /// The shorter list only.
    Slow,
    /// As much of the shorter list as takes half a minute.
    Slowest,
}

impl Pace {
    fn tasks(self, count: usize) -> Option<usize> {
        match self {
            Self::Fast => Some(count),
            Self::Slow => (count == LISTS[0]).then_some(count),
            Self::Slowest => (count == LISTS[0]).then_some(FEW),
        }
    }
}

pub(crate) fn measure(terms: &Terms) -> Result<Section> {
    let contestants: Vec<Contestant> = others::present();
    let mut text = String::new();
    let mut bars = Vec::new();
    for count in LISTS {
        let reached = rounds(terms, &contestants, count)?;
        text += &format!("{} × `/bin/true`, tasks a second:\n\n", number(count as f64, 0));
        text += &page::table(rows(&reached));
        text.push('\n');
        if count == LISTS[0] {
            let bar = |one: &Reached| Bar {
                name: one.name.to_owned(),
                samples: one.rate.clone(),
                is_ours: one.name == ours::NAME,
            };
            bars = reached.iter().map(bar).collect();
        }
    }
    text += &flatness(terms)?;
    let plot = plot::bars("1,000 × /bin/true, one at a time: tasks a second", 0, &bars);
    Ok(Section { name: "work", title: "A list of small tasks", text, plots: vec![("work", plot)] })
}

/// What one contestant reached.
struct Reached {
    name: &'static str,
    keeps: &'static str,
    rate: Samples,
    /// Our rate by its, in the same round.
    ours_to_it: Samples,
}

fn rounds<'a>(terms: &Terms, contestants: &'a [Contestant], count: usize) -> Result<Vec<Reached>> {
    let able = |one: &'a Contestant| Some((one, one.pace.tasks(count)?));
    let contestants: Vec<(&Contestant, usize)> = contestants.iter().filter_map(able).collect();
    let empty = |(one, _): &(&Contestant, usize)| Reached {
        name: one.name,
        keeps: one.keeps,
        rate: Samples::default(),
        ours_to_it: Samples::default(),
    };
    let mut reached: Vec<Reached> = contestants.iter().map(empty).collect();
    for round in 0..terms.rounds {
        // Every other round runs the other way round, so that none always comes after the same one.
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let mut rates = vec![f64::NAN; contestants.len()];
        for index in order {
            let (one, tasks) = contestants[index];
            rates[index] = rate(terms, one.work, tasks)?;
        }
        let ours =
            contestants.iter().position(|(one, _)| one.name == ours::NAME).map_or(f64::NAN, |at| rates[at]);
        for (place, rate) in reached.iter_mut().zip(rates) {
            place.rate.push(rate);
            place.ours_to_it.push(ours / rate);
        }
    }
    Ok(reached)
}

/// Tasks a second, from the start of the program to its end.
fn rate(terms: &Terms, work: Work, count: usize) -> Result<f64> {
    let dir = tempfile::tempdir_in(terms.dir.path())?;
    let began = Instant::now();
    work(dir.path(), count)?;
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn rows(reached: &[Reached]) -> Vec<[String; 4]> {
    let mut rows = vec![["", "ours ÷ it", "tasks/s: median (min – max)", "keeps"].map(str::to_owned)];
    for one in reached {
        let ratio = if one.name == ours::NAME { "1".to_owned() } else { one.ours_to_it.shown(2) };
        rows.push([one.name.to_owned(), ratio, one.rate.shown(0), one.keeps.to_owned()]);
    }
    rows
}

/// Whether a long list slows down.
fn flatness(terms: &Terms) -> Result<String> {
    // It takes minutes: once is enough, it compares with itself.
    let dir = tempfile::tempdir_in(terms.dir.path())?;
    let ends = ours::ends(dir.path(), LONG)?;
    let rate = |part: &[f64]| (part.len() - 1) as f64 / (part[part.len() - 1] - part[0]);
    let (first, last) = (rate(&ends[..PART]), rate(&ends[ends.len() - PART..]));
    let [long, part] = [LONG, PART].map(|count| number(count as f64, 0));
    Ok(format!(
        "A list of {long}: the last {part} at {} of the rate of the first {part} ({} and {} tasks/s).\n",
        number(last / first, 2),
        number(last, 0),
        number(first, 0)
    ))
}
