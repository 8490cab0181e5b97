//! `proof::fuzz`, target `harmless`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| codeagent_proof::fuzz::try_on("harmless", input));
