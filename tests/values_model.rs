//! `values` agrees with a plain model of the rules, and both agree with `serde_json`, on bodies and
//! paths composed of right, nearly right and wrong parts.

#[path = "support/strict.rs"]
mod strict;
#[path = "support/values_model/mod.rs"]
mod values_model;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use ringcall::values::{self, Argument, Headers, Type};
use serde_json::{Map, Number, Value};
use strict::Strict;
use values_model::{Function, Given, Verdict, agree};

const SIGNATURES: &[&str] = &[
    "",
    "a: int",
    "a: int, b: int",
    "a: number, b?: number, c?: int64",
    "a: int64, b: bigint",
    "a?: boolean, b?: string, c?: json",
    "name: string, loud?: boolean",
    "a: json",
    "a: bytes, b?: bytes",
    "h?: header, a: string, b: int",
    "a: int[], b?: number[]",
    "a: int64[], b?: bigint[]",
    "a: string[], b?: boolean[], c?: json",
    "a: bigint[]",
    "a: int32, b: float32, c: int32",
    "a?: int, b?: number, h?: header, c?: int, d?: int64, e?: boolean, f?: bytes, g?: string",
    "é: json, a: number[], b: bytes, c: string, d: int, e?: int64",
];

fn function() -> impl Strategy<Value = Function> {
    prop_oneof![
        4 => select(SIGNATURES).prop_map(Function::declared),
        1 => (0..4_usize).prop_map(Function::undeclared),
    ]
}

fn one_of(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pieces).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<f32>().prop_map(|number| format!("{:e}", f64::from(number))),
        "-?[0-9]{1,40}(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,4})?",
        "-?0{0,3}[0-9]{1,20}",
        one_of(&[
            "-0",
            "0",
            "1e400",
            "-1e400",
            "1e4095",
            "1e4096",
            "5e-324",
            "2147483647",
            "2147483648",
            "-2147483648",
            "-2147483649",
            "16777217",
            "3.4028234663852886e38",
            "3.4028234663852888e38",
            "9007199254740991",
            "9007199254740992",
            "9223372036854775807",
            "9223372036854775808",
            "0e99999999999999",
            "1e-99999999999999999999",
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "1.50e1",
            "100e-2",
        ]),
    ]
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{0,12}".prop_map(|text| format!("\"{text}\"")),
        any::<String>().prop_map(|text| Value::String(text).to_string()),
        any::<Vec<u8>>().prop_map(|bytes| format!("\"{}\"", bytes.escape_ascii())),
        "-?[0-9]{1,25}".prop_map(|digits| format!("\"{digits}\"")),
        "[A-Za-z0-9+/]{0,9}={0,3}".prop_map(|text| format!("\"{text}\"")),
        one_of(&[
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#""\/\b\f\n\r\t\\\"""#,
            r#""\u0061""#,
            r#""\x""#,
            r#""\u12""#,
            "\"\u{1}\"",
            "\"",
            "\"\u{7f}\"",
            r#""__proto__""#,
        ]),
    ]
}

/// A value and white space, mostly sound.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => number(),
        4 => string(),
        2 => one_of(&["true", "false", "null"]),
        1 => one_of(&["", "tru", "nulll", "'a'", "\u{feff}1", "undefined", "//", "[", "}", "é"]),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            6 => one_of(&[r#""a""#, r#""b""#, r#""c""#, r#""name""#, r#""h""#, r#""x""#, r#""é""#]),
            1 => string(),
        ];
        let space = || one_of(&["", "", "", " ", "\n\t", "\r"]);
        let array = (vec(inner.clone(), 0..6), space()).prop_map(|(values, space)| {
            format!("[{space}{}{space}]", values.join(&format!(",{space}")))
        });
        let object = (vec((key, inner), 0..5), space()).prop_map(|(members, space)| {
            let member = |(key, value): (String, String)| format!("{key}{space}:{value}{space}");
            let members: Vec<String> = members.into_iter().map(member).collect();
            format!("{{{space}{}}}", members.join(","))
        });
        prop_oneof![array, object]
    })
}

