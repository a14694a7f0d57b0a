//! Several requests before the first answer.

use crate::support::{POST_15, eventually, start_keeping, start_keeping_on, start_with};
use ringcall::bridge::Outcome;
use ringcall::limits::Limits;

#[test]
fn a_thousand_requests_in_one_write_are_answered_in_order() {
    let server = start_with(Outcome::Value);
    let mut client = server.connect();
    let mut requests = Vec::new();
    for n in 0..1000 {
        requests.extend_from_slice(format!("POST /{n} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    }
    client.send(&requests);
    for n in 0..1000 {
        assert_eq!(client.answer().body, n.to_string());
    }
}

#[test]
fn replies_out_of_order_leave_in_the_order_of_the_requests() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    client.send(
        b"POST /10 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\
          POST /20 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    for call in kept.wait_for(2).into_iter().rev() {
        call.answer();
    }
    assert_eq!(client.answer().body, "55");
    assert_eq!(client.answer().status, 405);
    assert_eq!(client.answer().body, "6765");
}

#[test]
fn nothing_after_a_refused_framing_is_run() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    client.send(
        b"POST /10 HTTP/1.1\r\nHost: a\r\n\r\n\
          POST /11 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
          POST /12 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let mut calls = kept.wait_for(1);
    assert_eq!(calls.len(), 1);
    calls.remove(0).answer();
    assert_eq!(client.answer().body, "55");
    assert_eq!(client.answer().status, 400);
    client.assert_ended();
    assert_eq!(server.server.stats().batches, 1);
}

#[test]
fn a_reply_for_a_client_that_left_is_dropped() {
    let (server, kept) = start_keeping_on(1, Limits::default());
    let mut gone = server.connect();
    gone.send(POST_15);
    let late = kept.wait_for_one();
    gone.reset();
    eventually("the reset arrives", || {
        server.server.stats().connections_open == 0
    });
    // The next connection gets the same slot.
    let mut client = server.connect();
    client.send(b"POST /10 HTTP/1.1\r\nHost: a\r\n\r\n");
    let call = kept.wait_for_one();
    assert_eq!(call.call.connection.slot, late.call.connection.slot);
    late.answer();
    call.answer();
    assert_eq!(client.answer().body, "55");
}
