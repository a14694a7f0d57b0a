//! Conversations with a server of functions that has documents: answers keep the order of their
//! requests, and all readers share one copy of a document's text.

#[expect(unreachable_pub, reason = "shared with the fuzzer")]
#[expect(dead_code, reason = "each test uses a part of it")]
#[path = "support/conversation.rs"]
mod conversation;

use std::sync::Arc;

use conversation::functions::{LONG, LONG_BYTES, SHORT, SHORT_BYTES, routes_of, text};
use conversation::{Conversation, NO_TIMEOUTS};
use ringcall::bytes::Bytes;
use ringcall::connection::Table;
use ringcall::limits::{OUTPUT_BYTES_MAX, PIPELINE_DEPTH_MAX};

const MUCH: u64 = 1 << 30;

fn functions() -> Conversation {
    Conversation::with_functions(NO_TIMEOUTS, MUCH)
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

fn count(n: i64) -> String {
    format!("POST /count/{n} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// All bytes sent in answer to the requests.
fn sent_to(requests: &str) -> String {
    let mut conversation = functions();
    conversation.arrive(requests.as_bytes());
    conversation.settle();
    assert!(conversation.called_with.is_empty());
    String::from_utf8(conversation.sent).expect("text")
}

fn statuses(sent: &str) -> Vec<&str> {
    let answers = sent.split("HTTP/1.1 ").skip(1);
    answers.map(|answer| &answer[..3]).collect()
}

#[test]
fn a_head_request_has_the_same_head_without_the_document() {
    for path in [SHORT, LONG] {
        let get = get(path, "");
        let whole = sent_to(&get);
        let head = sent_to(&get.replace("GET", "HEAD"));
        let (of_whole, body) = whole.split_once("\r\n\r\n").expect("a head");
        assert_eq!(head, format!("{of_whole}\r\n\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        assert!(body.starts_with('0'));
    }
}

#[test]
fn a_client_that_has_the_document_gets_304_without_content() {
    for path in [SHORT, LONG] {
        for line in ["GET", "HEAD"] {
            let request = get(path, "If-None-Match: \"x\", W/\"0\"\r\n").replace("GET", line);
            let sent = sent_to(&request);
            assert!(sent.starts_with("HTTP/1.1 304 Not Modified\r\nETag: \"0\"\r\n"));
            assert!(sent.ends_with("\r\n\r\n") && !sent.contains("Content-"));
            assert_eq!(sent.matches("\r\n\r\n").count(), 1);
        }
        let other = get(path, "If-None-Match: \"1\"\r\n");
        assert_eq!(statuses(&sent_to(&other)), ["200"]);
    }
}

#[test]
fn documents_and_calls_are_answered_in_the_order_of_their_requests() {
    let mut conversation = functions();
    let known = get(LONG, "If-None-Match: *\r\n");
    let requests = [
        count(1),
        get(SHORT, ""),
        get(LONG, ""),
        known,
        count(2),
        get(LONG, ""),
        count(3),
    ];
    conversation.arrive(requests.concat().as_bytes());
    for _ in 0..100_000 {
        conversation.reply(0);
        conversation.send(77);
    }
    let sent = String::from_utf8(conversation.sent).expect("text");
    let bodies = [
        "1",
        &text(0, SHORT_BYTES),
        &text(0, LONG_BYTES),
        "",
        "2",
        &text(0, LONG_BYTES),
        "3",
    ];
    let mut rest = &*sent;
    for body in bodies {
        let (_, behind) = rest.split_once("\r\n\r\n").expect("an answer");
        assert!(behind.starts_with(body));
        rest = &behind[body.len()..];
    }
    assert_eq!(rest, "");
    let expected = ["200", "200", "200", "304", "200", "200", "200"];
    assert_eq!(statuses(&sent), expected);
}

#[test]
fn the_body_of_a_request_for_a_document_is_skipped() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let chunks = "2;a=b\r\nxx\r\n0\r\nTrailer: z\r\n\r\n";
    for path in [SHORT, LONG] {
        let requests = [
            &get(path, "Content-Length: 6\r\n"),
            "GET /x",
            &get(path, chunked),
            chunks,
            &get("/nobody", ""),
        ];
        let sent = sent_to(&requests.concat());
        assert_eq!(statuses(&sent), ["200", "200", "404"]);
    }
    let too_long = get(LONG, "Content-Length: 4097\r\n");
    assert_eq!(statuses(&sent_to(&too_long)), ["413"]);
}

#[test]
fn no_continue_is_sent_to_a_request_for_a_document() {
    let mut conversation = functions();
    let fields = "Expect: 100-continue\r\nContent-Length: 5\r\n";
    conversation.arrive(get(SHORT, fields).as_bytes());
    conversation.settle();
    let sent = String::from_utf8(conversation.sent.clone()).expect("text");
    assert_eq!(statuses(&sent), ["200"]);
    assert!(sent.contains("\r\nConnection: close\r\n"));
    assert!(
        conversation.is_closed(),
        "where its next request starts is unknown"
    );
}

#[test]
fn a_document_sent_by_a_closing_server_says_connection_close() {
    for path in [SHORT, LONG] {
        let mut conversation = functions();
        conversation.drain();
        conversation.arrive(get(path, "").as_bytes());
        conversation.settle();
        let sent = String::from_utf8(conversation.sent.clone()).expect("text");
        assert!(sent.contains("\r\nConnection: close\r\n"), "{sent}");
        assert!(conversation.is_closed());
    }
}

#[test]
fn an_http10_client_gets_its_document_and_keeps_the_connection_if_it_asks() {
    let old = |fields: &str| get(LONG, fields).replace("1.1", "1.0");
    let kept = sent_to(&[old("Connection: keep-alive\r\n"), old("")].concat());
    assert_eq!(statuses(&kept), ["200", "200"]);
    assert!(kept.contains("\r\nConnection: keep-alive\r\n"));
    assert!(kept.contains("\r\nConnection: close\r\n"));
}

#[test]
fn slow_readers_share_one_copy_of_a_document() {
    let routes = Arc::new(routes_of(7));
    let mut readers: Vec<Conversation> = (0..1_000).map(|_| functions()).collect();
    for reader in &mut readers {
        let table = Table::new(Some(Arc::clone(&routes)), conversation::Nobody);
        reader.context.table = Arc::new(table);
        reader.arrive(get(LONG, "").repeat(100).as_bytes());
        reader.send(usize::MAX);
        assert_eq!(
            reader.sends.len(),
            2,
            "the head is sent, and the text is being sent"
        );
        reader.send(10);
        // Its further requests wait until it has read this.
        let waiting = reader.connection.buffered_bytes();
        assert!(waiting < 8_192, "{waiting}");
        assert!(!reader.connection.wants_input());
    }
}

#[test]
fn documents_requested_behind_a_call_take_little_memory_and_pause_reading() {
    for path in [SHORT, LONG] {
        let mut conversation = functions();
        conversation.arrive(count(1).as_bytes());
        let mut asked = 0;
        while conversation.connection.wants_input() {
            conversation.arrive(get(path, "").as_bytes());
            asked += 1;
        }
        let length = text(
            0,
            if path == SHORT {
                SHORT_BYTES
            } else {
                LONG_BYTES
            },
        )
        .len();
        let most = (OUTPUT_BYTES_MAX / length + 1).min(PIPELINE_DEPTH_MAX);
        assert!(asked <= most, "{asked} of {path}");
        conversation.settle();
        assert_eq!(conversation.answers(), asked as u64 + 1);
        assert!(conversation.connection.wants_input());
    }
}

#[test]
fn a_long_document_is_sent_and_never_copied() {
    let mut conversation = functions();
    let routes = routes_of(3);
    conversation.context.table = Arc::new(Table::new(Some(Arc::new(routes)), conversation::Nobody));
    conversation
        .connection
        .received(get(LONG, "").as_bytes(), &mut conversation.context);
    let head = conversation.connection.take_output().expect("its head");
    assert!(matches!(head, Bytes::Own(_)));
    conversation.connection.sent(head, 0);
    let body = conversation.connection.take_output().expect("its text");
    assert!(matches!(&body, Bytes::Shared(_)) && body.memory() == 0);
    assert_eq!(&*body, text(3, LONG_BYTES).as_bytes());
}

#[test]
fn a_request_gets_its_document_from_the_table_that_its_head_met() {
    let mut conversation = functions();
    let request = get(LONG, "Content-Length: 3\r\n");
    conversation.arrive(request.as_bytes());
    let table = Table::new(Some(Arc::new(routes_of(1))), conversation::Nobody);
    conversation.context.table = Arc::new(table);
    conversation.arrive(b"xyz");
    conversation.settle();
    conversation.arrive(get(SHORT, "If-None-Match: \"0\"\r\n").as_bytes());
    conversation.settle();
    let sent = String::from_utf8(conversation.sent).expect("text");
    assert!(sent.contains("\r\nETag: \"0\"\r\n") && sent.contains("\r\nETag: \"1\"\r\n"));
    assert_eq!(statuses(&sent), ["200", "200"]);
}
