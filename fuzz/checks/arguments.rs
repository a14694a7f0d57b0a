//! The functions whose arguments are read: one of each kind of signature.

pub(crate) use values_model::agree;

#[path = "../../tests/support/values_model/mod.rs"]
mod values_model;

use values_model::Function;

const SIGNATURES: &[&str] = &[
    "",
    "a: int",
    "a: int, b: int",
    "a: number, b?: number, c?: int64",
    "a: int64, b: bigint",
    "a?: boolean, b?: string, c?: json",
    "a: json",
    "a: bytes, b?: bytes",
    "h?: header, a: string, b: int",
    "a: int[], b?: number[]",
    "a: int64[], b?: bigint[]",
    "a: string[], b?: boolean[], c?: json",
    "\u{e9}: json, a: number[], b: bytes, c: string, d: int, e?: int64, f?: int32, g?: float32",
];

/// The function that a byte chooses.
pub(crate) fn function(choice: u8) -> Function {
    let choice = usize::from(choice) % (SIGNATURES.len() + 3);
    match SIGNATURES.get(choice) {
        Some(signature) => Function::declared(signature),
        None => Function::undeclared(choice - SIGNATURES.len()),
    }
}
