//! The connections that have asked for the server's health, until they are told.
//!
//! Invariant: `asking` has only open connections.

use std::mem;

use super::{EventLoop, find};
use crate::bridge::Health;
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    /// Notes the connections that have asked in this turn, and passes the question on once.
    pub(super) fn ask_health(&mut self) {
        if self.context.asked.is_empty() {
            return;
        }
        let peers = &mut self.peers;
        let asked = self.context.asked.drain(..);
        self.asking
            .extend(asked.filter(|id| find(peers, *id).is_some()));
        debug_assert!(
            self.asking.len() <= self.peers.len(),
            "who left does not ask"
        );
        self.context.table.sink.health_asked();
    }

    pub(super) fn tell_health(&mut self, health: Health) {
        for id in mem::take(&mut self.asking) {
            if let Some(peer) = find(&mut self.peers, id) {
                peer.connection.tell_health(health, &mut self.context);
                self.touch(id.slot);
            }
        }
    }
}
