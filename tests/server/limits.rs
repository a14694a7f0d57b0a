//! Clients that try to make the server hold too much, or lose something.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use crate::support::{Client, POST_15, eventually, start, start_with};
use ringcall::bridge::Outcome;

#[test]
fn answers_longer_than_the_sockets_buffers_arrive_whole() {
    let server = start_with(|_| Outcome::Digits("7".repeat(3_000_000).into()));
    let mut client = server.connect();
    client.send(POST_15);
    client.send(POST_15);
    for _ in 0..2 {
        let body = client.answer().body;
        assert!(body.len() == 3_000_000 && body.bytes().all(|digit| digit == b'7'));
    }
}

#[test]
fn a_client_that_reads_no_answer_is_soon_not_read_from() {
    let server = start();
    let mut client = server.connect();
    client
        .stream
        .set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let flood = POST_15.repeat(1000);
    // Its requests fill the sockets' buffers once the server has stopped reading.
    let mut written = 0;
    while let Ok(count) = client.stream.write(&flood[written % flood.len()..]) {
        written += count;
        assert!(written < 64 << 20, "the server reads on without limit");
    }
    server.assert_alive();
    // The requests written are answered as soon as it reads.
    client.stream.shutdown(Shutdown::Write).unwrap();
    let complete = written / POST_15.len();
    for _ in 0..complete {
        assert_eq!(client.answer().body, "610");
    }
    client.assert_ended();
}

#[test]
fn a_head_over_the_limit_is_431_and_the_connection_ends() {
    let server = start();
    let mut client = server.connect();
    client.send(b"POST /15 HTTP/1.1\r\nHost: a\r\n");
    for _ in 0..64 {
        client.send(format!("X-Filler: {}\r\n", "x".repeat(1000)).as_bytes());
        if server.server.stats().responses_4xx > 0 {
            break;
        }
    }
    assert_eq!(client.answer().status, 431);
    client.assert_ended();
    server.assert_alive();
}

#[test]
fn garbage_is_refused_and_the_server_lives() {
    let server = start();
    let garbage: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0",
        b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
        b"POST /15 HTTP/1.1\nHost: a\n\n",
    ];
    for bytes in garbage {
        let mut client = server.connect();
        client.send(bytes);
        let status = client.answer().status;
        assert!(matches!(status, 400 | 505), "{status} for {bytes:?}");
        client.assert_ended();
    }
    server.assert_alive();
}

#[test]
fn resets_and_half_requests_leave_nothing_open() {
    let server = start();
    for cut in 0..POST_15.len() {
        let mut client = server.connect();
        client.send(&POST_15[..cut]);
        client.reset();
        let mut client = server.connect();
        client.send(&POST_15[..cut]);
        client.end();
        client.assert_ended();
    }
    server.assert_alive();
    eventually("all are closed", || {
        server.server.stats().connections_open == 0
    });
}

#[test]
fn ten_thousand_connections_come_and_go() {
    let server = start();
    for _ in 0..20 {
        let mut clients: Vec<Client> = (0..500).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.send(POST_15);
        }
        for client in &mut clients {
            assert_eq!(client.answer().body, "610");
        }
    }
    eventually("all are closed", || {
        server.server.stats().connections_open == 0
    });
    assert_eq!(server.server.stats().connections_accepted, 10_000);
}
