//! What a power cut leaves of the operations that were not durable: every subset of them where there are few, else many,
//! and every way in which a single one may be done by halves.
use std::{collections::HashMap, fmt, path::Path};

use crate::{
    conformance::Dice,
    file::twin::{Cut, Fate, Log, Op},
};

/// How far to go at one cut.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Subsets of what is pending: all of them, if there are no more than so many; else so many at random.
    pub subsets: u64,
    /// Places, at random, at which each pending write is torn, besides those that are always tried.
    pub tears: u64,
    /// Mixtures at random, in which any pending operation may be done by halves.
    pub mixtures: u64,
    /// Of so many disks one is looked at closely: closed and opened again, and its recovery cut off at every operation.
    pub close_look: u64,
}

/// What becomes of each pending operation; those that are not named are kept.
#[derive(Clone, Default)]
pub(super) struct Fates(HashMap<usize, Fate>);

impl Fates {
    pub(super) fn of(&self, at: usize) -> Fate {
        self.0.get(&at).copied().unwrap_or(Fate::Kept)
    }
}

impl fmt::Debug for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fates: Vec<_> = self.0.iter().filter(|(_, fate)| **fate != Fate::Kept).collect();
        fates.sort_unstable_by_key(|(at, _)| **at);
        f.debug_map().entries(fates).finish()
    }
}

/// Operations of which only the last that is kept can be told from a disk: a chain of writes over each other.
/// Most are chains of one.
struct Choice(Vec<usize>);

impl Choice {
    /// 0: nothing of it is kept.
    fn options(&self) -> u64 {
        self.0.len() as u64 + 1
    }

    fn choose(&self, option: u64, fates: &mut Fates) {
        for (place, at) in self.0.iter().enumerate() {
            fates.0.insert(*at, if (place as u64) < option { Fate::Kept } else { Fate::Lost });
        }
    }
}

/// Whether a file tells a recovery anything.
pub(super) fn matters(path: &Path) -> bool {
    !path.ends_with(".gitignore") && path.extension().is_none_or(|extension| extension != "lock")
}

/// The ways in which one cut may end.
pub(super) struct Survivals<'c> {
    log: &'c Log,
    choices: Vec<Choice>,
    pending: Vec<(usize, &'c Op)>,
    dice: Dice,
    effort: Effort,
}

impl<'c> Survivals<'c> {
    pub(super) fn of(log: &'c Log, cut: &Cut<'c>, dice: Dice, effort: Effort) -> Self {
        let (mut choices, mut pending): (Vec<Choice>, Vec<_>) = (Vec::new(), Vec::new());
        let mut chains: HashMap<(usize, u64, usize), usize> = HashMap::new();
        for (at, op) in cut.pending() {
            let path = match op {
                Op::Write { file, .. } | Op::SetLen { file, .. } => log.first_name(*file),
                Op::Create { path, .. } | Op::Unlink { path } => Some(path.as_path()),
                _ => None,
            };
            if !path.is_none_or(matters) {
                continue;
            }
            pending.push((at, op));
            let chain = match op {
                Op::Write { file, offset, bytes } => chains.entry((*file, *offset, bytes.len())),
                _ => {
                    choices.push(Choice(vec![at]));
                    continue;
                }
            };
            let place = *chain.or_insert(choices.len());
            match choices.get_mut(place) {
                Some(choice) => choice.0.push(at),
                None => choices.push(Choice(vec![at])),
            }
        }
        Self { log, choices, pending, dice, effort }
    }

    /// Gives each of them to `see`.
    pub(super) fn each(mut self, mut see: impl FnMut(&Fates)) {
        see(&Fates::default());
        self.subsets(&mut see);
        self.halves(&mut see);
        for _ in 0..self.effort.mixtures * u64::from(!self.pending.is_empty()) {
            let mut fates = self.random();
            for place in 0..self.pending.len() {
                if self.dice.throw(3) == 0 {
                    let (at, op) = self.pending[place];
                    let half = self.a_half(at, op);
                    fates.0.insert(at, half);
                }
            }
            see(&fates);
        }
    }

