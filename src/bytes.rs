//! Bytes on their way to a peer: an answer's own ones, or some that many answers share.
//!
//! `connection` makes them, the event loop passes them on, and the ring has them until they are
//! sent.
//!
//! Invariant: what is shared is neither copied nor changed.

use std::ops::Deref;
use std::sync::Arc;

/// Bytes on their way to a peer.
#[derive(Debug)]
pub enum Bytes {
    /// An answer's own.
    Own(Vec<u8>),
    /// Somebody else sends them, too.
    Shared(Arc<[u8]>),
}

impl Bytes {
    /// Bytes of memory that go with it.
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
