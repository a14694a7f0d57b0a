//! What is wrong with a request, in a form that programs read: `application/problem+json`, RFC
//! 9457.
//!
//! A server of functions by name answers every error with one. `routes` makes the problems about
//! arguments; a [`Refusal`] is a problem without entries. `encode` writes both.
//!
//! Invariant: a problem says what was expected and where. Of what was sent it repeats only the
//! names of arguments that do not exist.

use std::borrow::Cow;

use super::{Methods, Refusal, Status};

/// Entries that one problem may have.
pub const ENTRIES_MAX: usize = 16;

/// The kinds of problems: a closed list, documented in docs/functions.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Not a valid HTTP request.
    Request,
    /// A body, or an argument in the path, that is not valid JSON.
    NotJson,
    /// Arguments that do not match the signature.
    Arguments,
    /// A request from a page of another site.
    CrossSite,
    /// No function has that name.
    UnknownFunction,
    /// A method that the path does not accept.
    Method(Methods),
    /// The request did not arrive in time.
    RequestTimeout,
    /// A body over its limit.
    BodyTooLarge,
    /// A head over its limit.
    HeadTooLarge,
    /// A body that is not declared as JSON, or that is encoded.
    MediaType,
    /// An expectation other than `100-continue`.
    Expectation,
    /// A URI whose scheme is not http.
    Scheme,
    /// The function refused the request.
    Refused,
    /// The function failed.
    Failed,
    /// The server is overloaded.
    Overloaded,
    /// The function, or the answer about the server's health, took too long.
    Timeout,
    /// The answer about the server's health: it is not well.
    Unavailable,
    /// Another version of HTTP.
    Version,
}

impl Code {
    /// The kind as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "ERR_REQUEST",
            Self::NotJson => "ERR_NOT_JSON",
            Self::Arguments => "ERR_ARGUMENTS",
            Self::CrossSite => "ERR_CROSS_SITE",
            Self::UnknownFunction => "ERR_UNKNOWN_FUNCTION",
            Self::Method(_) => "ERR_METHOD",
            Self::RequestTimeout => "ERR_REQUEST_TIMEOUT",
            Self::BodyTooLarge => "ERR_BODY_TOO_LARGE",
            Self::HeadTooLarge => "ERR_HEAD_TOO_LARGE",
            Self::MediaType => "ERR_MEDIA_TYPE",
            Self::Expectation => "ERR_EXPECTATION",
            Self::Scheme => "ERR_SCHEME",
            Self::Refused => "ERR_REFUSED",
            Self::Failed => "ERR_FAILED",
            Self::Overloaded => "ERR_OVERLOADED",
            Self::Timeout => "ERR_TIMEOUT",
            Self::Unavailable => "ERR_UNAVAILABLE",
            Self::Version => "ERR_VERSION",
        }
    }

    /// The usual kind for the status of a refusal.
    pub(super) const fn of(status: Status) -> Self {
        match status.code() {
            403 => Self::CrossSite,
            404 => Self::UnknownFunction,
            405 | 501 => Self::Method(Methods::Call),
            408 => Self::RequestTimeout,
            413 => Self::BodyTooLarge,
            414 | 431 => Self::HeadTooLarge,
            415 => Self::MediaType,
            417 => Self::Expectation,
            421 => Self::Scheme,
            503 => Self::Overloaded,
            505 => Self::Version,
            _ => Self::Request,
        }
    }

    /// The kind of an error that the function itself made.
    #[must_use]
    pub fn of_function(status: Status) -> Self {
        if status.code() < 500 {
            Self::Refused
        } else {
            Self::Failed
        }
    }
}

/// A refusal with its particulars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Always 4xx or 5xx.
    pub status: Status,
    /// Its kind.
    pub code: Code,
    /// One sentence.
    pub detail: Cow<'static, str>,
    /// The errors, one by one; [`ENTRIES_MAX`] at most.
    pub entries: Vec<Entry>,
}

/// One of the errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where: a JSON Pointer in a URI fragment, RFC 6901 section 6.
    pub pointer: String,
    /// What was expected.
    pub detail: Cow<'static, str>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status,
            code: refusal.code,
            detail: Cow::Borrowed(refusal.message),
            entries: Vec::new(),
        }
    }
}

impl Problem {
    /// The same as for a refusal.
    #[must_use]
    pub fn precedes_arguments(&self) -> bool {
        self.status.precedes_arguments()
    }

    /// The document, appended to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_start(out, self.status, &self.detail, self.code);
        for (index, entry) in self.entries.iter().take(ENTRIES_MAX).enumerate() {
            out.extend_from_slice(if index == 0 { b",\"errors\":[" } else { b"," });
            out.extend_from_slice(b"{\"pointer\":");
            write_string(out, &entry.pointer);
            out.extend_from_slice(b",\"detail\":");
            write_string(out, &entry.detail);
            out.push(b'}');
        }
        out.extend_from_slice(if self.entries.is_empty() { b"}" } else { b"]}" });
    }
}

/// The document of an error without entries.
pub(super) fn write_plain(out: &mut Vec<u8>, status: Status, detail: &str, code: Code) {
    write_start(out, status, detail, code);
    out.push(b'}');
}

fn write_start(out: &mut Vec<u8>, status: Status, detail: &str, code: Code) {
    out.extend_from_slice(b"{\"type\":\"about:blank\",\"title\":\"");
    out.extend_from_slice(status.reason().as_bytes());
    out.extend_from_slice(b"\",\"status\":");
    out.extend_from_slice(itoa::Buffer::new().format(status.code()).as_bytes());
    out.extend_from_slice(b",\"detail\":");
    write_string(out, detail);
    out.extend_from_slice(b",\"code\":\"");
    out.extend_from_slice(code.as_str().as_bytes());
    out.push(b'"');
}

/// A JSON string, RFC 8259 section 7.
fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend(
                    [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]),
                );
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