/// Arguments in each form.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let names = &[
        "a", "b", "c", "d", "name", "loud", "h", "é", "\\u0061", "~/",
    ];
    let member = (select(names), value()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    let whole = prop_oneof![
        4 => vec(value(), 0..5).prop_map(|values| format!("[{}]", values.join(","))),
        4 => vec(member, 0..5).prop_map(|members| format!(" {{{}}} ", members.join(" , "))),
        1 => value(),
    ];
    // Some bytes are changed, so that nearly everything that can be wrong is tried.
    let changes = prop_oneof![4 => Just(Vec::new()), 1 => vec((any::<Index>(), any::<u8>()), 1..4)];
    (whole, changes).prop_map(|(whole, changes)| {
        let mut bytes = whole.into_bytes();
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

/// A value that mostly fits.
fn fitting(kind: Type) -> BoxedStrategy<String> {
    let element = match kind {
        Type::Ints => Type::Int,
        Type::Numbers => Type::Number,
        Type::Int64s => Type::Int64,
        Type::Bigints => Type::Bigint,
        Type::Booleans => Type::Boolean,
        Type::Strings => Type::String,
        Type::Boolean => return one_of(&["true", "false"]).boxed(),
        Type::String => return string().boxed(),
        Type::Bytes => {
            return "([A-Za-z0-9+/]{4}){0,3}([A-Za-z0-9+/]{1,2}[AQgwh]={1,2})?"
                .prop_map(|text| format!("\"{text}\""))
                .boxed();
        }
        Type::Int | Type::Number | Type::Int32 | Type::Float32 | Type::Int64 | Type::Bigint => {
            let small = any::<i16>().prop_map(|number| number.to_string());
            return prop_oneof![small, number()].boxed();
        }
        _ => return value().boxed(),
    };
    let elements = vec(fitting(element), 0..4);
    elements
        .prop_map(|elements| format!("[{}]", elements.join(",")))
        .boxed()
}

/// A function and a body that mostly fits it.
fn call() -> impl Strategy<Value = (Function, String)> {
    let function = select(SIGNATURES).prop_map(Function::declared);
    function.prop_flat_map(|function| {
        let arguments = function.arguments.iter().flatten();
        let arguments = arguments.filter(|argument| argument.kind != Type::Header);
        let value = |argument: &Argument| {
            let name = Just(argument.name.clone());
            (
                name,
                proptest::option::weighted(0.9, fitting(argument.kind)),
            )
        };
        let values: Vec<_> = arguments.map(value).collect();
        (Just(function), values, any::<bool>(), any::<Index>()).prop_map(
            |(function, values, is_by_name, turn)| {
                if !is_by_name {
                    let values = values.into_iter().map_while(|(_, value)| value);
                    return (
                        function,
                        format!("[{}]", values.collect::<Vec<_>>().join(",")),
                    );
                }
                let member = |(name, value): (Box<str>, Option<String>)| {
                    value.map(|value| format!("\"{name}\":{value}"))
                };
                let mut members: Vec<String> = values.into_iter().filter_map(member).collect();
                let turn = turn.index(members.len().max(1));
                members.rotate_left(turn);
                (function, format!("{{{}}}", members.join(",")))
            },
        )
    })
}

/// Segments, whose pieces are encoded or not.
fn path() -> impl Strategy<Value = String> {
    let encoded = any::<String>().prop_map(|text| {
        text.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<Vec<_>>()
            .concat()
    });
    let segment = prop_oneof![
        4 => number(),
        2 => "[A-Za-z0-9._~-]{0,6}",
        1 => encoded,
        1 => string().prop_map(|text| {
            text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
        }),
        1 => one_of(&["true", "false", "null", "%", "%zz", "%ff", "", "%2F", "a+b", "%5B1%5D"]),
    ];
    vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_body_is_read_as_the_model_has_it(function in function(), body in body()) {
        agree(&function, &body, false);
    }

    #[test]
    fn a_body_that_fits_is_read_as_the_model_has_it((function, body) in call()) {
        agree(&function, body.as_bytes(), false);
    }

    #[test]
    fn a_path_is_read_as_the_model_has_it(function in function(), path in path()) {
        agree(&function, path.as_bytes(), true);
    }

    #[test]
    fn strict_json_is_strict_json_for_serde_json(body in body()) {
        let function = Function::undeclared(0);
        let is_json = agree(&function, &body, false) != Verdict::NotJson;
        prop_assert_eq!(is_json, serde_json::from_slice::<Strict>(&body).is_ok());
    }

    #[test]
    fn any_value_crosses_unchanged(value in any_value(), style in any::<[Index; 8]>()) {
        let mut written = String::from("[ ");
        write(&value, &style, &mut 0, &mut written);
        written.push_str(" ]");
        let function = Function::declared("a: json");
        let read = values::from_body(&function.signature(), written.as_bytes(), &Headers::default());
        let rest = read.expect("it is strict JSON").rest.expect("it has text, or a tape");
        if rest.buffers.is_empty() {
            let text = rest.text.strip_suffix(b",").expect("a comma ends it");
            prop_assert!(text.is_ascii() || !keys_are_ascii(&value), "only keys are not");
            prop_assert_eq!(&serde_json::from_slice::<Value>(text).expect("it is JSON"), &value);
        }
        let taken = agree(&function, written.as_bytes(), false);
        let plain = format!("[{value}]");
        prop_assert_eq!(taken, values_model::body(&function, plain.as_bytes()));
    }

    #[test]
    fn a_long_value_is_read_as_the_model_has_it(
        values in vec(value(), 1..5),
        order in vec(any::<Index>(), 24..64),
        is_changed in any::<(bool, Index, u8)>(),
    ) {
        let elements: Vec<&str> = order.iter().map(|at| values[at.index(values.len())].as_str()).collect();
        let mut body = format!("[[{}]{}]", elements.join(","), " ".repeat(2048)).into_bytes();
        if let (true, at, byte) = is_changed {
            let at = at.index(body.len() - 2048);
            body[at] = byte;
        }
        agree(&Function::declared("a: json"), &body, false);
        agree(&Function::undeclared(0), &body, false);
        let elements = [b"{\"b\":true,\"a\":", &body[1..body.len() - 1], b"}"].concat();
        agree(&Function::declared("a: json, b: boolean"), &elements, false);
    }

    #[test]
    fn text_is_quoted_as_serde_json_quotes_it(text in any::<String>()) {
        let mut quoted = Vec::new();
        values::quote(&mut quoted, &text);
        prop_assert_eq!(String::from_utf8(quoted).expect("UTF-8"), Value::from(text).to_string());
    }

    #[test]
    fn a_path_undoes_encode_uri_component(text in "\\PC{1,20}|.{1,20}") {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
        let encode = |byte: u8| {
            let encoded = format!("%{byte:02X}");
            if is_plain(byte) { char::from(byte).to_string() } else { encoded }
        };
        let path = format!("/{}", text.bytes().map(encode).collect::<Vec<_>>().concat());
        let taken = agree(&Function::declared("a: string"), path.as_bytes(), true);
        let given = Given::Text(values_model::Value::String(text));
        prop_assert_eq!(taken, Verdict::Taken(false, vec![Some(given)]));
    }
}

/// Values whose numbers are finite and whose keys are allowed.
fn any_value() -> impl Strategy<Value = Value> {
    let number = any::<f64>()
        .prop_filter_map("finite", Number::from_f64)
        .prop_map(Value::Number);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        number,
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let members = vec((any::<String>(), inner.clone()), 0..24);
        prop_oneof![
            vec(inner, 0..8).prop_map(Value::Array),
            members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn keys_are_ascii(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().all(keys_are_ascii),
        Value::Object(members) => {
            let mut members = members.iter();
            members.all(|(key, value)| key.is_ascii() && keys_are_ascii(value))
        }
        _ => true,
    }
}

/// Writes the value in one of the allowed ways.
fn write(value: &Value, style: &[Index], turn: &mut usize, out: &mut String) {
    let mut choose = |bound: usize| {
        *turn += 1;
        (style[*turn % style.len()].index(1000) + *turn) % bound
    };
    out.push_str(["", " ", "\t", "\r\n"][choose(4)]);
    match value {
        Value::String(text) => write_text(text, &mut choose, out),
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(value, style, turn, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { " ,\n" } else { "" });
                *turn += 1;
                let mut choose = |bound: usize| (style[at % style.len()].index(1000) + at) % bound;
                write_text(key, &mut choose, out);
                out.push_str(" :");
                write(value, style, turn, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
    out.push_str(["", " ", "\n", "\t "][*turn % 4]);
}

fn write_text(text: &str, choose: &mut impl FnMut(usize) -> usize, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let is_escaped = choose(3) == 0 || matches!(character, '"' | '\\' | '\0'..='\u{1f}');
        if !is_escaped {
            out.push(character);
        } else if character == '/' {
            out.push_str("\\/");
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                out.extend([12, 8, 4, 0].map(|shift| hexadecimal(*unit >> shift & 0xf)));
            }
        }
    }
    out.push('"');
}

fn hexadecimal(digit: u16) -> char {
    char::from_digit(digit.into(), 16).expect("four bits are a digit")
}
