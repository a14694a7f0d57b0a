//! Responses as bytes, appended to the output.
//!
//! `connection` calls these in the order of the requests. Each call appends one whole response, or
//! all of it except a body that may be too long to be copied.
//!
//! Invariant: the Content-Length is the length of the body that follows, or that would follow if
//! the request were no HEAD. Of what a handler says, only checked fields get into the head.

use super::{
    Code, Date, Document, Errors, Methods, Origins, Problem, Reader, ResponseFraming, Rules,
    Status, problem,
};

/// Bytes of an error's message that are sent. The message may come from a handler, and should be
/// one sentence.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// Bytes of a response besides those that are counted where it is encoded.
const HEAD_BYTES_SPARE: usize = 256;

/// Answers 200 with an integer.
#[inline]
pub fn encode_value(
    out: &mut Vec<u8>,
    value: i64,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    encode_digits(
        out,
        itoa::Buffer::new().format(value),
        framing,
        date,
        origins,
    );
}

/// The same for an integer of any length.
#[inline]
pub fn encode_digits(
    out: &mut Vec<u8>,
    digits: &str,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    // Reserved once, so that no copy below has to grow the vector.
    out.reserve(HEAD_BYTES_SPARE + digits.len());
    out.extend_from_slice(date.value_head());
    push_length(out, digits.len());
    end_head(out, framing, origins);
    if !framing.head_only {
        out.extend_from_slice(digits.as_bytes());
    }
}

/// The head of a `200` whose body is `length` bytes of JSON. The caller sends the body.
pub fn encode_json(
    out: &mut Vec<u8>,
    length: usize,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    out.reserve(HEAD_BYTES_SPARE);
    out.extend_from_slice(date.value_head());
    push_length(out, length);
    end_head(out, framing, origins);
}

/// A response with a status, fields and a body of its own. Encoding adds the date and the framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// From 200 to 599.
    pub status: Status,
    /// Whole header lines, each with the line end before it. They have been checked, and none is
    /// about framing or about the connection.
    pub fields: Vec<u8>,
    /// Empty if the status allows no body.
    pub body: Vec<u8>,
}

