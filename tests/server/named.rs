//! Functions by name over real sockets: bodies in pieces, long answers, memory given back.

use std::sync::Arc;

use crate::functions::{outcome_within, routes};
use crate::support::{Running, eventually, options, ring_threads, start_options};
use ringcall::bridge::{Call, CallSink, Command, ReplyQueue};
use ringcall::limits::Limits;

/// More than a socket's buffer holds.
const ANSWER_BYTES_MAX: usize = 20_000_000;

/// Answers at once, on the ring thread.
pub(crate) struct Functions(pub(crate) Arc<ReplyQueue>);

impl CallSink for Functions {
    fn call(&self, calls: &mut Vec<Call>) {
        let answer = |call: Call| {
            let outcome = outcome_within(&call, ANSWER_BYTES_MAX);
            call.reply(outcome)
        };
        self.0
            .post_replies(&mut calls.drain(..).map(answer).collect());
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

fn start(limits: Limits) -> Running {
    let mut options = options(ring_threads(), limits);
    options.routes = Some(Arc::new(routes()));
    start_options(&options, |_, reply_queue| Functions(reply_queue))
}

fn json(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let fields = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}").into_bytes()
}

#[test]
fn bodies_arrive_whole_however_they_are_sent() {
    let server = start(Limits::default());
    let mut client = server.connect();
    let value = "v".repeat(30_000);
    let request = json("/say", &format!(r#"{{"value":"{value}","n":7}}"#));
    for size in [1_000, 7_777, 100_000] {
        for piece in request.chunks(size) {
            client.send(piece);
        }
        assert_eq!(client.answer().body, format!(r#"[7,"{value}"]"#));
    }
    client.send(&json("/count", "[8]"));
    assert_eq!(client.answer().body, "8");
}

#[test]
fn long_answers_arrive_whole_and_in_order_with_short_ones_between() {
    let server = start(Limits::default());
    let mut client = server.connect();
    let value = "v".repeat(1_000);
    let long = |n| json("/say", &format!(r#"[{n},"{value}",9000]"#));
    client.send(
        &[
            json("/count", "[1]"),
            long(2),
            json("/count", "[3]"),
            long(4),
        ]
        .concat(),
    );
    assert_eq!(client.answer().body, "1");
    let body = client.answer().body;
    assert!(body.starts_with("[2,") && body.len() == 9_000 * 1_003 + 3);
    assert_eq!(client.answer().body, "3");
    assert!(client.answer().body.starts_with("[4,"));
}

#[test]
fn the_memory_of_clients_that_leave_in_the_middle_of_a_body_comes_back() {
    let server = start(Limits {
        buffered_bytes_max: 100_000,
        ..Limits::default()
    });
    let body = format!(r#"[7,"{}"]"#, "v".repeat(50_000));
    let request = json("/say", &body);
    let half = &request[..request.len() - 100];
    for round in 1..=20 {
        let mut client = server.connect();
        client.send(half);
        // Linux may miss an end right behind the bytes it is receiving (liburing, issue 1549).
        eventually("it is read", || {
            server.server.stats().bytes_received == round * half.len() as u64
        });
        if round % 2 == 0 {
            client.reset();
        } else {
            client.end();
            client.assert_ended();
        }
        eventually("it is gone", || server.server.stats().connections_open == 0);
    }
    let mut client = server.connect();
    client.send(&request);
    assert_eq!(client.answer().status, 200);
    assert_eq!(server.server.stats().overloaded, 0);
}

#[test]
fn a_body_that_finds_no_room_is_refused_and_counted() {
    let server = start(Limits {
        buffered_bytes_max: 10_000,
        ..Limits::default()
    });
    let request = json("/say", &format!(r#"[7,"{}"]"#, "v".repeat(9_000)));
    let mut other = server.connect();
    other.send(&request[..5_000]);
    let is_read = || server.server.stats().bytes_received >= 5_000;
    eventually("the other client's half has its room", is_read);
    let mut client = server.connect();
    client.send(&request);
    let answer = client.answer();
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("Retry-After: 1") && answer.body.contains("ERR_OVERLOADED"));
    eventually("it is counted", || server.server.stats().overloaded == 1);
    let mut client = server.connect();
    client.send(&json("/count", "[8]"));
    assert_eq!(client.answer().body, "8");
}

#[test]
fn half_a_body_at_the_close_is_awaited_and_its_request_answered() {
    let server = start(Limits::default());
    let mut client = server.connect();
    let request = json("/say", r#"[7,"abc"]"#);
    let (first, rest) = request.split_at(request.len() - 3);
    client.send(&json("/count", "[1]"));
    assert_eq!(client.answer().body, "1");
    client.send(first);
    server.server.post(Command::Close);
    client.send(rest);
    let answer = client.answer();
    assert_eq!(answer.body, r#"[7,"abc"]"#);
    assert!(answer.head.contains("Connection: close"));
    client.assert_ended();
}
