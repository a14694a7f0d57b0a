//! Properties of one conversation: any sequence of arrivals, replies, sends, ticks and closes.

#[expect(unreachable_pub, reason = "shared with the fuzzer")]
#[expect(dead_code, reason = "each test uses a part of it")]
#[path = "support/conversation.rs"]
mod conversation;

use conversation::{Conversation, NO_TIMEOUTS, Step, TIMEOUTS, run, without_continue};
use proptest::prelude::*;
use ringcall::http::EMPTY_LINES_MAX;
use ringcall::limits::CLOSE_GRACE_MS;

/// Requests of every kind, mostly good ones.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let head =
        |line: String, fields: &str| format!("{line}\r\nHost: a\r\n{fields}\r\n").into_bytes();
    prop_oneof![
        8 => (-999_i64..9_999).prop_map(move |n| head(format!("POST /{n} HTTP/1.1"), "")),
        2 => (0_i64..99, 1_usize..600).prop_map(move |(n, length)| {
            let mut request =
                head(format!("POST /{n} HTTP/1.1"), &format!("Content-Length: {length}\r\n"));
            request.resize(request.len() + length, b'x');
            request
        }),
        2 => (0_i64..99, prop::collection::vec(1_usize..80, 0..5)).prop_map(move |(n, chunks)| {
            let mut request = head(format!("POST /{n} HTTP/1.1"), "Transfer-Encoding: chunked\r\n");
            for length in chunks {
                request.extend_from_slice(format!("{length:x};a=b\r\n").as_bytes());
                request.resize(request.len() + length, b'y');
                request.extend_from_slice(b"\r\n");
            }
            request.extend_from_slice(b"0\r\nTrailer: z\r\n\r\n");
            request
        }),
        1 => Just(head("POST /7 HTTP/1.1".into(), "Expect: 100-continue\r\nContent-Length: 3\r\n")
            .into_iter().chain(*b"abc").collect()),
        1 => Just(head("GET /15 HTTP/1.1".into(), "")),
        1 => Just(head("HEAD /15 HTTP/1.1".into(), "")),
        1 => Just(head(
            "OPTIONS /15 HTTP/1.1".into(),
            "Origin: https://b\r\nAccess-Control-Request-Method: POST\r\n",
        )),
        1 => Just(head("POST /abc HTTP/1.1".into(), "")),
        1 => (1_usize..=2).prop_map(|lines| b"\r\n".repeat(lines)),
        1 => Just(b"POST /15 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec()),
    ]
}

/// Bytes that end a conversation, or none.
fn ending() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(b"POST /15 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nPOST /16".to_vec()),
        1 => Just(b"POST /15 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nPOST /16 HTTP/1.1\r\n".to_vec()),
        1 => Just(b"\x16\x03\x01\x02\x00\x01\x00\x01".to_vec()),
        1 => Just(b"POST /15 HTTP/1.1\r\nHost: a\r\nX: ".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..200),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(request(), 0..100), ending()).prop_map(|(requests, ending)| {
        let mut stream = requests.concat();
        stream.extend_from_slice(&ending);
        stream
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop_oneof![1_usize..60, 1_usize..2_000].prop_map(Step::Arrive),
        6 => any::<usize>().prop_map(Step::Reply),
        4 => prop_oneof![1_usize..40, Just(usize::MAX >> 1)].prop_map(Step::Send),
    ];
    prop::collection::vec(step, 0..400)
}

fn steps_with_time() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => prop_oneof![1_usize..60, 1_usize..2_000].prop_map(Step::Arrive),
        6 => any::<usize>().prop_map(Step::Reply),
        6 => prop_oneof![1_usize..40, Just(usize::MAX >> 1)].prop_map(Step::Send),
        2 => (1_u64..400).prop_map(Step::Pass),
        1 => prop_oneof![9 => Just(Step::Pass(1)), 1 => Just(Step::Drain), 1 => Just(Step::End)],
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn answers_depend_neither_on_cuts_nor_on_when_replies_come(
        stream in stream(),
        steps in steps(),
    ) {
        let mut whole = Conversation::new(NO_TIMEOUTS);
        for piece in stream.chunks(2_000) {
            whole.arrive(piece);
            whole.settle();
        }
        let mut cut = Conversation::new(NO_TIMEOUTS);
        let rest = run(&mut cut, &stream, &steps);
        for piece in rest.chunks(1_000) {
            cut.settle();
            cut.arrive(piece);
        }
        // An unfinished line may be refused now or when it ends; here it ends.
        for conversation in [&mut whole, &mut cut] {
            conversation.settle();
            conversation.arrive(b"\n");
            conversation.settle();
        }
        prop_assert_eq!(without_continue(&cut.sent), without_continue(&whole.sent));
        prop_assert_eq!(&cut.called, &whole.called);
        prop_assert_eq!(cut.answers(), cut.context.counters.requests);
        prop_assert_eq!(cut.connection.calls_waiting(), 0);
        prop_assert_eq!(cut.is_closed(), whole.is_closed());
    }

    #[test]
    fn every_request_read_is_answered_once_whatever_times_out(
        stream in stream(),
        steps in steps_with_time(),
    ) {
        let mut conversation = Conversation::new(TIMEOUTS);
        run(&mut conversation, &stream, &steps);
        conversation.settle();
        prop_assert_eq!(conversation.answers(), conversation.context.counters.requests);
        prop_assert_eq!(conversation.connection.calls_waiting(), 0);
        // Left alone, every connection ends.
        conversation.pass(10_000);
        conversation.settle();
        conversation.pass(10_000);
        prop_assert!(conversation.is_closed());
    }
}

