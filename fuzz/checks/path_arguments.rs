//! Arguments from paths: what is read has to agree with the model, as has what is refused, and where.
//!
//! The input's first byte chooses the function, and the rest is what follows its name in the path.

use super::arguments::{agree, function};

pub fn check(input: &[u8]) {
    let Some((&choice, path)) = input.split_first() else {
        return;
    };
    // No other byte gets past the grammar of a request line.
    if !path.is_empty() && path.iter().all(u8::is_ascii_graphic) {
        agree(&function(choice), path, true);
    }
}
