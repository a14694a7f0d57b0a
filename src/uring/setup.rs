//! Makes the kernel's ring, or says why that is not possible.
//!
//! Called once for each ring, on the thread that starts the server, so that a refusal is an error
//! of the start.

use std::fmt;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use io_uring::IoUring;

use super::{BufferRing, restrictions};

/// The fewest submission entries worth running with if locked memory is short.
const ENTRIES_MIN: u32 = 32;
/// How long the kernel may take to release the locked memory of a ring that is gone.
const RELEASE: Duration = Duration::from_millis(100);
/// Completions that one submission may cause at once: multishot ops complete more often than they
/// are submitted.
const COMPLETIONS_PER_ENTRY: u32 = 4;

/// A refused ring, with the reason and the cure.
#[derive(Debug)]
pub struct Refused {
    /// What stands in the way, in one word.
    pub reason: Reason,
    /// What the kernel answered.
    pub error: io::Error,
}

/// What stands in the way of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A system-call filter, as containers install it.
    Seccomp,
    /// The sysctl `kernel.io_uring_disabled` (Linux 6.6).
    Sysctl,
    /// A kernel or sandbox without `io_uring`, or a kernel before Linux 6.1.
    Kernel,
    /// The limit on locked memory (`ulimit -l`).
    Memlock,
    /// Something else; the error says what.
    Other,
}

impl Reason {
    /// The word that the JavaScript error carries as `reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seccomp => "seccomp",
            Self::Sysctl => "sysctl",
            Self::Kernel => "kernel",
            Self::Memlock => "memlock",
            Self::Other => "other",
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Seccomp => {
                "The container's seccomp profile forbids it: allow io_uring_setup, io_uring_enter \
                 and io_uring_register in a custom profile."
            }
            Self::Sysctl => {
                "The sysctl kernel.io_uring_disabled forbids it: an administrator sets it to 0, or \
                 adds this process's group to kernel.io_uring_group."
            }
            Self::Kernel => {
                "The kernel or the sandbox has no io_uring, or one that is too old: run on Linux \
                 6.1 or later, outside gVisor, qemu-user and Podman's default seccomp profile."
            }
            Self::Memlock => {
                "The limit on locked memory is too low: raise it to 128 KiB, and 48 KiB for each \
                 further ring thread of all processes of this user (ulimit -l, LimitMEMLOCK=, \
                 docker run --ulimit memlock=-1)."
            }
            Self::Other => "See io_uring_setup(2) for what this error means.",
        }
    }

    fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) if sysctl_forbids() => Self::Sysctl,
            Some(libc::EPERM | libc::EACCES) => Self::Seccomp,
            Some(libc::ENOSYS | libc::EINVAL | libc::EOPNOTSUPP) => Self::Kernel,
            Some(libc::ENOMEM) => Self::Memlock,
            _ => Self::Other,
        }
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self {
            reason: Reason::of(&error),
            error,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "io_uring is not available here ({}). {}",
            self.error,
            self.reason.cure()
        )
    }
}

/// Has `make` use up to `entries`. If locked memory has room for as many, but not for what else it
/// makes, it uses half of them.
pub(super) fn with_fewer<T>(
    entries: u32,
    make: impl Fn(u32) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let is_short = |result: &Result<T, Refused>| {
        result
            .as_ref()
            .is_err_and(|refused| refused.reason == Reason::Memlock)
    };
    let mut result = make(entries);
    let began = Instant::now();
    while is_short(&result) && entries > ENTRIES_MIN && began.elapsed() < RELEASE {
        thread::sleep(RELEASE / 20);
        result = make((entries / 2).max(ENTRIES_MIN));
    }
    result
}

