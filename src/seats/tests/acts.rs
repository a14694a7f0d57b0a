//! The acts of a run's threads: one step of one of them.

use std::time::Duration;

use super::clock;
use super::player::{Doing, Player, Taken};
use super::world::{Place, Stage, World};
use super::written::Value;

const TEXTS: [&str; 6] = ["", "a", "é€", "😀x", "0123456789", "0é2😀4€6"];

impl World {
    /// One step of the thread in that seat, or of one that takes it.
    pub(super) fn place_acts(&mut self, seat: usize) {
        let place = &mut self.places[seat];
        let Some(player) = &mut place.player else {
            if !self.has_ended && !self.has_retired && !self.plan.is_left_alone {
                self.sit(seat);
            }
            return;
        };
        if place.is_blocked {
            return;
        }
        if player.is_post_due() {
            self.note(|| format!("seat {seat} posts"));
            self.with_player(seat, Player::post);
            return;
        }
        match player.doing {
            Doing::Resting => self.rests(seat),
            Doing::Asking | Doing::TurningFirst => self.asks(seat),
            Doing::Claiming => self.claims(seat),
            Doing::AtCall(taken) => self.is_at_call(seat, taken),
            Doing::Continuing => {
                if !(self.random.once_in(2) && self.settles_one(seat)) {
                    self.asks(seat);
                }
            }
            Doing::Over => {
                self.note(|| format!("seat {seat} leaves"));
                self.places[seat]
                    .player
                    .take()
                    .expect("it is there")
                    .leave();
                self.places[seat] = Place::default();
            }
        }
    }

    pub(super) fn sit(&mut self, seat: usize) {
        self.note(|| format!("seat {seat} is taken"));
        let (size, bytes) = (self.plan.batch_max, self.plan.text_bytes);
        self.places[seat] = Place {
            player: Some(Player::sit(&self.seats, seat, size, bytes)),
            moved: clock::now(),
            ..Place::default()
        };
    }

    fn rests(&mut self, seat: usize) {
        if self.plan.may_block && self.random.once_in(30) {
            self.note(|| format!("seat {seat} is blocked"));
            self.places[seat].is_blocked = true;
            return;
        }
        let player = self.player(seat);
        if player.bell.hear() {
            self.asks(seat);
        } else if !self.expires(seat) {
            self.settles_one(seat);
        }
    }

    fn asks(&mut self, seat: usize) {
        let has_time = !self.random.once_in(6);
        self.with_player(seat, |player| player.ask(has_time));
        self.has_moved(seat);
        self.places[seat].fetched = clock::now();
        let doing = self.player(seat).doing;
        self.note(|| format!("seat {seat} asks: {doing:?}"));
    }

    fn claims(&mut self, seat: usize) {
        let mut claimed = None;
        self.with_player(seat, |player| claimed = player.claim());
        self.note(|| format!("seat {seat} claims {claimed:?}"));
        self.shows(seat);
        if let Some(Taken {
            number, function, ..
        }) = claimed
        {
            self.has_moved(seat);
            let known = &mut self.calls[number];
            assert_eq!(known.function, function);
            // A call that was already late when it was fetched is not run.
            let fetched = self.places[seat].fetched.expect("it has asked");
            let timeout = self.plan.handler_timeout;
            let arrived = self.seats.options.started + Duration::from_micros(known.arrived);
            assert!(fetched < arrived + timeout, "call {number} was late");
            // A function that turns the event loop lets calls that have not begun be given up.
            if known.stage != Stage::Answered {
                assert_eq!(known.stage, Stage::Waiting, "call {number} is begun twice");
                known.stage = Stage::Begun(seat);
            }
        }
    }

    /// From now on, others may see the values that its thread has written.
    fn shows(&mut self, seat: usize) {
        for known in &mut self.calls {
            if known.stage == Stage::Written(seat) {
                known.stage = Stage::Shown(seat);
            }
        }
    }

