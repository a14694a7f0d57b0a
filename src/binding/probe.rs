//! What this machine offers for a ring, as JavaScript gets it.

use napi_derive::napi;

use crate::uring::{self, Probe};

/// The features of the kernel, or why it refuses a ring.
#[napi(object, object_from_js = false)]
pub struct NativeProbe {
    /// Why there is no ring: `seccomp`, `sysctl`, `kernel`, `memlock`, `other`; absent if there is
    /// one.
    pub reason: Option<String>,
    /// A sentence about it.
    pub message: Option<String>,
    /// What to do about it.
    pub cure: Option<String>,
    /// What was found; absent if there is no ring.
    pub features: Option<NativeFeatures>,
}

/// Which of the features that a ring thread needs the kernel has.
#[napi(object, object_from_js = false)]
#[expect(missing_docs, reason = "index.d.ts documents them")]
pub struct NativeFeatures {
    pub operations: bool,
    pub buffer_rings: bool,
    pub restrictions: bool,
}

/// Asks the kernel, with a ring that exists only during this call.
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
