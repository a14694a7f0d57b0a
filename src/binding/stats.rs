//! What a server has counted, as JavaScript gets it: from the ring threads, and from the seats.

use std::collections::HashMap;

use napi_derive::napi;

use crate::seats::{Histograms, Seats};
use crate::server::Server;
use crate::stats::{Details, Distribution};

/// What a server has counted, as documented in index.d.ts; integers below 2^53.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    pub connections_open: i64,
    pub connections_accepted: i64,
    pub connection_errors: i64,
    pub requests: i64,
    #[napi(js_name = "responses2xx")]
    pub responses_2xx: i64,
    #[napi(js_name = "responses3xx")]
    pub responses_3xx: i64,
    #[napi(js_name = "responses4xx")]
    pub responses_4xx: i64,
    #[napi(js_name = "responses5xx")]
    pub responses_5xx: i64,
    pub in_flight: i64,
    pub batches: i64,
    pub overloaded: i64,
    pub headers_too_large: i64,
    pub bodies_too_large: i64,
    pub headers_timeouts: i64,
    pub request_timeouts: i64,
    pub keep_alive_timeouts: i64,
    pub handler_timeouts: i64,
    pub send_timeouts: i64,
    pub accept_pauses: i64,
    pub bytes_received: i64,
    pub bytes_sent: i64,
    pub ring_turns: i64,
    pub ring_completions: i64,
    pub ring_wakeups: i64,
    pub ring_buffer_shortages: i64,
    pub oldest_in_flight: f64,
    /// By status; 200 is among them.
    pub responses_by_status: HashMap<String, i64>,
    pub batch_sizes: NativeHistogram,
    /// Microseconds, as in all that follow.
    pub latency: NativeHistogram,
    pub dispatch_delay: NativeHistogram,
    pub handler_time: NativeHistogram,
    /// By function, as the next field; empty if there is a plain one.
    pub handler_times: Vec<NativeHistogram>,
    /// Requests that were refused for their arguments.
    pub refusals: Vec<i64>,
}

/// A histogram; integers below 2^53.
#[napi(object, object_from_js = false)]
pub struct NativeHistogram {
    /// Upper bounds, inclusive and ascending.
    pub bounds: Vec<i64>,
    /// One more, for the values beyond all bounds.
    pub counts: Vec<i64>,
    /// The sum of the values.
    pub sum: i64,
}

impl NativeStats {
    /// Reads the counts of `server`, and of the threads that take calls at `seats`.
    pub(super) fn read(server: &Server, seats: &Seats) -> Self {
        let counters = server.stats();
        let details: Vec<&Details> = server.details().collect();
        let mut responses_by_status = HashMap::new();
        for (status, count) in server.answers() {
            *responses_by_status.entry(status.to_string()).or_default() += count.cast_signed();
        }
        let times = seats
            .histograms()
            .map(|histograms| histograms.by_function().collect());
        let times: Vec<Distribution> = times
            .reduce(each_with(|one: &mut Distribution, other| one.add(&other)))
            .unwrap_or_default();
        Self {
            connections_open: counters.connections_open.cast_signed(),
            connections_accepted: counters.connections_accepted.cast_signed(),
            connection_errors: counters.connection_errors.cast_signed(),
            requests: counters.requests.cast_signed(),
            responses_2xx: counters.responses_2xx.cast_signed(),
            responses_3xx: counters.responses_3xx.cast_signed(),
            responses_4xx: counters.responses_4xx.cast_signed(),
            responses_5xx: counters.responses_5xx.cast_signed(),
            in_flight: counters.in_flight.cast_signed(),
            batches: counters.batches.cast_signed(),
            overloaded: counters.overloaded.cast_signed(),
            headers_too_large: counters.heads_too_large.cast_signed(),
            bodies_too_large: counters.bodies_too_large.cast_signed(),
            headers_timeouts: counters.headers_timeouts.cast_signed(),
            request_timeouts: counters.request_timeouts.cast_signed(),
            keep_alive_timeouts: counters.keep_alive_timeouts.cast_signed(),
            handler_timeouts: counters.handler_timeouts.cast_signed(),
            send_timeouts: counters.send_timeouts.cast_signed(),
            accept_pauses: counters.accept_pauses.cast_signed(),
            bytes_received: counters.bytes_received.cast_signed(),
            bytes_sent: counters.bytes_sent.cast_signed(),
            ring_turns: counters.turns.cast_signed(),
            ring_completions: counters.completions.cast_signed(),
            ring_wakeups: counters.wakeups.cast_signed(),
            ring_buffer_shortages: counters.buffer_shortages.cast_signed(),
            oldest_in_flight: seats.oldest().as_secs_f64() * 1000.0,
            responses_by_status,
            batch_sizes: sum(details.iter().map(|details| details.batch_lengths.read())),
            latency: sum(details.iter().map(|details| details.latency.read())),
            dispatch_delay: sum(seats.histograms().map(Histograms::dispatch_delay)),
            handler_time: sum(seats.histograms().map(Histograms::handler_time)),
            handler_times: times.into_iter().map(NativeHistogram::from).collect(),
            refusals: seats.refusals().map(u64::cast_signed).collect(),
        }
    }
}

/// The sum of the distributions of all rings or seats, of which there is one at least.
fn sum(mut each: impl Iterator<Item = Distribution>) -> NativeHistogram {
    let first = each.next().expect("a server has a ring, and a seat");
    let all = each.fold(first, |mut all, one| {
        all.add(&one);
        all
    });
    all.into()
}

impl From<Distribution> for NativeHistogram {
    fn from(values: Distribution) -> Self {
        let signed = |values: Vec<u64>| values.into_iter().map(u64::cast_signed).collect();
        Self {
            bounds: signed(values.bounds),
            counts: signed(values.counts),
            sum: values.sum.cast_signed(),
        }
    }
}

/// Adds each to the one with the same index.
fn each_with<T>(add: impl Fn(&mut T, T)) -> impl Fn(Vec<T>, Vec<T>) -> Vec<T> {
    move |mut all, others| {
        for (one, other) in all.iter_mut().zip(others) {
            add(one, other);
        }
        all
    }
}
