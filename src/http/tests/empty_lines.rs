//! The empty lines in front of a request, RFC 9112 section 2.2.

use super::*;

#[test]
fn a_few_empty_lines_before_a_request_are_ignored() {
    for lines in 0..=EMPTY_LINES_MAX {
        let input = [b"\r\n".repeat(lines), post("")].concat();
        assert_eq!(complete(&input).length, post("").len());
    }
}

#[test]
fn empty_lines_are_counted_however_they_are_cut() {
    let lines = b"\r\n".repeat(EMPTY_LINES_MAX);
    let mut seen = EmptyLines::default();
    for byte in &lines {
        assert_eq!(seen.skip(&[*byte]), Ok(1));
    }
    assert_eq!(seen.skip(b""), Ok(0));
    assert_eq!(seen.skip(b"P"), Ok(0));
    assert_eq!(seen.skip(b"\r"), Ok(1));
    assert_eq!(seen.skip(b"\n").map_err(|why| why.status.code()), Err(400));
}

#[test]
fn half_an_empty_line_continues_in_the_next_bytes() {
    let halved = |rest| {
        let mut seen = EmptyLines::default();
        assert_eq!(seen.skip(b"\r"), Ok(1));
        seen.skip(rest).map_err(|why| why.status.code())
    };
    assert_eq!(halved(b""), Ok(0));
    assert_eq!(halved(b"\nP"), Ok(1));
    assert_eq!(halved(b"\n\r\nP"), Ok(3));
    assert_eq!(halved(b"P"), Err(400));
    assert_eq!(halved(b"\r"), Err(400));
}

#[test]
fn too_many_empty_lines_are_400_and_close() {
    let lines = b"\r\n".repeat(EMPTY_LINES_MAX + 1);
    assert_eq!(closes_at_the_last_byte(&lines), 400);
    assert_eq!(closes_with([lines, post("")].concat()), 400);
}

#[test]
fn an_empty_line_must_be_carriage_return_and_line_feed() {
    for lines in ["\n", "\r\r", "\r\n\n", "\r\n\rP", "\r\n\r\n\n"] {
        assert_eq!(closes_at_the_last_byte(lines), 400, "{lines:?}");
    }
}
