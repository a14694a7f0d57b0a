//! A start that was refused, as JavaScript gets it.

use napi_derive::napi;

use crate::server::StartError;

/// Why a server did not start, for `lib/` to make an error of.
#[napi(object, object_from_js = false)]
pub struct Refusal {
    /// The refused call: `listen`, `getaddrinfo`, `io_uring_setup` or `clone`.
    pub syscall: String,
    /// The kernel's errno, negative as in libuv; absent if there is none.
    pub errno: Option<i32>,
    /// A sentence.
    pub message: String,
    /// The address, name or path.
    pub address: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// Why there is no ring: `seccomp`, `sysctl`, `kernel`, `memlock`, `other`.
    pub reason: Option<String>,
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let errno = |error: &std::io::Error| error.raw_os_error().map(|errno| -errno);
        match error {
            StartError::Listen(refused) => Self {
                syscall: refused.syscall.to_owned(),
                errno: errno(&refused.error),
                message,
                address: Some(refused.address),
                port: refused.port,
                reason: None,
            },
            StartError::Ring(refused) => Self {
                syscall: "io_uring_setup".to_owned(),
                errno: errno(&refused.error),
                message,
                address: None,
                port: None,
                reason: Some(refused.reason.as_str().to_owned()),
            },
            StartError::Thread(error) => Self {
                syscall: "clone".to_owned(),
                errno: errno(&error),
                message,
                address: None,
                port: None,
                reason: None,
            },
        }
    }
}
