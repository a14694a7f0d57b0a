//! The end of a connection whose client has said that it sends nothing after its request.

use std::io::{Read, Write};

use crate::support::{
    Client, POST_15, eventually, start, start_keeping, start_local_with, start_with,
};
use ringcall::bridge::Outcome;

pub(crate) const LAST: &[u8] = b"POST /15 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const LAST_HTTP10: &[u8] = b"POST /15 HTTP/1.0\r\n\r\n";

/// More than a socket takes before its client reads.
const LONG_BYTES: usize = 16 << 20;

/// Reads one answer and the end of the connection. A reset would be an error.
fn read_to_end(mut stream: impl Read) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1);
    assert!(answer.contains("\r\nConnection: close\r\n"));
    answer
}

fn assert_answered(client: &Client) {
    assert!(read_to_end(&client.stream).ends_with("610"));
}

fn assert_ends_in_long(client: &Client) {
    let answer = read_to_end(&client.stream);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), LONG_BYTES);
}

#[test]
fn it_is_closed_with_the_answer_although_the_client_stays() {
    let server = start();
    for request in [LAST, LAST_HTTP10] {
        let mut client = server.connect();
        client.send(request);
        assert_answered(&client);
        eventually("it is closed", || {
            server.server.stats().connections_open == 0
        });
        // Nobody is there any more: what the client sends now is answered with a reset.
        eventually("it is reset", || !client.try_send(b"x"));
    }
}

#[test]
fn it_is_closed_with_an_answer_that_comes_later() {
    let (server, kept) = start_keeping();
    for request in [LAST, LAST_HTTP10] {
        let mut client = server.connect();
        client.send(request);
        kept.wait_for_one().answer();
        assert_answered(&client);
        eventually("it is closed", || {
            server.server.stats().connections_open == 0
        });
    }
}

#[test]
fn a_request_in_two_pieces_is_answered_and_the_connection_ends() {
    let server = start();
    let mut client = server.connect();
    let (first, rest) = LAST.split_at(20);
    client.send(first);
    eventually("it has arrived", || {
        server.server.stats().bytes_received == 20
    });
    client.send(rest);
    assert_answered(&client);
}

#[test]
fn a_last_request_after_others_is_answered_and_the_connection_ends() {
    let server = start();
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(POST_15);
        assert_eq!(client.answer().body, "610");
    }
    client.send(LAST);
    assert_answered(&client);
}

#[test]
fn bytes_behind_the_request_do_not_cost_the_answer() {
    let (server, kept) = start_keeping();
    for more in [&b"\r\n"[..], b"x", POST_15] {
        // With the request, and so many that not all of them are received with it.
        for times in [1, 40_000 / more.len()] {
            let mut client = server.connect();
            client.send(&[LAST, &more.repeat(times)].concat());
            kept.wait_for_one().answer();
            assert_answered(&client);
        }
        // After the request has been read.
        let mut client = server.connect();
        client.send(LAST);
        let call = kept.wait_for_one();
        client.send(more);
        call.answer();
        assert_answered(&client);
    }
}

#[test]
fn bytes_that_the_client_sends_while_its_answer_is_under_way_are_discarded() {
    let server = start_with(|_| Outcome::Json(vec![b'\n'; LONG_BYTES]));
    let mut client = server.connect();
    client.send(LAST);
    eventually("the answer waits for room", || {
        server.server.stats().bytes_sent > 0
    });
    // More than two sockets hold.
    client.send(&vec![b'x'; LONG_BYTES]);
    assert_ends_in_long(&client);
}

#[test]
fn a_long_answer_arrives_whole_before_the_connection_ends() {
    let server = start_with(|_| Outcome::Json(vec![b'\n'; LONG_BYTES]));
    for request in [LAST, LAST_HTTP10] {
        let mut client = server.connect();
        client.send(request);
        assert_ends_in_long(&client);
    }
}

#[test]
fn a_client_that_has_ended_its_side_gets_its_answer() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    client.send(LAST);
    let call = kept.wait_for_one();
    client.end();
    call.answer();
    assert_answered(&client);
    let mut client = server.connect();
    client.send(LAST);
    client.end();
    kept.wait_for_one().answer();
    assert_answered(&client);
}

#[test]
fn a_client_that_has_left_is_forgotten_when_its_answer_comes() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    client.send(LAST);
    let call = kept.wait_for_one();
    client.reset();
    call.answer();
    eventually("it is closed", || {
        server.server.stats().connections_open == 0
    });
    let mut client = server.connect();
    client.send(LAST);
    kept.wait_for_one().answer();
    assert_answered(&client);
}

#[test]
fn after_a_refusal_the_client_may_send_the_rest_of_what_it_sends() {
    let server = start();
    let mut client = server.connect();
    // The answer comes before the body that was announced.
    client.send(
        b"GET /15 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\
          Content-Length: 60000\r\n\r\n",
    );
    assert_eq!(client.answer().status, 405);
    // After a reset, the next write fails.
    for _ in 0..10 {
        client.send(&[b'x'; 6_000]);
    }
}

#[test]
fn on_a_unix_socket_the_answer_arrives_whatever_is_behind_the_request() {
    let server = start_local_with("last", Outcome::Value);
    for more in [&b""[..], b"\r\n", &POST_15.repeat(100)] {
        let mut stream = server.connect();
        stream.write_all(&[LAST, more].concat()).unwrap();
        assert!(read_to_end(&stream).ends_with("15"));
    }
    eventually("they are closed", || {
        server.server.stats().connections_open == 0
    });
}
