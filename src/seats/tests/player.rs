//! A thread that takes calls, played step by step, as in `lib/calls/`, with the values that
//! functions return. Between two steps anything else may happen, and the thread may end.

use std::sync::{Arc, Condvar, Mutex};

use super::arrays::Arrays;
use super::written::{Value, Written};
use crate::seats::memory::Memory;
use crate::seats::{STATE_BUFFERS, STATE_TEXT, Seats, Wake, lock};

/// One call in `claims`, as in `lib/calls/batches.js`.
const CALL: u32 = 1;
const RESULT: u32 = 1 << 11;
const TAKEN_BACK: u32 = 1 << 22;

/// The function that takes a number and a text, and the one that takes a number and bytes; all
/// others take a number.
pub(super) const WITH_TEXT: u16 = 1;
pub(super) const WITH_BYTES: u16 = 2;

/// Notes that a thread should ask for calls.
#[derive(Default)]
pub(super) struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
}

impl Wake for Bell {
    fn wake(&self) {
        *lock(&self.has_rung) = true;
        self.rings.notify_one();
    }
}

impl Bell {
    pub(super) fn has_rung(&self) -> bool {
        *lock(&self.has_rung)
    }

    pub(super) fn hear(&self) -> bool {
        std::mem::take(&mut *lock(&self.has_rung))
    }

    /// Waits until it has rung.
    pub(super) fn wait(&self) {
        let has_rung = lock(&self.has_rung);
        let mut has_rung = self
            .rings
            .wait_while(has_rung, |has_rung| !*has_rung)
            .unwrap();
        *has_rung = false;
    }
}

/// A call that it has begun: its id, its number, and its function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taken {
    id: f64,
    pub(super) number: usize,
    pub(super) function: u16,
}

/// The thread's activity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Doing {
    /// It rests until the bell rings.
    Resting,
    /// It asks for calls next.
    Asking,
    /// It has a batch, and lets its event loop turn before it asks again.
    TurningFirst,
    /// It claims the next call of its batch.
    Claiming,
    /// It runs this one.
    AtCall(Taken),
    /// Its batch is over. The continuations of promises run before it asks for the next one.
    Continuing,
    /// It knows that no call will come any more.
    Over,
}

pub(super) struct Player {
    pub(super) seats: Arc<Seats>,
    pub(super) seat: usize,
    pub(super) bell: Arc<Bell>,
    pub(super) doing: Doing,
    /// Calls that it has begun and that will settle later.
    pub(super) promises: Vec<Taken>,
    arrays: Arc<Arrays>,
    written: Written,
    /// The calls of the batch, and how many of them have begun.
    count: usize,
    begun: usize,
    has_promises: bool,
    /// The places where the next call's arguments begin.
    cell_at: usize,
    texts: std::vec::IntoIter<usize>,
    buffers: std::vec::IntoIter<usize>,
}

impl Player {
    /// Takes the seat, which is free. A batch has up to `size` calls, and its results have room for
    /// `text_bytes` of texts.
    pub(super) fn sit(seats: &Arc<Seats>, seat: usize, size: usize, text_bytes: usize) -> Self {
        let has_claims = seats.options.are_workers;
        let arrays = Arc::new(Arrays::new(size, text_bytes, has_claims));
        let bell = Arc::new(Bell::default());
        let memory: Memory = arrays.memory();
        let wake: Arc<dyn Wake> = Arc::<Bell>::clone(&bell);
        assert!(seats.take_seat(seat, memory, wake), "the seat is free");
        Self {
            seats: Arc::clone(seats),
            seat,
            bell,
            doing: Doing::Asking,
            promises: Vec::new(),
            written: Written::new(&arrays, size, text_bytes),
            arrays,
            count: 0,
            begun: 0,
            has_promises: false,
            cell_at: 0,
            texts: Vec::new().into_iter(),
            buffers: Vec::new().into_iter(),
        }
    }

    /// True: it is in the middle of something, and goes on by itself.
    pub(super) fn is_busy(&self) -> bool {
        self.bell.has_rung() || self.written.is_post_due || self.doing != Doing::Resting
    }

    /// Asks for calls, and begins to run them if it `has_time`.
    pub(super) fn ask(&mut self, has_time: bool) {
        let results = self.written.take();
        let begun = u32::try_from(self.begun).expect("a batch is short");
        let count = self.seats.next_batch(self.seat, results, begun);
        self.begun = 0;
        self.count = usize::try_from(count).unwrap_or(0);
        self.doing = match count {
            ..0 => Doing::Over,
            0 => Doing::Resting,
            _ if has_time => Doing::Claiming,
            _ => Doing::TurningFirst,
        };
    }

