//! The arguments taken from a request: columns read back, so that they can be compared.

use std::collections::VecDeque;

use ringcall::values::{
    self, Argument, Arguments, BY_NAME, Code, ENTRIES_MAX, Fault, HOLES, Rest, Type, UNPACKED,
};

use super::{Function, Value, json, tape};

/// The outcome that a request should have, or has.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    NotJson,
    /// The arguments do not fit, at these places.
    Refused(Vec<String>),
    /// Whether sent by name, and the arguments up to the last one given.
    Taken(bool, Vec<Option<Given>>),
    /// All arguments of an undeclared function.
    Unpacked(Vec<Value>),
}

/// One argument, as it crosses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Cell(u64),
    Text(Value),
    Buffer(Vec<u8>),
}

impl Given {
    /// An array of elements that have been taken one by one.
    pub(super) fn array(kind: Type, elements: Vec<Given>) -> Self {
        if let Type::Numbers | Type::Int64s = kind {
            let cells = elements.iter().flat_map(|element| match element {
                Self::Cell(bits) => bits.to_le_bytes(),
                other => panic!("{other:?} is not a number"),
            });
            return Self::Buffer(cells.collect());
        }
        let value = |element| match element {
            Self::Cell(bits) if kind == Type::Booleans => {
                Value::Boolean(f64::from_bits(bits) > 0.5)
            }
            Self::Cell(bits) => Value::Number(f64::from_bits(bits).to_string()),
            Self::Text(value) => value,
            Self::Buffer(_) => panic!("no array has bytes as elements"),
        };
        Self::Text(Value::Array(elements.into_iter().map(value).collect()))
    }
}

impl Verdict {
    /// The arguments, read by the function's signature.
    pub(crate) fn of(function: &Function, read: Result<Arguments, Fault>) -> Self {
        let arguments = match read {
            Ok(arguments) => arguments,
            Err(Fault {
                code: Code::NotJson,
                detail,
                ..
            }) => {
                assert!(detail.ends_with(")."), "{detail}");
                return Self::NotJson;
            }
            Err(Fault { entries, .. }) => {
                let pointers = entries.into_iter().map(|entry| entry.pointer);
                return Self::Refused(pointers.collect());
            }
        };
        let mut columns = Columns::of(&arguments);
        let verdict = match &function.arguments {
            Some(declared) => columns.declared(arguments.count, declared),
            None if arguments.count == UNPACKED => match columns.take_json() {
                Value::Array(values) => Self::Unpacked(values),
                other => panic!("{other:?} is not an array"),
            },
            None => {
                let cells = columns.cells.drain(..usize::from(arguments.count));
                Self::Taken(false, cells.map(Given::Cell).map(Some).collect())
            }
        };
        columns.end();
        verdict
    }

    /// Whether both agree. A full list of faults stands for a longer one.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refused(some), Self::Refused(others)) => {
                let count = some.len().min(others.len());
                let is_cut = some.len() != others.len();
                some[..count] == others[..count] && (!is_cut || count == ENTRIES_MAX)
            }
            _ => self == other,
        }
    }
}

struct Columns {
    cells: VecDeque<u64>,
    text: VecDeque<Value>,
    buffers: VecDeque<Vec<u8>>,
}

impl Columns {
    fn of(arguments: &Arguments) -> Self {
        let none = Rest::default();
        let Rest {
            cells,
            text,
            buffers,
            ..
        } = arguments.rest.as_deref().unwrap_or(&none);
        let cells = arguments.cells.iter().chain(cells).copied().collect();
        let values = match text.strip_suffix(b",") {
            Some(elements) => json::parse(&[b"[", elements, b"]"].concat()).expect("it is JSON"),
            None => Value::Array(Vec::new()),
        };
        let Value::Array(values) = values else {
            panic!("{values:?} is not an array")
        };
        Self {
            cells,
            text: values.into(),
            buffers: buffers.clone().into(),
        }
    }

    fn declared(&mut self, count: u8, arguments: &[Argument]) -> Verdict {
        let is_by_name = count & BY_NAME != 0;
        let mut given = u32::MAX;
        if count & HOLES != 0 {
            let mask = f64::from_bits(self.cells.pop_front().expect("it has a mask"));
            given = mask.to_string().parse().expect("it is a mask of 32 bits");
        }
        let count = usize::from(count & !(BY_NAME | HOLES));
        let mut values = Vec::new();
        for (index, argument) in arguments[..count].iter().enumerate() {
            let is_given = given >> index & 1 == 1;
            values.push(is_given.then(|| self.take(argument.kind)));
        }
        Verdict::Taken(is_by_name, values)
    }

    fn take(&mut self, kind: Type) -> Given {
        match kind {
            Type::Int
            | Type::Number
            | Type::Int32
            | Type::Float32
            | Type::Int64
            | Type::Boolean => Given::Cell(self.cells.pop_front().expect("it has a cell")),
            Type::Bytes | Type::Numbers | Type::Int64s => {
                Given::Buffer(self.buffers.pop_front().expect("it has a buffer"))
            }
            Type::Json => Given::Text(self.take_json()),
            _ => Given::Text(self.text.pop_front().expect("it has a value")),
        }
    }

    /// A JSON value, whose cell tells whether it is on a tape.
    fn take_json(&mut self) -> Value {
        let cell = self.cells.pop_front().expect("it has a cell");
        if cell == 0 {
            let value = self.text.pop_front().expect("it has a value");
            return value.in_doubles();
        }
        assert_eq!(cell, 1f64.to_bits());
        let tape = self.buffers.pop_front().expect("it has a tape");
        let mut long = || match self.text.pop_front() {
            Some(Value::String(string)) => string,
            other => panic!("{other:?} is no long string"),
        };
        tape::read(&tape, &mut long)
    }

    fn end(self) {
        assert!(self.cells.iter().all(|cell| *cell == 0), "no cell is left");
        assert!(
            self.text.is_empty() && self.buffers.is_empty(),
            "nothing is left"
        );
    }
}

/// RFC 4648 section 4, bit by bit.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let unpadded = text.trim_end_matches('=');
    if !text.chars().count().is_multiple_of(4) || text.len() - unpadded.len() > 2 {
        return None;
    }
    let mut bits = Vec::new();
    for character in unpadded.chars() {
        let value = alphabet.find(character)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (bytes, rest) = bits.split_at(bits.len() / 8 * 8);
    if rest.len() >= 6 || rest.contains(&1) {
        return None;
    }
    let byte = |eight: &[usize]| eight.iter().fold(0, |byte, bit| byte * 2 + bit);
    bytes
        .chunks(8)
        .map(|eight| u8::try_from(byte(eight)).ok())
        .collect()
}

/// Reads the input, and compares the outcome with the model's.
#[track_caller]
pub(crate) fn agree(function: &Function, input: &[u8], is_path: bool) -> Verdict {
    let signature = function.signature();
    let headers = values::Headers::default();
    let (read, expected) = if is_path {
        (
            values::from_path(&signature, input, &headers),
            super::path(function, input),
        )
    } else {
        (
            values::from_body(&signature, input, &headers),
            super::body(function, input),
        )
    };
    if let Ok(Arguments {
        rest: Some(rest), ..
    }) = &read
    {
        let bound = 12 * input.len() + 1024 + 32 * 4096 * 2;
        assert!(
            rest.memory() <= bound,
            "{} bytes for {}",
            rest.memory(),
            input.len()
        );
    }
    let verdict = Verdict::of(function, read);
    assert!(
        verdict.agrees_with(&expected),
        "{verdict:?}, but {expected:?} of {function:?} and {}",
        input.escape_ascii()
    );
    verdict
}
