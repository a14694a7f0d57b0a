//! Everything around the loop: clients, the handler, time, commands, and the turns in which the
//! kernel lets them happen.
//!
//! A run has three phases: chaos, in which anything happens, or a scenario's steps; settling, in
//! which everyone does what they still have to, after which nothing may be left undone; and
//! closing, after which nothing may be left at all.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use ringcall::bridge::{Command, ReplyQueue, ReplySender};
use ringcall::event_loop::Shared;
use ringcall::limits::CLOSE_GRACE_MS;

use crate::client::Client;
use crate::completions::Able;
use crate::handler::Handler;
use crate::ops::Ops;
use crate::plan::{Kind, Plan};
use crate::random::Random;
use crate::script::Script;
use crate::socket::Socket;
use crate::tables::Tables;

/// A run of more turns than this never ends.
const TURNS_MAX: usize = 20_000;

/// Milliseconds that everything may take to settle, including the pause of an exhausted accept.
const SETTLE_MS: u64 = 400;

/// Idle connections are closed within the grace and this many ticks, each as late as may be.
const IDLE_TICKS: u64 = 5;

/// Milliseconds after which a connection whose client or handler does nothing ends only by a cut.
const CLOSE_MS: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Chaos,
    /// The next of `steps` whenever nothing else is left to happen.
    Scripted,
    /// Until then.
    Settling(u64),
    /// Since then.
    Closing(u64),
}

/// One step of a scenario.
pub(crate) type Step = fn(&mut World);

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) now: u64,
    pub(crate) sockets: Vec<Socket>,
    /// Clients that wait to be accepted.
    pub(crate) backlog: VecDeque<usize>,
    pub(crate) is_listening: bool,
    pub(crate) ops: Ops,
    /// Reused by each search for ops that may complete.
    pub(crate) able: Vec<Able>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) handler: Arc<Handler>,
    pub(crate) tables: Tables,
    /// Calls, each with its table.
    pub(crate) called: Vec<(i64, usize)>,
    pub(crate) reply_sender: Rc<RefCell<ReplySender>>,
    /// True exactly when the sender is between two steps of a post.
    pub(crate) is_posting: bool,
    /// Answers that the sender has and the queue has not yet.
    pub(crate) unposted: u64,
    /// Some of them are for the ring thread to send.
    pub(crate) must_wake: bool,
    /// Connections out of the limit that another ring holds.
    pub(crate) others: u64,
    /// It waits for one more, and must be woken for it.
    pub(crate) other_waits: bool,
    pub(crate) phase: Phase,
    pub(crate) steps: VecDeque<Step>,
    /// The server has been asked to close.
    pub(crate) has_closed: bool,
    has_closed_all: bool,
    has_judged_idle: bool,
    /// The loop has begun to cancel its own ops, and ignores everything else.
    pub(crate) is_over: bool,
    /// True exactly when the loop sleeps and has not been woken.
    sleeps: bool,
    /// The loop's driver has been woken.
    is_woken: bool,
    pub(crate) turns: usize,
    is_traced: bool,
}

impl World {
    pub(crate) fn new(
        plan: Plan,
        shared: Arc<Shared>,
        handler: Arc<Handler>,
        tables: Tables,
        is_traced: bool,
    ) -> Self {
        let mut random = Random::new(plan.seed);
        let reply_sender = ReplySender::new(Arc::clone(&shared.handles[0].reply_queue));
        let client = |index| {
            let script = Script::new(index, &plan, &mut random);
            Socket::new(Client::new(script, random.once_in(20)))
        };
        let sockets = (0..plan.clients).map(client).collect();
        Self {
            ops: Ops::new(plan.buffers),
            reply_sender: Rc::new(RefCell::new(reply_sender)),
            is_posting: false,
            unposted: 0,
            must_wake: false,
            plan,
            random,
            now: 0,
            sockets,
            backlog: VecDeque::new(),
            is_listening: true,
            able: Vec::new(),
            shared,
            handler,
            tables,
            called: Vec::new(),
            others: 0,
            other_waits: false,
            phase: Phase::Chaos,
            steps: VecDeque::new(),
            has_closed: false,
            has_closed_all: false,
            has_judged_idle: false,
            is_over: false,
            sleeps: false,
            is_woken: false,
            turns: 0,
            is_traced,
        }
    }

