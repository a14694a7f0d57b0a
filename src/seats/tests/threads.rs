//! Seats on real threads: rings, workers that claim their calls while the watchdog takes them back,
//! and workers that leave in the middle.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::bench::{lost, value};
use super::player::{Bell, Doing, Player};
use super::random::Random;
use super::written::Value;
use crate::bridge::{Call, CallSink, ConnectionId, Posted, ReplyQueue};
use crate::quota::Pool;
use crate::seats::{Kind, Notice, Notices, Options, RingSink, Seats, lock};

const RINGS: usize = 2;
const WORKERS: usize = 3;
const CALLS_OF_RING: u32 = 2_000;
const IN_FLIGHT_MAX: u32 = 60;

struct Table {
    seats: Arc<Seats>,
    credits: Arc<Pool>,
    reply_queues: Vec<Arc<ReplyQueue>>,
    notices: Arc<Notices>,
    told: Arc<Bell>,
    /// Calls that workers have begun and left without an answer.
    left: AtomicUsize,
    /// The numbers of the calls that were begun.
    begun: Mutex<HashSet<usize>>,
}

impl Table {
    fn new() -> Self {
        let credits = Arc::new(Pool::new(u64::from(IN_FLIGHT_MAX)));
        let reply_queue = |_| Arc::new(ReplyQueue::new(Arc::clone(&credits)).unwrap());
        let reply_queues: Vec<_> = (0..RINGS).map(reply_queue).collect();
        let told = Arc::new(Bell::default());
        let notices = Arc::new(Notices::new(Box::new(SharedBell(Arc::clone(&told)))));
        let seats = Seats::new(Options {
            generation: 0,
            kind: Kind::Plain { bigint: false },
            seats: WORKERS,
            are_workers: true,
            in_flight_max: IN_FLIGHT_MAX,
            // Nothing is ever late.
            handler_timeout: Duration::from_secs(600),
            started: Instant::now(),
            reply_queues: reply_queues.clone(),
            notices: Arc::clone(&notices),
        });
        Self {
            seats,
            credits,
            reply_queues,
            notices,
            told,
            left: AtomicUsize::new(0),
            begun: Mutex::default(),
        }
    }

    /// Makes all of a ring's calls, and returns how many were lost.
    fn ring(&self, ring: usize, sink: &RingSink) -> usize {
        let mut random = Random::new(ring as u64);
        let mut asked = 0;
        let mut answered = HashSet::new();
        let mut lost_calls = 0;
        while answered.len() < CALLS_OF_RING as usize {
            let wanted = random.up_to(20).min((CALLS_OF_RING - asked) as usize);
            let granted = self.credits.take(wanted as u64);
            let first = asked;
            asked += u32::try_from(granted).unwrap();
            let mut calls: Vec<Call> = (first..asked).map(|n| self.call(ring, n)).collect();
            if !calls.is_empty() {
                sink.call(&mut calls);
            }
            let mut posted = Posted::default();
            if !self.reply_queues[ring].take(&mut posted) {
                thread::sleep(Duration::from_micros(20));
            }
            for reply in posted.replies {
                assert_eq!(reply.connection.ring(), ring);
                assert!(answered.insert(reply.sequence), "it is answered twice");
                if reply.delivery == lost() {
                    lost_calls += 1;
                } else {
                    let number = number(ring, reply.sequence);
                    assert_eq!(reply.delivery, value(3 * i64::from(number)));
                }
            }
        }
        lost_calls
    }

    fn call(&self, ring: usize, sequence: u32) -> Call {
        let started = self.seats.options.started;
        Call {
            connection: ConnectionId {
                slot: 0,
                number: ConnectionId::first_of(ring) + u64::from(sequence % 7),
            },
            sequence,
            cells: [u64::from(number(ring, sequence)), 0],
            arrived: crate::seats::micros(started, Instant::now()),
            ..Call::default()
        }
    }

