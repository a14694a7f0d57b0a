//! Bytes to be sent: an answer's own, or bytes that many answers share.
//!
//! `connection` makes them, the event loop passes them on, and the ring owns them until they are
//! sent.
//!
//! Invariant: shared bytes are neither copied nor changed.

use std::ops::Deref;
use std::sync::Arc;

/// Bytes to be sent.
#[derive(Debug)]
pub enum Bytes {
    /// Only this answer's.
    Own(Vec<u8>),
    /// Shared with other answers.
    Shared(Arc<[u8]>),
}

impl Bytes {
    /// Bytes of memory that are freed with it.
    #[must_use]
    pub fn memory(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.capacity(),
            Self::Shared(_) => 0,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Own(bytes)
    }
}
