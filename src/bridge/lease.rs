//! A connection's socket, and who may send on it.
//!
//! The ring thread owns every socket. While it sleeps, a lone answer would cost a wake-up, a switch
//! to it and a turn of its loop, which together take longer than the sending. So with a turn's few
//! calls it leases the sockets they came on, and the thread that answers may send at once.
//!
//! The ring thread has the [`SocketOwner`], the answering thread a weak [`LeasedSocket`], and
//! nothing else knows the states.
//!
//! Invariant: one thread at a time sends, and an answering thread sends only the answer to the call
//! for which the socket was leased last. The states, and who leaves them:
//!
//! ```text
//!        lease (ring)          take (answerer)
//! Home ──────────────▶ Leased ───────────────────▶ Taken
//!   ▲                   │ ▲                        │   │ recall (ring)
//!   │   recall (ring)   │ └─ give_back (answerer) ─┘   ▼
//!   ├───────────────────┘                           Recalled
//!   └── returned (ring): a ReturnedLease was posted ────┘
//! ```
//!
//! State and call are one word, and each change is one compare-exchange of it. So if both threads
//! want to change it at once, one of them fails. Release and acquire order what one thread has sent
//! or posted before what the next one does.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// The ring thread sends.
const HOME: u32 = 0;
/// The thread that has the call may take the socket.
const LEASED: u32 = 1;
/// An answering thread is sending.
const TAKEN: u32 = 2;
/// An answering thread is sending, and the ring thread waits until it is told that it has ended.
const RECALLED: u32 = 3;

/// A connection's socket, and who may send on it.
#[derive(Debug)]
pub struct LeasedSocket {
    socket: OwnedFd,
    /// The state, and the sequence of the call for which the socket was leased last.
    word: AtomicU64,
}

/// The ring thread's end of a socket: it leases the socket and recalls it.
#[derive(Debug)]
pub struct SocketOwner {
    socket: Arc<LeasedSocket>,
    /// False exactly when the socket is at home.
    is_leased: bool,
}

impl SocketOwner {
    /// A socket that is at home.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Self {
        Self {
            socket: Arc::new(LeasedSocket::new(socket)),
            is_leased: false,
        }
    }

    /// The socket.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// True: an answering thread may be sending.
    #[must_use]
    pub fn is_leased(&self) -> bool {
        self.is_leased
    }

    /// The socket, for the answer to call `sequence`; none while it is recalled.
    pub fn lease(&mut self, sequence: u32) -> Weak<LeasedSocket> {
        if !self.socket.lease(sequence) {
            return Weak::new();
        }
        self.is_leased = true;
        Arc::downgrade(&self.socket)
    }

    /// True: the socket is at home. False: an answering thread is sending, and will post a
    /// [`ReturnedLease`](super::ReturnedLease).
    pub fn recall(&mut self) -> bool {
        self.is_leased = self.is_leased && !self.socket.recall();
        !self.is_leased
    }

    /// A [`ReturnedLease`](super::ReturnedLease) has arrived.
    pub fn returned(&mut self) {
        self.socket.returned();
        self.is_leased = false;
    }

    /// The socket, to be closed. None: an answering thread is just finding out that the connection
    /// is gone, and closes it.
    #[must_use]
    pub fn into_socket(self) -> Option<OwnedFd> {
        Arc::into_inner(self.socket).map(|leased| leased.socket)
    }
}

impl LeasedSocket {
    fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            word: AtomicU64::new(word(HOME, 0)),
        }
    }

    /// The descriptor, for the thread that may send.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Leases the socket for the answer to call `sequence`, and for no earlier one. False: it is
    /// recalled. For the ring thread.
    fn lease(&self, sequence: u32) -> bool {
        self.change(|state, _| match state {
            // The thread that is sending gives it back as leased.
            HOME | LEASED => Some(word(LEASED, sequence)),
            TAKEN => Some(word(TAKEN, sequence)),
            _ => None,
        })
    }

    /// True: the socket is at home. False: a thread is sending, which will post that it is done.
    /// For the ring thread.
    fn recall(&self) -> bool {
        self.change(|state, sequence| match state {
            TAKEN => Some(word(RECALLED, sequence)),
            LEASED => Some(word(HOME, sequence)),
            _ => None,
        });
        // Only the ring thread leaves `HOME` and `RECALLED`.
        parts(self.word.load(Ordering::Relaxed)).0 == HOME
    }

    /// The socket is at home again: its answering thread has posted that it is done.
    fn returned(&self) {
        self.word.store(word(HOME, 0), Ordering::Relaxed);
    }

    /// True: the caller may send the answer to `sequence`, and gives the socket back then. For the
    /// answering thread.
    pub(super) fn take(&self, sequence: u32) -> bool {
        self.change(|state, leased_for| {
            (state == LEASED && leased_for == sequence).then_some(word(TAKEN, sequence))
        })
    }

    /// False: the ring thread waits for the socket, and a [`ReturnedLease`](super::ReturnedLease)
    /// has to be posted. For the answering thread.
    pub(super) fn give_back(&self) -> bool {
        self.change(|state, sequence| (state == TAKEN).then_some(word(LEASED, sequence)))
    }

    /// Changes the word to what `to` makes of it; false where that is nothing.
    fn change(&self, to: impl Fn(u32, u32) -> Option<u64>) -> bool {
        let to = |current| {
            let (state, sequence) = parts(current);
            to(state, sequence)
        };
        let changed = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, to);
        changed.is_ok()
    }
}

fn word(state: u32, sequence: u32) -> u64 {
    (u64::from(state) << 32) | u64::from(sequence)
}

#[expect(clippy::cast_possible_truncation, reason = "that takes it apart")]
fn parts(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn socket() -> LeasedSocket {
        LeasedSocket::new(UnixStream::pair().unwrap().0.into())
    }

    #[test]
    fn a_socket_at_home_cannot_be_taken() {
        assert!(!socket().take(0));
    }

    #[test]
    fn a_leased_socket_goes_to_the_first_taker() {
        let socket = socket();
        assert!(socket.lease(7));
        assert!(socket.recall());
        assert!(!socket.take(7));
        assert!(socket.lease(7));
        assert!(socket.take(7));
        assert!(!socket.take(7));
        assert!(socket.give_back());
        assert!(socket.recall());
    }

    #[test]
    fn an_earlier_call_s_late_answer_cannot_take_a_socket_leased_for_a_later_call() {
        let socket = socket();
        assert!(socket.lease(1));
        assert!(socket.lease(2));
        assert!(!socket.take(1));
        assert!(socket.take(2));
        assert!(socket.lease(3));
        assert!(socket.give_back());
        assert!(!socket.take(2));
        assert!(socket.take(3));
    }

    #[test]
    fn a_socket_recalled_while_it_is_taken_is_at_home_once_it_is_returned() {
        let socket = socket();
        assert!(socket.lease(1));
        assert!(socket.take(1));
        assert!(!socket.recall());
        assert!(!socket.recall());
        assert!(!socket.lease(2));
        assert!(!socket.give_back());
        assert!(!socket.take(2));
        socket.returned();
        assert!(socket.recall());
    }
}
