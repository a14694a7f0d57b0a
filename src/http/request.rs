//! A valid request for one of several functions: what `routes` may ask about it.
//!
//! Made by `head` for a server of functions by name, and gone once `routes` has made a plan of it.

use httparse::Header;

use super::fields::{Fields, UNKNOWN_EXPECTATION};
use super::site::CROSS_SITE;
use super::{Action, Head, Media, Methods, OTHER_SCHEME, Refusal, target};

/// A valid request, borrowed from the bytes that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// How the request and its response are framed.
    pub head: Head<()>,
    /// The path, still percent-encoded, without the query. Empty if there is none.
    pub path: &'a [u8],
    pub(super) method: &'a [u8],
    pub(super) judged: &'a Fields,
    pub(super) fields: &'a [Header<'a>],
    pub(super) health: Option<&'a str>,
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

    /// The declared type of its body.
    #[must_use]
    pub fn media(&self) -> Media {
        self.judged.media
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
