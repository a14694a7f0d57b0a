//! Arguments from bodies: those read, those refused, and the places of faults must agree with the
//! model.
//!
//! The input's first byte chooses the function, and the rest is the body. It is also the elements
//! of a long array, because a large value crosses in another form.

use super::arguments::{agree, function};

/// The function `a: json`.
const ANY_VALUE: u8 = 6;

const TIMES: usize = 32;
const LONG: usize = 2048;

pub fn check(input: &[u8]) {
    if let Some((&choice, body)) = input.split_first() {
        agree(&function(choice), body, false);
        let elements = vec![body; TIMES].join(&b","[..]);
        let long = [&b"[["[..], &elements, b"]", &[b' '; LONG], b"]"].concat();
        agree(&function(ANY_VALUE), &long, false);
    }
}
