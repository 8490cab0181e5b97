//! `${NAME}` and `${NAME:-default}` in values.

use std::borrow::Cow;

use super::error::Problem;

/// Puts variables into a text. `$${` stands for `${` itself; a lone `$` and `{placeholders}` stay.
/// As in a shell, `:-` also counts for a variable that is set but empty. Values are not expanded again.
pub(super) fn expand<'t>(
    text: &'t str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Cow<'t, str>, Problem> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at]);
            out.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let (inside, after) = rest[at + 2..].split_once('}').ok_or(Problem::BadExpansion)?;
        out.push_str(&substitute(inside, &variable)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

fn substitute(inside: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, Problem> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(Problem::BadExpansion);
    }
    match (variable(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Problem::NoVariable(name.to_owned())),
    }
}

/// A name that a shell would take.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_vars(text: &str) -> Result<String, Problem> {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/ann".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICK" => Some("${HOME}".to_owned()),
            _ => None,
        };
        expand(text, variable).map(Cow::into_owned)
    }

    #[test]
    fn variables_are_put_in() {
        let cases = [
            ("plain $5 {task_text} $", "plain $5 {task_text} $"),
            ("${HOME}/x", "/home/ann/x"),
            ("a${HOME}b${HOME}c", "a/home/annb/home/annc"),
            ("${NONE:-dflt}", "dflt"),
            ("${NONE:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${HOME:-x}", "/home/ann"),
            ("$${HOME}", "${HOME}"),
            ("${TRICK}", "${HOME}"),
        ];
        for (text, expected) in cases {
            assert_eq!(with_vars(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_put_in_is_an_error() {
        assert_eq!(with_vars("${NONE}"), Err(Problem::NoVariable("NONE".into())));
        for text in ["${HOME", "${}", "${a b}", "${1A}", "${:-x}", "${HOME-x}"] {
            assert_eq!(with_vars(text), Err(Problem::BadExpansion), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(text in "[${}:A-C\\-x]{0,40}") {
            let _ = with_vars(&text);
        }

        #[test]
        fn text_without_braces_stays(text in "[^{]{0,40}") {
            prop_assert_eq!(with_vars(&text), Ok(text));
        }

        #[test]
        fn values_are_not_read_again(value in "[${}a-z]{0,20}") {
            let out = expand("<${V}>", |_| Some(value.clone())).unwrap();
            prop_assert_eq!(out, format!("<{value}>"));
        }
    }
}
