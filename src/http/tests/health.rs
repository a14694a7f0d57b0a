//! The path at which clients ask for the health of a plain function's server.

use super::*;

fn outcome(line: &str, lines: &str) -> (Action, bool) {
    let rules = Rules {
        health: Some("/livez".into()),
        origins: Origins::named(&["https://b.example".to_owned()]),
        ..RULES
    };
    let bytes = format!("{line} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let head = parse_by(&rules, bytes.as_bytes())
        .expect("sound")
        .expect("complete");
    (head.action, head.response.keep_alive)
}

#[test]
fn a_get_of_the_path_asks_for_health_however_written_and_from_any_site() {
    for line in [
        "GET /livez",
        "HEAD /livez",
        "GET /livez?verbose",
        "GET /live%7A",
        "GET http://a/livez",
    ] {
        for lines in ["", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
            assert_eq!(outcome(line, lines), (Action::AskHealth, true), "{line}");
        }
    }
    let with_body = "Content-Length: 3\r\n";
    assert_eq!(outcome("GET /livez", with_body), (Action::AskHealth, true));
    let waits = "Content-Length: 3\r\nExpect: 100-continue\r\n";
    assert_eq!(outcome("GET /livez", waits), (Action::AskHealth, false));
    let (action, _) = outcome("GET /livez", "Expect: x\r\n");
    assert!(matches!(action, Action::Refuse(refusal) if refusal.status.code() == 417));
}

#[test]
fn another_method_is_405_and_another_path_is_answered_as_usual() {
    let of = |line: &str| match outcome(line, "").0 {
        Action::Refuse(refusal) => (refusal.status.code(), refusal.code),
        other => panic!("{line}: {other:?}"),
    };
    let read = Code::Method(Methods::Read);
    for method in ["POST", "PUT", "OPTIONS"] {
        assert_eq!(of(&format!("{method} /livez")), (405, read));
    }
    assert_eq!(of("BREW /livez"), (501, read));
    for path in [
        "/livez/",
        "/livezz",
        "/live",
        "/Livez",
        "/livez%2F",
        "//livez",
    ] {
        let call = Code::Method(Methods::Call);
        assert_eq!(of(&format!("GET {path}")), (405, call), "{path}");
        assert_eq!(of(&format!("POST {path}")), (400, Code::Request), "{path}");
    }
    assert_eq!(outcome("POST /15", "").0, Action::Call(15));
}

#[test]
fn a_preflight_is_answered_with_the_methods_of_its_path() {
    let ask = "Origin: https://b.example\r\nAccess-Control-Request-Method: GET\r\n";
    for (line, methods) in [
        ("OPTIONS /livez", Methods::Read),
        ("OPTIONS /15", Methods::Call),
    ] {
        assert_eq!(outcome(line, ask).0, Action::Preflight(methods), "{line}");
    }
}

#[test]
fn without_a_health_path_the_request_is_405() {
    let head = complete(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(matches!(head.action, Action::Refuse(refusal) if refusal.status.code() == 405));
}
