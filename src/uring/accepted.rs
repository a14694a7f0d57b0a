//! What an accept completes with: a new connection, or a failure that may concern one connection
//! only.
//!
//! On some kernels (6.6.1 to 6.8-rc3 are known) a multishot accept whose completion does not fit
//! the queue names no descriptor, but the events of its poll: 195, whatever that descriptor is in
//! this process. The connection that it should have named stays open, and no code knows of it.

use std::io::{self, ErrorKind};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use socket2::SockRef;

use crate::limits::CLOSING_ACCEPTS_MAX;

/// For each descriptor, the cookie of the socket that it was when a ring last had it; 0 for none.
/// The kernel gives no two sockets the same cookie, so we recognise a socket that is still there.
static KNOWN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Keeps a listener from being taken for one of its connections.
pub(super) fn remember(listener: BorrowedFd<'_>) {
    is_new_socket(listener.as_raw_fd());
}

/// The connection that a ring's accept has named. `InvalidData`: it has named something else, which
/// is left as it is.
pub(super) fn own(number: u32) -> io::Result<OwnedFd> {
    let descriptor = RawFd::try_from(number).expect("it was an i32");
    if !is_new_socket(descriptor) {
        return Err(ErrorKind::InvalidData.into());
    }
    // SAFETY: `from_raw_fd` asks for an open descriptor that nobody else owns; an accept has just
    // made it. If the kernel has named a wrong one, it is at least a socket, and no listener or
    // connection of any ring. We cannot tell a socket that other code of this process has opened
    // from a new one.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// True: it is a socket that no ring has had. This asks the kernel once.
fn is_new_socket(descriptor: RawFd) -> bool {
    let Some(cookie) = cookie(descriptor) else {
        return false;
    };
    let index = usize::try_from(descriptor).expect("an open descriptor");
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() <= index {
        known.resize(index + 1, 0);
    }
    mem::replace(&mut known[index], cookie) != cookie
}

/// `SO_COOKIE` of a socket; `None` if it is no socket.
fn cookie(descriptor: RawFd) -> Option<u64> {
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of_val(&cookie)).expect("8");
    let (at, length_at) = ((&raw mut cookie).cast(), &raw mut length);
    // SAFETY: the callee takes any number as the descriptor, and asks for as many writable bytes
    // as `length` says, which `cookie` has.
    let answer =
        unsafe { libc::getsockopt(descriptor, libc::SOL_SOCKET, libc::SO_COOKIE, at, length_at) };
    (answer == 0).then_some(cookie)
}

/// The connections that wait at a listener which is about to be closed.
pub(super) fn take_waiting(listener: BorrowedFd<'_>) -> Vec<OwnedFd> {
    let listener = SockRef::from(&listener);
    if listener.set_nonblocking(true).is_err() {
        return Vec::new();
    }
    take_all(|| listener.accept().map(|(socket, _)| socket.into()))
}

fn take_all<T>(mut accept: impl FnMut() -> io::Result<T>) -> Vec<T> {
    let mut accepted = Vec::new();
    for _ in 0..CLOSING_ACCEPTS_MAX {
        match accept() {
            Ok(socket) => accepted.push(socket),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    accepted
}

/// False: accepting again at once could fail at once, forever, for want of descriptors or memory,
/// or because it is denied. True for our own cancellation, for the error of a connection that is
/// gone (accept(2), "Error handling"), and for a number that is no new connection.
#[must_use]
pub fn is_about_one_connection(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidData
        || matches!(
            error.raw_os_error(),
            Some(
                libc::ECANCELED
                    | libc::ECONNABORTED
                    | libc::ECONNRESET
                    | libc::EPROTO
                    | libc::ENETDOWN
                    | libc::ENOPROTOOPT
                    | libc::EHOSTDOWN
                    | libc::ENONET
                    | libc::EHOSTUNREACH
                    | libc::ENETUNREACH
                    | libc::EOPNOTSUPP
                    | libc::EAGAIN
                    | libc::EINTR
            )
        )
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;
    use std::os::fd::{AsFd, IntoRawFd};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    /// The number of a descriptor, as in a completion.
    fn number(descriptor: &impl AsRawFd) -> u32 {
        descriptor.as_raw_fd().cast_unsigned()
    }

    fn assert_is_no_connection(number: u32) {
        let error = own(number).expect_err("it is not a new connection");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(
            is_about_one_connection(&error),
            "others are accepted at once"
        );
    }

    #[test]
    fn a_closed_number_a_file_and_the_listener_are_not_accepted_and_left_alone() {
        assert_is_no_connection(i32::MAX.cast_unsigned());
        let file = File::open("/proc/self/stat").unwrap();
        assert_is_no_connection(number(&file));
        assert!(file.metadata().is_ok(), "it is still open");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        remember(listener.as_fd());
        assert_is_no_connection(number(&listener));
        assert!(listener.local_addr().is_ok(), "it still listens");
    }

    #[test]
    fn a_connection_that_is_served_is_not_accepted_again() {
        let (_theirs, ours) = UnixStream::pair().unwrap();
        let served = own(ours.into_raw_fd().cast_unsigned()).unwrap();
        assert_is_no_connection(number(&served));
        assert!(
            UnixStream::from(served).peer_addr().is_ok(),
            "it is still open"
        );
    }

    #[test]
    fn a_connection_that_reuses_an_earlier_one_s_number_is_accepted() {
        let (_theirs, ours) = UnixStream::pair().unwrap();
        let earlier = own(ours.into_raw_fd().cast_unsigned()).unwrap();
        let (_theirs, later) = UnixStream::pair().unwrap();
        // SAFETY: `dup2` takes any numbers; it closes the earlier connection, whose owner is gone
        // by then, and makes its number the later one's.
        let reused = unsafe { libc::dup2(later.as_raw_fd(), earlier.into_raw_fd()) };
        let reused = own(reused.cast_unsigned()).unwrap();
        assert!(UnixStream::from(reused).peer_addr().is_ok());
    }

    fn failed(errno: i32) -> io::Result<u32> {
        Err(io::Error::from_raw_os_error(errno))
    }

    /// The connections taken from a queue that answers one accept after another like this.
    fn taken(answers: Vec<io::Result<u32>>) -> Vec<u32> {
        let mut answers = answers.into_iter();
        take_all(|| answers.next().expect("the queue was not at its end"))
    }

    #[test]
    fn connections_behind_a_failed_one_are_taken_when_the_listener_closes() {
        let gone = [libc::ECONNABORTED, libc::EINTR, libc::EPROTO].map(failed);
        let mut answers = vec![Ok(1)];
        answers.extend(gone);
        answers.extend([Ok(2), failed(libc::EAGAIN)]);
        assert_eq!(taken(answers), [1, 2]);
    }

    #[test]
    fn taking_ends_at_an_error_that_would_recur() {
        for errno in [libc::EMFILE, libc::ENOMEM, libc::EINVAL, libc::EBADF] {
            assert_eq!(taken(vec![Ok(1), failed(errno)]), [1]);
        }
    }

    #[test]
    fn taking_ends_even_if_every_connection_fails_or_more_keep_coming() {
        assert_eq!(take_all(|| failed(libc::ECONNABORTED)), []);
        assert_eq!(take_all(|| Ok(())).len(), CLOSING_ACCEPTS_MAX);
    }

    #[test]
    fn clients_waiting_for_a_closing_listener_are_accepted() {
        let path = std::env::temp_dir().join(format!("ringcall-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let _clients = [0; 3].map(|_| UnixStream::connect(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(take_waiting(listener.as_fd()).len(), 3);
    }
}
