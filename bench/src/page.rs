//! The page with the figures: each section is printed, and put in its place in `docs/performance.md` where that is
//! wanted. A run of one section leaves the others as they are.
use std::{fmt::Write as _, fs, path::Path};

use crate::measure::Result;

/// What one section has found.
pub(crate) struct Section {
    /// One word, as on the command line.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// Markdown.
    pub(crate) text: String,
    /// Name without ending, and the SVG.
    pub(crate) plots: Vec<(&'static str, String)>,
}

const FOLDER: &str = "docs/performance";
const PAGE: &str = "docs/performance.md";
const HEAD: &str = "\
# Performance

Measured by `cargo xtask bench --write` in interleaved rounds of one run; each figure is a median with the least and the
greatest beside it, and ratios are made within a round. Machines differ: the ratios hold better than the figures.
";

impl Section {
    fn to_markdown(&self, machine: &str) -> String {
        let mut text = format!("## {}\n\n{}\n", self.title, self.text.trim());
        for (name, _) in &self.plots {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n![{name}](performance/{name}.svg)");
        }
        text + &format!("\n{machine}.\n")
    }

    /// Puts the section in its place below that folder.
    pub(crate) fn write(&self, root: &Path, machine: &str) -> Result<()> {
        let page = root.join(PAGE);
        fs::create_dir_all(root.join(FOLDER))?;
        let former = fs::read_to_string(&page).unwrap_or_else(|_| HEAD.into());
        fs::write(&page, replaced(&former, self.name, &self.to_markdown(machine)))?;
        for (name, svg) in &self.plots {
            fs::write(root.join(FOLDER).join(format!("{name}.svg")), svg)?;
        }
        Ok(())
    }
}

/// The page with this section in the place of the one of that name, or at its end.
fn replaced(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- bench: {name} -->\n"), format!("<!-- end: {name} -->\n"));
    let (before, after) = match (page.find(&begin), page.find(&end)) {
        (Some(from), Some(to)) if from < to => (&page[..from], &page[to + end.len()..]),
        _ => (page, ""),
    };
    let gap = if before.ends_with("\n\n") { "" } else { "\n" };
    format!("{before}{gap}{begin}{text}{end}{after}")
}

/// A table in Markdown: the first row is its head.
pub(crate) fn table<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = String::new();
    for (index, row) in rows.into_iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|---|{}", "---:|".repeat(N - 1));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_its_place_again() {
        let one = replaced(HEAD, "store", "one\n");
        let both = replaced(&one, "scale", "two\n");
        let again = replaced(&both, "store", "three\n");
        assert!(again.contains("<!-- bench: store -->\nthree\n<!-- end: store -->\n"), "{again}");
        assert!(!again.contains("one\n") && again.ends_with("two\n<!-- end: scale -->\n"), "{again}");
        assert_eq!(replaced(&again, "store", "three\n"), again);
    }

    #[test]
    fn a_table_has_a_head() {
        let rows = [["who", "rate"], ["we", "1"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(rows), "| who | rate |\n|---|---:|\n| we | 1 |\n");
    }
}
