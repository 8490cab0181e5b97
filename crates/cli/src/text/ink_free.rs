//! Output of agents without their colours, for where it is made harmless: `\x1b[31m` a hundred times is no reading.

/// The text without colour sequences (SGR). Other escapes stay, to be made visible.
pub(crate) fn ink_free(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, sequence) = rest.split_at(at);
        out.push_str(before);
        let parameters = &sequence[2..];
        let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':');
        match end {
            Some(end) if parameters[end..].starts_with('m') => rest = &parameters[end + 1..],
            _ => {
                out.push_str("\x1b[");
                rest = parameters;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_nothing_else() {
        let cases = [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[1;38:5:208mx\x1b[m", "x"),
            ("\x1b[2J\x1b[31m", "\x1b[2J"),
            ("\x1b[31", "\x1b[31"),
            ("plain [31m", "plain [31m"),
            ("\x1b[\x1b[1mx", "\x1b[x"),
        ];
        for (text, expected) in cases {
            assert_eq!(ink_free(text), expected, "{text:?}");
        }
    }
}
