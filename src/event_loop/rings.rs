//! What the ring threads of one server have in common.
//!
//! Made by `server` before the threads, read by all of them; what a thread writes often is behind
//! its own [`Outlet`], apart from the others'.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::bridge::{Command, Mailbox};
use crate::http::{Errors, Origins, Rules};
use crate::limits::{Limits, Timeouts};
use crate::quota::Pool;
use crate::routes::Routes;
use crate::stats::Stats;

/// What the ring threads of one server have in common.
#[derive(Debug)]
pub struct Rings {
    /// When the server started, from where every call's time is counted.
    pub started: Instant,
    /// How requests are read.
    pub rules: Rules,
    /// The functions that requests name; nothing where there is a plain one.
    pub routes: Option<Arc<Routes>>,
    /// How long they and their answers may take.
    pub timeouts: Timeouts,
    /// True: their listeners are one socket.
    pub listener_is_shared: bool,
    /// One for each ring.
    pub outlets: Vec<Outlet>,
    /// Connections that may still be opened.
    pub connections: Pool,
    /// A credit for each call that the handler may still be given. The ring threads take them,
    /// [`Mailbox`] gives them back.
    pub calls: Arc<Pool>,
    /// Bytes that bodies and arguments may still take.
    pub buffers: Arc<Pool>,
}

impl Rings {
    /// `count` rings, none of which serves yet.
    pub fn new(
        count: usize,
        started: Instant,
        listener_is_shared: bool,
        limits: &Limits,
        bigint: bool,
        origins: &[String],
        routes: Option<Arc<Routes>>,
    ) -> io::Result<Self> {
        let calls = Arc::new(Pool::new(u64::from(limits.in_flight_max)));
        let functions = routes.as_ref().map_or(0, |routes| routes.len());
        let outlets = (0..count).map(|_| Outlet::new(&calls, functions));
        let outlets: io::Result<Vec<Outlet>> = outlets.collect();
        Ok(Self {
            started,
            listener_is_shared,
            rules: Rules {
                head_bytes_max: limits.head_bytes_max as usize,
                body_bytes_max: limits.body_bytes_max,
                bigint,
                origins: Origins::named(origins),
                errors: match routes {
                    Some(_) => Errors::Problems,
                    None => Errors::Sentences,
                },
            },
            routes,
            timeouts: limits.timeouts,
            outlets: outlets?,
            connections: Pool::new(u64::from(limits.connections_max)),
            calls,
            buffers: Arc::new(Pool::new(limits.buffered_bytes_max)),
        })
    }

    /// Asks every ring thread for something.
    pub fn post(&self, command: Command) {
        for outlet in &self.outlets {
            outlet.mailbox.post_command(command);
        }
    }
}

/// How other threads reach one ring thread, and what it lets them see.
#[derive(Debug, Clone)]
pub struct Outlet {
    /// Where they leave replies and commands.
    pub mailbox: Arc<Mailbox>,
    /// What it has counted.
    pub stats: Arc<Stats>,
}

impl Outlet {
    /// The outlet of a ring thread that has counted nothing.
    fn new(calls: &Arc<Pool>, functions: usize) -> io::Result<Self> {
        Ok(Self {
            mailbox: Arc::new(Mailbox::new(Arc::clone(calls))?),
            stats: Arc::new(Stats::of_functions(functions)),
        })
    }
}
