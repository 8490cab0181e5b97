//! The names of a store's files, all beside the snapshot; a name that carries an epoch is never used twice.
//!
//! ```text
//! DIR/NAME.json              snapshot            DIR/NAME.journal-<epoch>   what followed snapshot <epoch>
//! DIR/NAME.json.backup       the one before      DIR/NAME.mark-<epoch>      how far that journal is durable
//! DIR/NAME.lock              the one writer      DIR/NAME.tmp-<epoch>       a snapshot being written
//!                                                DIR/NAME.link-<epoch>      a backup being made
//! anything.<reason>-<n>      set aside: never read, never overwritten, never deleted
//! ```
use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The last epoch there is. A name with a later one was not given by a store, which begins at 1 and adds 1: counting
/// it would leave no room for those that follow.
pub(crate) const LAST_EPOCH: u64 = (1 << 62) - 1;

/// Where each file of one store lies.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    dir: PathBuf,
    main: PathBuf,
    /// The snapshot's file name without `.json`.
    stem: OsString,
}

/// What a file that carries an epoch is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Journal,
    Mark,
    /// A snapshot that is being written.
    Temporary,
    /// The second name of a snapshot that becomes the backup.
    Link,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Journal, Self::Mark, Self::Temporary, Self::Link];

    fn infix(self) -> &'static str {
        match self {
            Self::Journal => ".journal-",
            Self::Mark => ".mark-",
            Self::Temporary => ".tmp-",
            Self::Link => ".link-",
        }
    }
}

impl Names {
    /// The names of the store whose snapshot is `main`. None where the path names no file.
    pub(crate) fn of(main: &Path) -> Option<Self> {
        let file = main.file_name()?;
        let stem = match main.extension() {
            Some(extension) if extension == "json" => main.file_stem()?.to_owned(),
            _ => file.to_owned(),
        };
        let dir = match main.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
            _ => PathBuf::from("."),
        };
        Some(Self { dir, main: main.to_owned(), stem })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn main(&self) -> &Path {
        &self.main
    }

    pub(crate) fn backup(&self) -> PathBuf {
        let mut name = self.main.clone().into_os_string();
        name.push(".backup");
        name.into()
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.with_suffix(".lock")
    }

    pub(crate) fn gitignore(&self) -> PathBuf {
        self.dir.join(".gitignore")
    }

    /// How the names of all files of the store begin.
    pub(crate) fn stem(&self) -> &OsStr {
        &self.stem
    }

    /// Whether a file of the folder belongs to this store, set aside or not.
    pub(crate) fn is_ours(&self, name: &OsStr) -> bool {
        name.as_encoded_bytes().starts_with(self.stem.as_encoded_bytes())
    }

    pub(crate) fn of_epoch(&self, kind: Kind, epoch: u64) -> PathBuf {
        self.with_suffix(&format!("{}{epoch}", kind.infix()))
    }

    fn with_suffix(&self, suffix: &str) -> PathBuf {
        let mut name = self.stem.clone();
        name.push(suffix);
        self.dir.join(name)
    }

    /// What a file of the folder is to this store, if it carries an epoch.
    pub(crate) fn parse(&self, name: &OsStr) -> Option<(Kind, u64)> {
        let rest = name.as_encoded_bytes().strip_prefix(self.stem.as_encoded_bytes())?;
        let rest = std::str::from_utf8(rest).ok()?;
        Kind::ALL.into_iter().find_map(|kind| {
            let digits = rest.strip_prefix(kind.infix())?;
            // One spelling for each number: `+1` and `01` are not ours.
            let epoch: u64 = digits.parse().ok()?;
            (epoch <= LAST_EPOCH && epoch.to_string() == digits).then_some((kind, epoch))
        })
    }

    /// A name for a file that is set aside: the first free one of `<file>.<reason>-1`, `-2`, ….
    pub(crate) fn aside(path: &Path, reason: &str, is_taken: impl Fn(&Path) -> bool) -> PathBuf {
        let candidate = |n: u32| {
            let mut name = path.to_owned().into_os_string();
            name.push(format!(".{reason}-{n}"));
            PathBuf::from(name)
        };
        (1..).map(candidate).find(|name| !is_taken(name)).unwrap_or_else(|| candidate(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::of(Path::new("data/.codeagent_checkpoint.json")).unwrap()
    }

    #[test]
    fn are_the_contracts() {
        let names = names();
        assert_eq!(names.backup(), Path::new("data/.codeagent_checkpoint.json.backup"));
        assert_eq!(names.lock(), Path::new("data/.codeagent_checkpoint.lock"));
        let journal = names.of_epoch(Kind::Journal, 7);
        assert_eq!(journal, Path::new("data/.codeagent_checkpoint.journal-7"));
        assert_eq!(names.parse(journal.file_name().unwrap()), Some((Kind::Journal, 7)));
    }

    #[test]
    fn what_was_set_aside_is_no_longer_ours() {
        let names = names();
        let journal = names.of_epoch(Kind::Journal, 7);
        let aside =
            Names::aside(&journal, "reset", |path| path.ends_with(".codeagent_checkpoint.journal-7.reset-1"));
        assert_eq!(aside, Path::new("data/.codeagent_checkpoint.journal-7.reset-2"));
        assert_eq!(names.parse(aside.file_name().unwrap()), None);
        for other in [".codeagent_checkpoint.journal-07", ".codeagent_checkpoint.journal-", "x.journal-1"] {
            assert_eq!(names.parse(OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn an_epoch_that_leaves_no_room_is_not_ours() {
        let parse = |epoch| names().parse(names().of_epoch(Kind::Journal, epoch).file_name().unwrap());
        assert_eq!(parse(LAST_EPOCH), Some((Kind::Journal, LAST_EPOCH)));
        assert_eq!((parse(LAST_EPOCH + 1), parse(u64::MAX)), (None, None));
    }

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        let names = Names::of(Path::new("list.json")).unwrap();
        assert_eq!(names.dir(), Path::new("."));
        assert_eq!(names.lock(), Path::new("./list.lock"));
    }
}
