//! What a function takes: its arguments' names and types or, if they are not declared, how many.
//!
//! JavaScript has parsed and checked the signature's text, and `binding` makes this of it at the
//! start.
//!
//! Invariant: a signature does not change. Header arguments have no position in a path or an array.

use super::columns::ARGUMENTS_MAX;
use super::numbers::Unfit;
use super::quote;

/// The most arguments of a function without declared types.
pub const UNDECLARED_ARGUMENTS_MAX: usize = 64;

/// The type of one argument. A name of `types` is `Json` here; its schema runs in JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A safe integer.
    Int,
    /// A finite double.
    Number,
    /// An integer of 32 bits: WebAssembly's `i32`, which signatures in JavaScript do not have.
    Int32,
    /// A double that is rounded to 32 bits: WebAssembly's `f32`, which signatures in JavaScript do
    /// not have.
    Float32,
    /// An integer of 64 bits, exact.
    Int64,
    /// An integer of at most 4096 digits.
    Bigint,
    /// `true` or `false`.
    Boolean,
    /// Text without lone surrogates.
    String,
    /// Any JSON value.
    Json,
    /// The whole body if no other argument is in it, else base64.
    Bytes,
    /// The value of a request's header field.
    Header,
    /// `int[]`
    Ints,
    /// `number[]`
    Numbers,
    /// `int64[]`
    Int64s,
    /// `bigint[]`
    Bigints,
    /// `boolean[]`
    Booleans,
    /// `string[]`
    Strings,
}

/// One declared argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name in the signature.
    pub name: Box<str>,
    /// Its type.
    pub kind: Type,
    /// True exactly when it may be left out.
    pub is_optional: bool,
    /// The header field that it is, in lower case; only of `Type::Header`.
    pub field: Option<Box<str>>,
}

/// What a function takes.
#[derive(Debug, Clone)]
pub struct Signature {
    pub(super) name: Box<str>,
    /// Empty if nothing is declared.
    pub(super) arguments: Box<[Known]>,
    /// The indices of the arguments that are no header fields, in their order in paths and arrays.
    pub(super) positions: Box<[usize]>,
    headers: Box<[(usize, Box<str>)]>,
    /// The number of required arguments if nothing is declared.
    pub(super) fewest: usize,
    pub(super) is_declared: bool,
}

/// A declared argument, prepared for the look-up.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) name: Box<str>,
    /// The name as the scanner writes a key: ASCII, escaped, in quotes.
    key: Box<[u8]>,
    pub(super) kind: Type,
    pub(super) is_optional: bool,
}

impl Type {
    /// The type of this name, in a signature or in lib/.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "int" => Self::Int,
            "number" => Self::Number,
            "int32" => Self::Int32,
            "float32" => Self::Float32,
            "int64" => Self::Int64,
            "bigint" => Self::Bigint,
            "boolean" => Self::Boolean,
            "string" => Self::String,
            "json" => Self::Json,
            "bytes" => Self::Bytes,
            "header" => Self::Header,
            "int[]" => Self::Ints,
            "number[]" => Self::Numbers,
            "int64[]" => Self::Int64s,
            "bigint[]" => Self::Bigints,
            "boolean[]" => Self::Booleans,
            "string[]" => Self::Strings,
            _ => return None,
        })
    }

    pub(super) fn is_array(self) -> bool {
        use Type::{Bigints, Booleans, Int64s, Ints, Numbers, Strings};
        matches!(self, Ints | Numbers | Int64s | Bigints | Booleans | Strings)
    }

    /// What a value has to be, for the message of a refusal.
    pub(super) fn demand(self, unfit: Unfit) -> &'static str {
        match (self, unfit) {
            (Self::Int, Unfit::Range) => "must be an int, within ±(2^53 − 1)",
            (Self::Int, _) => "must be an int",
            (Self::Int32, _) => "must be an integer from -2147483648 to 2147483647",
            (Self::Float32, Unfit::Range) => {
                "must be a number from -3.4028234663852886e38 to 3.4028234663852886e38"
            }
            (Self::Number | Self::Float32, _) => "must be a number",
            (Self::Int64, Unfit::Range) => "must be an int64, from −2^63 to 2^63 − 1",
            (Self::Int64, _) => {
                "must be an int64: an integer, as a number or as a string of digits"
            }
            (Self::Bigint, Unfit::Range) => "must have at most 4096 digits",
            (Self::Bigint, Unfit::Expansion) => {
                "must be written out: exponents have added too many digits already"
            }
            (Self::Bigint, Unfit::Kind) => {
                "must be a bigint: an integer, as a number or as a string of digits"
            }
            (Self::Boolean, _) => "must be true or false",
            (Self::String, _) => "must be a string",
            (Self::Json, _) => "must be a JSON value",
            (Self::Bytes, _) => "must be a string of base64, padded (RFC 4648 section 4)",
            (Self::Header, _) => "must be a header field",
            (Self::Ints, _) => "must be an array of int",
            (Self::Numbers, _) => "must be an array of number",
            (Self::Int64s, _) => "must be an array of int64",
            (Self::Bigints, _) => "must be an array of bigint",
            (Self::Booleans, _) => "must be an array of boolean",
            (Self::Strings, _) => "must be an array of string",
        }
    }
}

