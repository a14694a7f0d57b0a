//! The declared type of a body, RFC 9110 sections 8.3 and 8.4.
//!
//! `fields` passes the lines that declare it, and `routes` asks whether a function takes it.

use super::grammar;
use super::site::Line;

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

/// What was declared so far, line by line.
pub(super) struct Declared<'a> {
    content_type: Line<'a>,
    is_encoded: bool,
}

impl<'a> Declared<'a> {
    pub(super) const NOTHING: Self = Self {
        content_type: Line::Absent,
        is_encoded: false,
    };

    /// Notes a line of `Content-Type`.
    pub(super) fn content_type(&mut self, value: &'a [u8]) {
        self.content_type = self.content_type.and(value);
    }

    /// Notes a line of `Content-Encoding`.
    pub(super) fn content_encoding(&mut self, value: &[u8]) {
        let is_plain =
            |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
        self.is_encoded |= !grammar::list(value).all(is_plain);
    }

    #[inline]
    pub(super) fn media(&self) -> Media {
        match self.content_type {
            _ if self.is_encoded => Media::Encoded,
            Line::One(value) if is_json(value) => Media::Json,
            _ => Media::Other,
        }
    }
}

/// `application/json`, or any type with the suffix of RFC 6839 section 3.1. Its parameters are
/// ignored (RFC 8259 section 11), except for a charset that is not UTF-8.
fn is_json(value: &[u8]) -> bool {
    is_plain_json(value) || is_json_with_parameters(value)
}

fn is_plain_json(media: &[u8]) -> bool {
    grammar::is_named(media, b"application/json")
}

fn is_json_with_parameters(value: &[u8]) -> bool {
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
    if is_plain_json(media) {
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
