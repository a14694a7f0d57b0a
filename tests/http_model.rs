//! The parser agrees with a plain model of the rules, on requests composed of right, nearly right
//! and wrong parts, which arrive whole and in pieces.

#[path = "support/http_model/mod.rs"]
mod http_model;

use http_model::{Skip, Verdict, parse_head};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use ringcall::http::{Body, BodyFraming, EmptyLines, Errors, Head, Origins, Refusal, Rules};

/// Values of the option.
const ORIGINS: &[&[&str]] = &[&[], &["*"], &["https://a", "http://b:81"]];

fn rules() -> impl Strategy<Value = Rules> {
    // Mostly the usual limits, and now and then small ones.
    let head_bytes_max = prop_oneof![4 => Just(16_384_usize), 1 => 0..200_usize];
    let body_bytes_max = prop_oneof![4 => Just(65_536_u64), 1 => 0..20_u64];
    let origins = select(ORIGINS);
    let health = select(&[None, Some("/livez")][..]);
    (
        head_bytes_max,
        body_bytes_max,
        any::<bool>(),
        origins,
        health,
    )
        .prop_map(
            |(head_bytes_max, body_bytes_max, bigint, origins, health)| Rules {
                head_bytes_max,
                body_bytes_max,
                bigint,
                origins: Origins::named(
                    &origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
                ),
                health: health.map(Into::into),
                errors: Errors::Sentences,
            },
        )
}

fn one_of(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pieces).prop_map(str::to_owned)
}

/// A piece that is right in most cases, so that the pieces after it are read too.
fn mostly(right: &'static [&'static str], wrong: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![9 => one_of(right), 1 => one_of(wrong)].boxed()
}

fn target() -> BoxedStrategy<String> {
    let number = any::<i64>().prop_map(|number| format!("/{number}"));
    let digits = proptest::string::string_regex("/-?0{0,4}[0-9]{1,22}").expect("a pattern");
    let others = one_of(&[
        "/",
        "/x",
        "/livez",
        "/%6Civez?x",
        "/livez%2F",
        "http://a/livez",
        "https://a/livez",
        "/-",
        "/%31",
        "/%2d1%30",
        "/%2F1",
        "/1%",
        "/1#",
        "/\u{663}",
        "/1?a=[b]",
        "/1?#",
        "*",
        "a:1",
        "[::1]:1",
        "a:",
        "1",
        "http://a/1",
        "HTTP://a:1?q",
        "https://a/1",
        "http://u@a/1",
        "http:///1",
        "http://[::1]/-7",
        "ftp://a/1",
    ]);
    prop_oneof![3 => number, 2 => digits, 2 => others].boxed()
}

fn request_line() -> impl Strategy<Value = String> {
    let method = prop_oneof![
        3 => Just("POST".to_owned()),
        1 => mostly(
            &["GET", "HEAD", "OPTIONS", "CONNECT", "PROPFIND", "post", "FOO", "PRI"],
            &["", "PO ST", "P(ST", "PO\rST", "\u{e4}", "POST\n"],
        ),
    ];
    let version = mostly(
        &["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"],
        &[
            "HTTP/2.0",
            "HTTP/1.2",
            "HTTP/1.10",
            "HTTP/1.",
            "HTTP/1.x",
            "http/1.1",
            "",
            "HTTP/0.9",
        ],
    );
    (method, target(), version)
        .prop_map(|(method, target, version)| format!("{method} {target} {version}"))
}

fn field() -> impl Strategy<Value = String> {
    let named = |name: &'static str, right, wrong| {
        mostly(right, wrong).prop_map(move |value| format!("{name}: {value}"))
    };
    prop_oneof![
        1 => named("Host", &["a", "a:80", "[::1]", "[v1.a]:2", "a%41"], &["", "a b", "a:x", "a%4"]),
        2 => named("Content-Length", &["0", "5", "005"], &["-1", "", "99999999999999999999"]),
        1 => named("transfer-encoding", &["chunked", "Chunked", "gzip"], &["", ",chunked"]),
        1 => named(
            "Transfer-Encoding",
            &["gzip, chunked", "chunked"],
            &["chunked, gzip", "chunked;a", "chunked,chunked", "gzip, chunked, chunked"],
        ),
        3 => named("Connection", &["close", "keep-alive", "Keep-Alive, x"], &["x,CLOSE", "", ","]),
        2 => named("Expect", &["100-continue", "100-Continue"], &["x", "x, 100-continue", ""]),
        3 => browser_field(),
        3 => named("X", &["", "y", " \t y \t ", "\u{fc}"], &["y\0", "y\rz", "y\u{7f}"]),
        1 => mostly(&["Host:a", "X:"], &["X : y", " X: y", ": y", "X", "X[: y", "X :5", "\tx"]),
    ]
}

