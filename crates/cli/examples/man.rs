//! Man pages from the definition of the command line: `man <en|ru> <folder>`. Started by `cargo xtask man`.

use std::io;
use std::path::Path;

use clap_mangen::Man;
use codeagent_project::messages::Lang;

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(lang), Some(folder)) = (args.next(), args.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "usage: man <en|ru> <folder>"));
    };
    let lang = lang.parse().unwrap_or(Lang::En);
    write(&codeagent_cli::command(lang), "codeagent", Path::new(&folder))
}

/// One page for each command, as git has them: `codeagent-checkpoint-export.1`.
fn write(command: &clap::Command, name: &str, folder: &Path) -> io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone().name(name.to_owned())).render(&mut page)?;
    std::fs::write(folder.join(format!("{name}.1")), page)?;
    for sub in command.get_subcommands() {
        write(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(())
}
