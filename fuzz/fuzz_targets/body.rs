//! libFuzzer chooses the inputs of `checks/body.rs`.

#![no_main]

#[path = "../checks/body.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::check(input));
