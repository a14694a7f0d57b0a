//! Reads a request's body to the byte, so that the next request on the connection parses.
//!
//! `connection` makes a `Body` from a head's framing and shows it the bytes that arrive until it is
//! complete. The data goes to a [`Sink`], which most often drops it.
//!
//! Invariant: every byte that is not chunk data is checked against the grammar of RFC 9112
//! section 7.1 one by one, so the verdict cannot depend on how the bytes were cut into pieces.

use super::grammar::{self, FIELD, QUOTED, TOKEN};
use super::{BodyFraming, Refusal, Rules, Status};

/// Bytes of chunk extensions that one body may have. We ignore them, and RFC 9112 section 7.1.1
/// wants ignored ones limited.
pub const EXTENSION_BYTES_MAX: usize = 1024;

/// Digits of a chunk size: as many as 64 bits have.
const SIZE_DIGITS_MAX: u8 = 16;

const TOO_LONG: Refusal = Refusal::new(
    Status::CONTENT_TOO_LARGE,
    "The request body is longer than this server accepts.",
);
const NOT_A_SIZE: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A chunk size must be a hexadecimal number of up to 64 bits.",
);
const NOT_AN_EXTENSION: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A chunk extension must be a name, or a name=value pair.",
);
const EXTENSIONS_TOO_LONG: Refusal = Refusal::new(
    Status::CONTENT_TOO_LARGE,
    "The chunk extensions are longer than this server accepts.",
);
const NOT_A_LINE_END: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "Every chunk must end in a carriage return and a line feed.",
);
const NOT_A_TRAILER: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A trailer line must be a name, a colon and a value.",
);
const TRAILERS_TOO_LONG: Refusal = Refusal::new(
    Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The trailer section is longer than this server accepts.",
);

/// Where the data of a body goes.
pub trait Sink {
    /// Takes some more data. After an `Err` nothing more may be read from the connection.
    fn take(&mut self, data: &[u8]) -> Result<(), Refusal>;
}

/// Drops it.
#[derive(Debug, Clone, Copy)]
struct Skip;

impl Sink for Skip {
    #[inline]
    fn take(&mut self, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }
}

/// How far one body has been read.
#[derive(Debug, Clone)]
pub struct Body {
    state: State,
    /// Bytes of data still to come in this chunk, or in a body with a length.
    remaining: u64,
    /// Bytes of data that later chunks may still have.
    allowance: u64,
    extension_bytes_left: usize,
    trailer_bytes_left: usize,
}

/// What one call has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes belonged to the body; the rest is the next request's.
    pub consumed: usize,
    /// True exactly when the body has ended.
    pub complete: bool,
}

/// What the next byte may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Data of a body with a Content-Length.
    Counted,
    Size {
        digits: u8,
    },
    /// After whitespace behind a size or a value: only another extension can follow.
    BeforeExtension,
    /// After `;` and whitespace.
    ExtensionStart,
    ExtensionName,
    /// After whitespace behind a name.
    AfterExtensionName,
    /// After `=` and whitespace.
    ValueStart,
    Value,
    QuotedValue,
    QuotedPair,
    AfterQuotedValue,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLineFeed,
    LastLineFeed,
    Complete,
}

impl Body {
    /// None if there is no body to read.
    pub fn new(framing: BodyFraming, rules: &Rules) -> Result<Option<Self>, Refusal> {
        let (state, remaining) = match framing {
            BodyFraming::Empty | BodyFraming::Length(0) => return Ok(None),
            BodyFraming::Length(length) if length > rules.body_bytes_max => return Err(TOO_LONG),
            BodyFraming::Length(length) => (State::Counted, length),
            BodyFraming::Chunked => (State::Size { digits: 0 }, 0),
        };
        Ok(Some(Self {
            state,
            remaining,
            allowance: rules.body_bytes_max,
            extension_bytes_left: EXTENSION_BYTES_MAX,
            trailer_bytes_left: rules.head_bytes_max,
        }))
    }

