//! The typed arrays that a seat shares with its JavaScript thread.
//!
//! `binding` passes their memory, and JavaScript writes and reads the same: while the thread is in
//! `next_batch` it runs no JavaScript, and so no other code touches them. The watchdog reads
//! results of a thread that is at a call, as far as its [`Claims`] say that they are complete.
//!
//! Invariant: no access is beyond the array's length.
#![expect(
    unsafe_code,
    reason = "the memory is JavaScript's, and known by its address"
)]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// The memory of one typed array.
#[derive(Debug)]
pub struct Column<T> {
    start: NonNull<T>,
    length: usize,
}

// SAFETY: a column is an address; the code that has made it decides who reads and writes there, and
// when.
unsafe impl<T: Send> Send for Column<T> {}

impl<T: Copy> Column<T> {
    /// The column of an array of `length` elements from `start` on.
    ///
    /// # Safety
    ///
    /// The elements stay where they are, initialised and aligned, for as long as the column is
    /// used. No other code writes to those that are being read, or touches those that are being
    /// written.
    #[must_use]
    pub unsafe fn new(start: NonNull<T>, length: usize) -> Self {
        Self { start, length }
    }

    /// How many elements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// True: it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Element number `index`, which it has.
    #[must_use]
    pub fn get(&self, index: usize) -> T {
        // SAFETY: `read` asks for a valid, aligned and initialised element, which `new` was
        // promised of each below `length`.
        unsafe { self.at(index).read() }
    }

    /// Writes element number `index`, which it has.
    pub fn set(&mut self, index: usize, value: T) {
        // SAFETY: `write` asks for a valid, aligned place that is not used meanwhile, which `new`
        // was promised of each below `length`.
        unsafe { self.at(index).write(value) }
    }

    fn at(&self, index: usize) -> NonNull<T> {
        assert!(index < self.length, "an element of the array");
        // SAFETY: `add` asks for a place within the same array, which it is below `length`.
        unsafe { self.start.add(index) }
    }

    /// The first `length` elements, or as many as there are.
    #[must_use]
    pub fn first(&self, length: usize) -> &[T] {
        let length = length.min(self.length);
        // SAFETY: `from_raw_parts` asks for that many valid elements to which nothing writes
        // meanwhile, which `new` was promised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), length) }
    }
}

/// The typed arrays that a seat shares with its JavaScript thread. Those of calls and of results
/// are as long as a batch may be. Those that only functions by name need are empty for a plain one.
#[derive(Debug)]
pub struct Memory {
    /// Written here: the ids of a batch's calls, integers below 2^53.
    pub ids: Column<f64>,
    /// Written here: the index of the function that each calls.
    pub functions: Column<u16>,
    /// Written here: how many arguments each has, and in which form, as `values` has it.
    pub counts: Column<u8>,
    /// Written here: the arguments that take a cell, one call's after another's; of a plain
    /// function the one of each, as a double or, with `bigint`, as the bits of a 64-bit integer.
    pub cells: Column<f64>,
    /// Read here: the ids of the calls that have a result.
    pub result_ids: Column<f64>,
    /// Read here: what each result is, a `KIND_` of `results`.
    pub result_kinds: Column<u8>,
    /// Read here: the results; of a text, its length in bytes; of a response or an error, its
    /// status and lengths.
    pub result_values: Column<f64>,
    /// Read here: the texts, fields and bodies among the results, one after another.
    pub result_texts: Column<u8>,
    /// Written here: the milliseconds from the server's start to the last fetch; the bytes of the
    /// batch's text; how many buffers it has.
    pub state: Column<f64>,
    /// How far the thread is with its batch, if others may take the rest.
    pub claims: Option<Claims>,
}

/// How far a worker is with its batch: one word, which both sides change in one step each.
///
/// ```text
///  31        23  22                  21             11 10             0
/// ┌────────────┬────────────────────┬─────────────────┬────────────────┐
/// │ 0          │ taken back         │ results         │ begun          │
/// └────────────┴────────────────────┴─────────────────┴────────────────┘
/// ```
///
/// Before each call the worker adds one to what is begun, and adds the results that are complete
/// (`lib/calls/batches.js`). If it then finds that the rest was taken back, that call is not its
/// own.
#[derive(Debug)]
pub struct Claims(NonNull<AtomicU32>);

// SAFETY: it is an address, and what is there is an atomic integer.
unsafe impl Send for Claims {}

