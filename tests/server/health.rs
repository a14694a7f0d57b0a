//! The server's health over real sockets: requests are answered once JavaScript has answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::{Running, eventually, fibonacci, options, ring_threads, start_options};
use ringcall::bridge::{Call, CallSink, Command, Health, ReplyQueue};
use ringcall::limits::Limits;

const ASK: &[u8] = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
const POST_15: &[u8] = b"POST /15 HTTP/1.1\r\nHost: a\r\n\r\n";

/// Counts the questions, and leaves it to the test to answer them.
struct Asked {
    reply_queue: Arc<ReplyQueue>,
    count: Arc<AtomicU64>,
}

impl CallSink for Asked {
    fn call(&self, calls: &mut Vec<Call>) {
        let answer = |call: Call| {
            let outcome = fibonacci(call.number());
            call.reply(outcome)
        };
        self.reply_queue
            .post_replies(&mut calls.drain(..).map(answer).collect());
    }

    fn health_asked(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

/// A server, and how often it was asked.
fn start(limits: Limits) -> (Running, Arc<AtomicU64>) {
    let count = Arc::<AtomicU64>::default();
    let mut options = options(ring_threads(), limits);
    options.health = Some("/livez".to_owned());
    let running = start_options(&options, |_, reply_queue| Asked {
        reply_queue,
        count: Arc::clone(&count),
    });
    (running, count)
}

fn until_asked(asked: &AtomicU64, times: u64) {
    eventually("it is asked", || asked.load(Ordering::SeqCst) >= times);
}

#[test]
fn every_health_request_is_answered_on_whichever_ring() {
    let (server, asked) = start(Limits::default());
    let mut clients: Vec<_> = (0..50).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(ASK);
    }
    eventually("all are read", || server.server.stats().requests == 50);
    until_asked(&asked, 1);
    server.server.post(Command::TellHealth(Health::Well));
    for client in &mut clients {
        let answer = client.answer();
        assert_eq!(
            (answer.status, &*answer.body),
            (200, "{\"status\":\"ok\"}\n")
        );
    }
    assert!(asked.load(Ordering::SeqCst) <= 50);
}

#[test]
fn a_health_request_has_room_where_calls_have_none() {
    let limits = Limits {
        in_flight_max: 0,
        ..Limits::default()
    };
    let (server, asked) = start(limits);
    let mut client = server.connect();
    client.send(POST_15);
    assert_eq!(client.answer().status, 503);
    client.send(ASK);
    until_asked(&asked, 1);
    server.server.post(Command::TellHealth(Health::Well));
    assert_eq!(client.answer().status, 200);
    assert_eq!(server.server.stats().in_flight, 0);
}

#[test]
fn clients_that_leave_before_their_health_answer_disturb_no_other() {
    let (server, asked) = start(Limits::default());
    for round in 1..=30 {
        let mut client = server.connect();
        client.send(ASK);
        until_asked(&asked, round);
        client.reset();
    }
    eventually("they are gone", || {
        server.server.stats().connections_open == 0
    });
    let mut client = server.connect();
    client.send(ASK);
    until_asked(&asked, 31);
    server.server.post(Command::TellHealth(Health::NoWorker));
    let answer = client.answer();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "No worker is available.\n");
    client.send(POST_15);
    assert_eq!(client.answer().body, "610");
}

#[test]
fn a_health_answer_of_a_closing_server_says_so_and_ends_the_connection() {
    let (server, asked) = start(Limits::default());
    let mut waiting = server.connect();
    let mut other = server.connect();
    other.send(POST_15);
    assert_eq!(other.answer().body, "610");
    waiting.send(ASK);
    until_asked(&asked, 1);
    server.server.post(Command::Close);
    other.send(ASK);
    until_asked(&asked, 2);
    server.server.post(Command::TellHealth(Health::Closing));
    for mut client in [waiting, other] {
        let answer = client.answer();
        assert_eq!(answer.body, "The server is closing.\n");
        assert!(answer.head.contains("\r\nConnection: close\r\n"));
        client.assert_ended();
    }
    server.server.join();
}

#[test]
fn a_javascript_thread_that_never_answers_is_reported_in_time() {
    let mut limits = Limits::default();
    limits.timeouts.handler = 50;
    let (server, _) = start(limits);
    let mut client = server.connect();
    client.send(ASK);
    let answer = client.answer();
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        "The JavaScript thread did not answer in time.\n"
    );
    client.send(POST_15);
    assert_eq!(client.answer().body, "610");
}