/// Fields that only browsers send.
fn browser_field() -> impl Strategy<Value = String> {
    one_of(&[
        "Origin: http://a",
        "origin: HTTPS://A:443",
        "Origin: https://a:80",
        "Origin: http://a:",
        "Origin: http://a:8",
        "Origin: http://b:81",
        "Origin: https://[::1]",
        "Origin: null",
        "Origin: a",
        "Origin: ://a",
        "Origin:",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Site: none",
        "Sec-Fetch-Site: same-site",
        "sec-fetch-site: cross-site",
        "Sec-Fetch-Site: same-origin, none",
        "Sec-Fetch-Site:",
        "Access-Control-Request-Method: POST",
    ])
}

fn line_end() -> impl Strategy<Value = String> {
    prop_oneof![40 => Just("\r\n".to_owned()), 1 => one_of(&["\n", "\r", "\r\r\n", "\r\n ", ""])]
}

/// One byte of the input is removed or changed, or another one is inserted before it.
#[derive(Debug, Clone)]
enum Mutation {
    Remove(Index),
    Change(Index, u8),
    Insert(Index, u8),
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let byte = || prop_oneof![any::<u8>(), select(&b"\r\n\0 \t:;,=\"%/0"[..])];
    let mutation = prop_oneof![
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Change(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
    ];
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(mutation, 1..3)]
}

fn mutate(text: &str, mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for mutation in mutations.iter().filter(|_| !text.is_empty()) {
        match mutation {
            _ if bytes.is_empty() => {}
            Mutation::Remove(at) => _ = bytes.remove(at.index(bytes.len())),
            Mutation::Change(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Mutation::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        }
    }
    bytes
}

prop_compose! {
    fn head()(
        empty_lines in prop_oneof![8 => Just(0), 1 => 0..7_usize],
        line in request_line(),
        has_host in prop::bool::weighted(0.8),
        fields in prop::collection::vec((field(), line_end()), 0..5),
        many in prop_oneof![30 => Just(0), 1 => 95..103_usize],
        ends in (line_end(), line_end()),
        mutations in mutations(),
    ) -> Vec<u8> {
        let mut text = "\r\n".repeat(empty_lines) + &line + &ends.0;
        text += if has_host { "Host: a\r\n" } else { "" };
        text += &"X: y\r\n".repeat(many);
        text.extend(fields.iter().flat_map(|(field, end)| [field.as_str(), end]));
        text += &ends.1;
        mutate(&text, &mutations)
    }
}

fn chunk() -> impl Strategy<Value = String> {
    let extension = mostly(
        &["", "", ";a", ";a=b", " ; a = \"b;\\\"c\" ;d", ";a=\"\""],
        &[
            ";",
            " ",
            ";a=",
            ";a ",
            ";a=\"",
            ";a=\"\\\0\"",
            ";=",
            ";a b",
            "x",
        ],
    );
    let size = mostly(
        &["5", "05", "0000000000000005"],
        &["", "6", "4", "-5", "0x5", "5 ", "1G"],
    );
    let data = mostly(&["hello", "\r\n0\r\n"], &["hell", "hello!"]);
    (size, extension, line_end(), data, line_end())
        .prop_map(|(size, extension, end, data, after)| size + &extension + &end + &data + &after)
}

prop_compose! {
    fn chunks()(
        chunks in prop::collection::vec(chunk(), 0..4),
        huge in prop_oneof![20 => Just(""), 1 => Just("FFFFFFFFFFFFFFFF\r\n")],
        padding in prop_oneof![20 => Just(0), 1 => 1000..1030_usize],
        trailers in prop::collection::vec((field(), line_end()), 0..3),
        end in line_end(),
        mutations in mutations(),
    ) -> Vec<u8> {
        let padding = if padding > 0 { format!(";{}", "p".repeat(padding)) } else { String::new() };
        let mut text = chunks.concat() + huge + "0" + &padding + "\r\n";
        text.extend(trailers.iter().flat_map(|(trailer, end)| [trailer.as_str(), end]));
        mutate(&(text + &end + "POST /16 HTTP/1.1\r\n"), &mutations)
    }
}

/// Parses as the connection does: when the first bytes arrive, and again when a line end arrives
/// or the limit is reached.
fn parse_in_pieces(input: &[u8], cuts: &[Index], rules: &Rules) -> Result<Option<Head>, Refusal> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let mut empty_lines = EmptyLines::default();
    let (mut start, mut seen) = (0, 0);
    for end in ends {
        if start == seen {
            start += empty_lines.skip(&input[start..end])?;
        }
        let is_due = input[seen..end].contains(&b'\n') || end - start >= rules.head_bytes_max;
        if start < end && (is_due || seen <= start) {
            match ringcall::http::parse_head(&input[start..end], rules)? {
                None => {}
                Some(head) => {
                    let length = start + head.length;
                    return Ok(Some(Head { length, ..head }));
                }
            }
        }
        seen = end;
    }
    Ok(None)
}

