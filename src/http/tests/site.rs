//! The cross-site rule, and the fields of answers that browsers read.

use super::*;

fn rules(origins: &[&str]) -> Rules {
    let names: Vec<_> = origins.iter().map(ToString::to_string).collect();
    Rules {
        origins: Origins::named(&names),
        ..RULES
    }
}

/// The action on a request with these lines, and the page that may read the answer.
fn outcome(line: &str, lines: &str, origins: &[&str]) -> (Action, Reader) {
    let bytes = format!("{line} HTTP/1.1\r\nHost: a:8000\r\n{lines}\r\n");
    let head = parse_by(&rules(origins), bytes.as_bytes());
    let head = head.expect("sound").expect("complete");
    assert!(head.response.keep_alive, "{lines:?}");
    (head.action, head.response.reader)
}

fn status(line: &str, lines: &str, origins: &[&str]) -> u16 {
    match outcome(line, lines, origins).0 {
        Action::Call(_) | Action::AskHealth => 200,
        Action::Preflight(_) => 204,
        Action::Refuse(refusal) => refusal.status.code(),
    }
}

const LISTED: &[&str] = &["https://b.example", "http://localhost:3000"];

#[test]
fn a_page_of_the_servers_own_site_may_call() {
    for lines in [
        "",
        "Sec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
        "sec-fetch-site: same-origin\r\nOrigin: https://other.example\r\n",
        "Origin: http://a:8000\r\n",
        "Origin: https://A:8000\r\n",
        "Access-Control-Request-Method: POST\r\n",
    ] {
        for origins in [&[][..], &["*"], LISTED] {
            assert_eq!(status("POST /15", lines, origins), 200, "{lines:?}");
        }
    }
}

#[test]
fn a_page_of_another_site_is_403_unless_origins_names_it() {
    for lines in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site:\r\n",
        "Sec-Fetch-Site: Same-Origin\r\n",
        "Sec-Fetch-Site: same-origin, same-origin\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: http://a:8000\r\n",
        "Origin: null\r\n",
        "Origin:\r\n",
        "Origin: http://a\r\n",
        "Origin: http://a:80\r\n",
        "Origin: http://a:80000\r\n",
        "Origin: http://a:8000/\r\n",
        "Origin: a:8000\r\n",
        "Origin: ://a:8000\r\n",
        "Origin: http://b.a:8000\r\n",
        "Origin: https://b.example.evil\r\n",
        "Origin: http://b.example\r\n",
        "Origin: http://a:8000\r\nOrigin: http://a:8000\r\n",
        "Origin: https://b.example\r\nOrigin: https://b.example\r\n",
        "Origin: http://a:8000, http://a:8000\r\n",
    ] {
        assert_eq!(status("POST /15", lines, &[]), 403, "{lines:?}");
        assert_eq!(status("POST /15", lines, LISTED), 403, "{lines:?}");
        assert_eq!(status("POST /15", lines, &["*"]), 200, "{lines:?}");
    }
}

#[test]
fn a_page_that_is_named_may_call_and_read() {
    for site in ["", "Sec-Fetch-Site: cross-site\r\n"] {
        for (origin, index) in [
            ("https://b.example", 0),
            ("HTTPS://B.EXAMPLE", 0),
            ("http://localhost:3000", 1),
        ] {
            let lines = format!("{site}Origin: {origin}\r\n");
            let named = (Action::Call(15), Reader::Listed(index));
            assert_eq!(outcome("POST /15", &lines, LISTED), named);
            let any = (Action::Call(15), Reader::Any);
            assert_eq!(outcome("POST /15", &lines, &["*"]), any);
        }
    }
}

#[test]
fn the_default_ports_of_http_and_https_count_as_none() {
    for host in ["a", "a:80", "a:443", "a:", "A"] {
        for origin in ["http://a", "https://a", "https://a:443", "http://a:80"] {
            let request = format!("POST /15 HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\r\n");
            assert_eq!(
                complete(request).action,
                Action::Call(15),
                "{origin} {host}"
            );
        }
    }
    for host in ["[::1]", "[::1]:443"] {
        let request = format!("POST /15 HTTP/1.1\r\nHost: {host}\r\nOrigin: http://[::1]\r\n\r\n");
        assert_eq!(complete(request).action, Action::Call(15), "{host}");
    }
}

