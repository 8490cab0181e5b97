//! Sentences of the catalogue, for Python: what the log says, and what an error says.
use std::collections::HashMap;

use codeagent_checkpoint::{
    StoreError, StoreNotice,
    file::{AsideReason, MainUnusable},
};
use codeagent_core::Refusal;
use codeagent_project::{
    config::Env,
    harmless::{harmless, one_line},
    messages::{Catalogue, Lang, Value},
    msg,
};
use pyo3::{exceptions::PyValueError, prelude::*};

/// Longest piece of foreign text in an error.
const SHOWN: usize = 200;
/// The same in a line of the log: the whole, as long as it is a line that one reads.
const LINE: usize = 1_000;

/// Levels of Python's `logging`.
const INFO: u8 = 20;
const WARNING: u8 = 30;
const ERROR: u8 = 40;

/// The catalogue of one language.
#[pyclass(frozen, module = "codeagent._native")]
pub(crate) struct Words(pub(crate) Catalogue);

#[pymethods]
impl Words {
    /// Of that language, else of the one that LC_ALL, LC_MESSAGES or LANG names.
    #[new]
    #[pyo3(signature = (lang=None))]
    fn new(lang: Option<&str>) -> PyResult<Self> {
        Ok(Self(catalogue(lang)?))
    }

    /// `ru` or `en`.
    #[getter]
    fn lang(&self) -> &'static str {
        self.0.lang().code()
    }

    /// A sentence with what is to be put in.
    #[pyo3(signature = (key, **args))]
    fn text(&self, key: &str, args: Option<HashMap<String, String>>) -> String {
        let args = args.unwrap_or_default();
        let shown: Vec<_> = args.iter().map(|(name, value)| (name.as_str(), one_line(value, LINE))).collect();
        let args: Vec<_> = shown.iter().map(|(name, value)| (*name, Value::from(&**value))).collect();
        self.0.format(key, &args)
    }

    /// Foreign text as a part of a line: without line ends and escapes, cut at so many characters.
    fn line(&self, text: &str, max_chars: usize) -> String {
        one_line(text, max_chars).into_owned()
    }
}

/// The catalogue of that language, or of the environment's.
pub(crate) fn catalogue(lang: Option<&str>) -> PyResult<Catalogue> {
    let flag: Option<Lang> =
        lang.map(str::parse).transpose().map_err(|error| PyValueError::new_err(format!("{error}")))?;
    Ok(Catalogue::new(Lang::detect(flag, None, &Env::of_process())))
}

/// Foreign text as a part of a sentence.
fn short(text: &str) -> String {
    one_line(text, SHOWN).into_owned()
}

/// Why a wish was ignored.
pub(crate) fn refusal(refusal: &Refusal, say: &Catalogue) -> String {
    match refusal {
        Refusal::UnknownTask(id) => msg!(say, "python-unknown-task", id = short(id.as_str())),
        Refusal::TaskExists(id) => msg!(say, "python-task-exists", id = short(id.as_str())),
        Refusal::WrongState { id, state, verb } => msg!(
            say,
            "python-wrong-state",
            id = short(id.as_str()),
            state = state.as_str(),
            verb = verb.as_str()
        ),
        Refusal::GivenUp { id, reason } => {
            msg!(say, "python-given-up", id = short(id.as_str()), reason = reason.as_str())
        }
        Refusal::EmptyText => say.text("python-empty-text"),
        Refusal::BadStep { step, total } => {
            msg!(say, "python-bad-step", step = step.to_string(), total = total.to_string())
        }
    }
}

