//! The order in which faults are reported, and their sentences.

use super::*;

#[test]
fn invalid_json_is_reported_first_then_header_arguments_then_others() {
    let signature = declared("h: header h, a: int");
    let read = |body: &str| from_body(&signature, body.as_bytes(), &no_headers());
    not_json(read("[1.5,2,"));
    assert_eq!(pointers(read("[1.5,2]")), ["#/h"]);
    assert_eq!(pointers(read(r#"{"b":1,"a":null}"#)), ["#/h"]);
    assert_eq!(pointers(read("3")), ["#/h"]);
    assert_eq!(
        pointers(from_path(&signature, b"/x", &no_headers())),
        ["#/h"]
    );
    assert_eq!(pointers(from_nothing(&signature, &no_headers())), ["#/h"]);
}

#[test]
fn the_sentences_name_the_function() {
    let detail = |read: Result<Arguments, Fault>| read.expect_err("it does not fit").detail;
    assert_eq!(detail(body("a: int", "[]")), "f's arguments do not fit.");
    let both = Fault::path_and_body(&declared("a: int"));
    assert_eq!(both.code, Code::Arguments);
    assert!(both.detail.starts_with("f's arguments"));
}

#[test]
fn values_that_were_sent_are_not_repeated() {
    for text in [
        r#"["MARK"]"#,
        r#"{"a":"MARK","b":["MARK"]}"#,
        r#"[1,"MARK"#,
        r#"["\xMARK"]"#,
        r#"{"a":1,"a":"MARK"}"#,
    ] {
        let fault = body("a: int", text).expect_err("it does not fit");
        assert!(!format!("{fault:?}").contains("MARK"), "{fault:?}");
    }
    let fault = path("a: int", "/MARK").expect_err("it does not fit");
    assert!(!format!("{fault:?}").contains("MARK"), "{fault:?}");
}

#[test]
fn there_are_at_most_16_entries() {
    let unknown: Vec<String> = (0..100).map(|n| format!("\"k{n}\":1")).collect();
    let found = pointers(body("a: int", format!("{{{}}}", unknown.join(","))));
    assert_eq!((found.len(), &*found[15]), (16, "#/k15"));
    let arguments: Vec<String> = (0..32).map(|n| format!("a{n}: int")).collect();
    assert_eq!(pointers(body(&arguments.join(", "), "[]")).len(), 16);
    assert_eq!(
        pointers(path(&arguments.join(", "), &"/x".repeat(40))).len(),
        16
    );
}
