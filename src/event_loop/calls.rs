//! The turn's calls on their way to the service: admitted, or refused, and handed over.

use super::{EventLoop, find};
use crate::limits::DIRECT_ANSWERS_MAX;
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    /// Takes a credit for each of the turn's calls, and refuses those for which there is none. Who
    /// was refused may be read on, and ask again.
    pub(super) fn admit_calls(&mut self) {
        let mut admitted = 0;
        while admitted < self.turn.calls.len() {
            let wanted = self.turn.calls.len() - admitted;
            let granted = self.rings.calls.take(wanted as u64);
            admitted += usize::try_from(granted).unwrap_or(wanted);
            let strays = &mut self.turn.strays;
            strays.retain(|(index, _)| *index < admitted);
            for call in self.turn.calls.split_off(admitted) {
                if let Some(peer) = find(&mut self.peers, call.connection) {
                    peer.connection.overloaded(call.sequence, &mut self.turn);
                    self.touch(call.connection.slot);
                }
            }
            self.advance_touched();
        }
    }

    /// Leaves the turn's calls for the service, with their lines where they are few. Returns
    /// whether there were any.
    pub(super) fn hand_over_calls(&mut self) -> bool {
        if self.turn.calls.is_empty() {
            return false;
        }
        self.turn.counters.batches += 1;
        let length = self.turn.calls.len() as u64;
        self.turn.stats.details.batch_lengths.add(length);
        if self.turn.calls.len() <= DIRECT_ANSWERS_MAX {
            for call in &mut self.turn.calls {
                if let Some(peer) = find(&mut self.peers, call.connection) {
                    call.line = peer.lend_line(call.sequence);
                }
            }
        }
        self.hand_over_strays();
        if !self.turn.calls.is_empty() {
            self.turn.table.service.call(&mut self.turn.calls);
        }
        true
    }

    /// Leaves those calls for another service whose requests have met another table.
    #[inline]
    fn hand_over_strays(&mut self) {
        // The last first, so that the indices of the others stay.
        while let Some((index, table)) = self.turn.strays.pop() {
            let call = self.turn.calls.remove(index);
            table.service.call(&mut vec![call]);
        }
    }
}
