//! The counts, and the figures made of them.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// By the names that `load.js` knows, in hundredths of a percent.
const PERCENTILES: [(&str, usize); 7] = [
    ("50", 5000),
    ("75", 7500),
    ("90", 9000),
    ("99", 9900),
    ("99.9", 9990),
    ("99.99", 9999),
    ("max", 10_000),
];

#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) failed: usize,
    /// Why the first of them failed.
    pub(crate) failure: Option<String>,
    /// Requests that were due when no connection was idle.
    pub(crate) queued: u64,
    pub(crate) latencies: Vec<Duration>,
    /// How late the client itself sent each, after it was due and a connection was idle.
    pub(crate) late: Vec<Duration>,
}

impl Figures {
    pub(crate) fn json(&mut self, ran: Duration) -> Value {
        json!({
            "requests": self.requests,
            "failed": self.failed,
            "failure": self.failure,
            "seconds": ran.as_secs_f64(),
            "queued": self.queued,
            "latency": percentiles(&mut self.latencies),
            "late": percentiles(&mut self.late),
        })
    }
}

/// In microseconds.
fn percentiles(times: &mut [Duration]) -> Map<String, Value> {
    times.sort_unstable();
    let at = |(name, share): (&str, usize)| {
        let index = (times.len() * share).div_ceil(10_000).checked_sub(1)?;
        Some((name.to_owned(), json!(times[index].as_secs_f64() * 1e6)))
    };
    PERCENTILES.into_iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_least_time_that_its_share_does_not_exceed() {
        let mut times: Vec<_> = (1..=10_000).rev().map(Duration::from_micros).collect();
        let figures = percentiles(&mut times);
        assert_eq!(figures["50"], 5000.0);
        assert_eq!(figures["99.9"], 9990.0);
        assert_eq!(figures["99.99"], 9999.0);
        assert_eq!(figures["max"], 10_000.0);
        assert!(percentiles(&mut []).is_empty());
    }
}
