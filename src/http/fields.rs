//! The header fields that determine framing and the connection.
//!
//! `head` passes the fields that httparse has found. Fields that are not named here are ignored.
//!
//! Invariant: the length of a body comes from one field, and is unambiguous.

use super::media::Declared;
use super::site::{Origins, Page, Site};
use super::{BodyFraming, Media, Refusal, Status, grammar, host};
use httparse::Header;

const NO_HOST: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "An HTTP/1.1 request needs a Host header.",
);
const TWO_HOSTS: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A request must have only one Host header.",
);
const NOT_A_HOST: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The Host header must be a host, with or without a port.",
);
const NOT_A_LENGTH: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "Content-Length must be a single decimal number of bytes.",
);
const TWO_LENGTHS: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A request must have only one Content-Length.",
);
const BOTH_FRAMINGS: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A request must not have both a Content-Length and a Transfer-Encoding.",
);
const CHUNKED_IN_HTTP10: Refusal =
    Refusal::new(Status::BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding.");
const NOT_CHUNKED_ONCE: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "Transfer-Encoding must name chunked exactly once, as the last coding.",
);
const UNKNOWN_CODING: Refusal = Refusal::new(
    Status::NOT_IMPLEMENTED,
    "The only Transfer-Encoding that this server supports is chunked.",
);
pub(super) const UNKNOWN_EXPECTATION: Refusal = Refusal::new(
    Status::EXPECTATION_FAILED,
    "The only expectation that this server supports is 100-continue.",
);

/// What the fields of one head say.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Fields {
    pub(super) framing: BodyFraming,
    /// As `Connection` says, or the version's default.
    pub(super) keep_alive: bool,
    /// The client sends nothing after this request.
    pub(super) is_last: bool,
    pub(super) expects_continue: bool,
    /// The request has an expectation that we do not know, and is refused whatever its target is.
    pub(super) expects_unknown: bool,
    /// Where a browser's request comes from.
    pub(super) site: Site,
    /// The declared type of the body.
    pub(super) media: Media,
}

/// What was read so far, line by line.
struct Lines<'a> {
    host: Option<&'a [u8]>,
    content_length: Option<u64>,
    codings: Codings,
    persistence: Persistence,
    expectation: Expectation,
    page: Page<'a>,
    declared: Declared<'a>,
}

/// All Transfer-Encoding lines as one list, RFC 9110 section 5.3.
#[derive(Clone, Copy)]
enum Codings {
    Absent,
    /// Only `chunked`.
    Chunked,
    /// Other codings, without `chunked`.
    Unknown,
    /// Other codings, then `chunked`.
    UnknownThenChunked,
    /// `chunked` twice, or before another coding.
    ChunkedNotLast,
}

/// What the Connection lines ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Persistence {
    Default,
    KeepAlive,
    Close,
}

/// What the Expect lines ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectation {
    Absent,
    Continue,
    Unknown,
}

/// Judges the fields of one head.
///
/// The connection cannot go on after an `Err`.
pub(super) fn parse(fields: &[Header], http10: bool, origins: &Origins) -> Result<Fields, Refusal> {
    let mut lines = Lines {
        host: None,
        content_length: None,
        codings: Codings::Absent,
        persistence: Persistence::Default,
        expectation: Expectation::Absent,
        page: Page::NONE,
        declared: Declared::NOTHING,
    };
    for field in fields {
        let name = field.name.as_bytes();
        // Few names have one of these lengths by chance, so most fields cost one comparison.
        match name.len() {
            4 if grammar::is_named(name, b"host") => lines.host(field.value)?,
            6 if grammar::is_named(name, b"expect") => lines.expect(field.value),
            6 if grammar::is_named(name, b"origin") => lines.page.origin(field.value),
            10 if grammar::is_named(name, b"connection") => lines.connection(field.value),
            12 if grammar::is_named(name, b"content-type") => {
                lines.declared.content_type(field.value);
            }
            14 if grammar::is_named(name, b"content-length") => {
                lines.content_length(field.value)?;
            }
            14 if grammar::is_named(name, b"sec-fetch-site") => {
                lines.page.fetch_site(field.value);
            }
            16 if grammar::is_named(name, b"content-encoding") => {
                lines.declared.content_encoding(field.value);
            }
            17 if grammar::is_named(name, b"transfer-encoding") => {
                lines.codings.add(field.value)?;
            }
            29 if grammar::is_named(name, b"access-control-request-method") => {
                lines.page.asks_for_method();
            }
            _ => {}
        }
    }
    lines.judge(http10, origins)
}

