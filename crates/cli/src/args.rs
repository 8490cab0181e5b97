//! The command line's definition. Texts are keys of the catalogue; `speech.rs` turns them into a language.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use codeagent_core::TaskId;

use crate::commands;
use crate::text::paint::ColorWhen;

/// `codeagent …`
#[derive(Debug, Parser)]
#[command(
    name = "codeagent",
    version,
    about = "cli-about",
    after_help = "cli-examples",
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_help_heading = "cli-heading-commands",
    next_help_heading = "cli-heading-global"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags that stand anywhere.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Global {
    #[arg(long, global = true, value_name = "DIR", help = "cli-arg-project", display_order = 900)]
    pub(crate) project: Option<PathBuf>,
    #[arg(long, global = true, value_name = "FILE", help = "cli-arg-config", display_order = 901)]
    pub(crate) config: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        value_name = "LANG",
        value_enum,
        hide_possible_values = true,
        help = "cli-arg-lang",
        display_order = 902
    )]
    pub(crate) lang: Option<LangFlag>,
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true,
        help = "cli-arg-color",
        display_order = 903
    )]
    pub(crate) color: ColorWhen,
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        value_enum,
        ignore_case = true,
        hide_possible_values = true,
        help = "cli-arg-log-level",
        display_order = 904
    )]
    pub(crate) log_level: Option<LevelFlag>,
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true,
        help = "cli-arg-log-format",
        display_order = 905
    )]
    pub(crate) log_format: Option<LogFormat>,
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help = "cli-arg-quiet",
        display_order = 906
    )]
    pub(crate) quiet: bool,
    #[arg(short, long, global = true, help = "cli-arg-verbose", display_order = 907)]
    pub(crate) verbose: bool,
    #[arg(short, long, global = true, action = ArgAction::HelpShort, help = "cli-arg-help", display_order = 908)]
    help: Option<bool>,
    #[arg(short = 'V', long, action = ArgAction::Version, help = "cli-arg-version", display_order = 909)]
    version: Option<bool>,
}

/// `--lang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangFlag {
    Ru,
    En,
}

/// `--log-level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelFlag {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    // The guide's lines. (No doc comments here: they would show in completions, in English.)
    Text,
    // One object a line.
    Json,
}

/// One variant for each file in `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(commands::run::Args),
    Serve(commands::serve::Args),
    Add(commands::add::Args),
    List(commands::list::Args),
    Show(commands::show::Args),
    Status(commands::status::Args),
    Log(commands::log::Args),
    Retry(commands::retry::Args),
    Skip(commands::skip::Args),
    Cancel(commands::cancel::Args),
    Rollback(commands::rollback::Args),
    Stop(commands::stop::Args),
    Restart(commands::restart::Args),
    Checkpoint(commands::checkpoint::Args),
    Config(commands::config::Args),
    Init(commands::init::Args),
    Demo(commands::demo::Args),
    Completions(commands::completions::Args),
    Help(commands::help::Args),
}

/// `ID`: any id that stands in a checkpoint, also one that we would not give.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-arguments")]
pub(crate) struct TaskArg {
    #[arg(value_name = "ID", help = "cli-arg-id", allow_hyphen_values = true)]
    id: String,
}

impl TaskArg {
    /// The id.
    pub(crate) fn id(&self) -> TaskId {
        TaskId::new(self.id.as_str())
    }
}

/// `ID…`: the same, of several.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-arguments")]
pub(crate) struct TasksArg {
    #[arg(value_name = "ID", help = "cli-arg-ids", required = true)]
    ids: Vec<String>,
}

impl TasksArg {
    /// The ids.
    pub(crate) fn ids(&self) -> Vec<TaskId> {
        self.ids.iter().map(|id| TaskId::new(id.as_str())).collect()
    }
}

/// `--json`.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "cli-heading-options")]
pub(crate) struct JsonArg {
    #[arg(long, help = "cli-arg-json")]
    pub(crate) json: bool,
}
