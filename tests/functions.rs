//! Conversations with a server of several functions: bodies and their memory, long answers.

#[expect(unreachable_pub, reason = "shared with the fuzzer")]
#[expect(dead_code, reason = "each test uses a part of it")]
#[path = "support/conversation.rs"]
mod conversation;

use conversation::functions::{LONG, SHORT};
use conversation::{Conversation, NO_TIMEOUTS, Step, TIMEOUTS, run, without_continue};
use proptest::prelude::*;
use ringcall::bridge::Delivery;
use ringcall::limits::{JOINED_BYTES_MAX, OUTPUT_BYTES_MAX, UNRESERVED_BYTES_MAX};

const MUCH: u64 = 1 << 30;

/// A request whose arguments are a body with a `Content-Length`.
fn post(path: &str, media: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let fields = format!("Content-Type: {media}\r\nContent-Length: {length}\r\n");
    with_fields(path, &fields, body)
}

fn with_fields(path: &str, fields: &str, rest: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}").into_bytes()
}

fn json(path: &str, body: &str) -> Vec<u8> {
    post(path, "application/json", body)
}

/// The same in chunks of `size` bytes.
fn chunked(path: &str, media: &str, body: &str, size: usize) -> Vec<u8> {
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(size) {
        let chunk = std::str::from_utf8(chunk).expect("ASCII");
        // The length of extensions is limited.
        let extension = if chunks.is_empty() { ";a=b" } else { "" };
        let length = chunk.len();
        chunks.extend([&format!("{length:x}"), extension, "\r\n", chunk, "\r\n"]);
    }
    let fields = format!("Content-Type: {media}\r\nTransfer-Encoding: chunked\r\n");
    with_fields(path, &fields, &format!("{chunks}0\r\nTrailer: z\r\n\r\n"))
}

fn functions(buffered_bytes_max: u64) -> Conversation {
    Conversation::with_functions(NO_TIMEOUTS, buffered_bytes_max)
}

/// The same with this much room, besides a byte that another connection holds.
fn functions_beside_others(room: u64) -> Conversation {
    let conversation = functions(room + 1);
    assert_eq!(conversation.context.buffers.take(1), 1);
    conversation
}

fn sent(conversation: &Conversation) -> String {
    String::from_utf8(conversation.sent.clone()).expect("answers are text")
}

fn statuses(conversation: &Conversation) -> Vec<String> {
    let sent = sent(conversation);
    let answers = sent.split("HTTP/1.1 ").skip(1);
    answers.map(|answer| answer[..3].to_owned()).collect()
}

/// Bytes of the server's memory that bodies and arguments take.
fn taken(conversation: &Conversation) -> u64 {
    conversation.context.buffers.taken()
}

/// Drops the connection and the handler's calls, and returns how many bytes are still taken.
fn taken_at_the_end(conversation: Conversation) -> u64 {
    let buffers = conversation.context.buffers.clone();
    drop(conversation);
    buffers.taken()
}

