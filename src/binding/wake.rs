//! How other threads have a JavaScript thread do something: by `ThreadsafeFunction`s without
//! arguments.
//!
//! Invariant: once a thread has let go of its own, it is not called any more.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};

use crate::seats::Wake;

/// It has no argument and no value, and does not throw. It does not keep the event loop running.
type Weak = ThreadsafeFunction<(), (), (), Status, false, true>;
/// The same, but it may keep the event loop running.
type Strong = ThreadsafeFunction<(), (), (), Status, false>;

/// Has a thread that takes calls ask for them.
pub(super) struct Dispatch(Mutex<Option<Weak>>);

impl Dispatch {
    pub(super) fn new(dispatch: &Function<'_, (), ()>) -> napi::Result<Arc<Self>> {
        let tsfn = dispatch
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        Ok(Arc::new(Self(Mutex::new(Some(tsfn)))))
    }

    /// Stops the calls.
    pub(super) fn end(&self) {
        let mut tsfn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tsfn.take();
    }
}

impl Wake for Dispatch {
    fn wake(&self) {
        let tsfn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tsfn) = tsfn.as_ref() {
            // A refusal means that the environment is ending.
            tsfn.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Tells the thread that has started a server that there are notices.
pub(super) struct Notify(Mutex<Option<Strong>>);

impl Notify {
    pub(super) fn new(notify: &Function<'_, (), ()>) -> napi::Result<Self> {
        let tsfn = notify
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .build()?;
        Ok(Self(Mutex::new(Some(tsfn))))
    }

    /// Stops the calls, and lets go of the function.
    pub(super) fn end(&self) {
        let mut tsfn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tsfn.take();
    }

    /// Makes it keep the event loop running, or not. For the thread that it notifies.
    pub(super) fn refer(&self, env: Env, referenced: bool) -> napi::Result<()> {
        let tsfn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tsfn) = tsfn.as_ref() else {
            return Ok(());
        };
        let (env, tsfn) = (env.raw(), tsfn.raw());
        let status = if referenced {
            // SAFETY: both ask for the environment's own thread, which calls us, and for a function
            // that is not released, which the lock holds.
            unsafe { sys::napi_ref_threadsafe_function(env, tsfn) }
        } else {
            // SAFETY: as above.
            unsafe { sys::napi_unref_threadsafe_function(env, tsfn) }
        };
        napi::check_status!(status)
    }
}

impl Wake for Arc<Notify> {
    fn wake(&self) {
        let tsfn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tsfn) = tsfn.as_ref() {
            // A refusal means that the environment is ending: its clean-up hook ends the ring
            // threads.
            tsfn.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}
