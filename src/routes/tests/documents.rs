//! Documents among functions: which requests ask for them, and which are still calls.

use super::*;

const FOREIGN: &str = "Sec-Fetch-Site: cross-site\r\n";

fn with_documents(routes: Routes) -> Routes {
    let placed = |path: &str| Placed {
        path: path.into(),
        document: Arc::new(Document::new("text/plain", "\"1\"", &[], b"Ada"[..].into())),
    };
    routes.with_documents(vec![placed("/"), placed("/openapi.json")])
}

fn refusal(routes: &Routes, line: &str) -> (u16, Code) {
    match plan(routes, line, "") {
        Plan::Refuse(None, problem) => (problem.status.code(), problem.code),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_document_is_served_however_its_path_is_written() {
    let routes = with_documents(several());
    for line in [
        "GET /",
        "HEAD /",
        "GET /openapi.json",
        "HEAD /openapi.json",
        "GET /openapi.json?v=3",
        "GET /?",
        "GET /open%61pi%2Ejson",
        "GET http://a/openapi.json",
        "GET http://a",
    ] {
        for fields in ["", FOREIGN, "Origin: null\r\n", "Content-Length: 3\r\n"] {
            assert_eq!(outcome(&routes, line, fields), "serves", "{line} {fields}");
        }
        let fields = "If-None-Match: \"0\"\r\nIf-None-Match: W/\"1\"\r\n";
        assert_eq!(outcome(&routes, line, fields), "known", "{line}");
        let expects = "Expect: x\r\n";
        assert_eq!(outcome(&routes, line, expects), "ERR_EXPECTATION");
    }
}

#[test]
fn no_other_path_serves_a_document() {
    let routes = with_documents(several());
    for line in [
        "GET //",
        "GET /openapi",
        "GET /openapi.json/",
        "GET /openapi.json/x",
        "GET /Openapi.json",
        "GET /%2Fopenapi.json",
        "GET /%2F",
        "GET /openapi.json%00",
        "GET /./openapi.json",
    ] {
        assert_eq!(outcome(&routes, line, ""), "ERR_UNKNOWN_FUNCTION", "{line}");
    }
    for line in ["GET /sum", "HEAD /sum/3/4"] {
        let refused = (405, Code::Method(Methods::Call));
        assert_eq!(refusal(&routes, line), refused, "{line}");
    }
}

#[test]
fn another_method_is_refused_with_the_methods_of_a_document() {
    let routes = with_documents(several());
    for path in ["/", "/openapi.json"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let refused = refusal(&routes, &format!("{method} {path}"));
            assert_eq!(refused, (405, Code::Method(Methods::Read)), "{method}");
        }
        let refused = refusal(&routes, &format!("BREW {path}"));
        assert_eq!(refused, (501, Code::Method(Methods::Read)));
    }
    assert_eq!(
        refusal(&routes, "OPTIONS *"),
        (405, Code::Method(Methods::Call))
    );
    assert_eq!(
        refusal(&routes, "GET https://a/openapi.json"),
        (421, Code::Scheme)
    );
}

#[test]
fn a_function_at_the_root_keeps_its_calls_beside_documents() {
    let routes = with_documents(root());
    assert_eq!(outcome(&routes, "POST /3", ""), "f");
    assert_eq!(outcome(&routes, "POST /", ""), "ERR_ARGUMENTS");
    assert_eq!(outcome(&routes, "POST /openapi.json", ""), "ERR_ARGUMENTS");
    let body = "Content-Type: application/json\r\nContent-Length: 3\r\n";
    assert_eq!(outcome(&routes, "POST /", body), "reads");
    assert_eq!(outcome(&routes, "POST /3", FOREIGN), "ERR_CROSS_SITE");
    for path in ["/", "/openapi.json"] {
        assert_eq!(outcome(&routes, &format!("GET {path}"), FOREIGN), "serves");
        let refused = refusal(&routes, &format!("PUT {path}"));
        assert_eq!(refused, (405, Code::Method(Methods::ReadAndCall)));
    }
    let refused = (405, Code::Method(Methods::Call));
    assert_eq!(refusal(&routes, "GET /3"), refused);
    assert_eq!(refusal(&routes, "PUT /3"), refused);
}

#[test]
fn a_get_of_the_health_path_asks_for_health() {
    for routes in [several(), with_documents(several())] {
        for line in ["GET /livez", "HEAD /livez", "GET /live%7A?x"] {
            assert_eq!(outcome(&routes, line, FOREIGN), "asks", "{line}");
        }
        let refused = (405, Code::Method(Methods::Read));
        assert_eq!(refusal(&routes, "POST /livez"), refused);
        assert_eq!(refusal(&routes, "DELETE /livez"), refused);
        assert_eq!(outcome(&routes, "GET /livez/x", ""), "ERR_UNKNOWN_FUNCTION");
        assert_eq!(
            outcome(&routes, "GET /livez", "Expect: x\r\n"),
            "ERR_EXPECTATION"
        );
    }
    let root = root();
    assert_eq!(outcome(&root, "GET /livez", ""), "asks");
    assert_eq!(outcome(&root, "POST /livez", ""), "ERR_ARGUMENTS");
    let refused = (405, Code::Method(Methods::ReadAndCall));
    assert_eq!(refusal(&root, "PUT /livez"), refused);
}

#[test]
fn without_documents_their_paths_are_like_any_other() {
    assert_eq!(outcome(&several(), "GET /", ""), "ERR_UNKNOWN_FUNCTION");
    assert_eq!(outcome(&root(), "GET /", ""), "ERR_METHOD");
    assert_eq!(outcome(&several(), "GET https://a/", ""), "ERR_METHOD");
}

#[test]
fn a_preflight_is_answered_with_the_methods_of_its_path() {
    let ask = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";
    for (routes, line, methods) in [
        (several(), "OPTIONS /", Methods::Read),
        (several(), "OPTIONS /sum", Methods::Call),
        (root(), "OPTIONS /", Methods::ReadAndCall),
        (root(), "OPTIONS /3", Methods::Call),
    ] {
        let routes = with_documents(routes);
        let planned = plan_by(&routes, line, ask, Origins::Any);
        assert!(
            matches!(planned, Plan::Preflight(of) if of == methods),
            "{line}: {planned:?}"
        );
    }
    let planned = plan(&with_documents(several()), "OPTIONS /", ask);
    assert!(matches!(planned, Plan::Refuse(..)), "no origin is named");
}
