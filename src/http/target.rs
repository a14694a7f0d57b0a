//! The request-target: its grammar, and the integer that the path of a POST is.
//!
//! `head` is the only caller.
//!
//! Invariant: nothing but decimal digits and a `-` ever becomes a number.

use super::grammar::{self, PATH, QUERY};
use super::{Action, Methods, Refusal, Rules, Status, host};

const NOT_A_TARGET: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The request target is not a valid path or URI.",
);
const NOT_FOR_THIS_METHOD: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The request target does not have a form that this method allows.",
);
const NOT_AN_INTEGER: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The path must be one decimal integer, such as /15.",
);
const BEYOND_64_BITS: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "The integer in the path does not fit into 64 bits.",
);
const NEEDS_BIGINT: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "An integer beyond 2^53 - 1 needs a server that was started with bigint: true.",
);
/// The refusal of a URI whose scheme is not "http".
pub const OTHER_SCHEME: Refusal = Refusal::new(
    Status::MISDIRECTED_REQUEST,
    "This server answers requests for http URIs only.",
);

/// The largest magnitude that a JavaScript `number` holds exactly.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// The methods of RFC 9110 section 9.3, then the others of the registry of section 16.1.1.
const KNOWN_METHODS: &str = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL \
    BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL \
    MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH \
    UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL";

/// A valid request-target.
enum Target<'a> {
    /// The path, still encoded, without the query.
    Path(&'a [u8]),
    /// A URI whose scheme is not "http".
    OtherScheme,
    /// `*`, or the authority of a CONNECT.
    NoPath,
}

/// What to do about a request line, if the rest of the head is valid.
///
/// An `Err` means that it is no valid request line: RFC 9112 section 3.2 requires 400, and we
/// cannot tell what the bytes after it are.
#[inline]
pub(super) fn resolve(method: &[u8], target: &[u8], rules: &Rules) -> Result<Action, Refusal> {
    // By far the commonest target is just a number, and needs no further check.
    if method == b"POST"
        && let Ok(integer) = parse_integer(target)
    {
        return Ok(call(integer, rules.bigint));
    }
    resolve_otherwise(method, target, rules)
}

#[cold]
fn resolve_otherwise(method: &[u8], target: &[u8], rules: &Rules) -> Result<Action, Refusal> {
    let health = rules.health.as_deref();
    Ok(match (method, parse(method, target, Percent::Encodes)?) {
        (b"GET" | b"HEAD", Target::Path(path)) if is_at(path, health) => Action::AskHealth,
        (_, Target::Path(path)) if is_at(path, health) => {
            Action::Refuse(Methods::Read.refuse(status_of(method)))
        }
        (b"POST", Target::Path(path)) => match parse_encoded_integer(path) {
            Ok(integer) => call(integer, rules.bigint),
            Err(refusal) => Action::Refuse(refusal),
        },
        (b"POST", Target::OtherScheme) => Action::Refuse(OTHER_SCHEME),
        _ => Action::Refuse(Methods::Call.refuse(status_of(method))),
    })
}

/// The path; empty if the target has none that we serve. `Err` means the same as for `resolve`.
pub(super) fn locate<'a>(method: &[u8], target: &'a [u8]) -> Result<&'a [u8], Refusal> {
    Ok(match parse(method, target, Percent::IsAnArguments)? {
        // RFC 9112 section 3.2.1: an empty path is `/`.
        Target::Path([]) => b"/",
        Target::Path(path) => path,
        Target::OtherScheme | Target::NoPath => &[],
    })
}

fn call(integer: i64, bigint: bool) -> Action {
    if bigint || integer.unsigned_abs() <= SAFE_INTEGER_MAX {
        Action::Call(integer)
    } else {
        Action::Refuse(NEEDS_BIGINT)
    }
}

/// Who checks a `%` in the path.
#[derive(Clone, Copy)]
enum Percent {
    /// We do: two hexadecimal digits must follow, or the path is invalid.
    Encodes,
    /// The decoder of arguments, which reports what is wrong.
    IsAnArguments,
}

