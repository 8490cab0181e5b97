//! Which environment variables hold secrets, by their names, and what of their values is one.

use std::io;
use std::path::Path;

use super::secrets::SHORTEST_VALUE;

/// What a word of a secret variable's name ends with, digits behind it aside (`DB_PASSWORD1`, `ACCESSTOKEN`).
const ENDS: [&str; 18] = [
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "PRIVATEKEY",
    "AUTHKEY",
    "TOKEN",
    "TOKENS",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASSPHRASES",
    "CREDENTIAL",
    "CREDENTIALS",
    "WEBHOOK",
    "WEBHOOKS",
];

/// The same of whole words: more words end so (`MONKEY`, `SSH_ASKPASS`).
const WORDS: [&str; 3] = ["KEY", "KEYS", "PASS"];

/// The same of the last word alone.
const LAST_WORDS: [&str; 2] = ["PAT", "PWD"];

/// As [`LAST_WORDS`], where the value is no ordinary word: `GIT_AUTH=disabled` tells how, not who.
const LAST_WORDS_OF_DOUBT: [&str; 1] = ["AUTH"];

/// So many passwords are taken from one URL.
const MOST_ENDS: usize = 8;

/// The values of environment variables whose names look secret (`…_KEY`, `…_TOKEN`, `…_PASSWORD` and the like), and
/// the passwords of URLs in any variable; long enough to be told from other text. Paths that exist are not secret.
pub fn secret_values(variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in variables {
        found.extend(url_passwords(&value));
        if is_secret(&name, value.trim()) && !are_paths(value.trim()) {
            found.push(value);
        }
    }
    found.retain(|value| value.trim().len() >= SHORTEST_VALUE);
    found
}

fn is_secret(name: &str, value: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    // The folder that a shell is in.
    if upper == "PWD" {
        return false;
    }
    let words = || {
        let words =
            upper.split(['_', '-', '.']).map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
        words.filter(|word| !word.is_empty())
    };
    let is_one = |word: &str| WORDS.contains(&word) || ENDS.iter().any(|end| word.ends_with(end));
    let last = words().next_back().unwrap_or_default();
    let is_word = || value.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '_' | ' ' | ','));
    words().any(is_one) || LAST_WORDS.contains(&last) || (LAST_WORDS_OF_DOUBT.contains(&last) && !is_word())
}

/// True for paths, also several with `:` between them, that exist.
fn are_paths(value: &str) -> bool {
    let is_path = |path: &str| {
        path.starts_with('/')
            && match Path::new(path).symlink_metadata() {
                Ok(_) => true,
                // It may exist where we must not look.
                Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
            }
    };
    value.split(':').all(is_path)
}

/// The passwords of the URLs in a value, as they stand there and decoded. Where one has `/` or `@` in it, its end is
/// not sure: each end that is possible is taken.
fn url_passwords(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, sign) in value.match_indices("://") {
        let rest = &value[at + sign.len()..];
        let rest = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        let Some((user, rest)) = rest.split_once(':') else { continue };
        if user.contains(['/', '?', '#', '@']) {
            continue;
        }
        for (end, _) in rest.match_indices('@').take(MOST_ENDS) {
            let password = &rest[..end];
            // `host:5000/image@sha256:…`: a port, and `@` in the path.
            let before_path = password.split(['/', '?', '#']).next().unwrap_or_default();
            let is_port = before_path.len() < password.len()
                && before_path.len() <= 5
                && before_path.bytes().all(|b| b.is_ascii_digit());
            if !is_port {
                found.push(password.to_owned());
                found.extend(decoded(password));
            }
        }
    }
    found
}

/// A text without `%40` and the like; `None` where there are none, or where they stand for no text.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok().filter(|decoded| decoded != text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Vec<String> {
        secret_values([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn variables_that_look_secret() {
        for name in [
            "OPENAI_API_KEY",
            "db.password",
            "PGPASSWORD",
            "MYSQL_PWD",
            "GH_PAT",
            "GH_PAT_2",
            "ACCESSTOKEN",
            "githubToken",
            "DB_PASSWORD1",
            "KEY2",
            "AUTH",
            "NPM_CONFIG__AUTH",
            "SLACK_WEBHOOK",
            "SLACK_WEBHOOK_URL",
            "TS_AUTHKEY",
            "TOKEN_OF_CI",
        ] {
            assert_eq!(of(name, "hunter2hunter2"), ["hunter2hunter2"], "{name}");
            assert_eq!(of(name, "short"), [] as [&str; 0], "{name}");
        }
        for name in [
            "PWD",
            "OLDPWD",
            "XKB_KEYMAP",
            "SSH_ASKPASS",
            "MONKEY",
            "SSH_AUTH_SOCK",
            "XAUTHORITY",
            "TOKENIZERS_PARALLELISM",
            "PATH",
            "COMPAT",
            "AUTHOR",
            "KEYBOARD",
        ] {
            assert_eq!(of(name, "hunter2hunter2"), [] as [&str; 0], "{name}");
        }
        assert_eq!(of("GIT_AUTH", "disabled"), [] as [&str; 0]);
        assert_eq!(of("MYSQL_PWD", "correcthorse"), ["correcthorse"]);
    }

    #[test]
    fn what_begins_like_a_path_is_secret_where_no_such_path_exists() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        assert_eq!(of("SSH_KEY", path), [] as [&str; 0]);
        assert_eq!(of("APP_KEYS", &format!("{path}:{path}")), [] as [&str; 0]);
        let none = format!("{path}/b3+Zx0/9q==");
        assert_eq!(of("SSH_KEY", &none), [&*none]);
        let long = format!("/{}", "a".repeat(5000));
        assert_eq!(of("SSH_KEY", &long), [&*long]);
    }

    #[test]
    fn passwords_of_urls_are_values_of_their_own() {
        for (value, want) in [
            ("postgres://me:hunt/er2@host/db", &["hunt/er2"] as &[&str]),
            ("postgres://me:hunter2hunter2@host:5432/db", &["hunter2hunter2"]),
            ("redis://:hunter2hunter2@host", &["hunter2hunter2"]),
            ("postgres://me:hunter%402%2Fx@host", &["hunter%402%2Fx", "hunter@2/x"]),
            ("postgres://me:hunter2@2/er@host/db", &["hunter2@2/er"]),
            ("postgres://me:short@host/db", &[]),
            ("http://a:b@c http://me:hunter2hunter2@host", &["hunter2hunter2"]),
            ("https://host:5000/team/image@sha256:0123", &[]),
            ("https://host/some:thing/else@x", &[]),
            ("https://me@host:8080/some", &[]),
            ("https://example.org/", &[]),
        ] {
            assert_eq!(of("DATABASE_URL", value), want, "{value}");
        }
    }
}
