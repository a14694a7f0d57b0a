//! The rules of the wire once more, as plainly as they can be put: a byte at a time, no tables, no
//! shortcuts, nothing shared with the parser but its types.
//!
//! The property tests and the fuzz targets demand that the parser and this model agree on every
//! input. Where they do not, one of the two has misread the RFC.

mod authority;
mod body;
mod head;
mod site;

pub(crate) use body::body;
pub(crate) use head::head;

use ringcall::http::{
    Action, BodyFraming, EmptyLines, Head, Refusal, ResponseFraming, Rules,
    parse_head as parse_only,
};

/// The parser's result for the empty lines at the start of the input and the head behind them.
pub(crate) fn parse_head(input: &[u8], rules: &Rules) -> Result<Option<Head>, Refusal> {
    let skipped = EmptyLines::default().skip(input)?;
    if skipped == input.len() {
        return Ok(None);
    }
    let head = parse_only(&input[skipped..], rules)?;
    Ok(head.map(|head| Head {
        length: skipped + head.length,
        ..head
    }))
}

/// The outcome that a head should have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Partial,
    /// Answered with this status, then closed.
    Closes(u16),
    Request {
        length: usize,
        response: ResponseFraming,
        body: BodyFraming,
        expects_continue: bool,
        answer: Answer,
    },
}

/// The outcome that a well-framed request should have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Call(i64),
    Preflight,
    AskHealth,
    Refuse(u16),
}

impl From<Result<Option<Head>, Refusal>> for Verdict {
    fn from(parsed: Result<Option<Head>, Refusal>) -> Self {
        match parsed {
            Ok(None) => Self::Partial,
            Err(refusal) => Self::Closes(refusal.status.code()),
            Ok(Some(head)) => Self::Request {
                length: head.length,
                response: head.response,
                body: head.body,
                expects_continue: head.expects_continue,
                answer: match head.action {
                    Action::Call(integer) => Answer::Call(integer),
                    Action::Preflight(_) => Answer::Preflight,
                    Action::AskHealth => Answer::AskHealth,
                    Action::Refuse(refusal) => Answer::Refuse(refusal.status.code()),
                },
            },
        }
    }
}

/// The outcome that a body should have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    Partial,
    Closes(u16),
    /// Complete after this many bytes.
    Complete(usize),
}

/// Why reading stopped short of the end.
enum Stop {
    OutOfBytes,
    Close(u16),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<u8, Stop> {
        let byte = *self.bytes.get(self.at).ok_or(Stop::OutOfBytes)?;
        self.at += 1;
        Ok(byte)
    }

    fn expect(&mut self, expected: u8) -> Result<(), Stop> {
        if self.next()? == expected {
            Ok(())
        } else {
            Err(Stop::Close(400))
        }
    }

    /// The bytes up to the delimiter, which is taken too, provided that all of them are allowed.
    fn until(&mut self, delimiter: u8, may: fn(u8) -> bool) -> Result<Vec<u8>, Stop> {
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                byte if byte == delimiter => return Ok(bytes),
                byte if may(byte) => bytes.push(byte),
                _ => return Err(Stop::Close(400)),
            }
        }
    }
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
