//! The event loop of a server without ring threads, embedded in the loop of the thread that has
//! started it.
//!
//! `binding` drives it. Invariant: it is driven, and ends, on one thread.

use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use super::{Loop, Server, ended_with};
use crate::event_loop::{Driven, EventLoop, Shared};
use crate::listener::BoundPath;
use crate::uring::Ring;

/// The event loop of a server without ring threads.
pub struct Embedded {
    /// `None` once it has ended.
    event_loop: Option<EventLoop<Ring>>,
    has_begun: bool,
    shared: Arc<Shared>,
    path: Option<Arc<BoundPath>>,
    eventfd: Option<OwnedFd>,
}

impl Embedded {
    /// Embeds the one loop of `server`.
    pub(super) fn new(server: &Server, only: Loop) -> io::Result<Self> {
        let Loop {
            index,
            mut ring,
            listener,
        } = only;
        let waker = server.shared.handles[index].reply_queue.waker();
        ring.embed(waker)?;
        let eventfd = waker.eventfd()?;
        let shared = Arc::clone(&server.shared);
        Ok(Self {
            event_loop: Some(EventLoop::new(Arc::clone(&shared), index, ring, listener)),
            has_begun: false,
            shared,
            path: server.path.clone(),
            eventfd,
        })
    }

    /// A descriptor of the eventfd that is written to when the loop is to be driven. It need not be
    /// read, and can be taken once.
    pub fn take_eventfd(&mut self) -> Option<OwnedFd> {
        self.eventfd.take()
    }

    /// Does what there is to do, without waiting for anything; less, if calls wait already.
    pub fn drive(&mut self, calls_wait: bool) -> Driven {
        self.attempt(|event_loop| event_loop.drive(calls_wait))
    }

    /// True: the loop need not be driven until the eventfd is written to.
    pub fn prepare_to_sleep(&mut self) -> bool {
        self.event_loop
            .as_mut()
            .is_none_or(EventLoop::prepare_to_sleep)
    }

    /// The loop will be driven before its thread waits. Returns whether there is something to do.
    pub fn awake(&mut self) -> bool {
        self.event_loop.as_mut().is_some_and(EventLoop::awake)
    }

    /// Cuts every connection and ends.
    pub fn cut(&mut self) {
        self.attempt(|event_loop| event_loop.cut().map(|()| Driven::Ended));
    }

    /// Does something with the loop. If that says that the loop has ended, or fails, the loop is
    /// dropped.
    fn attempt(&mut self, act: impl FnOnce(&mut EventLoop<Ring>) -> io::Result<Driven>) -> Driven {
        let Some(event_loop) = &mut self.event_loop else {
            return Driven::Ended;
        };
        let has_begun = mem::replace(&mut self.has_begun, true);
        let act = || {
            if !has_begun {
                event_loop.begin_embedded()?;
            }
            act(event_loop)
        };
        let ended = match panic::catch_unwind(AssertUnwindSafe(act)) {
            Ok(Ok(driven)) if driven != Driven::Ended => return driven,
            ended => ended.map(|result| result.map(drop)),
        };
        if let Some(event_loop) = self.event_loop.take() {
            ended_with(ended, event_loop, 0, &self.shared, self.path.as_deref());
        }
        Driven::Ended
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.cut();
    }
}
