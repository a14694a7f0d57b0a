//! What the ring threads of one server share.
//!
//! `server` makes it before the threads, and all of them read it. What one thread writes often is
//! behind its own [`RingHandle`], apart from the others'.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::current_table::CurrentTable;
use crate::bridge::{Command, ReplyQueue};
use crate::connection::Table;
use crate::http::Rules;
use crate::limits::{Crowd, Limits, Timeouts};
use crate::quota::Pool;
use crate::stats::Stats;

/// What the ring threads of one server share.
#[derive(Debug)]
pub struct Shared {
    /// When the server started. Each call's time is counted from there.
    pub started: Instant,
    /// How requests are read.
    pub rules: Rules,
    /// How long requests and their answers may take.
    pub timeouts: Timeouts,
    /// Bytes of bodies after which a turn reads no more arguments.
    pub turn_bytes_max: usize,
    /// When connections are accepted several at a time.
    pub crowd: Crowd,
    /// True: the rings' listeners are one socket.
    pub listener_is_shared: bool,
    /// One for each ring.
    pub handles: Vec<RingHandle>,
    /// Connections that may still be opened.
    pub connections: Pool,
    /// A credit for each call that the handler may still be given. The ring threads take them, and
    /// [`ReplyQueue`] gives them back.
    pub calls: Arc<Pool>,
    /// Bytes that bodies and arguments may still take.
    pub buffers: Arc<Pool>,
}

impl Shared {
    /// The shared part of `count` rings that do not serve yet. `make_tables` makes one table for
    /// each of their reply queues.
    pub fn new(
        count: usize,
        started: Instant,
        listener_is_shared: bool,
        limits: &Limits,
        rules: Rules,
        make_tables: impl FnOnce(&[Arc<ReplyQueue>]) -> Vec<Table>,
    ) -> io::Result<Self> {
        let calls = Arc::new(Pool::new(u64::from(limits.in_flight_max)));
        let reply_queues = (0..count).map(|_| ReplyQueue::new(Arc::clone(&calls)).map(Arc::new));
        let reply_queues: Vec<Arc<ReplyQueue>> = reply_queues.collect::<io::Result<_>>()?;
        let tables = make_tables(&reply_queues);
        let handles = reply_queues.into_iter().zip(tables);
        let handles = handles.map(|(reply_queue, table)| RingHandle::new(reply_queue, table));
        Ok(Self {
            started,
            listener_is_shared,
            rules,
            timeouts: limits.timeouts,
            turn_bytes_max: limits.turn_bytes_max,
            crowd: limits.crowd,
            handles: handles.collect(),
            connections: Pool::new(u64::from(limits.connections_max)),
            calls,
            buffers: Arc::new(Pool::new(limits.buffered_bytes_max)),
        })
    }

    /// Posts a command to every ring thread.
    pub fn post(&self, command: Command) {
        for handle in &self.handles {
            handle.reply_queue.post_command(command);
        }
    }
}

/// How other threads reach one ring thread, and what it lets them see.
#[derive(Debug, Clone)]
pub struct RingHandle {
    /// Where they post replies and commands.
    pub reply_queue: Arc<ReplyQueue>,
    /// What it has counted.
    pub stats: Arc<Stats>,
    /// The functions that its new requests may name.
    pub table: Arc<CurrentTable>,
}

impl RingHandle {
    /// The handle of a ring thread that has counted nothing.
    fn new(reply_queue: Arc<ReplyQueue>, table: Table) -> Self {
        Self {
            reply_queue,
            stats: Arc::default(),
            table: Arc::new(CurrentTable::new(table)),
        }
    }
}
