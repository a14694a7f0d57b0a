//! Sends without the ring: for a thread that answers while the ring thread sleeps.

use std::io;
use std::os::fd::BorrowedFd;

use socket2::SockRef;

/// Sends what the socket has room for now, from any thread. No SIGPIPE for a peer that left.
pub fn send_at_once(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(&socket).send_with_flags(bytes, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
}
