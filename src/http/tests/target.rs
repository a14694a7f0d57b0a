//! The request target of a POST, and the number in it.

use super::*;

fn action(target: &str) -> Action {
    complete(request(format!("POST {target} HTTP/1.1"))).action
}

/// Checks that this path is refused with 400, in a sentence that contains `about`.
#[track_caller]
fn refuses(target: &str, about: &str) {
    match action(target) {
        Action::Refuse(Refusal {
            status: Status::BAD_REQUEST,
            message,
            ..
        }) => {
            assert!(message.contains(about), "{target}: {message}");
        }
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn digits_are_decimal_whatever_precedes_them() {
    for (target, integer) in [
        ("/0", 0),
        ("/15", 15),
        ("/-15", -15),
        ("/-0", 0),
        ("/0015", 15),
        ("/-0015", -15),
        ("/010", 10),
        ("/00000000000000000000000000000000000000015", 15),
        ("/9007199254740991", 9_007_199_254_740_991),
        ("/-9007199254740991", -9_007_199_254_740_991),
    ] {
        assert_eq!(action(target), Action::Call(integer), "{target}");
    }
}

// RFC 3986 section 6.2.2.2.
#[test]
fn digits_may_be_percent_encoded() {
    for (target, integer) in [
        ("/%31%35", 15),
        ("/1%35?16", 15),
        ("/%2D15", -15),
        ("/%2d%31%35", -15),
        ("/%30%30%31", 1),
        ("http://a/%31", 1),
    ] {
        assert_eq!(action(target), Action::Call(integer), "{target}");
    }
}

#[test]
fn a_query_is_ignored_whatever_it_says() {
    for target in [
        "/15?",
        "/15?16",
        "/15?n=16&m=a%20b",
        "/15?/../16?",
        "/15?a[]={1|2}&b=100%",
    ] {
        assert_eq!(action(target), Action::Call(15), "{target}");
    }
}

#[test]
fn a_path_that_is_not_an_integer_is_400_and_the_connection_stays() {
    for target in [
        "/",
        "/abc",
        "/1e3",
        "/0x10",
        "/0b1",
        "/0o7",
        "/+1",
        "/--1",
        "/-",
        "/1-",
        "/1.0",
        "/1.",
        "/.1",
        "/1,000",
        "/1_000",
        "/15/",
        "/15/16",
        "//15",
        "/./15",
        "/15;v=1",
        "/%2F1",
        "/%2B1",
        "/%2531",
        "/%2D",
        "/15n",
        "/NaN",
        "/Infinity",
        "/?15",
        "/15%00",
        "/%D9%A3",
        "/-?1",
    ] {
        refuses(target, "decimal integer");
        assert_eq!(
            answers_with(request(format!("POST {target} HTTP/1.1"))),
            400
        );
    }
}

#[test]
fn beyond_53_bits_needs_bigint() {
    let with_bigint = Rules {
        bigint: true,
        ..RULES
    };
    for (target, integer) in [
        ("/9007199254740992", 9_007_199_254_740_992),
        ("/-9007199254740992", -9_007_199_254_740_992),
        ("/999999999999999999", 999_999_999_999_999_999),
        ("/9223372036854775807", i64::MAX),
        ("/-9223372036854775808", i64::MIN),
        ("/-00000009223372036854775808", i64::MIN),
    ] {
        refuses(target, "bigint: true");
        let input = request(format!("POST {target} HTTP/1.1"));
        let head = parse_by(&with_bigint, &input)
            .expect("sound")
            .expect("complete");
        assert_eq!(head.action, Action::Call(integer), "{target}");
    }
}

#[test]
fn beyond_64_bits_is_400_with_bigint_or_without() {
    for target in [
        "/9223372036854775808",
        "/-9223372036854775809",
        "/18446744073709551616",
        "/99999999999999999999999999999999999999999999",
        "/-99999999999999999999999999999999999999999999",
        "/9223372036854775808?q",
    ] {
        refuses(target, "64 bits");
        let input = request(format!("POST {target} HTTP/1.1"));
        let head = parse_by(
            &Rules {
                bigint: true,
                ..RULES
            },
            &input,
        )
        .expect("sound");
        assert!(
            matches!(head.expect("complete").action, Action::Refuse(_)),
            "{target}"
        );
    }
}

#[test]
fn every_number_near_a_boundary_is_read_as_rust_reads_it() {
    let boundaries = [
        0,
        1 << 31,
        1 << 32,
        1 << 53,
        i128::from(i64::MAX),
        i128::from(u64::MAX),
    ];
    let rules = Rules {
        bigint: true,
        ..RULES
    };
    for near in boundaries
        .iter()
        .flat_map(|boundary| boundary - 12..=boundary + 12)
    {
        for number in [near, -near] {
            let input = request(format!("POST /{number} HTTP/1.1"));
            let head = parse_head(&input, &rules)
                .expect("sound")
                .expect("complete");
            match i64::try_from(number) {
                Ok(integer) => assert_eq!(head.action, Action::Call(integer)),
                Err(_) => assert!(matches!(head.action, Action::Refuse(_)), "{number}"),
            }
        }
    }
}

// RFC 9112 section 3.2.1: origin-form.

#[test]
fn a_byte_outside_the_grammar_of_a_path_is_400_and_closes() {
    for byte in 0..=u8::MAX {
        let line = [b"POST /1", &[byte][..], b" HTTP/1.1"].concat();
        let is_path = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
        if is_path {
            complete(request(line));
        } else {
            assert_eq!(closes_with(request(line)), 400, "byte {byte:#04x}");
        }
    }
}

#[test]
fn a_byte_that_no_client_sends_in_a_query_is_400_and_closes() {
    for byte in 0..=u8::MAX {
        let line = [b"POST /1?q", &[byte][..], b" HTTP/1.1"].concat();
        if byte.is_ascii_graphic() && !b"\"#<>".contains(&byte) {
            assert_eq!(
                complete(request(line)).action,
                Action::Call(1),
                "byte {byte:#04x}"
            );
        } else {
            assert_eq!(closes_with(request(line)), 400, "byte {byte:#04x}");
        }
    }
}

#[test]
fn a_broken_percent_encoding_in_a_path_is_400_and_closes() {
    for target in ["/%", "/%3", "/%3g", "/%g1", "/1%", "/%%31", "/%-1", "/%+1"] {
        assert_eq!(
            closes_with(request(format!("POST {target} HTTP/1.1"))),
            400,
            "{target}"
        );
    }
}

#[test]
fn a_fragment_is_400_and_closes() {
    for target in ["/15#", "/15#a", "/15?q#a", "http://a/15#a"] {
        assert_eq!(
            closes_with(request(format!("POST {target} HTTP/1.1"))),
            400,
            "{target}"
        );
    }
}

// RFC 9112 section 3.2.2: absolute-form, which every server must accept.

#[test]
fn an_absolute_uri_is_read_for_its_path() {
    for target in [
        "http://a/15",
        "HTTP://a/15",
        "http://other:81/15",
        "http://a:/15",
        "http://[::1]:8000/15?q",
        "http://127.0.0.1/15",
        "http://a%20b/15",
    ] {
        assert_eq!(action(target), Action::Call(15), "{target}");
    }
    for target in [
        "http://a",
        "http://a/",
        "http://a?15",
        "http://a/b",
        "http://a//15",
    ] {
        refuses(target, "decimal integer");
    }
}

#[test]
fn an_absolute_uri_does_not_replace_the_host_field() {
    assert_eq!(closes_with("POST http://a/15 HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(
        closes_with("POST http://a/15 HTTP/1.1\r\nHost: a b\r\n\r\n"),
        400
    );
}

#[test]
fn a_malformed_uri_is_400_and_closes() {
    for target in [
        "http:///15",
        "http:/15",
        "http:15",
        "http://:80/15",
        "http://user@a/15",
        "http://u:p@a/15",
        "http://a:b/15",
        "http://a:65536/15",
        "http://[::1/15",
        "http://[::g]/15",
        "http://a\\b/15",
        "://a/15",
        "1http://a/15",
        "h_p://a/15",
        "a/15",
        "15",
        "-15",
        "?15",
        "a:80",
        "\\15",
        "http//a/15",
    ] {
        assert_eq!(
            closes_with(request(format!("POST {target} HTTP/1.1"))),
            400,
            "{target}"
        );
    }
}

#[test]
fn a_uri_of_another_scheme_is_421() {
    // RFC 9110 sections 7.4 and 15.5.20.
    for target in [
        "https://a/15",
        "HTTPS://a/15",
        "ftp://a/15",
        "ws+unix-1.0://a/15",
    ] {
        assert_eq!(
            answers_with(request(format!("POST {target} HTTP/1.1"))),
            421,
            "{target}"
        );
    }
}
