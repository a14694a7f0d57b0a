//! From a head to the plan for it.

mod documents;

use super::*;
use crate::http::{Errors, Origins, Rules, parse_request};
use crate::values::{Argument, Type};

fn function(name: &str, arguments: &[(&str, Type)]) -> Signature {
    let argument = |(name, kind): &(&str, Type)| Argument {
        name: (*name).into(),
        kind: *kind,
        is_optional: false,
        field: (*kind == Type::Header).then(|| "x-tag".into()),
    };
    Signature::declared(name, arguments.iter().map(argument).collect())
}

/// Several functions, not in the order of their names.
fn several() -> Routes {
    let two = [("a", Type::Int), ("b", Type::Int)];
    let functions = vec![
        function("sum", &two),
        function("constructor", &[]),
        function("$_", &[]),
        function("su", &[("a", Type::Int)]),
        function("sums", &[("a", Type::Int)]),
        function("keep", &[("data", Type::Bytes)]),
        function("told", &[("xTag", Type::Header), ("a", Type::Int)]),
        Signature::undeclared("add", 2),
    ];
    Routes::new(functions, false)
}

fn root() -> Routes {
    Routes::new(vec![function("f", &[("a", Type::Int)])], true)
}

fn plan(routes: &Routes, line: &str, fields: &str) -> Plan {
    plan_by(routes, line, fields, Origins::None)
}

fn plan_by(routes: &Routes, line: &str, fields: &str, origins: Origins) -> Plan {
    let rules = Rules {
        head_bytes_max: 16 * 1024,
        body_bytes_max: 64 * 1024,
        bigint: false,
        origins,
        health: Some("/livez".into()),
        errors: Errors::Problems,
    };
    let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let parsed = parse_request(head.as_bytes(), &rules, |request| routes.plan(request));
    parsed.expect("it is sound").expect("it is whole").1
}

/// The name of the function that is called, or the code of the refusal.
fn outcome(routes: &Routes, line: &str, fields: &str) -> String {
    match plan(routes, line, fields) {
        Plan::Run(Invocation { function, .. }) => {
            routes.functions[usize::from(function)].name().to_owned()
        }
        Plan::Refuse(_, problem) => problem.code.as_str().into(),
        Plan::Read(reading) if reading.keeps_body() => "reads".into(),
        Plan::Read(_) => "looks".into(),
        Plan::Serve(Serving { is_known, .. }) => if is_known { "known" } else { "serves" }.into(),
        Plan::AskHealth => "asks".into(),
        Plan::Preflight(methods) => format!("preflight for {methods:?}"),
    }
}

fn path(routes: &Routes, path: &str) -> String {
    outcome(routes, &format!("POST {path}"), "")
}

#[test]
fn a_function_is_found_by_its_whole_name() {
    let routes = several();
    for (target, name) in [
        ("/sum/3/4", "sum"),
        ("/su/3", "su"),
        ("/sums/3", "sums"),
        ("/constructor", "constructor"),
        ("/$_", "$_"),
        ("/add/1/2", "add"),
        ("/sum/3/4?x=/su", "sum"),
        ("http://a/sum/3/4", "sum"),
    ] {
        assert_eq!(path(&routes, target), name, "{target}");
    }
    for target in [
        "/",
        "//",
        "//sum/3/4",
        "/s",
        "/sun/3/4",
        "/summ/3/4",
        "/Sum/3/4",
        "/sum;/3/4",
        "/toString",
        "/__proto__",
        "/hasOwnProperty",
        "/./sum/3/4",
        "/../sum/3/4",
        "/%2Fsum/3/4",
    ] {
        assert_eq!(path(&routes, target), "ERR_UNKNOWN_FUNCTION", "{target}");
    }
}

#[test]
fn unreserved_characters_of_a_name_may_be_encoded() {
    let routes = several();
    assert_eq!(path(&routes, "/%73um/3/4"), "sum");
    assert_eq!(path(&routes, "/%73%75%6d/3/4"), "sum");
    assert_eq!(path(&routes, "/%73%75%6D/3/4"), "sum");
    // `$` is reserved, and `%zz` is invalid.
    assert_eq!(path(&routes, "/%24_"), "ERR_UNKNOWN_FUNCTION");
    assert_eq!(path(&routes, "/%zzum/3/4"), "ERR_UNKNOWN_FUNCTION");
    assert_eq!(path(&routes, "/%2573um/3/4"), "ERR_UNKNOWN_FUNCTION");
    assert_eq!(path(&routes, "/sum%"), "ERR_UNKNOWN_FUNCTION");
}

#[test]
fn the_whole_path_is_arguments_of_a_function_at_the_root() {
    let routes = root();
    assert_eq!(path(&routes, "/3"), "f");
    assert_eq!(path(&routes, "/"), "ERR_ARGUMENTS");
    assert_eq!(path(&routes, "/f/3"), "ERR_ARGUMENTS");
    assert_eq!(path(&routes, "//3"), "ERR_ARGUMENTS");
    let body = "Content-Type: application/json\r\nContent-Length: 3\r\n";
    assert_eq!(outcome(&routes, "POST /", body), "reads");
    assert_eq!(outcome(&routes, "POST /3", body), "ERR_ARGUMENTS");
}

