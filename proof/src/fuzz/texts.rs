//! Texts of others: ids, what is printed, and what must not be.
use codeagent_core::TaskId;
use codeagent_core::id::fold_text;
use codeagent_project::harmless::{harmless, harmless_lines, ink_free, one_line};
use codeagent_project::messages::{Catalogue, Lang};
use codeagent_project::task_log::mask;

pub(super) const HARMFUL: &[&str] =
    &["\x1b[31m", "\x1b]0;t\x07", "\u{202e}", "\u{9b}", "\u{2028}", "\r\n", "\0", "日本", "\u{e0001}"];

pub(super) const SECRETS: &[&str] = &[
    "password=",
    "token: ",
    "Bearer ",
    "Authorization: Basic ",
    "sk-abcdefghij0123456789",
    "://u:p@h",
    "eyJ",
    "\"api_key\": \"",
    "-----BEGIN PRIVATE KEY-----\n",
    "--password ",
    "AKIAIOSFODNN7EXAMPLE",
    "'",
    "\"",
    "\n",
    "***",
    "ghp_",
    "&",
];

pub(super) fn ids(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(id) = TaskId::parse_given(text) {
        assert_eq!(id.as_str(), text);
        assert!(
            (1..=64).contains(&text.len()) && !text.contains(['/', '\0', ' ']) && text != "." && text != ".."
        );
        assert_eq!(harmless(text), text);
    }
    let id = TaskId::derive([], text);
    assert!(id.is_derived_form() && TaskId::parse_given(id.as_str()).is_ok());
    let folded = fold_text(text);
    assert_eq!(fold_text(&folded), folded, "folded twice is folded once");
    assert_eq!(TaskId::derive([], &folded), id);
    assert_eq!(TaskId::derive([], &format!(" \t{text}\n")), id);
}

/// What could steer a terminal, or show a text as another.
fn is_harmful(c: char) -> bool {
    c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

pub(super) fn harmless_text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let once = harmless(&text).into_owned();
    assert!(!once.contains(is_harmful), "{once:?}");
    assert_eq!(harmless(&once), once.as_str());
    let lines = harmless_lines(&text).into_owned();
    assert!(!lines.replace(['\n', '\t'], "").contains(is_harmful), "{lines:?}");
    let short = one_line(&text, 20).into_owned();
    assert!(!short.contains(is_harmful), "{short:?}");
    assert!(ink_free(&text).len() <= text.len());
    thread_local! { static SPEECH: [Catalogue; 2] = [Catalogue::new(Lang::En), Catalogue::new(Lang::Ru)]; }
    SPEECH.with(|speech| {
        for catalogue in speech {
            let told = codeagent_project::msg!(catalogue, "cli-add-done", id = &*once, text = &*short);
            assert!(!told.contains(is_harmful), "{told:?}");
            assert!(told.contains(&once), "what is told is told whole");
        }
    });
}

/// Where in a text a secret that is known to be one is shown.
pub(super) fn secrets(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let once = mask(&text);
    assert_eq!(mask(&once), once, "masked twice is masked once");
    // What stands before does not hide a secret behind it, as long as it does not go on into it.
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let shown = mask(&format!("{text}\n{secret}\n"));
    // What the text itself says, without the sign before it, is no secret.
    let said = |shown: &str| shown.matches(&secret[4..]).count();
    assert_eq!(said(&shown), said(&once), "{shown:?}");
}
