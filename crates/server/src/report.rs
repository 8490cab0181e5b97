//! The recovery report: the guide's log lines and its banner, to the letter, in both languages.
use codeagent_core::{LocalTime, TaskState};
use codeagent_project::{
    harmless::one_line,
    logging::Level,
    messages::{Catalogue, Value},
    msg, task_log,
};
use codeagent_runner::survivors::SurvivorEnded;

use crate::recover::{Fate, Interrupted, Recovery};

/// Characters of a task's text in a list (contract, "Messages").
const LISTED_CHARS: usize = 100;
/// Characters of the interrupted task's text: the whole, as long as it is a line that one reads.
const INTERRUPTED_CHARS: usize = 1_000;

const RULE: &str = "================================================================================";

/// Masks the secrets of a text. It is done before texts are cut: a part of a secret would not be known.
pub(crate) type Mask<'a> = &'a dyn Fn(&str) -> String;

/// The log lines (the guide, "Логи восстановления"); empty where nothing is to be reported.
pub(crate) fn log_lines(recovery: &Recovery, catalogue: &Catalogue, mask: Mask<'_>) -> Vec<(Level, String)> {
    if !recovery.is_due() {
        return Vec::new();
    }
    let warn = |text: String| (Level::Warning, text);
    let mut lines = vec![
        warn(RULE.to_owned()),
        warn(catalogue.text("report-unclean")),
        warn(RULE.to_owned()),
        warn(msg!(catalogue, "report-last-start", time = time(recovery.last_start).as_str())),
        warn(msg!(catalogue, "report-last-stop", time = time(recovery.last_stop).as_str())),
        warn(msg!(catalogue, "report-session", id = recovery.session_id.as_deref().unwrap_or("None"))),
        warn(msg!(catalogue, "report-iterations", count = recovery.iterations.to_string().as_str())),
    ];
    for interrupted in &recovery.interrupted {
        lines.extend(interrupted_lines(interrupted, catalogue, mask));
    }
    if recovery.incomplete > 0 {
        lines.push(warn(count(catalogue, "report-unfinished", recovery.incomplete)));
        lines.extend(unfinished_lines(recovery, catalogue, mask).into_iter().map(warn));
    }
    if recovery.failed > 0 {
        lines.push(warn(count(catalogue, "report-failed", recovery.failed)));
    }
    lines.push(warn(RULE.to_owned()));
    lines.push((Level::Info, catalogue.text("report-continues")));
    lines.push(warn(RULE.to_owned()));
    lines
}

fn interrupted_lines(
    interrupted: &Interrupted,
    catalogue: &Catalogue,
    mask: Mask<'_>,
) -> Vec<(Level, String)> {
    let task = &interrupted.task;
    let text = mask(&task.text);
    let text = one_line(&text, INTERRUPTED_CHARS);
    let began = time(task.start_time);
    let mut lines = vec![
        (Level::Warning, msg!(catalogue, "report-interrupted", text = &*text)),
        (Level::Warning, msg!(catalogue, "report-id", id = &*one_line(task.id.as_str(), LISTED_CHARS))),
        (Level::Warning, msg!(catalogue, "report-attempts", count = task.attempts.to_string().as_str())),
        (Level::Warning, msg!(catalogue, "report-began", time = began.as_str())),
    ];
    lines.push(fate_line(interrupted, catalogue));
    lines
}

fn fate_line(interrupted: &Interrupted, catalogue: &Catalogue) -> (Level, String) {
    match interrupted.fate {
        Fate::Reset => (Level::Info, catalogue.text("report-reset")),
        Fate::GivenUp => {
            let crashes = interrupted.task.crashes.saturating_add(1).to_string();
            (Level::Error, msg!(catalogue, "report-given-up", crashes = crashes.as_str()))
        }
        Fate::StillThere => (Level::Error, catalogue.text("report-still-there")),
    }
}

