//! What is wrong with the checkpoint's files, in sentences.

use std::io;

use codeagent_checkpoint::StoreError;
use codeagent_project::harmless::{harmless, one_line};
use codeagent_project::messages::Catalogue;
use codeagent_project::msg;
use rustix::io::Errno;

use super::{SHOWN, shown_path, system};
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn store(error: &StoreError, say: &Catalogue) -> Failure {
    match error {
        StoreError::InUse { pid, host, lock } => {
            let who = match (pid, host) {
                (Some(pid), Some(host)) => {
                    msg!(say, "cli-error-in-use-on", pid = pid.to_string(), host = one_line(host, SHOWN))
                }
                (Some(pid), None) => msg!(say, "cli-error-in-use", pid = pid.to_string()),
                (None, _) => say.text("cli-error-in-use-unknown"),
            };
            Failure::new(Exit::InUse, who)
                .detail(msg!(say, "cli-error-lock", path = shown_path(lock)))
                .hint(say.text("cli-hint-in-use"))
        }
        StoreError::Damaged(damage) => {
            let failure = Failure::new(Exit::Damaged, say.text("cli-error-damaged"));
            let lines = damage.iter().map(|d| format!("{}: {}", shown_path(&d.path), harmless(&d.what)));
            lines.fold(failure, Failure::detail).hint(say.text("cli-hint-damaged"))
        }
        StoreError::Io { action, path, source } => {
            let (path, why) = (shown_path(path), system(source));
            let key = if error.is_of_reading() { "cli-error-read" } else { "cli-error-disk" };
            let sentence = msg!(say, key, action = self::action(action, say), path = path, why = why);
            Failure::new(Exit::Disk, sentence).hint(say.text(way_out(source)))
        }
        StoreError::Newer { path, version } => {
            let (path, version) = (shown_path(path), one_line(version, SHOWN));
            Failure::new(Exit::Damaged, msg!(say, "cli-error-newer", path = path, version = version))
                .hint(say.text("cli-hint-newer"))
        }
        StoreError::Network { dir, kind } => {
            Failure::new(Exit::Usage, msg!(say, "cli-error-network", dir = shown_path(dir), kind = *kind))
                .hint(say.text("cli-hint-network"))
        }
        StoreError::Fenced => Failure::new(Exit::InUse, say.text("cli-error-fenced")),
        StoreError::Closed => Failure::new(Exit::Disk, say.text("cli-error-closed")),
    }
}

/// What was tried, in the reader's language; a verb that is not known here stays English.
fn action(verb: &str, say: &Catalogue) -> String {
    say.text(match verb {
        "create" => "cli-action-create",
        "export" => "cli-action-export",
        "keep" => "cli-action-keep",
        "link" => "cli-action-link",
        "list" => "cli-action-list",
        "lock" => "cli-action-lock",
        "look at" => "cli-action-look-at",
        "open" => "cli-action-open",
        "read" => "cli-action-read",
        "remove" => "cli-action-remove",
        "rename" => "cli-action-rename",
        "set aside" => "cli-action-set-aside",
        "start a thread for" => "cli-action-start-a-thread",
        "sync" => "cli-action-sync",
        "write" => "cli-action-write",
        other => return other.to_owned(),
    })
}

/// What a person can do where the system has no more of something.
pub(super) fn of_system(error: &io::Error) -> Option<&'static str> {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    if is(Errno::MFILE) || is(Errno::NFILE) {
        return Some("cli-hint-too-many-files");
    }
    (is(Errno::AGAIN) || is(Errno::NOMEM)).then_some("cli-hint-no-processes")
}

/// What a person can do about a disk's answer.
fn way_out(error: &io::Error) -> &'static str {
    if let Some(hint) = of_system(error) {
        return hint;
    }
    match error.kind() {
        // EPERM comes from immutable files, too.
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "cli-hint-not-writable",
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => "cli-hint-in-the-way",
        io::ErrorKind::NotFound => "cli-hint-folder-gone",
        _ => "cli-hint-disk",
    }
}
