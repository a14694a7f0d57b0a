//! Which methods a path accepts, and how another method is refused.
//!
//! `routes` knows what is at a path, and `encode` writes the `Allow` field.

use super::{Code, Refusal, Status};

const NOT_A_CALL: Refusal = Refusal::new(
    Status::METHOD_NOT_ALLOWED,
    "The only method allowed here is POST.",
);
const NOT_A_READ: Refusal = Refusal::new(
    Status::METHOD_NOT_ALLOWED,
    "The only methods allowed here are GET and HEAD.",
);
const NEITHER: Refusal = Refusal::new(
    Status::METHOD_NOT_ALLOWED,
    "The only methods allowed here are GET, HEAD and POST.",
);
const UNKNOWN_NO_CALL: Refusal = Refusal::new(
    Status::NOT_IMPLEMENTED,
    "This server does not know this method; it accepts only POST.",
);
const UNKNOWN: Refusal = Refusal::new(
    Status::NOT_IMPLEMENTED,
    "This server does not know this method; it accepts GET, HEAD and POST.",
);

/// Which methods a path accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Methods {
    /// The method of a function.
    Call,
    /// The methods of a document.
    Read,
    /// The methods of both.
    ReadAndCall,
}

impl Methods {
    /// The value of `Allow`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Call => "POST",
            Self::Read => "GET, HEAD",
            Self::ReadAndCall => "GET, HEAD, POST",
        }
    }

    /// Why another method is refused.
    pub(super) fn refuse(self, status: Status) -> Refusal {
        let refusal = match (self, status) {
            (Self::Call, Status::METHOD_NOT_ALLOWED) => NOT_A_CALL,
            (Self::Call, _) => UNKNOWN_NO_CALL,
            (Self::Read, Status::METHOD_NOT_ALLOWED) => NOT_A_READ,
            (Self::ReadAndCall, Status::METHOD_NOT_ALLOWED) => NEITHER,
            (Self::Read | Self::ReadAndCall, _) => UNKNOWN,
        };
        refusal.of(Code::Method(self))
    }
}
