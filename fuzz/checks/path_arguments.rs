//! Arguments from paths: those read, those refused, and the places of faults must agree with the
//! model.
//!
//! The input's first byte chooses the function, and the rest follows its name in the path.

use super::arguments::{agree, function};

pub fn check(input: &[u8]) {
    let Some((&choice, path)) = input.split_first() else {
        return;
    };
    // The grammar of a request line lets no other byte through.
    if !path.is_empty() && path.iter().all(u8::is_ascii_graphic) {
        agree(&function(choice), path, true);
    }
}