    /// One system call of the loop: the world goes on while it lasts.
    pub(crate) fn enter(&mut self, waits: bool) -> io::Result<()> {
        self.count_turn();
        if let Some(error) = self.fails(Kind::Enter) {
            return Err(io::Error::from_raw_os_error(error));
        }
        self.note(|| format!("-- turn, waits: {waits}"));
        self.look();
        self.submit_pushed();
        if self.phase == Phase::Chaos {
            for _ in 0..self.random.below(4) {
                self.step();
            }
            let completions = self.random.pick(&[0, 1, 1, 2, 4, 16]);
            let _ = (0..completions).all(|_| self.complete_one());
            if self.turns > self.plan.chaos_turns {
                self.settle();
            }
        } else {
            if self.phase != Phase::Scripted {
                self.do_what_is_left();
            }
            while self.complete_one() {}
        }
        if waits {
            self.wait();
        }
        self.tell_of_quiet_sends();
        Ok(())
    }

    /// The loop's driver waits until something has completed.
    pub(crate) fn sleep(&mut self) {
        self.count_turn();
        self.note(|| "-- sleeps".to_owned());
        self.look();
        self.wait();
    }

    /// The loop's driver does something else meanwhile.
    pub(crate) fn go_on(&mut self) {
        self.look();
        if self.phase == Phase::Chaos {
            for _ in 0..self.random.below(3) {
                self.step();
            }
        }
    }

    fn count_turn(&mut self) {
        self.turns += 1;
        assert!(self.turns < TURNS_MAX, "it never ends");
    }

    fn look(&mut self) {
        self.sleeps = self.reply_queue().waker().is_asleep();
        self.take_handed();
        self.check_other_ring();
    }

    fn wait(&mut self) {
        while !self.has_completions() && !mem::take(&mut self.is_woken) {
            // Interrupted.
            if self.goes_wrong(8) {
                break;
            }
            if !self.complete_one() {
                self.move_on();
            }
        }
    }

    /// One of the things that may happen at any time.
    fn step(&mut self) {
        match self.random.below(16) {
            0 | 1 => {
                let unborn = |socket: &Socket| socket.stage == crate::socket::Stage::Unborn;
                if let Some(index) = self.sockets.iter().position(unborn) {
                    self.connect(index);
                }
            }
            2..=7 => {
                let index = self.random.below(self.sockets.len());
                self.client_acts(index);
            }
            // The answering thread is preempted in the middle of a post.
            8 | 9 if self.is_posting => self.now += self.random.pick(&[0, 50, 400]),
            11 if self.tell_health() => {}
            8..=11 => self.handler_acts(),
            12 | 13 => self.now += self.random.pick(&[1, 5, 20, 100, 400]),
            14 if self.goes_wrong(6) => {
                let command = self.random.pick(&[
                    Command::Close,
                    Command::CloseIdle,
                    Command::CloseIdle,
                    Command::CloseAll,
                ]);
                self.command(command);
            }
            15 if self.plan.has_other_ring => self.other_ring_acts(),
            15 if self.plan.may_reload => self.change_table(),
            _ => {}
        }
    }

