//! Conditions that must hold after every step of a run.

use std::time::{Duration, Instant};

use super::clock;
use super::plan::Ending;
use super::player::{Doing, Player};
use super::world::{KnownCall, Stage, World};
use crate::bridge::{Delivery, Outcome, Posted, Reply};
use crate::seats::scheduler::State;
use crate::seats::{Notice, lock, micros};

const MILLISECOND: Duration = Duration::from_millis(1);
/// A punctual watchdog looks within this time if calls may have to go to others.
const LOOK_SOON: Duration = Duration::from_millis(4);
const LOST: &str = "The worker that ran the function has ended.";

impl World {
    pub(super) fn check(&mut self) {
        self.take_replies();
        self.take_notices();
        let taken = usize::try_from(self.credits.taken()).expect("few");
        assert_eq!(taken, self.outstanding, "credits");
        self.check_states();
        self.check_looks();
    }

    fn take_replies(&mut self) {
        for ring in 0..self.reply_queues.len() {
            let mut posted = Posted::default();
            if !self.reply_queues[ring].take(&mut posted) {
                continue;
            }
            for reply in posted.replies {
                assert_eq!(reply.connection.ring(), ring);
                self.is_answered(reply);
            }
        }
        assert!(
            self.lost.is_empty(),
            "calls of {:?} have no answer",
            self.lost
        );
    }

    fn is_answered(&mut self, reply: Reply) {
        let Reply {
            sequence, delivery, ..
        } = reply;
        self.note(|| format!("call {sequence} is answered: {delivery:?}"));
        let now = micros(
            self.seats.options.started,
            clock::now().expect("the time is set"),
        );
        let known = &mut self.calls[sequence as usize];
        let before = std::mem::replace(&mut known.stage, Stage::Answered);
        assert_ne!(before, Stage::Answered, "call {sequence} is answered twice");
        self.outstanding -= 1;
        let age = now - known.arrived;
        let timeout = u64::try_from(self.plan.handler_timeout.as_micros()).expect("short");
        match (&delivery, before) {
            (Delivery::Late, Stage::Waiting) => assert!(self.has_ended || age >= timeout / 4),
            (Delivery::Late, Stage::Begun(_) | Stage::Written(_)) if self.is_dying => {
                assert!(age >= timeout);
                self.is_lost(sequence, before);
            }
            (Delivery::Late, Stage::Begun(_) | Stage::Written(_) | Stage::Shown(_))
                if age >= timeout => {}
            (Delivery::Late, Stage::Begun(_) | Stage::Written(_)) => {
                assert!(self.has_ended);
            }
            (
                Delivery::ToSend(Outcome::Error(500, sentence)),
                Stage::Begun(_) | Stage::Written(_),
            ) if &**sentence == LOST => {
                assert!(age < timeout);
                self.is_lost(sequence, before);
            }
            (Delivery::ToSend(outcome), Stage::Written(_) | Stage::Shown(_)) => {
                assert_eq!(Some(outcome), known.outcome.as_ref(), "call {sequence}");
            }
            _ => panic!("call {sequence} is answered with {delivery:?}, and was {before:?}"),
        }
    }

    /// A call was lost with its thread, which must be reported.
    fn is_lost(&mut self, sequence: u32, before: Stage) {
        let function = self.calls[sequence as usize].function;
        if let Stage::Begun(_) = before {
            let at = self.lost.iter().position(|lost| *lost == function);
            self.lost.swap_remove(at.expect("its thread has ended"));
        }
        self.told_lost.push(function);
    }

    fn take_notices(&mut self) {
        for notice in self.notices.take() {
            self.note(|| format!("{notice:?}"));
            match notice {
                Notice::Failed(_) | Notice::Adopted { .. } | Notice::HealthAsked => {
                    unreachable!("no ring posts it")
                }
                Notice::Ended => {
                    let is_due = self.sinks.iter().all(Option::is_none);
                    assert!(is_due && self.plan.ending == Ending::Closed && !self.has_ended);
                    self.has_ended = true;
                }
                Notice::Retired { generation } => {
                    assert_eq!(generation, 7);
                    assert!(self.is_over() && !self.has_retired);
                    self.has_retired = true;
                }
                Notice::Overdue { generation, seat } => {
                    assert_eq!(generation, 7);
                    self.is_overdue(seat);
                }
                Notice::Lost {
                    generation,
                    function,
                    ..
                } => {
                    assert_eq!(generation, 7);
                    let told = self.told_lost.iter().position(|it| *it == function);
                    self.told_lost.swap_remove(told.expect("it is lost"));
                }
            }
        }
        assert!(self.told_lost.is_empty(), "lost calls are not reported");
        let is_due = self.is_over() && self.outstanding == 0;
        assert!(
            !is_due || self.has_retired,
            "the table's end is not reported"
        );
    }