    /// One worker after another takes that seat, until no call will come any more.
    fn worker(&self, seat: usize) {
        let mut random = Random::new(1_000 + seat as u64);
        loop {
            let mut player = Player::sit(&self.seats, seat, 32, 100);
            while player.doing != Doing::Over {
                // None leaves at rest, or the end would never come.
                if random.once_in(500) && player.doing != Doing::Resting {
                    break;
                }
                self.act(&mut player, &mut random);
            }
            let is_over = player.doing == Doing::Over;
            let unfinished = usize::from(matches!(player.doing, Doing::AtCall(_)));
            let unfinished = unfinished + player.promises.len();
            self.left.fetch_add(unfinished, Ordering::SeqCst);
            player.leave();
            if is_over {
                return;
            }
        }
    }

    fn act(&self, player: &mut Player, random: &mut Random) {
        match player.doing {
            Doing::Over => {}
            Doing::Resting if player.promises.is_empty() => {
                player.bell.wait();
                player.ask(true);
            }
            Doing::Resting | Doing::Continuing => {
                if let Some(taken) = player.promises.last() {
                    let value = value_of(taken.number);
                    player.settle(player.promises.len() - 1, &value);
                    player.post();
                } else {
                    player.ask(true);
                }
                if player.bell.hear() {
                    player.ask(true);
                }
            }
            Doing::Asking | Doing::TurningFirst => player.ask(!random.once_in(10)),
            Doing::Claiming => {
                if let Some(taken) = player.claim() {
                    assert!(lock(&self.begun).insert(taken.number), "it is begun twice");
                }
            }
            Doing::AtCall(taken) => {
                if random.once_in(100) {
                    thread::sleep(Duration::from_millis(3));
                }
                let value = (!random.once_in(4)).then(|| value_of(taken.number));
                player.end_call(value.as_ref(), !random.once_in(10));
                if player.doing == Doing::Continuing {
                    player.show();
                }
            }
        }
    }
}

/// The value of each call.
fn number(ring: usize, sequence: u32) -> u32 {
    let ring = u32::try_from(ring).unwrap();
    ring * CALLS_OF_RING + sequence
}

fn value_of(number: usize) -> Value {
    Value::Number(3 * i32::try_from(number).unwrap())
}

struct SharedBell(Arc<Bell>);

impl crate::seats::Wake for SharedBell {
    fn wake(&self) {
        self.0.wake();
    }
}

#[test]
fn on_threads_each_call_is_begun_at_most_once_and_answered_once() {
    for closes in [false, true] {
        let table = Table::new();
        table.seats.start_watchdog().unwrap();
        let lost: usize = thread::scope(|scope| {
            let sinks: Vec<RingSink> = (0..RINGS).map(|_| table.seats.sink()).collect();
            let rings = sinks.into_iter().enumerate().map(|(ring, sink)| {
                let table = &table;
                scope.spawn(move || {
                    let lost = table.ring(ring, &sink);
                    if closes {
                        sink.closed(None);
                    }
                    lost
                })
            });
            let rings: Vec<_> = rings.collect();
            for seat in 0..WORKERS {
                let table = &table;
                scope.spawn(move || table.worker(seat));
            }
            rings.into_iter().map(|ring| ring.join().unwrap()).sum()
        });
        table.seats.end();
        // A value that was written but not yet shown may be lost, too.
        assert!(lost >= table.left.load(Ordering::SeqCst));
        assert_eq!(table.credits.taken(), 0);
        let notices = table.notices.take();
        let count = |is_it: fn(&Notice) -> bool| notices.iter().filter(|it| is_it(it)).count();
        assert_eq!(count(|it| matches!(it, Notice::Lost { .. })), lost);
        assert_eq!(count(|it| *it == Notice::Ended), usize::from(closes));
        assert_eq!(count(|it| *it == Notice::Retired { generation: 0 }), 1);
        assert_eq!(notices.len(), lost + 1 + usize::from(closes));
        assert!(table.told.has_rung());
    }
}
