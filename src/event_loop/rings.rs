//! What the ring threads of one server have in common.
//!
//! Made by `server` before the threads, read by all of them; what a thread writes often is behind
//! its own [`Outlet`], apart from the others'.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::slot::Slot;
use crate::bridge::{Command, Mailbox};
use crate::connection::Table;
use crate::http::Rules;
use crate::limits::{Limits, Timeouts};
use crate::quota::Pool;
use crate::stats::Stats;

/// What the ring threads of one server have in common.
#[derive(Debug)]
pub struct Rings {
    /// When the server started, from where every call's time is counted.
    pub started: Instant,
    /// How requests are read.
    pub rules: Rules,
    /// How long they and their answers may take.
    pub timeouts: Timeouts,
    /// Bytes of bodies after which a turn reads no more arguments.
    pub turn_body_bytes_max: usize,
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
    /// Rings that do not serve yet: one for each of the tables that `make_tables` makes for the
    /// mailboxes, of which there are `count`.
    pub fn new(
        count: usize,
        started: Instant,
        listener_is_shared: bool,
        limits: &Limits,
        rules: Rules,
        make_tables: impl FnOnce(&[Arc<Mailbox>]) -> Vec<Table>,
    ) -> io::Result<Self> {
        let calls = Arc::new(Pool::new(u64::from(limits.in_flight_max)));
        let mailboxes = (0..count).map(|_| Mailbox::new(Arc::clone(&calls)).map(Arc::new));
        let mailboxes: Vec<Arc<Mailbox>> = mailboxes.collect::<io::Result<_>>()?;
        let tables = make_tables(&mailboxes);
        let outlets = mailboxes.into_iter().zip(tables);
        let outlets = outlets.map(|(mailbox, table)| Outlet::new(mailbox, table));
        Ok(Self {
            started,
            listener_is_shared,
            rules,
            timeouts: limits.timeouts,
            turn_body_bytes_max: limits.turn_body_bytes_max,
            outlets: outlets.collect(),
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
    /// The functions that its new requests may name.
    pub slot: Arc<Slot>,
}

impl Outlet {
    /// The outlet of a ring thread that has counted nothing.
    fn new(mailbox: Arc<Mailbox>, table: Table) -> Self {
        Self {
            mailbox,
            stats: Arc::default(),
            slot: Arc::new(Slot::new(table)),
        }
    }
}
