//! The calls that JavaScript has and has not answered, by id.
//!
//! A promise may settle at any time later, or never. The ring thread answers for it after the
//! handler's timeout, and counts it as in flight for one more at most, where its client has left.
//! After twice that timeout its call may be given up here, so that promises which never settle take
//! no room that grows with them.
//!
//! Invariant: an id names one call, for as long as anything in JavaScript may hold the id.

use std::time::Duration;

use slab::Slab;

use crate::bridge::Call;

/// Calls up to which none are given up.
const CALLS_MIN: usize = 1024;

/// Of a double's 53 bits, those that the slot leaves to the generation.
const GENERATION_MAX: u32 = (1 << 21) - 1;

/// A call's name in JavaScript: its slot in the low 32 bits, and how many calls were given up in
/// that slot before. An integer below 2^53.
pub(super) type Id = f64;

pub(super) struct Unanswered {
    /// Each with the microsecond at which JavaScript got it.
    calls: Slab<(Call, u64)>,
    /// By slot, as far as calls have been given up.
    generations: Vec<u32>,
    /// Microseconds after which a call may be given up.
    age_max: u64,
    /// How many calls are a reason to look for those to give up.
    look_at: usize,
}

impl Unanswered {
    /// For a handler that may take `handler_timeout`.
    pub(super) fn new(handler_timeout: Duration) -> Self {
        let age_max = handler_timeout.as_micros().saturating_mul(2);
        Self {
            calls: Slab::new(),
            generations: Vec::new(),
            age_max: u64::try_from(age_max).unwrap_or(u64::MAX),
            look_at: CALLS_MIN,
        }
    }

    /// JavaScript gets a call.
    pub(super) fn insert(&mut self, call: Call, now: u64) -> Id {
        let slot = self.calls.insert((call, now));
        let generation = self.generation(slot);
        let slot = u32::try_from(slot).expect("limits bound them");
        f64::from(generation) * 2_f64.powi(32) + f64::from(slot)
    }

    /// JavaScript answers a call: the call, and when JavaScript got it. `None` where it has been
    /// answered or given up.
    pub(super) fn remove(&mut self, id: Id) -> Option<(Call, u64)> {
        let (slot, generation) = parts(id);
        if self.generation(slot) != generation {
            return None;
        }
        self.calls.try_remove(slot)
    }

    /// When JavaScript got each.
    pub(super) fn sinces(&self) -> impl Iterator<Item = u64> {
        self.calls.iter().map(|(_, (_, since))| *since)
    }

    /// Gives up those that nobody waits for. They are looked for when there are twice as many calls
    /// as were left the last time, so that it costs each call the same however many there are.
    pub(super) fn give_up_old(&mut self, now: u64) {
        if self.calls.len() < self.look_at {
            return;
        }
        let generations = &mut self.generations;
        self.calls.retain(|slot, (_, since)| {
            let is_old = now.saturating_sub(*since) > self.age_max;
            !is_old || !retire(generations, slot)
        });
        self.look_at = CALLS_MIN.max(2 * self.calls.len());
    }

    fn generation(&self, slot: usize) -> u32 {
        self.generations.get(slot).copied().unwrap_or(0)
    }
}

/// Lets nobody have a slot's id again. False: it has no other.
fn retire(generations: &mut Vec<u32>, slot: usize) -> bool {
    if generations.len() <= slot {
        generations.resize(slot + 1, 0);
    }
    let has_next = generations[slot] < GENERATION_MAX;
    generations[slot] += u32::from(has_next);
    has_next
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "that takes it apart"
)]
fn parts(id: Id) -> (usize, u32) {
    let id = id as u64;
    (id as u32 as usize, (id >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_micros(50);

    fn call(number: i64) -> Call {
        Call {
            number,
            ..Call::default()
        }
    }

    fn number(removed: Option<(Call, u64)>) -> Option<i64> {
        removed.map(|(call, _)| call.number)
    }

    /// As many calls as are a reason to look, which JavaScript got at 0.
    fn full() -> (Unanswered, Vec<Id>) {
        let mut unanswered = Unanswered::new(TIMEOUT);
        let ids = (0..CALLS_MIN).map(|_| unanswered.insert(call(1), 0));
        let ids = ids.collect();
        (unanswered, ids)
    }

    #[test]
    fn a_call_is_answered_once() {
        let mut unanswered = Unanswered::new(TIMEOUT);
        let ids = [7, 8].map(|n| unanswered.insert(call(n), 0));
        assert_eq!(number(unanswered.remove(ids[1])), Some(8));
        assert_eq!(number(unanswered.remove(ids[1])), None);
        assert_eq!(number(unanswered.remove(ids[0])), Some(7));
    }

    #[test]
    fn a_call_is_given_up_after_twice_the_timeout_and_its_id_answers_no_other() {
        let (mut unanswered, ids) = full();
        unanswered.give_up_old(100);
        assert_eq!(unanswered.calls.len(), CALLS_MIN);
        assert_eq!(number(unanswered.remove(ids[0])), Some(1));

        let (mut unanswered, ids) = full();
        unanswered.give_up_old(101);
        let later: Vec<Id> = (0..CALLS_MIN)
            .map(|_| unanswered.insert(call(2), 101))
            .collect();
        for id in ids {
            assert_eq!(number(unanswered.remove(id)), None);
        }
        for id in later {
            assert_eq!(number(unanswered.remove(id)), Some(2));
        }
    }

    #[test]
    fn calls_that_are_never_answered_take_no_more_room_the_more_they_are() {
        let mut unanswered = Unanswered::new(TIMEOUT);
        for now in 0..100_000 {
            unanswered.give_up_old(now);
            unanswered.insert(call(1), now);
        }
        assert!(unanswered.calls.len() <= CALLS_MIN);
        assert_eq!(unanswered.sinces().max(), Some(99_999));
    }

    #[test]
    fn without_a_timeout_no_call_is_given_up() {
        let mut unanswered = Unanswered::new(Duration::MAX);
        let id = unanswered.insert(call(7), 0);
        for now in 0..10_000 {
            unanswered.give_up_old(now << 40);
            unanswered.insert(call(1), now);
        }
        assert_eq!(number(unanswered.remove(id)), Some(7));
    }

    #[test]
    fn an_id_is_exact_up_to_the_last_slot_and_generation() {
        let (slot, generation) = (u32::MAX, GENERATION_MAX);
        let id = f64::from(generation) * 2_f64.powi(32) + f64::from(slot);
        assert_eq!(parts(id), (slot as usize, generation));
        assert!(id < 2_f64.powi(53));
    }

    #[test]
    fn a_slot_without_another_id_is_not_given_up() {
        let mut generations = vec![GENERATION_MAX - 1];
        assert!(retire(&mut generations, 0));
        assert!(!retire(&mut generations, 0));
    }
}
