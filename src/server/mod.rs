//! The thread boundary: starts the ring threads, passes commands to them, joins them. Without ring
//! threads the loop is [`Embedded`] in that of the thread that has started the server.
//!
//! Called by `binding` and by the Rust tests, from any thread.
//!
//! Invariant: after `start` has returned an error, no thread runs and no descriptor is open.

mod embedded;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::bridge::{CallSink, Command, ReplyQueue};
use crate::connection::Table;
pub use crate::event_loop::Driven;
use crate::event_loop::{EventLoop, Shared};
use crate::http::{Errors, Origins, Rules, Status};
use crate::limits::{Limits, RingSize};
use crate::listener::{self, Address, BoundPath, ListenError, ListenOptions, Place};
use crate::routes::Routes;
use crate::stats::{Counters, Details};
use crate::uring::{Refused, Ring, with_signals_blocked};
pub use embedded::Embedded;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen, and how.
    pub listen: ListenOptions,
    /// Ring threads: 1 to [`RINGS_MAX`](crate::quota::RINGS_MAX), or 0 if the loop is embedded.
    pub ring_threads: usize,
    /// How large each ring is.
    pub ring_size: RingSize,
    /// True: the handler takes integers up to 64 bits, not only those that a double holds exactly.
    pub bigint: bool,
    /// The functions that requests name; `None` if there is a plain one.
    pub routes: Option<Arc<Routes>>,
    /// The origins whose pages may call, besides the server's own, as browsers write them; or `*`.
    pub origins: Vec<String>,
    /// The path at which clients ask for its health, if there is one.
    pub health: Option<String>,
    /// What it may hold, and how long things may take.
    pub limits: Limits,
    /// From when the times of calls are counted.
    pub started: Instant,
}

impl Options {
    fn rules(&self) -> Rules {
        let is_plain = self.routes.is_none();
        Rules {
            head_bytes_max: self.limits.head_bytes_max as usize,
            body_bytes_max: self.limits.body_bytes_max,
            bigint: self.bigint,
            origins: Origins::named(&self.origins),
            health: self.health.as_deref().map(Into::into),
            errors: if is_plain {
                Errors::Sentences
            } else {
                Errors::Problems
            },
        }
    }
}

/// A start that was refused.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be listened on.
    Listen(ListenError),
    /// A ring cannot be made.
    Ring(Refused),
    /// A thread, or the descriptor that wakes it, cannot be made.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(refused) => refused.fmt(f),
            Self::Ring(refused) => refused.fmt(f),
            Self::Thread(error) => write!(f, "A ring thread could not be started: {error}"),
        }
    }
}

/// Ring threads that serve, and how to reach them.
#[derive(Debug)]
pub struct Server {
    address: Address,
    /// The file of a unix socket.
    path: Option<Arc<BoundPath>>,
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The parts of a loop, from which its own thread makes it.
struct Loop {
    index: usize,
    ring: Ring,
    listener: OwnedFd,
}

impl Server {
    /// Listens, then starts the ring threads. `make_sink` is called once for each, with its index
    /// and the reply queues of all of them.
    pub fn start<S: CallSink>(
        options: &Options,
        make_sink: impl FnMut(usize, &[Arc<ReplyQueue>]) -> S,
    ) -> Result<Self, StartError> {
        let made: Result<Vec<Ring>, Refused> = (0..options.ring_threads)
            .map(|_| Ring::new(options.ring_size))
            .collect();
        let (mut server, loops) =
            Self::listen(options, made.map_err(StartError::Ring)?, make_sink)?;
        let mut threads = Threads::default();
        for Loop {
            index,
            ring,
            listener,
        } in loops
        {
            let (shared, path) = (Arc::clone(&server.shared), server.path.clone());
            let serve = move || {
                let mut event_loop = EventLoop::new(Arc::clone(&shared), index, ring, listener);
                let ended = panic::catch_unwind(AssertUnwindSafe(|| event_loop.run()));
                ended_with(ended, event_loop, index, &shared, path.as_deref());
            };
            threads.spawn(serve).map_err(StartError::Thread)?;
        }
        server.threads = Mutex::new(threads.begin());
        Ok(server)
    }

    /// Listens, with one ring and without a thread for it: the event loop of another thread drives
    /// it.
    pub fn start_embedded<S: CallSink>(
        options: &Options,
        make_sink: impl FnMut(usize, &[Arc<ReplyQueue>]) -> S,
    ) -> Result<(Self, Embedded), StartError> {
        let ring = Ring::new(options.ring_size).map_err(StartError::Ring)?;
        let (server, loops) = Self::listen(options, vec![ring], make_sink)?;
        let only = loops.into_iter().next().expect("one for each ring");
        let embedded = Embedded::new(&server, only).map_err(StartError::Thread)?;
        Ok((server, embedded))
    }

