//! libFuzzer chooses the inputs of `checks/parse_head.rs`.

#![no_main]

#[path = "../checks/parse_head.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::check(input));