#[test]
fn empty_lines_leave_a_connection_idle_and_start_no_clock() {
    for before in ["", "POST /2 HTTP/1.1\r\nHost: a\r\n\r\n"] {
        for lines in ["\r\n", "\r", "\r\n\r\n\r"] {
            let mut conversation = Conversation::new(TIMEOUTS);
            conversation.arrive(before.as_bytes());
            conversation.settle();
            let answers = conversation.answers();
            for byte in lines.as_bytes() {
                conversation.pass(100);
                conversation.arrive(&[*byte]);
                assert!(conversation.connection.is_idle());
            }
            conversation.pass(u64::from(TIMEOUTS.keep_alive) - 1 - conversation.context.now);
            assert!(!conversation.is_closed());
            conversation.pass(1);
            assert!(conversation.is_closed(), "it was idle throughout");
            assert_eq!(conversation.answers(), answers, "unasked");
        }
    }
}

#[test]
fn empty_lines_are_counted_from_request_to_request() {
    let request = b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    for _ in 0..3 {
        for _ in 0..EMPTY_LINES_MAX {
            conversation.arrive(b"\r\n");
        }
        conversation.arrive(request);
        conversation.settle();
    }
    assert_eq!(conversation.called, [2, 2, 2]);
    for _ in 0..EMPTY_LINES_MAX {
        conversation.arrive(b"\r\n");
    }
    assert!(!text_sent(&conversation).contains(" 400 "));
    conversation.arrive(b"\r\n");
    conversation.settle();
    assert!(text_sent(&conversation).contains(" 400 "));
    assert!(conversation.is_closed());
}

#[test]
fn a_closing_server_does_not_wait_for_a_request_after_an_empty_line() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(b"\r\n");
    conversation.drain();
    conversation.pass(u64::from(CLOSE_GRACE_MS));
    assert!(conversation.is_closed());
}

fn text_sent(conversation: &Conversation) -> String {
    String::from_utf8(conversation.sent.clone()).expect("answers are text")
}

#[test]
fn a_request_is_answered_in_order_behind_a_slow_one() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.send(usize::MAX);
    assert!(conversation.sent.is_empty());
    conversation.settle();
    let sent = text_sent(&conversation);
    assert!(sent.find("200 OK").unwrap() < sent.find("405 Method").unwrap());
}

#[test]
fn an_idle_connection_is_closed_a_grace_after_the_server_closes() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.drain();
    conversation.pass(u64::from(CLOSE_GRACE_MS) - 1);
    assert!(!conversation.is_closed());
    conversation.pass(1);
    assert!(conversation.is_closed());
    assert_eq!(conversation.context.counters.keep_alive_timeouts, 0);
}

#[test]
fn a_request_that_arrives_after_the_close_is_answered_and_the_last() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.drain();
    conversation.arrive(b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\nPOST /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.settle();
    let sent = text_sent(&conversation);
    assert_eq!(sent.matches("200 OK").count(), 1);
    assert_eq!(sent.matches("Connection: close").count(), 1);
    assert_eq!(conversation.called, [2]);
    assert!(conversation.is_closed());
}

#[test]
fn an_answer_sent_directly_as_the_server_begins_to_close_is_not_the_last() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.drain();
    conversation.reply_sent();
    assert!(!conversation.is_closed());
    conversation.arrive(b"POST /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.settle();
    let sent = text_sent(&conversation);
    assert!(sent.contains("Connection: close"));
    assert_eq!(conversation.called, [2, 5]);
    assert!(conversation.is_closed());
}

#[test]
fn a_request_half_read_at_the_close_is_answered_once_it_is_whole() {
    for request in [
        "POST /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let (first, rest) = request.split_at(request.len() - 2);
        let mut conversation = Conversation::new(NO_TIMEOUTS);
        conversation.arrive(first.as_bytes());
        conversation.drain();
        conversation.pass(60_000);
        conversation.arrive(rest.as_bytes());
        conversation.settle();
        let sent = text_sent(&conversation);
        assert!(sent.contains("200 OK") && sent.contains("Connection: close"));
        assert!(conversation.is_closed());
    }
}

#[test]
fn the_last_answer_of_a_draining_connection_says_close() {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    conversation.arrive(b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\nPOST /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.drain();
    conversation.settle();
    let sent = text_sent(&conversation);
    assert_eq!(sent.matches("200 OK").count(), 2);
    assert_eq!(sent.matches("Connection: close").count(), 1);
    assert!(conversation.is_closed());
}
