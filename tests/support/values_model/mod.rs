//! The rules of arguments once more, as plainly as they can be put: characters one by one, whole
//! trees of values, digits moved by hand, nothing shared with `values` but its public types.
//!
//! The property tests and the fuzz targets demand that `values` and this model agree on every input.
//! Where they do not, one of the two has misread docs/functions.md.

mod doubles;
mod integer;
mod json;
mod taken;
#[path = "../tape.rs"]
mod tape;

use integer::{BIGINT_DIGITS_MAX, Integer};
use ringcall::values::{self, Argument, Signature, Type};

pub(crate) use json::Value;
pub(crate) use taken::{Given, Verdict, agree};

/// A function with a signature such as `a: int, b?: string`; `None` is an undeclared one.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) arguments: Option<Vec<Argument>>,
    pub(crate) fewest: usize,
}

impl Function {
    pub(crate) fn declared(arguments: &str) -> Self {
        let parse = |argument: &str| {
            let (name, kind) = argument.split_once(": ").expect("a name and a type");
            Argument {
                name: name.trim_end_matches('?').into(),
                kind: Type::named(kind).expect("a type"),
                is_optional: name.ends_with('?'),
                field: (kind == "header").then(|| "h".into()),
            }
        };
        let arguments = arguments
            .split(", ")
            .filter(|argument| !argument.is_empty());
        Self {
            arguments: Some(arguments.map(parse).collect()),
            fewest: 0,
        }
    }

    pub(crate) fn undeclared(fewest: usize) -> Self {
        Self {
            arguments: None,
            fewest,
        }
    }

    pub(crate) fn signature(&self) -> Signature {
        match &self.arguments {
            Some(arguments) => Signature::declared("f", arguments.clone()),
            None => Signature::undeclared("f", self.fewest),
        }
    }

    /// The arguments that are not header fields, with their indices.
    fn positions(&self) -> Vec<(usize, &Argument)> {
        let arguments = self.arguments.iter().flatten().enumerate();
        arguments
            .filter(|(_, argument)| argument.kind != Type::Header)
            .collect()
    }
}

/// The outcome that a JSON body should have.
pub(crate) fn body(function: &Function, body: &[u8]) -> Verdict {
    let Some(value) = json::parse(body) else {
        return Verdict::NotJson;
    };
    let Some(arguments) = &function.arguments else {
        return undeclared_body(function, value);
    };
    if !is_finite(function, &value) {
        return Verdict::NotJson;
    }
    let mut reading = Reading::new(arguments.len());
    let positions = function.positions();
    match value {
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                match positions.get(position) {
                    Some((index, argument)) => {
                        reading.take(*index, argument.kind, value, &format!("#/{position}"));
                    }
                    None if position == positions.len() => reading.fault(format!("#/{position}")),
                    None => {}
                }
            }
            for (position, (_, argument)) in positions.iter().enumerate().skip(values.len()) {
                reading.miss(argument, format!("#/{position}"));
            }
            reading.verdict(false)
        }
        Value::Object(members) => {
            for (key, value) in &members {
                let pointer = pointer(key);
                match positions
                    .iter()
                    .find(|(_, argument)| *argument.name == **key)
                {
                    Some((index, argument)) => reading.take(*index, argument.kind, value, &pointer),
                    None => reading.fault(pointer),
                }
            }
            for (_, argument) in &positions {
                if members.iter().all(|(key, _)| **key != *argument.name) {
                    reading.miss(argument, pointer(&argument.name));
                }
            }
            reading.verdict(true)
        }
        _ => Verdict::Refused(Vec::new()),
    }
}

fn undeclared_body(function: &Function, value: Value) -> Verdict {
    if !value.is_finite() {
        return Verdict::NotJson;
    }
    match value {
        Value::Array(values) => undeclared(function, &values, Vec::new()),
        Value::Object(members) if members.is_empty() => undeclared(function, &[], Vec::new()),
        _ => Verdict::Refused(Vec::new()),
    }
}

fn undeclared(function: &Function, values: &[Value], mut faults: Vec<String>) -> Verdict {
    faults.extend((values.len()..function.fewest).map(|missing| format!("#/{missing}")));
    if values.len() > values::UNDECLARED_ARGUMENTS_MAX {
        faults.push(format!("#/{}", values::UNDECLARED_ARGUMENTS_MAX));
    }
    if !faults.is_empty() {
        return Verdict::Refused(faults);
    }
    let numbers = values
        .iter()
        .map(Value::double)
        .collect::<Option<Vec<f64>>>();
    match numbers.filter(|numbers| numbers.len() <= values::ARGUMENTS_MAX) {
        Some(numbers) => {
            let given = numbers
                .into_iter()
                .map(|number| Given::Cell(number.to_bits()));
            Verdict::Taken(false, given.map(Some).collect())
        }
        None => Verdict::Unpacked(values.iter().map(Value::in_doubles).collect()),
    }
}