/// Makes a ring of `entries` submissions, disabled until the ring thread enables it.
pub(super) fn make(entries: u32) -> Result<IoUring, Refused> {
    let mut entries = entries;
    loop {
        match make_once(entries) {
            // Rings count against RLIMIT_MEMLOCK, for all processes of a user together; a smaller
            // one may still fit.
            Err(error) if error.raw_os_error() == Some(libc::ENOMEM) && entries > ENTRIES_MIN => {
                entries = (entries / 2).max(ENTRIES_MIN);
            }
            other => return other.map_err(Refused::from),
        }
    }
}

/// `SUBMIT_ALL` because one refused submission must not hold back those behind it. With
/// `DEFER_TASKRUN` (Linux 6.1) completions are worked out together when the ring thread asks for
/// them. It needs a `SINGLE_ISSUER`, which is the thread that enables the ring: hence `R_DISABLED`.
fn make_once(entries: u32) -> io::Result<IoUring> {
    IoUring::builder()
        .dontfork()
        .setup_r_disabled()
        .setup_submit_all()
        .setup_clamp()
        .setup_cqsize(entries * COMPLETIONS_PER_ENTRY)
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_taskrun_flag()
        .build(entries)
}

/// What this kernel has of what a ring thread needs besides the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// The kernel knows each operation that a ring thread submits.
    pub operations: bool,
    /// The kernel has receive buffers in a shared ring.
    pub buffer_rings: bool,
    /// The kernel has rings that refuse other operations.
    pub restrictions: bool,
}

/// Makes the smallest ring, asks the kernel about it, and drops it.
pub fn probe() -> Result<Probe, Refused> {
    let io_uring = make(ENTRIES_MIN)?;
    let mut known = io_uring::Probe::new();
    io_uring.submitter().register_probe(&mut known)?;
    let buffers = BufferRing::register(&io_uring.submitter(), 0, 0, 1, 64);
    let restrictions = restrictions::restrict(&io_uring).is_ok();
    // It is dropped before the memory that it was given.
    drop(io_uring);
    let buffer_rings = match buffers {
        // The kernel may have the feature although this process has too little memory for it.
        Err(refused) if refused.reason == Reason::Memlock => return Err(refused),
        buffers => buffers.is_ok(),
    };
    Ok(Probe {
        operations: restrictions::are_known(&known),
        buffer_rings,
        restrictions,
    })
}

fn sysctl_forbids() -> bool {
    fs::read_to_string("/proc/sys/kernel/io_uring_disabled").is_ok_and(|value| value.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_the_kernel_names_its_reason_and_a_cure() {
        let cases = [
            (libc::ENOSYS, Reason::Kernel),
            (libc::EINVAL, Reason::Kernel),
            (libc::ENOMEM, Reason::Memlock),
            (libc::EMFILE, Reason::Other),
        ];
        for (errno, reason) in cases {
            let refused = Refused::from(io::Error::from_raw_os_error(errno));
            assert_eq!(refused.reason, reason);
            assert!(refused.to_string().contains(reason.cure()));
        }
    }

    #[test]
    fn a_kernel_that_creates_rings_has_everything_a_ring_thread_needs() {
        let probe = probe().expect("io_uring is allowed where the tests run");
        assert!(probe.operations && probe.buffer_rings && probe.restrictions);
    }

    #[test]
    fn the_reasons_for_javascript_are_those_in_its_reference() {
        let reference = include_str!("../../index.d.ts");
        let reasons = [
            Reason::Seccomp,
            Reason::Sysctl,
            Reason::Kernel,
            Reason::Memlock,
            Reason::Other,
        ];
        for reason in reasons {
            let word = format!("'{}'", reason.as_str());
            assert!(reference.contains(&word), "{word} is not in index.d.ts");
        }
    }

    #[test]
    fn a_denied_system_call_is_blamed_on_the_sysctl_only_if_that_forbids_it() {
        let refused = Refused::from(io::Error::from_raw_os_error(libc::EPERM));
        let expected = if sysctl_forbids() {
            Reason::Sysctl
        } else {
            Reason::Seccomp
        };
        assert_eq!(refused.reason, expected);
    }
}