    /// Begins the next call of its batch, unless that call has been taken back.
    pub(super) fn claim(&mut self) -> Option<Taken> {
        let before = self.arrays.claim(CALL + RESULT * self.written.complete());
        if before & TAKEN_BACK != 0 {
            self.end_batch();
            return None;
        }
        if self.begun == 0 {
            self.read_batch();
        }
        let taken = self.take_arguments(self.begun);
        self.begun += 1;
        self.doing = Doing::AtCall(taken);
        Some(taken)
    }

    /// Reads what JavaScript reads once per batch.
    fn read_batch(&mut self) {
        self.cell_at = 0;
        self.texts = Vec::new().into_iter();
        if self.arrays.state.get(STATE_TEXT) > 0.0 {
            let texts = self.seats.text(self.seat, |text| {
                let text = std::str::from_utf8(text).expect("ASCII");
                let list = text.strip_prefix('[').expect("an array");
                let list = list.strip_suffix(']').expect("an array");
                let numbers = list.split(',').map(|each| {
                    let digits = each.trim_matches(['"', ' ']);
                    digits.parse().expect("a number")
                });
                numbers.collect::<Vec<usize>>()
            });
            self.texts = texts.expect("it has the seat").into_iter();
        }
        self.buffers = Vec::new().into_iter();
        if self.arrays.state.get(STATE_BUFFERS) > 0.0 {
            let buffers = self.seats.buffers(self.seat, |buffers| {
                let numbers = buffers.map(|bytes| {
                    let first = bytes.first_chunk().expect("a number");
                    usize::from_le_bytes(*first)
                });
                numbers.collect::<Vec<usize>>()
            });
            self.buffers = buffers.expect("it has the seat").into_iter();
        }
    }

    fn take_arguments(&mut self, index: usize) -> Taken {
        let id = self.arrays.ids.get(index);
        if self.seats.refusals.is_empty() {
            let number = as_number(self.arrays.cells.get(index));
            return Taken {
                id,
                number,
                function: 0,
            };
        }
        let function = self.arrays.functions.get(index);
        let number = as_number(self.arrays.cells.get(self.cell_at));
        let cells = usize::from(self.arrays.counts.get(index));
        for cell in 1..cells {
            assert_eq!(
                as_number(self.arrays.cells.get(self.cell_at + cell)),
                number
            );
        }
        self.cell_at += cells.max(2);
        match function {
            WITH_TEXT => assert_eq!(self.texts.next(), Some(number)),
            WITH_BYTES => assert_eq!(self.buffers.next(), Some(number)),
            _ => {}
        }
        Taken {
            id,
            number,
            function,
        }
    }

    /// The running call returns a value, or else a promise. If it `goes_on`, the next call follows.
    pub(super) fn end_call(&mut self, value: Option<&Value>, goes_on: bool) {
        let Doing::AtCall(taken) = self.doing else {
            unreachable!("it is at a call")
        };
        if let Some(value) = value {
            self.write(taken, value);
        } else {
            self.promises.push(taken);
            self.has_promises = true;
        }
        self.doing = Doing::Claiming;
        if !goes_on || self.begun == self.count {
            self.end_batch();
        }
    }

    fn end_batch(&mut self) {
        self.doing = if std::mem::take(&mut self.has_promises) {
            Doing::Continuing
        } else {
            Doing::Asking
        };
    }

    /// Shows finished results, since the continuations of promises may hold the thread.
    pub(super) fn show(&mut self) {
        self.arrays.claim(RESULT * self.written.complete());
    }

    /// A promise settles.
    pub(super) fn settle(&mut self, index: usize, value: &Value) {
        let taken = self.promises.swap_remove(index);
        self.write(taken, value);
        self.written.is_post_due = true;
    }

    fn write(&mut self, taken: Taken, value: &Value) {
        self.written.add(&self.seats, self.seat, taken.id, value);
    }

    /// True: results of promises are posted next.
    pub(super) fn is_post_due(&self) -> bool {
        self.written.is_post_due
    }

    pub(super) fn post(&mut self) {
        self.written.post(&self.seats, self.seat);
    }

    /// Returns in how many milliseconds the next call's time runs out.
    pub(super) fn expire(&mut self) -> f64 {
        self.seats.expire(self.seat)
    }

    /// Its environment ends, or it has been asked to leave.
    pub(super) fn leave(self) {
        self.seats.leave_seat(self.seat);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a small integer"
)]
fn as_number(cell: f64) -> usize {
    cell as usize
}
