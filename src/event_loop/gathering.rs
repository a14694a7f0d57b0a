//! Decides whether connections are accepted as they come, or several at a time.
//!
//! A new connection wakes the ring thread twice, once for itself and once for its request, which
//! costs both sides the more, the less the thread has to do otherwise. While many connections come,
//! the acceptor therefore looks for them only every [`Crowd::gap_us`], by when the requests of most
//! have arrived, too. Network cards treat packets in the same way (interrupt coalescing).
//!
//! A few peers that each wait for an answer before they connect again would only be slowed down. So
//! the interval between connections is compared with the one before, as Linux does for its network
//! cards (`lib/dim`), and they are accepted as they come if that was quicker.

use std::time::Duration;

use crate::limits::Crowd;

/// How connections are accepted. Intervals are between two connections, on average, in nanoseconds.
#[derive(Debug, Clone, Copy)]
enum Mode {
    AsTheyCome {
        /// They were gathered until now, and came at this interval at best.
        gathered: Option<u64>,
    },
    Gathered {
        /// The interval at which they came before.
        before: u64,
        /// The shortest since; others may have been disturbed.
        best: u64,
        /// When they are to come as they do again, to compare.
        until_us: u64,
    },
}

/// Measures how fast connections come.
#[derive(Debug)]
pub(super) struct Gathering {
    crowd: Crowd,
    mode: Mode,
    /// When the last sample ended, and connections that were accepted since.
    since_us: u64,
    accepted: u32,
    /// When the last connection was accepted.
    last_us: u64,
    /// Before this, they are accepted as they come.
    not_before_us: u64,
}

impl Gathering {
    pub(super) fn new(crowd: Crowd) -> Self {
        Self {
            crowd,
            mode: Mode::AsTheyCome { gathered: None },
            since_us: 0,
            accepted: 0,
            last_us: 0,
            not_before_us: 0,
        }
    }

    /// True: they are accepted several at a time.
    pub(super) fn is_on(&self) -> bool {
        matches!(self.mode, Mode::Gathered { .. })
    }

    /// A connection was accepted.
    pub(super) fn on_accepted(&mut self, now_us: u64) {
        self.last_us = now_us;
        self.accepted += 1;
        let took_us = now_us - self.since_us;
        let is_crowd = took_us <= self.crowd.within_us;
        if is_crowd && self.accepted < self.crowd.connections {
            return;
        }
        let interval = took_us * 1000 / u64::from(self.accepted);
        self.mode = self.next_mode(is_crowd, interval, now_us);
        self.since_us = now_us;
        self.accepted = 0;
    }

    /// The mode after a sample.
    fn next_mode(&mut self, is_crowd: bool, interval: u64, now_us: u64) -> Mode {
        match self.mode {
            Mode::Gathered {
                before,
                best,
                until_us,
            } => {
                let best = best.min(interval);
                if is_crowd && now_us < until_us && !is_slower(interval, before) {
                    Mode::Gathered {
                        before,
                        best,
                        until_us,
                    }
                } else {
                    let gathered = Some(best);
                    Mode::AsTheyCome { gathered }
                }
            }
            Mode::AsTheyCome { gathered } if is_crowd && now_us >= self.not_before_us => {
                let until_us = now_us + self.crowd.retry_us;
                if gathered.is_some_and(|gathered| is_slower(gathered, interval)) {
                    self.not_before_us = until_us;
                    Mode::AsTheyCome { gathered: None }
                } else {
                    Mode::Gathered {
                        before: interval,
                        best: u64::MAX,
                        until_us,
                    }
                }
            }
            Mode::AsTheyCome { .. } => Mode::AsTheyCome { gathered: None },
        }
    }

    /// How long the next connections are to gather; `None`: they are accepted at once.
    pub(super) fn delay(&self, now_us: u64) -> Option<Duration> {
        let until_us = self.last_us + self.crowd.gap_us;
        let is_worth_it = self.is_on() && now_us + self.crowd.gap_us / 8 < until_us;
        is_worth_it.then(|| Duration::from_micros(until_us - now_us))
    }
}

/// True: slower by more than noise.
fn is_slower(interval: u64, than: u64) -> bool {
    interval > than + than / 4
}

#[cfg(test)]
#[path = "tests/gathering.rs"]
mod tests;
