//! Rings that call, threads that take calls, the watchdog and time: one step of one of them after
//! another, as a seed decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock;
use super::plan::{Ending, Plan};
use super::player::{Bell, Player, WITH_BYTES, WITH_TEXT};
use super::random::Random;
use crate::bridge::{Call, CallSink, ConnectionId, Outcome, ReplyQueue};
use crate::quota::Pool;
use crate::seats::watchdog::Observed;
use crate::seats::{Kind, Notices, Options, RingSink, Seats, micros};
use crate::values::Rest;

/// Connections of each ring.
const CONNECTIONS: u32 = 3;

/// The stage of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No thread has begun it.
    Waiting,
    /// The thread in this seat has begun it, and has no value yet.
    Begun(usize),
    /// The thread has a value that others may not see yet.
    Written(usize),
    /// Others may see the value.
    Shown(usize),
    Answered,
}

pub(super) struct KnownCall {
    pub(super) function: u16,
    pub(super) arrived: u64,
    pub(super) stage: Stage,
    /// Its outcome.
    pub(super) outcome: Option<Outcome>,
}

/// A seat, and the thread in it.
#[derive(Default)]
pub(super) struct Place {
    pub(super) player: Option<Player>,
    /// Something other than a call holds it without end.
    pub(super) is_blocked: bool,
    /// When it gives up late calls.
    pub(super) timer: Option<Instant>,
    /// When it last asked for calls.
    pub(super) fetched: Option<Instant>,
    /// When it last asked for calls or claimed one.
    pub(super) moved: Option<Instant>,
    /// When the watchdog first looked after the thread's last visible act; how often it has looked
    /// since it could give the calls behind to others; and how often since the thread was overdue.
    pub(super) seen: Option<Instant>,
    pub(super) late_looks: usize,
    pub(super) overdue_looks: usize,
    /// Since then, the watchdog has reported that the thread is overdue.
    pub(super) is_told: bool,
    /// The watchdog may report it again, because something else has happened there.
    pub(super) may_be_told_again: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own")]
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) random: Random,
    pub(super) seats: Arc<Seats>,
    pub(super) credits: Arc<Pool>,
    pub(super) reply_queues: Vec<Arc<ReplyQueue>>,
    /// `None`: that ring makes no more calls.
    pub(super) sinks: Vec<Option<RingSink>>,
    pub(super) places: Vec<Place>,
    pub(super) calls: Vec<KnownCall>,
    /// The number of calls without an answer.
    pub(super) outstanding: usize,
    /// The functions of calls left unanswered by the thread that is just ending.
    pub(super) lost: Vec<u16>,
    /// True: a thread leaves, and its calls are lost or late.
    pub(super) is_dying: bool,
    /// The functions of lost calls that have not been reported yet.
    pub(super) told_lost: Vec<u16>,
    pub(super) notices: Arc<Notices>,
    pub(super) has_retired: bool,
    pub(super) has_ended: bool,
    observed: Observed,
    /// When the watchdog looks next, unless it is woken earlier.
    pub(super) look_at: Option<Instant>,
    is_traced: bool,
}

impl World {
    pub(super) fn new(plan: Plan, random: Random, is_traced: bool) -> Self {
        let started = clock::stop();
        // Far enough that a call can have been made long ago.
        clock::pass(4 * plan.handler_timeout);
        let credits = Arc::new(Pool::new(u64::from(plan.in_flight_max)));
        let reply_queue = |_| Arc::new(ReplyQueue::new(Arc::clone(&credits)).unwrap());
        let reply_queues: Vec<_> = (0..plan.rings).map(reply_queue).collect();
        let notices = Arc::new(Notices::new(Box::new(Bell::default())));
        let seats = Seats::new(Options {
            generation: 7,
            kind: plan.kind,
            seats: plan.seats,
            are_workers: plan.are_workers,
            in_flight_max: plan.in_flight_max,
            handler_timeout: plan.handler_timeout,
            started,
            reply_queues: reply_queues.clone(),
            notices: Arc::clone(&notices),
        });
        Self {
            sinks: (0..plan.rings).map(|_| Some(seats.sink())).collect(),
            places: (0..plan.seats).map(|_| Place::default()).collect(),
            plan,
            random,
            seats,
            credits,
            reply_queues,
            calls: Vec::new(),
            outstanding: 0,
            lost: Vec::new(),
            is_dying: false,
            told_lost: Vec::new(),
            notices,
            has_retired: false,
            has_ended: false,
            observed: Observed::default(),
            look_at: None,
            is_traced,
        }
    }

