//! What this machine has for a ring, as JavaScript sees it.

use napi_derive::napi;

use crate::uring::{self, Probe};

/// What the kernel has, or why it refuses.
#[napi(object, object_from_js = false)]
pub struct NativeProbe {
    /// Why there is no ring: `seccomp`, `sysctl`, `kernel`, `memlock`, `other`; absent where there
    /// is one.
    pub reason: Option<String>,
    /// A sentence about it.
    pub message: Option<String>,
    /// What to do about it.
    pub cure: Option<String>,
    /// What was found; absent where there is no ring.
    pub features: Option<NativeFeatures>,
}

/// What the kernel has of what a ring thread needs.
#[napi(object, object_from_js = false)]
#[expect(missing_docs, reason = "index.d.ts documents them")]
pub struct NativeFeatures {
    pub operations: bool,
    pub buffer_rings: bool,
    pub restrictions: bool,
}

/// Asks the kernel, with a ring of its own that is gone at the return.
#[napi]
#[must_use]
pub fn probe() -> NativeProbe {
    match uring::probe() {
        Ok(probe) => NativeProbe {
            reason: None,
            message: None,
            cure: None,
            features: Some(probe.into()),
        },
        Err(refused) => NativeProbe {
            reason: Some(refused.reason.as_str().to_owned()),
            message: Some(refused.error.to_string()),
            cure: Some(refused.reason.cure().to_owned()),
            features: None,
        },
    }
}

impl From<Probe> for NativeFeatures {
    fn from(probe: Probe) -> Self {
        Self {
            operations: probe.operations,
            buffer_rings: probe.buffer_rings,
            restrictions: probe.restrictions,
        }
    }
}