fn skip_in_pieces(framing: BodyFraming, input: &[u8], cuts: &[Index], rules: &Rules) -> Skip {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();
    let mut body = match Body::new(framing, rules) {
        Ok(Some(body)) => body,
        Ok(None) => return Skip::Complete(0),
        Err(refusal) => return Skip::Closes(refusal.status.code()),
    };
    let mut start = 0;
    for end in ends {
        match body.skip(&input[start..end]) {
            Ok(skipped) if skipped.complete => return Skip::Complete(start + skipped.consumed),
            Ok(skipped) => assert_eq!(skipped.consumed, end - start, "nothing is left behind"),
            Err(refusal) => return Skip::Closes(refusal.status.code()),
        }
        start = end;
    }
    Skip::Partial
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn parser_and_model_agree_on_every_head(input in head(), rules in rules()) {
        let parsed = parse_head(&input, &rules);
        let shown = input.escape_ascii().to_string();
        prop_assert_eq!(Verdict::from(parsed), http_model::head(&input, &rules), "{}", shown);
        for end in 0..input.len() {
            let early = parse_head(&input[..end], &rules);
            prop_assert!(early == Ok(None) || early == parsed, "{} cut at {}", shown, end);
            let model = http_model::head(&input[..end], &rules);
            prop_assert_eq!(Verdict::from(early), model, "{} cut at {}", shown, end);
        }
    }

    #[test]
    fn a_head_has_the_same_verdict_in_whatever_pieces_it_arrives(
        input in head(),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        rules in rules(),
    ) {
        let whole = parse_head(&input, &rules);
        match parse_in_pieces(&input, &cuts, &rules) {
            // Bytes after the last line end are not read before their line ends.
            Ok(None) => prop_assert!(!matches!(whole, Ok(Some(_)))),
            verdict => prop_assert_eq!(verdict, whole),
        }
    }

    #[test]
    fn parser_and_model_agree_on_every_chunked_body(
        input in chunks(),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        rules in rules(),
    ) {
        let skipped = skip_in_pieces(BodyFraming::Chunked, &input, &cuts, &rules);
        let model = http_model::body(BodyFraming::Chunked, &input, &rules);
        prop_assert_eq!(skipped, model, "{}", input.escape_ascii().to_string());
    }

    #[test]
    fn parser_and_model_agree_on_every_counted_body(
        length in 0..40_u64,
        input in prop::collection::vec(any::<u8>(), 0..40),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        rules in rules(),
    ) {
        let framing = BodyFraming::Length(length);
        let model = http_model::body(framing, &input, &rules);
        prop_assert_eq!(skip_in_pieces(framing, &input, &cuts, &rules), model);
    }

    #[test]
    fn any_bytes_at_all_get_the_verdict_of_the_model(
        input in prop::collection::vec(any::<u8>(), 0..64),
        rules in rules(),
    ) {
        let parsed = parse_head(&input, &rules);
        prop_assert_eq!(Verdict::from(parsed), http_model::head(&input, &rules));
        let model = http_model::body(BodyFraming::Chunked, &input, &rules);
        prop_assert_eq!(skip_in_pieces(BodyFraming::Chunked, &input, &[], &rules), model);
    }
}
