//! `cargo xtask crash` runs this: campaigns that try to break each promise of docs/reliability.md, and one table.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people at a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use codeagent_proof::CAMPAIGNS;
use codeagent_proof::campaign::{Campaign, Extent, Outcome, Terms};
use codeagent_proof::table::{Row, table};

const USAGE: &str = "\
Usage: cargo xtask crash [OPTIONS]

Options:
  --long           as far as it goes, instead of what fits into CI
  --only NAME,…    only these campaigns
  --seed N         where chance begins (default: 1)
  --seconds N      how long a campaign that could go on for ever goes on
  --list           the campaigns, a line each
";

struct Asked {
    extent: Extent,
    only: Option<Vec<String>>,
    seed: u64,
    seconds: Option<u64>,
    binary: PathBuf,
    list: bool,
}

fn main() -> ExitCode {
    let asked = match parse(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(error) => {
            eprint!("error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if asked.list {
        for campaign in CAMPAIGNS {
            println!("{:<11} {}", campaign.name, campaign.about);
        }
        return ExitCode::SUCCESS;
    }
    let rows: Vec<Row> = CAMPAIGNS.iter().filter(|c| is_asked(&asked, c)).map(|c| run(c, &asked)).collect();
    println!("\n{}", table(&rows));
    let good = rows.iter().all(|row| row.outcome.as_ref().is_ok_and(|outcome| outcome.findings.is_empty()));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked {
        extent: Extent::Ci,
        only: None,
        seed: 1,
        seconds: None,
        binary: PathBuf::from("target/release/codeagent"),
        list: false,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("not a number: {text}"));
        match arg.as_str() {
            "--long" => asked.extent = Extent::Long,
            "--only" => asked.only = Some(value()?.split(',').map(str::to_owned).collect()),
            "--seed" => asked.seed = number(value()?)?,
            "--seconds" => asked.seconds = Some(number(value()?)?),
            "--binary" => asked.binary = value()?.into(),
            "--list" => asked.list = true,
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    let known = |name: &String| CAMPAIGNS.iter().any(|campaign| campaign.name == name);
    match asked.only.iter().flatten().find(|name| !known(name)) {
        Some(name) => Err(format!("no such campaign: {name}")),
        None => Ok(asked),
    }
}

fn is_asked(asked: &Asked, campaign: &Campaign) -> bool {
    asked.only.as_ref().is_none_or(|only| only.iter().any(|name| name == campaign.name))
}

fn run(campaign: &Campaign, asked: &Asked) -> Row {
    println!("\n── {}: {}", campaign.name, campaign.about);
    let began = Instant::now();
    let outcome = in_scratch(campaign, asked);
    if let Ok(outcome) = &outcome {
        for finding in &outcome.findings {
            println!("FOUND ({}) {}", finding.broken, finding.story);
        }
    }
    Row { name: campaign.name, elapsed: began.elapsed(), outcome }
}

fn in_scratch(campaign: &Campaign, asked: &Asked) -> Result<Outcome, String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let binary = asked.binary.canonicalize();
    let terms = Terms {
        extent: asked.extent,
        seed: asked.seed,
        seconds: asked.seconds,
        binary: binary.map_err(|error| format!("{}: {error}", asked.binary.display()))?,
        scratch: scratch.path().to_owned(),
    };
    let outcome = (campaign.run)(&terms)?;
    if !outcome.findings.is_empty() {
        println!("kept for a look: {}", scratch.keep().display());
    }
    Ok(outcome)
}