/// The outcome that the rest of a path behind the name should have; it is not empty.
pub(crate) fn path(function: &Function, path: &[u8]) -> Verdict {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let segments: Vec<Option<Vec<u8>>> = path.split(|byte| *byte == b'/').map(decode).collect();
    let Some(arguments) = &function.arguments else {
        return undeclared_path(function, &segments);
    };
    let mut reading = Reading::new(arguments.len());
    let positions = function.positions();
    for (position, segment) in segments.iter().enumerate() {
        let pointer = format!("#/{position}");
        match positions.get(position) {
            Some((index, argument)) => {
                let value = segment
                    .as_ref()
                    .and_then(|segment| of_segment(argument.kind, segment));
                match value {
                    Some(value) => reading.take(*index, argument.kind, &value, &pointer),
                    None => reading.fault(pointer),
                }
            }
            None if position == positions.len() => reading.fault(pointer),
            None => {}
        }
    }
    for (position, (_, argument)) in positions.iter().enumerate().skip(segments.len()) {
        reading.miss(argument, format!("#/{position}"));
    }
    reading.verdict(false)
}

fn undeclared_path(function: &Function, segments: &[Option<Vec<u8>>]) -> Verdict {
    let (mut values, mut faults) = (Vec::new(), Vec::new());
    for (position, segment) in segments.iter().enumerate() {
        match segment {
            _ if position >= values::UNDECLARED_ARGUMENTS_MAX => values.push(Value::Null),
            Some(segment) => match json::parse(segment).filter(Value::is_finite) {
                Some(value) => values.push(value),
                None => return Verdict::NotJson,
            },
            None => {
                faults.push(format!("#/{position}"));
                values.push(Value::Null);
            }
        }
    }
    undeclared(function, &values, faults)
}

/// The segment's bytes, if there are any and they are UTF-8.
fn decode(segment: &[u8]) -> Option<Vec<u8>> {
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < segment.len() {
        if segment[at] == b'%' {
            let digits = segment.get(at + 1..at + 3)?;
            let is_hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
            let digits = str::from_utf8(digits).ok().filter(|_| is_hexadecimal)?;
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            decoded.push(segment[at]);
            at += 1;
        }
    }
    (!decoded.is_empty() && str::from_utf8(&decoded).is_ok()).then_some(decoded)
}

/// The value that a segment would be in a body, for types that have a form in a path.
fn of_segment(kind: Type, segment: &[u8]) -> Option<Value> {
    let text = str::from_utf8(segment).ok()?.to_owned();
    let token = || match json::parse(segment) {
        Some(Value::Number(token)) if token == text => Some(Value::Number(token)),
        _ => None,
    };
    match kind {
        Type::String => Some(Value::String(text)),
        Type::Boolean if text == "true" => Some(Value::Boolean(true)),
        Type::Boolean if text == "false" => Some(Value::Boolean(false)),
        Type::Number | Type::Float32 => token().filter(Value::is_finite),
        Type::Int | Type::Int32 | Type::Int64 | Type::Bigint if integer::is_digits(&text) => {
            // In a body, such digits are in a string, or, for an int, not allowed.
            let negative = text.starts_with('-');
            let digits = text.trim_start_matches('-').trim_start_matches('0');
            let digits = if digits.is_empty() { "0" } else { digits };
            let sign = if negative { "-" } else { "" };
            Some(Value::Number(format!("{sign}{digits}")))
        }
        Type::Int | Type::Int32 | Type::Int64 | Type::Bigint => token(),
        _ => None,
    }
}

/// True if every number is finite, apart from those read from their digits.
fn is_finite(function: &Function, value: &Value) -> bool {
    let positions = function.positions();
    let is_finite = |argument: Option<&(usize, &Argument)>, value: &Value| {
        let kind = argument.map(|(_, argument)| argument.kind);
        match (kind, value) {
            (Some(Type::Int64 | Type::Bigint), Value::Number(_)) => true,
            (Some(Type::Int64s | Type::Bigints), Value::Array(values)) => {
                let is_number = |value: &Value| matches!(value, Value::Number(_));
                values
                    .iter()
                    .all(|value| is_number(value) || value.is_finite())
            }
            _ => value.is_finite(),
        }
    };
    match value {
        Value::Array(values) => {
            let mut values = values.iter().enumerate();
            values.all(|(position, value)| is_finite(positions.get(position), value))
        }
        Value::Object(members) => members.iter().all(|(key, value)| {
            let argument = positions
                .iter()
                .find(|(_, argument)| *argument.name == **key);
            is_finite(argument, value)
        }),
        other => other.is_finite(),
    }
}

