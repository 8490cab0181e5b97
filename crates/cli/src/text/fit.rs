//! Text fitted to columns: widths as a terminal counts them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes. It must be harmless: controls have no width.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns; `…` stands for what was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let takes = c.width().unwrap_or(0);
        if takes > left {
            break;
        }
        left -= takes;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text, and blanks up to so many columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The width of the terminal behind a descriptor; `None` where there is none.
pub(crate) fn window(of: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(of).ok()?;
    // Terminals that don't know their size say 0.
    Some(if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("日本"), 4);
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("текст", 5), "текст");
        assert_eq!(cut("текст", 4), "тек…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(pad("日", 4), "日  ");
        assert_eq!(pad("long", 2), "long");
    }
}
