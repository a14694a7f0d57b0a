//! The Host field: RFC 9112 section 3.2.

use super::*;

#[test]
fn a_request_without_host_is_400_and_closes() {
    assert_eq!(closes_at_the_last_byte("POST /15 HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(
        closes_at_the_last_byte("POST /15 HTTP/1.1\r\nHosts: a\r\nHot: b\r\n\r\n"),
        400
    );
}

#[test]
fn a_second_host_is_400_and_closes_even_where_it_repeats_the_first() {
    assert_eq!(closes_with(post("Host: a\r\n")), 400);
    assert_eq!(closes_with(post("HOST: b\r\n")), 400);
    assert_eq!(closes_with(http10("Host: a\r\nHost: a\r\n")), 400);
}

#[test]
fn http_1_0_may_leave_host_out_but_not_send_a_malformed_one() {
    assert_eq!(complete(http10("")).action, Action::Call(15));
    assert_eq!(complete(http10("Host: a\r\n")).action, Action::Call(15));
    assert_eq!(closes_with(http10("Host: a b\r\n")), 400);
}

#[test]
fn a_host_may_be_a_name_or_an_address_with_or_without_a_port() {
    for host in [
        "a",
        "localhost:8000",
        "example.com",
        "a:",
        "a:0",
        "a:65535",
        "a:00080",
        "a_b",
        "a-b.~c",
        "1.2.3.4:80",
        "999.1",
        "[::]",
        "[::1]:80",
        "[2001:db8::1]",
        "[::ffff:1.2.3.4]",
        "[v1.a:b]",
        "[vF.~]:1",
        "xn--bcher-kva",
        "b%C3%BCcher",
        "!$&'()*+;=",
    ] {
        let input = format!("POST /15 HTTP/1.1\r\nHOST: \t{host} \t\r\n\r\n");
        assert_eq!(complete(input).action, Action::Call(15), "{host}");
    }
}

#[test]
fn a_malformed_host_is_400_and_closes() {
    // An empty one is grammatical, but "http" has no empty host: RFC 9110 section 4.2.1.
    for host in [
        "",
        ":",
        ":80",
        "a b",
        "a/",
        "a/b",
        "a?b",
        "a#b",
        "user@a",
        "u:p@a",
        "http://a",
        "a:b",
        "a:-1",
        "a:+1",
        "a:0x50",
        "a:65536",
        "a:99999999999",
        "a:8 0",
        "a::",
        "a:80:80",
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[]:80",
        "[::1]80",
        "[::1]a:80",
        "a[::1]",
        "[[::1]]",
        "[1.2.3.4]",
        "[::g]",
        "[fe80::1%25en0]",
        "[v.a]",
        "[v1.]",
        "[v1]",
        "[vg.a]",
        "[v1.[]",
        "a\\b",
        "a|b",
        "<a>",
        "\"a\"",
        "a%",
        "a%2",
        "a%zz",
        "b\u{fc}cher",
        "{a}",
        "^",
    ] {
        let input = format!("POST /15 HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(closes_with(input), 400, "{host:?}");
    }
}

// A comma is a sub-delim, so a list of hosts is one registered name, and nothing else is checked.
#[test]
fn a_list_of_hosts_is_400_and_closes_when_it_has_a_space() {
    assert_eq!(closes_with("POST /15 HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
}
