//! What is done to a socket without the ring.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::SockRef;

/// Sends what the socket has room for now, from any thread: one that answers while the ring thread
/// sleeps. No SIGPIPE for a peer that left.
pub fn send_at_once(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(&socket).send_with_flags(bytes, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
}

/// Sends what the socket has room for now. It leaves in one packet with the end of our side, which
/// is to follow at once. 0 where it fails; why, the next send finds out.
pub(super) fn send_last(socket: BorrowedFd<'_>, bytes: &[u8]) -> usize {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT | libc::MSG_MORE;
    let sent = SockRef::from(&socket).send_with_flags(bytes, flags);
    sent.unwrap_or(0)
}

/// As an op of the ring it would go to a worker thread of the kernel (`io_shutdown_prep` forces
/// that).
pub(super) fn shut_down(socket: BorrowedFd<'_>, how: Shutdown) {
    // It fails where the connection has ended already.
    let _ = SockRef::from(&socket).shutdown(how);
}

/// True: a receive would bring bytes now.
pub(super) fn has_unread(socket: BorrowedFd<'_>) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    let peeked = SockRef::from(&socket).recv_with_flags(&mut byte, flags);
    peeked.is_ok_and(|count| count > 0)
}

/// True: a send would get bytes off now, or find out that it cannot any more.
pub(super) fn has_room(socket: BorrowedFd<'_>) -> bool {
    let mut poll = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: `poll` asks for as many structures as it is told, of which there is one.
    let count = unsafe { libc::poll(&raw mut poll, 1, 0) };
    count > 0
}
