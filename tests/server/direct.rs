//! Answers that another thread sends itself, on sockets leased from a sleeping ring thread.

use std::io::{Read, Write};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::support::{
    Answer, Client, Running, eventually, options, ring_threads, start_local, start_options,
};
use ringcall::bridge::{Call, CallSink, Command, Outcome, ReplyQueue, ReplySender};
use ringcall::http::{Response, Status};
use ringcall::limits::Limits;
use ringcall::stats::Counters;
use ringcall::uring::send_at_once;

/// Answers each batch at once, on its own thread.
struct Answering {
    batches: Mutex<Sender<Vec<Call>>>,
}

impl Answering {
    fn new(reply_queue: Arc<ReplyQueue>) -> Self {
        let (batches, to_answer) = channel::<Vec<Call>>();
        thread::spawn(move || {
            let mut reply_sender = ReplySender::new(reply_queue);
            for calls in to_answer {
                for call in calls {
                    let outcome = answer(call.number());
                    reply_sender.reply(call, outcome);
                }
                reply_sender.post(Instant::now());
            }
        });
        Self {
            batches: Mutex::new(batches),
        }
    }
}

impl CallSink for Answering {
    fn call(&self, calls: &mut Vec<Call>) {
        let batch = std::mem::take(calls);
        self.batches.lock().unwrap().send(batch).unwrap();
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

/// From 10^9 on one with a status of its own, and from 2 × 10^9 on a long one.
fn answer(number: i64) -> Outcome {
    match number {
        0..=999_999_999 => Outcome::Value(number),
        1_000_000_000..=1_999_999_999 => Outcome::Response(Box::new(Response {
            status: Status::NOT_FOUND,
            fields: Vec::new(),
            body: number.to_string().into_bytes(),
        })),
        _ => Outcome::Json(number.to_string().repeat(4_000).into_bytes()),
    }
}

fn start() -> Running {
    let options = options(ring_threads(), Limits::default());
    start_options(&options, |_, reply_queue| Answering::new(reply_queue))
}

fn post(n: usize) -> String {
    format!("POST /{n} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn requests_one_at_a_time_are_answered_while_the_ring_thread_sleeps() {
    ask_until_asleep(100, post, |n, answer, stats| {
        assert_eq!(answer.body, n.to_string());
        assert_eq!((stats.responses_2xx, stats.in_flight), (n as u64 + 1, 0));
    });
}

#[test]
fn answers_of_the_function_s_own_status_are_counted_by_it_whichever_thread_sends_them() {
    ask_until_asleep(
        20,
        |_| post(1_000_000_001),
        |n, answer, stats| {
            assert_eq!((answer.status, answer.body.as_str()), (404, "1000000001"));
            assert_eq!(
                (stats.responses_2xx, stats.responses_4xx),
                (0, n as u64 + 1)
            );
        },
    );
}

/// Sends one request at a time, checking the answer to each and what is counted then, until the
/// ring thread has slept through so many answers.
fn ask_until_asleep(
    answers: u64,
    request: impl Fn(usize) -> String,
    check: impl Fn(usize, Answer, Counters),
) {
    let server = start();
    let mut client = server.connect();
    let mut n = 0;
    // On a busy machine the ring thread has often not gone to sleep yet.
    eventually("the ring thread sleeps through enough answers", || {
        client.send(request(n).as_bytes());
        let answer = client.answer();
        let stats = server.server.stats();
        check(n, answer, stats);
        n += 1;
        stats.sent_on_leases > answers
    });
}

#[test]
fn an_answer_without_room_is_sent_in_order_once_there_is_room() {
    let server = start_local("direct", Answering::new);
    let mut stream = server.connect();
    let (mut count, mut in_a_row) = (0, 0);
    // The client reads nothing. Once the socket is full, the ring thread takes over and keeps it.
    while in_a_row < 32 {
        let sent = server.server.stats().sent_on_leases;
        stream.write_all(post(count).as_bytes()).unwrap();
        count += 1;
        eventually("the request is answered", || {
            server.server.stats().responses_2xx == count as u64
        });
        in_a_row = if server.server.stats().sent_on_leases == sent {
            in_a_row + 1
        } else {
            0
        };
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let expected: Vec<String> = (0..count).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&answers), expected);
}

#[test]
fn a_long_answer_without_room_is_sent_whole_once_there_is_room() {
    const REQUESTS: usize = 100;
    let server = start_local("direct-long", Answering::new);
    let mut stream = server.connect();
    let mut answers = Vec::new();
    let mut piece = [0; 4096];
    for n in 0..REQUESTS {
        stream.set_nonblocking(false).unwrap();
        stream
            .write_all(post(2_000_000_000 + n).as_bytes())
            .unwrap();
        stream.set_nonblocking(true).unwrap();
        // A request is not read before the answer to the last one has left, so the client reads a
        // little where it waits.
        eventually("the request is answered", || {
            let is_answered = server.server.stats().responses_2xx == n as u64 + 1;
            if !is_answered && let Ok(count) = stream.read(&mut piece) {
                answers.extend_from_slice(&piece[..count]);
            }
            is_answered
        });
    }
    assert!(server.server.stats().sent_on_leases > 0);
    stream.set_nonblocking(false).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_to_end(&mut answers).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    let bodies = bodies(&answers);
    assert_eq!(bodies.len(), REQUESTS);
    for (n, body) in bodies.iter().enumerate() {
        let expected = (2_000_000_000 + n).to_string().repeat(4_000);
        assert!(*body == expected, "{n}: {} bytes", body.len());
    }
}

/// Hands calls to whoever has the other end.
struct Forwarding(Mutex<Sender<Call>>);

impl CallSink for Forwarding {
    fn call(&self, calls: &mut Vec<Call>) {
        let to_answer = self.0.lock().unwrap();
        for call in calls.drain(..) {
            to_answer.send(call).unwrap();
        }
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

#[test]
fn closing_the_idle_connections_spares_one_whose_answer_another_thread_is_sending() {
    let (forward, to_answer) = channel();
    let mut queues = Vec::new();
    let server = start_options(&options(1, Limits::default()), |_, reply_queue| {
        queues.push(reply_queue);
        Forwarding(Mutex::new(forward.clone()))
    });
    let mut reply_sender = ReplySender::new(queues.remove(0));
    let mut client = server.connect();
    let counted = || server.server.stats();
    let mut count = 0;
    loop {
        client.send(post(count).as_bytes());
        let call = to_answer.recv().unwrap();
        reply_sender.reply(call, Outcome::Value(610));
        let sent = counted().sent_on_leases;
        reply_sender.begin(Instant::now());
        if counted().sent_on_leases > sent {
            break;
        }
        // The ring thread was awake, so it sends the answer.
        while reply_sender.go_on(send_at_once) {}
        assert_eq!(client.answer().body, "610");
        count += 1;
    }
    // The ring thread learns that the answer is sent, just before it is.
    assert!(reply_sender.go_on(|_, _| unreachable!("this step posts")));
    let turns = counted().turns;
    server.server.post(Command::CloseIdle);
    eventually("the command is carried out", || counted().turns > turns);
    while reply_sender.go_on(send_at_once) {}
    assert_eq!(client.answer().body, "610");
    client.send(post(count).as_bytes());
    reply_sender.reply(to_answer.recv().unwrap(), Outcome::Value(7));
    reply_sender.post(Instant::now());
    assert_eq!(client.answer().body, "7");
}

/// The bodies of these answers.
fn bodies(answers: &str) -> Vec<&str> {
    let each = answers.split("HTTP/1.1 200 OK").skip(1);
    each.map(|answer| answer.split_once("\r\n\r\n").unwrap().1)
        .collect()
}

#[test]
fn every_answer_comes_once_and_in_order_whichever_thread_sends_it() {
    let server = start();
    let address = &server;
    thread::scope(|scope| {
        for seed in 1..=4_usize {
            let mut client = address.connect();
            scope.spawn(move || rounds(&mut client, seed));
        }
    });
    eventually("nothing is in flight", || {
        server.server.stats().in_flight == 0
    });
}

/// One request, several at once, in pieces, some of them bad: in a changing mixture.
fn rounds(client: &mut Client, seed: usize) {
    let mut random = seed;
    for round in 0..2000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let count = [1, 1, 1, 2, 3][(random >> 33) % 5];
        let mut bytes = String::new();
        for each in 0..count {
            let is_bad = (random >> 40) % 4 == each;
            bytes += &if is_bad {
                "POST /bad HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()
            } else {
                post(round + each)
            };
        }
        let (first, second) = bytes.split_at((random >> 45) % bytes.len());
        client.send(first.as_bytes());
        client.send(second.as_bytes());
        for each in 0..count {
            let answer = client.answer();
            if (random >> 40) % 4 == each {
                assert_eq!(answer.status, 400);
            } else {
                assert_eq!(answer.body, (round + each).to_string());
            }
        }
    }
}
