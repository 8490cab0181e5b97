//! The driver of a bounded run: every kept input, then mutations of them with a seed.
#![expect(clippy::print_stdout, reason = "a tool for people at a terminal")]

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{TARGETS, Target, mutate::mutated};
use crate::campaign::{Broken, Campaign, Extent, Outcome, Terms};
use crate::dice::Dice;

pub(crate) const CAMPAIGN: Campaign =
    Campaign { name: "fuzz", about: "kept inputs and mutations of them, for everything that is read", run };

/// All targets together; a target stops before at so many inputs.
const CI_SECONDS: u64 = 25;
const CI_INPUTS: u64 = 20_000;
const LONG_SECONDS: u64 = 1_200;

fn run(terms: &Terms) -> Result<Outcome, String> {
    let (seconds, inputs) = match terms.extent {
        Extent::Ci => (terms.seconds.unwrap_or(CI_SECONDS), CI_INPUTS),
        Extent::Long => (terms.seconds.unwrap_or(LONG_SECONDS), u64::MAX),
    };
    let share = Duration::from_secs(seconds) / u32::try_from(TARGETS.len()).unwrap_or(1);
    let mut outcome = Outcome::default();
    quietly(|| {
        for target in TARGETS {
            let tried = fuzz(target, terms, share, inputs, &mut outcome)?;
            println!("{:<10} {tried} inputs", target.name);
            outcome.tried(tried, "inputs");
        }
        Ok(outcome)
    })
}

/// One target: the kept inputs in any case, then mutations until its time is over. It ends with its first finding.
fn fuzz(
    target: &Target,
    terms: &Terms,
    share: Duration,
    inputs: u64,
    outcome: &mut Outcome,
) -> Result<u64, String> {
    let corpus = kept(target.name)?;
    let (began, mut dice, mut tried) = (Instant::now(), Dice::new(terms.seed), 0);
    let mut judge = |input: &[u8], story: String| -> bool {
        let Err(why) = tried_on(target, input) else { return true };
        let file = terms.scratch.join(format!("{}.input", target.name));
        let place = match fs::write(&file, input) {
            Ok(()) => file.display().to_string(),
            Err(error) => error.to_string(),
        };
        outcome.found(Broken::Wrong, format!("{}, {story}: {why}\n  the input: {place}", target.name));
        false
    };
    for (path, input) in &corpus {
        tried += 1;
        if !judge(input, format!("the kept {}", path.display())) {
            return Ok(tried);
        }
    }
    while began.elapsed() < share && tried < inputs {
        let one = |dice: &mut Dice| dice.pick(&corpus).map_or(&[][..], |(_, input)| input.as_slice());
        let (input, other) = (one(&mut dice), one(&mut dice));
        let input = mutated(&mut dice, input, other, target.words);
        tried += 1;
        if !judge(&input, format!("seed {}, input {tried}", terms.seed)) {
            break;
        }
    }
    Ok(tried)
}

/// The inputs of a target that are kept, in the order of their names.
fn kept(name: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
    let entries = fs::read_dir(&dir).map_err(fail)?;
    let mut paths =
        entries.map(|entry| Ok(entry.map_err(fail)?.path())).collect::<Result<Vec<_>, String>>()?;
    paths.sort();
    paths.into_iter().map(|path| Ok((path.clone(), fs::read(&path).map_err(fail)?))).collect()
}

thread_local! {
    static WHY: RefCell<String> = const { RefCell::new(String::new()) };
}

fn tried_on(target: &Target, input: &[u8]) -> Result<(), String> {
    // What a panic may leave behind half changed is a scratch folder, which the next input overwrites.
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|_| WHY.with(|why| why.borrow().clone()))
}

/// Panics are findings, told once, in their place: not on stderr.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(|panic| {
        WHY.with(|why| *why.borrow_mut() = panic.to_string());
    }));
    let done = work();
    std::panic::set_hook(former);
    done
}
