//! Streams of bytes that are known to fool HTTP/1.1 servers, sent to the parser.
//!
//! The cases follow public collections (llhttp's request tests, h1spec, `Http11Probe`, HTTP
//! Garden's trophies), retargeted to the one resource there is. Each lists the stream's outcome:
//! every request that is run, and how the stream ends.

use ringcall::http::{Action, Body, EmptyLines, Errors, Head, Origins, Refusal, Rules, parse_head};

const RULES: Rules = Rules {
    head_bytes_max: 16 * 1024,
    body_bytes_max: 64 * 1024,
    bigint: false,
    origins: Origins::None,
    health: None,
    errors: Errors::Sentences,
};

/// Reads the stream to its end, or to where the connection closes.
fn run(mut stream: &[u8]) -> String {
    let mut outcome = Vec::new();
    while !stream.is_empty() {
        let head = match read_head(&mut stream) {
            Ok(Some(head)) => head,
            Ok(None) => {
                outcome.push("partial".to_owned());
                break;
            }
            Err(refusal) => {
                outcome.push(format!("closes {}", refusal.status.code()));
                break;
            }
        };
        let answer = match head.action {
            Action::Call(integer) => format!("call {integer}"),
            Action::AskHealth => "health".to_owned(),
            Action::Preflight(_) => "preflight".to_owned(),
            Action::Refuse(refusal) => refusal.status.code().to_string(),
        };
        let skipped = Body::new(head.body, &RULES).and_then(|body| match body {
            Some(mut body) => body.skip(stream).map(Some),
            None => Ok(None),
        });
        match skipped {
            Err(refusal) => {
                // A request whose body turns out to be malformed is not run.
                outcome.push(format!("closes {}", refusal.status.code()));
                break;
            }
            Ok(Some(skipped)) if !skipped.complete => {
                outcome.push("partial body".to_owned());
                break;
            }
            Ok(skipped) => stream = &stream[skipped.map_or(0, |skipped| skipped.consumed)..],
        }
        outcome.push(answer);
        if !head.response.keep_alive {
            outcome.push("closes".to_owned());
            break;
        }
    }
    outcome.join(", ")
}

/// Takes the empty lines and the head off the stream.
fn read_head(stream: &mut &[u8]) -> Result<Option<Head>, Refusal> {
    let skipped = EmptyLines::default().skip(stream)?;
    *stream = &stream[skipped..];
    if stream.is_empty() {
        return Ok(None);
    }
    let head = parse_head(stream, &RULES)?;
    *stream = &stream[head.map_or(0, |head| head.length)..];
    Ok(head)
}

#[track_caller]
fn all(cases: &[(&str, &str)]) {
    for (stream, outcome) in cases {
        let stream = stream.replace("POST16", "POST /16 HTTP/1.1\r\nHost: a\r\n\r\n");
        // Each char stands for one byte, so that bytes beyond ASCII can be written as they are.
        let bytes: Vec<u8> = stream
            .chars()
            .map(|one| u8::try_from(one).expect("a byte"))
            .collect();
        assert_eq!(run(&bytes), *outcome, "{stream:?}");
    }
}

/// The same behind a request line and a Host.
#[track_caller]
fn all_with(start: &str, cases: &[(&str, &str)]) {
    for (rest, outcome) in cases {
        all(&[(
            &format!("POST /15 HTTP/1.1\r\nHost: a\r\n{start}{rest}"),
            outcome,
        )]);
    }
}

