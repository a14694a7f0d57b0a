//! Answers, byte for byte.

use super::*;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KEEP: ResponseFraming = ResponseFraming {
    keep_alive: true,
    is_last: false,
    http10: false,
    head_only: false,
    reader: Reader::Unsaid,
};
const CLOSE: ResponseFraming = ResponseFraming {
    keep_alive: false,
    ..KEEP
};

/// The date of RFC 9110's example.
fn date() -> Date {
    Date::at(UNIX_EPOCH + Duration::from_secs(784_111_777))
}

fn value(value: i64, framing: ResponseFraming) -> String {
    let mut out = Vec::new();
    encode_value(&mut out, value, framing, &date(), &Origins::None);
    String::from_utf8(out).expect("text")
}

fn error(status: Status, message: &str, framing: ResponseFraming) -> String {
    let mut out = Vec::new();
    encode_error(
        &mut out,
        status,
        Code::Request,
        message,
        framing,
        &date(),
        &RULES,
    );
    String::from_utf8(out).expect("text")
}

#[test]
fn a_value_is_200_with_its_digits_and_nothing_else() {
    assert_eq!(
        value(610, KEEP),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 3\r\n\r\n610",
    );
}

#[test]
fn every_value_has_its_own_length() {
    for (integer, length) in [
        (0, 1),
        (-1, 2),
        (999_999_999, 9),
        (9_999_999_999, 10),
        (i64::MIN, 20),
        (i64::MAX, 19),
    ] {
        let ending = format!("Content-Length: {length}\r\n\r\n{integer}");
        assert!(value(integer, KEEP).ends_with(&ending), "{integer}");
    }
    let digits = "9".repeat(10_000);
    let mut out = Vec::new();
    encode_digits(&mut out, &digits, KEEP, &date(), &Origins::None);
    assert!(out.ends_with(format!("Content-Length: 10000\r\n\r\n{digits}").as_bytes()));
}

#[test]
fn an_answer_is_appended_to_the_ones_before_it() {
    let mut out = Vec::new();
    for integer in [1, 22] {
        encode_value(&mut out, integer, KEEP, &date(), &Origins::None);
    }
    encode_error(
        &mut out,
        Status::BAD_REQUEST,
        Code::Request,
        "No.",
        CLOSE,
        &date(),
        &RULES,
    );
    encode_continue(&mut out);
    let expected = [
        value(1, KEEP),
        value(22, KEEP),
        error(Status::BAD_REQUEST, "No.", CLOSE),
        "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
    ];
    assert_eq!(out, expected.concat().as_bytes());
}

#[test]
fn an_answer_says_whether_the_connection_stays_if_the_version_does_not() {
    let http10 = ResponseFraming {
        http10: true,
        ..KEEP
    };
    assert!(!value(1, KEEP).contains("Connection"));
    assert!(value(1, CLOSE).ends_with("Content-Length: 1\r\nConnection: close\r\n\r\n1"));
    assert!(value(1, http10).ends_with("Content-Length: 1\r\nConnection: keep-alive\r\n\r\n1"));
    assert!(
        value(
            1,
            ResponseFraming {
                keep_alive: false,
                ..http10
            }
        )
        .contains("Connection: close\r\n")
    );
    assert!(
        value(1, http10).starts_with("HTTP/1.1 "),
        "RFC 9110 section 6.2"
    );
    assert!(error(Status::NOT_FOUND, "No.", CLOSE).contains("Connection: close\r\n"));
}

#[test]
fn an_error_is_one_sentence_of_text() {
    assert_eq!(
        error(
            Status::BAD_REQUEST,
            "The path must be one decimal integer, such as /15.",
            KEEP
        ),
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 51\r\n\r\n\
         The path must be one decimal integer, such as /15.\n",
    );
}