    /// Reads the start of these bytes that belongs to the body, and gives its data to `sink`.
    ///
    /// After an `Err` nothing more may be read from the connection.
    pub fn read(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<Progress, Refusal> {
        let mut consumed = 0;
        while consumed < bytes.len() && self.state != State::Complete {
            let rest = &bytes[consumed..];
            consumed += match self.state {
                State::Counted => self.read_data(rest, State::Complete, sink)?,
                State::Data => self.read_data(rest, State::DataReturn, sink)?,
                _ => {
                    self.state = self.step(rest[0])?;
                    1
                }
            };
        }
        Ok(Progress {
            consumed,
            complete: self.state == State::Complete,
        })
    }

    /// The same, with the data dropped.
    pub fn skip(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
        self.read(bytes, &mut Skip)
    }

    fn read_data(
        &mut self,
        bytes: &[u8],
        then: State,
        sink: &mut impl Sink,
    ) -> Result<usize, Refusal> {
        let here = usize::try_from(self.remaining).map_or(bytes.len(), |n| n.min(bytes.len()));
        sink.take(&bytes[..here])?;
        self.remaining -= here as u64;
        if self.remaining == 0 {
            self.state = then;
        }
        Ok(here)
    }

    /// The state after one byte of the chunked coding that is not data.
    fn step(&mut self, byte: u8) -> Result<State, Refusal> {
        match self.state {
            State::Size { digits } => self.size(byte, digits),
            State::SizeLineFeed => match (byte, self.remaining) {
                (b'\n', 0) => Ok(State::TrailerStart),
                (b'\n', _) => Ok(State::Data),
                _ => Err(NOT_A_LINE_END),
            },
            State::DataReturn if byte == b'\r' => Ok(State::DataLineFeed),
            State::DataLineFeed if byte == b'\n' => Ok(State::Size { digits: 0 }),
            State::DataReturn | State::DataLineFeed => Err(NOT_A_LINE_END),
            State::TrailerStart
            | State::TrailerName
            | State::TrailerValue
            | State::TrailerLineFeed
            | State::LastLineFeed => self.trailer(byte),
            state => self.extension(state, byte),
        }
    }

    /// chunk-size is 1*HEXDIG: no sign, no prefix, no space.
    fn size(&mut self, byte: u8, digits: u8) -> Result<State, Refusal> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if digits == SIZE_DIGITS_MAX {
                return Err(NOT_A_SIZE);
            }
            self.remaining = self.remaining << 4 | u64::from(digit);
            return Ok(State::Size { digits: digits + 1 });
        }
        if digits == 0 || !matches!(byte, b'\r' | b';' | b' ' | b'\t') {
            return Err(NOT_A_SIZE);
        }
        self.allowance = self.allowance.checked_sub(self.remaining).ok_or(TOO_LONG)?;
        self.extension(State::Value, byte)
    }

    /// *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) up to the end of the line.
    fn extension(&mut self, state: State, byte: u8) -> Result<State, Refusal> {
        if byte == b'\r' && ends_extension(state) {
            return Ok(State::SizeLineFeed);
        }
        self.extension_bytes_left = self
            .extension_bytes_left
            .checked_sub(1)
            .ok_or(EXTENSIONS_TOO_LONG)?;
        let is_blank = matches!(byte, b' ' | b'\t');
        let is_token = grammar::is(byte, TOKEN);
        match state {
            State::ExtensionStart | State::ValueStart if is_blank => Ok(state),
            State::ExtensionStart | State::ExtensionName if is_token => Ok(State::ExtensionName),
            State::ExtensionName | State::AfterExtensionName if is_blank => {
                Ok(State::AfterExtensionName)
            }
            State::ExtensionName | State::AfterExtensionName if byte == b'=' => {
                Ok(State::ValueStart)
            }
            State::ValueStart | State::Value if is_token => Ok(State::Value),
            State::ValueStart if byte == b'"' => Ok(State::QuotedValue),
            State::QuotedValue if byte == b'"' => Ok(State::AfterQuotedValue),
            State::QuotedValue if byte == b'\\' => Ok(State::QuotedPair),
            State::QuotedValue if grammar::is(byte, QUOTED) => Ok(state),
            State::QuotedPair if grammar::is(byte, FIELD) => Ok(State::QuotedValue),
            State::ExtensionName
            | State::AfterExtensionName
            | State::Value
            | State::AfterQuotedValue
            | State::BeforeExtension
                if byte == b';' =>
            {
                Ok(State::ExtensionStart)
            }
            State::Value | State::AfterQuotedValue | State::BeforeExtension if is_blank => {
                Ok(State::BeforeExtension)
            }
            _ => Err(NOT_AN_EXTENSION),
        }
    }

    /// *( field-line CRLF ) CRLF, RFC 9112 section 7.1.2. A trailer field may be discarded,
    /// whatever its name is: it cannot change the framing any more.
    fn trailer(&mut self, byte: u8) -> Result<State, Refusal> {
        self.trailer_bytes_left = self
            .trailer_bytes_left
            .checked_sub(1)
            .ok_or(TRAILERS_TOO_LONG)?;
        match (self.state, byte) {
            (State::TrailerStart, b'\r') => Ok(State::LastLineFeed),
            (State::LastLineFeed, b'\n') => Ok(State::Complete),
            (State::TrailerStart | State::TrailerName, _) if grammar::is(byte, TOKEN) => {
                Ok(State::TrailerName)
            }
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLineFeed),
            (State::TrailerValue, _) if grammar::is(byte, FIELD) => Ok(State::TrailerValue),
            (State::TrailerLineFeed, b'\n') => Ok(State::TrailerStart),
            _ => Err(NOT_A_TRAILER),
        }
    }
}

/// Whether the line may end here.
fn ends_extension(state: State) -> bool {
    matches!(
        state,
        State::ExtensionName | State::Value | State::AfterQuotedValue
    )
}
