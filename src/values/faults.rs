//! Why arguments are refused: what was expected, and where.
//!
//! `body` and `path` gather entries here. `connection` answers a `Fault` with a problem (RFC 9457).
//!
//! Invariant: of what was sent, only the name of an unknown argument is repeated.

use std::borrow::Cow;
use std::mem;

use super::signature::Signature;

/// The most entries that a fault has.
pub const ENTRIES_MAX: usize = 16;

pub(super) const MISSING: &str = "is missing";
pub(super) const TOO_MANY: &str = "is one too many";

/// Characters of an unknown argument's name that are repeated.
pub(super) const NAME_CHARACTERS_MAX: usize = 64;

/// Which of the documented codes a fault has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `ERR_NOT_JSON`: the text is not strict JSON.
    NotJson,
    /// `ERR_ARGUMENTS`: the arguments do not match the signature.
    Arguments,
}

/// Why the function is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The code of the problem.
    pub code: Code,
    /// One sentence about all of it.
    pub detail: Cow<'static, str>,
    /// The wrong arguments, up to the limit.
    pub entries: Vec<Entry>,
}

/// One wrong argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A JSON Pointer (RFC 6901) into the form that was sent: `#/1` in an array or a path, `#/b` in
    /// an object.
    pub pointer: String,
    /// What was expected there.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// The path has arguments, and there is a body.
    #[must_use]
    pub fn path_and_body(signature: &Signature) -> Self {
        Self {
            code: Code::Arguments,
            detail: format!(
                "{}'s arguments go either in the path or in the body, not in both.",
                signature.name
            )
            .into(),
            entries: Vec::new(),
        }
    }

    /// The arguments as a whole have another form than the function takes.
    pub(super) fn of_form(detail: String) -> Self {
        Self {
            code: Code::Arguments,
            detail: detail.into(),
            entries: Vec::new(),
        }
    }
}

/// The text is not strict JSON: where, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// The offset of the first wrong byte; the length of the text if it is too short.
    pub(super) at: usize,
    pub(super) why: &'static str,
}

impl Broken {
    pub(super) fn in_body(&self) -> Fault {
        Fault {
            code: Code::NotJson,
            detail: format!(
                "The body is not strict JSON: {} (at byte {}).",
                self.why, self.at
            )
            .into(),
            entries: Vec::new(),
        }
    }

    /// The offset counts the bytes of the segment after decoding.
    pub(super) fn in_segment(&self, position: usize, signature: &Signature) -> Fault {
        Fault {
            code: Code::NotJson,
            detail: format!(
                "{}'s types are not declared, so each segment of the path must be strict JSON: {} \
                 (at byte {}).",
                signature.name, self.why, self.at
            )
            .into(),
            entries: vec![Entry {
                pointer: format!("#/{position}"),
                detail: "must be JSON: a string goes in quotes, which are %22 in a path".into(),
            }],
        }
    }
}

/// Gathers entries up to the limit.
#[derive(Default)]
pub(super) struct Faults(Vec<Entry>);

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True exactly when no more entries fit.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() == ENTRIES_MAX
    }

    pub(super) fn add(&mut self, pointer: String, detail: impl Into<Cow<'static, str>>) {
        if !self.is_full() {
            let detail = detail.into();
            self.0.push(Entry { pointer, detail });
        }
    }

    /// The arguments, if nothing is wrong with them.
    #[inline]
    pub(super) fn verdict(&mut self, signature: &Signature) -> Result<(), Fault> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Fault {
            code: Code::Arguments,
            detail: format!("{}'s arguments do not fit.", signature.name).into(),
            entries: mem::take(&mut self.0),
        })
    }
}

/// Points to a member of an object.
pub(super) fn pointer_to(name: &str) -> String {
    let mut pointer = String::from("#/");
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
    pointer
}
