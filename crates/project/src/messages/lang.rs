//! Which language is spoken.

use std::str::FromStr;

use crate::config::Env;

/// A language of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Russian, in the guide's words.
    Ru,
    /// English.
    En,
}

impl Lang {
    /// All languages, in the order in which they are named to users.
    pub const ALL: [Lang; 2] = [Lang::Ru, Lang::En];

    /// The language by the contract ("Messages"): `--lang`, else `locale:`, else the first of LC_ALL,
    /// LC_MESSAGES and LANG that is set (`ru…` is Russian, all else English).
    #[must_use]
    pub fn detect(flag: Option<Lang>, locale: Option<Lang>, env: &Env) -> Lang {
        flag.or(locale).unwrap_or_else(|| Lang::of_environment(env))
    }

    fn of_environment(env: &Env) -> Lang {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| env.get(name).filter(|value| !value.is_empty()));
        match set {
            Some(value) if value.to_ascii_lowercase().starts_with("ru") => Lang::Ru,
            _ => Lang::En,
        }
    }

    /// The code, `ru` or `en`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Lang::Ru => "ru",
            Lang::En => "en",
        }
    }
}

/// A language that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language of the messages (ru, en)")]
pub struct UnknownLang(pub String);

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(text: &str) -> Result<Lang, UnknownLang> {
        Lang::ALL
            .into_iter()
            .find(|lang| lang.code().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownLang(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_locale_then_environment() {
        let env = |pairs: &[(&str, &str)]| Env::from_pairs(pairs.iter().copied());
        let ru = env(&[("LANG", "ru_RU.UTF-8")]);
        assert_eq!(Lang::detect(Some(Lang::En), Some(Lang::Ru), &ru), Lang::En);
        assert_eq!(Lang::detect(None, Some(Lang::En), &ru), Lang::En);
        assert_eq!(Lang::detect(None, None, &ru), Lang::Ru);
        let cases: &[(&[(&str, &str)], Lang)] = &[
            (&[], Lang::En),
            (&[("LANG", "C")], Lang::En),
            (&[("LANG", "RU")], Lang::Ru),
            (&[("LC_ALL", "en_US"), ("LANG", "ru_RU")], Lang::En),
            (&[("LC_ALL", ""), ("LC_MESSAGES", "ru_RU"), ("LANG", "en_US")], Lang::Ru),
            (&[("LC_ALL", "de_DE"), ("LANG", "ru_RU")], Lang::En),
        ];
        for (pairs, expected) in cases {
            assert_eq!(Lang::detect(None, None, &env(pairs)), *expected, "{pairs:?}");
        }
    }

    #[test]
    fn names_are_read() {
        assert_eq!("RU".parse(), Ok(Lang::Ru));
        assert_eq!("en".parse(), Ok(Lang::En));
        assert_eq!("de".parse::<Lang>(), Err(UnknownLang("de".into())));
    }
}
