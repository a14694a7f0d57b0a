//! A valid request for one of several functions: what `routes` may ask about it.
//!
//! Made by `head` for a server of functions by name, and gone once `routes` has made a plan of it.

use httparse::Header;

use super::fields::{Fields, UNKNOWN_EXPECTATION};
use super::site::CROSS_SITE;
use super::{Action, Head, Methods, OTHER_SCHEME, Refusal, grammar, target};

/// A valid request, borrowed from the bytes that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// How the request and its response are framed.
    pub head: Head<()>,
    /// The path, still percent-encoded, without the query. Empty if there is none.
    pub path: &'a [u8],
    pub(super) method: &'a [u8],
    pub(super) judged: Fields,
    pub(super) fields: &'a [Header<'a>],
    pub(super) health: Option<&'a str>,
}

/// The declared type of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// JSON: `application/json`, or a type that ends in `+json`; in UTF-8.
    Json,
    /// Something else, or nothing is declared, or more than one type.
    Other,
    /// Any type, with a `Content-Encoding`.
    Encoded,
}

impl<'a> Request<'a> {
    /// False: the request has no path, like `OPTIONS *`.
    #[must_use]
    pub fn has_path(&self) -> bool {
        !self.path.is_empty()
    }

    /// True: nothing that precedes the arguments keeps it from being a call.
    #[inline]
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.is_call() && !self.judged.site.is_foreign
    }

    /// The answer that precedes any error in the arguments: a refusal for the method or for the
    /// page that sends the request, or the answer to a CORS preflight. `None`: it is a call.
    #[must_use]
    pub fn admission(&self) -> Option<Action> {
        let is_foreign = self.judged.site.is_foreign;
        match (self.method, self.has_path()) {
            (b"POST", true) => is_foreign.then_some(Action::Refuse(CROSS_SITE)),
            (b"POST", false) => Some(Action::Refuse(OTHER_SCHEME)),
            _ => Some(self.on_other_method(Methods::Call)),
        }
    }

    /// True: it is a POST with a path.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.method == b"POST" && self.has_path()
    }

    /// True: it is a GET or HEAD.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.method, b"GET" | b"HEAD")
    }

    /// True: its path is that of the server's health.
    #[must_use]
    pub fn is_at_health(&self) -> bool {
        target::is_at(self.path, self.health)
    }

    /// What to do about it if its path accepts these methods, and not its own.
    #[must_use]
    pub fn on_other_method(&self, methods: Methods) -> Action {
        if self.is_preflight() {
            return Action::Preflight(methods);
        }
        let status = target::status_of(self.method);
        Action::Refuse(methods.refuse(status))
    }

    /// Why it is refused for its expectation, which precedes errors in its body.
    #[must_use]
    pub fn on_expectation(&self) -> Option<Refusal> {
        let is_unknown = self.judged.expects_unknown;
        is_unknown.then_some(UNKNOWN_EXPECTATION)
    }

    /// The declared type of its body, RFC 9110 sections 8.3 and 8.4.
    #[must_use]
    pub fn media(&self) -> Media {
        let is_plain =
            |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
        let mut encodings = self.values("content-encoding").flat_map(grammar::list);
        if !encodings.all(is_plain) {
            return Media::Encoded;
        }
        let mut types = self.values("content-type");
        match (types.next(), types.next()) {
            (Some(value), None) if is_json(value) => Media::Json,
            _ => Media::Other,
        }
    }

    /// True: it is a CORS preflight for a page whose origin is listed.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        self.method == b"OPTIONS" && self.judged.site.is_preflight
    }

    /// The values of the lines with this name, in any case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |field: &&Header<'a>| field.name.eq_ignore_ascii_case(name);
        self.fields.iter().filter(named).map(|field| field.value)
    }
}

/// `application/json`, or any type with the suffix of RFC 6839 section 3.1. Its parameters are
/// ignored (RFC 8259 section 11), except for a charset that is not UTF-8.
fn is_json(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let media = parts.next().unwrap_or_default();
    let is_other_charset = |parameter: &[u8]| {
        let (name, value) = parameter.split_at_checked(8).unwrap_or_default();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        name.eq_ignore_ascii_case(b"charset=") && !value.eq_ignore_ascii_case(b"utf-8")
    };
    is_json_type(media) && !parts.any(is_other_charset)
}

fn is_json_type(media: &[u8]) -> bool {
    if media.eq_ignore_ascii_case(b"application/json") {
        return true;
    }
    let mut halves = media.splitn(2, |byte| *byte == b'/');
    let (Some(kind), Some(name)) = (halves.next(), halves.next()) else {
        return false;
    };
    let stem = name.len().checked_sub(5).map(|at| name.split_at(at));
    let is_suffixed = |(stem, suffix): (&[u8], &[u8])| {
        grammar::is_token(stem) && suffix.eq_ignore_ascii_case(b"+json")
    };
    grammar::is_token(kind) && stem.is_some_and(is_suffixed)
}