#[test]
fn errors_are_reported_in_a_fixed_order() {
    let routes = several();
    let all = "Sec-Fetch-Site: cross-site\r\nExpect: x\r\nContent-Encoding: gzip\r\n\
               Content-Length: 3\r\n";
    let steps = [
        ("GET /nobody/x", all, "ERR_UNKNOWN_FUNCTION"),
        ("GET /sum/x", all, "ERR_METHOD"),
        ("POST /sum/x", all, "ERR_CROSS_SITE"),
        ("POST /sum/x", &all[28..], "ERR_EXPECTATION"),
        ("POST /sum/x", &all[39..], "ERR_MEDIA_TYPE"),
        ("POST /sum/x", &all[63..], "ERR_MEDIA_TYPE"),
        (
            "POST /sum/x",
            "Content-Type: application/json\r\nContent-Length: 3\r\n",
            "ERR_ARGUMENTS",
        ),
        ("POST /sum/x", "", "ERR_ARGUMENTS"),
    ];
    for (line, fields, code) in steps {
        assert_eq!(outcome(&routes, line, fields), code, "{line} {fields}");
    }
}

#[test]
fn a_body_is_read_if_it_may_be_arguments_or_may_prove_empty() {
    let routes = several();
    let length = "Content-Length: 3\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let json = "Content-Type: application/json\r\n";
    let with = |fields: &[&str]| fields.concat();
    for (target, fields, expected) in [
        ("POST /sum", with(&[json, length]), "reads"),
        ("POST /sum", with(&[json, chunked]), "reads"),
        ("POST /sum", with(&[chunked]), "looks"),
        ("POST /sum/3/4", with(&[json, chunked]), "looks"),
        ("POST /sum", with(&[length]), "ERR_MEDIA_TYPE"),
        ("POST /keep", with(&[length]), "reads"),
        (
            "POST /keep",
            with(&["Content-Encoding: br\r\n", length]),
            "ERR_MEDIA_TYPE",
        ),
        (
            "POST /keep",
            with(&["Content-Encoding: identity\r\n", length]),
            "reads",
        ),
        ("POST /sum", with(&[json, json, length]), "ERR_MEDIA_TYPE"),
        (
            "POST /sum/3/4",
            with(&[json, "Content-Length: 0\r\n"]),
            "sum",
        ),
    ] {
        assert_eq!(
            outcome(&routes, target, &fields),
            expected,
            "{target} {fields}"
        );
    }
}

#[test]
fn an_empty_chunked_body_counts_as_none() {
    let routes = several();
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (line, body, expected) in [
        ("POST /sum/3/4", "", Ok(0)),
        ("POST /sum/3/4", " ", Err("ERR_MEDIA_TYPE")),
        ("POST /sum", "", Err("ERR_ARGUMENTS")),
        ("POST /constructor", "", Ok(1)),
        ("POST /keep", "", Ok(5)),
    ] {
        let Plan::Read(reading) = plan(&routes, line, chunked) else {
            panic!("{line} is read");
        };
        let planned = match routes.plan_with_body(reading, body.as_bytes().into()) {
            Plan::Run(Invocation { function, .. }) => Ok(function),
            Plan::Refuse(_, problem) => Err(problem.code.as_str()),
            other => panic!("{other:?}"),
        };
        assert_eq!(planned, expected, "{line} {body:?}");
    }
}

#[test]
fn only_a_refusal_about_arguments_names_their_function() {
    let routes = several();
    let refused = |line: &str, fields: &str| match plan(&routes, line, fields) {
        Plan::Refuse(function, _) => function,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("POST /sum/x/4", ""), Some(0));
    assert_eq!(refused("POST /su", "Content-Length: 3\r\n"), Some(3));
    assert_eq!(refused("POST /told/3", ""), Some(6));
    assert_eq!(refused("POST /nobody", ""), None);
    assert_eq!(refused("GET /sum/3/4", ""), None);
}

#[test]
fn header_arguments_come_from_their_fields_in_any_case() {
    let routes = several();
    for fields in ["X-Tag: a\r\n", "x-tag: a\r\n", "X-TAG: a\r\nX-tag: b\r\n"] {
        assert_eq!(outcome(&routes, "POST /told/3", fields), "told");
    }
    assert_eq!(
        outcome(&routes, "POST /told/3", "XTag: a\r\n"),
        "ERR_ARGUMENTS"
    );
}

#[test]
fn a_thousand_functions_are_told_apart() {
    let names: Vec<String> = (0..1_000).map(|n| format!("f{n}")).collect();
    let functions = names.iter().map(|name| function(name, &[])).collect();
    let routes = Routes::new(functions, false);
    assert_eq!(routes.len(), 1_000);
    for name in &names {
        assert_eq!(path(&routes, &format!("/{name}")), *name);
    }
    assert_eq!(path(&routes, "/f1000"), "ERR_UNKNOWN_FUNCTION");
}
