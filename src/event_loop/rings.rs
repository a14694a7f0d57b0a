//! What the ring threads of one server have in common.
//!
//! Made by `server` before the threads, read by all of them; what a thread writes often is behind
//! its own [`Outlet`], apart from the others'.

use std::io;
use std::sync::Arc;

use crate::bridge::{Command, Mailbox};
use crate::http::Rules;
use crate::limits::{Limits, Timeouts};
use crate::quota::Pool;
use crate::stats::Stats;

/// What the ring threads of one server have in common.
#[derive(Debug)]
pub struct Rings {
    /// How requests are read.
    pub rules: Rules,
    /// How long they and their answers may take.
    pub timeouts: Timeouts,
    /// True: their listeners are one socket.
    pub listener_is_shared: bool,
    /// One for each ring.
    pub outlets: Vec<Outlet>,
    /// Connections that may still be opened.
    pub connections: Pool,
    /// Calls that the handler may still be given.
    pub calls: Arc<Pool>,
}

impl Rings {
    /// One ring for each of `outlets`, none of which serves yet.
    #[must_use]
    pub fn new(
        outlets: Vec<Outlet>,
        listener_is_shared: bool,
        limits: &Limits,
        bigint: bool,
    ) -> Self {
        Self {
            listener_is_shared,
            rules: Rules {
                head_bytes_max: limits.head_bytes_max as usize,
                body_bytes_max: limits.body_bytes_max,
                bigint,
            },
            timeouts: limits.timeouts,
            outlets,
            connections: Pool::new(u64::from(limits.connections_max)),
            calls: Arc::new(Pool::new(u64::from(limits.in_flight_max))),
        }
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
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            mailbox: Arc::new(Mailbox::new()?),
            stats: Arc::default(),
        })
    }
}
