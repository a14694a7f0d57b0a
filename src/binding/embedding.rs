//! Drives a server's event loop from Node's, and has JavaScript fetch calls: a server without ring
//! threads.
//!
//! Node's loop calls when the ring's eventfd has been written to, and before it waits. While
//! functions run, each exchange of theirs drives the loop, so that what they have answered leaves.

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

/// For how long it goes on before Node's loop has its turn.
const TURN_MAX: Duration = Duration::from_millis(10);

/// Drives one server's event loop.
pub(super) struct Embedding {
    env: Env,
    embedded: RefCell<Embedded>,
    /// `None` once the loop has ended.
    watch: Cell<Option<Watch>>,
    /// By which JavaScript fetches calls; `None` where others run them.
    dispatch: RefCell<Option<FunctionRef<(), ()>>>,
    asked: Arc<Asked>,
}

/// True: JavaScript is to fetch calls.
#[derive(Default)]
struct Asked(AtomicBool);

impl Wake for Asked {
    fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Embedding {
    /// Drives `embedded` from now on, on this thread.
    pub(super) fn start(env: Env, embedded: Embedded) -> napi::Result<Rc<Self>> {
        let eventfd = embedded.eventfd()?.expect("it has not ended");
        let embedding = Rc::new(Self {
            env,
            embedded: RefCell::new(embedded),
            watch: Cell::default(),
            dispatch: RefCell::default(),
            asked: Arc::default(),
        });
        let driver: Rc<dyn Driver> = Rc::<Self>::clone(&embedding);
        embedding
            .watch
            .set(Some(Watch::open(env, eventfd, driver)?));
        Ok(embedding)
    }

    /// What has JavaScript call `dispatch` on this thread.
    pub(super) fn dispatch_by(
        &self,
        dispatch: &Function<'_, (), ()>,
    ) -> napi::Result<Arc<dyn Wake>> {
        *self.dispatch.borrow_mut() = Some(dispatch.create_ref()?);
        let asked = Arc::clone(&self.asked);
        Ok(asked)
    }

    /// Lets go of that.
    pub(super) fn dispatch_no_more(&self) {
        self.dispatch.borrow_mut().take();
    }

    /// Has the loop do what there is to do.
    pub(super) fn drive(&self) {
        let driven = self.embedded.borrow_mut().drive();
        if driven == Driven::Ended {
            self.close();
        }
    }

    /// This thread has something for the loop, and drives it before it waits.
    pub(super) fn awake(&self) {
        self.embedded.borrow_mut().awake();
    }

    fn close(&self) {
        if let Some(watch) = self.watch.take() {
            watch.close();
        }
    }

    fn turn(&self) {
        self.drive();
        if self.asked.0.swap(false, Ordering::Relaxed)
            && let Some(dispatch) = &*self.dispatch.borrow()
        {
            callback::call(self.env, dispatch);
        }
    }

    fn prepare_to_sleep(&self) -> bool {
        self.embedded.borrow_mut().prepare_to_sleep()
    }
}

impl Driver for Embedding {
    fn on_readable(&self) -> bool {
        let is_ready = self.embedded.borrow_mut().awake();
        if is_ready {
            self.turn();
        }
        is_ready
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
            if now > *until.get_or_insert(now + TURN_MAX) {
                break;
            }
        }
        if let Some(watch) = self.watch.take() {
            watch.notify();
            self.watch.set(Some(watch));
        }
    }

    fn on_env_end(&self) {
        self.dispatch_no_more();
        self.embedded.borrow_mut().cut();
        self.close();
    }
}
