//! What happens on the wire, situation by situation.

mod head;

use super::*;

/// What `serverListen` starts with.
const RULES: Rules = Rules {
    head_bytes_max: 16 * 1024,
    body_bytes_max: 64 * 1024,
    bigint: false,
};

/// The head of a request that is complete and sound.
fn complete(input: impl AsRef<[u8]>) -> Head {
    parse_head(input.as_ref(), &RULES)
        .expect("sound")
        .expect("complete")
}
