//! Hands what has completed to the acceptor and the peers.

use std::io;

use super::EventLoop;
use crate::uring::{Event, Kernel};

impl<K: Kernel> EventLoop<K> {
    /// Acts on what has completed. Returns whether that was all: after many bytes, received or of
    /// arguments, it leaves the rest for the next turn, so that answers leave and other work has
    /// the thread.
    pub(super) fn take_events(&mut self) -> bool {
        let most = self.shared.turn_bytes_max;
        let received = self.context.counters.bytes_received;
        self.context.body_bytes = 0;
        while let Some(event) = self.ring.next_event() {
            self.context.counters.completions += 1;
            self.on_event(event);
            let received = self.context.counters.bytes_received - received;
            if self.context.body_bytes > most || received > most as u64 {
                return false;
            }
        }
        true
    }

    fn on_event(&mut self, event: Event<K::Buffer>) {
        match event {
            Event::Accepted { result, armed } => {
                let now_us = self.context.now_us;
                if let Some(socket) = self.acceptor.on_accepted(result, armed, now_us) {
                    self.held.push_back(socket);
                }
            }
            Event::Received {
                token,
                result,
                armed,
            } => {
                let peer = &mut self.peers[token.slot as usize];
                let is_starved = !peer.touched && found_no_buffer(&result);
                peer.on_received(result, armed, &mut self.ring, &mut self.context);
                if is_starved {
                    peer.touched = true;
                    self.starved.push(token.slot);
                } else {
                    self.touch(token.slot);
                }
            }
            Event::Sent {
                token,
                result,
                bytes,
            } => {
                let peer = &mut self.peers[token.slot as usize];
                peer.on_sent(&result, bytes, &mut self.ring, &mut self.context);
                self.touch(token.slot);
            }
            Event::Cancelled { token } => {
                // The accept's cancellation has no peer.
                if let Some(peer) = self.peers.get_mut(token.slot as usize) {
                    peer.on_done();
                    self.touch(token.slot);
                }
            }
            Event::Delayed => self.acceptor.on_delayed(),
            Event::Ticked => {
                self.ticking = false;
                self.has_ticked = true;
            }
            Event::Woken { armed: true } => {}
            Event::Woken { armed: false } => self.ring.arm_wake(self.reply_queue.waker()),
        }
    }
}

/// True: data had arrived, and no receive buffer was free for it.
fn found_no_buffer<B>(received: &io::Result<B>) -> bool {
    let error = received.as_ref().err().and_then(io::Error::raw_os_error);
    error == Some(libc::ENOBUFS)
}
