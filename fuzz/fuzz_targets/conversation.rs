//! libFuzzer chooses the inputs of `checks/conversation.rs`.

#![no_main]

#[path = "../checks/conversation.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::check(input));
