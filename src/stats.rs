//! What the ring thread counts and other threads read.
//!
//! The ring thread counts in plain integers and publishes them once a turn; a reader sees some
//! recent turn's values.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The counts, as the ring thread keeps them.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        /// The counts, as other threads see them.
        #[derive(Debug, Default)]
        pub struct Stats {
            $($name: AtomicU64,)+
        }

        impl Stats {
            /// Makes `counters` visible to readers. For the ring thread.
            pub fn publish(&self, counters: &Counters) {
                $(self.$name.store(counters.$name, Ordering::Relaxed);)+
            }

            /// The counts of a recent turn.
            #[must_use]
            pub fn read(&self) -> Counters {
                Counters {
                    $($name: self.$name.load(Ordering::Relaxed),)+
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
    /// Answers with a status of 400 to 499.
    responses_4xx,
    /// Answers with a status of 500 to 599.
    responses_5xx,
    /// Numbers handed to the handler and not answered by it, whether or not the client still waits.
    in_flight,
    /// Batches of numbers handed over.
    batches,
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
}
