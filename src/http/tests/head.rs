//! The request line, the line ends and the limits of a head.

use super::*;

#[test]
fn a_post_of_an_integer_is_a_call() {
    let head = complete("POST /15 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n");
    assert_eq!(head.action, Action::Call(15));
    assert_eq!(head.length, 43);
    assert_eq!(head.body, BodyFraming::Empty);
    assert!(!head.expects_continue);
    assert_eq!(
        head.response,
        ResponseFraming {
            keep_alive: true,
            is_last: false,
            http10: false,
            head_only: false,
            reader: Reader::Unsaid,
        }
    );
}

#[test]
fn a_pipelined_request_is_left_for_the_next_call() {
    let both = [post(""), request("POST /16 HTTP/1.1")].concat();
    let first = complete(&both);
    assert_eq!(first.action, Action::Call(15));
    assert_eq!(complete(&both[first.length..]).action, Action::Call(16));
}

#[test]
fn a_partial_head_waits_for_more() {
    let whole = post("Accept: */*\r\n");
    for end in 0..whole.len() {
        assert_eq!(parse(&whole[..end]), Ok(None), "{end} bytes");
    }
}

// RFC 9112 section 2.2: line ends. Bare CR has to be refused; bare LF may be, and is.

#[test]
fn a_bare_line_feed_is_400_and_closes_wherever_it_ends_a_line() {
    for head in [
        "POST /15 HTTP/1.1\n",
        "POST /15 HTTP/1.1\r\nHost: a\n",
        "POST /15 HTTP/1.1\r\nHost: a\r\nAccept:\n",
        "POST /15 HTTP/1.1\r\nHost: a\r\nAccept: \n",
        "POST /15 HTTP/1.1\r\nHost: a\r\nAccept: */* \n",
        "POST /15 HTTP/1.1\r\nHost: a\r\n\n",
    ] {
        assert_eq!(closes_at_the_last_byte(head), 400, "{head:?}");
        for rest in ["\r\n", "\n", "X: y\r\n\r\n", "X y\r\n"] {
            assert_eq!(
                closes_with(format!("{head}{rest}")),
                400,
                "{head:?} {rest:?}"
            );
        }
    }
}

#[test]
fn a_bare_line_feed_after_another_error_does_not_change_the_answer() {
    let refusal = parse("POST /15 HTTP/2.0\r\nHost: a\n\n").expect_err("refused");
    assert_eq!(refusal.status, Status::HTTP_VERSION_NOT_SUPPORTED);
}

#[test]
fn line_feeds_after_the_head_do_not_belong_to_it() {
    assert_eq!(
        complete(post("")).length,
        complete([post(""), b"\n\n".to_vec()].concat()).length
    );
}

#[test]
fn a_bare_carriage_return_is_400_and_closes_wherever_it_stands() {
    for head in [
        "\rP",
        "POST\r",
        "POST /1\r",
        "POST /15 HTTP/1.1\rH",
        "POST /15 HTTP/1.1\r\r",
        "POST /15 HTTP/1.1\r\nHost\r",
        "POST /15 HTTP/1.1\r\nHost: a\rX",
        "POST /15 HTTP/1.1\r\nHost: a\r\r",
        "POST /15 HTTP/1.1\r\nHost: a\r\nAccept:\rX",
        "POST /15 HTTP/1.1\r\nHost: a\r\n\rX",
        "POST /15 HTTP/1.1\r\nHost: a\r\n\r\r",
    ] {
        assert_eq!(closes_at_the_last_byte(head), 400, "{head:?}");
    }
}

// RFC 9112 section 3: method SP request-target SP HTTP-version CRLF.

