//! What was found of the planted bugs, as tables for people and for docs/reliability.md.

use super::Row;

/// A finding is told in so many characters.
const WIDTH: usize = 90;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    Ru,
}

/// For a terminal.
pub(crate) fn table(rows: &[Row<'_>]) -> String {
    let name = rows.iter().map(|(bug, _)| bug.name.len()).max().unwrap_or(0);
    let line = |(bug, seen): &Row<'_>| {
        let found = seen.as_ref().map_or_else(|error| format!("NOT FOUND: {error}"), |seen| seen.told(WIDTH));
        format!("{:<name$}  {:<9}  {found}", bug.name, bug.campaign())
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// For the docs.
pub(crate) fn markdown(rows: &[Row<'_>], lang: Lang) -> String {
    let head = match lang {
        Lang::En => "| bug | what it is | campaign | what it found |",
        Lang::Ru => "| ошибка | в чём она | испытание | что найдено |",
    };
    let line = |(bug, seen): &Row<'_>| {
        let what = if lang == Lang::En { &bug.en } else { &bug.ru };
        let found = match seen {
            Ok(seen) if !seen.is_nothing() => {
                let counts =
                    seen.counts.iter().map(|(kind, count)| format!("{} {count}", kind_in(kind, lang)));
                counts.collect::<Vec<_>>().join(", ")
            }
            _ if lang == Lang::En => "**not found**".to_owned(),
            _ => "**не найдена**".to_owned(),
        };
        format!("| {} | {what} | {} | {found} |", bug.name, bug.campaign())
    };
    let lines = rows.iter().map(line).collect::<Vec<_>>().join("\n");
    format!("{head}\n|---|---|---|---|\n{lines}")
}

fn kind_in(kind: &str, lang: Lang) -> &str {
    match (lang, kind) {
        (Lang::Ru, "lost") => "потеряно",
        (Lang::Ru, "repeated") => "повторено",
        (Lang::Ru, "stuck") => "застряло",
        (Lang::Ru, "needs a hand") => "нужна рука",
        (Lang::Ru, "wrong") => "неверно",
        _ => kind,
    }
}
