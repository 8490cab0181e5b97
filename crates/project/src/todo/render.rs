//! Sentences for what can be wrong with a TODO list.

use std::path::Path;

use super::{NoticeKind, TodoError, TodoNotice};
use crate::config::yaml_text;
use crate::messages::{Catalogue, harmless};
use crate::msg;

/// A path of a project may hold anything; what is printed must not.
fn shown(path: &Path) -> String {
    harmless(&path.to_string_lossy()).into_owned()
}

impl TodoError {
    /// The sentence, with its place before it: `todo.md:12: …`.
    #[must_use]
    pub fn render(&self, c: &Catalogue) -> String {
        match self {
            Self::Io { path, source } => {
                msg!(c, "todo-error-io", path = shown(path), error = source.to_string())
            }
            Self::TooLarge { path, bytes, limit } => msg!(
                c,
                "todo-error-too-large",
                path = shown(path),
                bytes = bytes.to_string(),
                limit = limit.to_string()
            ),
            Self::InvalidUtf8 { path, line } => {
                msg!(c, "todo-error-not-utf8", path = shown(path), line = line.to_string())
            }
            Self::Yaml { path, error } => {
                format!("{}:{}:{}: {}", shown(path), error.line, error.column, yaml_text(c, &error.kind))
            }
            Self::KeepsChanging { path } => msg!(c, "todo-error-keeps-changing", path = shown(path)),
        }
    }
}

impl TodoNotice {
    /// The sentence, with its place before it.
    #[must_use]
    pub fn render(&self, c: &Catalogue) -> String {
        let count = if let NoticeKind::More(count) = self.kind { count } else { 0 };
        let key = match self.kind {
            NoticeKind::NotAFile => "todo-notice-not-a-file",
            NoticeKind::DanglingLink => "todo-notice-dangling-link",
            NoticeKind::UnclosedFence => "todo-notice-unclosed-fence",
            NoticeKind::UnclosedComment => "todo-notice-unclosed-comment",
            NoticeKind::BadId => "todo-notice-bad-id",
            NoticeKind::MarksDiffer => "todo-notice-marks-differ",
            NoticeKind::SameId => "todo-notice-same-id",
            NoticeKind::SameText => "todo-notice-same-text",
            NoticeKind::TooDeep => "todo-notice-too-deep",
            NoticeKind::LooksLikeTask => "todo-notice-looks-like-task",
            NoticeKind::NoTextKey => "todo-notice-no-text-key",
            NoticeKind::MeansChildren => "todo-notice-means-children",
            NoticeKind::MeansFlag => "todo-notice-means-flag",
            NoticeKind::More(_) => "todo-notice-more",
            NoticeKind::NoText => "todo-notice-no-text",
            NoticeKind::NoTasks => "todo-notice-no-tasks",
            NoticeKind::ListInList => "todo-notice-list-in-list",
            NoticeKind::BadFlag => "todo-notice-bad-flag",
            NoticeKind::CannotEdit => "todo-notice-cannot-edit",
        };
        let what = msg!(c, key, count = count);
        match self.line {
            0 => format!("{}: {what}", shown(&self.path)),
            line => format!("{}:{line}: {what}", shown(&self.path)),
        }
    }
}
