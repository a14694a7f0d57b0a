//! The methods, and the forms of request target that some of them have.

use super::*;

// RFC 9112 sections 3.2.3 and 3.2.4: authority-form and asterisk-form.

#[test]
fn connect_is_405_and_closes_because_the_peer_may_speak_another_protocol_next() {
    for target in ["a:443", "127.0.0.1:80", "[::1]:80"] {
        let head = complete(request(format!("CONNECT {target} HTTP/1.1")));
        assert!(matches!(head.action, Action::Refuse(refusal) if refusal.status.code() == 405));
        assert!(!head.response.keep_alive);
    }
}

#[test]
fn connect_without_a_host_and_a_port_is_400_and_closes() {
    for target in [
        "a",
        "a:",
        ":80",
        "a:0x50",
        "a:+80",
        "a:65536",
        "/15",
        "*",
        "http://a:80/",
        "u@a:80",
    ] {
        assert_eq!(
            closes_with(request(format!("CONNECT {target} HTTP/1.1"))),
            400,
            "{target}"
        );
    }
}

#[test]
fn an_asterisk_is_for_options_only() {
    assert_eq!(answers_with(request("OPTIONS * HTTP/1.1")), 405);
    for method in ["POST", "GET", "HEAD", "FOO", "PRI"] {
        assert_eq!(
            closes_with(request(format!("{method} * HTTP/1.1"))),
            400,
            "{method}"
        );
    }
    assert_eq!(closes_with(request("OPTIONS ** HTTP/1.1")), 400);
    assert_eq!(closes_with(request("OPTIONS *?q HTTP/1.1")), 400);
}

// RFC 9110 section 9.1: methods are case-sensitive tokens.

#[test]
fn another_method_of_http_is_405_and_the_connection_stays() {
    for method in [
        "GET",
        "PUT",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "PATCH",
        "PROPFIND",
        "VERSION-CONTROL",
    ] {
        assert_eq!(
            answers_with(request(format!("{method} /15 HTTP/1.1"))),
            405,
            "{method}"
        );
    }
}

#[test]
fn head_is_405_without_a_body() {
    assert_eq!(answers_with(request("HEAD /15 HTTP/1.1")), 405);
    assert!(complete(request("HEAD /15 HTTP/1.1")).response.head_only);
    assert!(!complete(request("head /15 HTTP/1.1")).response.head_only);
}

#[test]
fn an_unknown_method_is_501_and_the_connection_stays() {
    for method in [
        "post", "Post", "get", "POSTS", "POS", "FOO", "!", "P-OST", "0",
    ] {
        assert_eq!(
            answers_with(request(format!("{method} /15 HTTP/1.1"))),
            501,
            "{method}"
        );
    }
}
