//! Where a ring thread leaves calls for the JavaScript thread.
//!
//! The ring thread has JavaScript's `dispatch` called once for all that it leaves until JavaScript
//! has found nothing. JavaScript's side of it is the [`Exchange`](super::exchange::Exchange).
//!
//! Invariant: where calls have been left, `dispatch` runs or will.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::bridge::{Call, Queue, Service};

/// JavaScript's `dispatch`: no argument, no value, and it does not throw.
pub(super) type Tsfn = ThreadsafeFunction<(), (), (), Status, false>;

/// What JavaScript finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Calls: the queue has them. When the first of those was asked that have just been left, if
    /// any were, in microseconds since the start.
    Calls(Option<u64>),
    /// Nothing; `dispatch` is called when there is something.
    Nothing,
    /// The ring thread has ended, and with it whoever waited for an answer.
    End,
}

/// Where the ring thread leaves calls. Two cache lines, which processors fetch in pairs, so that no
/// other ring's is written in the same ones.
#[repr(align(128))]
pub(super) struct Handover {
    tsfn: Arc<Tsfn>,
    left: Mutex<Left>,
}

#[derive(Default)]
struct Left {
    calls: Vec<Call>,
    /// True exactly when `dispatch` has been asked for and has not found `calls` empty since.
    scheduled: bool,
    /// True exactly when the ring thread has ended.
    closed: bool,
    /// What ended the ring thread before its time.
    failure: Option<String>,
}

impl Handover {
    pub(super) fn new(tsfn: Arc<Tsfn>) -> Self {
        Self {
            tsfn,
            left: Mutex::default(),
        }
    }

    /// Moves what was left into `queue`. Where that leaves it empty, the next call that is left
    /// asks for `dispatch`.
    pub(super) fn take(&self, queue: &mut Queue) -> Found {
        let mut left = self.lock();
        let first = left.calls.first().map(|call| call.asked);
        queue.add(&mut left.calls);
        if left.closed {
            return Found::End;
        }
        if !queue.is_empty() {
            return Found::Calls(first);
        }
        left.scheduled = false;
        Found::Nothing
    }

    /// When the oldest of the calls that were left was asked, in microseconds since the start.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.lock().calls.first().map(|call| call.asked)
    }

    /// What ended the ring thread before its time, if something did.
    pub(super) fn failure(&self) -> Option<String> {
        self.lock().failure.take()
    }

    /// Asks for `dispatch` unless that has been done. A refusal means that the environment is
    /// going: its clean-up hook ends the ring thread, and nobody waits for these calls any more.
    fn schedule(&self, mut left: MutexGuard<'_, Left>) {
        let scheduled = mem::replace(&mut left.scheduled, true);
        drop(left);
        if !scheduled {
            self.tsfn.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        // A panic while the lock is held leaves a valid list of calls.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Arc<Handover> {
    fn call(&self, calls: &mut Vec<Call>) {
        let mut left = self.lock();
        if left.calls.is_empty() {
            mem::swap(&mut left.calls, calls);
        } else {
            left.calls.append(calls);
        }
        self.schedule(left);
    }

    fn closed(&self, failure: Option<String>) {
        let mut left = self.lock();
        left.closed = true;
        left.failure = failure;
        self.schedule(left);
    }
}