    /// No ring may call, and no call is left anywhere.
    fn is_over(&self) -> bool {
        let seats = 0..self.places.len();
        self.sinks.iter().all(Option::is_none)
            && seats.map(|seat| self.seats.in_hand(seat)).sum::<usize>() == 0
            && self.seats.waiting().0 == 0
    }

    /// A thread that is awake soon asks for calls; and if calls wait, one is awake.
    fn check_states(&self) {
        let waiting = self.seats.waiting().0;
        let scheduler = lock(&self.seats.scheduler);
        for (seat, place) in self.places.iter().enumerate() {
            let state = scheduler.states[seat];
            let is_due = match &place.player {
                None
                | Some(Player {
                    doing: Doing::Over, ..
                }) => state == State::Gone,
                Some(Player {
                    doing: Doing::Resting,
                    bell,
                    ..
                }) if !bell.has_rung() => {
                    matches!(state, State::Asleep | State::Full)
                }
                Some(_) => matches!(state, State::Awake | State::Held),
            };
            assert!(is_due, "seat {seat} is {state:?}");
        }
        let is_any = |state| scheduler.states.contains(&state);
        assert!(
            waiting == 0
                || is_any(State::Awake)
                || !is_any(State::Asleep)
                // The watchdog looks at once.
                || is_any(State::Held),
            "calls wait, and all are asleep"
        );
    }

    /// If another thread could run calls that wait, or calls behind another one, the watchdog soon
    /// looks.
    fn check_looks(&self) {
        let Some(watchdog) = &self.seats.watchdog else {
            return;
        };
        let soon = clock::now().map(|now| now + LOOK_SOON);
        if watchdog.is_told() || self.look_at.is_some_and(|at| Some(at) <= soon) {
            return;
        }
        let (waiting, somebody_rests) = self.seats.waiting();
        assert!(waiting == 0 || !somebody_rests, "calls wait for a look");
        for (seat, place) in self.places.iter().enumerate() {
            let is_at_call = |player: &Player| matches!(player.doing, Doing::AtCall(_));
            if place.player.as_ref().is_some_and(is_at_call) {
                assert_eq!(
                    self.seats.in_hand(seat),
                    self.begun_in(seat),
                    "behind a call"
                );
            }
        }
    }

    /// How many calls the thread in that seat has begun and not answered.
    fn begun_in(&self, seat: usize) -> usize {
        let is_of = |known: &&KnownCall| match known.stage {
            Stage::Begun(of) | Stage::Written(of) => of == seat,
            _ => false,
        };
        self.calls.iter().filter(is_of).count()
    }

    /// The watchdog is about to look.
    pub(super) fn sees(&mut self, now: Instant) {
        let timeout = self.plan.handler_timeout;
        let scheduler = lock(&self.seats.scheduler);
        for (place, state) in self.places.iter_mut().zip(&scheduler.states) {
            if matches!(state, State::Awake | State::Held) {
                let held = now.duration_since(*place.seen.get_or_insert(now));
                place.late_looks += usize::from(held >= MILLISECOND);
                place.overdue_looks += usize::from(held >= timeout);
            } else {
                place.seen = None;
                place.late_looks = 0;
                place.overdue_looks = 0;
            }
        }
    }

    /// It has looked.
    pub(super) fn has_seen(&mut self) {
        self.check();
        for (seat, place) in self.places.iter().enumerate() {
            // A look that gives something to others, the rest of a batch or an error, reports
            // nothing.
            let is_due = place.overdue_looks < 3 || place.is_told;
            assert!(is_due, "seat {seat} is overdue and not reported");
            if place.late_looks == 0 {
                continue;
            }
            let is_shown = |known: &KnownCall| known.stage == Stage::Shown(seat);
            assert!(
                !self.calls.iter().any(is_shown),
                "finished calls are not answered"
            );
            let begun = self.begun_in(seat);
            let in_hand = self.seats.in_hand(seat);
            assert_eq!(
                in_hand, begun,
                "seat {seat} keeps calls that it has not begun"
            );
        }
    }

    fn is_overdue(&mut self, seat: usize) {
        let place = &mut self.places[seat];
        assert!(place.player.is_some(), "the seat is empty");
        assert!(
            !place.is_told || place.may_be_told_again,
            "it is reported twice"
        );
        let moved = place.moved.expect("it is there");
        let held = clock::now().expect("the time is set").duration_since(moved);
        assert!(held >= self.plan.handler_timeout, "it is held for {held:?}");
        place.is_told = true;
    }
}
