//! The message catalogue: every sentence that a person reads, in Russian and English (Fluent).
//!
//! The texts stand in `messages/<language>/<part>.ftl`. A key begins with the name of its part
//! (`report-interrupted` stands in `report.ftl`), so only the parts that a command speaks are parsed.

mod lang;
mod value;

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use crate::harmless::{harmless, harmless_lines, one_line};
pub use lang::Lang;
pub use value::Value;

/// One file of texts in both languages.
struct Part {
    name: &'static str,
    ru: &'static str,
    en: &'static str,
}

macro_rules! part {
    ($name:literal) => {
        Part {
            name: $name,
            ru: include_str!(concat!("../../messages/ru/", $name, ".ftl")),
            en: include_str!(concat!("../../messages/en/", $name, ".ftl")),
        }
    };
}

const PARTS: [Part; 8] = [
    part!("core"),
    part!("config"),
    part!("todo"),
    part!("report"),
    part!("server"),
    part!("cli"),
    part!("demo"),
    part!("python"),
];

/// The texts of one language. Cheap to make: a part is parsed when one of its texts is first asked for.
pub struct Catalogue {
    lang: Lang,
    bundles: [OnceLock<FluentBundle<FluentResource>>; PARTS.len()],
}

impl std::fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalogue").field("lang", &self.lang).finish_non_exhaustive()
    }
}

impl Catalogue {
    /// The catalogue of a language.
    #[must_use]
    pub fn new(lang: Lang) -> Catalogue {
        Catalogue { lang, bundles: [const { OnceLock::new() }; PARTS.len()] }
    }

    /// The language of the texts.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A text without variables. A key that does not exist is shown as it is.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        self.format(key, &[])
    }

    /// A text with its variables; usually called through [`msg!`](crate::msg).
    ///
    /// The values are put in as they are: what is printed goes through [`harmless`] first.
    #[must_use]
    pub fn format(&self, key: &str, args: &[(&str, Value<'_>)]) -> String {
        let Some(text) = self.try_format(key, args) else {
            debug_assert!(false, "no message `{key}` in {:?}", self.lang);
            return key.to_owned();
        };
        text
    }

    /// True if the catalogue has this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.bundle(key).is_some_and(|bundle| bundle.has_message(key))
    }

    fn try_format(&self, key: &str, args: &[(&str, Value<'_>)]) -> Option<String> {
        let bundle = self.bundle(key)?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut fluent_args = FluentArgs::with_capacity(args.len());
        for (name, value) in args {
            fluent_args.set(*name, value.to_fluent());
        }
        let mut errors = vec![];
        let text = bundle.format_pattern(pattern, Some(&fluent_args), &mut errors);
        debug_assert!(errors.is_empty(), "message `{key}`: {errors:?}");
        Some(text.into_owned())
    }

    fn bundle(&self, key: &str) -> Option<&FluentBundle<FluentResource>> {
        let name = key.split('-').next()?;
        let index = PARTS.iter().position(|part| part.name == name)?;
        Some(self.bundles[index].get_or_init(|| build(&PARTS[index], self.lang)))
    }
}

fn build(part: &Part, lang: Lang) -> FluentBundle<FluentResource> {
    let source = match lang {
        Lang::Ru => part.ru,
        Lang::En => part.en,
    };
    // What can be read of a file counts; the tests hold that it is all of it.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
        debug_assert!(false, "{}.ftl ({lang:?}): {errors:?}", part.name);
        resource
    });
    // Both codes are good identifiers; a bad one would only cost the plural rules.
    let mut bundle = FluentBundle::new_concurrent(vec![lang.code().parse().unwrap_or_default()]);
    // Isolation marks would be invisible characters in logs that people search.
    bundle.set_use_isolating(false);
    if let Err(errors) = bundle.add_resource(resource) {
        debug_assert!(false, "{}.ftl ({lang:?}): {errors:?}", part.name);
    }
    bundle
}

/// A text of the catalogue with its variables: `msg!(catalogue, "report-unfinished", count = n)`.
#[macro_export]
macro_rules! msg {
    ($catalogue:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $catalogue.format($key, &[$((stringify!($name), $crate::messages::Value::from($value))),*])
    };
}

#[cfg(test)]
mod tests;
