//! Arguments from bodies: those read, those refused, and the places of faults must agree with the
//! model.
//!
//! The input's first byte chooses the function, and the rest is the body.

use super::arguments::{agree, function};

pub fn check(input: &[u8]) {
    if let Some((&choice, body)) = input.split_first() {
        agree(&function(choice), body, false);
    }
}
