//! Bodies: skipping must agree with the model, in one piece, in two and byte by byte.
//!
//! The input's first two bytes choose the framing, the rules and the cut; the rest is the body and
//! what follows it.

#[expect(unused, reason = "each target uses one half of the model")]
#[path = "../../tests/support/http_model/mod.rs"]
mod http_model;

use http_model::Skip;
use ringcall::http::{Body, BodyFraming, Errors, Origins, Rules};

pub fn check(input: &[u8]) {
    let [choice, cut, input @ ..] = input else {
        return;
    };
    let framing = if choice & 1 == 0 {
        BodyFraming::Chunked
    } else {
        BodyFraming::Length(u64::from(*cut))
    };
    let rules = Rules {
        // The usual limits, or small ones.
        head_bytes_max: if *choice < 0x80 {
            16 * 1024
        } else {
            usize::from(choice & 0x3e)
        },
        body_bytes_max: if *choice < 0x40 {
            64 * 1024
        } else {
            u64::from(choice & 0x3e)
        },
        bigint: false,
        origins: Origins::None,
        health: None,
        errors: Errors::Sentences,
    };
    let model = http_model::body(framing, input, &rules);
    let (before, after) = input.split_at(input.len().min(usize::from(*cut)));
    assert_eq!(skip(framing, &rules, [input]), model, "whole");
    assert_eq!(
        skip(framing, &rules, [before, after]),
        model,
        "cut at {cut}"
    );
    assert_eq!(
        skip(framing, &rules, input.chunks(1)),
        model,
        "byte by byte"
    );
}

fn skip<'a>(
    framing: BodyFraming,
    rules: &Rules,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Skip {
    let mut body = match Body::new(framing, rules) {
        Ok(Some(body)) => body,
        Ok(None) => return Skip::Complete(0),
        Err(refusal) => return Skip::Closes(refusal.status.code()),
    };
    let mut consumed = 0;
    for piece in pieces {
        match body.skip(piece) {
            Ok(skipped) => {
                consumed += skipped.consumed;
                if skipped.complete {
                    return Skip::Complete(consumed);
                }
                assert_eq!(skipped.consumed, piece.len(), "nothing is left behind");
            }
            Err(refusal) => return Skip::Closes(refusal.status.code()),
        }
    }
    Skip::Partial
}