    fn is_at_call(&mut self, seat: usize, taken: Taken) {
        if self.random.once_in(20) {
            // The function turns the event loop itself.
            if !self.expires(seat) {
                self.with_player(seat, Player::post);
            }
            return;
        }
        let takes_its_time = self.random.once_in(4);
        if takes_its_time || self.is_endless(taken.number) {
            return;
        }
        let is_promise = self.plan.has_promises && self.random.once_in(3);
        let value = (!is_promise).then(|| self.value());
        let goes_on = !self.random.once_in(5);
        self.note(|| format!("seat {seat} ends {} with {value:?}", taken.number));
        if let Some(value) = &value {
            self.is_written(taken, seat, value);
        } else if self.places[seat].timer.is_none() {
            let at = clock::now().map(|now| now + self.plan.handler_timeout);
            self.places[seat].timer = at;
        }
        let player = self.player(seat);
        player.end_call(value.as_ref(), goes_on);
        if player.doing == Doing::Continuing {
            self.with_player(seat, Player::show);
            self.shows(seat);
        }
    }

    pub(super) fn is_endless(&self, number: usize) -> bool {
        self.plan.has_endless && number % 13 == 5
    }

    /// False: no thread could settle one.
    pub(super) fn settles_one(&mut self, seat: usize) -> bool {
        let never = self.plan.has_unsettled;
        let player = self.player(seat);
        let settle = |taken: &Taken| !(never && taken.number % 3 == 1);
        let Some(index) = player.promises.iter().position(settle) else {
            return false;
        };
        let taken = player.promises[index];
        let value = self.value();
        self.note(|| format!("seat {seat} settles {} with {value:?}", taken.number));
        self.is_written(taken, seat, &value);
        self.player(seat).settle(index, &value);
        true
    }

    fn is_written(&mut self, taken: Taken, seat: usize, value: &Value) {
        let known = &mut self.calls[taken.number];
        // An answered one was given up before: no client waits for it.
        if known.stage != Stage::Answered {
            assert_eq!(known.stage, Stage::Begun(seat));
            let is_aside = value.is_aside(self.plan.text_bytes);
            known.stage = if is_aside {
                Stage::Shown(seat)
            } else {
                Stage::Written(seat)
            };
            known.outcome = Some(value.outcome());
        }
    }

    fn value(&mut self) -> Value {
        let number = i32::try_from(self.random.below(1 << 20)).expect("small");
        let texts = [self.random.pick(&TEXTS), self.random.pick(&TEXTS)];
        let text = texts.concat();
        match self.random.below(10) {
            0..3 => Value::Number(number),
            3 => Value::Bigint(i64::MIN + i64::from(number)),
            4 | 5 => Value::Json(format!("[{number},\"{text}\"]")),
            6 => Value::Text(text),
            7 => Value::Digits(format!("{number}{}", u64::MAX)),
            8 => Value::Response(201, text),
            _ => Value::Error(422, text),
        }
    }

    /// False: none of its calls is late.
    pub(super) fn expires(&mut self, seat: usize) -> bool {
        let now = clock::now().expect("the time is set");
        if self.places[seat].timer.is_none_or(|at| at > now) {
            return false;
        }
        let mut left = 0.0;
        self.with_player(seat, |player| left = player.expire());
        self.note(|| format!("seat {seat} expires, and again in {left} ms"));
        let least = self.plan.handler_timeout / 32;
        let left = (left >= 0.0).then(|| Duration::from_secs_f64(left / 1000.0).max(least));
        self.places[seat].timer = left.map(|left| now + left);
        true
    }

    pub(super) fn player(&mut self, seat: usize) -> &mut Player {
        self.places[seat]
            .player
            .as_mut()
            .expect("the seat is taken")
    }

    /// Has the thread act in a way that the watchdog may take for a move to another call.
    fn with_player(&mut self, seat: usize, act: impl FnOnce(&mut Player)) {
        let place = &mut self.places[seat];
        act(place.player.as_mut().expect("the seat is taken"));
        place.seen = None;
        place.late_looks = 0;
        place.overdue_looks = 0;
        place.may_be_told_again = place.is_told;
    }

    /// The thread has moved to another call, or to none.
    fn has_moved(&mut self, seat: usize) {
        let place = &mut self.places[seat];
        place.moved = clock::now();
        place.is_told = false;
        place.may_be_told_again = false;
    }
}