    /// Listens for each of the rings, whose loops have not begun.
    fn listen<S: CallSink>(
        options: &Options,
        made: Vec<Ring>,
        mut make_sink: impl FnMut(usize, &[Arc<ReplyQueue>]) -> S,
    ) -> Result<(Self, Vec<Loop>), StartError> {
        let make_tables = |reply_queues: &[Arc<ReplyQueue>]| {
            let sinks = (0..reply_queues.len()).map(|ring| make_sink(ring, reply_queues));
            sinks
                .map(|sink| Table::new(options.routes.clone(), sink))
                .collect()
        };
        let is_on_path = matches!(options.listen.place, Place::Path(_));
        let shared = Shared::new(
            made.len(),
            options.started,
            is_on_path && made.len() > 1,
            &options.limits,
            options.rules(),
            make_tables,
        );
        let shared = Arc::new(shared.map_err(StartError::Thread)?);
        // Listening comes last, so that no connection is accepted by a start that is refused.
        let listeners =
            listener::listen(&options.listen, made.len()).map_err(StartError::Listen)?;
        let server = Self {
            address: listeners.address,
            path: listeners.path,
            shared,
            threads: Mutex::default(),
        };
        let loops = made.into_iter().zip(listeners.sockets).enumerate();
        let loops = loops.map(|(index, (ring, listener))| Loop {
            index,
            ring,
            listener,
        });
        Ok((server, loops.collect()))
    }

    /// Where it listens, or listened.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Has new requests meet other functions. `sinks` has one sink for each ring, which takes its
    /// calls. A request that is being read keeps the functions that it has met.
    pub fn replace<S: CallSink>(&self, routes: Option<&Arc<Routes>>, sinks: Vec<S>) {
        for (handle, sink) in self.shared.handles.iter().zip(sinks) {
            handle.table.change(Table::new(routes.cloned(), sink));
            handle.reply_queue.wake();
        }
    }

    /// The queues of the replies to each ring's calls.
    #[must_use]
    pub fn reply_queues(&self) -> Vec<Arc<ReplyQueue>> {
        let handles = self.shared.handles.iter();
        handles
            .map(|handle| Arc::clone(&handle.reply_queue))
            .collect()
    }

    /// What has been counted so far, by all ring threads together.
    #[must_use]
    pub fn stats(&self) -> Counters {
        let mut all = Counters::default();
        for handle in &self.shared.handles {
            let mut counters = handle.stats.read();
            for (status, answers) in handle.reply_queue.sent().read() {
                counters.count(status, answers);
                counters.sent_on_leases += answers;
            }
            counters.bytes_sent += handle.reply_queue.bytes_sent();
            counters.wakeups = handle.reply_queue.waker().wakeups();
            all.add(&counters);
        }
        // If one ends on a ring while another begins on the next, the sum of the rings would count
        // both.
        all.connections_open = self.shared.connections.taken();
        all.in_flight = self.shared.calls.taken();
        all
    }

    /// What each ring thread has counted in detail.
    pub fn details(&self) -> impl Iterator<Item = &Details> {
        let handles = self.shared.handles.iter();
        handles.map(|handle| &handle.stats.details)
    }

    /// How many answers had which status. A status comes several times, and its answers are the
    /// sum, which is never less than before.
    pub fn answers(&self) -> impl Iterator<Item = (u16, u64)> {
        let handles = self.shared.handles.iter();
        handles.flat_map(|handle| {
            let ok = (Status::OK.code(), handle.stats.read().responses_ok);
            let others = handle.stats.details.answers.read();
            let sent = handle.reply_queue.sent().read();
            [ok].into_iter().chain(others).chain(sent)
        })
    }

    /// Posts a command to every ring thread; one that has ended ignores it.
    pub fn post(&self, command: Command) {
        if matches!(command, Command::Close) {
            self.remove_path();
        }
        self.shared.post(command);
    }

    /// Removes the file of a unix socket, if there is one. It is to be called before the listener
    /// is closed, while the file cannot be a successor's.
    pub fn remove_path(&self) {
        if let Some(path) = &self.path {
            path.remove();
        }
    }

    /// Waits until every ring thread has ended, which a [`Command::Close`] makes them do.
    pub fn join(&self) {
        for thread in lock(&self.threads).drain(..) {
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}

/// Threads that wait for each other: they begin together, or end without having begun.
#[derive(Default)]
struct Threads {
    spawned: Vec<(Sender<Begin>, JoinHandle<()>)>,
}

struct Begin;

impl Threads {
    fn spawn(&mut self, serve: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let (begin, may_begin) = mpsc::channel();
        let builder = thread::Builder::new().name("ringcall".to_owned());
        let run = move || {
            if let Ok(Begin) = may_begin.recv() {
                serve();
            }
        };
        let thread = with_signals_blocked(|| builder.spawn(run))?;
        self.spawned.push((begin, thread));
        Ok(())
    }

    fn begin(mut self) -> Vec<JoinHandle<()>> {
        let begun = self.spawned.drain(..).map(|(begin, thread)| {
            // It cannot fail: the thread waits for this.
            let _ = begin.send(Begin);
            thread
        });
        begun.collect()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for (begin, thread) in self.spawned.drain(..) {
            drop(begin);
            let _ = thread.join();
        }
    }
}

/// Cleans up after a loop that has `ended`: removes `path` while the listener is open, closes
/// everything, and reports what ended the loop if it was not closed.
fn ended_with(
    ended: thread::Result<io::Result<()>>,
    event_loop: EventLoop<Ring>,
    index: usize,
    shared: &Shared,
    path: Option<&BoundPath>,
) {
    let failure = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("io_uring_enter failed: {error}")),
        Err(_) => Some("The ring's event loop panicked; this is a bug in ringcall.".to_owned()),
    };
    if let Some(path) = path {
        path.remove();
    }
    drop(event_loop);
    shared.handles[index].reply_queue.waker().close();
    if failure.is_some() {
        // Otherwise only some of the clients would be served, and we could not tell which.
        shared.post(Command::Close);
    }
    shared.handles[index].table.close(failure);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
