//! Tables: `label  value` lines, and lists whose last column gets what is left of the window.

use super::fit;

/// A list with a heading line. All columns but the last are as wide as their widest cell.
pub(crate) struct Columns<const N: usize> {
    widths: [usize; N],
    window: Option<usize>,
}

impl<const N: usize> Columns<N> {
    /// Columns that hold at least these headings.
    pub(crate) fn new(headings: &[String; N], window: Option<usize>) -> Self {
        Self { widths: std::array::from_fn(|i| fit::width(&headings[i])), window }
    }

    /// Makes room for a cell.
    pub(crate) fn hold(&mut self, column: usize, text: &str) {
        self.widths[column] = self.widths[column].max(fit::width(text));
    }

    /// A row; `ink` may colour a cell after it was fitted.
    pub(crate) fn row(&self, cells: &[&str; N], ink: impl Fn(usize, String) -> String) -> String {
        let mut line = String::new();
        let mut used = 0;
        for (i, cell) in cells.iter().enumerate() {
            let last = i + 1 == N;
            let text = if last { self.rest(cell, used) } else { fit::pad(cell, self.widths[i]) };
            line.push_str(&ink(i, text));
            if !last {
                line.push_str("  ");
                used += self.widths[i] + 2;
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// The last cell: cut to the window, but never to less than is worth reading.
    fn rest(&self, cell: &str, used: usize) -> String {
        const LEAST: usize = 20;
        match self.window {
            Some(window) => fit::cut(cell, window.saturating_sub(used).max(LEAST)),
            None => cell.to_owned(),
        }
    }
}

/// `label  value` lines with the values in one column.
#[derive(Default)]
pub(crate) struct Facts(Vec<(String, String)>);

impl Facts {
    /// Adds a line. An empty label continues the value before.
    pub(crate) fn add(&mut self, label: impl Into<String>, value: impl Into<String>) {
        self.0.push((label.into(), value.into()));
    }

    /// The lines; `ink` colours the labels.
    pub(crate) fn lines(&self, ink: impl Fn(String) -> String) -> Vec<String> {
        let widest = self.0.iter().map(|(label, _)| fit::width(label)).max().unwrap_or(0);
        let blank = " ".repeat(widest + 2);
        let lines = self.0.iter().map(|(label, value)| {
            let value = value.replace('\n', &format!("\n{blank}"));
            format!("{}  {value}", ink(fit::pad(label, widest)))
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_gets_the_rest() {
        let headings = ["ID", "ТЕКСТ"].map(String::from);
        let mut columns = Columns::new(&headings, Some(30));
        columns.hold(0, "task_1");
        let plain = |_, text| text;
        assert_eq!(columns.row(&["ID", "ТЕКСТ"], plain), "ID      ТЕКСТ");
        let long = "a".repeat(40);
        assert_eq!(columns.row(&["x", &long], plain), format!("x       {}…", "a".repeat(21)));
        assert_eq!(columns.row(&["x", ""], plain), "x");
    }

    #[test]
    fn without_a_window_nothing_is_cut() {
        let columns = Columns::new(&["A", "B"].map(String::from), None);
        let long = "b".repeat(500);
        assert_eq!(columns.row(&["a", &long], |_, text| text), format!("a  {long}"));
    }

    #[test]
    fn facts_line_up() {
        let mut facts = Facts::default();
        facts.add("Server", "none");
        facts.add("Задачи", "12\n7 done");
        assert_eq!(facts.lines(|l| l), ["Server  none", "Задачи  12\n        7 done"]);
    }
}
