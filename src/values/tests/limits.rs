//! Levels, sizes and their cost.

use super::*;

#[test]
fn depth_counts_the_whole_body() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}{}", open.repeat(levels), close.repeat(levels))
    };
    let undeclared = Signature::undeclared("f", 0);
    let any = |text: &str| from_body(&undeclared, text.as_bytes(), &no_headers());
    assert!(any(&nested("[", "]", 128)).is_ok());
    assert!(not_json(any(&nested("[", "]", 129))).ends_with("128 levels (at byte 128)."));
    assert!(body("a: json", nested("[", "]", 128)).is_ok());
    assert!(not_json(body("a: json", nested("[", "]", 129))).ends_with("(at byte 128)."));
    assert!(not_json(body("a: int", nested("[", "]", 129))).ends_with("(at byte 128)."));
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    assert!(body("a: json", objects(128)).is_ok());
    assert!(not_json(body("a: json", objects(129))).ends_with("(at byte 640)."));
    assert!(not_json(body("", objects(129))).ends_with("(at byte 640)."));
    not_json(body("a: json", "[".repeat(1 << 20)));
    not_json(body("a: json", "{\"a\":".repeat(1 << 18)));
    not_json(body("a: number[]", nested("[", "]", 129)));
    // Each segment of a path is a text of its own.
    let segment = format!("/{}", nested("%5B", "%5D", 128));
    assert!(from_path(&undeclared, segment.as_bytes(), &no_headers()).is_ok());
}

#[test]
fn thirty_two_arguments_fit() {
    let arguments: Vec<String> = (0..32).map(|n| format!("a{n}?: int")).collect();
    let arguments = arguments.join(", ");
    let all = body(&arguments, format!("[{}1]", "1,".repeat(31))).expect("it fits");
    assert_eq!(all.count, 32);
    assert_eq!(cells(&all).len(), 32);
    let last = body(&arguments, r#"{"a31":7}"#).expect("it fits");
    assert_eq!(last.count, BY_NAME | HOLES | 32);
    assert_eq!(doubles(&last), [2f64.powi(31), 7.0]);
    assert_eq!(
        pointers(body(&arguments, format!("[{}1]", "1,".repeat(32)))),
        ["#/32"]
    );
}

#[test]
fn memory_is_bounded_by_the_body() {
    for (arguments, body) in [
        ("a: json", format!("[\"{}\"]", "é".repeat(10_000))),
        ("a: json", format!("[{}0]", "[],".repeat(10_000))),
        ("a: json", format!("[[{}0]]", "-0,".repeat(10_000))),
        ("a: json", format!("[[{}0]]", "{\"\":0},".repeat(10_000))),
        ("", format!("[\"\",[{}0]]", "\"\",".repeat(10_000))),
        ("a: string", format!("[\"{}\"]", "\\n".repeat(10_000))),
        ("a: number[]", format!("[[{}0]]", "1,".repeat(10_000))),
        (
            "a: string, b: number[]",
            format!("[\"\",[{}0]]", "1,".repeat(10_000)),
        ),
        ("a: bigint[]", format!("[[{}0]]", "1,".repeat(10_000))),
        (
            "a: bytes, b?: int",
            format!("[\"{}\"]", "AAAA".repeat(10_000)),
        ),
    ] {
        if let Ok(Arguments {
            rest: Some(rest), ..
        }) = super::body(arguments, &body)
        {
            let memory = rest.memory();
            assert!(
                memory < 8 * body.len() + 256,
                "{arguments}: {memory} for {}",
                body.len()
            );
        }
    }
}

#[test]
fn exponents_cannot_add_digits_without_limit() {
    let numbers = |count: usize| format!("[[{}0]]", "1e4095,".repeat(count));
    assert!(body("a: bigint[]", numbers(32)).is_ok());
    let found = entries(body("a: bigint[]", numbers(10_000)));
    let detail = "must be written out: exponents have added too many digits already";
    assert_eq!(found[0], ("#/0/32".to_owned(), detail.to_owned()));
    let written_out = format!("[[{}0]]", format!("{},", "9".repeat(4096)).repeat(100));
    assert!(body("a: bigint[]", written_out).is_ok());
    let arguments: Vec<String> = (0..32).map(|n| format!("a{n}: bigint")).collect();
    assert!(
        body(
            &arguments.join(", "),
            format!("[{}1]", "1e4095,".repeat(31))
        )
        .is_ok()
    );
}
