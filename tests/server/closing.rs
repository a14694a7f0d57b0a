//! The server's own end.

use std::net::TcpStream;

use crate::support::{POST_15, eventually, start, start_keeping};
use ringcall::bridge::Command;

#[test]
fn a_close_answers_what_was_read_and_frees_the_port() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    let mut idle = server.connect();
    client.send(POST_15);
    let call = kept.wait_for(1)[0];
    server.server.post(Command::Close);
    idle.assert_ended();
    kept.answer(call);
    let answer = client.answer();
    assert_eq!(answer.body, "610");
    assert!(answer.head.contains("\r\nConnection: close\r\n"));
    client.assert_ended();
    drop(client);
    server.server.join();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn closing_the_idle_connections_spares_those_with_a_request_in_hand() {
    let (server, kept) = start_keeping();
    let mut busy = server.connect();
    let mut idle = server.connect();
    busy.send(POST_15);
    let call = kept.wait_for(1)[0];
    eventually("both are open", || {
        server.server.stats().connections_open == 2
    });
    server.server.post(Command::CloseIdle);
    idle.assert_ended();
    kept.answer(call);
    assert_eq!(busy.answer().body, "610");
    busy.send(POST_15);
    kept.answer(kept.wait_for(1)[0]);
    assert_eq!(busy.answer().body, "610");
}

#[test]
fn closing_all_connections_cuts_those_with_a_request_in_hand() {
    let (server, kept) = start_keeping();
    let mut busy = server.connect();
    busy.send(POST_15);
    let call = kept.wait_for(1)[0];
    server.server.post(Command::CloseAll);
    busy.assert_ended();
    kept.answer(call);
    eventually("the late reply is dropped", || {
        server.server.stats().in_flight == 0
    });
}

#[test]
fn a_second_close_changes_nothing() {
    let server = start();
    server.server.post(Command::Close);
    server.server.post(Command::Close);
    server.server.join();
    server.server.post(Command::Close);
    server.server.join();
}
