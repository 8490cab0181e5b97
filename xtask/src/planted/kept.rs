//! The bugs that are kept in `proof/planted`: a patch each, headed by what it is, in both languages, and who finds it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::steps::root;

/// One bug.
#[derive(Debug)]
pub(crate) struct Planted {
    /// The file's name, without `.patch`.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    /// One sentence.
    pub(crate) en: String,
    /// The same in Russian.
    pub(crate) ru: String,
    /// What must find it: the campaign's name, then arguments if it needs any.
    pub(crate) campaign: Vec<String>,
}

impl Planted {
    pub(crate) fn campaign(&self) -> String {
        self.campaign.join(" ")
    }
}

/// All of them, in the order of their names.
pub(crate) fn all() -> Result<Vec<Planted>, String> {
    let dir = root().join("proof/planted");
    let entries = fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Planted, String> {
    let wrong = |what: &str| format!("{}: {what}", path.display());
    let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
    let heading = |key: &str| {
        let mut head = text.lines().take_while(|line| !line.starts_with("diff "));
        let value = head.find_map(|line| line.strip_prefix(key)).map(str::trim);
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| wrong(&format!("no line `{key} …` at its head")))
    };
    Ok(Planted {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        file: path.to_owned(),
        en: heading("en:")?.to_owned(),
        ru: heading("ru:")?.to_owned(),
        campaign: heading("campaign:")?.split_whitespace().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn every_bug_has_its_heading_and_still_fits_the_sources() {
        let bugs = all().unwrap();
        assert!(!bugs.is_empty());
        for bug in bugs {
            let mut check = Command::new("git");
            let output =
                check.args(["apply", "--check"]).arg(&bug.file).current_dir(root()).output().unwrap();
            assert!(output.status.success(), "{}: {}", bug.name, String::from_utf8_lossy(&output.stderr));
        }
    }

    #[test]
    fn a_patch_without_a_heading_is_told() {
        let path = std::env::temp_dir().join(format!("headless-{}.patch", std::process::id()));
        fs::write(&path, "en: a bug\ndiff --git a/x b/x\n+ru: not in the head\n").unwrap();
        let told = read(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        assert!(told.ends_with("no line `ru: …` at its head"), "{told}");
    }
}