impl<'a> Lines<'a> {
    /// RFC 9112 section 3.2: one line, valid, or 400.
    fn host(&mut self, value: &'a [u8]) -> Result<(), Refusal> {
        if self.host.replace(value).is_some() {
            return Err(TWO_HOSTS);
        }
        if host::is_valid(value) {
            Ok(())
        } else {
            Err(NOT_A_HOST)
        }
    }

    /// RFC 9110 section 8.6: digits only, no sign. A second line, or a list, is refused even if it
    /// repeats the first: the section permits that, and no honest client sends it.
    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.content_length.is_some() {
            return Err(TWO_LENGTHS);
        }
        if value.is_empty() {
            return Err(NOT_A_LENGTH);
        }
        let length = value.iter().try_fold(0_u64, |length, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            length.checked_mul(10)?.checked_add(digit)
        });
        self.content_length = Some(length.ok_or(NOT_A_LENGTH)?);
        Ok(())
    }

    /// RFC 9112 section 9.3. Other options name fields that this server does not read.
    fn connection(&mut self, value: &[u8]) {
        for option in grammar::list(value) {
            if option.eq_ignore_ascii_case(b"close") {
                self.persistence = Persistence::Close;
            } else if option.eq_ignore_ascii_case(b"keep-alive")
                && self.persistence == Persistence::Default
            {
                self.persistence = Persistence::KeepAlive;
            }
        }
    }

    /// RFC 9110 section 10.1.1.
    fn expect(&mut self, value: &[u8]) {
        for expectation in grammar::list(value).filter(|expectation| !expectation.is_empty()) {
            if !expectation.eq_ignore_ascii_case(b"100-continue") {
                self.expectation = Expectation::Unknown;
            } else if self.expectation == Expectation::Absent {
                self.expectation = Expectation::Continue;
            }
        }
    }

    fn judge(&self, http10: bool, origins: &Origins) -> Result<Fields, Refusal> {
        // RFC 9112 section 3.2: only HTTP/1.0, which had no Host, may leave it out.
        if self.host.is_none() && !http10 {
            return Err(NO_HOST);
        }
        let framing = self.framing(http10)?;
        let has_body = framing != BodyFraming::Empty;
        // RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored; and without a body there
        // is nothing to wait for.
        let expectation = if http10 {
            Expectation::Absent
        } else {
            self.expectation
        };
        let keep_alive = match self.persistence {
            Persistence::Default => !http10,
            Persistence::KeepAlive => true,
            Persistence::Close => false,
        };
        let is_unknown = expectation == Expectation::Unknown;
        // The client may send the body or not, since we do not know what it waits for.
        let end_is_known = !(is_unknown && has_body);
        Ok(Fields {
            framing,
            keep_alive: keep_alive && end_is_known,
            is_last: !keep_alive && end_is_known,
            expects_continue: expectation == Expectation::Continue && has_body,
            expects_unknown: is_unknown,
            site: self.page.judge(self.host, origins),
            media: self.declared.media(),
        })
    }

    /// RFC 9112 section 6.3. Where it leaves a choice, we refuse.
    fn framing(&self, http10: bool) -> Result<BodyFraming, Refusal> {
        match (self.codings, self.content_length) {
            (Codings::Absent, None | Some(0)) => Ok(BodyFraming::Empty),
            (Codings::Absent, Some(length)) => Ok(BodyFraming::Length(length)),
            (_, Some(_)) => Err(BOTH_FRAMINGS),
            // Section 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing.
            _ if http10 => Err(CHUNKED_IN_HTTP10),
            (Codings::Chunked, None) => Ok(BodyFraming::Chunked),
            // If `chunked` is last, we know where the body ends but not its coding: 501, section
            // 6.1. Otherwise we do not even know where it ends: 400.
            (Codings::UnknownThenChunked, None) => Err(UNKNOWN_CODING),
            (Codings::Unknown | Codings::ChunkedNotLast, None) => Err(NOT_CHUNKED_ONCE),
        }
    }
}

impl Codings {
    /// RFC 9112 section 7: chunked has no parameters. Other lists may have empty elements. Here
    /// they are refused: they are a known way to make two servers disagree.
    fn add(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for coding in grammar::list(value) {
            if !grammar::is_token(coding) {
                return Err(NOT_CHUNKED_ONCE);
            }
            *self = match (*self, coding.eq_ignore_ascii_case(b"chunked")) {
                (Self::Absent, true) => Self::Chunked,
                (Self::Unknown, true) => Self::UnknownThenChunked,
                (Self::Absent | Self::Unknown, false) => Self::Unknown,
                _ => Self::ChunkedNotLast,
            };
        }
        Ok(())
    }
}
