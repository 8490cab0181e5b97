//! The demo's scratch project: eight small tasks, a configuration, an agent.
use std::{
    fs, io,
    path::{Path, PathBuf},
};

use codeagent_project::{fs::create_private_dirs, messages::Catalogue};

/// Ids and texts of the tasks, in the list's order.
const TASKS: [(&str, &str); 8] = [
    ("hello", "demo-task-hello"),
    ("copy", "demo-task-copy"),
    ("numbers", "demo-task-numbers"),
    ("flaky", "demo-task-flaky"),
    ("build", "demo-task-build"),
    ("impossible", "demo-task-impossible"),
    ("hang", "demo-task-hang"),
    ("report", "demo-task-report"),
];

/// A folder that goes with the demo unless it is kept.
#[derive(Debug)]
pub(super) struct Scratch {
    dir: PathBuf,
    kept: bool,
}

impl Scratch {
    /// Makes the folder and everything in it.
    pub(super) fn make(say: &Catalogue) -> io::Result<Self> {
        let scratch = Self { dir: free_dir()?, kept: false };
        create_private_dirs(&scratch.dir.join("config"))?;
        let write = |name: &str, text: &str| fs::write(scratch.dir.join(name), text);
        write("config/config.yaml", include_str!("config.yaml"))?;
        write("agent.sh", include_str!("agent.sh"))?;
        write("todo.md", &list(say))?;
        Ok(scratch)
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The list as it stands now.
    pub(super) fn todo(&self) -> io::Result<String> {
        fs::read_to_string(self.dir.join("todo.md"))
    }

    /// Removes the folder, or leaves it and says where it is.
    pub(super) fn finish(mut self, keep: bool) -> io::Result<Option<PathBuf>> {
        self.kept = true;
        if keep {
            return Ok(Some(self.dir.clone()));
        }
        fs::remove_dir_all(&self.dir).map(|()| None)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.dir); // the demo failed before, and says why
        }
    }
}

fn free_dir() -> io::Result<PathBuf> {
    let base = std::env::temp_dir().join(format!("codeagent-demo-{}", std::process::id()));
    for number in 0..100 {
        let dir = base.with_extension(number.to_string());
        if !dir.exists() {
            create_private_dirs(&dir)?;
            return dir.canonicalize();
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn list(say: &Catalogue) -> String {
    let mut text = format!("# {}\n\n", say.text("demo-list-title"));
    for (id, key) in TASKS {
        text.push_str(&format!("- [ ] {} <!-- id: {id} -->\n", say.text(key)));
    }
    text
}
