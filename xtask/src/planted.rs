//! `cargo xtask planted`: puts known bugs into a copy of the sources, one at a time, and asks that a campaign finds each.

mod kept;
mod scratch;
mod shown;

use std::fmt::Write as _;

use kept::Planted;
use scratch::{Scratch, Seen};

const USAGE: &str = "\
planted [--list | --markdown] [NAME…]: bugs of proof/planted, in what is committed; all of them if none is named";

/// Plants each, runs its campaign, and prints what that found. One that was not found is an error.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let (flags, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-'));
    let chosen = chosen(kept::all()?, &names)?;
    match flags.as_slice() {
        [] => {
            let rows = try_all(&chosen)?;
            println!("\n{}", shown::table(&rows));
            verdict(&rows)
        }
        ["--list"] => {
            chosen.iter().for_each(|bug| println!("{:<28} {:<9} {}", bug.name, bug.campaign(), bug.en));
            Ok(())
        }
        ["--markdown"] => {
            let rows = try_all(&chosen)?;
            println!(
                "\n{}\n\n{}",
                shown::markdown(&rows, shown::Lang::En),
                shown::markdown(&rows, shown::Lang::Ru)
            );
            verdict(&rows)
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// A bug, and what its campaign said of it.
type Row<'b> = (&'b Planted, Result<Seen, String>);

fn chosen(all: Vec<Planted>, names: &[&str]) -> Result<Vec<Planted>, String> {
    match names.iter().find(|name| !all.iter().any(|bug| bug.name == **name)) {
        Some(unknown) => Err(format!("no such bug: {unknown}\n{USAGE}")),
        None if names.is_empty() => Ok(all),
        None => Ok(all.into_iter().filter(|bug| names.contains(&bug.name.as_str())).collect()),
    }
}

fn try_all(bugs: &[Planted]) -> Result<Vec<Row<'_>>, String> {
    let scratch = Scratch::make()?;
    let unfit = unfit(&scratch, bugs)?;
    let mut rows = Vec::new();
    for (at, bug) in bugs.iter().enumerate() {
        println!("\n── {} of {}: {}: {}", at + 1, bugs.len(), bug.name, bug.en);
        let seen = if unfit.contains(&bug.campaign) {
            Err(format!("{} fails without it, too", bug.campaign()))
        } else {
            scratch.plant(&bug.file).and_then(|()| scratch.run(&bug.campaign))
        };
        println!("{}", seen.as_ref().map_or_else(Clone::clone, |seen| seen.told(usize::MAX)));
        rows.push((bug, seen));
        scratch.clean()?;
    }
    Ok(rows)
}

/// Campaigns that find something where no bug was planted: they say nothing about those that were.
fn unfit(scratch: &Scratch, bugs: &[Planted]) -> Result<Vec<Vec<String>>, String> {
    let mut campaigns: Vec<_> = bugs.iter().map(|bug| bug.campaign.clone()).collect();
    campaigns.sort();
    campaigns.dedup();
    let mut unfit = Vec::new();
    for campaign in campaigns {
        let seen = scratch.run(&campaign)?;
        println!("\n── {} without a bug: {}", campaign.join(" "), seen.told(usize::MAX));
        if !seen.is_nothing() {
            unfit.push(campaign);
        }
    }
    Ok(unfit)
}

fn verdict(rows: &[Row<'_>]) -> Result<(), String> {
    let mut missed = String::new();
    for (bug, seen) in rows {
        match seen {
            Ok(seen) if !seen.is_nothing() => {}
            Ok(_) => write!(missed, "\n  {}: not found by {}", bug.name, bug.campaign()).unwrap_or(()),
            Err(error) => write!(missed, "\n  {}: {error}", bug.name).unwrap_or(()),
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("bugs that were planted and not found:{missed}")) }
}
