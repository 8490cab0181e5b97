//! The house keeps its shape: which crate may depend on which, how long a file may be, and what its first line says.
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What each room may depend on, in any way (also in tests): DESIGN.md, "The house". A room that is not named here
/// may not exist: whoever adds one says where it stands.
const ROOMS: &[(&str, &[&str])] = &[
    ("codeagent-core", &[]),
    ("codeagent-checkpoint", &["codeagent-core"]),
    ("codeagent-project", &["codeagent-core"]),
    ("codeagent-runner", &["codeagent-core"]),
    (
        "codeagent-server",
        &["codeagent-core", "codeagent-checkpoint", "codeagent-project", "codeagent-runner"],
    ),
    ("codeagent-python", &["codeagent-core", "codeagent-checkpoint", "codeagent-project"]),
    (
        "codeagent",
        &[
            "codeagent-core",
            "codeagent-checkpoint",
            "codeagent-project",
            "codeagent-runner",
            "codeagent-server",
        ],
    ),
];

/// Not rooms of the house: they look at all of it.
const OUTSIDE: &[&str] = &["codeagent-bench", "codeagent-proof", "xtask"];

/// A longer file has more than one thing in it.
const MAX_LINES: usize = 700;

type Graph = BTreeMap<String, Vec<String>>;

#[test]
fn dependencies_go_only_downwards() -> Result<(), Box<dyn Error>> {
    let graph = workspace_graph()?;
    assert_eq!(forbidden(&graph), Vec::<String>::new());
    for (room, _) in ROOMS {
        assert!(graph.contains_key(*room), "{room} is gone: take it out of ROOMS");
    }
    Ok(())
}

#[test]
fn an_edge_upwards_is_found() {
    let edge = |from: &str, to: &str| Graph::from([(from.to_owned(), vec![to.to_owned()])]);
    assert_eq!(forbidden(&edge("codeagent-server", "codeagent-runner")), Vec::<String>::new());
    assert_eq!(
        forbidden(&edge("codeagent-project", "codeagent-checkpoint")),
        ["codeagent-project must not depend on codeagent-checkpoint"]
    );
    assert_eq!(forbidden(&edge("codeagent-attic", "codeagent-core")), ["codeagent-attic is not in ROOMS"]);
}

#[test]
fn the_core_is_no_std() -> Result<(), Box<dyn Error>> {
    let lib = fs::read_to_string(root().join("crates/core/src/lib.rs"))?;
    assert!(lib.lines().any(|line| line == "#![no_std]"));
    let with_std = rust_files(&root().join("crates/core/src"))?
        .into_iter()
        .filter(|(_, text)| text.contains("extern crate std"))
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    assert_eq!(with_std, Vec::<PathBuf>::new());
    Ok(())
}

#[test]
fn files_are_short_and_say_what_lives_in_them() -> Result<(), Box<dyn Error>> {
    let mut wrong = Vec::new();
    for folder in ["bench", "crates", "proof", "python", "xtask"] {
        for (path, text) in rust_files(&root().join(folder))? {
            let shown = path.strip_prefix(root()).unwrap_or(&path).display();
            let lines = text.lines().count();
            if lines > MAX_LINES {
                wrong.push(format!("{shown}: {lines} lines, more than {MAX_LINES}"));
            }
            if path.components().any(|part| part.as_os_str() == "src") && !text.starts_with("//! ") {
                wrong.push(format!("{shown}: the first line does not say what lives here (`//! …`)"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    Ok(())
}

/// Edges that the rule does not allow, one sentence each.
fn forbidden(graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, dependencies) in graph {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| name == room) else {
            wrong.push(format!("{room} is not in ROOMS"));
            continue;
        };
        let upwards = dependencies.iter().filter(|dependency| !allowed.contains(&dependency.as_str()));
        wrong.extend(upwards.map(|dependency| format!("{room} must not depend on {dependency}")));
    }
    wrong
}

/// The rooms of the workspace and the rooms that each names in its manifest, in any section.
fn workspace_graph() -> Result<Graph, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let mut graph = Graph::new();
    for package in packages {
        let name = package["name"].as_str().ok_or("a package without a name")?;
        if !OUTSIDE.contains(&name) {
            graph.insert(name.to_owned(), dependencies_in_workspace(package, packages));
        }
    }
    Ok(graph)
}

/// By name, and not by path: `cargo metadata` gives the package's own name also where it is renamed.
fn dependencies_in_workspace(package: &Value, packages: &[Value]) -> Vec<String> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let names = dependencies.filter_map(|dependency| dependency["name"].as_str());
    names
        .filter(|name| *name != package["name"] && packages.iter().any(|other| other["name"] == **name))
        .map(str::to_owned)
        .collect()
}

/// All `.rs` files below a folder, with their texts, in the order of their paths.
fn rust_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text =
                    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                found.push((path, text));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}