/// A JSON pointer (RFC 6901), with at most 64 characters of a name.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("#/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The arguments read so far, and the places of faults.
struct Reading {
    given: Vec<Option<Given>>,
    faults: Vec<String>,
    added_digits: usize,
}

impl Reading {
    fn new(count: usize) -> Self {
        Self {
            given: vec![None; count],
            faults: Vec::new(),
            added_digits: 0,
        }
    }

    fn fault(&mut self, pointer: String) {
        self.faults.push(pointer);
    }

    fn miss(&mut self, argument: &Argument, pointer: String) {
        if !argument.is_optional {
            self.fault(pointer);
        }
    }

    fn take(&mut self, index: usize, kind: Type, value: &Value, pointer: &str) {
        let element = match kind {
            Type::Ints => Type::Int,
            Type::Numbers => Type::Number,
            Type::Int64s => Type::Int64,
            Type::Bigints => Type::Bigint,
            Type::Booleans => Type::Boolean,
            Type::Strings => Type::String,
            _ => {
                self.given[index] = self.one(kind, value);
                if self.given[index].is_none() {
                    self.fault(pointer.to_owned());
                }
                return;
            }
        };
        let Value::Array(values) = value else {
            self.fault(pointer.to_owned());
            return;
        };
        let mut taken = Vec::new();
        for (at, value) in values.iter().enumerate() {
            match self.one(element, value) {
                Some(given) => taken.push(given),
                None => self.fault(format!("{pointer}/{at}")),
            }
        }
        self.given[index] = Some(Given::array(kind, taken));
    }

    fn one(&mut self, kind: Type, value: &Value) -> Option<Given> {
        let integer = |value: &Value| match value {
            Value::Number(token) => Integer::of(token),
            Value::String(text)
                if !matches!(kind, Type::Int | Type::Int32) && integer::is_digits(text) =>
            {
                Integer::of(text)
            }
            _ => None,
        };
        match kind {
            Type::Int => {
                let value = integer(value)?.as_i64()?;
                let is_safe = value.unsigned_abs() < 1 << 53;
                #[expect(clippy::cast_precision_loss, reason = "a safe integer is exact")]
                is_safe.then(|| Given::Cell((value as f64).to_bits()))
            }
            Type::Int32 => {
                let value: i32 = integer(value)?.as_i64()?.try_into().ok()?;
                Some(Given::Cell(f64::from(value).to_bits()))
            }
            Type::Float32 => {
                let number = value.double()?;
                // Through its decimals, which identify it, so that no tie is broken twice.
                let nearest: f32 = number.to_string().parse().ok()?;
                let is_within = number.abs() <= f64::from(f32::MAX);
                is_within.then(|| Given::Cell(f64::from(nearest).to_bits()))
            }
            Type::Int64 => Some(Given::Cell(integer(value)?.as_i64()?.cast_unsigned())),
            Type::Bigint => {
                let digits = integer(value)?.text();
                if digits.trim_start_matches('-').len() > BIGINT_DIGITS_MAX {
                    return None;
                }
                let came = match value {
                    Value::Number(text) | Value::String(text) => text.len(),
                    _ => 0,
                };
                let added = digits.len().saturating_sub(came);
                self.added_digits += added;
                let is_too_much = added > 0 && self.added_digits > 32 * BIGINT_DIGITS_MAX;
                (!is_too_much).then_some(Given::Text(Value::String(digits)))
            }
            Type::Number => Some(Given::Cell(value.double()?.to_bits())),
            Type::Boolean => match value {
                Value::Boolean(word) => Some(Given::Cell(f64::from(u8::from(*word)).to_bits())),
                _ => None,
            },
            Type::String => match value {
                Value::String(_) => Some(Given::Text(value.clone())),
                _ => None,
            },
            Type::Json => Some(Given::Text(value.in_doubles())),
            Type::Bytes => match value {
                Value::String(text) => taken::base64(text).map(Given::Buffer),
                _ => None,
            },
            _ => None,
        }
    }

    fn verdict(mut self, is_by_name: bool) -> Verdict {
        if !self.faults.is_empty() {
            return Verdict::Refused(self.faults);
        }
        while let Some(None) = self.given.last() {
            self.given.pop();
        }
        Verdict::Taken(is_by_name, self.given)
    }
}
