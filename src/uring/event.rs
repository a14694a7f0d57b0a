//! The events by which the ring tells the event loop what has completed.

use std::io;
use std::os::fd::OwnedFd;

use io_uring::cqueue;

use super::{Buffer, Token};
use crate::bytes::Bytes;

/// What a completion says.
#[derive(Debug)]
pub enum Event<B = Buffer> {
    /// The listener has a new connection, or accepting failed.
    Accepted {
        /// The connection's socket.
        result: io::Result<OwnedFd>,
        /// True exactly when the accept is still armed.
        armed: bool,
    },
    /// Bytes arrived (`None`: the peer has ended its side), or receiving failed.
    Received {
        /// The connection.
        token: Token,
        /// The bytes. Put the buffer back when they are read.
        result: io::Result<Option<B>>,
        /// True exactly when the receive is still armed.
        armed: bool,
    },
    /// A send has completed, perhaps with fewer bytes than asked.
    Sent {
        /// The connection.
        token: Token,
        /// Bytes sent.
        result: io::Result<usize>,
        /// The bytes that `push_send` was given.
        bytes: Bytes,
    },
    /// A cancellation has completed; its target completes on its own.
    Cancelled {
        /// The connection whose op was to be cancelled, or [`Token::NONE`].
        token: Token,
    },
    /// The time of [`Kernel::arm_tick`](super::Kernel::arm_tick) has passed.
    Ticked,
    /// The time of [`Kernel::arm_delay`](super::Kernel::arm_delay) has passed.
    Delayed,
    /// A thread has called [`Waker::wake`](super::Waker::wake).
    Woken {
        /// True exactly when the poll is still armed.
        armed: bool,
    },
}

/// The one place where the kernel's negative errno becomes an error.
pub(super) fn result_of(completion: &cqueue::Entry) -> io::Result<u32> {
    u32::try_from(completion.result())
        .map_err(|_| io::Error::from_raw_os_error(-completion.result()))
}
