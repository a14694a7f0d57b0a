//! What the ring thread counts and other threads read.
//!
//! The ring thread counts in plain integers and publishes them once a turn. What is too much for
//! that, the [`Details`], it counts where readers look.
//!
//! Invariant: a reader sees all the counts of one recent turn. `version` is odd while they change,
//! and a reader that saw it odd, or changed, looks again (a seqlock). The details may be ahead of
//! them.

mod histogram;

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering, fence};

pub use histogram::{Distribution, Histogram, LENGTHS, TIMES};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The counts, as the ring thread keeps them.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// The counts, as other threads see them. Two cache lines, which processors fetch in pairs,
        /// are this ring thread's alone to write.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Stats {
            version: AtomicU64,
            $($name: AtomicU64,)+
            /// What is not published, but written in place.
            pub details: Details,
        }

        impl Counters {
            /// Adds another ring's counts.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }

        impl Stats {
            /// Makes `counters` visible to readers. For the ring thread.
            pub fn publish(&self, counters: &Counters) {
                let version = self.version.load(Ordering::Relaxed);
                self.version.store(version + 1, Ordering::Relaxed);
                fence(Ordering::Release);
                $(self.$name.store(counters.$name, Ordering::Relaxed);)+
                self.version.store(version + 2, Ordering::Release);
            }

            /// The counts of a recent turn.
            #[must_use]
            pub fn read(&self) -> Counters {
                loop {
                    let before = self.version.load(Ordering::Acquire);
                    let counters = Counters {
                        $($name: self.$name.load(Ordering::Relaxed),)+
                    };
                    fence(Ordering::Acquire);
                    if before % 2 == 0 && before == self.version.load(Ordering::Relaxed) {
                        return counters;
                    }
                    hint::spin_loop();
                }
            }
        }
    };
}

counters! {
    /// Connections that are open now.
    connections_open,
    /// Connections accepted since the start.
    connections_accepted,
    /// Requests read completely or refused.
    requests,
    /// Answers with a status of 200 to 299.
    responses_2xx,
    /// Answers with a status of 300 to 399.
    responses_3xx,
    /// Answers with a status of 400 to 499.
    responses_4xx,
    /// Answers with a status of 500 to 599.
    responses_5xx,
    /// Calls that have a credit, whether or not the client still waits; whoever reads the stats
    /// fills them in.
    in_flight,
    /// Batches of numbers handed over.
    batches,
    /// Requests refused because too many were in flight, or too many bytes of them waited: 503.
    overloaded,
    /// Heads over their limit: 431 or 414.
    heads_too_large,
    /// Bodies over their limit: 413.
    bodies_too_large,
    /// Heads that did not arrive in time: 408.
    headers_timeouts,
    /// Bodies that did not arrive in time: 408.
    request_timeouts,
    /// Connections closed because no request came.
    keep_alive_timeouts,
    /// Numbers that the handler did not answer in time: 503.
    handler_timeouts,
    /// Connections closed because their peer took nothing.
    send_timeouts,
    /// Answers among `responses_2xx` that were sent on leased sockets.
    sent,
    /// How often accepting paused, for too many connections or for want of descriptors or memory.
    accept_pauses,
    /// Connections that a reset or another error ended.
    connection_errors,
    /// Bytes received from peers.
    bytes_received,
    /// Bytes sent to peers.
    bytes_sent,
    /// Turns of the loop: each enters the kernel once, or more where there is much to submit.
    turns,
    /// Completions, those of sends included whose success is only concluded.
    completions,
    /// Receives that found no buffer, and are begun again.
    buffer_shortages,
    /// Writes that woke the ring thread; whoever reads the stats fills them in.
    wakeups,
}

impl Counters {
    /// Counts an answer with another status than 200.
    pub fn count(&mut self, status: u16) {
        match status {
            500.. => self.responses_5xx += 1,
            400.. => self.responses_4xx += 1,
            300.. => self.responses_3xx += 1,
            _ => self.responses_2xx += 1,
        }
    }

    /// Counts what the server itself has found too large. A function may have these statuses, too.
    pub fn count_too_large(&mut self, status: u16) {
        match status {
            413 => self.bodies_too_large += 1,
            414 | 431 => self.heads_too_large += 1,
            _ => {}
        }
    }
}

/// The statuses that are counted one by one: those that an answer may have, but for 200.
const STATUS_MIN: u16 = 201;
const STATUSES: usize = 399;

/// What one ring thread counts in place.
#[derive(Debug)]
pub struct Details {
    /// Microseconds from a request's end to its answer, of the requests that the handler was given.
    pub latency: Histogram<19>,
    /// Lengths of the batches handed over.
    pub batch_lengths: Histogram<11>,
    /// Answers by their status.
    answers: [AtomicU64; STATUSES],
}

impl Default for Details {
    fn default() -> Self {
        Self {
            latency: Histogram::new(&TIMES),
            batch_lengths: Histogram::new(&LENGTHS),
            answers: [const { AtomicU64::new(0) }; STATUSES],
        }
    }
}

impl Details {
    /// Counts an answer with another status than 200. For the ring thread.
    pub fn count(&self, status: u16) {
        let index = status.checked_sub(STATUS_MIN).map(usize::from);
        if let Some(count) = index.and_then(|index| self.answers.get(index)) {
            histogram::increase(count, 1);
        }
    }

    /// The statuses, other than 200, of which there were answers, and how many.
    pub fn answers(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self
            .answers
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        (STATUS_MIN..).zip(counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_read() {
        let stats = Stats::default();
        let counters = Counters {
            requests: 3,
            in_flight: 1,
            ..Counters::default()
        };
        stats.publish(&counters);
        assert_eq!(stats.read(), counters);
    }

    #[test]
    fn what_is_read_while_it_is_published_is_of_one_turn() {
        const TURNS: u64 = 20_000;
        let stats = Stats::default();
        let of_turn = |turn| Counters {
            connections_open: turn,
            accept_pauses: turn,
            ..Counters::default()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| (1..=TURNS).for_each(|turn| stats.publish(&of_turn(turn))));
            let mut last = 0;
            while last < TURNS {
                let counters = stats.read();
                assert_eq!(counters, of_turn(counters.connections_open));
                assert!(counters.connections_open >= last);
                last = counters.connections_open;
            }
        });
    }

    #[test]
    fn answers_are_counted_by_their_status() {
        let details = Details::default();
        for status in [400, 204, 503, 599, 503] {
            details.count(status);
        }
        let counted: Vec<_> = details.answers().collect();
        assert_eq!(counted, [(204, 1), (400, 1), (503, 2), (599, 1)]);
    }
}
