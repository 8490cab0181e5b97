//! Small changes to an input: bits, numbers, pieces twice, pieces of others, and words that mean something.
use crate::dice::Dice;

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 4096;

/// Bytes that are the edges of something.
const EDGES: &[u8] = &[0, 1, 9, 10, 13, 32, 34, 39, 45, 58, 91, 92, 93, 123, 125, 127, 128, 255];

/// An input made of one that was kept and, perhaps, another.
pub(super) fn mutated(dice: &mut Dice, input: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(6) {
        change(dice, &mut bytes, other, words);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + dice.below(32)).min(bytes.len());
    match dice.below(10) {
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = dice.any() as u8,
        2 => bytes.insert(at, dice.pick(EDGES).copied().unwrap_or(0)),
        3 => _ = bytes.drain(at..end),
        4 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        5 => {
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(64)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        6 => {
            let number = ["0", "-1", "255", "65536", "4294967296", "18446744073709551615", "1e999"];
            let number = dice.pick(&number).copied().unwrap_or("0");
            bytes.splice(at..end, number.bytes());
        }
        7 => bytes.truncate(at),
        _ => {
            let word = dice.pick(words).copied().unwrap_or("x");
            bytes.splice(at..at, word.bytes());
        }
    }
}