/// Calls and results that a batch with claims may have.
pub const CLAIMS_MAX: usize = 1024;
const COUNT_BITS: u32 = 11;
const COUNT_MASK: u32 = (1 << COUNT_BITS) - 1;
const TAKEN_BACK: u32 = 1 << (2 * COUNT_BITS);

/// What a worker has claimed of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// How many calls it has begun.
    pub begun: usize,
    /// How many results are complete.
    pub results: usize,
    /// True: the rest of the batch is no longer its own.
    pub is_taken_back: bool,
}

impl Claims {
    /// The claims at `word`.
    ///
    /// # Safety
    ///
    /// The word stays where it is, aligned, for as long as the claims are used, and is only
    /// accessed atomically.
    #[must_use]
    pub unsafe fn new(word: NonNull<u32>) -> Self {
        Self(word.cast())
    }

    /// A batch begins.
    pub fn begin(&self) {
        self.word().store(0, Ordering::SeqCst);
    }

    /// The results have been taken by the worker itself.
    pub fn forget_results(&self) {
        let kept = COUNT_MASK | TAKEN_BACK;
        self.word().fetch_and(kept, Ordering::SeqCst);
    }

    /// What is claimed now.
    #[must_use]
    pub fn read(&self) -> Claimed {
        parts(self.word().load(Ordering::SeqCst))
    }

    /// Takes back what the worker has not begun, and returns what it had claimed.
    #[must_use]
    pub fn take_back(&self) -> Claimed {
        parts(self.word().fetch_or(TAKEN_BACK, Ordering::SeqCst))
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: `as_ref` asks for a valid, aligned word that is only accessed as an atomic, which
        // `new` was promised.
        unsafe { self.0.as_ref() }
    }
}

fn parts(word: u32) -> Claimed {
    // A worker that finds its batch taken back has added one, too.
    let begun = (word & COUNT_MASK) as usize;
    Claimed {
        begun,
        results: (word >> COUNT_BITS & COUNT_MASK) as usize,
        is_taken_back: word & TAKEN_BACK != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{hint, thread};

    #[test]
    fn a_batch_is_taken_back_once_with_the_claims_before() {
        let mut word = 7_u32;
        // SAFETY: the word outlives the claims, and only they access it.
        let claims = unsafe { Claims::new(NonNull::from(&mut word)) };
        claims.begin();
        // As the worker does: three calls, and two results.
        for step in [1, 1 + (1 << COUNT_BITS), 1 + (1 << COUNT_BITS)] {
            claims.word().fetch_add(step, Ordering::SeqCst);
        }
        let claimed = Claimed {
            begun: 3,
            results: 2,
            is_taken_back: false,
        };
        assert_eq!(claims.read(), claimed);
        assert_eq!(claims.take_back(), claimed);
        assert!(claims.take_back().is_taken_back);
        claims.forget_results();
        assert_eq!(claims.read().results, 0);
        assert!(claims.read().is_taken_back);
        claims.begin();
        assert_eq!(claims.read().begun, 0);
        assert!(!claims.read().is_taken_back);
    }

    #[test]
    fn a_call_is_either_begun_or_taken_back_whoever_is_quicker() {
        let word = AtomicU32::new(0);
        let address = NonNull::new(word.as_ptr()).unwrap();
        // SAFETY: the word outlives the claims, and is only accessed atomically.
        let claims = unsafe { Claims::new(address) };
        let begin_until_taken_back = || {
            let begun = (0..CLAIMS_MAX).take_while(|_| {
                let before = word.fetch_add(1, Ordering::SeqCst);
                before & TAKEN_BACK == 0
            });
            begun.count()
        };
        for round in 0..500 {
            claims.begin();
            let (begun, claimed) = thread::scope(|scope| {
                let worker = scope.spawn(begin_until_taken_back);
                // Some batches are taken back before the first call, some after the last.
                for turn in 0.. {
                    match claims.read().begun {
                        begun if begun >= round % 40 => break,
                        _ if turn % 1_000 == 999 => thread::yield_now(),
                        _ => hint::spin_loop(),
                    }
                }
                let claimed = claims.take_back();
                (worker.join().unwrap(), claimed)
            });
            assert_eq!(begun, claimed.begun);
        }
    }

    #[test]
    fn the_largest_batch_fits() {
        let most = u32::try_from(CLAIMS_MAX).unwrap();
        let claimed = parts(most << COUNT_BITS | most);
        assert_eq!((claimed.begun, claimed.results), (CLAIMS_MAX, CLAIMS_MAX));
        assert!(!claimed.is_taken_back);
    }
}
