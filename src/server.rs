//! The thread boundary: starts the ring thread, passes commands to it, joins it.
//!
//! Called by `binding` and by the Rust tests, from any thread.
//!
//! Invariant: after `start` has returned an error, no thread runs and no descriptor is open.

use std::fmt;
use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::bridge::{Command, Mailbox, Service};
use crate::event_loop::EventLoop;
use crate::http::Rules;
use crate::limits::{BUFFER_BYTES, BUFFERS, Limits, RING_ENTRIES};
use crate::listener::{self, Address, ListenError, ListenOptions};
use crate::stats::{Counters, Stats};
use crate::uring::{Config, Refused, Ring, block_signals};

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen, and how.
    pub listen: ListenOptions,
    /// The handler takes integers up to 64 bits, not only those a double holds exactly.
    pub bigint: bool,
    /// What it may hold, and how long things may take.
    pub limits: Limits,
}

/// A start that was refused.
#[derive(Debug)]
pub enum StartError {
    /// The address.
    Listen(ListenError),
    /// The ring.
    Ring(Refused),
    /// The thread, or a descriptor that wakes it.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(refused) => refused.fmt(f),
            Self::Ring(refused) => refused.fmt(f),
            Self::Thread(error) => write!(f, "The ring thread could not be started: {error}"),
        }
    }
}

/// A ring thread that serves, and how to reach it.
#[derive(Debug)]
pub struct Server {
    address: Address,
    mailbox: Arc<Mailbox>,
    stats: Arc<Stats>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    /// Listens, then starts the ring thread; `make_service` is given the mailbox that takes the
    /// replies.
    pub fn start<S: Service>(
        options: &Options,
        make_service: impl FnOnce(Arc<Mailbox>) -> S,
    ) -> Result<Self, StartError> {
        let config = Config {
            entries: RING_ENTRIES,
            buffers: BUFFERS,
            buffer_bytes: BUFFER_BYTES,
        };
        let limits = options.limits;
        let rules = Rules {
            head_bytes_max: limits.head_bytes_max as usize,
            body_bytes_max: limits.body_bytes_max,
            bigint: options.bigint,
        };
        let ring = Ring::new(&config).map_err(StartError::Ring)?;
        let mailbox = Arc::new(Mailbox::new().map_err(StartError::Thread)?);
        let stats = Arc::new(Stats::default());
        // Last of what can be refused, so that nothing is listened to in vain.
        let (listener, address) = listener::listen(&options.listen).map_err(StartError::Listen)?;
        let service: Arc<dyn Service> = Arc::new(make_service(Arc::clone(&mailbox)));
        let thread = {
            let (mailbox, stats) = (Arc::clone(&mailbox), Arc::clone(&stats));
            let closed = Arc::clone(&service);
            let address = address.clone();
            let serve = move || {
                block_signals();
                let event_loop =
                    EventLoop::new(ring, listener, rules, &limits, service, mailbox, stats);
                let failure = run(event_loop, &address);
                closed.closed(failure);
            };
            let builder = thread::Builder::new().name("ringcall".to_owned());
            builder.spawn(serve).map_err(StartError::Thread)?
        };
        Ok(Self {
            address,
            mailbox,
            stats,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Where it listens, or listened.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What has been counted so far.
    #[must_use]
    pub fn stats(&self) -> Counters {
        let mut counters = self.stats.read();
        // Answers that the ring thread has not been woken for.
        let unknown = self.mailbox.sent() - counters.sent;
        counters.sent += unknown;
        counters.responses_2xx += unknown;
        counters.in_flight = counters.in_flight.saturating_sub(unknown);
        counters
    }

    /// Asks the ring thread for something; a thread that has ended is deaf to it.
    pub fn post(&self, command: Command) {
        self.mailbox.post_command(command);
    }

    /// Waits until the ring thread has ended, which a [`Command::Close`] makes it do.
    pub fn join(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}

/// Runs the loop to its end, and says what ended it before its time. Whatever it leaves open is
/// closed with it.
fn run(mut event_loop: EventLoop, address: &Address) -> Option<String> {
    let ended = panic::catch_unwind(AssertUnwindSafe(|| event_loop.run()));
    let failure = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("io_uring_enter failed: {error}")),
        Err(_) => Some("The ring thread panicked; this is a bug in ringcall.".to_owned()),
    };
    drop(event_loop);
    if let Address::Path(path) = address {
        // As libuv does. An abstract path is no file; a failure leaves a stale path, which the next
        // start replaces.
        let _ = fs::remove_file(path);
    }
    failure
}
