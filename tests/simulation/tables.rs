//! The tables of functions that requests meet, one after another: the table of each call and each
//! document, and when each table is dropped.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use ringcall::bridge::{Call, CallSink, Command, Health};
use ringcall::connection::Table;

use crate::functions::routes_of;
use crate::handler::Handler;
use crate::script::whose;
use crate::socket::Socket;
use crate::world::World;

/// The tables of the first ring.
#[derive(Debug)]
pub(crate) struct Tables {
    handler: Arc<Handler>,
    has_functions: bool,
    known: Arc<Mutex<Known>>,
    /// For each change of the table: how many bytes the server had received from each client.
    changes: Vec<Vec<usize>>,
}

/// What the tables' sinks have recorded. Tables are numbered from 0.
#[derive(Debug, Default)]
struct Known {
    /// Tables that are still held.
    alive: Vec<usize>,
    /// Calls, each with its table, since the world last looked.
    called: Vec<(i64, usize)>,
    /// Tables that a refused request was reported to.
    refused: Vec<usize>,
    /// A client has asked for the server's health and has no answer yet.
    is_asked: bool,
}

/// Takes the calls of one table.
struct Sink {
    handler: Arc<Handler>,
    number: usize,
    known: Arc<Mutex<Known>>,
}

impl Tables {
    pub(crate) fn new(handler: Arc<Handler>, has_functions: bool) -> Self {
        Self {
            handler,
            has_functions,
            known: Arc::default(),
            changes: Vec::new(),
        }
    }

    /// The table with this number.
    pub(crate) fn table(&self, number: usize) -> Table {
        lock(&self.known).alive.push(number);
        let sink = Sink {
            handler: Arc::clone(&self.handler),
            number,
            known: Arc::clone(&self.known),
        };
        let routes = self.has_functions.then(|| Arc::new(routes_of(number)));
        Table::new(routes, sink)
    }

    /// Tables that are still held.
    pub(crate) fn alive(&self) -> Vec<usize> {
        lock(&self.known).alive.clone()
    }

    /// Calls, each with its table, since this was last asked.
    pub(crate) fn take_called(&self) -> Vec<(i64, usize)> {
        mem::take(&mut lock(&self.known).called)
    }

    /// Tables that refused requests were reported to, in order.
    pub(crate) fn refused(&self) -> Vec<usize> {
        lock(&self.known).refused.clone()
    }

    /// Whether a client has asked for the server's health since this was last asked.
    fn take_asked(&self) -> bool {
        mem::take(&mut lock(&self.known).is_asked)
    }

    fn newest(&self) -> usize {
        self.changes.len()
    }
}

impl CallSink for Sink {
    fn call(&self, calls: &mut Vec<Call>) {
        let numbers = calls.iter().map(crate::handler::number);
        let called = numbers.map(|number| (number, self.number));
        lock(&self.known).called.extend(called);
        self.handler.call(calls);
    }

    fn refused(&self, _: u16) {
        lock(&self.known).refused.push(self.number);
    }

    fn health_asked(&self) {
        lock(&self.known).is_asked = true;
    }

    fn closed(&self, _: Option<String>) {}
}

impl Drop for Sink {
    fn drop(&mut self) {
        lock(&self.known)
            .alive
            .retain(|alive| *alive != self.number);
    }
}

impl World {
    /// Replaces the table that new requests meet.
    pub(crate) fn change_table(&mut self) {
        let received = self.sockets.iter().map(|socket| socket.received);
        self.tables.changes.push(received.collect());
        let number = self.tables.newest();
        self.note(|| format!("table {number} is the newest"));
        let handle = &self.shared.handles[0];
        handle.table.change(self.tables.table(number));
        handle.reply_queue.wake();
        self.notice_wake();
    }

    /// Answers clients that have asked for the server's health. True: there were some.
    pub(crate) fn tell_health(&mut self) -> bool {
        let is_asked = self.tables.take_asked();
        if is_asked {
            let health = self
                .random
                .pick(&[Health::Well, Health::Well, Health::NoWorker]);
            let health = if self.has_closed {
                Health::Closing
            } else {
                health
            };
            self.command(Command::TellHealth(health));
        }
        is_asked
    }

    /// No call and no document is of a table replaced before the head of its request arrived.
    pub(crate) fn check_tables(&mut self) {
        for (number, table) in self.tables.take_called() {
            let (client, request) = whose(number);
            let oldest = self.oldest_table(client, request);
            assert!(table >= oldest, "call {number} is of table {table}");
            self.note(|| format!("call {number} is of table {table}"));
            self.called.push((number, table));
        }
        for client in 0..self.sockets.len() {
            for (request, table) in mem::take(&mut self.sockets[client].client.served) {
                let is_there =
                    (self.oldest_table(client, request)..=self.tables.newest()).contains(&table);
                assert!(
                    is_there,
                    "client {client}: document {request} is of table {table}"
                );
            }
        }
    }

    /// The oldest table that may still have been in place when the head of that request arrived.
    fn oldest_table(&self, client: usize, request: usize) -> usize {
        let head = self.sockets[client].client.script.requests[request].head_end;
        let is_before = |received: &&Vec<usize>| received[client] < head;
        self.tables.changes.iter().filter(is_before).count()
    }

    /// Only the newest table is held unless half a request has arrived.
    pub(crate) fn check_old_tables(&self) {
        let is_half = |socket: &Socket| {
            let is_open = socket.token.is_some() && socket.is_accepted();
            is_open && !socket.client.is_between_requests()
        };
        if !self.sockets.iter().any(is_half) {
            assert_eq!(self.tables.alive(), [self.tables.newest()]);
        }
    }

    /// After the loop's end, only the newest table is held.
    pub(crate) fn check_last_table(&self) {
        assert_eq!(self.tables.alive(), [self.tables.newest()]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