impl Signature {
    /// The signature of a function whose arguments have names and types, in their order.
    ///
    /// # Panics
    ///
    /// If there are more than `ARGUMENTS_MAX`, which JavaScript refuses at the start.
    #[must_use]
    pub fn declared(name: &str, arguments: Vec<Argument>) -> Self {
        assert!(arguments.len() <= ARGUMENTS_MAX, "a mask holds them");
        let indices = 0..arguments.len();
        let is_header = |index: &usize| arguments[*index].kind == Type::Header;
        let positions = indices.filter(|index| !is_header(index)).collect();
        let fields = arguments.iter().map(|argument| argument.field.clone());
        let headers = fields.enumerate();
        let headers = headers.filter_map(|(index, field)| Some((index, field?)));
        Self {
            name: name.into(),
            positions,
            headers: headers.collect(),
            arguments: arguments.into_iter().map(Known::new).collect(),
            fewest: 0,
            is_declared: true,
        }
    }

    /// The signature of a function of which only the number of required arguments is known.
    #[must_use]
    pub fn undeclared(name: &str, fewest: usize) -> Self {
        Self {
            name: name.into(),
            arguments: Box::default(),
            positions: Box::default(),
            headers: Box::default(),
            fewest,
            is_declared: false,
        }
    }

    /// The function's name, in paths and in messages about its arguments.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True exactly when the only argument besides header fields is `bytes`: it is the whole body,
    /// of any media type.
    #[must_use]
    pub fn takes_raw_body(&self) -> bool {
        matches!(*self.positions, [index] if self.arguments[index].kind == Type::Bytes)
    }

    /// The header arguments: the index of each, and the field that it is, in lower case.
    pub fn header_fields(&self) -> impl Iterator<Item = (usize, &str)> {
        self.headers.iter().map(|(index, field)| (*index, &**field))
    }

    /// The key of the argument, in quotes, if it may be named. A header field may not.
    #[inline]
    pub(super) fn key_of(&self, index: usize) -> Option<&[u8]> {
        let known = self.arguments.get(index)?;
        (known.kind != Type::Header).then_some(&*known.key)
    }

    /// The argument that has this key, which is without quotes.
    pub(super) fn index_of(&self, key: &[u8]) -> Option<usize> {
        let is_it = |known: &Known| known.is(key) && known.kind != Type::Header;
        self.arguments.iter().position(is_it)
    }

    /// True exactly when the key is that of a header argument.
    pub(super) fn is_header(&self, key: &[u8]) -> bool {
        let is_it = |known: &Known| known.is(key) && known.kind == Type::Header;
        self.arguments.iter().any(is_it)
    }

    /// The position of the argument in a path or an array; `None` for a header field.
    pub(super) fn position_of(&self, index: usize) -> Option<usize> {
        self.positions.iter().position(|at| *at == index)
    }
}

impl Known {
    fn is(&self, key: &[u8]) -> bool {
        self.key.len() == key.len() + 2 && self.key[1..].starts_with(key)
    }

    fn new(argument: Argument) -> Self {
        let mut key = vec![b'"'];
        quote::push_ascii(&mut key, &argument.name);
        key.push(b'"');
        Self {
            key: key.into(),
            name: argument.name,
            kind: argument.kind,
            is_optional: argument.is_optional,
        }
    }
}
