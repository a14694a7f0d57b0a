//! Where a body ends: Content-Length and Transfer-Encoding.

use super::*;

fn framing(lines: &str) -> BodyFraming {
    let head = complete(post(lines));
    assert_eq!(head.action, Action::Call(15));
    head.body
}

// RFC 9110 section 8.6 and RFC 9112 section 6.3: Content-Length.

#[test]
fn a_content_length_frames_the_body() {
    assert_eq!(framing(""), BodyFraming::Empty);
    assert_eq!(framing("Content-Length: 0\r\n"), BodyFraming::Empty);
    assert_eq!(framing("Content-Length: 000\r\n"), BodyFraming::Empty);
    assert_eq!(framing("Content-Length: 5\r\n"), BodyFraming::Length(5));
    assert_eq!(
        framing("content-length:\t 0005 \t\r\n"),
        BodyFraming::Length(5)
    );
    assert_eq!(
        framing("Content-Length: 18446744073709551615\r\n"),
        BodyFraming::Length(u64::MAX)
    );
    let head = complete(http10("CONTENT-LENGTH: 5\r\n"));
    assert_eq!(head.body, BodyFraming::Length(5));
}

#[test]
fn any_request_may_have_a_body() {
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "FOO"] {
        let head = complete(format!(
            "{method} /15 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
        ));
        assert_eq!(head.body, BodyFraming::Length(5), "{method}");
    }
}

#[test]
fn a_content_length_that_is_not_digits_is_400_and_closes() {
    for length in [
        "",
        " ",
        "-1",
        "-0",
        "+5",
        "5 5",
        "1 0",
        "0x5",
        "0o5",
        "5a",
        "a",
        "1_0",
        "1.0",
        "1e1",
        "5;",
        "\"5\"",
        ",",
        "5,",
        ",5",
        "5, 5",
        "5,5",
        "5, 10",
        "18446744073709551616",
        "99999999999999999999999",
        "\u{665}",
        "5\u{a0}",
        "NaN",
    ] {
        assert_eq!(
            closes_with(post(format!("Content-Length: {length}\r\n"))),
            400,
            "{length:?}"
        );
    }
}

#[test]
fn a_second_content_length_is_400_and_closes_even_where_it_repeats_the_first() {
    for (first, second) in [
        ("5", "6"),
        ("5", "5"),
        ("0", "0"),
        ("5", ""),
        ("", "5"),
        ("0", "5"),
    ] {
        let lines = format!("Content-Length: {first}\r\ncontent-length: {second}\r\n");
        assert_eq!(closes_with(post(lines)), 400, "{first:?} {second:?}");
    }
}

// RFC 9112 section 6.1: Transfer-Encoding.

#[test]
fn chunked_frames_the_body_whatever_its_case() {
    for coding in ["chunked", "Chunked", "CHUNKED", "\t chunked \t"] {
        assert_eq!(
            framing(&format!("Transfer-Encoding: {coding}\r\n")),
            BodyFraming::Chunked
        );
        assert_eq!(
            framing(&format!("TRANSFER-ENCODING:{coding}\r\n")),
            BodyFraming::Chunked
        );
    }
}

#[test]
fn both_lengths_are_400_and_close_in_any_order() {
    for coding in ["chunked", "gzip, chunked", "identity", "xchunked"] {
        for length in ["5", "0"] {
            let (te, cl) = (
                format!("Transfer-Encoding: {coding}\r\n"),
                format!("Content-Length: {length}\r\n"),
            );
            assert_eq!(closes_with(post(format!("{te}{cl}"))), 400);
            assert_eq!(closes_with(post(format!("{cl}{te}"))), 400);
            assert_eq!(closes_with(http10(&format!("{cl}{te}"))), 400);
        }
    }
}

#[test]
fn a_transfer_encoding_in_http_1_0_is_400_and_closes() {
    assert_eq!(closes_with(http10("Transfer-Encoding: chunked\r\n")), 400);
    assert_eq!(
        closes_with(http10("Transfer-Encoding: gzip, chunked\r\n")),
        400
    );
}

#[test]
fn a_body_whose_end_is_unknown_is_400_and_closes() {
    for codings in [
        "",
        ",",
        "identity",
        "gzip",
        "pigeons",
        "xchunked",
        "chunkedchunked",
        "chunked, gzip",
        "chunked, identity",
        "chunked, chunked",
        "chunked,chunked",
        "gzip, chunked, chunked",
        "chunked, gzip, chunked",
        "chunked chunked",
        "chunked;q=1",
        "chunked;",
        "\"chunked\"",
        "chunked,",
        ",chunked",
        ", chunked",
        "gzip,,chunked",
        "chunk ed",
        "chunked\u{a0}",
        "\u{85}chunked",
        "[chunked]",
        "chunked=",
        "chun\\ked",
        "gzip;a=\"b,chunked\"",
    ] {
        let lines = format!("Transfer-Encoding: {codings}\r\n");
        assert_eq!(closes_with(post(lines)), 400, "{codings:?}");
    }
}

#[test]
fn an_unknown_coding_before_chunked_is_501_and_closes() {
    for codings in [
        "gzip, chunked",
        "identity,Chunked",
        "a, b , chunked",
        "compress\t,\tchunked",
    ] {
        let lines = format!("Transfer-Encoding: {codings}\r\n");
        assert_eq!(closes_with(post(lines)), 501, "{codings:?}");
    }
}

#[test]
fn several_transfer_encoding_lines_are_one_list() {
    for (first, second, status) in [
        ("chunked", "chunked", 400),
        ("chunked", "identity", 400),
        ("identity", "chunked", 501),
        ("gzip", "gzip, chunked", 501),
        ("chunked", "", 400),
        ("", "chunked", 400),
    ] {
        let lines =
            format!("Transfer-Encoding: {first}\r\nX: y\r\nTransfer-encoding: {second}\r\n");
        assert_eq!(closes_with(post(lines)), status, "{first:?} {second:?}");
    }
}

#[test]
fn names_that_only_resemble_a_framing_field_frame_nothing() {
    for name in [
        "Transfer_Encoding",
        "Transfer-Encodin",
        "Content_Length",
        "Content-Lengt",
        "X-Content-Length",
    ] {
        assert_eq!(
            framing(&format!("{name}: 5\r\n")),
            BodyFraming::Empty,
            "{name}"
        );
    }
}

#[test]
fn unknown_names_as_long_as_known_ones_mean_nothing() {
    let head = complete(post(
        "Date: a b\r\nCookie: 200-ok\r\nUser-Agent: close\r\nAccept-Charset: x\r\n\
         If-Modified-Since: gzip\r\nContent-Length: 5\r\n",
    ));
    assert_eq!(head.action, Action::Call(15));
    assert_eq!(head.body, BodyFraming::Length(5));
    assert!(head.response.keep_alive);
}
