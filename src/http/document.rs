//! A document that the server itself has, such as its description, with what its answers are made
//! of.
//!
//! `routes` finds one by its path, and asks whether the client has it already; `encode` writes the
//! head of an answer, and `connection` sends the text, which all connections share.
//!
//! Invariant: a document never changes; another text is another document, with another tag.

use std::sync::Arc;

/// A document, with the parts of its answers that do not depend on the request.
#[derive(Debug)]
pub struct Document {
    /// The head of an answer 200, up to its Date.
    pub(super) head: Box<[u8]>,
    /// The same for a 304.
    pub(super) head_known: Box<[u8]>,
    tag: Box<[u8]>,
    body: Arc<[u8]>,
}

impl Document {
    /// A text of this media type. Its `tag` is strong, quotes included; `fields` are checked header
    /// fields besides the usual ones.
    #[must_use]
    pub fn new(media_type: &str, tag: &str, fields: &[(&str, &str)], body: Arc<[u8]>) -> Self {
        // RFC 9110 section 15.4.5 requires these of a 304, too.
        let known = format!("ETag: {tag}\r\nCache-Control: no-cache\r\n");
        let mut head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n{known}\
             X-Content-Type-Options: nosniff\r\n"
        );
        for (name, value) in fields {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let mut length = itoa::Buffer::new();
        head.extend(["Content-Length: ", length.format(body.len()), "\r\nDate: "]);
        let head_known = format!("HTTP/1.1 304 Not Modified\r\n{known}Date: ");
        Self {
            head: head.into_bytes().into(),
            head_known: head_known.into_bytes().into(),
            tag: tag.as_bytes().into(),
            body,
        }
    }

    /// The text.
    #[must_use]
    pub fn body(&self) -> &Arc<[u8]> {
        &self.body
    }

    /// Whether the client has it already, by the values of these If-None-Match lines: RFC 9110
    /// section 13.1.2.
    pub fn is_known<'a>(&self, mut if_none_match: impl Iterator<Item = &'a [u8]>) -> bool {
        if_none_match.any(|line| line == b"*" || has_tag(line, &self.tag))
    }
}

/// Whether the tag is in the list, weak or not. What follows an invalid tag is ignored.
fn has_tag(list: &[u8], tag: &[u8]) -> bool {
    let mut rest = list;
    loop {
        // RFC 9110 section 5.6.1.2: elements may be empty.
        while let [b',' | b' ' | b'\t', behind @ ..] = rest {
            rest = behind;
        }
        let one = rest.strip_prefix(b"W/").unwrap_or(rest);
        let Some(quoted) = one.strip_prefix(b"\"") else {
            return false;
        };
        // A tag may contain a comma.
        let Some(end) = quoted.iter().position(|byte| *byte == b'"') else {
            return false;
        };
        let (found, behind) = one.split_at(end + 2);
        rest = behind.trim_ascii_start();
        if !matches!(rest, [] | [b',', ..]) {
            return false;
        }
        if found == tag {
            return true;
        }
    }
}
