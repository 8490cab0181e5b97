//! What every command is handed: flags, environment, language, stdout; the configuration where it is asked for.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use codeagent_project::config::{ConfigError, ConfigRequest, Env, Loaded, Override, Place, Problem, load};
use codeagent_project::messages::{Catalogue, Lang};
use codeagent_server::Access;

use crate::args::{Global, LangFlag};
use crate::exit::Exit;
use crate::explain::explain;
use crate::failure::CliError;
use crate::text::out::Out;
use crate::text::paint::Paint;

/// The surroundings of one command.
pub(crate) struct Context {
    /// Flags that stand anywhere.
    pub(crate) global: Global,
    /// The environment.
    pub(crate) env: Env,
    /// The language. That of the configuration counts once it is loaded.
    pub(crate) say: Catalogue,
    /// stdout.
    pub(crate) out: Out,
}

impl Context {
    /// For these flags and this environment.
    pub(crate) fn new(global: Global, env: Env) -> Self {
        let say = Catalogue::new(Lang::detect(global.lang.map(LangFlag::lang), None, &env));
        let out = Out::new(global.color, &env);
        Self { global, env, say, out }
    }

    /// Reads the configuration; from here on its language counts.
    pub(crate) fn load(&mut self, overrides: Vec<Override>) -> Result<Loaded, CliError> {
        let request = self.request(overrides)?;
        let loaded = load(&request).map_err(|error| with_folder(error, &request))?;
        let lang = Lang::detect(self.global.lang.map(LangFlag::lang), loaded.config.locale, &self.env);
        if lang != self.say.lang() {
            self.say = Catalogue::new(lang);
        }
        Ok(loaded)
    }

    fn request(&self, overrides: Vec<Override>) -> Result<ConfigRequest, ConfigError> {
        Ok(ConfigRequest {
            project_flag: self.global.project.clone(),
            config_flag: self.global.config.clone(),
            overrides,
            env: self.env.clone(),
            current_dir: current_dir()?,
            without_file: false,
        })
    }

    /// The project's tasks, by a running server or in the files. A server that runs needs no configuration that can
    /// be read now: it must not become unreachable by a slip in the file.
    pub(crate) fn access(&mut self) -> Result<Access, CliError> {
        let error = match self.load(vec![]) {
            Ok(loaded) => return Ok(Access::open(&loaded)),
            // A file that a flag names may be of another project, whose server is not the one that is found here.
            Err(CliError::Config(error)) if self.global.config.is_none() => error,
            Err(error) => return Err(error),
        };
        let request = ConfigRequest { without_file: true, ..self.request(vec![])? };
        let access = load(&request).ok().map(|defaults| Access::open(&defaults));
        let live = access.filter(Access::is_live).ok_or_else(|| CliError::Config(error.clone()))?;
        complain(&format!("{}: {}", self.say.text("cli-label-warning"), error.render(&self.say)));
        Ok(live)
    }

    /// The project folder, where a command needs no configuration.
    pub(crate) fn project_dir(&self) -> Result<PathBuf, CliError> {
        let current = current_dir()?;
        let named = self.global.project.clone().map(PathBuf::into_os_string);
        let from_env = || self.env.get_os("PROJECT_DIR").filter(|dir| !dir.is_empty()).map(Into::into);
        Ok(match named.or_else(from_env) {
            Some(dir) => current.join(dir),
            None => current,
        })
    }

    /// Shows an error on stderr, and answers its exit code.
    pub(crate) fn tell(&self, error: &CliError) -> Exit {
        let Some(failure) = explain(error, &self.say) else { return Exit::Done };
        let color = self.global.color.on(io::stderr().is_terminal(), &self.env);
        crate::show(&failure, &self.say, Paint::new(color))
    }

    /// A line for people on stderr, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.global.quiet {
            complain(text);
        }
    }
}

/// A folder that a flag names is told by its name, not by the flag's.
fn with_folder(error: ConfigError, request: &ConfigRequest) -> ConfigError {
    match (&error.place, &request.project_flag) {
        (Place::Flag(flag), Some(dir)) if flag == "--project" => {
            ConfigError { place: Place::Path(dir.clone()), key: None, ..error }
        }
        _ => error,
    }
}

/// What the user should know about the configuration; mere notes not with `--quiet`.
pub(crate) fn tell_notices(loaded: &Loaded, context: &Context) {
    for notice in &loaded.notices {
        let text = notice.render(&context.say);
        if notice.is_warning() {
            complain(&format!("{}: {text}", context.say.text("cli-label-warning")));
        } else {
            context.note(&format!("{}: {text}", context.say.text("cli-label-note")));
        }
    }
}

/// A line on stderr. A closed stderr is no reason to fail.
pub(crate) fn complain(text: &str) {
    use io::Write as _;
    _ = writeln!(io::stderr(), "{text}");
}

/// A folder that was deleted under the shell has no name any more.
fn current_dir() -> Result<PathBuf, ConfigError> {
    std::env::current_dir().map_err(|error| ConfigError {
        place: Place::Path(".".into()),
        key: None,
        problem: Problem::Unreadable(error.to_string()),
    })
}

impl LangFlag {
    /// The catalogue's name of it.
    pub(crate) fn lang(self) -> Lang {
        match self {
            Self::Ru => Lang::Ru,
            Self::En => Lang::En,
        }
    }
}
