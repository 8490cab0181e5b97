//! The configuration: one table of keys, a YAML file, the environment and flags, with the origin of each value.
//!
//! [`load()`] is the way in. What can be set, with defaults and kinds, stands in `keys.rs`.

mod env;
mod env_file;
mod error;
mod expand;
mod keys;
mod load;
mod placeholders;
mod read;
mod rows;
mod schema;
mod source;
mod template;
mod types;
mod typo;
mod value;

pub use env::Env;
pub use error::{ConfigError, Found, Notice, Place, Problem, yaml_text};
pub use load::{ConfigRequest, Given, Loaded, Override, load};
pub use rows::{Origin, Row};
pub use schema::schema_json;
pub use template::template;
pub use types::{
    AutoTodoGeneration, Checkpoint, Config, Executor, Logging, Project, Retry, Server, StdinSource,
    TodoFormat,
};
pub(crate) use typo::closest;
pub use value::{Kind, Value};