#[test]
fn a_405_says_what_is_allowed_and_a_503_when_to_come_back() {
    assert!(error(Status::METHOD_NOT_ALLOWED, "No.", KEEP).contains("\r\nAllow: POST\r\n"));
    assert!(error(Status::SERVICE_UNAVAILABLE, "No.", KEEP).contains("\r\nRetry-After: 1\r\n"));
    let other = error(Status::BAD_REQUEST, "No.", KEEP);
    assert!(!other.contains("Allow") && !other.contains("Retry-After"));
}

#[test]
fn the_answer_to_head_is_the_same_without_its_body() {
    let head = ResponseFraming {
        head_only: true,
        ..KEEP
    };
    assert_eq!(value(610, head) + "610", value(610, KEEP));
    let message = "The only method allowed here is POST.";
    let status = Status::METHOD_NOT_ALLOWED;
    assert_eq!(
        error(status, message, head) + message + "\n",
        error(status, message, KEEP)
    );
}

#[test]
fn a_message_cannot_get_out_of_its_line() {
    let answer = error(
        Status::NOT_FOUND,
        "a\r\nSet-Cookie: b\r\n\r\n\0\x1b[31m\x7f\t\u{fc}",
        KEEP,
    );
    let (head, body) = answer.split_once("\r\n\r\n").expect("an empty line");
    assert_eq!(body, "a  Set-Cookie: b      [31m  \u{fc}\n");
    assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
    assert!(!head.contains("Cookie"));
}

#[test]
fn an_overlong_message_is_cut_between_characters() {
    for message in [
        "x".repeat(100_000),
        "\u{20ac}".repeat(100_000),
        format!("x{}", "\u{fc}".repeat(9999)),
    ] {
        let answer = error(Status::NOT_FOUND, &message, KEEP);
        let (_, body) = answer.split_once("\r\n\r\n").expect("an empty line");
        let sent = body.strip_suffix('\n').expect("one line");
        assert!(message.starts_with(sent));
        assert!((MESSAGE_BYTES_MAX - 3..=MESSAGE_BYTES_MAX).contains(&sent.len()));
    }
}

#[test]
fn an_error_without_a_message_says_its_reason() {
    assert!(error(Status::NOT_FOUND, "", KEEP).ends_with("Content-Length: 10\r\n\r\nNot Found\n"));
}

#[test]
fn every_status_between_100_and_599_can_be_made_and_has_a_phrase() {
    assert_eq!(Status::new(99), None);
    assert_eq!(Status::new(600), None);
    assert_eq!(Status::new(418).map(Status::reason), Some("I'm a teapot"));
    assert_eq!(
        Status::new(451),
        Some(Status::UNAVAILABLE_FOR_LEGAL_REASONS)
    );
    let unregistered = Status::new(499).expect("between 100 and 599");
    assert!(error(unregistered, "No.", KEEP).starts_with("HTTP/1.1 499 Unknown\r\n"));
    for code in 400..=599 {
        let status = Status::new(code).expect("between 100 and 599");
        assert_eq!(status.code(), code);
        assert!(error(status, "No.", KEEP).starts_with(&format!("HTTP/1.1 {code} ")));
    }
}

#[test]
fn a_wrong_clock_still_makes_a_date_with_a_four_digit_year() {
    let shown = |time: SystemTime| String::from_utf8(Date::at(time).as_bytes().to_vec());
    let seconds = |seconds| Duration::from_secs(seconds);
    let first = Ok("Thu, 01 Jan 1970 00:00:00 GMT".to_owned());
    let last = Ok("Fri, 31 Dec 9999 23:59:59 GMT".to_owned());
    assert_eq!(shown(UNIX_EPOCH), first);
    assert_eq!(shown(UNIX_EPOCH - seconds(1)), first);
    assert_eq!(shown(UNIX_EPOCH + seconds(253_402_300_799)), last);
    assert_eq!(shown(UNIX_EPOCH + seconds(253_402_300_800)), last);
    assert_eq!(shown(UNIX_EPOCH + seconds(9_000_000_000_000)), last);
}
