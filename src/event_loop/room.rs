//! Room for connections: accepted sockets are served while there is some.

use std::mem;
use std::task::Poll;

use super::{EventLoop, Stage};
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    /// Serves the accepted sockets, as far as there is room, and accepts more while there is.
    pub(super) fn steer_acceptor(&mut self) {
        self.open_held();
        let has_room = self.poll_room().is_ready();
        let now_us = self.context.now_us;
        self.acceptor
            .steer(has_room, now_us, &mut self.ring, &mut self.held);
        self.context.counters.accept_pauses = self.acceptor.pauses();
        // Those that waited at a listener that has just been closed.
        self.open_held();
    }

    fn open_held(&mut self) {
        if self.stage == Stage::Cutting {
            self.cut_held();
        }
        while !self.held.is_empty()
            && (self.poll_room().is_ready() || self.is_closing())
            && let Some(socket) = self.held.pop_front()
        {
            if self.shared.connections.take(1) == 1 {
                self.open(socket);
            } else if self.is_closing() {
                // They are open anyway. If they were served one after the other, each with its own
                // grace and timeouts, they could delay the end for as long as they like.
                self.uncounted += 1;
                self.open(socket);
            } else {
                self.held.push_front(socket);
            }
        }
    }

    pub(super) fn cut_held(&mut self) {
        for socket in self.held.drain(..) {
            self.ring.close(socket);
        }
    }

    /// Pending: no ring may open a connection, and this one is woken when one may.
    fn poll_room(&self) -> Poll<()> {
        self.shared.connections.poll_free(self.index)
    }

    /// Lets any ring have the room of the connections that ended in this turn. Their end has been
    /// published before, so that no reader sees one more than the limit.
    pub(super) fn give_room(&mut self) {
        let freed = mem::take(&mut self.freed);
        if freed > 0 {
            self.shared.connections.give(freed);
            for waiting in self.shared.connections.take_waiting() {
                self.shared.handles[waiting].reply_queue.wake();
            }
        }
    }
}