    pub(super) fn run(&mut self) {
        if !self.plan.are_workers {
            self.sit(0);
        }
        for _ in 0..self.plan.chaos_steps {
            self.step();
            self.check();
        }
        self.settle();
        self.end();
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..4 => self.ring_calls(),
            4..14 => {
                let seat = self.random.below(self.plan.seats);
                self.place_acts(seat);
            }
            14..16 => drop(self.watchdog_acts()),
            16..18 => self.time_passes(),
            18 if self.plan.may_die && self.random.once_in(2) => {
                let seat = self.random.below(self.plan.seats);
                self.die(seat);
            }
            19 if self.random.once_in(30) => {
                let ring = self.random.below(self.plan.rings);
                self.ring_leaves(ring);
            }
            _ => {}
        }
    }

    fn ring_calls(&mut self) {
        let ring = self.random.below(self.plan.rings);
        if self.sinks[ring].is_none() {
            return;
        }
        let wanted = self.random.pick(&[1, 1, 2, 5, 20]);
        let count = self.credits.take(wanted);
        let mut calls: Vec<Call> = (0..count).map(|_| self.new_call(ring)).collect();
        if calls.is_empty() {
            return;
        }
        self.note(|| format!("ring {ring} calls {count}"));
        let sink = self.sinks[ring].as_ref().expect("it calls");
        sink.call(&mut calls);
        assert!(calls.is_empty());
    }

    fn new_call(&mut self, ring: usize) -> Call {
        let number = u32::try_from(self.calls.len()).expect("few");
        let function = if self.seats.refusals.is_empty() {
            0
        } else {
            u16::try_from(self.random.below(4)).expect("small")
        };
        let now = micros(
            self.seats.options.started,
            clock::now().expect("the time is set"),
        );
        let old = self.random.once_in(12);
        let timeout = u64::try_from(self.plan.handler_timeout.as_micros()).expect("short");
        let arrived = if old {
            now - timeout + timeout / 10
        } else {
            now
        };
        self.outstanding += 1;
        self.calls.push(KnownCall {
            function,
            arrived,
            stage: Stage::Waiting,
            outcome: None,
        });
        let cells = if self.random.once_in(3) {
            self.random.up_to(32)
        } else {
            1
        };
        let is_long = self.plan.has_long && self.random.once_in(8);
        let rest = rest_of(number, function, cells, is_long);
        let bits = match self.plan.kind {
            Kind::Plain { .. } => u64::from(number),
            Kind::Named(_) => f64::from(number).to_bits(),
        };
        Call {
            connection: ConnectionId {
                slot: 0,
                number: ConnectionId::first_of(ring) + u64::from(number % CONNECTIONS),
            },
            sequence: number,
            function,
            count: u8::try_from(cells).expect("few"),
            cells: [bits; 2],
            rest,
            arrived,
            ..Call::default()
        }
    }

    fn time_passes(&mut self) {
        let timeout = self.plan.handler_timeout;
        let micros = [10, 100, 1_000, 1_000, 1_000, 5_000].map(Duration::from_micros);
        let more = [timeout / 4, timeout];
        let time = match self.random.below(4) {
            0 => self.random.pick(&more),
            _ => self.random.pick(&micros),
        };
        // A punctual watchdog looks in time.
        let until = clock::now().map(|now| now + time);
        while self.plan.is_punctual && self.look_at.is_some_and(|at| Some(at) <= until) {
            self.pass_to_look();
        }
        self.note(|| format!("{time:?} pass"));
        let left = until.and_then(|until| until.checked_duration_since(clock::now()?));
        clock::pass(left.unwrap_or_default());
    }

    pub(super) fn pass_to_look(&mut self) {
        let now = clock::now().expect("the time is set");
        let at = self.look_at.expect("the watchdog looks again");
        clock::pass(at.saturating_duration_since(now));
        self.looks();
        self.check();
    }

    /// The watchdog looks when it has to or, if it is not punctual, at any time.
    pub(super) fn watchdog_acts(&mut self) -> bool {
        let Some(watchdog) = &self.seats.watchdog else {
            return false;
        };
        let is_due = self.look_at.is_some_and(|at| Some(at) <= clock::now());
        if watchdog.is_told() || is_due || !self.plan.is_punctual {
            self.looks();
            return true;
        }
        false
    }

    fn looks(&mut self) {
        let now = clock::now().expect("the time is set");
        self.sees(now);
        let watchdog = self.seats.watchdog.as_ref().expect("there are workers");
        let need = watchdog.turn(&self.seats, &mut self.observed, now);
        self.look_at = now.checked_add(need.within(self.seats.later()));
        self.note(|| format!("the watchdog looks: {need:?}"));
        self.has_seen();
    }

    pub(super) fn die(&mut self, seat: usize) {
        let Some(player) = self.places[seat].player.take() else {
            return;
        };
        self.note(|| format!("seat {seat} dies"));
        let is_lost = |known: &&KnownCall| known.stage == Stage::Begun(seat);
        self.lost = self
            .calls
            .iter()
            .filter(is_lost)
            .map(|known| known.function)
            .collect();
        self.places[seat] = Place::default();
        self.is_dying = true;
        player.leave();
        self.check();
        self.is_dying = false;
    }

    pub(super) fn ring_leaves(&mut self, ring: usize) {
        let Some(sink) = self.sinks[ring].take() else {
            return;
        };
        self.note(|| format!("ring {ring} leaves"));
        if self.plan.ending == Ending::Closed {
            sink.closed(None);
        }
        drop(sink);
    }

    #[expect(clippy::print_stderr, reason = "a replayed seed shows what happens")]
    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            let now = clock::now().expect("the time is set");
            let at = micros(self.seats.options.started, now);
            eprintln!("{at:>9} us  {}", what());
        }
    }
}

/// The rest of the arguments, beyond the first two cells.
fn rest_of(number: u32, function: u16, cells: usize, is_long: bool) -> Option<Box<Rest>> {
    let mut rest = Rest::default();
    let more = cells.saturating_sub(2);
    rest.cells = vec![f64::from(number).to_bits(); more];
    if function == WITH_TEXT {
        let padding = if is_long { 40_000 } else { 0 };
        rest.text = format!("\"{number}{}\",", " ".repeat(padding)).into_bytes();
    }
    if function == WITH_BYTES {
        let mut bytes = u64::from(number).to_le_bytes().to_vec();
        bytes.resize(if is_long { 600_000 } else { 8 }, 0);
        rest.buffers.push(bytes);
    }
    let is_nothing = rest.cells.is_empty() && rest.text.is_empty() && rest.buffers.is_empty();
    (!is_nothing).then(|| Box::new(rest))
}
