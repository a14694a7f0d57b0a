//! Which JSON values cross on a tape: those that JavaScript builds sooner than `JSON.parse` would.
//!
//! What is on the tapes, `tests/values_model.rs` reads back.

use super::*;

/// Whether the value crosses on a tape, as a declared argument and as one of several others.
#[track_caller]
fn is_on_tape(value: &str) -> bool {
    let count = |read: Result<Arguments, Fault>| {
        let rest = read.expect("it fits").rest;
        rest.map_or(0, |rest| rest.buffers.len())
    };
    let declared = body("a: json", format!("[{value}]"));
    let cell = f64::from_bits(declared.as_ref().expect("it fits").cells[0]);
    assert_eq!(cell > 0.0, count(declared.clone()) == 1, "the cell tells");
    let undeclared = Signature::undeclared("f", 0);
    let others = format!("[{value},true]");
    let undeclared = from_body(&undeclared, others.as_bytes(), &no_headers());
    assert_eq!(count(undeclared), count(declared.clone()));
    count(declared) == 1
}

fn list(count: usize, element: impl Fn(usize) -> String) -> String {
    let elements: Vec<String> = (0..count).map(element).collect();
    format!("[{}]", elements.join(","))
}

#[test]
fn records_cross_on_a_tape() {
    assert!(is_on_tape(&list(100, |n| format!(
        r#"{{"id":{n},"name":"Ada"}}"#
    ))));
    assert!(is_on_tape(&list(100, |n| format!(
        "{{ \"id\" : {n} ,\n\"é\":null}}"
    ))));
    let within = list(100, |n| {
        format!(r#"{{"place":[{n}.5,-1],"tags":["a","b"]}}"#)
    });
    assert!(is_on_tape(&format!(r#"{{"title":"x","lines":{within}}}"#)));
}

#[test]
fn numbers_and_short_strings_cross_on_a_tape() {
    assert!(is_on_tape(&list(500, |n| format!("{n}.25"))));
    assert!(is_on_tape(&list(500, |n| format!("\"{n}\""))));
    assert!(is_on_tape(&list(500, |_| "null".to_owned())));
}

#[test]
fn a_short_value_crosses_as_text() {
    assert!(!is_on_tape(&list(50, |n| n.to_string())));
    assert!(!is_on_tape("7"));
}

#[test]
fn long_strings_cross_as_text() {
    let long = |n: usize| format!("\"a string longer than 12 {n}\"");
    assert!(!is_on_tape(&list(200, long)));
    assert!(is_on_tape(&list(200, |n| format!("[{},1,2]", long(n)))));
}

#[test]
fn objects_that_are_all_different_cross_as_text() {
    let different = |n: usize| format!("{{\"a{n}\":{n},\"x{n}\":0}}");
    assert!(!is_on_tape(&list(200, different)));
    // 64 shapes of many objects each are not too many, and 65 are.
    assert!(is_on_tape(&list(64 * 8, |n| different(n / 8))));
    assert!(!is_on_tape(&list(65 * 8, |n| different(n / 8))));
}

#[test]
fn an_object_of_many_keys_crosses_as_text() {
    let wide = |keys: usize| {
        let members: Vec<String> = (0..keys).map(|n| format!("\"k{n}\":{n}")).collect();
        list(20, |_| format!("{{{}}}", members.join(",")))
    };
    assert!(is_on_tape(&wide(64)));
    assert!(!is_on_tape(&wide(65)));
}

#[test]
fn an_object_whose_keys_may_be_indices_crosses_as_text() {
    let of = |key: &str| list(200, |n| format!("{{\"a\":{n},\"{key}\":{n}}}"));
    for key in ["0", "999", "4294967295", "1a", "\\u0039"] {
        assert!(!is_on_tape(&of(key)), "{key}");
    }
    assert!(is_on_tape(&of("a1")));
}

#[test]
fn shapes_of_one_object_each_cross_as_text() {
    let members = |n: usize| (0..60).map(move |key| format!("\"k{n}x{key}\":0"));
    let object = |n: usize| format!("{{{}}}", members(n).collect::<Vec<_>>().join(","));
    assert!(!is_on_tape(&list(30, object)));
    assert!(is_on_tape(&list(60, |n| object(n / 2))));
}
