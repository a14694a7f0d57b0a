//! Text that is not strict JSON is reported as such, with the byte, before any error in the
//! arguments.

use super::*;

/// Checks where the fault is, with the value in each place of a body.
#[track_caller]
fn broken(value: &[u8], at: usize, why: &str) {
    let with = |before: &str, after: &str| [before.as_bytes(), value, after.as_bytes()].concat();
    let expected = |before: usize| {
        format!(
            "The body is not strict JSON: {why} (at byte {}).",
            at + before
        )
    };
    for arguments in [
        "a: json",
        "a: int",
        "a: string[]",
        "a: bytes, b: int",
        "",
        "a: json, b: json",
    ] {
        assert_eq!(not_json(body(arguments, with("[", "]"))), expected(1));
        assert_eq!(not_json(body(arguments, with("[1, ", "]"))), expected(4));
        assert_eq!(not_json(body(arguments, with("{\"a\":", "}"))), expected(5));
        assert_eq!(
            not_json(body(arguments, with("{\"x\": [", "]}"))),
            expected(7)
        );
    }
    // Among records, which are read onto a tape.
    let records = r#"{"k":"v","n":[2.5,-1]},"#.repeat(200);
    for (before, after) in [("[[", "]]"), ("{\"a\": [", "]}"), ("[[", ",{}]]")] {
        let before = format!("{before}{records}");
        let read = body("a: json", with(&before, after));
        assert_eq!(not_json(read), expected(before.len()));
    }
    let undeclared = Signature::undeclared("f", 5);
    for (before, after) in [("[", "]"), ("[1,", "]"), ("[\"\",", "]"), ("{\"a\":", "}")] {
        let read = from_body(&undeclared, &with(before, after), &no_headers());
        assert_eq!(not_json(read), expected(before.len()));
    }
}

#[test]
fn bytes_that_are_not_a_value_are_refused() {
    for value in [
        "NaN",
        "Infinity",
        "'a'",
        "undefined",
        "tru",
        "nul",
        "True",
        "+1",
        ".5",
        "//",
        "\u{b}",
        "\u{a0}",
        ")",
        "\0",
        "é",
    ] {
        broken(value.as_bytes(), 0, "a value is missing");
    }
    broken(
        "\u{feff}1".as_bytes(),
        0,
        "a byte order mark is not allowed",
    );
    for (value, at) in [
        ("-", 1),
        ("1.", 2),
        ("1.e1", 2),
        ("1e", 2),
        ("1e+", 3),
        ("-a", 1),
        ("1.5e-x", 5),
    ] {
        broken(value.as_bytes(), at, "a digit is missing");
    }
    for value in ["1e400", "-1e309"] {
        for arguments in ["a: json", "a: int", "a: number", "a: string", ""] {
            let sentence = not_json(body(arguments, format!("[{value}]")));
            assert!(sentence.ends_with("a number is beyond what a double holds (at byte 1)."));
        }
    }
}

#[test]
fn strings_are_utf8_and_escaped_without_lone_surrogates() {
    for (value, at, why) in [
        (&b"\"a\tb\""[..], 2, "a control character is not escaped"),
        (b"\"\0\"", 1, "a control character is not escaped"),
        (b"\"12345678\n\"", 9, "a control character is not escaped"),
        (b"\"a\\x\"", 2, "an escape is invalid"),
        (b"\"\\u12g4\"", 1, "an escape is invalid"),
        (b"\"\\u+123\"", 1, "an escape is invalid"),
        (b"\"\\u123\"", 1, "an escape is invalid"),
        (b"\"\\ud800\"", 1, "a surrogate is unpaired"),
        (b"\"\\udc00\\ud800\"", 1, "a surrogate is unpaired"),
        (b"\"\\ud800\\ud800\"", 1, "a surrogate is unpaired"),
        (b"\"\\ud800\\u0041\"", 1, "a surrogate is unpaired"),
        (b"\"\\ud800\\n\"", 1, "a surrogate is unpaired"),
        (b"\"\\ud800x\"", 1, "a surrogate is unpaired"),
        (b"\"abc\xff\"", 4, "it is not UTF-8"),
        (b"\"\xc3\"", 1, "it is not UTF-8"),
        (b"\"\xc3\\u00a9\"", 1, "it is not UTF-8"),
        (b"\"\xc3\xa9\xed\xa0\x80\"", 3, "it is not UTF-8"),
        (b"\"\xc0\x80\"", 1, "it is not UTF-8"),
        (b"\"\xf4\x90\x80\x80\"", 1, "it is not UTF-8"),
        (
            b"{\"a\":1,\"__proto__\":1}",
            7,
            "__proto__ is not allowed as a key",
        ),
        (
            b"{\"__pr\\u006fto__\":1}",
            1,
            "__proto__ is not allowed as a key",
        ),
        (b"{\"a\":1,\"\\u0061\":1}", 7, "a key is repeated"),
        (b"{a:1}", 1, "a key in double quotes is missing"),
        (b"{1:1}", 1, "a key in double quotes is missing"),
        (b"{\"a\":1,}", 7, "a key in double quotes is missing"),
        (b"{\"a\" 1}", 5, "a colon is missing"),
        (b"{\"a\":}", 5, "a value is missing"),
        (b"{\"a\":1 \"b\":2}", 7, "a comma or } is missing"),
        (b"[1 2]", 3, "a comma or ] is missing"),
        (b"[1,]", 3, "a value is missing"),
        (b"[,1]", 1, "a value is missing"),
        (b"[1,,2]", 3, "a value is missing"),
        (b"[01]", 2, "a comma or ] is missing"),
        (b"[1}", 2, "a comma or ] is missing"),
        (b"{\"a\":1]", 6, "a comma or } is missing"),
    ] {
        broken(value, at, why);
    }
}

#[test]
fn the_whole_body_is_one_value() {
    for (text, why) in [
        ("", "a value is missing (at byte 0)"),
        ("  ", "a value is missing (at byte 2)"),
        ("[1", "a comma or ] is missing (at byte 2)"),
        ("[", "a value is missing (at byte 1)"),
        ("[1,", "a value is missing (at byte 3)"),
        ("{", "a key in double quotes is missing (at byte 1)"),
        ("{\"a", "a string does not end (at byte 3)"),
        ("{\"a\":\"\\", "an escape is invalid (at byte 6)"),
        ("[1]]", "something follows its end (at byte 3)"),
        ("[1] x", "something follows its end (at byte 4)"),
        ("[1]\0", "something follows its end (at byte 3)"),
        ("{\"a\":1}[]", "something follows its end (at byte 7)"),
        ("[1]// a", "something follows its end (at byte 3)"),
        ("3 4", "something follows its end (at byte 2)"),
        (
            "\u{feff}[1]",
            "a byte order mark is not allowed (at byte 0)",
        ),
        (
            "{\"__proto__\":1}",
            "__proto__ is not allowed as a key (at byte 1)",
        ),
    ] {
        let expected = format!("The body is not strict JSON: {why}.");
        assert_eq!(not_json(body("a: json", text)), expected, "{text}");
        let undeclared = from_body(
            &Signature::undeclared("f", 1),
            text.as_bytes(),
            &no_headers(),
        );
        assert_eq!(not_json(undeclared), expected, "{text}");
    }
    for text in ["3", "\"a\"", "null", " true "] {
        let fault = body("a: json", text).expect_err("it does not fit");
        assert_eq!(fault.code, Code::Arguments);
        assert_eq!(
            fault.detail,
            "The body must be a JSON array or object of f's arguments."
        );
        assert!(fault.entries.is_empty());
    }
}
