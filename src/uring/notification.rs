//! Tells another event loop, in which this one is embedded, that something has completed.
//!
//! That loop polls the waker's eventfd, which the kernel writes to, as other threads do. The ring's
//! own descriptor does not do: with `DEFER_TASKRUN` what has come is worked out by who asks for it,
//! and does not make that readable (Linux 6.18).
//!
//! Invariant: what completes after [`prepare_to_sleep`](super::Kernel::prepare_to_sleep) has
//! returned true is written to the eventfd.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{Ordering, fence};

use super::{Ring, Waker};

/// Linux says that something has completed, then reads whether to write to the eventfd. On x86 the
/// first is a full barrier; elsewhere one could be missed, so there each completion is told of.
const MAY_PAUSE: bool = cfg!(target_arch = "x86_64");

impl Ring {
    /// Has the kernel write to the waker's eventfd when something completes. To be called before
    /// [`Kernel::enable`](super::Kernel::enable).
    ///
    /// That is then not to be polled by the ring, too: what a write to an eventfd sets off may not
    /// write to one itself, and the kernel puts such writes off, or drops them (Linux 6.18).
    pub fn embed(&mut self, waker: &Waker) -> io::Result<()> {
        let submitter = self.io_uring.submitter();
        submitter.register_eventfd(waker.as_raw_fd())
    }

    /// Has the kernel write to the eventfd, or not.
    pub(super) fn notify(&mut self, on: bool) {
        if !MAY_PAUSE {
            return;
        }
        let queue = self.io_uring.completion();
        if on {
            queue.enable_eventfd();
            drop(queue);
            // With the kernel's: either it sees this, or what follows sees what has completed.
            fence(Ordering::SeqCst);
        } else {
            queue.disable_eventfd();
        }
    }

    /// Something was pushed and is not submitted, or has completed and is not collected.
    pub(super) fn is_ready(&mut self) -> bool {
        let queue = self.io_uring.submission();
        // What the kernel has yet to work out, or had no room for, has completed.
        let is_told = !queue.is_empty() || queue.taskrun() || queue.cq_overflow();
        drop(queue);
        is_told
            || !self.unsubmitted.is_empty()
            || !self.completions.is_empty()
            || !self.io_uring.completion().is_empty()
    }
}

/// Has an epoll instance, in which `eventfd` is registered, tell of it each time that it is written
/// to, rather than for as long as nobody has read it. Nothing changes where that is refused.
pub fn trigger_by_edge(epoll: RawFd, eventfd: BorrowedFd<'_>) {
    let fd = eventfd.as_raw_fd();
    let mut event = libc::epoll_event {
        events: (libc::EPOLLIN | libc::EPOLLET).cast_unsigned(),
        u64: u64::from(fd.cast_unsigned()),
    };
    // SAFETY: `epoll_ctl` asks for an event to read, and for descriptors, of which wrong ones are
    // an error.
    unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_MOD, fd, &raw mut event) };
}
