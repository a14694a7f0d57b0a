//! Arguments from bodies: what is read has to agree with the model, as has what is refused, and where.
//!
//! The input's first byte chooses the function, and the rest is the body.

use super::arguments::{agree, function};

pub fn check(input: &[u8]) {
    if let Some((&choice, body)) = input.split_first() {
        agree(&function(choice), body, false);
    }
}
