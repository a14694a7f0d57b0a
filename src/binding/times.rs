//! When calls were asked, begun and answered, as the JavaScript thread sees it.

use std::time::{Duration, Instant};

use super::pace::Pace;
use crate::stats::{Distribution, Histogram, Run, TIMES};

pub(super) struct Times {
    pub(super) pace: Pace,
    /// When the server started.
    pub(super) started: Instant,
    /// Microseconds from then to the last results, and to the batch that followed them.
    pub(super) now: u64,
    /// Microseconds that the first of the calls left together waited for JavaScript.
    dispatch_delay: Histogram<19>,
    /// Microseconds from a call's batch to its result.
    handler_time: Histogram<19>,
    /// Those that are not there yet.
    handled: Run,
    /// The same, function by function; none for a plain one.
    by_function: Box<[Histogram<19>]>,
}

impl Times {
    pub(super) fn new(handler_timeout: Duration, functions: usize, started: Instant) -> Self {
        Self {
            pace: Pace::new(handler_timeout),
            started,
            now: 0,
            dispatch_delay: Histogram::new(&TIMES),
            handler_time: Histogram::new(&TIMES),
            handled: Run::default(),
            by_function: (0..functions).map(|_| Histogram::new(&TIMES)).collect(),
        }
    }

    /// It is now.
    pub(super) fn set_now(&mut self, now: Instant) {
        self.now = self.micros(now);
    }

    pub(super) fn micros(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    /// The first of the calls that were left together was asked then.
    pub(super) fn dispatched(&mut self, asked: u64) {
        self.dispatch_delay.add(self.now.saturating_sub(asked));
    }

    /// A call of this function has its result now, which JavaScript has had since then.
    pub(super) fn handled(&mut self, function: u16, since: u64) {
        self.handled.add(since, self.now, &self.handler_time);
        if let Some(times) = self.by_function.get(usize::from(function)) {
            times.add(self.now.saturating_sub(since));
        }
    }

    /// Lets others see what was handled.
    pub(super) fn show_handled(&mut self) {
        self.handled.end(self.now, &self.handler_time);
    }

    pub(super) fn dispatch_delay(&self) -> Distribution {
        self.dispatch_delay.read()
    }

    pub(super) fn handler_time(&self) -> Distribution {
        self.handler_time.read()
    }

    pub(super) fn by_function(&self) -> impl Iterator<Item = Distribution> {
        self.by_function.iter().map(Histogram::read)
    }
}
