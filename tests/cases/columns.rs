//! Compares the columns of a call with the arguments that a case names, as tagged JSON.

use ringcall::bridge::Call;
use ringcall::values::{BY_NAME, HOLES, UNPACKED};
use serde_json::{Value, json};

use super::json::Value as Model;
use super::table::{Function, from_base64, text};
use super::tape;

const FLAGS: u8 = BY_NAME | HOLES;

/// The part of a call's columns that has not been read yet.
struct Columns<'a> {
    cells: std::vec::IntoIter<u64>,
    texts: std::vec::IntoIter<Value>,
    buffers: std::slice::Iter<'a, Vec<u8>>,
}

impl<'a> Columns<'a> {
    fn of(call: &'a Call) -> Self {
        let rest = call.rest.as_deref();
        let text = rest.map_or(&[][..], |rest| &rest.text);
        // Each element is followed by a comma.
        let list = format!("[{}null]", std::str::from_utf8(text).unwrap());
        let Ok(Value::Array(mut texts)) = serde_json::from_str(&list) else {
            panic!("the text is JSON: {list}")
        };
        texts.pop();
        Self {
            cells: [&call.cells[..], rest.map_or(&[][..], |rest| &rest.cells)]
                .concat()
                .into_iter(),
            texts: texts.into_iter(),
            buffers: rest.map_or(&[][..], |rest| &rest.buffers).iter(),
        }
    }

    fn double(&mut self) -> f64 {
        f64::from_bits(self.cells.next().unwrap())
    }

    /// The next argument of this type, as a case writes it.
    fn next(&mut self, kind: &str) -> Value {
        match kind {
            "int" | "number" | "int32" | "float32" => number(self.double()),
            "boolean" => match self.double() {
                0.0 => json!(false),
                1.0 => json!(true),
                other => panic!("no boolean: {other}"),
            },
            "int64" => json!({ "$bigint": self.cells.next().unwrap().cast_signed().to_string() }),
            "bigint" => bigint(&self.texts.next().unwrap()),
            "bigint[]" => {
                let all = self.texts.next().unwrap();
                all.as_array().unwrap().iter().map(bigint).collect()
            }
            "bytes" => json!({ "$bytes": self.buffers.next().unwrap() }),
            "number[]" => {
                let all = self.eights().map(f64::from_le_bytes).map(number);
                json!({ "$float64": all.collect::<Vec<_>>() })
            }
            "int64[]" => {
                let all = self.eights().map(i64::from_le_bytes);
                json!({ "$int64": all.map(|n| n.to_string()).collect::<Vec<_>>() })
            }
            // Header fields and strings have no cell.
            "json" => self.json(),
            _ => plain(&self.texts.next().unwrap()),
        }
    }

    /// A JSON value, whose cell tells whether it is on a tape.
    fn json(&mut self) -> Value {
        if self.double() == 0.0 {
            return plain(&self.texts.next().unwrap());
        }
        let tape = self.buffers.next().unwrap();
        let mut long = || self.texts.next().unwrap().as_str().unwrap().to_owned();
        of_model(tape::read(tape, &mut long))
    }

    fn eights(&mut self) -> impl Iterator<Item = [u8; 8]> {
        let bytes = self.buffers.next().unwrap();
        assert_eq!(bytes.len() % 8, 0);
        bytes.chunks(8).map(|eight| eight.try_into().unwrap())
    }
}

pub(crate) fn compare(function: &Function, call: &Call, expected: &[Value]) -> Result<(), String> {
    let expected: Vec<_> = expected.iter().map(normal).collect();
    let mut columns = Columns::of(call);
    let given = if call.count & !FLAGS == UNPACKED {
        columns.json().as_array().unwrap().clone()
    } else if function.is_declared {
        declared(function, call.count, &mut columns)
    } else {
        let count = usize::from(call.count & !FLAGS);
        (0..count).map(|_| number(columns.double())).collect()
    };
    if columns.texts.next().is_some() || columns.buffers.next().is_some() {
        return Err("more columns than arguments".to_owned());
    }
    if given == expected {
        Ok(())
    } else {
        Err(format!("{given:?} instead of {expected:?}")
            .chars()
            .take(1000)
            .collect())
    }
}

fn declared(function: &Function, count: u8, columns: &mut Columns) -> Vec<Value> {
    let all = usize::from(count & !FLAGS);
    let mask = if count & HOLES == 0 {
        u64::MAX
    } else {
        // A double, like every cell of a number.
        let mask = columns.double();
        (0..32)
            .filter(|bit| mask / 2_f64.powi(*bit) % 2.0 >= 1.0)
            .map(|bit| 1 << bit)
            .sum()
    };
    let arguments = function.arguments.iter().enumerate().take(all);
    arguments
        .map(|(index, argument)| {
            if mask >> index & 1 == 0 {
                json!({ "$undefined": true })
            } else {
                columns.next(&argument.kind)
            }
        })
        .collect()
}

/// A double, so that -0 differs from 0, and 3.0 equals 3.
fn number(value: f64) -> Value {
    json!({ "$number": value.to_bits() })
}

fn bigint(digits: &Value) -> Value {
    json!({ "$bigint": digits.as_str().unwrap() })
}

fn of_model(value: Model) -> Value {
    match value {
        Model::Null => Value::Null,
        Model::Boolean(boolean) => json!(boolean),
        Model::Number(token) => number(token.parse().unwrap()),
        Model::String(string) => json!(string),
        Model::Array(all) => all.into_iter().map(of_model).collect(),
        Model::Object(members) => {
            let members = members.into_iter();
            Value::Object(members.map(|(name, each)| (name, of_model(each))).collect())
        }
    }
}

/// JSON whose numbers are doubles.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(each) => number(each.as_f64().unwrap()),
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(all) => {
            let members = all.iter().map(|(name, each)| (name.clone(), plain(each)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The tagged JSON of a case in the same form.
fn normal(value: &Value) -> Value {
    let Some((tag, content)) = value.as_object().and_then(|members| members.iter().next()) else {
        return match value {
            Value::Array(all) => all.iter().map(normal).collect(),
            other => plain(other),
        };
    };
    match &**tag {
        "$bigint" => json!({ "$bigint": text(content) }),
        "$number" => number(content.as_str().unwrap().parse().unwrap()),
        "$string" => json!(text(content)),
        "$bytes" => json!({ "$bytes": from_base64(content.as_str().unwrap()) }),
        "$float64" => {
            let all = list(content).into_iter();
            let all = all.map(|each| number(each.as_str().unwrap().parse().unwrap()));
            json!({ "$float64": all.collect::<Vec<_>>() })
        }
        "$int64" => json!({ "$int64": list(content) }),
        "$array" => list(value).iter().map(normal).collect(),
        "$undefined" => value.clone(),
        _ => {
            let members = value.as_object().unwrap().iter();
            let members = members.map(|(name, each)| (name.clone(), normal(each)));
            Value::Object(members.collect())
        }
    }
}

/// An array, or the same element many times.
fn list(value: &Value) -> Vec<Value> {
    if let Some(all) = value.as_array() {
        return all.clone();
    }
    let times = value["times"].as_u64().unwrap().try_into().unwrap();
    vec![value["$array"].clone(); times]
}
