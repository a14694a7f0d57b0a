//! A loop that the test drives itself, as Node's does between two batches of calls.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use ringcall::bridge::Command;
use ringcall::limits::Limits;
use ringcall::server::{Driven, Embedded, Server};

use crate::support::{Inline, address_of, options};

const BODY: usize = 60_000;

/// A client whose request has arrived, but for the last byte of its body, and was not received.
fn with_request(server: &Server, embedded: &mut Embedded) -> TcpStream {
    let open = server.stats().connections_open;
    let mut client = TcpStream::connect(address_of(server)).unwrap();
    while server.stats().connections_open == open {
        embedded.drive(false);
    }
    while embedded.drive(false) != Driven::Idle {}
    let head = format!("POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY}\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(&vec![b'x'; BODY - 1]).unwrap();
    client
}

#[test]
fn while_calls_wait_one_turn_is_taken_at_a_time_however_much_has_arrived() {
    let (server, mut embedded) =
        Server::start_embedded(&options(0, Limits::default()), |ring, reply_queues| {
            Inline {
                reply_queue: Arc::clone(&reply_queues[ring]),
                handler: |_| unreachable!("no request is complete"),
            }
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let turns = |embedded: &mut Embedded, calls_wait| {
        let before = server.stats().turns;
        embedded.drive(calls_wait);
        server.stats().turns - before
    };

    let first = with_request(&server, &mut embedded);
    // The first receive brings one buffer, the next one 32.
    assert_eq!(turns(&mut embedded, true), 1);
    assert_eq!(turns(&mut embedded, true), 1);
    while embedded.drive(false) != Driven::Idle {}

    let second = with_request(&server, &mut embedded);
    assert!(turns(&mut embedded, false) > 1, "none waits");

    drop((first, second));
    server.post(Command::Close);
    while embedded.drive(false) != Driven::Ended {}
}