fn any_body() -> impl Strategy<Value = (&'static str, &'static str, String)> {
    let n = 0_i64..9_999;
    prop_oneof![
        4 => n.clone().prop_map(|n| ("/count", "application/json", format!("[{n}]"))),
        4 => (n.clone(), 1_usize..900, 1_usize..60).prop_map(|(n, length, times)| {
            let value = "v".repeat(length);
            ("/say", "application/json", format!(r#"{{"value":"{value}","times":{times},"n":{n}}}"#))
        }),
        2 => (n.clone(), 0_usize..600).prop_map(|(n, length)| {
            ("/keep", "text/plain", format!("{n}{}", "x".repeat(length)))
        }),
        1 => Just(("/keep", "text/plain", String::new())),
        1 => n.clone().prop_map(|n| ("/count", "text/plain", format!("[{n}]"))),
        1 => n.clone().prop_map(|n| ("/count", "application/json", format!("[{n},]"))),
        1 => n.clone().prop_map(|n| ("/count", "application/json", format!(r#"{{"m":{n}}}"#))),
        1 => n.prop_map(|n| ("/nobody", "application/json", format!("[{n}]"))),
    ]
}

/// Requests for documents, right and wrong.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "PUT"]);
    let path = prop::sample::select(vec![SHORT, LONG, LONG, "/%6fpenapi.json?a", "/openapi"]);
    let fields = prop::sample::select(vec![
        "",
        "",
        "If-None-Match: \"0\"\r\n",
        "If-None-Match: \"1\"\r\nOrigin: https://a.example\r\n",
        "Content-Length: 3\r\n",
        "Expect: x\r\n",
    ]);
    (method, path, fields).prop_map(|(method, path, fields)| {
        let body = if fields.starts_with("Content") {
            "xyz"
        } else {
            ""
        };
        format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
    })
}

/// Requests of every kind, mostly good ones.
fn request() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0_i64..9_999).prop_map(|n| with_fields(&format!("/count/{n}"), "", "")),
        8 => any_body().prop_map(|(path, media, body)| post(path, media, &body)),
        4 => (any_body(), 1_usize..300)
            .prop_map(|((path, media, body), size)| chunked(path, media, &body, size)),
        2 => (0_i64..9_999).prop_map(|n| {
            let body = format!("[{n},\"abc\",40]");
            let fields = format!(
                "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n",
                body.len()
            );
            with_fields("/say", &fields, &body)
        }),
        1 => Just(with_fields("/count/x", "", "")),
        1 => Just(with_fields("/count", "", "")),
        3 => document(),
        2 => prop::sample::select(vec![
            "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
            "HEAD /live%7A?x HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz",
            "POST /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        ])
        .prop_map(Into::into),
        1 => Just(b"GET /count/1 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        1 => Just(b"HEAD /count/1 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        1 => Just(b"POST /count/15 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec()),
    ]
}

/// Bytes that end a conversation, or none.
fn ending() -> impl Strategy<Value = Vec<u8>> {
    let closes = "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 3\r\n";
    let too_long = "Content-Type: application/json\r\nContent-Length: 4097\r\n";
    let expects = "Expect: 100-continue\r\nContent-Length: 9\r\n";
    let bad_chunk = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(with_fields("/count", closes, "[7]POST /count/1 HTTP/1.1\r\n")),
        1 => Just(with_fields("/count", too_long, "[7]")),
        1 => Just(with_fields("/nobody", expects, "[7]")),
        1 => Just(with_fields("/count", expects, "[7]")),
        1 => Just(with_fields("/count", bad_chunk, "2\r\n[7zz\r\n")),
        1 => Just(json("/keep", &"1".repeat(4096)).split_off(90)),
        1 => prop::collection::vec(any::<u8>(), 1..200),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    (prop::collection::vec(request(), 0..60), ending()).prop_map(|(requests, ending)| {
        let mut stream = requests.concat();
        stream.extend_from_slice(&ending);
        stream
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop_oneof![1_usize..60, 1_usize..2_000].prop_map(Step::Arrive),
        6 => any::<usize>().prop_map(Step::Reply),
        4 => prop_oneof![1_usize..40, 1_usize..20_000, Just(usize::MAX >> 1)].prop_map(Step::Send),
    ];
    prop::collection::vec(step, 0..400)
}

fn steps_with_trouble() -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![9 => Just(Step::Pass(1)), 1 => Just(Step::Drain), 1 => Just(Step::End)];
    let step = prop_oneof![
        8 => prop_oneof![1_usize..60, 1_usize..2_000].prop_map(Step::Arrive),
        6 => any::<usize>().prop_map(Step::Reply),
        1 => any::<usize>().prop_map(Step::ReplyLate),
        6 => prop_oneof![1_usize..40, 1_usize..20_000, Just(usize::MAX >> 1)].prop_map(Step::Send),
        2 => (1_u64..400).prop_map(Step::Pass),
        1 => end,
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn answers_and_arguments_depend_neither_on_cuts_nor_on_when_replies_come(
        stream in stream(),
        steps in steps(),
    ) {
        let mut whole = functions(MUCH);
        for piece in stream.chunks(2_000) {
            whole.arrive(piece);
            whole.settle();
        }
        let mut cut = functions(MUCH);
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
        prop_assert_eq!(&cut.called_with, &whole.called_with);
        prop_assert_eq!(cut.answers(), cut.context.counters.requests);
        prop_assert_eq!(cut.connection.calls_waiting(), 0);
        prop_assert_eq!(cut.is_closed(), whole.is_closed());
        prop_assert_eq!(taken_at_the_end(cut), 0);
    }

    #[test]
    fn a_request_is_answered_once_and_its_memory_comes_back_however_it_ends(
        stream in stream(),
        steps in steps_with_trouble(),
        buffered_bytes_max in prop::sample::select(vec![100, 2_000, 5_000, MUCH]),
        calls_max in prop::sample::select(vec![1, 5, usize::MAX]),
    ) {
        let mut conversation = Conversation::with_functions(TIMEOUTS, buffered_bytes_max);
        conversation.calls_max = calls_max;
        run(&mut conversation, &stream, &steps);
        conversation.settle();
        prop_assert_eq!(conversation.answers(), conversation.context.counters.requests);
        prop_assert_eq!(conversation.connection.calls_waiting(), 0);
        // Left alone, every connection ends.
        conversation.pass(10_000);
        conversation.settle();
        conversation.pass(10_000);
        prop_assert!(conversation.is_closed());
        prop_assert_eq!(taken_at_the_end(conversation), 0);
    }
}

#[test]
fn a_body_has_the_same_answer_wherever_it_is_cut() {
    let body = r#"{"times":2,"n":-7,"value":{"a":["\u00e9",1e3]}}"#;
    let answer = r#"[-7,{"a":["\u00e9",1e3]},{"a":["\u00e9",1e3]}]"#;
    for request in [
        json("/say", body),
        chunked("/say", "application/json", body, 7),
        chunked("/say", "application/json", body, 100),
    ] {
        for first in 0..=request.len() {
            let mut conversation = functions(MUCH);
            conversation.arrive(&request[..first]);
            for byte in &request[first..] {
                conversation.arrive(&[*byte]);
            }
            conversation.settle();
            assert!(sent(&conversation).ends_with(answer), "{first}");
            assert_eq!(taken_at_the_end(conversation), 0);
        }
    }
}

#[test]
fn the_next_request_begins_right_behind_a_body() {
    let mut conversation = functions(MUCH);
    let first = json("/count", "[1]");
    let second = chunked("/keep", "text/plain", "2x", 1);
    let third = json("/say", "[3]");
    conversation.arrive(&[first, second, third].concat());
    conversation.settle();
    let sent = sent(&conversation);
    let bodies: Vec<&str> = sent.split("\r\n\r\n").collect();
    assert!(bodies[1].starts_with("1HTTP"), "{sent}");
    assert!(bodies[2].starts_with("2xHTTP"), "{sent}");
    assert_eq!(bodies[3], "[3]");
}

#[test]
fn a_slowly_sent_body_takes_at_most_one_and_a_half_times_the_bytes_sent() {
    let body = format!("[{}]", "1,".repeat(2_000));
    for request in [
        post("/keep", "text/plain", &body),
        chunked("/keep", "text/plain", &body, 1),
        chunked("/keep", "text/plain", &body, 4_001),
    ] {
        let mut conversation = functions(MUCH);
        let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (head, rest) = request.split_at(head.expect("a head") + 4);
        conversation.arrive(head);
        assert_eq!(taken(&conversation), 0, "announced bytes take none");
        for (index, byte) in rest.iter().enumerate() {
            conversation.arrive(&[*byte]);
            if conversation.unanswered.is_empty() {
                let most = (index as u64 + 1) * 3 / 2;
                assert!(taken(&conversation) <= most, "after {index} bytes");
            }
        }
        assert!(taken(&conversation) >= 4_000, "the handler has it");
        conversation.settle();
        assert_eq!(taken(&conversation), 0);
    }
}

#[test]
fn a_body_that_no_function_takes_needs_no_memory() {
    let body = "x".repeat(4_000);
    for request in [
        chunked("/count/7", "text/plain", &body, 100),
        chunked("/count", "text/plain", &body, 100),
        post("/nobody", "application/json", &body),
    ] {
        let mut conversation = functions(0);
        for piece in request.chunks(50) {
            conversation.arrive(piece);
            assert_eq!(taken(&conversation), 0);
        }
        conversation.settle();
        assert_eq!(conversation.answers(), 1);
        assert!(!sent(&conversation).contains(" 503 "));
    }
}

/// Bytes missing from the body of `half`; the last two of them end it.
const REST: usize = 1_000;

/// A request whose body, which has to be kept, lacks its last `REST` bytes.
fn half() -> Vec<u8> {
    let mut request = json("/say", &format!(r#"[1,"{}"]"#, "x".repeat(3_000)));
    request.truncate(request.len() - REST);
    request
}

fn rest() -> Vec<u8> {
    [&[b'x'; REST - 2], &b"\"]"[..]].concat()
}

#[test]
fn the_memory_of_half_a_body_comes_back_however_the_request_ends() {
    type End = fn(&mut Conversation);
    let ends: [(&str, End); 6] = [
        ("it is whole, and answered", |conversation| {
            conversation.arrive(&rest());
            assert_eq!(conversation.unanswered.len(), 1);
            conversation.settle();
        }),
        ("it is whole, and late", |conversation| {
            conversation.arrive(&rest());
            conversation.reply_late(0);
        }),
        ("it is whole, and one call too many", |conversation| {
            conversation.calls_max = 0;
            conversation.arrive(&rest());
        }),
        ("it is whole, and not JSON", |conversation| {
            conversation.arrive(&[b'x'; REST]);
        }),
        ("its time runs out", |conversation| {
            conversation.context.timeouts.request = 100;
            conversation.pass(100);
        }),
        ("another request breaks the framing", |conversation| {
            let broken = chunked("/say", "application/json", "[1]", 1);
            conversation.arrive(&rest());
            conversation.arrive(&broken[..broken.len() - 20]);
            conversation.arrive(b"zzzzzzzzzz\r\n\r\n");
            conversation.settle();
        }),
    ];
    for (what, end) in ends {
        let mut conversation = functions(MUCH);
        conversation.arrive(&half());
        let taken_by_half = taken(&conversation);
        assert!(taken_by_half > 1_900, "{what}: {taken_by_half}");
        end(&mut conversation);
        assert_eq!(taken(&conversation), 0, "{what}");
        assert!(conversation.answers() > 0, "{what}");
    }
    for end in [|_: &mut Conversation| {}, Conversation::end] {
        let mut conversation = functions(MUCH);
        conversation.arrive(&half());
        end(&mut conversation);
        assert_eq!(taken_at_the_end(conversation), 0);
    }
}

#[test]
fn a_body_without_room_is_refused_as_it_arrives_and_is_the_last() {
    let other = json("/keep", &"1".repeat(UNRESERVED_BYTES_MAX + 1));
    for (request, room) in [(half(), 1_000), (other, 0)] {
        let mut conversation = functions_beside_others(room);
        for byte in &request {
            conversation.arrive(&[*byte]);
            assert!(taken(&conversation) <= 1 + room);
        }
        conversation.settle();
        if room == 0 {
            assert_eq!(statuses(&conversation), ["503"]);
        }
        let sent = sent(&conversation);
        assert!(sent.starts_with("HTTP/1.1 503 "), "{sent}");
        assert!(sent.contains("Retry-After: 1") && sent.contains("ERR_OVERLOADED"));
        assert!(sent.contains("Connection: close"));
        assert_eq!(conversation.context.counters.overloaded, 1);
        assert_eq!(taken(&conversation), 1);
        assert!(conversation.is_closed());
    }
}

#[test]
fn a_short_body_may_arrive_in_pieces_even_without_room() {
    let mut conversation = functions_beside_others(0);
    for byte in json("/keep", &"1".repeat(UNRESERVED_BYTES_MAX / 2)) {
        conversation.arrive(&[byte]);
        assert_eq!(taken(&conversation), 1);
    }
    conversation.settle();
    assert_eq!(statuses(&conversation), ["201"]);
}

#[test]
fn arguments_take_little_more_memory_than_their_length() {
    let text = "x".repeat(3_000);
    for request in [
        json("/say", &format!(r#"[1,"{text}"]"#)),
        chunked("/say", "application/json", &format!(r#"[1,"{text}"]"#), 100),
        chunked("/keep", "text/plain", &text, 100),
    ] {
        let mut conversation = functions(MUCH);
        for byte in &request {
            conversation.arrive(&[*byte]);
        }
        assert_eq!(conversation.unanswered.len(), 1);
        assert!((3_000..3_300).contains(&taken(&conversation)));
    }
}

#[test]
fn arguments_without_room_are_refused_and_the_next_request_is_served() {
    let mut conversation = functions_beside_others(1_000);
    let long = json("/say", &format!(r#"[1,"{}"]"#, "x".repeat(2_000)));
    conversation.arrive(&[long, json("/count", "[2]")].concat());
    conversation.settle();
    assert_eq!(statuses(&conversation), ["503", "200"]);
    assert_eq!(conversation.context.counters.overloaded, 1);
    assert_eq!(taken(&conversation), 1);
}

#[test]
fn arguments_larger_than_all_the_room_may_take_all_of_it() {
    let mut conversation = functions(1_000);
    conversation.arrive(&json("/say", &format!(r#"[1,"{}"]"#, "x".repeat(2_000))));
    assert_eq!(taken(&conversation), 1_000);
    conversation.settle();
    assert_eq!(statuses(&conversation), ["200"]);
    assert_eq!(taken(&conversation), 0);
}

#[test]
fn a_body_that_is_wanted_is_asked_for_with_100_continue() {
    let fields = "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 3\r\n";
    let mut conversation = functions(MUCH);
    conversation.arrive(&with_fields("/count", fields, ""));
    conversation.settle();
    assert_eq!(sent(&conversation), "HTTP/1.1 100 Continue\r\n\r\n");
    conversation.arrive(b"[7]");
    conversation.settle();
    assert_eq!(statuses(&conversation), ["100", "200"]);
    assert!(!conversation.is_closed());
}

#[test]
fn a_body_that_is_not_wanted_is_refused_instead_of_100_continue() {
    let json = "Content-Type: application/json";
    for (path, fields, status) in [
        ("/nobody", format!("{json}\r\nContent-Length: 3"), "404"),
        ("/count", "Content-Length: 3".to_owned(), "415"),
        ("/count/7", format!("{json}\r\nContent-Length: 3"), "400"),
        ("/count", format!("{json}\r\nContent-Length: 4097"), "413"),
        ("/nobody", format!("{json}\r\nContent-Length: 4097"), "404"),
    ] {
        let fields = format!("Expect: 100-continue\r\n{fields}\r\n");
        let mut conversation = functions(MUCH);
        conversation.arrive(&with_fields(path, &fields, ""));
        conversation.settle();
        assert_eq!(statuses(&conversation), [status], "{path} {fields}");
        assert!(
            conversation.is_closed(),
            "where its next request starts is unknown"
        );
    }
}

#[test]
fn a_long_answer_leaves_in_order_and_in_sends_of_its_own() {
    let mut conversation = functions(MUCH);
    let say = |n: i64, times: usize| json("/say", &format!(r#"[{n},"0123456789",{times}]"#));
    let times = JOINED_BYTES_MAX / 10;
    conversation.arrive(
        &[
            say(1, 1),
            say(2, times),
            say(3, 1),
            say(4, times),
            say(5, 1),
        ]
        .concat(),
    );
    while !conversation.unanswered.is_empty() {
        // The last call first.
        conversation.reply(conversation.unanswered.len() - 1);
    }
    let long = times * 13 + 3;
    for _ in 0..100_000 {
        conversation.send(77);
    }
    assert_eq!(
        conversation
            .sends
            .iter()
            .filter(|length| **length == long)
            .count(),
        2
    );
    let sent = sent(&conversation);
    let places = ["[1,", "[2,", "[3,", "[4,", "[5,"].map(|start| sent.find(start));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    assert_eq!(statuses(&conversation).len(), 5);
    assert_eq!(sent.matches("0123456789").count(), 2 * times + 3);
}

/// The answering thread has sent all of an answer on the leased socket, and returns it.
#[test]
fn no_empty_send_precedes_a_long_answer_after_a_whole_direct_one() {
    let mut conversation = functions(MUCH);
    let long = json("/say", r#"[2,"0123456789",900]"#);
    conversation.arrive(&[json("/count", "[1]"), long].concat());
    let (connection, context) = (&mut conversation.connection, &mut conversation.context);
    let deliveries = [
        Delivery::Sent(context.started),
        conversation::functions::outcome(&conversation.unanswered[1]).into(),
    ];
    for (call, delivery) in conversation.unanswered.drain(..).zip(deliveries) {
        assert!(connection.replied(call.sequence, delivery, context));
    }
    connection.not_sent(Vec::new());
    let output = connection.take_output();
    assert!(output.is_some_and(|bytes| bytes.starts_with(b"HTTP/1.1 200 OK\r\n")));
}

#[test]
fn answers_waiting_for_an_earlier_one_pause_reading_until_they_are_sent() {
    for long in [
        json(
            "/say",
            &format!(r#"[2,"0123456789",{}]"#, OUTPUT_BYTES_MAX / 10),
        ),
        post("/keep", "text/plain", &"2".repeat(4_000)).repeat(3),
    ] {
        let mut conversation = functions(MUCH);
        conversation.arrive(&[json("/count", "[1]"), long].concat());
        while conversation.unanswered.len() > 1 {
            conversation.reply(1);
        }
        assert!(!conversation.connection.wants_input(), "they wait for 1");
        conversation.settle();
        assert!(conversation.connection.wants_input());
    }
}

#[test]
fn a_long_answer_being_sent_pauses_reading_until_it_is_sent() {
    for (bytes, sends) in [(OUTPUT_BYTES_MAX, 1), (JOINED_BYTES_MAX, 2)] {
        let mut conversation = functions(MUCH);
        let arguments = format!(r#"[2,"0123456789",{}]"#, bytes / 10);
        conversation.arrive(&json("/say", &arguments));
        conversation.reply(0);
        for _ in 1..sends {
            conversation.send(usize::MAX);
        }
        assert_eq!(conversation.sends.len(), sends, "its head has left, or not");
        assert!(!conversation.connection.wants_input());
        conversation.send(5_000);
        assert!(!conversation.connection.wants_input());
        conversation.arrive(&json("/count", "[1]"));
        assert!(conversation.unanswered.is_empty(), "it is not read");
        conversation.send(usize::MAX);
        assert!(conversation.connection.wants_input());
        assert_eq!(conversation.unanswered.len(), 1);
        conversation.settle();
        assert!(sent(&conversation).ends_with("\r\n\r\n1"));
    }
}

/// The answering thread could not send all of it.
#[test]
fn the_long_rest_of_a_direct_answer_pauses_reading_until_it_is_sent() {
    let mut conversation = functions(MUCH);
    conversation.arrive(&json("/count", "[1]"));
    conversation
        .connection
        .not_sent(vec![b'x'; OUTPUT_BYTES_MAX]);
    conversation.reply_sent();
    assert!(!conversation.connection.wants_input());
    conversation.send(5_000);
    assert!(!conversation.connection.wants_input());
    conversation.send(usize::MAX);
    assert!(conversation.connection.wants_input());
}

#[test]
fn a_head_request_is_answered_without_a_body() {
    let mut conversation = functions(MUCH);
    conversation.arrive(b"HEAD /count/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    conversation.settle();
    let sent = sent(&conversation);
    assert!(
        sent.starts_with("HTTP/1.1 405 ") && sent.ends_with("\r\n\r\n"),
        "{sent}"
    );
}

#[test]
fn half_a_body_at_the_close_is_awaited_and_its_answer_is_the_last() {
    let request = json("/say", r#"[1,"abc"]"#);
    let (first, rest) = request.split_at(request.len() - 4);
    let mut conversation = functions(MUCH);
    conversation.arrive(first);
    conversation.drain();
    conversation.pass(60_000);
    conversation.arrive(rest);
    conversation.settle();
    let sent = sent(&conversation);
    assert!(sent.contains("200 OK") && sent.contains("Connection: close"));
    assert!(conversation.is_closed());
}

#[test]
fn half_a_body_behind_a_call_is_dropped_at_the_close() {
    let mut conversation = functions(MUCH);
    conversation.arrive(&[json("/count", "[1]"), half()].concat());
    conversation.drain();
    conversation.settle();
    assert!(sent(&conversation).contains("Connection: close"));
    assert_eq!(statuses(&conversation), ["200"]);
    assert!(conversation.is_closed());
    assert_eq!(taken(&conversation), 0);
}

#[test]
fn a_call_that_began_within_a_millisecond_is_not_given_up_before_its_time() {
    let mut conversation = Conversation::with_functions(TIMEOUTS, MUCH);
    conversation.context.now_us += 900;
    conversation.arrive(&json("/count", "[1]"));
    conversation.context.now_us += 200;
    conversation.context.now += 1;
    conversation.pass(u64::from(TIMEOUTS.handler) - 1);
    assert_eq!(conversation.answers(), 0, "0.8 ms are left");
    conversation.pass(1);
    assert_eq!(conversation.answers(), 1);
    conversation.send(usize::MAX);
    assert_eq!(statuses(&conversation), ["503"]);
}

#[test]
fn a_late_body_is_answered_with_408() {
    let mut conversation = Conversation::with_functions(TIMEOUTS, MUCH);
    conversation.arrive(&half());
    conversation.pass(u64::from(TIMEOUTS.request) - 1);
    assert_eq!(conversation.answers(), 0);
    conversation.pass(1);
    conversation.settle();
    assert_eq!(statuses(&conversation), ["408"]);
    assert!(sent(&conversation).contains("ERR_REQUEST_TIMEOUT"));
    assert_eq!(conversation.context.counters.request_timeouts, 1);
    assert!(conversation.is_closed());
    assert_eq!(taken(&conversation), 0);
}
