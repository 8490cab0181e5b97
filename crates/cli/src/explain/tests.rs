//! Every error has its code, a sentence in both languages, and nothing in it that steers a terminal.

use std::{sync::Arc, time::Duration};

use codeagent_checkpoint::StoreError;
use codeagent_checkpoint::store::Damage;
use codeagent_core::{TaskId, TaskState};
use codeagent_project::messages::Lang;
use codeagent_runner::SpawnError;

use super::*;

const EVIL: &str = "x\u{1b}[2J\ny";

fn io_error(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, EVIL)
}

fn of_store(error: StoreError) -> CliError {
    error.into()
}

fn refused(error: ApiError) -> CliError {
    AccessError::Refused(error).into()
}

/// One of each, with the code that the contract has for it.
fn all() -> Vec<(CliError, Exit)> {
    let id = || TaskId::new(EVIL);
    let path = || std::path::PathBuf::from(EVIL);
    let damage: Arc<[Damage]> = Arc::from([Damage { path: path(), what: EVIL.to_owned() }]);
    let disk =
        |action| StoreError::Io { action, path: path(), source: Arc::new(io_error(io::ErrorKind::Other)) };
    let in_use =
        |pid, host: Option<&str>| StoreError::InUse { pid, host: host.map(Into::into), lock: path() };
    let wrong =
        |verb: &str| ApiError::WrongState { task_id: id(), state: TaskState::Pending, verb: verb.to_owned() };
    let bad = |what: &str| ApiError::BadRequest { what: what.to_owned() };
    vec![
        (of_store(in_use(Some(7), Some(EVIL))), Exit::InUse),
        (of_store(in_use(Some(7), None)), Exit::InUse),
        (of_store(in_use(None, None)), Exit::InUse),
        (of_store(StoreError::Damaged(Arc::clone(&damage))), Exit::Damaged),
        (of_store(StoreError::Newer { path: path(), version: EVIL.into() }), Exit::Damaged),
        (of_store(StoreError::Network { dir: path(), kind: "nfs" }), Exit::Usage),
        (of_store(disk("write")), Exit::Disk),
        (of_store(disk("a verb of tomorrow")), Exit::Disk),
        (of_store(StoreError::Fenced), Exit::InUse),
        (of_store(StoreError::Closed), Exit::Disk),
        (refused(ApiError::UnknownTask { task_id: id() }), Exit::Unfinished),
        (refused(ApiError::PrunedTask { task_id: id() }), Exit::Unfinished),
        (refused(ApiError::TaskExists { task_id: id() }), Exit::Unfinished),
        (refused(wrong("retry")), Exit::Unfinished),
        (refused(wrong(EVIL)), Exit::Unfinished),
        (refused(bad("empty_text")), Exit::Usage),
        (refused(bad("bad_id")), Exit::Usage),
        (refused(bad("bad_metadata")), Exit::Usage),
        (refused(bad(EVIL)), Exit::Usage),
        (refused(ApiError::Store { what: EVIL.to_owned() }), Exit::Disk),
        (AccessError::NoServer { project_dir: path() }.into(), Exit::Unfinished),
        (AccessError::NoSocket { pid: 7 }.into(), Exit::Unfinished),
        (AccessError::Socket { socket: path(), what: EVIL.to_owned() }.into(), Exit::Unfinished),
        (AccessError::Unreached { socket: path(), what: EVIL.to_owned() }.into(), Exit::Unfinished),
        (AccessError::Silent { socket: path(), waited: Duration::from_secs(20) }.into(), Exit::Unfinished),
        (ServerError::NoExecutor.into(), Exit::Usage),
        (ServerError::NoList { project_dir: path() }.into(), Exit::Usage),
        (ServerError::Engine(SpawnError::NotFound { program: EVIL.into() }.into()).into(), Exit::Usage),
        (ServerError::Engine(disk("sync").into()).into(), Exit::Disk),
        (TodoError::InvalidUtf8 { path: path(), line: 3 }.into_server(), Exit::Usage),
        (TodoError::TooLarge { path: path(), bytes: 9, limit: 8 }.into_server(), Exit::Usage),
        (
            TodoError::Io { path: path(), source: io_error(io::ErrorKind::PermissionDenied) }.into_server(),
            Exit::Usage,
        ),
        (TodoError::KeepsChanging { path: path() }.into_server(), Exit::Usage),
        (CliError::AgentBroken, Exit::Unfinished),
        (CliError::Output(io_error(io::ErrorKind::StorageFull)), Exit::Disk),
        (CliError::System(io_error(io::ErrorKind::Other)), Exit::Unfinished),
        (CliError::File(path(), io_error(io::ErrorKind::NotFound)), Exit::Usage),
        (CliError::File(path(), io_error(io::ErrorKind::StorageFull)), Exit::Disk),
        (CliError::NothingToSalvage(Arc::clone(&damage)), Exit::Damaged),
        (CliError::NoDocument(damage), Exit::Usage),
        (CliError::Argument(BadArgument::Metadata(EVIL.to_owned())), Exit::Usage),
        (CliError::Argument(BadArgument::Exec), Exit::Usage),
        (CliError::Argument(BadArgument::NoSuchCommand(EVIL.to_owned())), Exit::Usage),
        (CliError::NoLog { id: EVIL.to_owned(), attempt: None }, Exit::Unfinished),
        (CliError::NoLog { id: EVIL.to_owned(), attempt: Some(2) }, Exit::Unfinished),
    ]
}

trait IntoServer {
    fn into_server(self) -> CliError;
}

impl IntoServer for TodoError {
    fn into_server(self) -> CliError {
        ServerError::from(self).into()
    }
}

#[test]
fn every_error_has_its_code_and_a_harmless_sentence() {
    for lang in Lang::ALL {
        let say = Catalogue::new(lang);
        for (error, exit) in all() {
            let failure = explain(&error, &say).unwrap_or_else(|| panic!("{error:?} says nothing"));
            assert_eq!(failure.exit, exit, "{error:?}");
            for line in failure.lines(&say) {
                assert!(!line.contains(['\u{1b}', '\n']), "{error:?}: {line:?}");
            }
        }
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let gone = CliError::Output(io_error(io::ErrorKind::BrokenPipe));
    assert_eq!(explain(&gone, &Catalogue::new(Lang::En)), None);
}

#[test]
fn sentence_details_and_hint() {
    let in_use = StoreError::InUse { pid: Some(41), host: None, lock: "/p/data/x.lock".into() };
    let lines = |lang| {
        let say = Catalogue::new(lang);
        explain(&of_store(in_use.clone()), &say).unwrap().lines(&say)
    };
    assert_eq!(
        lines(Lang::En),
        [
            "error: the checkpoint is in use by process 41",
            "  lock: /p/data/x.lock",
            "hint: one server works on a project at a time; `codeagent stop` ends the running one",
        ]
    );
    assert_eq!(lines(Lang::Ru)[0], "ошибка: контрольная точка занята процессом 41");
}

#[test]
fn a_disk_error_names_the_act_in_both_languages() {
    let full = || Arc::new(io::Error::from_raw_os_error(28));
    let error = || of_store(StoreError::Io { action: "write", path: "/p/x".into(), source: full() });
    let sentence = |lang| explain(&error(), &Catalogue::new(lang)).unwrap().sentence;
    assert!(
        sentence(Lang::En).starts_with("cannot write /p/x: No space left on device;"),
        "{}",
        sentence(Lang::En)
    );
    assert!(sentence(Lang::Ru).starts_with("не удаётся записать /p/x: "), "{}", sentence(Lang::Ru));
}