/// Reads the four forms of RFC 9112 section 3.2.
fn parse<'a>(method: &[u8], target: &'a [u8], percent: Percent) -> Result<Target<'a>, Refusal> {
    match (method, target) {
        (b"CONNECT", _) if host::is_valid_with_port(target) => Ok(Target::NoPath),
        (b"OPTIONS", b"*") => Ok(Target::NoPath),
        (b"CONNECT", _) | (_, b"*") => Err(NOT_FOR_THIS_METHOD),
        (_, [b'/', ..]) => parse_path_and_query(target, percent),
        _ => parse_uri(target, percent),
    }
}

/// origin-form, RFC 9112 section 3.2.1. Neither `#` nor a byte beyond ASCII belongs to it.
fn parse_path_and_query(target: &[u8], percent: Percent) -> Result<Target<'_>, Refusal> {
    let (path, query) = match target.iter().position(|&byte| byte == b'?') {
        Some(mark) => (&target[..mark], &target[mark + 1..]),
        None => (target, &target[target.len()..]),
    };
    let is_path = match percent {
        Percent::Encodes => grammar::all_in(path, PATH),
        Percent::IsAnArguments => grammar::all_in_or_percent(path, PATH),
    };
    if is_path && grammar::all_in(query, QUERY) {
        Ok(Target::Path(path))
    } else {
        Err(NOT_A_TARGET)
    }
}

/// absolute-form, RFC 9112 section 3.2.2: every server must accept it, and prefer its authority
/// over the Host field. We serve any host, so only its validity matters.
///
/// RFC 9110 section 7.4 requires that "https" be refused on an unsecured connection, and section
/// 15.5.20 has 421 for a scheme that the server does not answer for.
fn parse_uri(target: &[u8], percent: Percent) -> Result<Target<'_>, Refusal> {
    let colon = target
        .iter()
        .position(|&byte| byte == b':')
        .ok_or(NOT_A_TARGET)?;
    let (scheme, rest) = target.split_at(colon);
    let rest = rest.strip_prefix(b"://").ok_or(NOT_A_TARGET)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    let (authority, path_and_query) = rest.split_at(end.unwrap_or(rest.len()));
    // Userinfo is an error: RFC 9110 section 4.2.4.
    if !is_scheme(scheme) || !host::is_valid(authority) {
        return Err(NOT_A_TARGET);
    }
    let path = parse_path_and_query(path_and_query, percent)?;
    let is_ours = scheme.eq_ignore_ascii_case(b"http");
    Ok(if is_ours { path } else { Target::OtherScheme })
}

/// RFC 3986 section 3.1.
fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// The same for a valid path, whose digits and `-` may be percent-encoded.
fn parse_encoded_integer(path: &[u8]) -> Result<i64, Refusal> {
    if path.contains(&b'%') {
        parse_integer(&grammar::decode_unreserved(path))
    } else {
        parse_integer(path)
    }
}

/// `/`, perhaps a `-`, and digits: always decimal, however many zeros lead.
fn parse_integer(path: &[u8]) -> Result<i64, Refusal> {
    let (is_negative, digits) = match path {
        [b'/', b'-', digits @ ..] => (true, digits),
        [b'/', digits @ ..] => (false, digits),
        _ => return Err(NOT_AN_INTEGER),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NOT_AN_INTEGER);
    }
    // Accumulating downwards reaches i64::MIN, which has no positive twin.
    let magnitude = digits.iter().try_fold(0_i64, |integer, byte| {
        integer.checked_mul(10)?.checked_sub(i64::from(byte - b'0'))
    });
    let integer = if is_negative {
        magnitude
    } else {
        magnitude.and_then(i64::checked_neg)
    };
    integer.ok_or(BEYOND_64_BITS)
}

/// Whether the path is that of the server's health.
pub(super) fn is_at(path: &[u8], health: Option<&str>) -> bool {
    health.is_some_and(|health| *grammar::decode_unreserved(path) == *health.as_bytes())
}

/// The status of a refusal for the method, which may be unknown.
pub(super) fn status_of(method: &[u8]) -> Status {
    let mut known = KNOWN_METHODS.split(' ');
    if known.any(|known| known.as_bytes() == method) {
        Status::METHOD_NOT_ALLOWED
    } else {
        Status::NOT_IMPLEMENTED
    }
}
