//! From bytes to a request head, or to the refusal that ends the connection.
//!
//! `connection` calls `parse_head`, or `parse_request` where there are several functions, when the
//! first bytes of a request arrive, and again once more bytes hold a line end or fill
//! `head_bytes_max`. httparse finds the tokens. Where it is lenient, we check: lines here, the
//! request-target in `target`, and the rest in `fields`.
//!
//! Invariant: a verdict on some bytes holds for every continuation of them, so it cannot depend on
//! how the bytes were cut into pieces.

use super::fields::{self, Fields, UNKNOWN_EXPECTATION};
use super::site::CROSS_SITE;
use super::{
    Action, Code, Head, Methods, Refusal, Request, ResponseFraming, Rules, Status, target,
};
use httparse::{Error, Header};
use std::mem::MaybeUninit;

/// Fields that one head may have.
pub const FIELDS_MAX: usize = 100;

const NOT_A_REQUEST_LINE: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The first line must be a method, a target and a version, such as POST /15 HTTP/1.1.",
);
const NOT_A_FIELD_LINE: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "Every header line must be a name, a colon right after it and a value, all on one line.",
);
const NOT_A_FIELD_VALUE: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "A header value must not contain control characters.",
);
pub(super) const NOT_A_LINE_END: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "Every line must end in a carriage return and a line feed.",
);
const VERSION_NOT_SUPPORTED: Refusal = Refusal::new(
    Status::HTTP_VERSION_NOT_SUPPORTED,
    "This server speaks HTTP/1.1 and HTTP/1.0.",
);
const TARGET_TOO_LONG: Refusal = Refusal::new(
    Status::URI_TOO_LONG,
    "The request line is longer than this server accepts.",
);
const HEAD_TOO_LONG: Refusal = Refusal::new(
    Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The request head is longer than this server accepts.",
);
const TOO_MANY_FIELDS: Refusal = Refusal::new(
    Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The request has more header lines than this server accepts.",
);

/// Reads one request head at the start of the input. `EmptyLines` has skipped the empty lines
/// before it.
///
/// `Ok(None)` is a partial head. After an `Err` nothing more may be read from the connection.
pub fn parse_head(input: &[u8], rules: &Rules) -> Result<Option<Head>, Refusal> {
    let mut storage = [const { MaybeUninit::<Header>::uninit() }; FIELDS_MAX];
    let split = split(input, rules, &mut storage);
    let Some(line_and_fields) = in_place(&split)? else {
        return Ok(None);
    };
    let LineAndFields { method, target, .. } = *line_and_fields;
    let on_target = target::resolve(method, target, rules)?;
    let judged = line_and_fields.judge(rules);
    let fields = in_place(&judged)?;
    let action = decide(on_target, fields, method);
    let mut head = line_and_fields.head(fields, action);
    if head.expects_continue && !matches!(action, Action::Call(_)) {
        // The client was not asked for the body, and may send it or not. So we cannot tell where
        // the next request starts.
        head.response = head.response.cut();
    }
    Ok(Some(head))
}

/// The same for functions by name, where `routes` reads the path, and fields may be arguments:
/// passes the request to `look`, which returns what to do about it.
pub fn parse_request<T>(
    input: &[u8],
    rules: &Rules,
    look: impl FnOnce(&Request) -> T,
) -> Result<Option<(Head<()>, T)>, Refusal> {
    let mut storage = [const { MaybeUninit::<Header>::uninit() }; FIELDS_MAX];
    let split = split(input, rules, &mut storage);
    let Some(line_and_fields) = in_place(&split)? else {
        return Ok(None);
    };
    let LineAndFields { method, target, .. } = *line_and_fields;
    let path = target::locate(method, target)?;
    let judged = line_and_fields.judge(rules);
    let judged = in_place(&judged)?;
    let head = line_and_fields.head(judged, ());
    let request = Request {
        head,
        path,
        method,
        judged,
        fields: line_and_fields.fields,
        health: rules.health.as_deref(),
    };
    let made = look(&request);
    Ok(Some((head, made)))
}

/// What was made, where it was made. A copy at once is slow: a processor waits for what was written
/// in small parts before it reads them together.
#[inline]
fn in_place<T>(made: &Result<T, Refusal>) -> Result<&T, Refusal> {
    made.as_ref().map_err(|refusal| *refusal)
}

/// A head whose tokens have been found.
#[derive(Clone, Copy)]
struct LineAndFields<'a> {
    length: usize,
    method: &'a [u8],
    target: &'a [u8],
    is_http10: bool,
    fields: &'a [Header<'a>],
}

impl LineAndFields<'_> {
    fn judge(&self, rules: &Rules) -> Result<Fields, Refusal> {
        fields::parse(self.fields, self.is_http10, &rules.origins)
    }

    fn head<A>(&self, fields: &Fields, action: A) -> Head<A> {
        Head {
            length: self.length,
            response: ResponseFraming {
                // After CONNECT the peer may take the connection for a tunnel.
                keep_alive: fields.keep_alive && self.method != b"CONNECT",
                is_last: fields.is_last && self.method != b"CONNECT",
                http10: self.is_http10,
                head_only: self.method == b"HEAD",
                reader: fields.site.reader,
            },
            body: fields.framing,
            expects_continue: fields.expects_continue,
            action,
        }
    }
}

