//! The Python package: tested as its users install it, and built as wheels.
//!
//! Everything happens in a virtual environment that is made anew. What is missing (Python, the registry of its
//! packages) fails, since a step that is passed over looks like one that passed.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::{Failed, Steps, cargo, root};

/// `cargo xtask python`.
pub(crate) fn run() -> Result<(), String> {
    let mut steps = Steps::default();
    tests(&mut steps);
    steps.finish().map_err(|failed: Failed| failed.to_string())
}

/// Installs the package with pip and runs pytest on it.
pub(crate) fn tests(steps: &mut Steps) {
    let Some(environment) = Environment::make(steps, "test") else { return };
    let mut install = environment.pip();
    // Unoptimised and into the same target folder: most of it is built by then.
    install.arg("./python[test]").env("MATURIN_PEP517_ARGS", "--profile dev --locked");
    let installed = steps.run("Python: pip install ./python", &mut install)
        && steps.run("Python: the server", &mut cargo(&["build", "--locked", "--package", "codeagent"]));
    if !installed {
        return;
    }
    let mut pytest = environment.python();
    pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "python/tests"]);
    pytest.env("CODEAGENT_BINARY", target().join("debug/codeagent"));
    steps.run("Python: pytest", &mut pytest);
}

/// `cargo xtask python --bench`: the package as it is released, and `bench/transitions.py` with these arguments.
pub(crate) fn bench(args: &[&str]) -> Result<(), String> {
    let mut steps = Steps::default();
    if let Some(environment) = Environment::released(&mut steps) {
        let mut transitions = environment.python();
        transitions.arg("python/bench/transitions.py").args(args);
        steps.run("Python: transitions", &mut transitions);
    }
    steps.finish().map_err(|failed: Failed| failed.to_string())
}

/// An interpreter that has the package as it is released.
pub(crate) fn interpreter() -> Result<PathBuf, String> {
    let mut steps = Steps::default();
    let environment = Environment::released(&mut steps);
    steps.finish().map_err(|failed: Failed| failed.to_string())?;
    environment.map(|environment| environment.interpreter()).ok_or_else(|| "no Python".into())
}

/// `cargo xtask wheels`: into `target/python/wheels`.
pub(crate) fn wheels() -> Result<(), String> {
    let mut steps = Steps::default();
    if let Some(environment) = Environment::make(&mut steps, "wheels") {
        let maturin = |args: &[&str]| {
            let mut maturin = environment.python();
            maturin.args(["-m", "maturin"]).args(args).args([
                "--manifest-path",
                "python/Cargo.toml",
                "--out",
            ]);
            maturin.arg(target().join("python/wheels"));
            maturin
        };
        let _ = steps.run("Python: maturin", environment.pip().arg("maturin>=1.9,<2"))
            && steps.run("Python: a wheel", &mut maturin(&["build", "--release", "--locked"]))
            && steps.run("Python: the sources", &mut maturin(&["sdist"]));
    }
    steps.finish().map_err(|failed: Failed| failed.to_string())
}

/// A virtual environment below `target`.
struct Environment(PathBuf);

impl Environment {
    /// Makes it anew; none where that failed, which the steps tell.
    fn make(steps: &mut Steps, name: &str) -> Option<Self> {
        let path = target().join("python").join(name);
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&path).current_dir(root());
        steps.run("Python: a new virtual environment", &mut venv).then_some(Self(path))
    }

    /// With the package as it is released; none where that failed.
    fn released(steps: &mut Steps) -> Option<Self> {
        let environment = Self::make(steps, "bench")?;
        let mut install = environment.pip();
        install.arg("./python").env("MATURIN_PEP517_ARGS", "--locked");
        steps.run("Python: pip install ./python", &mut install).then_some(environment)
    }

    fn interpreter(&self) -> PathBuf {
        self.0.join("bin/python")
    }

    fn python(&self) -> Command {
        let mut python = Command::new(self.interpreter());
        // Neither bytecode beside the sources nor packages of this machine's user.
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1").current_dir(root());
        python.env("CARGO_TARGET_DIR", target());
        python
    }

    fn pip(&self) -> Command {
        let mut pip = self.python();
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip
    }
}

fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
