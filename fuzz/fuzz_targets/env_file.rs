//! `proof::fuzz`, target `env_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| codeagent_proof::fuzz::try_on("env_file", input));
