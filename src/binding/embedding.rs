//! Drives the event loop of a server without ring threads from Node's, and has JavaScript fetch
//! calls.
//!
//! Node's loop calls it when the ring's eventfd has been written to, and before it waits. While
//! functions run, each fetch of a batch drives the loop, so that finished answers leave.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use napi::Env;
use napi::bindgen_prelude::{Function, FunctionRef};

use super::callback;
use super::libuv::{Driver, Watch};
use crate::seats::Wake;
use crate::server::{Driven, Embedded};

/// For how long the embedded loops of one thread go on, together, before Node's loop has its turn.
const TURN_MAX: Duration = Duration::from_millis(10);

thread_local! {
    /// The number of servers whose loops this thread drives.
    static DRIVEN: Cell<u32> = const { Cell::new(0) };
}

/// Drives one server's event loop.
pub(super) struct Embedding {
    env: Env,
    embedded: RefCell<Embedded>,
    /// `None` once the loop has ended.
    watch: Cell<Option<Watch>>,
    /// The function by which JavaScript fetches calls; `None` if workers run them.
    dispatch: RefCell<Option<Rc<FunctionRef<(), ()>>>>,
    dispatch_due: Arc<DispatchDue>,
    /// True: Node's loop is about to wait, and must be woken for work.
    is_asleep: Cell<bool>,
}

/// True: JavaScript is to fetch calls.
#[derive(Default)]
struct DispatchDue(AtomicBool);

impl DispatchDue {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for DispatchDue {
    fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Embedding {
    /// Drives `embedded` from now on, on this thread.
    pub(super) fn start(env: Env, mut embedded: Embedded) -> napi::Result<Rc<Self>> {
        let eventfd = embedded.take_eventfd().expect("it was not taken");
        let embedding = Rc::new(Self {
            env,
            embedded: RefCell::new(embedded),
            watch: Cell::default(),
            dispatch: RefCell::default(),
            dispatch_due: Arc::default(),
            is_asleep: Cell::new(false),
        });
        let driver: Rc<dyn Driver> = Rc::<Self>::clone(&embedding);
        embedding
            .watch
            .set(Some(Watch::open(env, eventfd, driver)?));
        DRIVEN.set(DRIVEN.get() + 1);
        Ok(embedding)
    }

    /// Calls `dispatch` from now on when JavaScript is to fetch calls.
    pub(super) fn dispatch_by(&self, dispatch: &Function<'_, (), ()>) -> napi::Result<()> {
        *self.dispatch.borrow_mut() = Some(Rc::new(dispatch.create_ref()?));
        Ok(())
    }

    /// What other code calls to have JavaScript fetch calls.
    pub(super) fn wake(&self) -> Arc<dyn Wake> {
        Arc::<DispatchDue>::clone(&self.dispatch_due)
    }

    /// Lets go of `dispatch`.
    pub(super) fn dispatch_no_more(&self) {
        self.dispatch.borrow_mut().take();
    }

    /// Drives the loop until there is nothing to do, or JavaScript has calls to run.
    pub(super) fn drive(&self, calls_wait: bool) {
        let driven = self.embedded.borrow_mut().drive(calls_wait);
        if driven == Driven::Ended {
            self.close();
        }
    }

    /// Calls `act`, which may leave work for the loop. The loop is driven before this thread waits:
    /// if Node's loop is about to wait, as in a prepare callback of other code, it is driven at
    /// once.
    pub(super) fn keep_awake<T>(&self, act: impl FnOnce() -> T) -> T {
        if !self.is_asleep.get() {
            return act();
        }
        self.awake();
        let done = act();
        self.drive(false);
        if self.dispatch_due.is_set() || !self.prepare_to_sleep() {
            self.notify();
        }
        done
    }

    /// Returns whether there is something to do.
    fn awake(&self) -> bool {
        self.is_asleep.set(false);
        self.embedded.borrow_mut().awake()
    }

    fn prepare_to_sleep(&self) -> bool {
        let may_sleep = self.embedded.borrow_mut().prepare_to_sleep();
        self.is_asleep.set(may_sleep);
        may_sleep
    }

    /// Has Node's loop call `on_readable` in its next turn.
    fn notify(&self) {
        if let Some(watch) = self.watch.take() {
            watch.notify();
            self.watch.set(Some(watch));
        }
    }

    fn close(&self) {
        if let Some(watch) = self.watch.take() {
            watch.close();
            DRIVEN.set(DRIVEN.get() - 1);
        }
    }

    fn turn(&self) {
        self.drive(false);
        if self.dispatch_due.take() {
            // A copy, since JavaScript may turn Node's loop itself, and let go of it.
            let dispatch = self.dispatch.borrow().clone();
            if let Some(dispatch) = dispatch {
                callback::call(self.env, &dispatch);
            }
        }
    }
}

impl Driver for Embedding {
    /// Before it waits again, Node's loop calls `before_wait`.
    fn on_readable(&self) -> bool {
        self.awake()
    }

    fn before_wait(&self) {
        self.awake();
        let mut until = None;
        loop {
            self.turn();
            if self.prepare_to_sleep() {
                return;
            }
            let now = Instant::now();
            if now > *until.get_or_insert(now + TURN_MAX / DRIVEN.get().max(1)) {
                return self.notify();
            }
        }
    }

    fn on_env_end(&self) {
        self.dispatch_no_more();
        self.embedded.borrow_mut().cut();
        self.close();
    }
}
