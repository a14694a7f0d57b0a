//! Bodies with a length, and none at all.

use super::*;

#[test]
fn no_length_and_length_zero_are_no_body() {
    assert!(
        Body::new(BodyFraming::Empty, &RULES)
            .expect("sound")
            .is_none()
    );
    assert!(
        Body::new(BodyFraming::Length(0), &RULES)
            .expect("sound")
            .is_none()
    );
}

#[test]
fn a_body_with_a_length_ends_after_that_many_bytes_of_any_value() {
    assert_eq!(
        skip_by(&RULES, BodyFraming::Length(5), b"hello"),
        Ok(Some(5))
    );
    assert_eq!(
        skip_by(&RULES, BodyFraming::Length(5), b"\r\n\0\xff0\r\n\r\n"),
        Ok(Some(5))
    );
    assert_eq!(skip_by(&RULES, BodyFraming::Length(5), b"hell"), Ok(None));
    assert_eq!(skip_by(&RULES, BodyFraming::Length(1), b""), Ok(None));
}

#[test]
fn a_length_beyond_the_limit_is_413_before_any_of_it_is_read() {
    let refusal =
        Body::new(BodyFraming::Length(RULES.body_bytes_max + 1), &RULES).expect_err("refused");
    assert_eq!(refusal.status, Status::CONTENT_TOO_LARGE);
    assert!(Body::new(BodyFraming::Length(u64::MAX), &RULES).is_err());
    assert!(Body::new(BodyFraming::Length(RULES.body_bytes_max), &RULES).is_ok());
}

#[test]
fn a_complete_body_takes_nothing_more() {
    let mut body = Body::new(BodyFraming::Chunked, &RULES)
        .expect("sound")
        .expect("a body");
    assert_eq!(
        body.skip(b"0\r\n\r\n0"),
        Ok(Progress {
            consumed: 5,
            complete: true
        })
    );
    assert_eq!(
        body.skip(b"0\r\n\r\n"),
        Ok(Progress {
            consumed: 0,
            complete: true
        })
    );
    let mut body = Body::new(BodyFraming::Length(1), &RULES)
        .expect("sound")
        .expect("a body");
    assert_eq!(
        body.skip(b""),
        Ok(Progress {
            consumed: 0,
            complete: false
        })
    );
    assert_eq!(
        body.skip(b"ab"),
        Ok(Progress {
            consumed: 1,
            complete: true
        })
    );
    assert_eq!(
        body.skip(b"b"),
        Ok(Progress {
            consumed: 0,
            complete: true
        })
    );
}
