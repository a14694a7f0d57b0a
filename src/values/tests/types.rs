//! Each type, in an array, in an object and in a path.

use super::*;

/// The hint that a sentence about an element in place of an array ends with.
const WITHIN: &str = ", within the array of arguments: [[...]]";

/// Reads the value in an array and by name, with the same result.
#[track_caller]
pub(super) fn each_way(kind: &str, value: &str) -> Result<Arguments, Fault> {
    let arguments = format!("a: {kind}");
    let by_position = body(&arguments, format!("[{value}]"));
    let by_name = body(&arguments, format!(" {{ \"a\" : {value} }} "));
    match (&by_position, by_name) {
        (Ok(by_position), Ok(mut by_name)) => {
            assert_eq!(by_name.count & BY_NAME, BY_NAME);
            by_name.count &= !BY_NAME;
            assert_eq!(by_name, *by_position, "{kind} {value}");
        }
        (Err(by_position), Err(by_name)) => {
            assert_eq!(by_name.code, by_position.code, "{kind} {value}");
            let details = |fault: &Fault| -> Vec<_> {
                fault
                    .entries
                    .iter()
                    .map(|entry| entry.detail.replace(WITHIN, ""))
                    .collect()
            };
            assert_eq!(details(&by_name), details(by_position));
        }
        (one, other) => panic!("{kind} {value}: {one:?}, but {other:?}"),
    }
    by_position
}

#[track_caller]
pub(super) fn refused(kind: &str, value: &str, pointer: &str, detail: &str) {
    let found = entries(each_way(kind, value));
    assert_eq!(
        found,
        [(pointer.to_owned(), detail.to_owned())],
        "{kind} {value}"
    );
}

#[test]
fn a_boolean_is_one_of_two_words() {
    assert_eq!(cell(each_way("boolean", "true")), f64::to_bits(1.0));
    assert_eq!(cell(each_way("boolean", "false")), f64::to_bits(0.0));
    assert_eq!(cell(path("a: boolean", "/true")), f64::to_bits(1.0));
    assert_eq!(cell(path("a: boolean", "/false")), f64::to_bits(0.0));
    for value in ["1", "0", "\"true\"", "null", "[]"] {
        refused("boolean", value, "#/0", "must be true or false");
    }
    for segment in ["/1", "/TRUE", "/True", "/null", "/%22true%22", "/true%20"] {
        assert_eq!(pointers(path("a: boolean", segment)), ["#/0"]);
    }
}

