//! The values of header arguments, gathered while the head is read.
//!
//! `connection` adds each field that `Signature::header_fields` names. `body` and `path` write them
//! to the text.
//!
//! Invariant: each value was a valid field value of HTTP, so it has no control characters except
//! HTAB. Its bytes are characters of ISO 8859-1 (RFC 9110 section 5.5), as in Node.js.

use super::columns::{ARGUMENTS_MAX, Columns};
use super::faults::{Fault, Faults, pointer_to};
use super::quote;
use super::signature::Signature;

/// The header arguments that were sent. Without any it allocates nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(usize, Vec<u8>)>);

impl Headers {
    /// Adds a field's value to the argument of this index. It is joined to an earlier one with a
    /// comma, RFC 9110 section 5.3.
    pub fn add(&mut self, index: usize, value: &[u8]) {
        match self.0.iter_mut().find(|(at, _)| *at == index) {
            Some((_, values)) => {
                values.extend_from_slice(b", ");
                values.extend_from_slice(value);
            }
            None => self.0.push((index, value.to_vec())),
        }
    }

    /// Refuses the request if a required one was not sent.
    #[inline]
    pub(super) fn check(&self, signature: &Signature) -> Result<(), Fault> {
        let mut faults = Faults::default();
        for (index, field) in signature.header_fields() {
            let known = &signature.arguments[index];
            if !known.is_optional && !self.0.iter().any(|(at, _)| *at == index) {
                let detail = format!("is missing: it is the header field {field}");
                faults.add(pointer_to(&known.name), detail);
            }
        }
        faults.verdict(signature)
    }

    /// Writes those before the argument of this index.
    #[inline]
    pub(super) fn write_before(
        &self,
        index: usize,
        signature: &Signature,
        text: &mut Vec<u8>,
        columns: &mut Columns,
    ) {
        if !self.0.is_empty() {
            self.write_some(index, signature, text, columns);
        }
    }

    /// Writes the rest.
    #[inline]
    pub(super) fn write_others(
        &self,
        signature: &Signature,
        text: &mut Vec<u8>,
        columns: &mut Columns,
    ) {
        self.write_before(ARGUMENTS_MAX, signature, text, columns);
    }

    #[inline(never)]
    fn write_some(
        &self,
        before: usize,
        signature: &Signature,
        text: &mut Vec<u8>,
        columns: &mut Columns,
    ) {
        let fields = signature.header_fields();
        for (index, _) in fields.take_while(|(index, _)| *index < before) {
            let came = self.0.iter().find(|(at, _)| *at == index);
            let Some((_, value)) = came.filter(|_| !columns.is_given(index)) else {
                continue;
            };
            text.push(b'"');
            for byte in value {
                quote::push_ascii_character(text, char::from(*byte));
            }
            text.extend_from_slice(b"\",");
            columns.put_text(index);
        }
    }
}
