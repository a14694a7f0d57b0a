//! Wakes a ring thread that sleeps in the kernel, from any thread.
//!
//! The ring thread announces that it is about to sleep; whoever brings it something wakes it only
//! then. While the ring thread runs, a wake-up costs one atomic read and no system call.
//!
//! Invariant: a thing made visible before `wake` is seen by the ring thread before it sleeps, or
//! wakes it. Both sides write their own word, pass a sequentially consistent fence, then read the
//! other's (Dekker's protocol), so at least one of them sees the other.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// An eventfd that the ring polls, and whether the ring thread sleeps.
#[derive(Debug)]
pub struct Waker {
    eventfd: File,
    asleep: AtomicBool,
}

impl Waker {
    /// A waker whose ring thread is awake.
    pub fn new() -> io::Result<Self> {
        // SAFETY: `eventfd` takes no pointers; any arguments are sound.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `from_raw_fd` asks for an open descriptor that nobody else owns; the kernel has
        // just made it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            eventfd: File::from(fd),
            asleep: AtomicBool::new(false),
        })
    }

    /// Wakes the ring thread if it sleeps. Call after what it is to see has been made visible.
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            // The counter is polled, never read, so it only grows; a write fails when it is full,
            // after 2^64 - 2 wake-ups.
            let _ = (&self.eventfd).write(&1_u64.to_ne_bytes());
        }
    }

    /// True: the ring thread sleeps, or is about to. It may wake at any moment.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Relaxed)
    }

    /// Announces that the ring thread will sleep unless `mail` finds something to do. True: it may
    /// sleep.
    pub fn prepare_to_sleep(&self, has_mail: impl FnOnce() -> bool) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if has_mail() {
            self.asleep.store(false, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Announces that the ring thread runs again.
    pub fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }
}
