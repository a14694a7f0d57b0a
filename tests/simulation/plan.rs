//! The kind of run that a seed makes: how large things are, and what may go wrong.

use ringcall::limits::{Crowd, Limits, RingSize, Timeouts};

use crate::random::Random;

const NEVER: Timeouts = Timeouts {
    headers: 0,
    request: 0,
    keep_alive: 0,
    handler: 0,
    send: 0,
};

/// More bytes than all bodies and arguments of a run take.
const PLENTY: u64 = 1 << 30;

/// The kinds of completions, each of which can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    Accept,
    Receive,
    Send,
    QuietSend,
    DirectSend,
    Cancel,
    Wake,
    Tick,
    Enter,
}

pub(crate) const KINDS: usize = 9;

/// One completion that fails: the `nth` of its kind, counted from 0, with `error`.
///
/// 0 is a success with a catch: an accept, a receive or a wake-up that is not armed any more, a
/// short send, a tick before its time, a cancellation that completes last of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) nth: usize,
    pub(crate) error: i32,
}

/// The kind of run.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    /// True exactly when no timeout is set, so that no client is cut off or refused by one.
    pub(crate) is_patient: bool,
    /// True: nothing goes wrong but `fault`, and no command comes before its time.
    pub(crate) is_calm: bool,
    pub(crate) fault: Option<Fault>,
    pub(crate) listener_is_shared: bool,
    /// Another ring takes connections from the limit, and gives them back.
    pub(crate) has_other_ring: bool,
    /// The server has several functions, not a plain one.
    pub(crate) has_functions: bool,
    /// Another loop drives this one.
    pub(crate) is_embedded: bool,
    /// The functions may be replaced.
    pub(crate) may_reload: bool,
    /// The handler leaves some calls without an answer.
    pub(crate) leaves_unanswered: bool,
    pub(crate) buffers: u16,
    pub(crate) buffer_bytes: u32,
    /// Bytes that a socket takes before its client reads.
    pub(crate) socket_bytes: usize,
    /// Less room than this counts as none.
    pub(crate) low_water: usize,
    pub(crate) clients: usize,
    /// How late a tick of a closing server may be.
    pub(crate) ticks_late_ms: usize,
    /// Turns of the loop before everything settles.
    pub(crate) chaos_turns: usize,
}

impl Plan {
    /// Bytes of a large receive buffer.
    pub(crate) fn large_buffer_bytes(&self) -> u32 {
        let size = RingSize {
            buffer_bytes: self.buffer_bytes,
            ..RingSize::default()
        };
        size.large_buffer_bytes()
    }

    pub(crate) fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed ^ 0x51a7);
        let is_patient = random.below(5) < 3;
        let timeouts = if is_patient { NEVER } else { timeouts(random) };
        let has_functions = random.once_in(2);
        Self {
            seed,
            limits: Limits {
                connections_max: random.pick(&[1, 2, 3, 100, 100, 100]),
                in_flight_max: random.pick(&[1, 3, 1000, 1000, 1000, 1000]),
                head_bytes_max: 200,
                body_bytes_max: if has_functions { 2_000 } else { 100 },
                buffered_bytes_max: random.pick(&[400, 3_000, PLENTY, PLENTY, PLENTY]),
                timeouts,
                // Often each body has a turn of its own.
                turn_bytes_max: if has_functions { 10 } else { 0 },
                crowd: Crowd {
                    connections: random.pick(&[1, 2, 1024]),
                    within_us: 1_000_000,
                    gap_us: random.pick(&[8_000, 500_000]),
                    retry_us: 1_000_000,
                },
            },
            is_patient,
            is_calm: random.once_in(4),
            fault: None,
            listener_is_shared: random.once_in(4),
            has_other_ring: random.once_in(6),
            has_functions,
            leaves_unanswered: random.once_in(4),
            buffers: random.pick(&[1, 2, 4, 16]),
            buffer_bytes: random.pick(&[16, 64, 256, 1024]),
            socket_bytes: random.pick(&[100, 300, 4_000, 100_000, 100_000]),
            low_water: random.pick(&[0, 0, 50, 99]),
            clients: random.pick(&[1, 1, 2, 3, 4, 6]),
            chaos_turns: random.pick(&[4, 10, 20, 40, 80]),
            ticks_late_ms: random.pick(&[100, 400]),
            may_reload: random.once_in(3),
            is_embedded: random.once_in(3),
        }
    }

    /// True: bodies and arguments may find no room.
    pub(crate) fn is_short_of_memory(&self) -> bool {
        self.limits.buffered_bytes_max < PLENTY
    }

    /// A run in which nothing goes wrong but `fault`.
    pub(crate) fn with_fault(seed: u64, fault: Option<Fault>) -> Self {
        Self {
            is_calm: true,
            fault,
            ..Self::of(seed)
        }
    }

    /// A run of one client in which nothing goes wrong, nothing is late and everything fits.
    pub(crate) fn calm(seed: u64) -> Self {
        Self {
            limits: Limits {
                timeouts: NEVER,
                ..Limits::default()
            },
            is_patient: true,
            is_calm: true,
            has_other_ring: false,
            has_functions: false,
            may_reload: false,
            leaves_unanswered: false,
            socket_bytes: 100_000,
            low_water: 0,
            clients: 1,
            ticks_late_ms: 100,
            ..Self::of(seed)
        }
    }
}

fn timeouts(random: &mut Random) -> Timeouts {
    // With every timeout set, a late answer on a connection that lives on is rare.
    if random.once_in(2) {
        return Timeouts {
            handler: random.pick(&[10, 30, 100]),
            ..NEVER
        };
    }
    let mut timeout = || random.pick(&[0, 30, 100, 300, 1_000]);
    Timeouts {
        headers: timeout(),
        request: timeout(),
        keep_alive: timeout(),
        handler: timeout(),
        send: timeout(),
    }
}
