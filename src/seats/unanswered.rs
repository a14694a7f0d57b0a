//! The calls that JavaScript has not answered yet, by id.
//!
//! A promise may settle at any later time, or never. It is given up when its call's time is over,
//! so that promises which never settle do not keep memory and credits forever.
//!
//! Invariant: an id names one call, for as long as anything in JavaScript may hold the id.

use slab::Slab;

use crate::bridge::Call;

/// The largest generation: the bits of a double's 53 that the slot leaves.
const GENERATION_MAX: u32 = (1 << 21) - 1;

/// A call's id in JavaScript, an integer below 2^53: its slot in the low 32 bits and, above, how
/// many calls were given up in that slot before.
pub(super) type Id = f64;

#[derive(Debug, Default)]
pub(super) struct Unanswered {
    /// Each call with the microsecond at which JavaScript got it; `None` in a slot that has used
    /// its last id.
    calls: Slab<Option<(Call, u64)>>,
    /// By slot, up to the last in which a call was given up. It is above the maximum in a slot that
    /// has used its last id.
    generations: Vec<u32>,
    /// How many calls there are.
    count: usize,
}

impl Unanswered {
    /// Adds a call that JavaScript gets.
    pub(super) fn insert(&mut self, call: Call, now: u64) -> Id {
        self.count += 1;
        let slot = self.calls.insert(Some((call, now)));
        let generation = self.generation(slot);
        let slot = u32::try_from(slot).expect("limits bound them");
        f64::from(generation) * 2_f64.powi(32) + f64::from(slot)
    }

    /// Removes a call that JavaScript answers: the call, and when JavaScript got it. `None` if it
    /// has been answered or given up.
    pub(super) fn remove(&mut self, id: Id) -> Option<(Call, u64)> {
        let (slot, generation) = parts(id);
        if self.generation(slot) != generation {
            return None;
        }
        let removed = self.calls.try_remove(slot).flatten();
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// How many calls there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// A call that has not been answered or given up.
    pub(super) fn get(&self, id: Id) -> Option<&Call> {
        let (slot, generation) = parts(id);
        if self.generation(slot) != generation {
            return None;
        }
        self.calls.get(slot)?.as_ref().map(|(call, _)| call)
    }

    /// Frees the call's arguments: JavaScript has them.
    pub(super) fn forget_rest(&mut self, id: Id) {
        let (slot, generation) = parts(id);
        if self.generation(slot) == generation
            && let Some(Some((call, _))) = self.calls.get_mut(slot)
        {
            call.rest = None;
        }
    }

    /// When each arrived.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = u64> {
        let calls = self.calls.iter().filter_map(|(_, call)| call.as_ref());
        calls.map(|(call, _)| call.arrived)
    }

    /// Gives up the calls that arrived `timeout` ago or before.
    pub(super) fn take_old(&mut self, now: u64, timeout: u64) -> Vec<Call> {
        let generations = &mut self.generations;
        let mut old = Vec::new();
        self.calls.retain(|slot, call| {
            let is_old = |(call, _): &mut (Call, u64)| now.saturating_sub(call.arrived) >= timeout;
            let Some((taken, _)) = call.take_if(is_old) else {
                return true;
            };
            old.push(taken);
            !retire(generations, slot)
        });
        self.count -= old.len();
        old
    }

    fn generation(&self, slot: usize) -> u32 {
        self.generations.get(slot).copied().unwrap_or(0)
    }
}

/// Retires the current id of a slot. False: the slot has no other id.
fn retire(generations: &mut Vec<u32>, slot: usize) -> bool {
    if generations.len() <= slot {
        generations.resize(slot + 1, 0);
    }
    generations[slot] += 1;
    generations[slot] <= GENERATION_MAX
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

    fn call(number: i64) -> Call {
        Call {
            cells: [number.cast_unsigned(), 0],
            ..Call::default()
        }
    }

    fn number(removed: Option<(Call, u64)>) -> Option<i64> {
        removed.map(|(call, _)| call.number())
    }

    #[test]
    fn a_call_is_answered_once() {
        let mut unanswered = Unanswered::default();
        let ids = [7, 8].map(|n| unanswered.insert(call(n), 0));
        assert_eq!(number(unanswered.remove(ids[1])), Some(8));
        assert_eq!(number(unanswered.remove(ids[1])), None);
        assert_eq!(number(unanswered.remove(ids[0])), Some(7));
    }

    #[test]
    fn a_late_call_is_given_up_and_its_id_answers_no_other() {
        let mut unanswered = Unanswered::default();
        let ids = [1, 2, 3].map(|n| unanswered.insert(call(n), 0));
        assert!(unanswered.take_old(99, 100).is_empty());
        assert_eq!(number(unanswered.remove(ids[0])), Some(1));
        assert_eq!(unanswered.take_old(100, 100).len(), 2);
        assert_eq!(unanswered.arrivals().count(), 0);
        let later = [4, 5, 6].map(|n| unanswered.insert(call(n), 100));
        for id in &ids[1..] {
            assert_eq!(number(unanswered.remove(*id)), None);
        }
        for (id, n) in later.into_iter().zip(4..) {
            assert_eq!(number(unanswered.remove(id)), Some(n));
        }
    }

    #[test]
    fn a_call_made_later_keeps_its_time() {
        let mut unanswered = Unanswered::default();
        let mut arrived_at_50 = call(2);
        arrived_at_50.arrived = 50;
        unanswered.insert(call(1), 0);
        let id = unanswered.insert(arrived_at_50, 60);
        let old = unanswered.take_old(149, 100);
        assert_eq!(old.len(), 1);
        assert_eq!(old[0].number(), 1);
        assert_eq!(number(unanswered.remove(id)), Some(2));
    }

    #[test]
    fn an_id_is_exact_up_to_the_last_slot_and_generation() {
        let (slot, generation) = (u32::MAX, GENERATION_MAX);
        let id = f64::from(generation) * 2_f64.powi(32) + f64::from(slot);
        assert_eq!(parts(id), (slot as usize, generation));
        assert!(id < 2_f64.powi(53));
    }

    #[test]
    fn a_slot_that_has_had_its_last_id_is_not_used_again() {
        let mut unanswered = Unanswered {
            generations: vec![GENERATION_MAX - 1],
            ..Unanswered::default()
        };
        let mut last = 0.0;
        for _ in 0..2 {
            last = unanswered.insert(call(1), 0);
            assert_eq!(parts(last).0, 0);
            assert_eq!(unanswered.take_old(1, 1).len(), 1);
        }
        let id = unanswered.insert(call(2), 0);
        assert_eq!(parts(id).0, 1);
        assert_eq!(number(unanswered.remove(last)), None);
        assert_eq!(number(unanswered.remove(id)), Some(2));
        assert_eq!(unanswered.arrivals().count(), 0);
    }
}
