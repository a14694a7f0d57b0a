//! The behaviour on the wire, case by case.
//!
//! Each request goes through `parse` or `skip`, which also cut it in every place and check that
//! the verdict stays the same.

mod body;
mod chunked;
mod connection;
mod document;
mod empty_lines;
mod encode;
mod framing;
mod head;
mod health;
mod host;
mod method;
mod site;
mod target;

use super::*;

/// The rules that `serverListen` starts with.
const RULES: Rules = Rules {
    head_bytes_max: 16 * 1024,
    body_bytes_max: 64 * 1024,
    bigint: false,
    origins: Origins::None,
    health: None,
    errors: Errors::Sentences,
};

/// Reads the empty lines at the start of the input, and the head behind them.
fn read(input: &[u8], rules: &Rules) -> Result<Option<Head>, Refusal> {
    let skipped = EmptyLines::default().skip(input)?;
    if skipped == input.len() {
        return Ok(None);
    }
    parse_head(&input[skipped..], rules)
}

/// Parses the whole input, after checking that no shorter input gets another verdict.
fn parse_by(rules: &Rules, input: &[u8]) -> Result<Option<Head>, Refusal> {
    let verdict = read(input, rules);
    // Cutting a long input at every byte would take too long.
    let step = 1 + input.len() / 1024;
    for end in (0..input.len()).step_by(step) {
        let early = read(&input[..end], rules);
        assert!(
            early == Ok(None) || early == verdict,
            "{early:?} after {end} bytes, but {verdict:?} after all of {:?}",
            input.escape_ascii().to_string(),
        );
    }
    verdict
}

fn parse(input: impl AsRef<[u8]>) -> Result<Option<Head>, Refusal> {
    parse_by(&RULES, input.as_ref())
}

/// The head of a request that is complete and sound.
#[track_caller]
fn complete(input: impl AsRef<[u8]>) -> Head {
    parse(input).expect("sound").expect("complete")
}

/// The status of an answer after which the connection closes.
#[track_caller]
fn closes_with(input: impl AsRef<[u8]>) -> u16 {
    parse(input).expect_err("refused").status.code()
}

/// The status of an answer after which the next request is read.
#[track_caller]
fn answers_with(input: impl AsRef<[u8]>) -> u16 {
    let head = complete(input);
    assert!(head.response.keep_alive, "the connection stays open");
    match head.action {
        Action::Call(integer) => panic!("the handler would be called with {integer}"),
        Action::Refuse(refusal) => refusal.status.code(),
        Action::Preflight(_) => 204,
        Action::AskHealth => 200,
    }
}

/// A request for 15 with these lines after its Host line.
fn post(lines: impl AsRef<[u8]>) -> Vec<u8> {
    let mut request = b"POST /15 HTTP/1.1\r\nHost: a\r\n".to_vec();
    request.extend_from_slice(lines.as_ref());
    request.extend_from_slice(b"\r\n");
    request
}

/// A request for 15 with these lines, in HTTP/1.0.
fn http10(lines: &str) -> String {
    format!("POST /15 HTTP/1.0\r\n{lines}\r\n")
}

/// A request line and the Host line that HTTP/1.1 needs.
fn request(line: impl AsRef<[u8]>) -> Vec<u8> {
    [line.as_ref(), b"\r\nHost: a\r\n\r\n"].concat()
}

/// The input is partial without its last byte, and refused with it.
#[track_caller]
fn closes_at_the_last_byte(input: impl AsRef<[u8]>) -> u16 {
    let input = input.as_ref();
    assert_eq!(parse(&input[..input.len() - 1]), Ok(None));
    closes_with(input)
}

/// Skips as much of the input as belongs to the body: `Ok(None)` where more is needed.
///
/// Checks that one piece, two pieces cut anywhere and single bytes have the same result.
fn skip_by(rules: &Rules, framing: BodyFraming, input: &[u8]) -> Result<Option<usize>, u16> {
    let in_pieces = |pieces: &[&[u8]]| {
        let mut body = Body::new(framing, rules).map_err(|refusal| refusal.status.code())?;
        let mut consumed = 0;
        for piece in pieces {
            let body = body.as_mut().expect("a body");
            let skipped = body.skip(piece).map_err(|refusal| refusal.status.code())?;
            consumed += skipped.consumed;
            if skipped.complete {
                return Ok(Some(consumed));
            }
            assert_eq!(
                skipped.consumed,
                piece.len(),
                "all of an incomplete body is consumed"
            );
        }
        Ok(None)
    };
    let verdict = in_pieces(&[input]);
    // Cutting a long input at every byte would take too long.
    for cut in (0..input.len()).step_by(1 + input.len() / 1024) {
        assert_eq!(
            in_pieces(&[&input[..cut], &input[cut..]]),
            verdict,
            "cut at {cut}"
        );
    }
    assert_eq!(in_pieces(&input.chunks(1).collect::<Vec<_>>()), verdict);
    verdict
}
