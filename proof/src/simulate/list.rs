//! The simulated project's TODO list: how people and agents edit it, and what of it is not ours to change.
use std::{fs, io, path::PathBuf};

/// The list in its file, and what it should hold but for boxes and our comments.
pub(super) struct List {
    path: PathBuf,
    /// What others wrote last, with open boxes and without our comments.
    written: String,
}

/// One task's line, as it stands in the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// Blanks before the bullet.
    indent: usize,
    /// What stands in the box.
    pub(super) mark: char,
    /// The task's text.
    pub(super) text: String,
    /// The comments after it.
    rest: String,
}

impl Item {
    /// Whether the list gives it an id.
    pub(super) fn has_id(&self) -> bool {
        self.rest.contains("id:")
    }
}

/// A line that is no task stays as it is.
enum Row {
    Item(Item),
    Other(String),
}

impl List {
    /// A new list of these tasks; those after the first of a family are nested under it.
    pub(super) fn create(path: PathBuf, families: &[Vec<String>]) -> io::Result<Self> {
        let mut text = String::from("# Plan\n\nWhat is to be done:\n\n");
        for family in families {
            for (place, task) in family.iter().enumerate() {
                let indent = if place == 0 { "" } else { "  " };
                text.push_str(&format!("{indent}- [ ] {task}\n"));
            }
        }
        text.push_str("\nEnd.\n");
        let mut list = Self { path, written: String::new() };
        list.put(&text)?;
        Ok(list)
    }

    /// The tasks that stand there now.
    pub(super) fn items(&self) -> io::Result<Vec<Item>> {
        let rows = rows(&fs::read_to_string(&self.path)?);
        Ok(rows
            .into_iter()
            .filter_map(|row| if let Row::Item(item) = row { Some(item) } else { None })
            .collect())
    }

    /// Whether someone else's bytes were changed; says which.
    pub(super) fn damage(&self) -> io::Result<Option<String>> {
        let now = plain(&fs::read_to_string(&self.path)?);
        Ok((now != self.written).then(|| format!("expected {:?}, found {now:?}", self.written)))
    }

    /// Puts a mark into a task's box.
    pub(super) fn mark(&mut self, text: &str, mark: char) -> io::Result<()> {
        self.edit(|rows| {
            for row in rows {
                if let Row::Item(item) = row
                    && item.text == text
                {
                    item.mark = mark;
                }
            }
        })
    }

    /// Gives a task another text.
    pub(super) fn rename(&mut self, text: &str, to: &str) -> io::Result<()> {
        self.edit(|rows| {
            for row in rows {
                if let Row::Item(item) = row
                    && item.text == text
                {
                    to.clone_into(&mut item.text);
                }
            }
        })
    }

    /// Takes a task's line away.
    pub(super) fn delete(&mut self, text: &str) -> io::Result<()> {
        self.edit(|rows| rows.retain(|row| !matches!(row, Row::Item(item) if item.text == text)))
    }

    /// Puts a new task at that place among the lines after the head.
    pub(super) fn insert(&mut self, text: &str, at: usize) -> io::Result<()> {
        let item = Item { indent: 0, mark: ' ', text: text.to_owned(), rest: String::new() };
        self.edit(|rows| rows.insert(at.min(rows.len()), Row::Item(item)))
    }

    /// Gives a task an id of its own, behind its text.
    pub(super) fn give_id(&mut self, text: &str, id: &str) -> io::Result<()> {
        self.edit(|rows| {
            for row in rows {
                if let Row::Item(item) = row
                    && item.text == text
                    && !item.rest.contains("id:")
                {
                    item.rest.push_str(&format!(" <!-- id: {id} -->"));
                }
            }
        })
    }

    /// Writes the file anew, byte for byte the same: editors do.
    pub(super) fn rewrite(&mut self) -> io::Result<()> {
        self.edit(|_| {})
    }

    fn edit(&mut self, change: impl FnOnce(&mut Vec<Row>)) -> io::Result<()> {
        let mut rows = rows(&fs::read_to_string(&self.path)?);
        change(&mut rows);
        let text: String = rows.iter().map(Row::line).collect();
        self.put(&text)
    }

    /// As a new file under the old name, so that it differs from the one before whatever the system's clock says.
    fn put(&mut self, text: &str) -> io::Result<()> {
        let temporary = self.path.with_extension("new");
        fs::write(&temporary, text)?;
        fs::rename(&temporary, &self.path)?;
        self.written = plain(text);
        Ok(())
    }
}

fn rows(text: &str) -> Vec<Row> {
    text.lines().map(|line| item(line).map_or_else(|| Row::Other(line.to_owned()), Row::Item)).collect()
}

fn item(line: &str) -> Option<Item> {
    let body = line.trim_start();
    let indent = line.len() - body.len();
    let body = body.strip_prefix("- [")?;
    let mark = body.chars().next()?;
    let body = body.get(1..)?.strip_prefix("] ")?;
    let (text, rest) = body.split_at(body.find(" <!--").unwrap_or(body.len()));
    Some(Item { indent, mark, text: text.to_owned(), rest: rest.to_owned() })
}

impl Row {
    fn line(&self) -> String {
        match self {
            Self::Other(line) => format!("{line}\n"),
            Self::Item(Item { indent, mark, text, rest }) => {
                format!("{}- [{mark}] {text}{rest}\n", " ".repeat(*indent))
            }
        }
    }
}

/// A list with open boxes and without the comments that we leave.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for row in rows(text) {
        match row {
            Row::Other(line) => plain.push_str(&format!("{line}\n")),
            Row::Item(mut item) => {
                item.mark = ' ';
                while let Some(from) = item.rest.find(" <!-- codeagent - ")
                    && let Some(len) = item.rest[from..].find("-->")
                {
                    item.rest.replace_range(from..from + len + 3, "");
                }
                plain.push_str(&Row::Item(item).line());
            }
        }
    }
    plain
}
