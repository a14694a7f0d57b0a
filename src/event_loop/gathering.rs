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
mod tests {
    use super::*;

    const CROWD: Crowd = Crowd {
        connections: 100,
        within_us: 10_000,
        gap_us: 400,
        retry_us: 1_000_000,
    };

    /// `count` connections, one each `interval_us` from `from_us`; returns when the last came.
    fn come(gathering: &mut Gathering, from_us: u64, interval_us: u64, count: u64) -> u64 {
        (1..=count).for_each(|nth| gathering.on_accepted(from_us + nth * interval_us));
        from_us + count * interval_us
    }

    /// Connections of a crowd, which has just begun to be gathered, and when.
    fn gathered() -> (Gathering, u64) {
        let mut gathering = Gathering::new(CROWD);
        let now_us = come(&mut gathering, 50_000, 50, 101);
        assert!(gathering.is_on());
        (gathering, now_us)
    }

    #[test]
    fn a_few_connections_are_accepted_as_they_come() {
        let mut gathering = Gathering::new(CROWD);
        let now_us = come(&mut gathering, 50_000, 101, 5_000);
        assert_eq!(gathering.delay(now_us), None);
    }

    #[test]
    fn a_crowd_is_accepted_after_the_gap_and_no_sooner_or_later() {
        let mut gathering = Gathering::new(CROWD);
        let now_us = come(&mut gathering, 50_000, 50, 102);
        assert_eq!(gathering.delay(now_us), Some(Duration::from_micros(400)));
        assert_eq!(
            gathering.delay(now_us + 349),
            Some(Duration::from_micros(51))
        );
        assert_eq!(gathering.delay(now_us + 350), None);
        assert_eq!(gathering.delay(now_us + 4_000), None);
    }

    #[test]
    fn a_crowd_that_gathering_slows_down_is_accepted_as_it_comes_for_a_while() {
        let (mut gathering, now_us) = gathered();
        let now_us = come(&mut gathering, now_us, 64, 100);
        assert!(!gathering.is_on());
        let now_us = come(&mut gathering, now_us, 50, 20_000);
        assert!(!gathering.is_on(), "for a second");
        come(&mut gathering, now_us, 50, 200);
        assert!(gathering.is_on());
    }

    #[test]
    fn a_crowd_that_gathering_slows_down_to_no_crowd_is_accepted_as_it_comes_for_a_while() {
        let (mut gathering, now_us) = gathered();
        let now_us = come(&mut gathering, now_us, 300, 40);
        assert!(!gathering.is_on());
        come(&mut gathering, now_us, 50, 20_000);
        assert!(!gathering.is_on());
    }

    #[test]
    fn a_crowd_that_is_disturbed_once_stays_gathered() {
        let (mut gathering, now_us) = gathered();
        let now_us = come(&mut gathering, now_us, 62, 100);
        assert!(gathering.is_on(), "a quarter is noise");
        let now_us = come(&mut gathering, now_us, 200, 51);
        assert!(!gathering.is_on());
        come(&mut gathering, now_us, 50, 100);
        assert!(gathering.is_on());
    }

    #[test]
    fn a_crowd_that_is_slower_for_another_reason_is_gathered_soon_again() {
        let (mut gathering, now_us) = gathered();
        let now_us = come(&mut gathering, now_us, 90, 100);
        assert!(!gathering.is_on());
        let now_us = come(&mut gathering, now_us, 80, 100);
        assert!(gathering.is_on());
        let now_us = come(&mut gathering, now_us, 110, 200);
        assert!(!gathering.is_on());
        come(&mut gathering, now_us, 50, 102);
        assert!(gathering.is_on());
    }

    /// It came slowly at first for another reason, and gathering hides that it could come faster.
    #[test]
    fn a_crowd_that_gathering_keeps_slow_is_accepted_as_it_comes_after_a_second() {
        let mut gathering = Gathering::new(CROWD);
        let mut now_us = come(&mut gathering, 50_000, 95, 101);
        let mut gathered = 0;
        for _ in 0..2_000 {
            let interval_us = if gathering.is_on() { 60 } else { 30 };
            gathered += u32::from(gathering.is_on());
            now_us = come(&mut gathering, now_us, interval_us, 100);
        }
        assert!(now_us > 6_000_000, "{now_us}");
        // One second, and then one sample in each.
        assert!((160..200).contains(&gathered), "{gathered}");
    }

    #[test]
    fn a_crowd_that_has_gone_leaves_no_delay() {
        let mut gathering = Gathering::new(CROWD);
        let now_us = come(&mut gathering, 50_000, 50, 150);
        assert!(gathering.is_on());
        gathering.on_accepted(now_us + 10_000);
        assert_eq!(gathering.delay(now_us + 10_000), None);
    }
}
