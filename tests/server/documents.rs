//! Documents over real sockets: long ones, slow readers, replacements.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::Shutdown;
use std::sync::Arc;

use crate::functions::{LONG, LONG_BYTES, SHORT, SHORT_BYTES, routes_of, text};
use crate::named::Functions;
use crate::support::{Running, eventually, options, ring_threads, start_options};
use ringcall::bridge::Command;
use ringcall::http::Document;
use ringcall::limits::Limits;
use ringcall::routes::{Placed, Routes};
use ringcall::values::Signature;

/// More than the buffers of both sockets hold.
const HUGE_BYTES: usize = 20_000_000;

fn start(routes: Routes) -> Running {
    let mut options = options(ring_threads(), Limits::default());
    options.routes = Some(Arc::new(routes));
    start_options(&options, |_, reply_queue| Functions(reply_queue))
}

fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

fn count(n: i64) -> Vec<u8> {
    format!("POST /count/{n} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

/// A server with nothing but a document of `HUGE_BYTES`, and the document.
fn start_huge() -> (Running, Arc<Document>) {
    let body = vec![b'x'; HUGE_BYTES].into();
    let document = Arc::new(Document::new("text/plain", "\"x\"", &[], body));
    let placed = Placed {
        path: SHORT.into(),
        document: Arc::clone(&document),
    };
    let functions = vec![Signature::undeclared("f", 0)];
    let routes = Routes::new(functions, false).with_documents(vec![placed]);
    (start(routes), document)
}

#[test]
fn documents_arrive_whole_and_in_order_with_calls_between() {
    let server = start(routes_of(0));
    let mut client = server.connect();
    let requests = [count(1), get(LONG, ""), count(2), get(SHORT, ""), count(3)];
    client.send(&requests.concat().repeat(20));
    for _ in 0..20 {
        assert_eq!(client.answer().body, "1");
        assert_eq!(client.answer().body, text(0, LONG_BYTES));
        assert_eq!(client.answer().body, "2");
        assert_eq!(client.answer().body, text(0, SHORT_BYTES));
        assert_eq!(client.answer().body, "3");
    }
}

#[test]
fn slow_readers_of_a_document_share_its_text_and_delay_no_other_client() {
    let (server, document) = start_huge();
    let mut readers: Vec<_> = (0..50).map(|_| server.connect()).collect();
    for reader in &mut readers {
        reader.send(&get(SHORT, ""));
    }
    eventually("each is being sent it", || {
        Arc::strong_count(document.body()) == 1 + readers.len()
    });
    let mut other = server.connect();
    other.send(&get(SHORT, "If-None-Match: \"x\"\r\n"));
    assert_eq!(other.answer().status, 304);
    for mut reader in readers.drain(..10) {
        assert_eq!(reader.answer().body.len(), HUGE_BYTES);
    }
    drop(readers);
    eventually("they have left", || Arc::strong_count(document.body()) == 1);
}

#[test]
fn a_document_replaced_while_it_is_being_read_arrives_whole() {
    let (server, document) = start_huge();
    let mut reader = server.connect();
    reader.send(&get(SHORT, ""));
    eventually("it is being sent", || {
        Arc::strong_count(document.body()) == 2
    });
    let sinks = server.server.reply_queues().into_iter().map(Functions);
    let routes = Arc::new(routes_of(1));
    server.server.replace(Some(&routes), sinks.collect());
    eventually("new requests get the new document", || {
        let mut client = server.connect();
        client.send(&get(SHORT, ""));
        client.answer().body == text(1, SHORT_BYTES)
    });
    let mut client = server.connect();
    client.send(&get(SHORT, "If-None-Match: \"x\"\r\n"));
    let answer = client.answer();
    assert_eq!(
        (answer.status, &*answer.body),
        (200, &*text(1, SHORT_BYTES))
    );
    client.send(&get(SHORT, "If-None-Match: \"1\"\r\n"));
    assert_eq!(client.answer().status, 304);
    assert_eq!(reader.answer().body.len(), HUGE_BYTES);
    eventually("its text is no longer held", || {
        Arc::strong_count(document.body()) == 1
    });
}

#[test]
fn a_document_being_read_at_the_close_arrives_whole_and_is_the_last() {
    let (server, document) = start_huge();
    let mut reader = server.connect();
    reader.send(&get(SHORT, "").repeat(2));
    eventually("it is being sent", || {
        Arc::strong_count(document.body()) == 2
    });
    server.server.post(Command::Close);
    assert_eq!(reader.answer().body.len(), HUGE_BYTES);
    // The second request may have been read before the close, or not.
    while let Some(answer) = reader.try_answer() {
        assert_eq!(answer.body.len(), HUGE_BYTES);
        assert!(answer.head.contains("Connection: close"));
    }
}

#[test]
fn a_client_that_has_ended_its_side_gets_its_document() {
    let server = start(routes_of(0));
    for path in [SHORT, LONG] {
        let mut client = server.connect();
        client.send(&get(path, ""));
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.answer().status, 200);
        let mut rest = Vec::new();
        client.stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}

#[test]
fn answers_with_documents_are_counted() {
    let server = start(routes_of(0));
    let mut client = server.connect();
    client.send(&get(LONG, ""));
    client.send(&get(LONG, "If-None-Match: *\r\n"));
    client.send(&get("/nobody", ""));
    let statuses = [(); 3].map(|()| client.answer().status);
    assert_eq!(statuses, [200, 304, 404]);
    eventually("they are counted", || {
        server.server.stats().responses_4xx == 1
    });
    let stats = server.server.stats();
    assert_eq!((stats.responses_2xx, stats.responses_3xx), (1, 1));
    assert_eq!((stats.requests, stats.batches), (3, 0));
    let mut counted = BTreeMap::new();
    for (status, answers) in server.server.answers() {
        *counted.entry(status).or_insert(0) += answers;
    }
    assert_eq!(counted, BTreeMap::from([(200, 1), (304, 1), (404, 1)]));
}
