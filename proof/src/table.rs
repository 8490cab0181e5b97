//! The table that a run ends with: one line a campaign.
use std::time::Duration;

use crate::campaign::{Broken, Outcome};

/// A campaign that came to its end.
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// How long it took.
    pub elapsed: Duration,
    /// What it answered.
    pub outcome: Result<Outcome, String>,
}

const COLUMNS: [Broken; 5] =
    [Broken::Lost, Broken::Repeated, Broken::Stuck, Broken::NeedsHand, Broken::Wrong];

/// All rows, with their head.
pub fn table(rows: &[Row]) -> String {
    let tried: Vec<String> = rows.iter().map(tried).collect();
    let width = tried.iter().map(String::len).max().unwrap_or(0).max(5);
    let mut text = format!("{:<11} {:>8}  {:<width$}", "campaign", "seconds", "tried");
    for column in COLUMNS {
        text.push_str(&format!("  {column}"));
    }
    for (row, tried) in rows.iter().zip(&tried) {
        text.push_str(&format!("\n{:<11} {:>8.1}  {tried:<width$}", row.name, row.elapsed.as_secs_f64()));
        if let Ok(outcome) = &row.outcome {
            for column in COLUMNS {
                let head = column.to_string();
                text.push_str(&format!("  {:>1$}", outcome.count(column), head.len()));
            }
        }
    }
    text
}

fn tried(row: &Row) -> String {
    match &row.outcome {
        Err(error) => format!("could not go on: {error}"),
        Ok(outcome) => {
            let counts = outcome.tried.iter().map(|(count, unit)| format!("{} {unit}", grouped(*count)));
            let skipped = outcome.skipped.iter().map(|why| format!("skipped: {why}"));
            counts.chain(skipped).collect::<Vec<_>>().join(", ")
        }
    }
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_what_was_found() {
        let mut outcome = Outcome::default();
        outcome.tried(1_234_567, "states");
        outcome.found(Broken::Lost, "gone");
        let row = Row { name: "explore", elapsed: Duration::from_millis(1500), outcome: Ok(outcome) };
        let text = table(&[row]);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("explore          1.5  1,234,567 states"), "{text}");
        assert_eq!(last.split_whitespace().rev().take(5).collect::<String>(), "00001");
    }
}
