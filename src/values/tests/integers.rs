//! Numbers of each type, read from their digits.

use super::types::{each_way, refused};
use super::*;

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
        assert_eq!(cell(each_way("int", token)), f64::to_bits(value), "{token}");
        assert_eq!(
            cell(path("a: int", &format!("/{token}"))),
            f64::to_bits(value),
            "{token}"
        );
    }
    // There is no integer -0.
    for token in ["-0", "-0.0", "-0e5"] {
        assert_eq!(cell(each_way("int", token)), 0, "{token}");
    }
}

#[test]
fn a_value_that_is_not_an_int_is_refused() {
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
            cell(each_way("number", token)),
            f64::to_bits(value),
            "{token}"
        );
        assert_eq!(
            cell(path("a: number", &format!("/{token}"))),
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
    assert_eq!(cell(each_way("number", &finite)), f64::to_bits(1e308));
}

#[test]
fn an_int32_has_32_bits() {
    let detail = "must be an integer from -2147483648 to 2147483647";
    for (token, value) in [
        ("2147483647", 2_147_483_647.0),
        ("-2147483648", -2_147_483_648.0),
        ("21474836470e-1", 2_147_483_647.0),
        ("-2.147483648e9", -2_147_483_648.0),
        ("3.0", 3.0),
        ("-0", 0.0),
    ] {
        let bits = f64::to_bits(value);
        assert_eq!(cell(each_way("int32", token)), bits, "{token}");
        let by_path = path("a: int32", &format!("/{token}"));
        assert_eq!(cell(by_path), bits, "{token}");
    }
    assert_eq!(cell(path("a: int32", "/007")), f64::to_bits(7.0));
    for value in [
        "2147483648",
        "-2147483649",
        "4294967295",
        "1e10",
        "9007199254740993",
        "1e300",
        "1.5",
        "1e-1",
    ] {
        refused("int32", value, "#/0", detail);
        let by_path = path("a: int32", &format!("/{value}"));
        assert_eq!(entries(by_path), [("#/0".into(), detail.into())], "{value}");
    }
    for value in ["\"3\"", "null", "true", "[]", "{}"] {
        refused("int32", value, "#/0", detail);
    }
}

#[test]
fn a_float32_is_rounded_to_32_bits() {
    for (token, value) in [
        ("0.1", 0.100_000_001_490_116_12),
        ("16777217", 16_777_216.0),
        ("16777219", 16_777_220.0),
        ("-0", -0.0),
        ("1e-46", 0.0),
        ("-1e-46", -0.0),
        ("1e-45", 1.401_298_464_324_817e-45),
        ("3.4028234663852886e38", f64::from(f32::MAX)),
        ("-3.4028234663852886e38", f64::from(f32::MIN)),
    ] {
        let bits = f64::to_bits(value);
        assert_eq!(cell(each_way("float32", token)), bits, "{token}");
        let by_path = path("a: float32", &format!("/{token}"));
        assert_eq!(cell(by_path), bits, "{token}");
    }
    let range = "must be a number from -3.4028234663852886e38 to 3.4028234663852886e38";
    for value in ["3.402823466385289e38", "-1e39", "1.7976931348623157e308"] {
        refused("float32", value, "#/0", range);
        let by_path = path("a: float32", &format!("/{value}"));
        assert_eq!(entries(by_path), [("#/0".into(), range.into())], "{value}");
    }
    assert!(not_json(each_way("float32", "1e400")).contains("beyond what a double holds"));
    for value in ["\"3\"", "null", "false", "[]", "{}"] {
        refused("float32", value, "#/0", "must be a number");
    }
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
        assert_eq!(
            cell(each_way("int64", token)),
            i64::cast_unsigned(value),
            "{token}"
        );
        assert_eq!(
            cell(path("a: int64", &format!("/{token}"))),
            i64::cast_unsigned(value),
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
        assert_eq!(
            cell(each_way("int64", text)),
            i64::cast_unsigned(value),
            "{text}"
        );
    }
    for value in [
        "1.5", "\"\"", "\"-\"", "\"1.0\"", "\"+1\"", "\" 1\"", "\"1e3\"", "null", "[]", "true",
    ] {
        refused(
            "int64",
            value,
            "#/0",
            "must be an int64: an integer, as a number or as a string of digits",
        );
    }
    let range = "must be an int64, from −2^63 to 2^63 − 1";
    for value in [
        "9223372036854775808",
        "-9223372036854775809",
        "\"9223372036854775808\"",
        "1e19",
        "99999999999999999999",
        // Judged by its digits, not by the range of a double.
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
            "must be a bigint: an integer, as a number or as a string of digits",
        );
    }
}
