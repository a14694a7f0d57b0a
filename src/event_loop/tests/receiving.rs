//! Unit tests of what a connection is received with.

use super::*;

const SMALL: usize = 1024;
const LARGE: usize = 32 * SMALL;

/// One that has received its first bytes, and what it arms then.
fn begun() -> Receiving {
    let mut receiving = Receiving::new();
    assert_eq!(
        receiving.next(true, false),
        Some(Step::Arm(Receive::Once)),
        "the first receive"
    );
    receiving.on_received(100, SMALL);
    receiving.on_completed();
    receiving
}

/// One that receives in bulk, and has a large receive in flight.
fn bulk() -> Receiving {
    let mut receiving = begun();
    receiving.next(true, false);
    for _ in 0..RECEIVES_ALIKE {
        assert_eq!(receiving.next(true, false), None);
        receiving.on_received(SMALL, SMALL);
    }
    assert_eq!(receiving.next(true, false), Some(Step::Cancel));
    assert_eq!(receiving.next(true, false), None, "it is being cancelled");
    receiving.on_completed();
    assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
    receiving
}

#[test]
fn short_requests_need_one_receive_that_stays_armed() {
    let mut receiving = begun();
    assert_eq!(
        receiving.next(true, false),
        Some(Step::Arm(Receive::Multishot))
    );
    for _ in 0..100 {
        // A full buffer, and the rest of what was sent with it.
        receiving.on_received(SMALL, SMALL);
        receiving.on_received(SMALL - 1, SMALL);
        assert_eq!(receiving.next(true, false), None);
    }
}

#[test]
fn much_at_once_is_received_into_large_buffers() {
    let mut receiving = bulk();
    for bytes in [LARGE, LARGE / BULK_PART, LARGE, 1, 1, 1, LARGE, 1, 1, 1] {
        receiving.on_received(bytes, LARGE);
        receiving.on_completed();
        assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
    }
}

#[test]
fn short_requests_again_are_received_as_at_first() {
    let mut receiving = bulk();
    for _ in 1..RECEIVES_ALIKE {
        receiving.on_received(LARGE / BULK_PART - 1, LARGE);
        receiving.on_completed();
        assert_eq!(receiving.next(true, false), Some(Step::Arm(Receive::Large)));
    }
    receiving.on_received(LARGE / BULK_PART - 1, LARGE);
    receiving.on_completed();
    assert_eq!(
        receiving.next(true, false),
        Some(Step::Arm(Receive::Multishot))
    );
}

#[test]
fn a_connection_that_wants_no_input_is_not_received_from() {
    for mut receiving in [begun(), bulk()] {
        receiving.next(true, false);
        assert_eq!(receiving.next(false, false), Some(Step::Cancel));
        receiving.on_completed();
        assert_eq!(receiving.next(false, false), None);
        assert!(matches!(receiving.next(true, false), Some(Step::Arm(_))));
    }
}

#[test]
fn a_connection_that_only_awaits_answers_goes_on_with_what_is_in_flight() {
    let mut receiving = begun();
    assert_eq!(receiving.next(true, true), None);
    receiving.next(true, false);
    assert_eq!(receiving.next(true, true), None);
}
