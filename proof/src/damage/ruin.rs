//! Ways to ruin one file, and which of them are tried together.
use super::sample::{Files, Part, Sample};
use crate::dice::Dice;

/// What becomes of one file.
#[derive(Clone, Debug)]
pub(super) enum Ruin {
    Flipped {
        bit: usize,
    },
    Cut {
        len: usize,
    },
    ZeroedFrom {
        at: usize,
    },
    /// A sector of what looks like nothing.
    Garbage {
        at: usize,
        seed: u64,
    },
    Gone,
    /// What it was at an earlier moment.
    Older,
    /// What once was the main file, before the backup was: somebody has put it back.
    Former {
        which: usize,
    },
    /// The same file of another store.
    OfOther,
    /// Another file of the same store.
    Swapped(Part),
    /// As Python's `json.dump` writes what it has loaded.
    SavedByPython,
}

/// Files and what becomes of them.
#[derive(Clone, Debug)]
pub(super) struct Case(pub(super) Vec<(Part, Ruin)>);

/// Bytes up to the last that is not zero.
pub(super) fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

impl Ruin {
    /// The file as it is then; none where it is gone.
    fn apply(&self, part: Part, sample: &Sample, other: &Sample) -> Option<Vec<u8>> {
        let path = part.path();
        let mut bytes = sample.files.get(&path)?.clone();
        match self {
            Self::Flipped { bit } => *bytes.get_mut(bit / 8)? ^= 1 << (bit % 8),
            Self::Cut { len } => bytes.truncate(*len),
            Self::ZeroedFrom { at } => bytes.get_mut(*at..)?.fill(0),
            Self::Garbage { at, seed } => {
                let mut dice = Dice::new(*seed);
                let garbage = (0..512).map(|_| dice.any() as u8);
                bytes.resize(bytes.len().max(at + 512), 0);
                bytes[*at..at + 512].iter_mut().zip(garbage).for_each(|(byte, garbage)| *byte = garbage);
            }
            Self::Gone => return None,
            Self::Older => return sample.older.get(&path).cloned(),
            Self::Former { which } => return sample.former.get(*which).cloned(),
            Self::OfOther => return other.files.get(&path).cloned(),
            Self::Swapped(with) => return sample.files.get(&with.path()).cloned(),
            Self::SavedByPython => {
                let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
                bytes = serde_json::to_string_pretty(&value).ok()?.into_bytes();
            }
        }
        Some(bytes)
    }

    /// Every way that is tried with that file alone.
    fn all(part: Part, sample: &Sample, dice: &mut Dice) -> Vec<Self> {
        let bytes = sample.files.get(&part.path()).map_or(&[][..], Vec::as_slice);
        let (end, len) = (used(bytes), bytes.len());
        let seldom = (end + 48).min(len)..len;
        let mut ruins: Vec<Self> = (0..(end + 48).min(len) * 8).map(|bit| Self::Flipped { bit }).collect();
        ruins.extend(seldom.clone().step_by(97).map(|at| Self::Flipped { bit: at * 8 + at % 8 }));
        ruins.extend((0..(end + 8).min(len)).map(|len| Self::Cut { len }));
        ruins.extend(seldom.step_by(512).map(|len| Self::Cut { len }));
        ruins.extend((0..end).map(|at| Self::ZeroedFrom { at }));
        ruins.extend((0..len).step_by(512).map(|at| Self::Garbage { at, seed: dice.any() }));
        ruins.extend((0..64).map(|_| Self::Garbage { at: dice.below(len), seed: dice.any() }));
        ruins.extend(Self::whole(part, sample));
        ruins
    }

    /// The whole file is another one.
    fn whole(part: Part, sample: &Sample) -> Vec<Self> {
        let mut ruins =
            vec![Self::Gone, Self::Cut { len: 0 }, Self::ZeroedFrom { at: 0 }, Self::Older, Self::OfOther];
        ruins.extend(Part::ALL.into_iter().filter(|other| *other != part).map(Self::Swapped));
        if part == Part::Main {
            ruins.push(Self::SavedByPython);
            ruins.extend((0..sample.former.len()).map(|which| Self::Former { which }));
        }
        ruins
    }
}

impl Case {
    /// Every file alone, pairs, and all sets of files gone.
    pub(super) fn all(sample: &Sample, pairs: usize, dice: &mut Dice) -> Vec<Self> {
        let mut cases = Vec::new();
        let singles = Part::ALL.map(|part| (part, Ruin::all(part, sample, dice)));
        for (at, (one, ruins)) in singles.iter().enumerate() {
            cases.extend(ruins.iter().map(|ruin| Self(vec![(*one, ruin.clone())])));
            for (other, others) in &singles[at + 1..] {
                for ruin in Ruin::whole(*one, sample) {
                    cases.extend(
                        Ruin::whole(*other, sample)
                            .into_iter()
                            .map(|with| Self(vec![(*one, ruin.clone()), (*other, with)])),
                    );
                }
                for _ in 0..pairs {
                    let pair = dice.pick(ruins).zip(dice.clone().pick(others));
                    dice.any();
                    cases.extend(
                        pair.map(|(ruin, with)| Self(vec![(*one, ruin.clone()), (*other, with.clone())])),
                    );
                }
            }
        }
        cases.extend((0..1_u32 << Part::ALL.len()).map(|set| {
            let gone = Part::ALL.into_iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            Self(gone.map(|(_, part)| (part, Ruin::Gone)).collect())
        }));
        cases
    }

    /// The files as they are then.
    pub(super) fn files(&self, sample: &Sample, other: &Sample) -> Files {
        let mut files = sample.files.clone();
        for (part, ruin) in &self.0 {
            match ruin.apply(*part, sample, other) {
                Some(bytes) => drop(files.insert(part.path(), bytes)),
                None => drop(files.remove(&part.path())),
            }
        }
        files
    }

    pub(super) fn is_saved_by_python(&self) -> bool {
        self.0.iter().any(|(_, ruin)| matches!(ruin, Ruin::SavedByPython))
    }
}
