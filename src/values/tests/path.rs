//! Segments: first split, then decoded.

use super::*;

#[test]
fn segments_are_first_split_then_decoded() {
    for (segment, expected) in [
        ("/Ada", r#""Ada""#),
        ("/a%2Fb", r#""a/b""#),
        ("/a+b", r#""a+b""#),
        ("/a%20b%22%5c%00", r#""a b\"\\\u0000""#),
        ("/%C3%A9%f0%9f%98%80", r#""\u00e9\ud83d\ude00""#),
        ("/%41%2541", r#""A%41""#),
        ("/.", r#"".""#),
        ("/..", r#""..""#),
        ("/007", r#""007""#),
    ] {
        assert_eq!(written(path("a: string", segment)), expected, "{segment}");
    }
}

#[test]
fn segments_that_are_not_text_are_refused() {
    for segment in [
        "/%zz",
        "/%",
        "/a%4",
        "/%f",
        "/%ff",
        "/%c3",
        "/%C3%28",
        "/%ed%a0%80",
        "/%c0%80",
    ] {
        assert_eq!(pointers(path("a: string", segment)), ["#/0"], "{segment}");
        assert_eq!(pointers(path("a: int", segment)), ["#/0"], "{segment}");
        let signature = Signature::undeclared("f", 0);
        assert_eq!(
            pointers(from_path(&signature, segment.as_bytes(), &no_headers())),
            ["#/0"],
            "{segment}"
        );
    }
    assert_eq!(pointers(path("a: string", "/")), ["#/0"]);
    assert_eq!(pointers(path("a: string, b: string", "/x/")), ["#/1"]);
    assert_eq!(
        pointers(path("a: string, b: string, c: int", "//x/y")),
        ["#/0", "#/2"]
    );
    assert_eq!(pointers(path("", "/")), ["#/0"]);
}

#[test]
fn integers_may_have_leading_zeros() {
    assert_eq!(cell(path("a: int", "/007")), 7f64.to_bits());
    assert_eq!(cell(path("a: int", "/-007")), (-7f64).to_bits());
    assert_eq!(
        cell(path("a: int64", "/0009007199254740993")),
        9_007_199_254_740_993
    );
    assert_eq!(cell(path("a: int", "/%33")), 3f64.to_bits());
    assert_eq!(cell(path("a: int", "/-0")), 0);
    for segment in [
        "/+3",
        "/3a",
        "/-",
        "/--3",
        "/0x3",
        "/03.0",
        "/3.",
        "/.3",
        "/3%20",
        "/%203",
        "/3,4",
        "/1_0",
        "/Infinity",
    ] {
        assert_eq!(pointers(path("a: int", segment)), ["#/0"], "{segment}");
        assert_eq!(pointers(path("a: bigint", segment)), ["#/0"], "{segment}");
    }
    for segment in [
        "/+3",
        "/007",
        "/NaN",
        "/Infinity",
        "/-Infinity",
        "/inf",
        "/1e400",
        "/.5",
        "/5.",
        "/0x1",
        "/%201",
        "/1%20",
    ] {
        assert_eq!(pointers(path("a: number", segment)), ["#/0"], "{segment}");
    }
}

#[test]
fn too_many_and_too_few_arguments_are_reported_by_position() {
    assert_eq!(pointers(path("a: int, b: int", "/3")), ["#/1"]);
    assert_eq!(pointers(path("a: int, b: int", "/3/4/x/y")), ["#/2"]);
    assert_eq!(pointers(path("a: int, b: int", "/x/y")), ["#/0", "#/1"]);
    assert_eq!(pointers(path("", "/3")), ["#/0"]);
    let read = path("a: int, b?: int", "/3").expect("it fits");
    assert_eq!((read.count, read.cells[0]), (1, 3f64.to_bits()));
}

#[test]
fn types_without_a_form_in_a_path_are_referred_to_the_body() {
    for kind in ["json", "bytes", "int[]", "number[]", "string[]"] {
        let found = entries(path(&format!("a: {kind}"), "/3"));
        assert_eq!(
            found,
            [(
                "#/0".to_owned(),
                "cannot be in a path: send the arguments in the body".to_owned()
            )]
        );
        assert_eq!(pointers(path(&format!("a: int, b: {kind}"), "/3")), ["#/1"]);
        assert!(path(&format!("a: int, b?: {kind}"), "/3").is_ok());
    }
}

#[test]
fn two_ints_and_two_numbers_allocate_nothing() {
    for kind in ["int", "number"] {
        let arguments = format!("a: {kind}, b: {kind}");
        for read in [path(&arguments, "/3/-4"), body(&arguments, "[3,-4]")] {
            let expected = [3.0, -4.0].map(f64::to_bits);
            assert_eq!(
                read,
                Ok(Arguments {
                    count: 2,
                    cells: expected,
                    rest: None
                })
            );
        }
    }
}

#[test]
fn without_path_and_body_missing_arguments_are_reported_by_name() {
    let nothing = |arguments: &str| from_nothing(&declared(arguments), &no_headers());
    assert_eq!(
        pointers(nothing("a: int, b: json, c?: int")),
        ["#/a", "#/b"]
    );
    assert_eq!(pointers(path("a: int", "")), ["#/a"]);
    assert_eq!(nothing(""), Ok(Arguments::default()));
    assert_eq!(nothing("a?: int"), Ok(Arguments::default()));
    assert_eq!(pointers(nothing("h: header h")), ["#/h"]);
}

#[test]
fn a_function_without_arguments_takes_an_empty_array_or_object() {
    assert_eq!(body("", "[]"), Ok(Arguments::default()));
    assert_eq!(body("", " [ ] "), Ok(Arguments::default()));
    assert_eq!(
        body("", "{}"),
        Ok(Arguments {
            count: BY_NAME,
            ..Arguments::default()
        })
    );
    assert_eq!(pointers(body("", "[1,2]")), ["#/0"]);
    assert_eq!(pointers(body("", r#"{"a":1}"#)), ["#/a"]);
}

#[test]
fn bytes_alone_are_the_whole_body() {
    let signature = declared("xTag?: header x-tag, data: bytes");
    assert!(signature.takes_raw_body());
    let mut headers = Headers::default();
    headers.add(0, b"t");
    let read = from_bytes(&signature, vec![0, 0xff], &headers).expect("it fits");
    assert_eq!(read.count, 2);
    assert_eq!(text(&read), "\"t\",");
    assert_eq!(read.rest.expect("a buffer").buffers, [vec![0, 0xff]]);
    let empty = declared("data: bytes");
    assert_eq!(buffer(from_bytes(&empty, Vec::new(), &no_headers())), b"");
    assert_eq!(buffer(from_nothing(&empty, &no_headers())), b"");
    let optional = declared("data?: bytes");
    assert_eq!(
        from_bytes(&optional, Vec::new(), &no_headers()),
        Ok(Arguments::default())
    );
    assert_eq!(
        from_nothing(&optional, &no_headers()),
        Ok(Arguments::default())
    );
    for other in ["", "a: int", "a: bytes, b?: int", "a: bytes, b: bytes"] {
        assert!(!declared(other).takes_raw_body());
    }
    let required = declared("xTag: header x-tag, data: bytes");
    assert_eq!(
        pointers(from_bytes(&required, Vec::new(), &no_headers())),
        ["#/xTag"]
    );
}
