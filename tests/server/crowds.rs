//! Connections that come so fast that they are accepted several at a time.

use std::thread;

use crate::last_request::LAST;
use crate::support::{Client, POST_15, Running, fibonacci, start_limited};
use ringcall::bridge::Command;
use ringcall::limits::{Crowd, Limits};

/// Every connection but the first is one of a crowd.
fn start_crowded(gap_us: u64) -> Running {
    let crowd = Crowd {
        connections: 1,
        within_us: u64::MAX,
        gap_us,
        retry_us: 3_600_000_000,
    };
    let limits = Limits {
        crowd,
        ..Limits::default()
    };
    start_limited(limits, fibonacci)
}

#[test]
fn connections_one_after_the_other_and_at_once_are_answered() {
    let server = start_crowded(2_000);
    let clients = || {
        for _ in 0..50 {
            let mut client = server.connect();
            client.send(LAST);
            assert_eq!(client.answer().body, "610");
            client.assert_ended();
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(clients);
        }
    });
    assert_eq!(server.server.stats().connections_accepted, 400);
}

#[test]
fn connections_that_wait_to_be_accepted_at_the_close_are_served() {
    let server = start_crowded(300_000);
    server.assert_alive();
    // Accepted by the kernel, not by the server; the clients cannot tell.
    let mut waiting: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut waiting {
        client.send(POST_15);
    }
    server.server.post(Command::Close);
    for mut client in waiting {
        assert_eq!(client.answer().body, "610");
        client.assert_ended();
    }
    server.server.join();
}
