//! Closing the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use crate::support::{
    Client, KeptCall, POST_15, eventually, refuses, ring_threads, start, start_keeping,
    start_keeping_on, start_with,
};
use ringcall::bridge::{Command, Outcome};
use ringcall::limits::{Limits, OUTPUT_BYTES_MAX};

#[test]
fn a_close_answers_what_was_read_and_frees_the_port() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    let mut idle = server.connect();
    client.send(POST_15);
    let call = kept.wait_for_one();
    server.server.post(Command::Close);
    idle.assert_ended();
    call.answer();
    let answer = client.answer();
    assert_eq!(answer.body, "610");
    assert!(answer.head.contains("\r\nConnection: close\r\n"));
    client.assert_ended();
    drop(client);
    server.server.join();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_half_sent_at_the_close_is_answered_when_the_rest_arrives() {
    let server = start();
    let mut client = server.connect();
    let (first, rest) = POST_15.split_at(10);
    client.send(first);
    eventually("it is open", || server.server.stats().connections_open == 1);
    server.server.post(Command::Close);
    eventually("nobody listens", || refuses(server.address));
    client.send(rest);
    let answer = client.answer();
    assert_eq!(answer.body, "610");
    assert!(answer.head.contains("\r\nConnection: close\r\n"));
    client.assert_ended();
}

#[test]
fn connections_waiting_for_room_at_the_close_are_served() {
    let limits = Limits {
        connections_max: 1,
        ..Limits::default()
    };
    let (server, kept) = start_keeping_on(ring_threads(), limits);
    let mut first = server.connect();
    first.send(POST_15);
    let call = kept.wait_for_one();
    // Accepted by the kernel, not by the server; the clients cannot tell.
    let mut waiting: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut waiting {
        client.send(POST_15);
    }
    server.server.post(Command::Close);
    eventually("nobody listens", || refuses(server.address));
    call.answer();
    assert_eq!(first.answer().body, "610");
    drop(first);
    thread::scope(|scope| {
        for mut client in waiting {
            scope.spawn(move || assert_eq!(client.answer().body, "610"));
        }
        kept.wait_for(3).into_iter().for_each(KeptCall::answer);
    });
    server.server.join();
}

#[test]
fn closing_the_idle_connections_spares_those_with_a_request_in_hand() {
    let (server, kept) = start_keeping();
    let mut busy = server.connect();
    let mut idle = server.connect();
    busy.send(POST_15);
    let call = kept.wait_for_one();
    eventually("both are open", || {
        server.server.stats().connections_open == 2
    });
    server.server.post(Command::CloseIdle);
    idle.assert_ended();
    call.answer();
    assert_eq!(busy.answer().body, "610");
    busy.send(POST_15);
    kept.wait_for_one().answer();
    assert_eq!(busy.answer().body, "610");
}

#[test]
fn closing_all_connections_cuts_those_with_a_request_in_hand() {
    let (server, kept) = start_keeping();
    let mut busy = server.connect();
    busy.send(POST_15);
    let call = kept.wait_for_one();
    server.server.post(Command::CloseAll);
    busy.assert_ended();
    call.answer();
    eventually("the late reply is dropped", || {
        server.server.stats().in_flight == 0
    });
}

#[test]
fn closing_all_connections_cuts_those_waiting_for_room() {
    let limits = Limits {
        connections_max: 1,
        ..Limits::default()
    };
    let (server, kept) = start_keeping_on(1, limits);
    let mut first = server.connect();
    first.send(POST_15);
    let call = kept.wait_for_one();
    let mut waiting: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    server.server.post(Command::Close);
    eventually("nobody listens", || refuses(server.address));
    server.server.post(Command::CloseAll);
    first.assert_ended();
    for client in &mut waiting {
        client.assert_ended();
    }
    call.answer();
    server.server.join();
    assert_eq!(server.server.stats().connections_open, 0);
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

#[test]
fn a_client_that_pipelines_without_end_does_not_delay_the_close() {
    // Each answer fills the connection, so that requests are waiting after every answer.
    let server = start_with(|_| Outcome::Digits("7".repeat(OUTPUT_BYTES_MAX).into()));
    let client = server.connect();
    let mut writing = client.stream.try_clone().unwrap();
    let writer = thread::spawn(move || while writing.write_all(&POST_15.repeat(100)).is_ok() {});
    let mut reading = client.stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while reading.read(&mut bytes).is_ok_and(|count| count > 0) {}
    });
    eventually("it is answered", || server.server.stats().responses_2xx > 9);
    server.server.post(Command::Close);
    eventually("its connection is closed", || {
        server.server.stats().connections_open == 0
    });
    // The reader may still wait for bytes that never come.
    let _ = client.stream.shutdown(Shutdown::Both);
    reader.join().unwrap();
    writer.join().unwrap();
}
