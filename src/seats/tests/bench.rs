//! A table with one or several rings, for tests that make each step themselves.

use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::player::{Bell, Doing, Player};
use super::written::Value;
use crate::bridge::{Call, CallSink, ConnectionId, Delivery, Outcome, Posted, ReplyQueue};
use crate::quota::Pool;
use crate::seats::watchdog::{Need, Observed};
use crate::seats::{Kind, Notice, Notices, Options, RingSink, Seats, micros};

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);
/// A millisecond less than that.
pub(super) const ALMOST_TIMEOUT: Duration = Duration::from_millis(1_999);

/// The answer to a call whose worker has ended.
pub(super) fn lost() -> Delivery {
    Outcome::Error(500, "The worker that ran the function has ended.".into()).into()
}

pub(super) fn value(of: i64) -> Delivery {
    Outcome::Value(of).into()
}

pub(super) struct Bench {
    pub(super) seats: Arc<Seats>,
    pub(super) sinks: Vec<Option<RingSink>>,
    pub(super) credits: Arc<Pool>,
    pub(super) notices: Arc<Notices>,
    pub(super) reply_queues: Vec<Arc<ReplyQueue>>,
    observed: Observed,
    calls: u32,
}

impl Bench {
    /// Workers of a plain function, one ring, and a clock that stands still.
    pub(super) fn workers(seats: usize) -> Self {
        Self::new(seats, 1, 100)
    }

    pub(super) fn new(seats: usize, rings: usize, in_flight_max: u32) -> Self {
        let started = clock::stop();
        let credits = Arc::new(Pool::new(u64::from(in_flight_max)));
        let reply_queue = |_| Arc::new(ReplyQueue::new(Arc::clone(&credits)).unwrap());
        let reply_queues: Vec<_> = (0..rings).map(reply_queue).collect();
        let notices = Arc::new(Notices::new(Box::new(Bell::default())));
        let seats = Seats::new(Options {
            generation: 0,
            kind: Kind::Plain { bigint: false },
            seats,
            are_workers: true,
            in_flight_max,
            handler_timeout: TIMEOUT,
            started,
            reply_queues: reply_queues.clone(),
            notices: Arc::clone(&notices),
        });
        Self {
            sinks: (0..rings).map(|_| Some(seats.sink())).collect(),
            seats,
            credits,
            notices,
            reply_queues,
            observed: Observed::default(),
            calls: 0,
        }
    }

    /// The first ring makes `count` calls, numbered from 0.
    pub(super) fn call(&mut self, count: u32) {
        assert_eq!(self.credits.take(u64::from(count)), u64::from(count));
        let now = micros(self.seats.options.started, clock::now().unwrap());
        let calls = (0..count).map(|index| {
            let number = self.calls + index;
            Call {
                connection: ConnectionId {
                    slot: 0,
                    number: u64::from(number),
                },
                sequence: number,
                cells: [u64::from(number), 0],
                arrived: now,
                ..Call::default()
            }
        });
        let mut calls: Vec<Call> = calls.collect();
        self.calls += count;
        self.sinks[0].as_ref().unwrap().call(&mut calls);
    }

    /// A thread takes the seat, and asks for calls.
    pub(super) fn sit(&self, seat: usize) -> Player {
        let mut player = Player::sit(&self.seats, seat, 16, 100);
        player.ask(true);
        player
    }

    /// The watchdog looks.
    pub(super) fn look(&mut self) -> Need {
        let watchdog = self.seats.watchdog.as_ref().unwrap();
        watchdog.turn(&self.seats, &mut self.observed, clock::now().unwrap())
    }

    /// The watchdog looks twice, with `time` in between.
    pub(super) fn look_again_after(&mut self, time: Duration) -> Need {
        self.look();
        clock::pass(time);
        self.look()
    }

    /// Time passes while nothing runs, not even the watchdog, whose look is due.
    pub(super) fn stand_still(&mut self, time: Duration) {
        clock::pass(time);
        self.observed.pause(time);
    }

    /// The answers since the last time, by the calls' numbers.
    pub(super) fn replies(&self) -> Vec<(u32, Delivery)> {
        let mut replies = Vec::new();
        for reply_queue in &self.reply_queues {
            let mut posted = Posted::default();
            reply_queue.take(&mut posted);
            let of_ring = posted.replies.into_iter();
            replies.extend(of_ring.map(|reply| (reply.sequence, reply.delivery)));
        }
        replies.sort_by_key(|(number, _)| *number);
        replies
    }

    pub(super) fn told(&self) -> Vec<Notice> {
        self.notices.take()
    }

    pub(super) fn ring_leaves(&mut self, ring: usize) {
        self.sinks[ring] = None;
    }

    pub(super) fn ring_closes(&mut self, ring: usize) {
        self.sinks[ring].take().unwrap().closed(None);
    }
}

impl Player {
    /// Begins a call, and returns its number.
    pub(super) fn begin(&mut self) -> usize {
        self.claim().expect("it has a call").number
    }

    /// Runs a call, and goes on to the next.
    pub(super) fn run(&mut self, value: &Value) {
        self.begin();
        self.end_call(Some(value), true);
    }

    /// Runs a call that will settle later.
    pub(super) fn promise(&mut self) {
        self.begin();
        self.end_call(None, true);
        if self.doing == Doing::Continuing {
            self.show();
        }
    }

    /// Runs all calls, in no time, until it rests.
    pub(super) fn run_all(&mut self, value: &Value) {
        while self.is_busy() && self.doing != Doing::Over {
            if self.doing == Doing::Claiming {
                self.run(value);
            } else {
                self.bell.hear();
                self.ask(true);
            }
        }
    }
}