    /// Nothing completes: whatever the loop waits for has to come from elsewhere.
    fn move_on(&mut self) {
        if self.phase == Phase::Chaos {
            self.step();
            if self.random.once_in(50) {
                self.settle();
            }
            return;
        }
        if self.phase == Phase::Scripted {
            match self.steps.pop_front() {
                Some(step) => step(self),
                None => self.settle(),
            }
            return;
        }
        if self.do_what_is_left() {
            return;
        }
        match self.phase {
            Phase::Chaos | Phase::Scripted => unreachable!("that was above"),
            Phase::Settling(until) => {
                let is_due = self.timer_at().is_some_and(|at| at <= until);
                if is_due || self.ops.delay.is_some() {
                    self.pass_to_timer(20);
                } else {
                    self.check_settled();
                    self.command(Command::Close);
                    self.phase = Phase::Closing(self.now);
                }
            }
            Phase::Closing(since) => {
                if self.now <= since + CLOSE_MS && self.timer_at().is_some() {
                    self.pass_to_timer(self.plan.ticks_late_ms);
                } else {
                    assert!(!self.has_closed_all, "it sleeps forever");
                    let is_stubborn = |socket: &Socket| socket.client.is_stubborn;
                    let is_excused =
                        self.plan.leaves_unanswered || self.sockets.iter().any(is_stubborn);
                    assert!(is_excused, "the server does not end: {:?}", self.ops);
                    self.command(Command::CloseAll);
                }
            }
        }
    }

    fn settle(&mut self) {
        self.note(|| "-- settling".to_owned());
        self.phase = Phase::Settling(self.now + SETTLE_MS);
    }

    /// Does what clients, handler and the other ring still owe. True: there was something.
    fn do_what_is_left(&mut self) -> bool {
        let mut any = false;
        while self.others > 0 {
            self.other_ring_gives();
            any = true;
        }
        let idle_ms = u64::from(CLOSE_GRACE_MS) + IDLE_TICKS * self.plan.ticks_late_ms as u64;
        let ends = matches!(self.phase, Phase::Closing(since) if self.now > since + idle_ms);
        if ends && !mem::replace(&mut self.has_judged_idle, true) {
            self.check_idle();
        }
        for index in 0..self.sockets.len() {
            any |= self.client_settles(index, ends);
        }
        any | self.tell_health() | self.handler_settles()
    }

    fn timer_at(&self) -> Option<u64> {
        let timers = [&self.ops.tick, &self.ops.delay];
        timers.into_iter().flatten().map(|timer| timer.at).min()
    }

    fn pass_to_timer(&mut self, late: usize) {
        let late = u64::try_from(self.random.below(late)).expect("small");
        self.check_quiet_sends();
        self.now = self.now.max(self.timer_at().unwrap_or(0)) + late;
        self.note(|| "-- time passes".to_owned());
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.note(|| format!("command {command:?}"));
        match command {
            Command::Close => self.has_closed = true,
            Command::TellHealth(_) => {}
            Command::CloseIdle => self.excuse_all(),
            Command::CloseAll => {
                self.has_closed_all |= self.has_closed;
                self.excuse_all();
            }
        }
        self.reply_queue().post_command(command);
        self.notice_wake();
    }

    fn excuse_all(&mut self) {
        for socket in &mut self.sockets {
            socket.is_excused |= socket.is_connected();
        }
    }

    /// Notices that another thread has woken the loop.
    pub(crate) fn notice_wake(&mut self) {
        if self.sleeps && !self.reply_queue().waker().is_asleep() {
            self.sleeps = false;
            self.is_woken = self.plan.is_embedded;
            self.ops.wake_is_written = true;
            self.ops.wake_is_due = true;
        }
    }

    pub(crate) fn other_ring_acts(&mut self) {
        if self.others > 0 && self.random.once_in(2) {
            self.other_ring_gives();
        } else {
            self.others += self.shared.connections.take(1);
            self.other_waits = self.shared.connections.poll_free(1).is_pending();
        }
    }

    fn other_ring_gives(&mut self) {
        self.others -= 1;
        self.shared.connections.give(1);
        for waiting in self.shared.connections.take_waiting() {
            self.shared.handles[waiting].reply_queue.wake();
        }
        self.notice_wake();
        self.check_other_ring();
    }

    pub(crate) fn reply_queue(&self) -> &ReplyQueue {
        &self.shared.handles[0].reply_queue
    }

    /// True once in `times`, while things may go wrong.
    pub(crate) fn goes_wrong(&mut self, times: usize) -> bool {
        self.phase == Phase::Chaos && !self.plan.is_calm && self.random.once_in(times)
    }

    #[expect(clippy::print_stderr, reason = "a replayed seed shows what happens")]
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:>6} ms  {}", self.now, what());
        }
    }
}
