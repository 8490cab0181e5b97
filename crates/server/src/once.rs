//! What is told once, however often it comes up again: a disk that can't be written to fails at every task.
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use codeagent_project::todo::{NoticeKind, TodoNotice};

/// One kind of trouble.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<Option<String>>);

impl Once {
    /// Whether this was not what was told last.
    pub(crate) fn is_news(&self, trouble: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = told.as_deref() != Some(trouble);
        if is_news {
            *told = Some(trouble.to_owned());
        }
        is_news
    }

    /// It is over: the next one is news.
    pub(crate) fn over(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What the user was told about the lists. Lines move when boxes are ticked, so they are counted, not compared.
#[derive(Debug, Default)]
pub(crate) struct ToldOfLists(Mutex<HashMap<(PathBuf, NoticeKind), usize>>);

impl ToldOfLists {
    /// Those of a kind of which a file has more than it had before.
    pub(crate) fn news<'a>(&self, notices: &'a [TodoNotice]) -> Vec<&'a TodoNotice> {
        let mut counts: HashMap<_, usize> = HashMap::new();
        for notice in notices {
            *counts.entry((notice.path.clone(), notice.kind)).or_default() += 1;
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_more = |notice: &&TodoNotice| {
            let key = (notice.path.clone(), notice.kind);
            counts.get(&key) > told.get(&key)
        };
        let news = notices.iter().filter(has_more).collect();
        *told = counts;
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_told_until_it_is_over() {
        let once = Once::default();
        assert!(once.is_news("full"));
        assert!(!once.is_news("full"));
        assert!(once.is_news("read-only"));
        once.over();
        assert!(once.is_news("read-only"));
    }

    #[test]
    fn notices_whose_lines_moved_are_no_news() {
        let at = |line, kind| TodoNotice { path: "todo.yaml".into(), line, kind };
        let told = ToldOfLists::default();
        assert_eq!(told.news(&[at(4, NoticeKind::BadId)]).len(), 1);
        assert!(told.news(&[at(6, NoticeKind::BadId)]).is_empty());
        let more = [at(6, NoticeKind::BadId), at(9, NoticeKind::BadId), at(1, NoticeKind::NoText)];
        assert_eq!(told.news(&more).len(), 3);
        assert!(told.news(&[]).is_empty());
        assert_eq!(told.news(&[at(6, NoticeKind::BadId)]).len(), 1, "it was mended meanwhile");
    }
}
