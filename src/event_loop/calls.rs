//! The turn's calls: each is admitted or refused, and those admitted are handed to the call sink.

use super::{EventLoop, find};
use crate::limits::DIRECT_ANSWERS_MAX;
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    /// Takes a credit for each of the turn's calls, and refuses those for which there is none. A
    /// connection whose call was refused may be read on, and bring another one.
    pub(super) fn admit_calls(&mut self) {
        let mut admitted = 0;
        while admitted < self.context.calls.len() {
            let wanted = self.context.calls.len() - admitted;
            let granted = self.shared.calls.take(wanted as u64);
            admitted += usize::try_from(granted).unwrap_or(wanted);
            let strays = &mut self.context.strays;
            strays.retain(|(index, _)| *index < admitted);
            for call in self.context.calls.split_off(admitted) {
                if let Some(peer) = find(&mut self.peers, call.connection) {
                    peer.connection.overloaded(call.sequence, &mut self.context);
                    self.touch(call.connection.slot);
                }
            }
            self.advance_touched();
        }
    }

    /// Hands the turn's calls to the sink, with their sockets leased if they are few. Returns
    /// whether there were any.
    pub(super) fn hand_over_calls(&mut self) -> bool {
        if self.context.calls.is_empty() {
            return false;
        }
        self.context.counters.batches += 1;
        let length = self.context.calls.len() as u64;
        self.context.stats.details.batch_lengths.add(length);
        if self.context.calls.len() <= DIRECT_ANSWERS_MAX {
            for call in &mut self.context.calls {
                if let Some(peer) = find(&mut self.peers, call.connection) {
                    call.lease = peer.lease_socket(call.sequence);
                }
            }
        }
        self.hand_over_strays();
        if !self.context.calls.is_empty() {
            self.context.table.sink.call(&mut self.context.calls);
        }
        true
    }

    /// Hands the calls whose requests have met another table to the sink of that table.
    #[inline]
    fn hand_over_strays(&mut self) {
        // The last first, so that the indices of the others stay.
        while let Some((index, table)) = self.context.strays.pop() {
            let call = self.context.calls.remove(index);
            table.sink.call(&mut vec![call]);
        }
    }
}