#[test]
fn a_malformed_request_line_is_400_and_closes() {
    for line in [
        " POST /15 HTTP/1.1",
        "\tPOST /15 HTTP/1.1",
        "POST  /15 HTTP/1.1",
        "POST /15  HTTP/1.1",
        "POST\t/15 HTTP/1.1",
        "POST /15\tHTTP/1.1",
        "POST /15 HTTP/1.1 ",
        "POST /15 HTTP/1.1\t",
        "POST /1 5 HTTP/1.1",
        "POST HTTP/1.1",
        "POST /15",
        "POST",
        "/15 HTTP/1.1",
        "P(ST /15 HTTP/1.1",
        "P:ST /15 HTTP/1.1",
        "P\u{e4}ST /15 HTTP/1.1",
        "{\"n\":15}",
    ] {
        assert_eq!(closes_with(request(line)), 400, "{line:?}");
    }
}

#[test]
fn http_0_9_is_400_and_closes_at_its_line_end() {
    assert_eq!(closes_with("GET /15\r\n"), 400);
    assert_eq!(closes_with("GET /15 \r\n"), 400);
    assert_eq!(closes_with("POST /15\r\n\r\n"), 400);
}

// RFC 9112 section 2.3: HTTP-version = HTTP-name "/" DIGIT "." DIGIT, case-sensitive.

#[test]
fn another_version_of_http_is_505_and_closes() {
    for version in ["0.9", "1.2", "1.9", "2.0", "3.0", "9.9", "0.0", "0.1"] {
        assert_eq!(
            closes_with(request(format!("POST /15 HTTP/{version}"))),
            505,
            "{version}"
        );
    }
}

#[test]
fn a_malformed_version_is_400_and_closes() {
    for version in [
        "http/1.1",
        "Http/1.1",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/11",
        "HTTP/1,1",
        "HTTP/01.1",
        "HTTP/1.01",
        "HTTP/1.10",
        "HTTP/1.1x",
        "HTTP/ 1.1",
        "HTTP /1.1",
        "HTTP/+1.1",
        "HTTP/-1.1",
        "HTTP/1.x",
        "HTTP-1.1",
        "HTTPS/1.1",
        "HTCPCP/1.0",
        "RTSP/1.0",
        "1.1",
        "HTTP/4294967297.1",
    ] {
        assert_eq!(
            closes_with(request(format!("POST /15 {version}"))),
            400,
            "{version}"
        );
    }
}

