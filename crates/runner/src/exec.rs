//! Finding a program and checking a command before it is started, so that errors are exact.
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::linux::launch::Command;
use crate::spec::{AttemptSpec, Item, SpawnError};
use crate::survivors::search::ServerMark;
use crate::{ATTEMPT_ID_VAR, PROJECT_DIR_VAR, SERVER_VAR};

/// The system refuses a single argument or `NAME=VALUE` of this many bytes (with its final NUL: one more).
pub const MAX_STRING_BYTES: usize = 128 * 1024;

/// The programs of agents that we know by name.
const KNOWN_AGENTS: [&str; 8] =
    ["claude", "codex", "gemini", "cursor-agent", "opencode", "aider", "copilot", "qwen"];

/// What PATH is where there is none.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Which known agents are found in PATH, in a fixed order.
pub fn agents_in_path() -> Vec<&'static str> {
    agents_in(std::env::var_os("PATH").as_deref())
}

fn agents_in(path: Option<&OsStr>) -> Vec<&'static str> {
    // A relative folder in PATH means another one in each project: none of it is told.
    let nowhere = Path::new("/dev/null");
    KNOWN_AGENTS.into_iter().filter(|name| find(OsStr::new(name), path, nowhere).is_ok()).collect()
}

/// The program's file as execvp would find it, but seen from `dir`: a name with a slash is a path, any other is looked
/// for in `path`.
pub(crate) fn find(program: &OsStr, path: Option<&OsStr>, dir: &Path) -> Result<PathBuf, SpawnError> {
    if program.as_bytes().contains(&b'/') {
        return executable(dir.join(program)).map_err(|error| refuse(program, error));
    }
    let mut refused = None;
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
    // An empty program would find the folders of PATH themselves.
    for folder in std::env::split_paths(path).filter(|_| !program.is_empty()) {
        match executable(dir.join(folder).join(program)) {
            Ok(found) => return Ok(found),
            // As execvp: one that may not be executed is passed by, and remembered.
            Err((file, error)) if error.kind() != io::ErrorKind::NotFound => {
                refused.get_or_insert((file, error));
            }
            Err(_) => {}
        }
    }
    Err(match refused {
        Some(refused) => refuse(program, refused),
        None => SpawnError::NotFound { program: program.to_owned() },
    })
}

fn refuse(program: &OsStr, (file, source): (PathBuf, io::Error)) -> SpawnError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            SpawnError::NotFound { program: program.to_owned() }
        }
        _ => SpawnError::NotExecutable { program: file, source },
    }
}

fn executable(file: PathBuf) -> Result<PathBuf, (PathBuf, io::Error)> {
    let check = || {
        let found = std::fs::metadata(&file)?;
        if found.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok(access(&file, Access::EXEC_OK)?)
    };
    match check() {
        Ok(()) => Ok(file),
        Err(error) => Err((file, error)),
    }
}

/// Checks everything that can be known before the start.
pub(crate) fn prepare(spec: &AttemptSpec) -> Result<Command, SpawnError> {
    if !spec.dir.is_dir() {
        return Err(SpawnError::DirGone { dir: spec.dir.clone() });
    }
    let program = spec.argv.first().ok_or(SpawnError::Empty)?;
    let arguments = spec.argv.iter().enumerate();
    let argv = arguments.map(|(index, word)| c_string(word.clone(), || Item::Argument(index)));
    let argv = argv.collect::<Result<_, _>>()?;
    let env = environment(spec);
    let path = env.get(OsStr::new("PATH")).cloned();
    let env = env.into_iter().map(|(name, value)| variable(name, &value)).collect::<Result<_, _>>()?;
    let file = find(program, path.as_deref(), &spec.dir)?;
    let item = || Item::Argument(0);
    Ok(Command {
        program: c_string(file.into_os_string(), item)?,
        argv,
        env,
        dir: c_string(spec.dir.clone().into_os_string(), || Item::Dir)?,
    })
}

/// Inherited, then the caller's, then the marks that survivors are found by.
fn environment(spec: &AttemptSpec) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    env.insert(PROJECT_DIR_VAR.into(), spec.dir.clone().into_os_string());
    env.extend(spec.env.iter().cloned());
    env.insert(ATTEMPT_ID_VAR.into(), spec.attempt_id.clone().into());
    // An inherited one names the server of the agent that started us.
    env.remove(OsStr::new(SERVER_VAR));
    env.extend(ServerMark::own().map(|mark| (SERVER_VAR.into(), mark.to_string().into())));
    env
}

fn variable(name: OsString, value: &OsStr) -> Result<CString, SpawnError> {
    // All of it at once, with its final NUL: there are many, for every attempt.
    let mut both = OsString::with_capacity(name.len() + value.len() + 2);
    both.push(&name);
    both.push("=");
    both.push(value);
    c_string(both, || Item::Variable(name))
}

fn c_string(string: OsString, item: impl FnOnce() -> Item) -> Result<CString, SpawnError> {
    let bytes = string.len();
    if bytes >= MAX_STRING_BYTES {
        return Err(SpawnError::TooLong { item: item(), bytes });
    }
    CString::new(string.into_vec()).map_err(|_| SpawnError::NulByte { item: item() })
}

/// What a failed posix_spawn means, for a command that passed [`prepare`].
pub(crate) fn explain(dir: &Path, command: &Command, error: io::Error) -> SpawnError {
    if !dir.is_dir() {
        return SpawnError::DirGone { dir: dir.to_owned() };
    }
    let program = || PathBuf::from(OsStr::from_bytes(command.program.as_bytes()));
    match error.raw_os_error() {
        Some(libc::E2BIG) => SpawnError::TooLong { item: Item::Whole, bytes: 0 },
        // The file was there: ENOENT means the interpreter of its first line, ENOEXEC that it has none.
        Some(libc::ENOENT | libc::ENOEXEC | libc::EACCES | libc::EPERM | libc::ETXTBSY | libc::ELIBBAD) => {
            SpawnError::NotExecutable { program: program(), source: error }
        }
        _ => SpawnError::Other(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn agents_are_found_where_they_can_be_executed() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in [("codex", 0o755), ("claude", 0o755), ("aider", 0o644), ("sh", 0o755)] {
            let file = dir.path().join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(agents_in(Some(dir.path().as_os_str())), ["claude", "codex"]);
        assert!(agents_in(Some(OsStr::new("relative:"))).is_empty());
    }
}
