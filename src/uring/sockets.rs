//! Operations on a socket without the ring.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, BorrowedFd};

use socket2::SockRef;

/// Sends what the socket has room for now. Any thread may call it: threads that answer while the
/// ring thread sleeps do. A peer that has left causes no SIGPIPE.
pub fn send_at_once(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(&socket).send_with_flags(bytes, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
}

/// Sends what the socket has room for now. It leaves in one packet with the end of our side, which
/// is to follow at once. 0 if it fails; the next send then finds out why.
pub(super) fn send_last(socket: BorrowedFd<'_>, bytes: &[u8]) -> usize {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT | libc::MSG_MORE;
    let sent = SockRef::from(&socket).send_with_flags(bytes, flags);
    sent.unwrap_or(0)
}

/// As an op of the ring this would run on a worker thread of the kernel (`io_shutdown_prep` forces
/// that).
pub(super) fn shut_down(socket: BorrowedFd<'_>, how: Shutdown) {
    // It fails if the connection has ended already.
    let _ = SockRef::from(&socket).shutdown(how);
}

/// True: a receive would bring bytes now.
pub(super) fn has_unread(socket: BorrowedFd<'_>) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    let peeked = SockRef::from(&socket).recv_with_flags(&mut byte, flags);
    peeked.is_ok_and(|count| count > 0)
}

/// True: a send would send bytes now, or fail.
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

/// Bytes that were sent and have not arrived at the peer: over TCP those that it has not
/// acknowledged, which a peer that does not read leaves as many (`SIOCOUTQ`, tcp(7)); over a Unix
/// domain socket the memory of those that it has not read.
pub(super) fn unacknowledged(socket: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: `ioctl` asks for a place for what the request writes, which for this one is an int.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if status == 0 {
        usize::try_from(bytes).unwrap_or(0)
    } else {
        0
    }
}