#[test]
fn the_preface_of_http_2_is_505_and_closes_before_its_line_ends() {
    assert_eq!(closes_at_the_last_byte("PRI * HTTP/2.0"), 505);
    assert_eq!(closes_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

#[test]
fn bytes_that_no_request_starts_with_are_400_at_once() {
    // TLS's hello, SOCKS's greeting, a NUL, text beyond ASCII.
    for first in [
        &b"\x16"[..],
        b"\x05",
        b"\0",
        b"\x80",
        b"\xff",
        b"(",
        b"\"",
        b" ",
        b"\t",
    ] {
        assert_eq!(
            closes_at_the_last_byte(first),
            400,
            "{}",
            first.escape_ascii()
        );
    }
    assert_eq!(
        closes_with(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        400
    );
}

// RFC 9112 section 5: field-line = field-name ":" OWS field-value OWS.

#[test]
fn a_malformed_header_line_is_400_and_closes() {
    for line in [
        "X : y",
        "X\t: y",
        ": y",
        ":",
        "X",
        "X y",
        " X: y",
        "\tX: y",
        "X[]: y",
        "X@: y",
        "X\0: y",
        "X\u{e4}: y",
        "X\u{85}: y",
        "\"X\": y",
        "X/1: y",
        "(c): y",
    ] {
        assert_eq!(closes_with(post(format!("{line}\r\n"))), 400, "{line:?}");
        assert_eq!(
            closes_with(post(format!("A: b\r\n{line}\r\n"))),
            400,
            "{line:?}"
        );
    }
}

#[test]
fn a_folded_line_is_400_and_closes() {
    for lines in [
        "X: y\r\n z\r\n",
        "X: y\r\n\tz\r\n",
        "X:\r\n y\r\n",
        "X: y\r\n \r\n",
    ] {
        assert_eq!(closes_with(post(lines)), 400, "{lines:?}");
    }
    assert_eq!(
        closes_with("POST /15 HTTP/1.1\r\n \r\nHost: a\r\n\r\n"),
        400
    );
    assert_eq!(closes_with("POST /15 HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
}

#[test]
fn every_byte_of_a_field_value_is_judged_by_the_grammar() {
    for byte in 0..=u8::MAX {
        // At several distances from the ends, because httparse has a code path for each width.
        for at in [0, 1, 7, 8, 15, 16, 31, 32, 40] {
            let mut value = [b'v'; 41];
            value[at] = byte;
            let input = post([b"X: ", &value[..], b"\r\n"].concat());
            match byte {
                b'\t' | b' '..=b'~' | 0x80.. => assert_eq!(complete(&input).length, input.len()),
                _ => assert_eq!(closes_with(&input), 400, "byte {byte:#04x} at {at}"),
            }
        }
    }
}

#[test]
fn every_byte_of_a_field_name_is_judged_by_the_grammar() {
    for byte in 0..=u8::MAX {
        for at in [0, 1, 7, 8, 15, 16, 20] {
            let mut name = [b'n'; 21];
            name[at] = byte;
            let input = post([&name[..], b": v\r\n"].concat());
            let is_token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if is_token || (byte == b':' && at > 0) {
                assert_eq!(complete(&input).length, input.len());
            } else {
                assert_eq!(closes_with(&input), 400, "byte {byte:#04x} at {at}");
            }
        }
    }
}

#[test]
fn an_empty_value_and_any_name_that_is_a_token_are_fine() {
    let head = complete(post(
        "X:\r\nY: \t \r\n!#$%&'*+-.^_`|~09azAZ: \x7e\r\nContent_Length: 5\r\n",
    ));
    assert_eq!(head.action, Action::Call(15));
    assert_eq!(head.body, BodyFraming::Empty);
}

// Limits.

#[test]
fn a_head_that_just_fits_is_read_and_one_byte_more_is_431() {
    let head = post("X: yyyyyyyyyyyyyyyy\r\n");
    let rules = |head_bytes_max| Rules {
        head_bytes_max,
        ..RULES
    };
    assert_eq!(
        parse_by(&rules(head.len()), &head).map(|head| head.is_some()),
        Ok(true)
    );
    for head_bytes_max in 19..head.len() {
        let refusal = parse_by(&rules(head_bytes_max), &head).expect_err("refused");
        assert_eq!(
            refusal.status,
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "{head_bytes_max}"
        );
    }
    for head_bytes_max in 0..19 {
        let refusal = parse_by(&rules(head_bytes_max), &head).expect_err("refused");
        assert_eq!(refusal.status, Status::URI_TOO_LONG, "{head_bytes_max}");
    }
}

#[test]
fn no_byte_beyond_the_limit_is_read() {
    let mut head = b"POST /15 HTTP/1.1\r\nX: ".to_vec();
    head.resize(RULES.head_bytes_max, b'y');
    assert_eq!(closes_with([&head[..], b"\0\0\0"].concat()), 431);
    assert_eq!(
        closes_with([&head[..], b"\r\nHost: a\r\n\r\n"].concat()),
        431
    );
}

#[test]
fn a_target_that_never_ends_is_414_and_a_target_of_8000_bytes_is_fine() {
    assert_eq!(
        closes_with(request(format!("POST /{} HTTP/1.1", "1".repeat(20_000)))),
        414
    );
    assert_eq!(closes_with("A".repeat(20_000)), 414);
    assert_eq!(
        complete(request(format!("POST /{}7 HTTP/1.1", "0".repeat(8000)))).action,
        Action::Call(7)
    );
}

#[test]
fn a_hundred_fields_are_read_and_one_more_is_431() {
    // `post` brings the Host.
    assert_eq!(
        complete(post("X: y\r\n".repeat(FIELDS_MAX - 1))).action,
        Action::Call(15)
    );
    assert_eq!(closes_with(post("X: y\r\n".repeat(FIELDS_MAX))), 431);
    assert_eq!(closes_with(post("X: y\r\n".repeat(2 * FIELDS_MAX))), 431);
}
