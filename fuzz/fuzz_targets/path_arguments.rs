//! libFuzzer chooses the inputs of `checks/path_arguments.rs`.

#![no_main]

#[path = "../checks/arguments.rs"]
mod arguments;
#[path = "../checks/path_arguments.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::check(input));
