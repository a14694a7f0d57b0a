//! Several ring threads behind one port.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::{
    Client, KeptCall, POST_15, eventually, options, refuses, start_keeping_on, start_on,
    start_options,
};
use ringcall::bridge::{Call, CallSink, Command};
use ringcall::limits::Limits;

const RINGS: usize = 4;

#[test]
fn many_connections_are_answered_by_all_of_the_rings() {
    let (server, kept) = start_keeping_on(RINGS, Limits::default());
    let mut clients: Vec<Client> = (0..200).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(POST_15);
    }
    let mut seen = BTreeSet::new();
    let mut calls = Vec::new();
    while calls.len() < clients.len() {
        calls.append(&mut kept.wait_for(1));
    }
    for call in calls {
        seen.insert(call.ring);
        call.answer();
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    for client in &mut clients {
        assert_eq!(client.answer().body, "610");
    }
    eventually("every ring has counted its part", || {
        let stats = server.server.stats();
        stats.connections_accepted == 200 && stats.responses_2xx == 200 && stats.in_flight == 0
    });
}

#[test]
fn the_limit_on_connections_is_one_for_all_rings() {
    const CLIENTS: usize = 60;
    const LIMIT: usize = 3;
    let limits = Limits {
        connections_max: 3,
        ..Limits::default()
    };
    let (server, kept) = start_keeping_on(RINGS, limits);
    thread::scope(|scope| {
        let server = &server;
        for _ in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = server.connect();
                client.send(POST_15);
                assert_eq!(client.answer().body, "610");
            });
        }
        let mut answered = 0;
        while answered < CLIENTS {
            let held = LIMIT.min(CLIENTS - answered);
            let calls = kept.wait_for(held);
            assert!(calls.len() <= LIMIT, "{} at a time", calls.len());
            assert!(server.server.stats().connections_open <= LIMIT as u64);
            answered += calls.len();
            calls.into_iter().for_each(KeptCall::answer);
        }
    });
    eventually("all are closed", || {
        let stats = server.server.stats();
        stats.connections_open == 0 && stats.connections_accepted == CLIENTS as u64
    });
}

#[test]
fn the_limit_on_calls_in_flight_is_one_for_all_rings() {
    let limits = Limits {
        in_flight_max: 2,
        ..Limits::default()
    };
    let (server, kept) = start_keeping_on(RINGS, limits);
    let mut clients: Vec<Client> = (0..40).map(|_| server.connect()).collect();
    for _ in 0..3 {
        clients[0].send(POST_15);
        clients[1].send(POST_15);
        let calls = kept.wait_for(2);
        for client in &mut clients[2..] {
            client.send(POST_15);
            assert_eq!(client.answer().status, 503);
        }
        calls.into_iter().for_each(KeptCall::answer);
        assert_eq!(clients[0].answer().body, "610");
        assert_eq!(clients[1].answer().body, "610");
        clients.rotate_left(7);
    }
    eventually("none is in flight", || {
        let stats = server.server.stats();
        stats.in_flight == 0 && stats.overloaded == 3 * 38
    });
}

#[test]
fn a_large_limit_on_calls_in_flight_is_exact_however_connections_spread() {
    const LIMIT: u32 = 100;
    let limits = Limits {
        in_flight_max: LIMIT,
        ..Limits::default()
    };
    let (server, kept) = start_keeping_on(RINGS, limits);
    let mut clients: Vec<Client> = (0..150).map(|_| server.connect()).collect();
    for round in 1..=3 {
        for client in &mut clients {
            client.send(POST_15);
        }
        let calls = kept.wait_for(LIMIT as usize);
        eventually("the others are refused", || {
            server.server.stats().overloaded == 50 * round
        });
        assert_eq!(calls.len(), LIMIT as usize);
        assert_eq!(server.server.stats().in_flight, u64::from(LIMIT));
        calls.into_iter().for_each(KeptCall::answer);
        let statuses = clients.iter_mut().map(|client| client.answer().status);
        assert_eq!(statuses.filter(|status| *status == 503).count(), 50);
    }
}

#[test]
fn closing_under_load_answers_every_request_that_was_read() {
    let server = start_on(RINGS);
    let closing = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..16 {
            let mut client = server.connect();
            let closing = &closing;
            scope.spawn(move || {
                // The server ends the connection, with or without the last answer.
                while client.try_send(POST_15) {
                    match client.try_answer() {
                        Some(answer) => assert_eq!(answer.body, "610"),
                        None => break,
                    }
                }
                assert!(closing.load(Ordering::SeqCst));
            });
        }
        eventually("it is busy", || server.server.stats().responses_2xx > 1_000);
        closing.store(true, Ordering::SeqCst);
        server.server.post(Command::Close);
        server.server.join();
    });
    assert!(refuses(server.address));
    let stats = server.server.stats();
    assert_eq!(stats.requests, stats.responses_2xx);
    assert_eq!((stats.connections_open, stats.in_flight), (0, 0));
}

#[test]
fn a_ring_that_fails_takes_the_others_along() {
    /// Ends its ring thread.
    struct Panicking(Arc<Mutex<Vec<Option<String>>>>);
    impl CallSink for Panicking {
        fn call(&self, _: &mut Vec<Call>) {
            panic!("the test wants it");
        }
        fn closed(&self, failure: Option<String>) {
            self.0.lock().unwrap().push(failure);
        }
    }
    let ends = Arc::new(Mutex::default());
    let server = start_options(&options(RINGS, Limits::default()), |_, _| {
        Panicking(Arc::clone(&ends))
    });
    let mut client = server.connect();
    client.send(POST_15);
    client.assert_ended();
    server.server.join();
    // The kernel takes its time to tear down the failed ring, and the listener with it.
    eventually("nobody listens", || refuses(server.address));
    let ends = ends.lock().unwrap();
    assert_eq!(ends.len(), RINGS);
    let failures: Vec<_> = ends.iter().flatten().collect();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("panicked"));
}

/// `SigBlk` of all ring threads of this process, whichever test started them.
fn signals_blocked_on_ring_threads() -> Vec<u64> {
    let mut masks = Vec::new();
    for task in fs::read_dir("/proc/self/task").unwrap() {
        // A thread that has ended meanwhile has no status.
        let status = fs::read_to_string(task.unwrap().path().join("status"));
        let status = status.unwrap_or_default();
        let value = |name| status.lines().find_map(|line| line.strip_prefix(name));
        if value("Name:\t") == Some("ringcall") {
            let mask = value("SigBlk:\t").unwrap();
            masks.push(u64::from_str_radix(mask, 16).unwrap());
        }
    }
    masks
}

#[test]
fn no_ring_thread_takes_a_signal_even_while_it_starts() {
    let signals = [libc::SIGTERM, libc::SIGINT, libc::SIGCHLD, libc::SIGPROF];
    let mut seen = 0;
    for _ in 0..20 {
        let (_server, _kept) = start_keeping_on(RINGS, Limits::default());
        for mask in signals_blocked_on_ring_threads() {
            seen += 1;
            for signal in signals {
                assert!(mask & (1 << (signal - 1)) != 0, "{signal}: {mask:x}");
            }
        }
    }
    assert!(seen > 0, "ring threads were found");
}