#[test]
fn lengths() {
    all_with(
        "Content-Length: ",
        &[
            ("5\r\n\r\nhelloPOST16", "call 15, call 16"),
            ("0\r\n\r\nPOST16", "call 15, call 16"),
            ("0\r\n\r\nX", "call 15, partial"),
            ("010\r\n\r\n0123456789POST16", "call 15, call 16"),
            ("\t5\r\n\r\nhelloPOST16", "call 15, call 16"),
            ("5 \r\n\r\nhelloPOST16", "call 15, call 16"),
            ("+1_0\r\n\r\n0123456789", "closes 400"),
            ("1_0\r\n\r\n0123456789", "closes 400"),
            ("0o5\r\n\r\nhello", "closes 400"),
            ("1Z\r\n\r\nZ", "closes 400"),
            ("-48\r\n\r\n", "closes 400"),
            ("-0\r\n\r\n", "closes 400"),
            ("\r\n\r\nPOST16", "closes 400"),
            ("\r\nContent-Length: 43\r\n\r\nPOST16", "closes 400"),
            ("0\r\nContent-Length: 1\r\n\r\nZ", "closes 400"),
            ("1\r\nContent-Length: 0\r\n\r\nZ", "closes 400"),
            ("5\r\nContent-Length: 5\r\n\r\nhello", "closes 400"),
            ("5, 5\r\n\r\nhello", "closes 400"),
            ("5, 10\r\n\r\nhello", "closes 400"),
            ("13 37\r\n\r\n", "closes 400"),
            ("99999999999999999999\r\n\r\n", "closes 400"),
            ("999999999\r\n\r\n", "closes 413"),
            ("3\r\n\rabc", "closes 400"),
            ("5\r\nContent-Length : 34\r\n\r\nPOST16", "closes 400"),
            (
                "11\r\nContent_Length: 99\r\n\r\nhello worldPOST16",
                "call 15, call 16",
            ),
        ],
    );
    all_with(
        "",
        &[
            ("Content-Length\u{85}: 10\r\n\r\n0123456789", "closes 400"),
            ("Content-Length 10\r\n\r\n0123456789", "closes 400"),
            ("Content\rLength: 3\r\n\r\nabc", "closes 400"),
            ("Content\tLength: 3\r\n\r\nabc", "closes 400"),
        ],
    );
}

#[test]
fn codings() {
    all_with(
        "Transfer-Encoding: ",
        &[
            (
                "chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\nPOST16",
                "call 15, call 16",
            ),
            ("chunked \r\n\r\n0\r\n\r\nPOST16", "call 15, call 16"),
            ("\tChunked\r\n\r\n0\r\n\r\nPOST16", "call 15, call 16"),
            (
                "chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
                "closes 400",
            ),
            (
                "chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                "closes 400",
            ),
            ("chunked, chunked\r\n\r\n0\r\n\r\n", "closes 400"),
            ("chunkedchunked\r\n\r\n0\r\n\r\n", "closes 400"),
            (",chunked\r\n\r\n0\r\n\r\n", "closes 400"),
            (
                ",chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                "closes 400",
            ),
            ("chunked,\r\n\r\n0\r\n\r\n", "closes 400"),
            ("chunked;ext=val\r\n\r\n0\r\n\r\n", "closes 400"),
            ("chunked, gzip\r\n\r\n0\r\n\r\n", "closes 400"),
            ("deflate, chunked\r\n\r\n0\r\n\r\n", "closes 501"),
            ("xchunked\r\n\r\n0\r\n\r\n", "closes 400"),
            ("identity\r\n\r\nPOST16", "closes 400"),
            ("identity\r\nContent-Length: 1\r\n\r\nZ", "closes 400"),
            ("\r\n\r\n0\r\n\r\n", "closes 400"),
            (
                "\r\n chunked\r\nContent-Length: 5\r\n\r\nhello",
                "closes 400",
            ),
            ("chunked\r\n  abc\r\n\r\n0\r\n\r\n", "closes 400"),
            ("\u{a0}chunked\u{a0}\r\n\r\n0\r\n\r\n", "closes 400"),
            ("\u{ff}chunked\u{ff}\r\n\r\n0\r\n\r\n", "closes 400"),
            ("\u{b}chunked\r\n\r\n0\r\n\r\n", "closes 400"),
            ("\u{c}chunked\r\n\r\n0\r\n\r\n", "closes 400"),
            ("chunked\0\r\n\r\n0\r\n\r\n", "closes 400"),
            (
                "chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nPOST16",
                "closes 400",
            ),
        ],
    );
}