#[test]
fn a_string_crosses_as_ascii_in_one_form() {
    for (token, expected) in [
        (r#""Ada""#, r#""Ada""#),
        (r#""""#, r#""""#),
        (r#""é€😀""#, r#""\u00e9\u20ac\ud83d\ude00""#),
        (
            r#""\u00e9\u20AC\uD83D\uDE00""#,
            r#""\u00e9\u20ac\ud83d\ude00""#,
        ),
        (r#""\u0041\/\"\\\b\f\n\r\t""#, r#""A/\"\\\b\f\n\r\t""#),
        (r#""\u0000\u001f\u007f""#, "\"\\u0000\\u001f\u{7f}\""),
        (r#""\u0022\u005c\u0008""#, r#""\"\\\b""#),
        (
            "\"\u{7f}\u{80}\u{2028}\u{ffff}\"",
            "\"\u{7f}\\u0080\\u2028\\uffff\"",
        ),
        (r#""12""#, r#""12""#),
    ] {
        assert_eq!(written(each_way("string", token)), expected, "{token}");
    }
    for value in ["3", "null", "true", "[\"a\"]", "{\"a\":\"b\"}"] {
        refused("string", value, "#/0", "must be a string");
    }
}

#[test]
fn json_is_any_value_without_white_space() {
    for (value, expected) in [
        ("null", "null"),
        (" [ 1 , 2.50e+1 , \"é\" ] ", "[1,2.50e+1,\"\\u00e9\"]"),
        // V8 mistakes escaped keys for others, so keys are escaped as little as they can be.
        (
            r#"{"é": "é", "\u00e9x": 1, "\ud83d\ude00\"\n": 2}"#,
            r#"{"é":"\u00e9","éx":1,"😀\"\n":2}"#,
        ),
        ("{ \"b\" : { } , \"a\" : [ ] }", r#"{"b":{},"a":[]}"#),
        ("-0", "-0"),
        ("12345678901234567890", "12345678901234567890"),
        ("\t{\r\n\"\\u0061\":true}", r#"{"a":true}"#),
        (
            r#"{"constructor":1,"toString":2,"hasOwnProperty":3}"#,
            r#"{"constructor":1,"toString":2,"hasOwnProperty":3}"#,
        ),
    ] {
        assert_eq!(written(each_way("json", value)), expected, "{value}");
    }
}

#[test]
fn bytes_beside_others_are_padded_base64() {
    let bytes = |text: &str| body("a: bytes, b?: int", format!("[\"{text}\"]"));
    for (text, expected) in [
        ("", &b""[..]),
        ("Zg==", b"f"),
        ("Zm8=", b"fo"),
        ("Zm9v", b"foo"),
        ("Zm9vYmFy", b"foobar"),
        (r"\u005am9v", b"foo"),
        (r"\/+8=", &[0xff, 0xef]),
        ("AAECA/8=", &[0, 1, 2, 3, 0xff]),
    ] {
        assert_eq!(buffer(bytes(text)), expected, "{text}");
    }
    for text in [
        "Z",
        "Zg",
        "Zg=",
        "Zm8",
        "====",
        "Z===",
        "=",
        "Zg==Zg==",
        "Zm9v\\n",
        "Zm 9",
        "Zm9-",
        "Zm9_",
        "Zh==",
        "Zm9=",
        "Zm=v",
        "Zm9vé",
        "Z\\u0000==",
    ] {
        assert_eq!(pointers(bytes(text)), ["#/0"], "{text}");
    }
    assert_eq!(pointers(body("a: bytes, b?: int", "[3]")), ["#/0"]);
}

#[test]
fn arrays_of_numbers_cross_as_buffers() {
    let bytes = buffer(each_way("number[]", "[ 1, -0, 0.1 , 1e3]"));
    let (eights, _) = bytes.as_chunks();
    let numbers: Vec<u64> = eights
        .iter()
        .map(|eight| u64::from_le_bytes(*eight))
        .collect();
    assert_eq!(numbers, [1.0, -0.0, 0.1, 1e3].map(f64::to_bits));
    let bytes = buffer(each_way("int64[]", r#"[9007199254740993,"-1",3e0]"#));
    let (eights, _) = bytes.as_chunks();
    let integers: Vec<i64> = eights
        .iter()
        .map(|eight| i64::from_le_bytes(*eight))
        .collect();
    assert_eq!(integers, [9_007_199_254_740_993, -1, 3]);
    assert!(buffer(each_way("number[]", "[]")).is_empty());
    assert!(buffer(each_way("int64[]", "[ ]")).is_empty());
}

#[test]
fn other_arrays_cross_as_text() {
    for (kind, value, expected) in [
        (
            "int[]",
            "[ 1, -0, 3.0, 1e3, 9007199254740991 ]",
            "[1,0,3,1000,9007199254740991]",
        ),
        ("int[]", "[]", "[]"),
        ("boolean[]", "[true, false]", "[true,false]"),
        (
            "string[]",
            r#"["a", "", "é", "\/"]"#,
            r#"["a","","\u00e9","/"]"#,
        ),
        ("bigint[]", r#"[1, "-02", 12e1]"#, r#"["1","-2","120"]"#),
        ("bigint[]", " [ ] ", "[]"),
    ] {
        assert_eq!(written(each_way(kind, value)), expected, "{kind}");
    }
}

#[test]
fn each_element_that_does_not_fit_has_an_entry() {
    for (kind, value, indices) in [
        ("int[]", "[1, 1.5, \"2\", null, 5]", &[1, 2, 3][..]),
        ("number[]", "[1, \"2\", [3], {}]", &[1, 2, 3]),
        ("int64[]", "[1, 9223372036854775808, \"x\"]", &[1, 2]),
        ("bigint[]", "[1.5]", &[0]),
        ("boolean[]", "[1, true]", &[0]),
        ("string[]", "[\"a\", 1]", &[1]),
    ] {
        let expected: Vec<String> = indices.iter().map(|index| format!("#/0/{index}")).collect();
        assert_eq!(
            pointers(body(&format!("a: {kind}"), format!("[{value}]"))),
            expected
        );
        let expected: Vec<String> = indices.iter().map(|index| format!("#/a/{index}")).collect();
        let by_name = body(&format!("a: {kind}"), format!("{{\"a\":{value}}}"));
        assert_eq!(pointers(by_name), expected);
        for other in ["null", "3", "\"a\"", "{}"] {
            refused(
                kind,
                other,
                "#/0",
                &format!("must be an array of {}{WITHIN}", &kind[..kind.len() - 2]),
            );
        }
    }
    assert_eq!(
        pointers(body("a: int[]", format!("[[{}0.5]]", "0.5,".repeat(99)))).len(),
        16
    );
    assert!(not_json(each_way("number[]", "[1,1e999]")).contains("at byte 4"));
}

#[test]
fn elements_in_place_of_the_only_array_are_refused_with_a_hint() {
    let found = entries(body("h: header, a: number[]", "[1,2.5]"));
    assert!(found[0].1.ends_with(WITHIN), "{found:?}");
    for (arguments, text) in [("a: int[], b?: int", "[1,2]"), ("a: int[]", r#"{"a":1}"#)] {
        let found = entries(body(arguments, text));
        assert_eq!(found[0].1, "must be an array of int", "{text}");
    }
}
