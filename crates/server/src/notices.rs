//! Sentences for what an open of the files found; the guide's words where it has them ("Сценарий 3").
use codeagent_checkpoint::file::{AsideReason, MainUnusable, StoreNotice};
use codeagent_project::{
    logging::{self, Level},
    messages::Catalogue,
    msg,
};

/// Who speaks in these lines, as in the guide's implementation.
const NAME: &str = "codeagent.checkpoint_manager";

/// Logs one notice.
pub fn log(notice: &StoreNotice, catalogue: &Catalogue) {
    for (level, text) in lines(notice, catalogue) {
        logging::log(level, NAME, &text);
    }
}

/// The log lines of one notice.
pub fn lines(notice: &StoreNotice, catalogue: &Catalogue) -> Vec<(Level, String)> {
    match notice {
        StoreNotice::Created => vec![(Level::Info, catalogue.text("server-store-created"))],
        StoreNotice::Reset { set_aside } => {
            let count = set_aside.len().to_string();
            vec![(Level::Warning, msg!(catalogue, "server-store-reset", count = count))]
        }
        StoreNotice::RestoredFromBackup { reason } => vec![
            (
                Level::Error,
                msg!(catalogue, "server-store-load-error", reason = reason_text(reason, catalogue)),
            ),
            (Level::Info, catalogue.text("server-store-trying-backup")),
            (Level::Info, catalogue.text("server-store-restored")),
        ],
        StoreNotice::SetAside { from, to, reason } => {
            let why = catalogue.text(aside_key(*reason));
            let line = msg!(
                catalogue,
                "server-store-set-aside",
                from = from.display(),
                to = to.display(),
                why = why
            );
            vec![(Level::Warning, line)]
        }
        StoreNotice::ReplayedJournal { transitions } => {
            let count = transitions.to_string();
            vec![(Level::Info, msg!(catalogue, "server-store-replayed", count = count))]
        }
        StoreNotice::TornTailDropped { bytes } => {
            let bytes = bytes.to_string();
            vec![(Level::Info, msg!(catalogue, "server-store-torn", bytes = bytes))]
        }
        StoreNotice::ImportedForeign => vec![(Level::Info, catalogue.text("server-store-imported"))],
        StoreNotice::SavedByOtherProgram { completions_kept } => {
            let count = completions_kept.to_string();
            vec![(Level::Warning, msg!(catalogue, "server-store-saved-by-other", count = count))]
        }
        StoreNotice::CompletionsKept { count } => {
            let count = count.to_string();
            vec![(Level::Warning, msg!(catalogue, "server-store-completions-kept", count = count))]
        }
        StoreNotice::CompletionsUnread { open } => {
            let count = open.to_string();
            vec![(Level::Warning, msg!(catalogue, "server-store-completions-unread", count = count))]
        }
        StoreNotice::RecreatedBesideUnread => {
            vec![(Level::Error, catalogue.text("server-store-recreated-beside-unread"))]
        }
        StoreNotice::TasksTakenOver { count } => {
            let count = count.to_string();
            vec![(Level::Info, msg!(catalogue, "server-store-tasks-taken-over", count = count))]
        }
        StoreNotice::Recreated => vec![(Level::Warning, catalogue.text("server-store-recreated"))],
    }
}

fn reason_text(reason: &MainUnusable, catalogue: &Catalogue) -> String {
    match reason {
        MainUnusable::Missing => catalogue.text("server-store-main-missing"),
        MainUnusable::Damaged(what) => what.clone(),
        MainUnusable::Older => catalogue.text("server-store-main-older"),
    }
}

fn aside_key(reason: AsideReason) -> &'static str {
    match reason {
        AsideReason::Damaged => "server-aside-damaged",
        AsideReason::Older => "server-aside-older",
        AsideReason::Foreign => "server-aside-foreign",
        AsideReason::Reset => "server-aside-reset",
        AsideReason::Replaced => "server-aside-replaced",
        AsideReason::Repaired => "server-aside-repaired",
    }
}