/// The head of a response. The caller sends the body, if there is one.
pub fn encode_response(
    out: &mut Vec<u8>,
    response: &Response,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    out.reserve(HEAD_BYTES_SPARE + response.fields.len());
    push_status(out, response.status);
    out.extend_from_slice(b"\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    out.extend_from_slice(&response.fields);
    // RFC 9110 sections 8.6, 15.3.5 and 15.3.6.
    if !matches!(response.status, Status::NO_CONTENT | Status::NOT_MODIFIED) {
        out.extend_from_slice(b"\r\nContent-Length: ");
        push_length(out, response.body.len());
    }
    end_head(out, framing, origins);
}

/// Answers with an error and one sentence about it.
pub fn encode_error(
    out: &mut Vec<u8>,
    status: Status,
    code: Code,
    message: &str,
    framing: ResponseFraming,
    date: &Date,
    rules: &Rules,
) {
    // RFC 9110 section 6.4.1: such answers have no content; an error always has.
    debug_assert!(status.code() >= 400, "an error has a 4xx or 5xx status");
    let sentence = first(message, MESSAGE_BYTES_MAX);
    if rules.errors == Errors::Problems {
        let mut body = Vec::new();
        if sentence.is_empty() {
            problem::write_plain(&mut body, status, &format!("{}.", status.reason()), code);
        } else {
            problem::write_plain(&mut body, status, sentence, code);
        }
        return push_problem(out, status, code, &body, framing, date, &rules.origins);
    }
    let sentence = if sentence.is_empty() {
        status.reason()
    } else {
        sentence
    };
    out.reserve(HEAD_BYTES_SPARE + sentence.len());
    push_status(out, status);
    out.extend_from_slice(b"\r\nContent-Type: text/plain; charset=utf-8\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    push_advice(out, status, code);
    out.extend_from_slice(b"\r\nContent-Length: ");
    push_length(out, sentence.len() + 1);
    end_head(out, framing, &rules.origins);
    if !framing.head_only {
        // A handler's message may contain line ends and other controls; the body stays one line of
        // text.
        out.extend(
            sentence
                .bytes()
                .map(|byte| if byte.is_ascii_control() { b' ' } else { byte }),
        );
        out.push(b'\n');
    }
}

/// Answers with a problem and its particulars.
pub fn encode_problem(
    out: &mut Vec<u8>,
    problem: &Problem,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    let mut body = Vec::new();
    problem.write(&mut body);
    push_problem(
        out,
        problem.status,
        problem.code,
        &body,
        framing,
        date,
        origins,
    );
}

fn push_problem(
    out: &mut Vec<u8>,
    status: Status,
    code: Code,
    body: &[u8],
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    out.reserve(HEAD_BYTES_SPARE + body.len());
    push_status(out, status);
    out.extend_from_slice(b"\r\nContent-Type: application/problem+json\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    push_advice(out, status, code);
    out.extend_from_slice(b"\r\nContent-Length: ");
    push_length(out, body.len());
    end_head(out, framing, origins);
    if !framing.head_only {
        out.extend_from_slice(body);
    }
}

/// `HTTP/1.1`, the status and its phrase.
fn push_status(out: &mut Vec<u8>, status: Status) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(itoa::Buffer::new().format(status.code()).as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.reason().as_bytes());
}

/// The fields that tell a client what to do about an error.
fn push_advice(out: &mut Vec<u8>, status: Status, code: Code) {
    let (field, value) = match (status, code) {
        // RFC 9110 section 15.5.6 requires it.
        (Status::METHOD_NOT_ALLOWED, Code::Method(methods)) => ("\r\nAllow: ", methods.as_str()),
        (Status::METHOD_NOT_ALLOWED, _) => ("\r\nAllow: ", Methods::Call.as_str()),
        // Sections 15.5.16, 12.5.1 and 12.5.3.
        (Status::UNSUPPORTED_MEDIA_TYPE, Code::MediaType) => (
            "\r\nAccept: application/json",
            "\r\nAccept-Encoding: identity",
        ),
        (Status::SERVICE_UNAVAILABLE, _) => ("\r\nRetry-After: ", "1"),
        _ => return,
    };
    out.extend_from_slice(field.as_bytes());
    out.extend_from_slice(value.as_bytes());
}

/// The head of an answer with a document, or of a 304 if it `is_known` to the client. The caller
/// sends the document's text, unless it is known or the request was a HEAD.
///
/// Unlike a function's answer, a cache may store this one for one page and give it to another. So
/// if every page may read it, it says so to all clients; and if that depends on the page, it says
/// that, too.
pub fn encode_document(
    out: &mut Vec<u8>,
    document: &Document,
    is_known: bool,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    let head = if is_known {
        &document.head_known
    } else {
        &document.head
    };
    out.reserve(HEAD_BYTES_SPARE + head.len());
    out.extend_from_slice(head);
    out.extend_from_slice(date.as_bytes());
    let reader = match (framing.reader, origins) {
        (_, Origins::Any) => Reader::Any,
        (Reader::Unsaid, Origins::Listed(_)) => {
            out.extend_from_slice(b"\r\nVary: Origin");
            Reader::Unsaid
        }
        (reader, _) => reader,
    };
    end_head(out, ResponseFraming { reader, ..framing }, origins);
}

/// Answers 204 to a browser that asks whether a page may call.
///
/// A page whose origin is named may send any header that it sets itself; `*` does not stand for
/// Authorization, nor for anything in older browsers. Cookies are not allowed.
pub fn encode_preflight(
    out: &mut Vec<u8>,
    methods: Methods,
    framing: ResponseFraming,
    date: &Date,
    origins: &Origins,
) {
    out.extend_from_slice(b"HTTP/1.1 204 No Content\r\nDate: ");
    out.extend_from_slice(date.as_bytes());
    out.extend_from_slice(b"\r\nAccess-Control-Allow-Methods: ");
    out.extend_from_slice(methods.as_str().as_bytes());
    out.extend_from_slice(
        b"\r\nAccess-Control-Allow-Headers: Authorization, Content-Type, *\
          \r\nAccess-Control-Max-Age: 7200",
    );
    end_head(out, framing, origins);
}

/// `100 Continue`, for a request whose client waits for it (RFC 9110 section 10.1.1).
pub fn encode_continue(out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[inline]
fn push_length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(digit @ 0..=9) => out.push(b'0' + digit),
        _ => out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes()),
    }
}

/// Ends the line of the last field and the head.
#[inline]
fn end_head(out: &mut Vec<u8>, framing: ResponseFraming, origins: &Origins) {
    if framing.reader != Reader::Unsaid {
        push_reader(out, framing.reader, origins);
    }
    // RFC 9112 section 9.3: by default a connection stays open with HTTP/1.1, and closes with
    // HTTP/1.0.
    match (framing.keep_alive, framing.http10) {
        (true, false) => out.extend_from_slice(b"\r\n\r\n"),
        (true, true) => out.extend_from_slice(b"\r\nConnection: keep-alive\r\n\r\n"),
        (false, _) => out.extend_from_slice(b"\r\nConnection: close\r\n\r\n"),
    }
}

/// Allows a page to read the answer, including its fields, and tells caches that this depends on
/// the page.
#[cold]
fn push_reader(out: &mut Vec<u8>, reader: Reader, origins: &Origins) {
    out.extend_from_slice(b"\r\nAccess-Control-Expose-Headers: *");
    match (reader, origins) {
        (Reader::Any, _) => out.extend_from_slice(b"\r\nAccess-Control-Allow-Origin: *"),
        (Reader::Listed(index), Origins::Listed(listed)) => {
            out.extend_from_slice(b"\r\nAccess-Control-Allow-Origin: ");
            out.extend_from_slice(listed[usize::from(index)].as_bytes());
            out.extend_from_slice(b"\r\nVary: Origin");
        }
        _ => {}
    }
}

/// The text up to a limit, cut between characters.
fn first(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
