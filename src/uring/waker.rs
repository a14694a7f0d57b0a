//! Wakes a ring thread that sleeps in the kernel, from any thread.
//!
//! The ring thread announces that it is about to sleep, and others wake it only then. While the
//! ring thread runs, a wake-up costs one atomic read and no system call.
//!
//! Invariant: what is made visible before `wake` is seen by the ring thread before it sleeps, or
//! wakes it. Both sides write their own word, pass a sequentially consistent fence, then read the
//! other's (Dekker's protocol), so at least one of them sees the other.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An eventfd that the ring polls, and whether the ring thread sleeps.
#[derive(Debug)]
pub struct Waker {
    /// `None` once the ring thread has ended.
    eventfd: Mutex<Option<File>>,
    asleep: AtomicBool,
    /// How often the eventfd was written to.
    written: AtomicU64,
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
            eventfd: Mutex::new(Some(File::from(fd))),
            asleep: AtomicBool::new(false),
            written: AtomicU64::new(0),
        })
    }

    /// Wakes the ring thread if it sleeps. What it is to see must be made visible before.
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            // The counter is polled, never read, so it only grows; a write fails when it is full,
            // after 2^64 - 2 wake-ups.
            if let Some(eventfd) = &mut *self.lock() {
                let _ = eventfd.write(&1_u64.to_ne_bytes());
                self.written.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How often the ring thread was asleep and has been woken.
    #[must_use]
    pub fn wakeups(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Closes the descriptor. To be called when the ring thread has ended.
    pub fn close(&self) {
        *self.lock() = None;
    }

    /// True: the ring thread sleeps, or is about to. It may wake at any moment.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Relaxed)
    }

    /// Announces that the ring thread will sleep, unless `has_work` finds something to do. True: it
    /// may sleep.
    pub fn prepare_to_sleep(&self, has_work: impl FnOnce() -> bool) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if has_work() {
            self.asleep.store(false, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Announces that the ring thread runs again.
    pub fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// The eventfd, which need not be read; `None` once the ring thread has ended.
    pub fn eventfd(&self) -> io::Result<Option<OwnedFd>> {
        let eventfd = self.lock();
        let eventfd = eventfd.as_ref().map(File::try_clone).transpose();
        eventfd.map(|eventfd| eventfd.map(OwnedFd::from))
    }

    /// The descriptor that the ring polls; -1 once it is closed.
    pub(super) fn as_raw_fd(&self) -> RawFd {
        self.lock().as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    fn lock(&self) -> MutexGuard<'_, Option<File>> {
        self.eventfd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
