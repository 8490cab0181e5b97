//! Files that packagers ship: man pages and shell completions, made by the program itself.

use std::fs;
use std::path::PathBuf;

use crate::steps::{cargo, root};

/// `cargo xtask man`: into `target/man/<language>/man1`.
pub(crate) fn man() -> Result<(), String> {
    for lang in ["en", "ru"] {
        let dir = fresh(&format!("target/man/{lang}/man1"))?;
        let mut make = cargo(&["run", "--quiet", "--package", "codeagent", "--example", "man", "--", lang]);
        let status = make.arg(&dir).status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("no man pages in {lang}"));
        }
        println!("{}", dir.display());
    }
    Ok(())
}

/// `cargo xtask completions`: into `target/completions`.
pub(crate) fn completions() -> Result<(), String> {
    let dir = fresh("target/completions")?;
    for (shell, file) in [
        ("bash", "codeagent.bash"),
        ("zsh", "_codeagent"),
        ("fish", "codeagent.fish"),
        ("elvish", "codeagent.elv"),
        ("powershell", "_codeagent.ps1"),
    ] {
        let mut make = cargo(&["run", "--quiet", "--package", "codeagent", "--", "completions", shell]);
        let made = make.output().map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(format!("{shell}: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let path = dir.join(file);
        fs::write(&path, made.stdout).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn fresh(folder: &str) -> Result<PathBuf, String> {
    let dir = root().join(folder);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(dir)
}
