//! The counts that the ring thread keeps and other threads read.
//!
//! The ring thread counts in plain integers and publishes them once a turn. The [`Details`] are too
//! many for that; it counts them in place, where readers look.
//!
//! Invariant: a reader sees all the counts of one recent turn. `version` is odd while they change,
//! and a reader that sees it odd, or changed, reads again (a seqlock). The details may be ahead of
//! them.

mod answers;
mod histogram;

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering, fence};

pub use answers::Answers;
pub use histogram::{Distribution, Histogram, LENGTHS, TIMES};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The counts, as the ring thread keeps them.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// The counts, as other threads see them. They fill whole pairs of cache lines, since
        /// processors fetch those together, and only this ring thread writes to them.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Stats {
            version: AtomicU64,
            $($name: AtomicU64,)+
            /// The counts that are kept in place.
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
    /// Answers among them with a status of 200 that `Details::answers` does not count.
    responses_ok,
    /// Answers with a status of 300 to 399.
    responses_3xx,
    /// Answers with a status of 400 to 499.
    responses_4xx,
    /// Answers with a status of 500 to 599.
    responses_5xx,
    /// Calls that have a credit, whether or not the client still waits. The reader of the stats
    /// fills this in.
    in_flight,
    /// Batches of calls handed over.
    batches,
    /// Requests refused because too many calls were in flight, or too many bytes waited: 503.
    overloaded,
    /// Heads over their limit: 431 or 414.
    heads_too_large,
    /// Bodies over their limit: 413.
    bodies_too_large,
    /// Heads that did not arrive in time: 408.
    headers_timeouts,
    /// Bodies that did not arrive in time: 408.
    request_timeouts,
    /// Connections closed because they were idle for too long.
    keep_alive_timeouts,
    /// Calls that the handler did not answer in time: 503.
    handler_timeouts,
    /// Connections closed because their peer did not take what was sent.
    send_timeouts,
    /// Answers that were sent on leased sockets. The reader of the stats fills this in, and adds
    /// them to the responses.
    sent_on_leases,
    /// How often accepting paused, because of too many connections, or for want of descriptors or
    /// memory.
    accept_pauses,
    /// Connections ended by a reset or another error.
    connection_errors,
    /// Bytes received from peers.
    bytes_received,
    /// Bytes sent to peers.
    bytes_sent,
    /// Turns of the loop. Each enters the kernel once, or more often if there is much to submit.
    turns,
    /// Completions, including those of sends whose success was only inferred.
    completions,
    /// Receives for which no buffer was free, and which are armed again.
    buffer_shortages,
    /// Writes that woke the ring thread. The reader of the stats fills this in.
    wakeups,
}

impl Counters {
    /// Counts so many answers of this status.
    pub fn count(&mut self, status: u16, answers: u64) {
        let responses = match status {
            500.. => &mut self.responses_5xx,
            400.. => &mut self.responses_4xx,
            300.. => &mut self.responses_3xx,
            _ => &mut self.responses_2xx,
        };
        *responses += answers;
    }

    /// Counts what the server itself has refused as too large. A function may answer with these
    /// statuses, too.
    pub fn count_too_large(&mut self, status: u16) {
        match status {
            413 => self.bodies_too_large += 1,
            414 | 431 => self.heads_too_large += 1,
            _ => {}
        }
    }
}

/// The counts that one ring thread keeps in place.
#[derive(Debug)]
pub struct Details {
    /// Microseconds from a request's end to its answer, for the requests that the handler was
    /// given.
    pub latency: Histogram<19>,
    /// Lengths of the batches handed over.
    pub batch_lengths: Histogram<11>,
    /// Answers by their status, except those of `Counters::responses_ok`.
    pub answers: Answers,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            latency: Histogram::new(&TIMES),
            batch_lengths: Histogram::new(&LENGTHS),
            answers: Answers::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_counters_are_read() {
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
    fn counters_read_during_a_publication_are_of_one_turn() {
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
}
