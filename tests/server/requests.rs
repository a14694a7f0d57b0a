//! One request at a time, in any pieces.

use crate::support::{POST_15, start, start_keeping, start_with};
use ringcall::bridge::Outcome;

#[test]
fn a_request_is_answered_with_the_handlers_value() {
    let server = start();
    let mut client = server.connect();
    client.send(POST_15);
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "610"));
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.head.contains("\r\nDate: "));
}

#[test]
fn a_request_with_headers_and_a_body_may_be_cut_anywhere() {
    let request = b"POST /17 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
        Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: z\r\n\r\n";
    let server = start();
    let mut client = server.connect();
    for cut in 1..request.len() {
        client.send(&request[..cut]);
        client.send(&request[cut..]);
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "1597"),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_request_sent_byte_by_byte_is_answered() {
    let server = start();
    let mut client = server.connect();
    for byte in POST_15 {
        client.send(&[*byte]);
    }
    assert_eq!(client.answer().body, "610");
}

#[test]
fn a_client_that_ends_its_side_after_its_request_still_gets_the_answer() {
    let (server, kept) = start_keeping();
    let mut client = server.connect();
    client.send(POST_15);
    client.end();
    kept.wait_for_one().answer();
    assert_eq!(client.answer().body, "610");
    client.assert_ended();
}

#[test]
fn connection_close_is_answered_and_then_ended() {
    let server = start();
    let mut client = server.connect();
    client.send(b"POST /15 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nPOST /16 HTTP/1.1\r\n");
    let answer = client.answer();
    assert_eq!(answer.body, "610");
    assert!(answer.head.contains("\r\nConnection: close\r\n"));
    client.assert_ended();
}

#[test]
fn a_body_up_to_the_limit_is_skipped_exactly() {
    let server = start();
    let mut client = server.connect();
    let body = vec![b'x'; 64 * 1024];
    let head = format!(
        "POST /15 HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    for _ in 0..3 {
        client.send(head.as_bytes());
        client.send(&body);
        assert_eq!(client.answer().body, "610");
    }
}

#[test]
fn an_expected_continue_is_sent_before_the_body_is_read() {
    let server = start();
    let mut client = server.connect();
    client
        .send(b"POST /15 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.answer().status, 100);
    client.send(b"hello");
    assert_eq!(client.answer().body, "610");
}

#[test]
fn a_handler_error_is_the_answer_to_its_request() {
    let server = start_with(|number| match number {
        1 => Outcome::Error(422, "One is too few.".into()),
        _ => Outcome::Digits("9".repeat(300).into()),
    });
    let mut client = server.connect();
    client.send(b"POST /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    let refused = client.answer();
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (422, "One is too few.\n")
    );
    client.send(b"POST /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().body, "9".repeat(300));
}

#[test]
fn a_request_refused_without_the_handler_leaves_the_connection_usable() {
    let server = start();
    let mut client = server.connect();
    let cases: [(&[u8], u16); 4] = [
        (b"POST /abc HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /15 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"BREW /15 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (POST_15, 200),
    ];
    for (request, status) in cases {
        client.send(request);
        assert_eq!(client.answer().status, status);
    }
}

#[test]
fn an_unknown_version_is_505_and_the_connection_ends() {
    let server = start();
    let mut client = server.connect();
    client.send(b"POST /15 HTTP/2.0\r\nHost: a\r\n\r\nPOST /15 HTTP/1.1\r\n");
    assert_eq!(client.answer().status, 505);
    client.assert_ended();
}