fn unfinished_lines(recovery: &Recovery, catalogue: &Catalogue, mask: Mask<'_>) -> Vec<String> {
    let mut lines: Vec<_> = recovery
        .listed
        .iter()
        .map(|task| {
            let text = mask(&task.text);
            let text = one_line(&text, LISTED_CHARS);
            msg!(catalogue, "report-unfinished-task", text = &*text, state = state_name(task.state))
        })
        .collect();
    let reset = recovery.interrupted.len();
    let more = recovery.incomplete.saturating_sub(recovery.listed.len() + reset);
    if more > 0 {
        lines.push(count(catalogue, "report-more", more));
    }
    lines
}

/// What a person sees on the terminal (the guide, "Сценарий 1" and "Сценарий 2"), and survivors where the checkpoint
/// speaks of none; empty for a new checkpoint without.
pub(crate) fn banner(recovery: &Recovery, catalogue: &Catalogue) -> Vec<String> {
    let mut lines = guides_banner(recovery, catalogue);
    if recovery.is_contradicted() {
        let survivors = survivor_lines(recovery, catalogue, &task_log::mask);
        lines.extend(survivors.into_iter().map(|line| format!("⚠ {line}")));
    }
    lines
}

fn guides_banner(recovery: &Recovery, catalogue: &Catalogue) -> Vec<String> {
    if recovery.is_new {
        return Vec::new();
    }
    let good = |key: &str| format!("✓ {}", catalogue.text(key));
    if !recovery.is_due() {
        return ["report-was-clean", "report-nothing-to-recover", "report-goes-on"].map(good).to_vec();
    }
    let mut lines = vec![format!("⚠ {}", catalogue.text("report-unclean"))];
    for Interrupted { task, .. } in &recovery.interrupted {
        let text = one_line(&task.text, LISTED_CHARS);
        let began = time(task.start_time).replace('T', " ");
        lines.push(format!("⚠ {}", msg!(catalogue, "report-interrupted", text = &*text)));
        lines.push(msg!(catalogue, "report-id", id = &*one_line(task.id.as_str(), LISTED_CHARS)));
        lines.push(msg!(catalogue, "report-attempts", count = task.attempts.to_string().as_str()));
        lines.push(msg!(catalogue, "report-began", time = began.as_str()));
    }
    lines.push(format!("⚠ {}", count(catalogue, "report-unfinished", recovery.incomplete)));
    lines.push(format!("⚠ {}", count(catalogue, "report-failed", recovery.failed)));
    lines.push(String::new());
    for interrupted in &recovery.interrupted {
        let (level, text) = fate_line(interrupted, catalogue);
        lines.push(format!("{} {text}", if level == Level::Info { '✓' } else { '⚠' }));
    }
    lines.push(good("report-continues"));
    lines
}

/// What was done about one process of a dead server. Its command line is masked by looks.
pub fn survivor_line(survivor: &SurvivorEnded, catalogue: &Catalogue) -> String {
    masked_line(survivor, catalogue, &task_log::mask)
}

fn masked_line(survivor: &SurvivorEnded, catalogue: &Catalogue, mask: Mask<'_>) -> String {
    let key = if survivor.gone { "report-survivor-ended" } else { "report-survivor-stays" };
    let command = masked_command(&survivor.command, mask);
    catalogue
        .format(key, &[("pid", Value::from(survivor.pid.to_string())), ("command", Value::from(command))])
}

/// What was done about processes of the dead server; outside the guide's block.
pub(crate) fn survivor_lines(recovery: &Recovery, catalogue: &Catalogue, mask: Mask<'_>) -> Vec<String> {
    let line = |survivor: &SurvivorEnded| masked_line(survivor, catalogue, mask);
    let because = recovery.is_contradicted().then(|| {
        let key = if recovery.is_new { "report-survivors-of-new" } else { "report-survivors-of-clean" };
        catalogue.text(key)
    });
    because.into_iter().chain(recovery.survivors.iter().map(line)).collect()
}

