//! What a campaign is told, and what it answers: one row of the table.
use std::fmt;
use std::path::PathBuf;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All campaigns together in at most five minutes on two cores.
    Ci,
    /// As far as it goes; hours are all right.
    Long,
}

/// What a campaign is told.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How much to try.
    pub extent: Extent,
    /// Where chance begins: the same seed makes the same run, as far as real processes allow.
    pub seed: u64,
    /// How long a campaign that could go on for ever goes on, in seconds; none: as long as its extent says.
    pub seconds: Option<u64>,
    /// The program under test.
    pub binary: PathBuf,
    /// An empty folder of the campaign's own; removed afterwards unless something was found.
    pub scratch: PathBuf,
}

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Something acknowledged is gone.
    Lost,
    /// A task ran again after its completion was durable, or twice at a time.
    Repeated,
    /// It does not go on, or does not end.
    Stuck,
    /// It goes on only after somebody did something.
    NeedsHand,
    /// It says what is not so, panics, or breaks a rule of its own.
    Wrong,
}

/// What a campaign found: how it failed, and how to see it again.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which promise.
    pub broken: Broken,
    /// What was done, what was expected, what came; with the seed or the step that shows it again.
    pub story: String,
}

/// What a campaign answers.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How much was tried: `(12_345, "states")`. Only distinct things count.
    pub tried: Vec<(u64, &'static str)>,
    /// What was found; empty is what we want.
    pub findings: Vec<Finding>,
    /// Why nothing, or not everything, could be tried here.
    pub skipped: Option<String>,
}

impl Outcome {
    /// How many findings of a kind.
    pub fn count(&self, broken: Broken) -> usize {
        self.findings.iter().filter(|finding| finding.broken == broken).count()
    }

    /// Notes a finding.
    pub fn found(&mut self, broken: Broken, story: impl Into<String>) {
        self.findings.push(Finding { broken, story: story.into() });
    }

    /// Counts what was tried.
    pub fn tried(&mut self, count: u64, unit: &'static str) {
        match self.tried.iter_mut().find(|(_, known)| *known == unit) {
            Some((sum, _)) => *sum += count,
            None => self.tried.push((count, unit)),
        }
    }
}

/// A campaign: its name, what it tries in one line, and how.
pub struct Campaign {
    /// As `--only` takes it.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Runs it. An error means that the campaign itself could not go on, not that it found something.
    pub run: fn(&Terms) -> Result<Outcome, String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Repeated => "repeated",
            Self::Stuck => "stuck",
            Self::NeedsHand => "needs a hand",
            Self::Wrong => "wrong",
        })
    }
}