/// What is wrong with the files, and what can be done about it.
pub(crate) fn store_error(error: &StoreError, say: &Catalogue) -> String {
    let path = |path: &std::path::Path| harmless(&path.to_string_lossy()).into_owned();
    match error {
        StoreError::InUse { pid, host, lock } => {
            let who = match (pid, host) {
                (Some(pid), Some(host)) => {
                    msg!(say, "cli-error-in-use-on", pid = pid.to_string(), host = short(host))
                }
                (Some(pid), None) => msg!(say, "cli-error-in-use", pid = pid.to_string()),
                (None, _) => say.text("cli-error-in-use-unknown"),
            };
            let hint = say.text("python-hint-read-only");
            format!("{who}; {}; {hint}", msg!(say, "cli-error-lock", path = path(lock)))
        }
        StoreError::Damaged(damage) => {
            let files: Vec<_> =
                damage.iter().map(|d| format!("  {}: {}\n", path(&d.path), harmless(&d.what))).collect();
            let (what, hint) = (say.text("cli-error-damaged"), say.text("cli-hint-damaged"));
            format!("{what}\n{}{hint}", files.concat())
        }
        StoreError::Newer { path: file, version } => {
            let what = msg!(say, "cli-error-newer", path = path(file), version = short(version));
            format!("{what}; {}", say.text("cli-hint-newer"))
        }
        StoreError::Network { dir, kind } => {
            format!("{}; allow_network=True", msg!(say, "cli-error-network", dir = path(dir), kind = *kind))
        }
        StoreError::Io { action, path: file, source } => {
            let why = source.to_string();
            let why = short(why.split(" (os error").next().unwrap_or_default());
            let key = if error.is_of_reading() { "python-error-read" } else { "python-error-disk" };
            msg!(say, key, action = *action, path = path(file), why = why)
        }
        StoreError::Fenced => say.text("python-error-taken-over"),
        StoreError::Closed => say.text("cli-error-closed"),
    }
}

/// The log lines of one notice, with their levels; the guide's words where it has them ("Сценарий 3").
pub(crate) fn notice(notice: &StoreNotice, say: &Catalogue) -> Vec<(u8, String)> {
    let counted = |key: &str, count: usize| say.format(key, &[("count", Value::from(count.to_string()))]);
    let line = match notice {
        StoreNotice::Created => (INFO, say.text("server-store-created")),
        StoreNotice::Reset { set_aside } => (WARNING, counted("server-store-reset", set_aside.len())),
        StoreNotice::RestoredFromBackup { reason } => {
            let reason = main_unusable(reason, say);
            return vec![
                (ERROR, msg!(say, "server-store-load-error", reason = reason)),
                (INFO, say.text("server-store-trying-backup")),
                (INFO, say.text("server-store-restored")),
            ];
        }
        StoreNotice::SetAside { from, to, reason } => {
            let why = say.text(aside(*reason));
            (
                WARNING,
                msg!(say, "server-store-set-aside", from = from.display(), to = to.display(), why = why),
            )
        }
        StoreNotice::ReplayedJournal { transitions } => {
            (INFO, msg!(say, "server-store-replayed", count = transitions.to_string()))
        }
        StoreNotice::TornTailDropped { bytes } => {
            (INFO, msg!(say, "server-store-torn", bytes = bytes.to_string()))
        }
        StoreNotice::ImportedForeign => (INFO, say.text("server-store-imported")),
        StoreNotice::SavedByOtherProgram { completions_kept } => {
            (WARNING, counted("server-store-saved-by-other", *completions_kept))
        }
        StoreNotice::CompletionsKept { count } => (WARNING, counted("server-store-completions-kept", *count)),
        StoreNotice::CompletionsUnread { open } => {
            (WARNING, counted("server-store-completions-unread", *open))
        }
        StoreNotice::Recreated => (WARNING, say.text("server-store-recreated")),
        StoreNotice::RecreatedBesideUnread => (ERROR, say.text("server-store-recreated-beside-unread")),
        StoreNotice::TasksTakenOver { count } => (INFO, counted("server-store-tasks-taken-over", *count)),
    };
    vec![line]
}

fn main_unusable(reason: &MainUnusable, say: &Catalogue) -> String {
    match reason {
        MainUnusable::Missing => say.text("server-store-main-missing"),
        MainUnusable::Damaged(what) => what.clone(),
        MainUnusable::Older => say.text("server-store-main-older"),
    }
}

fn aside(reason: AsideReason) -> &'static str {
    match reason {
        AsideReason::Damaged => "server-aside-damaged",
        AsideReason::Older => "server-aside-older",
        AsideReason::Foreign => "server-aside-foreign",
        AsideReason::Reset => "server-aside-reset",
        AsideReason::Replaced => "server-aside-replaced",
        AsideReason::Repaired => "server-aside-repaired",
    }
}
