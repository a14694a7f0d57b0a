//! The kind of run that a seed makes: the number of rings, seats and calls, and what may go wrong.

use std::time::Duration;

use super::random::Random;
use crate::seats::Kind;

const MILLISECOND: Duration = Duration::from_millis(1);

/// The way a table ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Another table has replaced it, and its rings go on.
    Retired,
    /// The rings end.
    Closed,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) rings: usize,
    pub(super) seats: usize,
    /// False: the only seat belongs to the thread that has started the server.
    pub(super) are_workers: bool,
    pub(super) in_flight_max: u32,
    pub(super) handler_timeout: Duration,
    /// The most calls of a batch, and the room for the texts of its results.
    pub(super) batch_max: usize,
    pub(super) text_bytes: usize,
    /// Steps before everything settles.
    pub(super) chaos_steps: usize,
    pub(super) ending: Ending,
    /// Workers may end at any time.
    pub(super) may_die: bool,
    /// No other thread takes their seats.
    pub(super) is_left_alone: bool,
    /// Some functions never return.
    pub(super) has_endless: bool,
    /// Some threads are held by something other than a call.
    pub(super) may_block: bool,
    pub(super) has_promises: bool,
    /// Some promises never settle.
    pub(super) has_unsettled: bool,
    /// Some arguments are long.
    pub(super) has_long: bool,
    /// The watchdog looks when it has to, and not at other times.
    pub(super) is_punctual: bool,
}

impl Plan {
    pub(super) fn of(random: &mut Random) -> Self {
        let are_workers = !random.once_in(4);
        let may_die = are_workers && random.once_in(2);
        let has_promises = random.once_in(2);
        Self {
            kind: match random.below(3) {
                0 => Kind::Plain { bigint: false },
                _ => Kind::Named(4),
            },
            rings: random.pick(&[1, 1, 2, 3]),
            seats: if are_workers {
                random.pick(&[1, 2, 2, 3, 5])
            } else {
                1
            },
            are_workers,
            in_flight_max: random.pick(&[1, 2, 3, 8, 40, 40]),
            handler_timeout: MILLISECOND * random.pick(&[20, 100, 2_000]),
            batch_max: random.pick(&[1, 2, 4, 16, 64]),
            text_bytes: random.pick(&[12, 36, 3_000]),
            chaos_steps: random.pick(&[30, 100, 300]),
            ending: random.pick(&[Ending::Retired, Ending::Closed]),
            may_die,
            is_left_alone: may_die && random.once_in(8),
            has_endless: are_workers && random.once_in(4),
            may_block: are_workers && random.once_in(4),
            has_promises,
            has_unsettled: has_promises && random.once_in(2),
            has_long: random.once_in(20),
            is_punctual: random.once_in(2),
        }
    }
}
