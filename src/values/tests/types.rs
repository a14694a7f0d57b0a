//! Each type, in an array, in an object and in a path.

use super::*;

/// In an array, and by name: both say the same.
#[track_caller]
fn each_way(kind: &str, value: &str) -> Result<Arguments, Fault> {
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
                    .map(|entry| entry.detail.clone())
                    .collect()
            };
            assert_eq!(details(&by_name), details(by_position));
        }
        (one, other) => panic!("{kind} {value}: {one:?}, but {other:?}"),
    }
    by_position
}

#[track_caller]
fn refused(kind: &str, value: &str, pointer: &str, detail: &str) {
    let found = entries(each_way(kind, value));
    assert_eq!(
        found,
        [(pointer.to_owned(), detail.to_owned())],
        "{kind} {value}"
    );
}

#[test]
fn an_int_is_a_safe_integer_in_any_form_of_a_number() {
    for (token, value) in [
        ("3", 3.0),
        ("3.0", 3.0),
        ("3e0", 3.0),
        ("0.3E+1", 3.0),
        ("3000e-3", 3.0),
        ("0.0003000e4", 3.0),
        ("0", 0.0),
        ("0.0e9", 0.0),
        ("0e-9", 0.0),
        ("-7", -7.0),
        ("9007199254740991", 9_007_199_254_740_991.0),
        ("-9007199254740991", -9_007_199_254_740_991.0),
        ("90071992547409910e-1", 9_007_199_254_740_991.0),
        ("9007199254740991.000", 9_007_199_254_740_991.0),
        ("1e15", 1e15),
        ("123456789012345", 123_456_789_012_345.0),
    ] {
        assert_eq!(slot(each_way("int", token)), f64::to_bits(value), "{token}");
        assert_eq!(
            slot(path("a: int", &format!("/{token}"))),
            f64::to_bits(value),
            "{token}"
        );
    }
    // There is no integer -0.
    for token in ["-0", "-0.0", "-0e5"] {
        assert_eq!(slot(each_way("int", token)), 0, "{token}");
    }
}

#[test]
fn an_int_that_is_none_is_refused() {
    for value in [
        "3.5",
        "1e-1",
        "0.1e0",
        "\"3\"",
        "null",
        "true",
        "[3]",
        "{\"a\":3}",
        "[]",
    ] {
        refused("int", value, "#/0", "must be an int");
    }
    for value in [
        "9007199254740992",
        "-9007199254740992",
        "1e16",
        "1e300",
        "90071992547409920",
    ] {
        refused("int", value, "#/0", "must be an int, within ±(2^53 − 1)");
    }
    assert!(not_json(each_way("int", "1e400")).contains("beyond what a double holds"));
}

#[test]
fn a_number_is_the_double_nearest_to_its_token() {
    for (token, value) in [
        ("0.1", 0.1),
        ("-0", -0.0),
        ("-0.0", -0.0),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("1.7976931348623157e308", f64::MAX),
        ("0.30000000000000004", 0.300_000_000_000_000_04),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
        ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
        ("1E+2", 100.0),
        ("100e-2", 1.0),
    ] {
        assert_eq!(
            slot(each_way("number", token)),
            f64::to_bits(value),
            "{token}"
        );
        assert_eq!(
            slot(path("a: number", &format!("/{token}"))),
            f64::to_bits(value),
            "{token}"
        );
    }
    for value in ["\"3\"", "null", "false", "[]", "{}"] {
        refused("number", value, "#/0", "must be a number");
    }
    let long = format!("1{}", "0".repeat(309));
    for value in [
        "1e309",
        "-1e309",
        "1e99999999999999999999",
        &long,
        &format!("{long}.5"),
    ] {
        assert!(not_json(each_way("number", value)).contains("beyond what a double holds"));
    }
    let finite = format!("1{}.{}", "0".repeat(308), "1".repeat(400));
    assert_eq!(slot(each_way("number", &finite)), f64::to_bits(1e308));
}

