//! Tells another event loop, in which this one is embedded, that something has completed.
//!
//! That loop polls the waker's eventfd, to which the kernel writes, as other threads do. It could
//! not poll the ring's own descriptor: with `DEFER_TASKRUN` completions are worked out only when
//! the ring is entered, and do not make it readable (Linux 6.18).
//!
//! Invariant: after [`prepare_to_sleep`](super::Kernel::prepare_to_sleep) has returned true, each
//! completion writes to the eventfd.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{Ordering, fence};

use super::{Ring, Waker};

/// Linux publishes a completion, then reads whether to write to the eventfd. On x86 the first step
/// is a full barrier. Elsewhere a completion could be missed, so there each one writes.
const MAY_PAUSE: bool = cfg!(target_arch = "x86_64");

impl Ring {
    /// Has the kernel write to the waker's eventfd when something completes. It is to be called
    /// before [`Kernel::enable`](super::Kernel::enable).
    ///
    /// The ring must then not poll that eventfd, too: a write to an eventfd may not cause another
    /// such write, and the kernel delays or drops it (Linux 6.18).
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
            // This pairs with the kernel's barrier: either it sees this, or we see what has
            // completed.
            fence(Ordering::SeqCst);
        } else {
            queue.disable_eventfd();
        }
    }

    /// Something was pushed and is not submitted, or has completed and is not collected.
    pub(super) fn is_ready(&mut self) -> bool {
        let queue = self.io_uring.submission();
        // Completions that the kernel has yet to work out, or had no room for, count as well.
        let is_told = !queue.is_empty() || queue.taskrun() || queue.cq_overflow();
        drop(queue);
        is_told
            || !self.unsubmitted.is_empty()
            || !self.completions.is_empty()
            || !self.io_uring.completion().is_empty()
    }
}

/// Has an epoll instance report `eventfd`, which is registered there, once for each write
/// (edge-triggered), and not for as long as it is unread. If that is refused nothing changes.
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