/// Finds the tokens of a head; `None` while it is partial.
#[inline]
fn split<'a>(
    input: &'a [u8],
    rules: &Rules,
    storage: &'a mut [MaybeUninit<Header<'a>>; FIELDS_MAX],
) -> Result<Option<LineAndFields<'a>>, Refusal> {
    debug_assert!(!matches!(input, [b'\r' | b'\n', ..]), "no empty line");
    let window = &input[..input.len().min(rules.head_bytes_max)];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(window, storage) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return partial(window, rules).map(|()| None),
        Err(error) => return malformed(window, rules, error, request.path).map(|()| None),
    };
    let (Some(method), Some(path), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(NOT_A_REQUEST_LINE);
    };
    check_line_ends(&window[..length], request.headers)?;
    Ok(Some(LineAndFields {
        length,
        method: method.as_bytes(),
        target: path.as_bytes(),
        is_http10: minor == 0,
        fields: request.headers,
    }))
}

/// What to do about a request whose line and fields are valid, each on its own. Errors are reported
/// in this order: the method, the page that sends it, the rest.
#[inline]
fn decide(on_target: Action, fields: &Fields, method: &[u8]) -> Action {
    match on_target {
        Action::Call(_) if !fields.site.is_foreign && !fields.expects_unknown => on_target,
        _ => decide_otherwise(on_target, fields, method),
    }
}

#[cold]
fn decide_otherwise(on_target: Action, fields: &Fields, method: &[u8]) -> Action {
    match on_target {
        Action::Refuse(refusal) if method == b"OPTIONS" && fields.site.is_preflight => {
            Action::Preflight(match refusal.code {
                Code::Method(methods) => methods,
                _ => Methods::Call,
            })
        }
        Action::Refuse(refusal) if refusal.precedes_arguments() => on_target,
        // Any page may ask: the answer has nothing that the page does not know then.
        Action::AskHealth if !fields.expects_unknown => on_target,
        Action::Call(_) | Action::Refuse(_) if fields.site.is_foreign => Action::Refuse(CROSS_SITE),
        _ if fields.expects_unknown => Action::Refuse(UNKNOWN_EXPECTATION),
        _ => on_target,
    }
}

/// httparse ends a line at a bare LF too, as RFC 9112 section 2.2 permits. A proxy that does not
/// would see a different message than we do, so all line ends in the head must be CRLF.
fn check_line_ends(head: &[u8], fields: &[Header]) -> Result<(), Refusal> {
    // A field's name begins where the line before it ended.
    let is_after_crlf = |field: &Header| {
        let start = offset(head, field.name.as_bytes());
        head[..start].ends_with(b"\r\n")
    };
    if head.ends_with(b"\r\n\r\n") && fields.iter().all(is_after_crlf) {
        Ok(())
    } else {
        Err(NOT_A_LINE_END)
    }
}

/// Where the part, a slice of the whole, begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

/// The verdict on a partial head that is valid so far.
#[cold]
fn partial(window: &[u8], rules: &Rules) -> Result<(), Refusal> {
    if bare_line_feed(window).is_some() {
        Err(NOT_A_LINE_END)
    } else if window.len() < rules.head_bytes_max {
        Ok(())
    } else if window.contains(&b'\n') {
        Err(HEAD_TOO_LONG)
    } else {
        Err(TARGET_TOO_LONG)
    }
}

/// The verdict on bytes that httparse has rejected.
#[cold]
fn malformed(
    window: &[u8],
    rules: &Rules,
    error: Error,
    path: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(line_feed) = bare_line_feed(window) {
        // The error that comes first in the bytes is the one that a shorter input would show.
        let mut storage = [const { MaybeUninit::<Header>::uninit() }; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut []);
        let before = request.parse_with_uninit_headers(&window[..line_feed], &mut storage);
        if before.is_ok() {
            return Err(NOT_A_LINE_END);
        }
    }
    Err(match error {
        Error::Version => {
            // We look for a version only after a path and a space.
            let start = path.map_or(0, |path| offset(window, path.as_bytes()) + path.len() + 1);
            match refuse_version(&window[start..]) {
                Some(refusal) => refusal,
                None => return partial(window, rules),
            }
        }
        Error::HeaderName => NOT_A_FIELD_LINE,
        Error::HeaderValue => NOT_A_FIELD_VALUE,
        Error::NewLine => NOT_A_LINE_END,
        Error::TooManyHeaders => TOO_MANY_FIELDS,
        Error::Token | Error::Status => NOT_A_REQUEST_LINE,
    })
}

/// HTTP-version is `HTTP/` DIGIT `.` DIGIT, RFC 9112 section 2.3. None while it is incomplete.
fn refuse_version(bytes: &[u8]) -> Option<Refusal> {
    for (at, expected) in b"HTTP/0.0".iter().enumerate() {
        let byte = bytes.get(at)?;
        if !(byte == expected || *expected == b'0' && byte.is_ascii_digit()) {
            return Some(NOT_A_REQUEST_LINE);
        }
    }
    Some(VERSION_NOT_SUPPORTED)
}

fn bare_line_feed(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len()).find(|&at| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r'))
}