/// A command line without its secrets. Where it is cut already, its last word may be a part of one.
fn masked_command(command: &str, mask: Mask<'_>) -> String {
    let masked = mask(command);
    match masked.strip_suffix('…') {
        Some(cut) => format!("{}…", &cut[..cut.rfind(char::is_whitespace).map_or(0, |blank| blank + 1)]),
        None => masked,
    }
}

fn count(catalogue: &Catalogue, key: &str, count: usize) -> String {
    catalogue.format(key, &[("count", Value::from(count.to_string()))])
}

/// As the document has it; Python's `None` where there is none, since scripts look for it.
fn time(time: Option<LocalTime>) -> String {
    time.map_or_else(|| "None".to_owned(), |time| time.to_string())
}

fn state_name(state: TaskState) -> &'static str {
    state.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recover::Unfinished;
    use codeagent_core::{Origin, Task, TaskId};
    use codeagent_project::messages::Lang;
    use codeagent_runner::survivors::SurvivorEnded;

    fn guide() -> Recovery {
        let mut task = Task::new(TaskId::new("task_1737187800"), "Реализовать логирование", Origin::List);
        task.attempts = 1;
        task.start_time = LocalTime::parse("2026-01-18T09:45:00");
        let unfinished = |text: &str| Unfinished { text: text.to_owned(), state: TaskState::Pending };
        Recovery {
            last_start: LocalTime::parse("2026-01-18T09:30:00"),
            session_id: Some("20260118_093000".to_owned()),
            iterations: 15,
            interrupted: vec![Interrupted { task, fate: Fate::Reset }],
            incomplete: 3,
            listed: vec![unfinished("Добавить тесты"), unfinished("Обновить документацию")],
            ..Recovery::default()
        }
    }

    /// The guide's block, "Логи восстановления".
    #[test]
    fn the_log_is_the_guides_to_the_letter() {
        let lines = log_lines(&guide(), &Catalogue::new(Lang::Ru), &str::to_owned);
        let lines: Vec<_> = lines.iter().map(|(level, text)| format!("{} - {text}", level.name())).collect();
        let rule = format!("WARNING - {RULE}");
        assert_eq!(
            lines,
            [
                rule.as_str(),
                "WARNING - ОБНАРУЖЕН НЕКОРРЕКТНЫЙ ОСТАНОВ СЕРВЕРА",
                &rule,
                "WARNING - Последний запуск: 2026-01-18T09:30:00",
                "WARNING - Последний останов: None",
                "WARNING - Сессия: 20260118_093000",
                "WARNING - Итераций выполнено: 15",
                "WARNING - Прерванная задача: Реализовать логирование",
                "WARNING -   - ID: task_1737187800",
                "WARNING -   - Попыток: 1",
                "WARNING -   - Начало: 2026-01-18T09:45:00",
                "INFO - Прерванная задача сброшена для повторного выполнения",
                "WARNING - Незавершенных задач: 3",
                "WARNING -   - Добавить тесты (состояние: pending)",
                "WARNING -   - Обновить документацию (состояние: pending)",
                &rule,
                "INFO - Сервер продолжит работу с последней контрольной точки",
                &rule,
            ]
        );
    }

    /// The guide's block, "Сценарий 2".
    #[test]
    fn the_banner_is_the_guides_to_the_letter() {
        let recovery = Recovery { incomplete: 5, ..guide() };
        assert_eq!(
            banner(&recovery, &Catalogue::new(Lang::Ru)),
            [
                "⚠ ОБНАРУЖЕН НЕКОРРЕКТНЫЙ ОСТАНОВ СЕРВЕРА",
                "⚠ Прерванная задача: Реализовать логирование",
                "  - ID: task_1737187800",
                "  - Попыток: 1",
                "  - Начало: 2026-01-18 09:45:00",
                "⚠ Незавершенных задач: 5",
                "⚠ Задач с ошибками: 0",
                "",
                "✓ Прерванная задача сброшена для повторного выполнения",
                "✓ Сервер продолжит работу с последней контрольной точки",
            ]
        );
    }

    /// The guide's block, "Сценарий 1".
    #[test]
    fn a_clean_stop_is_said_in_three_lines() {
        let clean = Recovery { was_clean: true, ..Recovery::default() };
        assert_eq!(
            banner(&clean, &Catalogue::new(Lang::Ru)),
            [
                "✓ Предыдущий останов был корректным",
                "✓ Восстановление не требуется",
                "✓ Продолжение с последней итерации"
            ]
        );
        assert!(log_lines(&clean, &Catalogue::new(Lang::Ru), &str::to_owned).is_empty());
    }

    /// The files say nothing of what was found: that is said in a line of its own, and the processes are named.
    #[test]
    fn survivors_that_the_checkpoint_does_not_know_are_told() {
        let survivor = SurvivorEnded {
            pid: 42,
            attempt_id: "a".to_owned(),
            command: "sh agent.sh".to_owned(),
            gone: true,
        };
        let mut found = Recovery { is_new: true, survivors: vec![survivor], ..Recovery::default() };
        let told = |found: &Recovery, lang| banner(found, &Catalogue::new(lang));
        assert_eq!(
            told(&found, Lang::En),
            [
                "⚠ The checkpoint is new, yet an earlier server of this folder had left processes at work",
                "⚠ Ended a process that the previous server had left: pid 42, sh agent.sh",
            ]
        );
        found = Recovery { is_new: false, was_clean: true, ..found };
        let clean = told(&found, Lang::Ru);
        assert_eq!(clean.len(), 5);
        assert_eq!(
            clean[3],
            "⚠ Контрольная точка говорит о корректном останове, но в этой папке ещё работали процессы прежнего сервера"
        );
        assert_eq!(survivor_lines(&found, &Catalogue::new(Lang::Ru), &str::to_owned).len(), 2);
        found.was_clean = false;
        assert_eq!(
            survivor_lines(&found, &Catalogue::new(Lang::Ru), &str::to_owned).len(),
            1,
            "the guide's report says it"
        );
    }

    #[test]
    fn secrets_in_texts_and_command_lines_are_masked_before_these_are_cut() {
        let secret = "sk-abcdefghij0123456789";
        let survivor = |command: &str| SurvivorEnded {
            pid: 42,
            attempt_id: "a".to_owned(),
            command: command.to_owned(),
            gone: true,
        };
        let mut recovery = guide();
        recovery.interrupted[0].task.text = format!("{} {secret}", "a".repeat(985)).into();
        recovery.listed[0].text = format!("{} {secret}", "b".repeat(85));
        recovery.survivors =
            vec![survivor(&format!("curl -u {secret} x")), survivor("curl -u sk-abcdefghij0…")];
        let catalogue = Catalogue::new(Lang::En);
        let lines = log_lines(&recovery, &catalogue, &task_log::mask).into_iter().map(|(_, text)| text);
        let lines = lines.chain(survivor_lines(&recovery, &catalogue, &task_log::mask)).collect::<Vec<_>>();
        let told = lines.join("\n");
        assert!(!told.contains("abcdefghij"), "{told}");
        for end in ["a sk-***", "b sk-*** (state: pending)", "curl -u sk-*** x", "curl -u …"] {
            assert!(lines.iter().any(|line| line.ends_with(end)), "{end}: {told}");
        }
    }

    #[test]
    fn long_lists_are_cut_and_foreign_text_is_harmless() {
        let mut recovery = guide();
        recovery.incomplete = 14;
        recovery.listed[0].text = format!("\x1b[2J\n{}", "x".repeat(500));
        let lines = log_lines(&recovery, &Catalogue::new(Lang::En), &str::to_owned);
        let texts: Vec<_> = lines.iter().map(|(_, text)| text.as_str()).collect();
        assert!(texts.iter().all(|text| !text.contains(['\x1b', '\n'])), "{texts:?}");
        assert!(texts.iter().all(|text| text.chars().count() < 160), "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("11")), "{texts:?}");
    }
}
