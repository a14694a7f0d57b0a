//! Heads: the parser must agree with the model, and with itself on every shorter input.
//!
//! The input's first byte chooses the rules, and a peer sends the rest.

#[expect(unused, reason = "each target uses one half of the model")]
#[path = "../../tests/support/http_model/mod.rs"]
mod http_model;

use http_model::{Verdict, parse_head};
use ringcall::http::{Errors, Origins, Rules};

pub fn check(input: &[u8]) {
    let Some((&choice, input)) = input.split_first() else {
        return;
    };
    let any = ["*".to_owned()];
    let listed = ["https://a".to_owned(), "http://b:81".to_owned()];
    let rules = Rules {
        // The usual limit, or a small one.
        head_bytes_max: if choice < 0x80 {
            16 * 1024
        } else {
            usize::from(choice & 0x7e) * 4
        },
        body_bytes_max: 64 * 1024,
        bigint: choice & 1 == 1,
        origins: Origins::named(match choice >> 1 & 3 {
            0 => &[],
            1 => &any,
            _ => &listed,
        }),
        health: (choice & 8 != 0).then(|| "/livez".into()),
        errors: Errors::Sentences,
    };
    let parsed = parse_head(input, &rules);
    assert_eq!(Verdict::from(parsed), http_model::head(input, &rules));

    // The connection parses again whenever a line has ended.
    for line_feed in (0..input.len()).filter(|&at| input[at] == b'\n').take(8) {
        for end in [line_feed, line_feed + 1] {
            let early = parse_head(&input[..end], &rules);
            assert!(
                early == Ok(None) || early == parsed,
                "{early:?} after {end}, then {parsed:?}"
            );
        }
    }
}
