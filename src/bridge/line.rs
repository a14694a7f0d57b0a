//! A connection's socket, and who may send on it.
//!
//! The ring thread owns every line. While it sleeps, a lone answer would cost a wake-up, a switch
//! to it and a turn of its loop, which together take longer than the sending. So with a turn's few
//! numbers it lends the lines they came on, and whoever answers may send the answer at once.
//!
//! The ring thread has the [`LineOwner`], the answerer a weak [`Line`], and nobody else knows of
//! the states.
//!
//! Invariant: one thread at a time sends, and an answerer only the answer to the call for which the
//! line was lent last. The states and who leaves them:
//!
//! ```text
//!        lend (ring)           take (answerer)
//! Home ──────────────▶ Lent ─────────────────────▶ Taken
//!   ▲                   │ ▲                        │   │ recall (ring)
//!   │   recall (ring)   │ └─ give_back (answerer) ─┘   ▼
//!   ├───────────────────┘                           Awaited
//!   └── come_home (ring), told by mail ────────────────┘
//! ```
//!
//! State and call are one word, and every change is one compare-exchange of it, so two that want a
//! line to go different ways cannot both succeed. Release and acquire order what the one has done
//! on the line, or has posted, before what the next does.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// The ring thread sends.
const HOME: u32 = 0;
/// Who has the call may take it.
const LENT: u32 = 1;
/// An answerer is sending.
const TAKEN: u32 = 2;
/// The same, and the ring thread waits to be told of its end.
const AWAITED: u32 = 3;

/// A connection's socket, and who may send on it.
#[derive(Debug)]
pub struct Line {
    socket: OwnedFd,
    /// The state, and the sequence of the call for which the line was lent last.
    word: AtomicU64,
}

/// The ring thread's end of a line, which lends it and calls it back.
#[derive(Debug)]
pub struct LineOwner {
    line: Arc<Line>,
    /// False exactly when the line is at home.
    lent: bool,
}

impl LineOwner {
    /// A line that is at home.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Self {
        Self {
            line: Arc::new(Line::new(socket)),
            lent: false,
        }
    }

    /// The socket.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// True: an answerer may be sending.
    #[must_use]
    pub fn is_lent(&self) -> bool {
        self.lent
    }

    /// The line, for whoever answers call `sequence`; none while an answerer is awaited.
    pub fn lend(&mut self, sequence: u32) -> Weak<Line> {
        if !self.line.lend(sequence) {
            return Weak::new();
        }
        self.lent = true;
        Arc::downgrade(&self.line)
    }

    /// True: the line is at home. False: an answerer is sending, and gives it back by mail.
    pub fn recall(&mut self) -> bool {
        self.lent = self.lent && !self.line.recall();
        !self.lent
    }

    /// The answerer has given it back by mail.
    pub fn came_home(&mut self) {
        self.line.come_home();
        self.lent = false;
    }

    /// The socket, to be closed. None: an answerer is just finding out that the connection is gone,
    /// and closes it.
    #[must_use]
    pub fn into_socket(self) -> Option<OwnedFd> {
        Arc::into_inner(self.line).map(|line| line.socket)
    }
}

impl Line {
    fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            word: AtomicU64::new(word(HOME, 0)),
        }
    }

    /// The socket, to be sent on by whoever the line is with.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Lets whoever answers the connection's call `sequence` send, instead of any other. False: it
    /// is awaited. For the ring thread.
    fn lend(&self, sequence: u32) -> bool {
        self.change(|state, _| match state {
            // Who is sending gives it back as lent.
            HOME | LENT => Some(word(LENT, sequence)),
            TAKEN => Some(word(TAKEN, sequence)),
            _ => None,
        })
    }

    /// True: the line is the ring thread's. False: somebody is sending, who will post that it is
    /// done. For the ring thread.
    fn recall(&self) -> bool {
        self.change(|state, sequence| match state {
            TAKEN => Some(word(AWAITED, sequence)),
            LENT => Some(word(HOME, sequence)),
            _ => None,
        });
        // From these two only the ring thread leads.
        parts(self.word.load(Ordering::Relaxed)).0 == HOME
    }

    /// Makes a line the ring thread's that its answerer has let go of by mail.
    fn come_home(&self) {
        self.word.store(word(HOME, 0), Ordering::Relaxed);
    }

    /// True: the caller may send the answer to `sequence`, and gives the line back then. For the
    /// answerer.
    pub(super) fn take(&self, sequence: u32) -> bool {
        self.change(|state, lent_for| {
            (state == LENT && lent_for == sequence).then_some(word(TAKEN, sequence))
        })
    }

    /// False: the ring thread waits, and has to be told by mail. For the answerer.
    pub(super) fn give_back(&self) -> bool {
        self.change(|state, sequence| (state == TAKEN).then_some(word(LENT, sequence)))
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

    fn line() -> Line {
        Line::new(UnixStream::pair().unwrap().0.into())
    }

    #[test]
    fn a_line_at_home_cannot_be_taken() {
        assert!(!line().take(0));
    }

    #[test]
    fn a_lent_line_goes_to_who_is_first() {
        let line = line();
        assert!(line.lend(7));
        assert!(line.recall());
        assert!(!line.take(7));
        assert!(line.lend(7));
        assert!(line.take(7));
        assert!(!line.take(7));
        assert!(line.give_back());
        assert!(line.recall());
    }

    #[test]
    fn a_line_lent_for_a_later_call_is_not_for_an_earlier_ones_late_answer() {
        let line = line();
        assert!(line.lend(1));
        assert!(line.lend(2));
        assert!(!line.take(1));
        assert!(line.take(2));
        assert!(line.lend(3));
        assert!(line.give_back());
        assert!(!line.take(2));
        assert!(line.take(3));
    }

    #[test]
    fn a_line_recalled_while_it_is_taken_comes_home_by_mail() {
        let line = line();
        assert!(line.lend(1));
        assert!(line.take(1));
        assert!(!line.recall());
        assert!(!line.recall());
        assert!(!line.lend(2));
        assert!(!line.give_back());
        assert!(!line.take(2));
        line.come_home();
        assert!(line.recall());
    }
}
