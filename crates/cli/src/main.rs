//! The binary: everything stands in the library beside it.

fn main() -> std::process::ExitCode {
    codeagent_cli::main()
}
