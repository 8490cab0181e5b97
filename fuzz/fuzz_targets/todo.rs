//! `proof::fuzz`, target `todo`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| codeagent_proof::fuzz::try_on("todo", input));
