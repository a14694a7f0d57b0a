//! How long calls waited and ran, as the JavaScript thread measures it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pace::Pace;
use crate::stats::{Distribution, Histogram, TIMES};

/// The histograms of one seat, where one thread at a time counts.
#[derive(Debug)]
pub struct Histograms {
    /// Microseconds that the first of the calls that were left together waited for JavaScript.
    dispatch_delay: Histogram<19>,
    /// Microseconds from a call's batch to its result.
    handler_time: Histogram<19>,
    /// The same for each function by name.
    by_function: Box<[Histogram<19>]>,
}

impl Histograms {
    pub(super) fn new(functions: usize) -> Self {
        Self {
            dispatch_delay: Histogram::new(&TIMES),
            handler_time: Histogram::new(&TIMES),
            by_function: (0..functions).map(|_| Histogram::new(&TIMES)).collect(),
        }
    }

    /// Microseconds that the first of the calls that were left together waited for JavaScript.
    #[must_use]
    pub fn dispatch_delay(&self) -> Distribution {
        self.dispatch_delay.read()
    }

    /// Microseconds from a call's batch to its result.
    #[must_use]
    pub fn handler_time(&self) -> Distribution {
        self.handler_time.read()
    }

    /// The same, function by function.
    pub fn by_function(&self) -> impl Iterator<Item = Distribution> {
        self.by_function.iter().map(Histogram::read)
    }
}

#[derive(Debug)]
pub(super) struct Times {
    pub(super) pace: Pace,
    /// When the server started.
    pub(super) started: Instant,
    /// Microseconds from then to the last fetch.
    pub(super) now: u64,
    histograms: Arc<Histograms>,
}

impl Times {
    pub(super) fn new(timeout: Duration, started: Instant, histograms: Arc<Histograms>) -> Self {
        Self {
            pace: Pace::new(timeout),
            started,
            now: 0,
            histograms,
        }
    }

    /// Sets the time.
    pub(super) fn set_now(&mut self, now: Instant) {
        self.now = self.micros(now);
    }

    pub(super) fn micros(&self, at: Instant) -> u64 {
        micros(self.started, at)
    }

    /// Counts the delay of the first of the calls that were left together, which arrived at
    /// `arrived`.
    pub(super) fn dispatched(&mut self, arrived: u64) {
        let delay = self.now.saturating_sub(arrived);
        self.histograms.dispatch_delay.add(delay);
    }

    /// Counts the time of a call of this function that has its result now, and that JavaScript has
    /// had since `since`.
    pub(super) fn handled(&self, function: u16, since: u64) {
        let time = self.now.saturating_sub(since);
        self.histograms.handler_time.add(time);
        if let Some(times) = self.histograms.by_function.get(usize::from(function)) {
            times.add(time);
        }
    }
}

/// Microseconds from the server's start to `at`.
pub(super) fn micros(started: Instant, at: Instant) -> u64 {
    let elapsed = at.saturating_duration_since(started);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