#[test]
fn an_int64_is_read_from_its_digits() {
    for (token, value) in [
        ("9007199254740993", 9_007_199_254_740_993),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("9223372036854775807.0", i64::MAX),
        ("922337203685477580700e-2", i64::MAX),
        ("9.223372036854775807e18", i64::MAX),
        ("-0", 0),
        ("3e0", 3),
    ] {
        assert_eq!(slot(each_way("int64", token)), value as u64, "{token}");
        assert_eq!(
            slot(path("a: int64", &format!("/{token}"))),
            value as u64,
            "{token}"
        );
    }
    for (text, value) in [
        (r#""9223372036854775807""#, i64::MAX),
        (r#""-9223372036854775808""#, i64::MIN),
        (r#""-0""#, 0),
        (r#""007""#, 7),
        (r#""\u0037""#, 7),
        (&format!("\"{}7\"", "0".repeat(500)), 7),
    ] {
        assert_eq!(slot(each_way("int64", text)), value as u64, "{text}");
    }
    for value in [
        "1.5", "\"\"", "\"-\"", "\"1.0\"", "\"+1\"", "\" 1\"", "\"1e3\"", "null", "[]", "true",
    ] {
        refused(
            "int64",
            value,
            "#/0",
            "must be an int64: a number or a string of digits",
        );
    }
    let range = "must be an int64, from −2^63 to 2^63 − 1";
    for value in [
        "9223372036854775808",
        "-9223372036854775809",
        "\"9223372036854775808\"",
        "1e19",
        "99999999999999999999",
        // Told by its digits, not by what a double holds.
        "1e400",
        "1e99999999999999999999",
    ] {
        refused("int64", value, "#/0", range);
    }
}

#[test]
fn a_bigint_has_at_most_4096_digits() {
    let most = "9".repeat(4096);
    let zeros = format!("1{}", "0".repeat(4095));
    let after_zeros = format!("\"-{}12\"", "0".repeat(5000));
    for (token, digits) in [
        ("12", "12"),
        ("-12", "-12"),
        ("-0", "0"),
        ("0e5", "0"),
        ("0.0", "0"),
        ("1.50e1", "15"),
        ("0.0012e4", "12"),
        ("1e4095", &zeros),
        ("1e0000000000000000000000000000002", "100"),
        ("\"007\"", "7"),
        (&most, &most),
        (&format!("-{most}"), &format!("-{most}")),
        (&after_zeros, "-12"),
    ] {
        assert_eq!(written(each_way("bigint", token)), format!("\"{digits}\""));
        if !token.starts_with('"') {
            let by_path = path("a: bigint", &format!("/{token}"));
            assert_eq!(written(by_path), format!("\"{digits}\""));
        }
    }
    for value in [
        "1e4096",
        &format!("{most}0"),
        &format!("\"{most}0\""),
        "1e999999999999999999999",
    ] {
        refused("bigint", value, "#/0", "must have at most 4096 digits");
    }
    for value in [
        "1.5",
        "1e-1",
        "\"\"",
        "\"0x1\"",
        "\"1n\"",
        "null",
        "1e-99999999999999999999",
    ] {
        refused(
            "bigint",
            value,
            "#/0",
            "must be a bigint: a number or a string of digits",
        );
    }
}

#[test]
fn a_boolean_is_one_of_two_words() {
    assert_eq!(slot(each_way("boolean", "true")), f64::to_bits(1.0));
    assert_eq!(slot(each_way("boolean", "false")), f64::to_bits(0.0));
    assert_eq!(slot(path("a: boolean", "/true")), f64::to_bits(1.0));
    assert_eq!(slot(path("a: boolean", "/false")), f64::to_bits(0.0));
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
                &format!("must be an array of {}", &kind[..kind.len() - 2]),
            );
        }
    }
    assert_eq!(
        pointers(body("a: int[]", format!("[[{}0.5]]", "0.5,".repeat(99)))).len(),
        16
    );
    assert!(not_json(each_way("number[]", "[1,1e999]")).contains("at byte 4"));
}
