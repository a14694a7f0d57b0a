//! Whether the connection stays open, and whether the body is held back.

use super::*;

fn stays_open(lines: &str) -> bool {
    complete(post(lines)).response.keep_alive
}

// RFC 9112 section 9.3: persistence.

#[test]
fn http_1_1_stays_open_unless_it_asks_to_close() {
    for value in [
        "",
        "keep-alive",
        "Keep-Alive",
        "upgrade",
        "closed",
        "clos",
        "close2",
        "x, y",
        ",,",
    ] {
        assert!(stays_open(&format!("Connection: {value}\r\n")), "{value:?}");
    }
    for value in [
        "close",
        "Close",
        "CLOSE",
        "keep-alive, close",
        "close, keep-alive",
        "x,\tclose ,y",
        ",close",
    ] {
        assert!(
            !stays_open(&format!("connection: {value}\r\n")),
            "{value:?}"
        );
    }
    assert!(!stays_open(
        "Connection: close\r\nConnection: keep-alive\r\n"
    ));
    assert!(!stays_open(
        "Connection: keep-alive\r\nConnection: close\r\n"
    ));
    assert!(stays_open("Proxy-Connection: close\r\n"));
}

#[test]
fn http_1_0_closes_unless_it_asks_to_stay() {
    assert!(!complete(http10("")).response.keep_alive);
    assert!(!complete(http10("Connection: x\r\n")).response.keep_alive);
    assert!(
        !complete(http10("Connection: keep-alive, close\r\n"))
            .response
            .keep_alive
    );
    let framing = complete(http10("Connection: Keep-Alive\r\n")).response;
    assert_eq!(
        framing,
        ResponseFraming {
            keep_alive: true,
            is_last: false,
            http10: true,
            head_only: false,
            reader: Reader::Unsaid,
        }
    );
}

// RFC 9112 section 9.6: a client that asks to close sends nothing more.

#[test]
fn only_a_client_that_asks_to_close_and_has_sent_all_is_done() {
    fn is_last(request: impl AsRef<[u8]>) -> bool {
        complete(request).response.is_last
    }
    assert!(is_last(post("Connection: close\r\n")));
    assert!(is_last(http10("")));
    assert!(!is_last(post("")));
    assert!(!is_last(http10("Connection: keep-alive\r\n")));
    // The answer comes instead of the body, which the client may send all the same.
    let held_back = "Connection: close\r\nContent-Length: 3\r\nExpect";
    assert!(is_last(post(format!("{held_back}: 100-continue\r\n"))));
    assert!(!is_last(post(format!("{held_back}: other\r\n"))));
    let refused = format!("GET /15 HTTP/1.1\r\nHost: a\r\n{held_back}: 100-continue\r\n\r\n");
    assert!(!is_last(refused));
    // It may take the connection for a tunnel.
    let tunnel = "CONNECT a:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(!is_last(tunnel));
}

// RFC 9110 section 10.1.1: Expect.

#[test]
fn a_body_held_back_is_asked_for() {
    for value in [
        "100-continue",
        "100-Continue",
        "100-continue, 100-continue",
        ", 100-continue",
    ] {
        let head = complete(post(format!("Content-Length: 5\r\nExpect: {value}\r\n")));
        assert!(head.expects_continue, "{value}");
        assert_eq!(head.action, Action::Call(15));
        assert!(head.response.keep_alive);
    }
    assert!(
        complete(post(
            "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"
        ))
        .expects_continue
    );
}

#[test]
fn without_a_body_there_is_nothing_to_ask_for() {
    assert!(!complete(post("Expect: 100-continue\r\n")).expects_continue);
    assert!(!complete(post("Expect: 100-continue\r\nContent-Length: 0\r\n")).expects_continue);
    assert!(!complete(post("Expect:\r\nContent-Length: 5\r\n")).expects_continue);
}

#[test]
fn http_1_0_has_no_expectations() {
    for value in ["100-continue", "200-ok"] {
        let head = complete(http10(&format!("Content-Length: 5\r\nExpect: {value}\r\n")));
        assert!(!head.expects_continue);
        assert_eq!(head.action, Action::Call(15));
    }
}

#[test]
fn another_expectation_is_417() {
    for value in [
        "200-ok",
        "100-continue, 200-ok",
        "200-ok, 100-continue",
        "100-continue;q=1",
        "100",
    ] {
        assert_eq!(
            answers_with(post(format!("Expect: {value}\r\n"))),
            417,
            "{value}"
        );
    }
    assert_eq!(
        answers_with(post("Expect: x\r\nExpect: 100-continue\r\n")),
        417
    );
}

#[test]
fn a_refusal_closes_if_the_body_may_or_may_not_follow() {
    for lines in [
        "Expect: 100-continue\r\n",
        "Expect: x\r\n",
        "Expect: x, 100-continue\r\n",
    ] {
        let head = complete(format!(
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n{lines}\r\n"
        ));
        assert!(matches!(head.action, Action::Refuse(_)));
        assert!(!head.response.keep_alive, "{lines:?}");
    }
}
