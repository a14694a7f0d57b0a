//! Arguments by name: in any order, with some left out, with headers beside them.

use super::*;

#[test]
fn arguments_cross_in_the_order_of_the_signature() {
    let arguments =
        "a: string, b: bytes, c: int, d: json, e: number[], f: int64, g: number, h: bigint";
    let ordered = r#"{"a":"x","b":"Zg==","c":3,"d":[1],"e":[1],"f":4,"g":5.5,"h":6}"#;
    let shuffled = r#"{"h":6,"e":[1],"d":[1],"g":5.5,"b":"Zg==","f":4,"c":3,"a":"x"}"#;
    let expected = body(arguments, ordered).expect("it fits");
    assert_eq!(expected.count, BY_NAME | 8);
    assert_eq!(expected.cells[0], 3f64.to_bits());
    let rest = expected.rest.as_ref().expect("it has text and buffers");
    // The second cell tells that the JSON value is in the text.
    assert_eq!(expected.cells[1], 0f64.to_bits());
    assert_eq!(rest.cells, [4, 5.5f64.to_bits()]);
    assert_eq!(text(&expected), r#""x",[1],"6","#);
    assert_eq!(rest.buffers, [b"f".to_vec(), 1f64.to_le_bytes().to_vec()]);
    assert_eq!(body(arguments, shuffled), Ok(expected));
}

#[test]
fn an_argument_left_out_makes_a_hole() {
    let arguments = "a: int, b?: int, c?: string, d?: int";
    let read = |text: &str| body(arguments, text).expect("it fits");
    assert_eq!(read(r#"{"a":1}"#).count, BY_NAME | 1);
    let holes = read(r#"{"d":4,"a":1}"#);
    assert_eq!(holes.count, BY_NAME | HOLES | 4);
    assert_eq!(doubles(&holes), [f64::from(0b1001), 1.0, 4.0]);
    let holes = read(r#"{"c":"x","a":1}"#);
    assert_eq!(holes.count, BY_NAME | HOLES | 3);
    assert_eq!(doubles(&holes), [f64::from(0b101), 1.0]);
    assert_eq!(text(&holes), "\"x\",");
    assert_eq!(read(r#"{"a":1,"b":2}"#).count, BY_NAME | 2);
    let arguments = "a?: int, b?: int, c?: int, d?: int, e?: int";
    let holes = body(arguments, r#"{"b":2,"c":3,"d":4,"e":5}"#).expect("it fits");
    assert_eq!(doubles(&holes), [f64::from(0b11110), 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn keys_are_compared_unescaped() {
    assert_eq!(cell(body("a: int", r#"{"\u0061":3}"#)), 3f64.to_bits());
    assert_eq!(cell(body("é: int", r#"{"é":3}"#)), 3f64.to_bits());
    assert_eq!(cell(body("é: int", r#"{"\u00e9":3}"#)), 3f64.to_bits());
    assert_eq!(pointers(body("a: int", r#"{"A":3}"#)), ["#/A", "#/a"]);
}

#[test]
fn every_unknown_missing_or_wrong_argument_has_an_entry() {
    let found = entries(body(
        "a: int, b: string",
        r#"{"c":[{}],"b":1,"d/~e":2,"":0}"#,
    ));
    let found: Vec<_> = found
        .iter()
        .map(|(pointer, detail)| (&**pointer, &**detail))
        .collect();
    assert_eq!(
        found,
        [
            ("#/c", "is not an argument"),
            ("#/b", "must be a string"),
            ("#/d~1~0e", "is not an argument"),
            ("#/", "is not an argument"),
            ("#/a", "is missing"),
        ]
    );
    assert_eq!(pointers(body("a?: int", r#"{"a":null}"#)), ["#/a"]);
    assert_eq!(written(body("a?: json", r#"{"a":null}"#)), "null");
}

#[test]
fn an_unknown_name_is_echoed_up_to_64_characters() {
    let name = "é\\n\\u0041😀/".repeat(100);
    let expected = format!("#/{}é\nA😀", "é\nA😀~1".repeat(12));
    assert_eq!(pointers(body("", format!("{{\"{name}\":1}}"))), [expected]);
}

#[test]
fn a_repeated_key_is_not_strict_json() {
    for (text, at) in [
        (r#"{"a":1,"a":2}"#, 7),
        (r#"{"a":1,"\u0061":2}"#, 7),
        (r#"{"x":1,"x":2,"a":1}"#, 7),
        (r#"{"h":1,"h":2,"a":1}"#, 7),
        (r#"{"a":{"b":1,"c":2,"b":3}}"#, 18),
    ] {
        let sentence = not_json(body("a: json, h?: header h", text));
        assert!(
            sentence.ends_with(&format!("a key is repeated (at byte {at}).")),
            "{sentence}"
        );
    }
    let many: Vec<String> = (0..5000).map(|n| format!("\"{n}\":0,")).collect();
    let many = many.concat();
    let accepted = body("a: json", format!("[{{{many}\"x\":1}}]"));
    assert_eq!(written(accepted), format!("{{{many}\"x\":1}}"));
    let sentence = not_json(body("a: json", format!("[{{{many}\"4999\":1}}]")));
    assert!(
        sentence.ends_with(&format!("(at byte {}).", many.len() + 2)),
        "{sentence}"
    );
    let sentence = not_json(body("", format!("{{{many}\"7\":1}}")));
    assert!(
        sentence.ends_with(&format!("(at byte {}).", many.len() + 1)),
        "{sentence}"
    );
}

#[test]
fn header_arguments_come_from_header_fields() {
    let signature =
        declared("xRequestId: header x-request-id, a: string, ifMatch?: header if-match, b?: int");
    let fields: Vec<_> = signature.header_fields().collect();
    assert_eq!(fields, [(0, "x-request-id"), (2, "if-match")]);
    let mut headers = Headers::default();
    headers.add(0, b"one");
    headers.add(0, b"t\xffo\"\\\t");
    let read = from_body(&signature, b"[\"x\",3]", &headers).expect("it fits");
    assert_eq!(read.count, HOLES | 4);
    assert_eq!(doubles(&read)[..2], [f64::from(0b1011), 3.0]);
    assert_eq!(text(&read), r#""one, t\u00ffo\"\\\t","x","#);
    assert_eq!(from_path(&signature, b"/x/3", &headers), Ok(read.clone()));
    let by_name = from_body(&signature, br#"{"b":3,"a":"x"}"#, &headers).expect("it fits");
    assert_eq!(by_name.count, BY_NAME | HOLES | 4);
    assert_eq!(by_name.rest, read.rest);
    let missing = from_body(&signature, b"[3,4,5]", &no_headers());
    assert_eq!(pointers(missing), ["#/xRequestId"]);
    let in_body = from_body(&signature, br#"{"xRequestId":"1","a":""}"#, &headers);
    assert_eq!(pointers(in_body), ["#/xRequestId"]);
}
