//! The cross-site rule: the origins whose pages may send requests here by a browser, and what the
//! answers say about that (CORS, <https://fetch.spec.whatwg.org/>).
//!
//! A browser sends a page's `POST /15` to any server without asking first. So if the browser says
//! that a request comes from a page of another site, it is refused unless the option `origins`
//! lists that origin. `fields` collects what the browser says, `head` decides, `encode` writes.
//!
//! Invariant: an ambiguous request counts as another site's. Clients other than browsers send none
//! of these fields, and are not affected.

use std::sync::Arc;

use super::{Refusal, Status};

pub(super) const CROSS_SITE: Refusal = Refusal::new(
    Status::FORBIDDEN,
    "Pages of other sites may not call this server, unless its option origins names them.",
);

/// The origins whose pages may call, besides the server's own: the option `origins`. Each is
/// written as a browser writes it.
#[derive(Debug, Clone, Default)]
pub enum Origins {
    /// No other origins.
    #[default]
    None,
    /// All origins.
    Any,
    /// These origins.
    Listed(Arc<[Box<str>]>),
}

impl Origins {
    /// The named origins, or all of them for `*`.
    #[must_use]
    pub fn named(names: &[String]) -> Self {
        if names.iter().any(|name| name == "*") {
            Self::Any
        } else if names.is_empty() {
            Self::None
        } else {
            Self::Listed(names.iter().map(|name| name.as_str().into()).collect())
        }
    }
}

/// Which page may read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// The answer says nothing: only a page of the server's own origin, or a client without pages.
    #[default]
    Unsaid,
    /// Any page.
    Any,
    /// A page of the origin with this index among those listed.
    Listed(u16),
}

/// A field that should have one line.
#[derive(Clone, Copy)]
pub(super) enum Line<'a> {
    Absent,
    One(&'a [u8]),
    Several,
}

/// What a browser says about the page that a request comes from.
pub(super) struct Page<'a> {
    fetch_site: Line<'a>,
    origin: Line<'a>,
    asks_for_method: bool,
}

/// The verdict on that.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Site {
    /// The request comes from a page that may not send it.
    pub(super) is_foreign: bool,
    /// The request is a CORS preflight, and the page may send its request.
    pub(super) is_preflight: bool,
    /// Which page may read the answer.
    pub(super) reader: Reader,
}

impl<'a> Page<'a> {
    pub(super) const NONE: Self = Self {
        fetch_site: Line::Absent,
        origin: Line::Absent,
        asks_for_method: false,
    };

    /// Notes a line of `Sec-Fetch-Site`, which pages cannot set.
    pub(super) fn fetch_site(&mut self, value: &'a [u8]) {
        self.fetch_site = self.fetch_site.and(value);
    }

    /// Notes a line of `Origin`.
    pub(super) fn origin(&mut self, value: &'a [u8]) {
        self.origin = self.origin.and(value);
    }

    /// Notes a line of `Access-Control-Request-Method`.
    pub(super) fn asks_for_method(&mut self) {
        self.asks_for_method = true;
    }

    /// Judges a request to `host` that `origins` may send.
    #[inline]
    pub(super) fn judge(&self, host: Option<&[u8]>, origins: &Origins) -> Site {
        match (self.fetch_site, self.origin) {
            (Line::Absent, Line::Absent) => Site::default(),
            _ => self.judge_said(host, origins),
        }
    }

    #[cold]
    fn judge_said(&self, host: Option<&[u8]>, origins: &Origins) -> Site {
        let is_own = match (self.fetch_site, self.origin) {
            (Line::One(b"same-origin" | b"none"), _) | (Line::Absent, Line::Absent) => true,
            // Old browsers send no Sec-Fetch-Site, and none does without TLS.
            (Line::Absent, Line::One(origin)) => host.is_some_and(|host| is_of(origin, host)),
            _ => false,
        };
        let reader = match (self.origin, origins) {
            (Line::One(_) | Line::Several, Origins::Any) => Reader::Any,
            (Line::One(origin), Origins::Listed(listed)) => find(origin, listed),
            _ => Reader::Unsaid,
        };
        let is_named = reader != Reader::Unsaid;
        Site {
            is_foreign: !is_own && !is_named && !matches!(origins, Origins::Any),
            is_preflight: is_named && self.asks_for_method,
            reader,
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn and(self, value: &'a [u8]) -> Self {
        match self {
            Self::Absent => Self::One(value),
            _ => Self::Several,
        }
    }
}

/// Whether the origin has this host and port. The scheme does not count, since TLS may end in front
/// of this server; so the default ports of both schemes equal no port.
fn is_of(origin: &[u8], host: &[u8]) -> bool {
    let is_separator = |window: &[u8]| window == b"://";
    match origin.windows(3).position(is_separator) {
        None | Some(0) => false,
        Some(end) => {
            without_usual_port(&origin[end + 3..]).eq_ignore_ascii_case(without_usual_port(host))
        }
    }
}

fn without_usual_port(authority: &[u8]) -> &[u8] {
    let usual = [&b":80"[..], b":443", b":"];
    let stripped = usual.iter().find_map(|port| authority.strip_suffix(*port));
    stripped.unwrap_or(authority)
}

fn find(origin: &[u8], listed: &[Box<str>]) -> Reader {
    let mut names = listed.iter().map(|one| one.as_bytes());
    let index = names.position(|name| name.eq_ignore_ascii_case(origin));
    let index = index.and_then(|index| u16::try_from(index).ok());
    index.map_or(Reader::Unsaid, Reader::Listed)
}