#[test]
fn names_that_nearly_frame() {
    all_with(
        "",
        &[
            (
                "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
                "closes 400",
            ),
            ("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "closes 400"),
            (
                "Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                "closes 400",
            ),
            (
                "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhelloPOST16",
                "call 15, call 16",
            ),
            (
                "x:x\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n",
                "closes 400",
            ),
            (
                "x:\rTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n",
                "closes 400",
            ),
        ],
    );
    all(&[(
        "POST /15 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "closes 400",
    )]);
}

#[test]
fn chunks() {
    all_with(
        "Transfer-Encoding: chunked\r\n\r\n",
        &[
            ("0_2e\r\n\r\nPOST16", "closes 400"),
            (
                "1these-bytes-never-get-validated\r\nZ\r\n0\r\n\r\n",
                "closes 400",
            ),
            ("\r\n\r\n", "closes 400"),
            ("-0x0\r\n\r\n", "closes 400"),
            ("-1\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("0x5\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("1_0\r\nhello world!!!!!\r\n0\r\n\r\n", "closes 400"),
            ("           0\r\n\r\n", "closes 400"),
            ("5 \r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("2 erfrferferf\r\naa\r\n0 rrrr\r\n\r\n", "closes 400"),
            ("FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\nPOST16", "closes 400"),
            ("2\r\r;a\r\n02\r\n41\r\n0\r\n\r\nPOST16", "closes 400"),
            ("41;a=b\r\rXXXXXXXX\r\n0\r\n\r\nPOST16", "closes 400"),
            ("5;\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("5;\nhello\r\n0\r\n\r\n", "closes 400"),
            ("5;a\rX\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("5;\0ext\r\nhello\r\n0\r\n\r\n", "closes 400"),
            ("5;bad[=x\r\nhello\r\n0\r\n\r\n", "closes 400"),
            (
                "5;a=\"abc\";b=\"def; ghi\r\nhello\r\n0\r\n\r\n",
                "closes 400",
            ),
            (
                "5;a=\"I \\\"love\\\"; \\\\b\\\\\";c=d;e\r\nhello\r\n0\r\n\r\nPOST16",
                "call 15, call 16",
            ),
            ("5\rhello\r\n0\r\n\r\n", "closes 400"),
            ("5\r\nhello!!\r\n0\r\n\r\n", "closes 400"),
            ("5\r\nhello\n0\r\n\r\n", "closes 400"),
            ("a\r\n0123456789\n0\r\n\r\n", "closes 400"),
            (
                "17\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n\r\n0\r\n\r\n",
                "closes 400",
            ),
            ("5\r\nhello\r\n0\r\n\n", "closes 400"),
            ("0\r\nX:POST / HTTP/1.1\r\n\r\nPOST16", "call 15, call 16"),
            ("0\r\nContent-Length: 50\r\n\r\nPOST16", "call 15, call 16"),
            ("0\r\nXX\r\n\r\n", "closes 400"),
            ("0\r\n\r\n\0", "call 15, closes 400"),
            ("5\r\nhello\r\n", "partial body"),
        ],
    );
}

#[test]
fn request_lines() {
    all(&[
        ("POST /15 HTTP/1.32\r\n\r\n", "closes 505"),
        ("POST /15 HTTP/4294967295.255\r\n\r\n", "closes 400"),
        ("POST /15 HTTP/\r\r1.1\r\n\r\n", "closes 400"),
        ("G=\":<>(e),[T];?\" /15 HTTP/1.1\r\n\r\n", "closes 400"),
        ("POST ! HTTP/1.1\r\nHost: a\r\n\r\n", "closes 400"),
        ("POST /15\nHTTP/1.1\r\n\r\n", "closes 400"),
        ("POST /15 HTTP/1.1\rHost: a\r\n\r\n", "closes 400"),
        (
            "POST /15 HTTP/1.1\nHost: a\nConnection: close\n\n",
            "closes 400",
        ),
        ("POST /15\r\n", "closes 400"),
        ("GET /\r\n\r\n", "closes 400"),
        ("SOURCE /15 ICE/1.0\r\n\r\n", "closes 400"),
        (
            "Extra linePOST /15 HTTP/1.1\r\nHost: a\r\n\r\n",
            "closes 400",
        ),
        ("   \r\n\r\n", "closes 400"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}", "closes 400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "closes 505"),
        ("\r\n\r\nPOST16", "call 16"),
        ("POST /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "closes 400"),
        (
            "POST /\u{c0}\u{af} HTTP/1.1\r\nHost: a\r\n\r\n",
            "closes 400",
        ),
        ("POST /1\\5 HTTP/1.1\r\nHost: a\r\n\r\n", "closes 400"),
        (
            "POST /15%00 HTTP/1.1\r\nHost: a\r\n\r\nPOST16",
            "400, call 16",
        ),
        (
            "POST /15%0d%0aX: HTTP/1.1\r\nHost: a\r\n\r\nPOST16",
            "400, call 16",
        ),
        (
            "POST http://other/15 HTTP/1.1\r\nHost: a\r\n\r\nPOST16",
            "call 15, call 16",
        ),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", "closes 400"),
        (
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nPOST16",
            "405, closes",
        ),
        (
            "HEAD /15 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST16",
            "405, call 16",
        ),
        (
            "TRACE /15 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloPOST16",
            "405, call 16",
        ),
        ("POST /15 HTTP/1.0\r\n\r\nPOST16", "call 15, closes"),
    ]);
}

#[test]
fn fields() {
    all_with(
        "",
        &[
            ("Header: v\0\ralue\r\n\r\n", "closes 400"),
            (
                "Test: test\0THESE BYTES GET DROPPED\r\nConnection: close\r\n\r\n",
                "closes 400",
            ),
            ("a:b\r\nc\0\r\n\r\n", "closes 400"),
            ("Visible: :/\rSmuggled: :)\r\n\r\n", "closes 400"),
            ("X: abc\u{7}\u{8}\u{b}def\r\n\r\n", "closes 400"),
            ("\u{ef}foo: bar\r\n\r\n", "closes 400"),
            ("User: \u{85}admin\u{a0}\r\n\r\nPOST16", "call 15, call 16"),
            (": ignored\r\n\r\n", "closes 400"),
            (":\r\nI: am chopped off\r\n\r\n", "closes 400"),
            ("NoColonHere\r\n\r\n", "closes 400"),
            ("Te\nst: test\r\nConnection: close\r\n\r\n", "closes 400"),
            ("name\r\n : value\r\n\r\n", "closes 400"),
            ("X: y\r\n continued\r\n\r\n", "closes 400"),
            ("Useless:\n\nGET / HTTP/1.1\r\n\r\n", "closes 400"),
            ("\rZGET /evil: HTTP/1.1\r\nHost: a\r\n\r\n", "closes 400"),
            ("\r\nSome-Header: Test\r\n\r\n", "call 15, closes 400"),
            ("X: y", "partial"),
            (
                "Connection: close\r\n\r\nInvalid\r\n\r\n",
                "call 15, closes",
            ),
            (
                "Connection: upgrade\r\nUpgrade: h2c\r\n\r\nPOST16",
                "call 15, call 16",
            ),
            (
                "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloPOST16",
                "call 15, call 16",
            ),
            ("Host: b\r\n\r\n", "closes 400"),
            ("Host: a\r\n\r\n", "closes 400"),
        ],
    );
    for host in [
        "",
        "user@a",
        "a/path",
        "a, b",
        "a\0.b",
        "\u{ff}a\u{ff}",
        "[::1",
    ] {
        all(&[(
            &format!("POST /15 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            "closes 400",
        )]);
    }
    all(&[
        ("POST /15 HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "closes 400"),
        (
            "POST /15 HTTP/1.1\r\n\tContent-Length: 1\r\n\r\nX",
            "closes 400",
        ),
        (
            "POST /15 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
            "closes 400",
        ),
        (
            "POST /15 HTTP/1.1\r\nhoSt:\ta\r\nempty:\r\n\r\nPOST16",
            "call 15, call 16",
        ),
    ]);
}
