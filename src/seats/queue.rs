//! The calls that wait for the handler, in the order in which it is to have them.
//!
//! `seats` has it behind a lock. Calls that all fit into the next batch stay in the order in which
//! they came. If more wait, connections take turns: the first call of each connection goes into the
//! next round, and each further one a round later. So a client that pipelines many requests does
//! not delay clients that send one (start-time fair queueing). The round that is being served takes
//! no more calls, so that it ends.
//!
//! Invariants:
//! - A connection's calls are in the order in which they arrived.
//! - It holds no more calls than there are credits, since each call has one.

use std::collections::{HashMap, VecDeque};
use std::mem;

use crate::bridge::{Call, ConnectionId};

/// From so many connections on, those that have no call in the queue are forgotten.
const CONNECTIONS_MIN: usize = 256;

/// Calls in the order of rounds and, within a round, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The calls that came last, in order. They are in no round yet.
    fresh: VecDeque<Call>,
    /// The rounds, of which the first is served, and is never empty.
    rounds: VecDeque<VecDeque<Call>>,
    /// The number of the first round.
    served: u64,
    /// True exactly when a call of the first round has been taken.
    is_begun: bool,
    /// The round of each connection's last call. A connection without a call in the queue has a
    /// round that is over, or no entry.
    last: HashMap<ConnectionId, u64>,
    /// From so many entries on, connections without calls are forgotten.
    look_at: usize,
    /// A round that is over, to be used again.
    spare: VecDeque<Call>,
    /// How many calls are in rounds.
    in_rounds: usize,
}

impl Queue {
    /// Takes over `calls`, which is empty afterwards.
    pub(super) fn add(&mut self, calls: &mut Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        if self.fresh.is_empty() {
            // The two swap their memory, and no call is copied.
            let emptied = mem::replace(calls, mem::take(&mut self.fresh).into());
            self.fresh = emptied.into();
        } else {
            self.fresh.extend(calls.drain(..));
        }
    }

    /// True: nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.rounds.is_empty()
    }

    /// How many calls wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.fresh.len() + self.in_rounds
    }

    /// Sorts the waiting calls into rounds, unless `batch` takes all of them.
    pub(super) fn settle(&mut self, batch: usize) {
        if self.rounds.is_empty() && self.fresh.len() <= batch {
            return;
        }
        let mut fresh = mem::take(&mut self.fresh);
        for call in fresh.drain(..) {
            self.add_to_round(call);
        }
        self.fresh = fresh;
        self.forget();
    }

    /// The next call.
    pub(super) fn take(&mut self) -> Option<Call> {
        let Some(round) = self.rounds.front_mut() else {
            return self.fresh.pop_front();
        };
        let call = round.pop_front();
        self.in_rounds -= 1;
        self.is_begun = true;
        while self.rounds.front().is_some_and(VecDeque::is_empty) {
            self.served += 1;
            self.is_begun = false;
            if let Some(over) = self.rounds.pop_front() {
                self.spare = over;
            }
        }
        call
    }

    /// Puts a call back that was taken and not run. It is the next one again.
    pub(super) fn put_back(&mut self, call: Call) {
        match self.rounds.front_mut() {
            Some(round) => {
                round.push_front(call);
                self.in_rounds += 1;
            }
            None => self.fresh.push_front(call),
        }
    }

    /// Takes out the calls that arrived at `latest` or before, if no thread takes calls. The
    /// others are sorted anew.
    pub(super) fn take_old(&mut self, latest: u64) -> Vec<Call> {
        if self.iter().all(|call| call.arrived > latest) {
            return Vec::new();
        }
        let in_rounds = mem::take(&mut self.rounds).into_iter().flatten();
        let all = in_rounds.chain(mem::take(&mut self.fresh));
        let (old, kept): (Vec<Call>, Vec<Call>) = all.partition(|call| call.arrived <= latest);
        self.fresh = kept.into();
        self.last.clear();
        self.is_begun = false;
        self.in_rounds = 0;
        old
    }

    /// The calls, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Call> {
        self.fresh.iter().chain(self.rounds.iter().flatten())
    }

    fn add_to_round(&mut self, call: Call) {
        let next = self.served + u64::from(self.is_begun);
        let last = self.last.get(&call.connection);
        let round = last.map_or(next, |last| next.max(last + 1));
        self.last.insert(call.connection, round);
        let index = usize::try_from(round - self.served).expect("a connection has few calls");
        while self.rounds.len() <= index {
            self.rounds.push_back(mem::take(&mut self.spare));
        }
        self.rounds[index].push_back(call);
        self.in_rounds += 1;
    }

    /// Forgets connections without calls. It does so when there are twice as many entries as were
    /// left the last time, so that the cost for each call stays the same however many there are.
    fn forget(&mut self) {
        if self.last.len() >= self.look_at {
            let served = self.served;
            self.last.retain(|_, last| *last >= served);
            self.look_at = CONNECTIONS_MIN.max(2 * self.last.len());
        }
    }
}

#[cfg(test)]
#[path = "tests/queue.rs"]
mod tests;
