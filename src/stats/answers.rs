//! Answers, counted by their status.

use std::sync::atomic::{AtomicU64, Ordering};

/// The statuses that an answer may have.
const STATUS_MIN: u16 = 200;
const STATUSES: usize = 400;

/// Answers by their status. Any thread counts.
#[derive(Debug)]
pub struct Answers([AtomicU64; STATUSES]);

impl Default for Answers {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; STATUSES])
    }
}

impl Answers {
    /// Counts an answer.
    pub fn count(&self, status: u16) {
        let index = status.checked_sub(STATUS_MIN).map(usize::from);
        if let Some(count) = index.and_then(|index| self.0.get(index)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The statuses that were answered, and how often.
    pub fn read(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        (STATUS_MIN..).zip(counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_status() {
        let answers = Answers::default();
        for status in [400, 200, 503, 599, 503] {
            answers.count(status);
        }
        let counted: Vec<_> = answers.read().collect();
        assert_eq!(counted, [(200, 1), (400, 1), (503, 2), (599, 1)]);
    }
}
