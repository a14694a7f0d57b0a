//! The calls that wait for the handler, in the order in which it is to have them.
//!
//! The thread that answers owns it and is its only caller. What fits into the next batch goes there
//! as it came. Where more waits, connections take turns: a call waits for one round for each of
//! its own connection's requests that were ahead of it, so that whoever pipelines many does not
//! keep those waiting who ask once (start-time fair queueing, at the cost of an index).
//!
//! Invariant: it holds no more calls than there are credits, as each call has one.

use std::collections::VecDeque;
use std::mem;

use super::Call;

/// Calls in the order of rounds; in a round, in the order in which they came.
#[derive(Debug, Default)]
pub struct Queue {
    /// What came last, in order; while there are rounds, nothing.
    fresh: VecDeque<Call>,
    /// The first is the one that is served, and never empty. Not more than a connection may have
    /// requests without an answer.
    rounds: VecDeque<VecDeque<Call>>,
    /// A round that is over, to be used again.
    spare: VecDeque<Call>,
}

impl Queue {
    /// Takes over `calls`, which is empty afterwards.
    pub fn add(&mut self, calls: &mut Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        if self.fresh.is_empty() {
            // The two exchange their memory, and no call is copied.
            let emptied = mem::replace(calls, mem::take(&mut self.fresh).into());
            self.fresh = emptied.into();
        } else {
            self.fresh.extend(calls.drain(..));
        }
    }

    /// True: nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.rounds.is_empty()
    }

    /// Sorts what waits into rounds, unless `batch` takes all of it.
    pub fn settle(&mut self, batch: usize) {
        if self.rounds.is_empty() && self.fresh.len() <= batch {
            return;
        }
        for call in mem::take(&mut self.fresh) {
            let round = usize::from(call.ahead);
            while self.rounds.len() <= round {
                self.rounds.push_back(mem::take(&mut self.spare));
            }
            self.rounds[round].push_back(call);
        }
        self.drop_empty_rounds();
    }

    /// The next call.
    pub fn take(&mut self) -> Option<Call> {
        let Some(round) = self.rounds.front_mut() else {
            return self.fresh.pop_front();
        };
        let call = round.pop_front();
        self.drop_empty_rounds();
        call
    }

    /// Puts a call back that was taken and not run: it is the next one again.
    pub fn put_back(&mut self, call: Call) {
        match self.rounds.front_mut() {
            Some(round) => round.push_front(call),
            None => self.fresh.push_front(call),
        }
    }

    /// The calls, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.fresh.iter().chain(self.rounds.iter().flatten())
    }

    fn drop_empty_rounds(&mut self) {
        while self.rounds.front().is_some_and(VecDeque::is_empty) {
            if let Some(over) = self.rounds.pop_front() {
                self.spare = over;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Request `sequence` of connection `number`, with as many ahead.
    fn call(number: u64, sequence: u8) -> Call {
        let mut call = Call {
            sequence: u32::from(sequence),
            ahead: sequence,
            ..Call::default()
        };
        call.connection.number = number;
        call
    }

    fn queue(calls: Vec<Call>, batch: usize) -> Queue {
        let mut queue = Queue::default();
        add(&mut queue, calls, batch);
        queue
    }

    fn add(queue: &mut Queue, mut calls: Vec<Call>, batch: usize) {
        queue.add(&mut calls);
        assert!(calls.is_empty());
        queue.settle(batch);
    }

    fn take(queue: &mut Queue, count: usize) -> Vec<(u64, u32)> {
        let calls = (0..count).map_while(|_| queue.take());
        calls
            .map(|call| (call.connection.number, call.sequence))
            .collect()
    }

    #[test]
    fn what_fits_a_batch_is_taken_as_it_came() {
        let mut queue = queue(vec![call(1, 0), call(1, 1), call(2, 0)], 3);
        assert_eq!(take(&mut queue, 9), [(1, 0), (1, 1), (2, 0)]);
        assert!(queue.is_empty());
    }

    #[test]
    fn connections_take_turns_where_more_waits_than_a_batch() {
        let calls = vec![call(1, 0), call(1, 1), call(1, 2), call(2, 0), call(2, 1)];
        let mut queue = queue(calls, 1);
        let expected = [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)];
        assert_eq!(take(&mut queue, 9), expected);
        assert!(queue.is_empty());
    }

    #[test]
    fn who_asks_once_is_next_however_many_requests_others_have_pipelined() {
        let many = (0..64).map(|sequence| call(1, sequence)).collect();
        let mut queue = queue(many, 1);
        assert_eq!(take(&mut queue, 10).len(), 10);
        add(&mut queue, vec![call(2, 0)], 1);
        assert_eq!(take(&mut queue, 2), [(1, 10), (2, 0)]);
        assert_eq!(take(&mut queue, 99).len(), 53);
    }

    #[test]
    fn a_connection_s_own_requests_keep_their_order() {
        let mut queue = queue(vec![call(1, 0), call(1, 1), call(2, 0)], 1);
        assert_eq!(take(&mut queue, 1), [(1, 0)]);
        // Read when one was ahead, and behind the one that was.
        let mut third = call(1, 2);
        third.ahead = 1;
        add(&mut queue, vec![third], 1);
        assert_eq!(take(&mut queue, 9), [(2, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn a_call_that_was_put_back_is_the_next_one() {
        for batch in [1, 9] {
            let mut queue = queue(vec![call(1, 0), call(1, 1), call(2, 0)], batch);
            let first = queue.take().unwrap();
            let expected = first.connection.number;
            queue.put_back(first);
            assert_eq!(take(&mut queue, 1), [(expected, 0)]);
            assert_eq!(take(&mut queue, 9).len(), 2);
        }
    }
}
