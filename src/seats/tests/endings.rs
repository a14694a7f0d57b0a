//! The end of a run. Each actor does what it still has to do, and then nothing may be left undone.
//! Then the table ends, and nothing may be left at all.

use super::clock;
use super::plan::Ending;
use super::player::Doing;
use super::world::{Place, World};
use crate::seats::lock;

/// After this many rounds, a run counts as one that never ends.
const ROUNDS_MAX: usize = 10_000;

impl World {
    /// Each actor does what it still has to do, and time passes for calls that only time ends.
    pub(super) fn settle(&mut self) {
        self.note(|| "settling".to_owned());
        self.plan.is_punctual = true;
        self.plan.may_block = false;
        for _ in 0..ROUNDS_MAX {
            if self.do_what_is_left() {
                continue;
            }
            if self.outstanding == 0 {
                return;
            }
            self.pass_to_next();
        }
        panic!("{} calls are never answered", self.outstanding);
    }

    fn do_what_is_left(&mut self) -> bool {
        let mut any = false;
        for seat in 0..self.places.len() {
            any |= self.place_settles(seat);
            self.check();
        }
        let is_told = self.watchdog_acts();
        self.check();
        any | is_told
    }

    /// False: there is nothing for it to do.
    fn place_settles(&mut self, seat: usize) -> bool {
        let place = &self.places[seat];
        if place.is_told {
            self.die(seat);
            return true;
        }
        let Some(player) = &place.player else {
            self.place_acts(seat);
            return self.places[seat].player.is_some();
        };
        if self.is_held(place) {
            return false;
        }
        if !player.is_busy() && !player.is_post_due() {
            return self.expires(seat) || self.settles_one(seat);
        }
        self.place_acts(seat);
        true
    }

    /// True: it does nothing any more.
    fn is_held(&self, place: &Place) -> bool {
        match &place.player {
            None => true,
            Some(_) if place.is_blocked => true,
            Some(player) => match player.doing {
                Doing::AtCall(taken) => self.is_endless(taken.number),
                _ => false,
            },
        }
    }

    /// Time passes until the watchdog looks, or a thread gives up late calls.
    fn pass_to_next(&mut self) {
        let free = self.places.iter().filter(|place| !self.is_held(place));
        let timer = free.filter_map(|place| place.timer).min();
        let first = timer.into_iter().chain(self.look_at).min();
        let Some(first) = first else {
            panic!("{} calls wait for nothing", self.outstanding);
        };
        if self.look_at == Some(first) {
            return self.pass_to_look();
        }
        let now = clock::now().expect("the time is set");
        clock::pass(first.saturating_duration_since(now));
    }

    pub(super) fn end(&mut self) {
        self.note(|| "ending".to_owned());
        for ring in 0..self.sinks.len() {
            self.ring_leaves(ring);
            self.check();
        }
        assert!(self.has_retired);
        assert_eq!(self.has_ended, self.plan.ending == Ending::Closed);
        // A thread that was at rest has been woken, and leaves.
        while self.do_what_is_left() {}
        for seat in 0..self.places.len() {
            // It is held by a call that has been given up.
            let is_held = self.is_held(&self.places[seat]);
            assert!(is_held, "seat {seat} stays");
            self.die(seat);
        }
        assert_eq!(self.seats.waiting().0, 0);
        for seat in &self.seats.all {
            assert!(lock(&seat.consumer).is_none());
        }
        assert_eq!(self.credits.taken(), 0);
    }
}
