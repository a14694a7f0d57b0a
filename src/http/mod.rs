//! HTTP/1.1 as bytes: requests are parsed and responses are encoded. No sockets here.
//!
//! `connection` calls it, and `routes` looks at the requests that it finds. Nothing in here does
//! I/O, keeps a request's bytes, knows a function's name or allocates for a `POST /<integer>`.
//!
//! Invariant: what a request means depends on its bytes alone, never on how they were cut into
//! pieces. Whatever RFC 9112 calls ambiguous is refused, and the connection is closed.

mod body;
mod date;
mod document;
mod empty_lines;
mod encode;
mod fields;
mod grammar;
mod head;
mod host;
mod media;
mod methods;
mod problem;
mod request;
mod site;
mod status;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use body::{Body, EXTENSION_BYTES_MAX, Progress, Sink};
pub use date::Date;
pub use document::Document;
pub use empty_lines::{EMPTY_LINES_MAX, EmptyLines};
pub use encode::{
    MESSAGE_BYTES_MAX, Response, encode_continue, encode_digits, encode_document, encode_error,
    encode_json, encode_preflight, encode_problem, encode_response, encode_value,
};
pub use grammar::decode_unreserved;
pub use head::{FIELDS_MAX, parse_head, parse_request};
pub use media::Media;
pub use methods::Methods;
pub use problem::{Code, ENTRIES_MAX, Entry, Problem};
pub use request::Request;
pub use site::{Origins, Reader};
pub use status::Status;
pub use target::OTHER_SCHEME;

/// The settings that determine how requests are read.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The longest head, and the longest trailer section, that is read.
    pub head_bytes_max: usize,
    /// The longest body that is read.
    pub body_bytes_max: u64,
    /// True exactly when the handler takes integers beyond ±(2^53 − 1).
    pub bigint: bool,
    /// The origins whose pages may call.
    pub origins: Origins,
    /// The path at which clients ask for the server's health, if there is one.
    pub health: Option<Arc<str>>,
    /// How errors are written.
    pub errors: Errors,
}

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Errors {
    /// One sentence of `text/plain`.
    #[default]
    Sentences,
    /// A document of `application/problem+json`.
    Problems,
}

/// Why a request is not run: the answer's status, and one sentence for the person who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Always 4xx or 5xx.
    pub status: Status,
    /// The kind of error.
    pub code: Code,
    /// Says what to change, and nothing about how the server works inside.
    pub message: &'static str,
}

/// What to do about one well-framed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Hand this integer to the handler.
    Call(i64),
    /// Answer a CORS preflight: a page may send a request with one of these methods.
    Preflight(Methods),
    /// Ask for the server's health.
    AskHealth,
    /// Refuse it. The framing is valid, so the connection may stay open.
    Refuse(Refusal),
}

/// Where a request's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no body: no length was given, or `Content-Length: 0`.
    Empty,
    /// As many bytes as `Content-Length` says, never zero.
    Length(u64),
    /// Chunks, RFC 9112 section 7.1.
    Chunked,
}

/// How the response to one request must be framed. By default it is the connection's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct ResponseFraming {
    /// True exactly when the connection stays open after the answer.
    pub keep_alive: bool,
    /// True: the client has said that it sends nothing after this request (RFC 9112 section 9.6).
    pub is_last: bool,
    /// True exactly when the request was HTTP/1.0: a connection that stays open must be announced.
    pub http10: bool,
    /// True exactly when the request was a HEAD: the answer has no body.
    pub head_only: bool,
    /// Which page may read the answer.
    pub reader: Reader,
}

impl BodyFraming {
    /// True: there is no body.
    #[must_use]
    pub fn is_empty(self) -> bool {
        matches!(self, Self::Empty | Self::Length(0))
    }

    /// The length, if it is known.
    #[must_use]
    pub fn length(self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Length(length) => Some(length),
            Self::Chunked => None,
        }
    }
}

impl ResponseFraming {
    /// The framing that nearly every request asks for.
    pub const ORDINARY: Self = Self {
        keep_alive: true,
        is_last: false,
        http10: false,
        head_only: false,
        reader: Reader::Unsaid,
    };

    /// The same for an answer after which the connection closes, although the client may send more.
    #[must_use]
    pub fn cut(self) -> Self {
        Self {
            keep_alive: false,
            is_last: false,
            ..self
        }
    }

    /// The framing for a head that is refused before it is understood: the connection closes. Only
    /// the request's method can be known.
    #[must_use]
    pub fn start_of_head(bytes: &[u8]) -> Self {
        Self {
            head_only: bytes.starts_with(b"HEAD "),
            ..Self::default()
        }
    }
}

/// A complete request head and, if that is known, what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<A = Action> {
    /// Bytes of the input that the head took.
    pub length: usize,
    /// How to frame the response.
    pub response: ResponseFraming,
    /// Where the body that follows ends.
    pub body: BodyFraming,
    /// True exactly when the client waits for a `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// What to do.
    pub action: A,
}

impl Refusal {
    /// A refusal of the usual kind for its status.
    #[must_use]
    pub const fn new(status: Status, message: &'static str) -> Self {
        Self {
            status,
            code: Code::of(status),
            message,
        }
    }

    /// The same with another kind.
    #[must_use]
    pub const fn of(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// True: the request is refused whatever its fields, arguments and body are, and this error is
    /// reported before any about them.
    #[must_use]
    pub fn precedes_arguments(&self) -> bool {
        self.status.precedes_arguments()
    }
}