#[test]
fn a_request_without_a_host_has_no_origin_of_its_own() {
    assert_eq!(answers_with_http10("Origin: http://a\r\n"), 403);
    assert_eq!(answers_with_http10("Sec-Fetch-Site: same-origin\r\n"), 200);
}

fn answers_with_http10(lines: &str) -> u16 {
    match complete(http10(lines)).action {
        Action::Refuse(refusal) => refusal.status.code(),
        _ => 200,
    }
}

#[test]
fn errors_are_reported_in_the_order_of_method_site_and_the_rest() {
    let foreign = "Sec-Fetch-Site: cross-site\r\nExpect: x\r\n";
    assert_eq!(status("GET /x", foreign, &[]), 405);
    assert_eq!(status("BREW /x", foreign, &[]), 501);
    assert_eq!(status("POST https://a/x", foreign, &[]), 421);
    assert_eq!(status("POST /x", foreign, &[]), 403);
    assert_eq!(status("POST /x", "Expect: x\r\n", &[]), 417);
    assert_eq!(status("POST /x", "", &[]), 400);
}

#[test]
fn a_preflight_is_answered_if_its_page_is_named() {
    let question = "Origin: https://b.example\r\nAccess-Control-Request-Method: POST\r\n";
    let named = (Action::Preflight(Methods::Call), Reader::Listed(0));
    for target in ["/15", "/x", "http://a/15"] {
        assert_eq!(
            outcome(&format!("OPTIONS {target}"), question, LISTED),
            named
        );
    }
    assert_eq!(status("OPTIONS /15", question, &["*"]), 204);
    assert_eq!(status("OPTIONS /15", question, &[]), 405);
    assert_eq!(status("OPTIONS /15", question, &["https://c.example"]), 405);
    assert_eq!(status("POST /15", question, LISTED), 200);
    for half in [
        "Origin: https://b.example\r\n",
        "Access-Control-Request-Method: POST\r\n",
    ] {
        assert_eq!(status("OPTIONS /15", half, LISTED), 405, "{half:?}");
        assert_eq!(status("OPTIONS /15", half, &["*"]), 405, "{half:?}");
    }
}

#[test]
fn every_answer_to_a_named_page_says_that_it_may_be_read() {
    let framing = |reader| ResponseFraming {
        reader,
        ..ResponseFraming::ORDINARY
    };
    let date = Date::at(std::time::UNIX_EPOCH);
    for (origins, reader, lines) in [
        (
            LISTED,
            Reader::Listed(1),
            "Access-Control-Allow-Origin: http://localhost:3000\r\nVary: Origin\r\n",
        ),
        (&["*"], Reader::Any, "Access-Control-Allow-Origin: *\r\n"),
    ] {
        let rules = rules(origins);
        let origins = &rules.origins;
        let (status, code) = (Status::BAD_REQUEST, Code::Request);
        let mut answers = [const { Vec::new() }; 3];
        let [value, error, preflight] = &mut answers;
        encode_value(value, 15, framing(reader), &date, origins);
        encode_error(error, status, code, "", framing(reader), &date, &rules);
        encode_preflight(preflight, Methods::Call, framing(reader), &date, origins);
        for answer in answers {
            let answer = String::from_utf8(answer).expect("text");
            assert!(answer.contains(&format!("\r\n{lines}")), "{answer}");
            assert_eq!(answer.matches("Access-Control-Allow-Origin").count(), 1);
            assert!(answer.contains("\r\nAccess-Control-Expose-Headers: *\r\n"));
        }
    }
}

#[test]
fn an_answer_to_a_preflight_has_no_body_and_no_length() {
    let mut answer = Vec::new();
    let framing = ResponseFraming {
        reader: Reader::Any,
        ..ResponseFraming::ORDINARY
    };
    let date = Date::at(std::time::UNIX_EPOCH);
    encode_preflight(&mut answer, Methods::Call, framing, &date, &Origins::Any);
    let expected = "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
        Access-Control-Allow-Methods: POST\r\n\
        Access-Control-Allow-Headers: Authorization, Content-Type, *\r\n\
        Access-Control-Max-Age: 7200\r\nAccess-Control-Expose-Headers: *\r\n\
        Access-Control-Allow-Origin: *\r\n\r\n";
    assert_eq!(String::from_utf8(answer).expect("text"), expected);
}