    fn subsets(&mut self, see: &mut impl FnMut(&Fates)) {
        let all = self.choices.iter().try_fold(1_u64, |all, choice| all.checked_mul(choice.options()));
        if let Some(all) = all.filter(|all| *all <= self.effort.subsets) {
            (0..all).for_each(|number| see(&self.numbered(number)));
            return;
        }
        for lost in &self.choices {
            let mut alone = Fates::default();
            lost.choose(0, &mut alone);
            see(&alone);
            let mut others = self.numbered(0);
            lost.choose(lost.options() - 1, &mut others);
            see(&others);
        }
        for upto in 0..self.choices.len() {
            let mut prefix = self.numbered(0);
            self.choices[..upto].iter().for_each(|choice| choice.choose(choice.options() - 1, &mut prefix));
            see(&prefix);
        }
        for _ in 0..self.effort.subsets {
            see(&self.random());
        }
    }

    /// The subset of that number, in the order of counting.
    fn numbered(&self, mut number: u64) -> Fates {
        let mut fates = Fates::default();
        for choice in &self.choices {
            choice.choose(number % choice.options(), &mut fates);
            number /= choice.options();
        }
        fates
    }

    fn random(&mut self) -> Fates {
        let mut fates = Fates::default();
        for choice in &self.choices {
            choice.choose(self.dice.throw(choice.options()), &mut fates);
        }
        fates
    }

    /// Each operation by halves, among others that are kept, lost, or mixed.
    fn halves(&mut self, see: &mut impl FnMut(&Fates)) {
        for place in 0..self.pending.len() {
            let (at, op) = self.pending[place];
            for half in self.halves_of(at, op) {
                let mixed = self.random();
                for mut fates in [Fates::default(), self.numbered(0), mixed] {
                    fates.0.insert(at, half);
                    see(&fates);
                }
            }
        }
    }

    fn halves_of(&mut self, at: usize, op: &Op) -> Vec<Fate> {
        let (offset, len) = match op {
            Op::Write { offset, bytes, .. } => (*offset as usize, bytes.len()),
            Op::Rename { .. } => return vec![Fate::Doubled],
            _ => return Vec::new(),
        };
        let first_sector = 512 - offset % 512;
        let sectors = len.saturating_sub(first_sector).div_ceil(512) + 1;
        let mut halves = vec![Fate::Zeroed, Fate::Torn(1), Fate::Torn(len.saturating_sub(1))];
        if sectors > 1 {
            halves.extend((0..sectors.min(24) - 1).map(|n| Fate::Torn(first_sector + n * 512)));
            halves
                .extend((0..sectors.min(24)).flat_map(|n| [Fate::Sectors(1 << n), Fate::Sectors(!(1 << n))]));
        }
        halves.extend((0..self.effort.tears).map(|_| self.a_half(at, op)));
        halves
    }

    fn a_half(&mut self, at: usize, op: &Op) -> Fate {
        match op {
            Op::Write { bytes, .. } => match self.dice.throw(8) {
                0 => Fate::Zeroed,
                1 => Fate::Sectors(self.dice.throw(u64::MAX)),
                2 => self.stale(at, op),
                _ => Fate::Torn(self.dice.throw(bytes.len() as u64 + 1) as usize),
            },
            Op::Rename { .. } if self.dice.throw(2) == 0 => Fate::Doubled,
            _ => Fate::Lost,
        }
    }

    /// Only a block that is new to the file can hold what another file has left in it.
    fn stale(&mut self, at: usize, op: &Op) -> Fate {
        let Op::Write { file: ours, offset, .. } = op else { return Fate::Lost };
        let from = self.dice.throw(at as u64 + 1) as usize;
        let is_filled = self.log.ops[..at].iter().any(|op| match op {
            Op::Write { file, offset: begin, bytes } => file == ours && begin + bytes.len() as u64 > *offset,
            _ => false,
        });
        match &self.log.ops[from] {
            Op::Write { file, .. } if file != ours && !is_filled => Fate::Stale(from),
            _ => Fate::Zeroed,
        }
    }
}
