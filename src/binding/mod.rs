//! The only place that names `napi`: it converts JavaScript's values to ours and back, and decides
//! nothing.
//!
//! `lib/` is its only caller. [`NativeServer`] starts and commands a server. [`NativeSeat`] belongs
//! to a thread that takes calls: the one that has started the server, or one of its workers.
//!
//! Invariant: no ring thread outlives the environment that has started it, and no code touches the
//! memory or wakes the thread of an environment that has ended. Clean-up hooks ensure that; Node
//! runs them before it destroys the `ThreadsafeFunction`s.
#![expect(
    unsafe_code,
    reason = "Node-API takes raw environments, and JavaScript shares typed arrays"
)]

mod arrays;
mod callback;
mod embedding;
mod functions;
mod generations;
mod libuv;
mod notices;
mod options;
pub mod probe;
pub mod refusal;
pub mod seat;
mod stats;
mod wake;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Either, Function};
use napi::{CleanupEnvHook, Env};
use napi_derive::napi;

use crate::bridge::{Command, Health, ReplyQueue};
use crate::listener::{self, Address};
use crate::routes::Routes;
use crate::seats::{self, Kind, Notices, RingSink, Seats};
use crate::server::{Options, Server, StartError};
use arrays::Arrays;
use embedding::Embedding;
use functions::NativeTable;
use generations::Generations;
use notices::NativeNotice;
use options::NativeOptions;
use refusal::Refusal;
use seat::{NativeSeat, WokenBy};
use stats::NativeStats;
use wake::{Dispatch, Notify};

/// Where a server listens.
#[napi(object, object_from_js = false)]
pub struct NativeAddress {
    /// An IP address, or the path of a unix socket.
    pub address: String,
    /// Absent for a unix socket.
    pub port: Option<u16>,
}

/// Starts a server. `notify` is called when there are notices to take.
#[napi]
pub fn listen(
    env: Env,
    options: NativeOptions,
    notify: Function<'_, (), ()>,
) -> napi::Result<Either<NativeServer, Refusal>> {
    let notify = Arc::new(Notify::new(&notify)?);
    let notices = Arc::new(Notices::new(Box::new(Arc::clone(&notify))));
    let maker = SeatsMaker {
        bigint: options.bigint,
        workers: options.workers.map(|count| count as usize),
        in_flight_max: options.max_in_flight,
        handler_timeout: match options.handler_timeout {
            0 => Duration::MAX,
            milliseconds => Duration::from_millis(u64::from(milliseconds)),
        },
        started: Instant::now(),
        notices,
    };
    let options = Options {
        started: maker.started,
        ..options.into()
    };
    let mut made: Option<Arc<Seats>> = None;
    let make_sink = |_, reply_queues: &[Arc<ReplyQueue>]| -> RingSink {
        let routes = options.routes.as_deref();
        made.get_or_insert_with(|| maker.make(0, routes, reply_queues))
            .sink()
    };
    let started = if options.ring_threads == 0 {
        Server::start_embedded(&options, make_sink)
            .map(|(server, embedded)| (server, Some(embedded)))
    } else {
        Server::start(&options, make_sink).map(|server| (server, None))
    };
    let (server, embedded) = match started {
        Ok((server, embedded)) => (Arc::new(server), embedded),
        Err(error) => return Ok(Either::B(error.into())),
    };
    let first = made.expect("a server has a ring");
    let generations = Rc::new(Generations::default());
    let guarded = Rc::new(Cell::new(Some(Guarded {
        server: Arc::clone(&server),
        generations: Rc::clone(&generations),
    })));
    let end_guarded = |guarded: Rc<Cell<Option<Guarded>>>| {
        if let Some(guarded) = guarded.take() {
            guarded.end();
        }
    };
    if let Err(error) = generations.add(first) {
        end_guarded(guarded);
        return Ok(Either::B(StartError::Thread(error).into()));
    }
    let cleanup = env.add_env_cleanup_hook(Rc::clone(&guarded), end_guarded);
    let cleanup = cleanup.inspect_err(|_| end_guarded(Rc::clone(&guarded)))?;
    let embedding = embedded.map(|embedded| Embedding::start(env, embedded));
    let embedding = embedding.transpose();
    let embedding = embedding.inspect_err(|_| end_guarded(Rc::clone(&guarded)))?;
    Ok(Either::A(NativeServer {
        server,
        embedding,
        generations,
        maker,
        alive: RefCell::new(Some(Alive {
            notify,
            cleanup,
            guarded,
            referenced: true,
        })),
    }))
}

/// Makes the seats of each table that a server has.
struct SeatsMaker {
    bigint: bool,
    workers: Option<usize>,
    in_flight_max: u32,
    handler_timeout: Duration,
    started: Instant,
    notices: Arc<Notices>,
}

impl SeatsMaker {
    fn make(
        &self,
        generation: u32,
        routes: Option<&Routes>,
        reply_queues: &[Arc<ReplyQueue>],
    ) -> Arc<Seats> {
        let bigint = self.bigint;
        Seats::new(seats::Options {
            generation,
            kind: routes.map_or(Kind::Plain { bigint }, |routes| Kind::Named(routes.len())),
            seats: self.workers.unwrap_or(1),
            are_workers: self.workers.is_some(),
            in_flight_max: self.in_flight_max,
            handler_timeout: self.handler_timeout,
            started: self.started,
            reply_queues: reply_queues.to_vec(),
            notices: Arc::clone(&self.notices),
        })
    }
}

/// A server that was started. JavaScript's own `Server` is its only owner.
#[napi]
pub struct NativeServer {
    server: Arc<Server>,
    /// Drives the event loop where there are no ring threads.
    embedding: Option<Rc<Embedding>>,
    generations: Rc<Generations>,
    maker: SeatsMaker,
    /// What keeps the environment and the ring threads apart; `None` once they have ended.
    alive: RefCell<Option<Alive>>,
}

/// What the clean-up hook ends. It is taken out once it has ended, since napi never frees the data
/// of a removed hook.
struct Guarded {
    server: Arc<Server>,
    generations: Rc<Generations>,
}

impl Guarded {
    /// Cuts every connection and waits for the threads' end.
    fn end(self) {
        self.server.post(Command::Close);
        self.server.post(Command::CloseAll);
        self.server.join();
        self.generations.end();
    }
}

struct Alive {
    notify: Arc<Notify>,
    cleanup: CleanupEnvHook<Rc<Cell<Option<Guarded>>>>,
    guarded: Rc<Cell<Option<Guarded>>>,
    /// True exactly when the server keeps Node's event loop running.
    referenced: bool,
}

#[napi]
impl NativeServer {
    /// This thread takes calls, with `arrays`. `dispatch` is called when calls wait.
    #[napi]
    pub fn take_seat(
        &self,
        env: Env,
        arrays: Arrays,
        dispatch: Function<'_, (), ()>,
    ) -> napi::Result<NativeSeat> {
        let seats = self.generations.current();
        let woken_by = match &self.embedding {
            None => WokenBy::Dispatch(Dispatch::new(&dispatch)?),
            Some(embedding) => {
                embedding.dispatch_by(&dispatch)?;
                WokenBy::Embedding(Rc::clone(embedding))
            }
        };
        NativeSeat::take(env, seats, 0, arrays, woken_by)
    }

    /// The number of the table that new requests meet. Workers take seats with it, in any thread of
    /// the process.
    #[napi]
    pub fn table(&self) -> u32 {
        self.generations.number()
    }

    /// Has new requests meet other functions, by name or a plain one as before. Returns the number
    /// of their table.
    #[napi]
    pub fn replace(&self, functions: Option<NativeTable>) -> Either<u32, Refusal> {
        let routes = functions.map(|table| Arc::new(functions::routes(table)));
        let generation = self.generations.current().generation() + 1;
        let reply_queues = self.server.reply_queues();
        let seats = self
            .maker
            .make(generation, routes.as_deref(), &reply_queues);
        if let Err(error) = self.generations.add(Arc::clone(&seats)) {
            return Either::B(StartError::Thread(error).into());
        }
        // Not earlier: seats whose last sink was dropped count as retired, and that would be
        // reported.
        let sinks = reply_queues.iter().map(|_| seats.sink()).collect();
        self.server.replace(routes.as_ref(), sinks);
        Either::A(self.generations.number())
    }

    /// The notices since the last time.
    #[napi]
    pub fn take_notices(&self) -> Vec<NativeNotice> {
        let notices = self.maker.notices.take();
        notices.into_iter().map(NativeNotice::from).collect()
    }

    /// Tells the clients that have asked of the server's health, after that notice.
    #[napi]
    pub fn tell_health(&self, is_closing: bool, has_worker: bool) {
        let health = match (is_closing, has_worker) {
            (true, _) => Health::Closing,
            (false, true) => Health::Well,
            (false, false) => Health::NoWorker,
        };
        self.server.post(Command::TellHealth(health));
    }

    /// Whether a worker that a notice has reported as overdue is still held. The notice may be old.
    #[napi]
    pub fn is_overdue(&self, generation: u32, seat: u32) -> bool {
        let seats = self.generations.get(generation);
        seats.is_some_and(|seats| seats.is_overdue(seat as usize))
    }

    /// Drops the functions of a table, after the notice that it has retired.
    #[napi]
    pub fn forget(&self, generation: u32) {
        self.generations.forget(generation);
    }

    /// Where it listens.
    #[napi]
    pub fn address(&self) -> NativeAddress {
        match self.server.address() {
            Address::Tcp(address) => NativeAddress {
                address: listener::host(address),
                port: Some(address.port()),
            },
            Address::Path(path) => NativeAddress {
                address: path.to_string_lossy().into_owned(),
                port: None,
            },
        }
    }

    /// What it has counted. Of calls, those of this generation's functions.
    #[napi]
    pub fn stats(&self, generation: u32) -> NativeStats {
        let seats = self.generations.get(generation);
        let seats = seats.unwrap_or_else(|| self.generations.current());
        NativeStats::read(&self.server, &seats)
    }

    /// Removes the file of a unix socket, as `close` does.
    #[napi]
    pub fn remove_path(&self) {
        self.server.remove_path();
    }

    /// Stops listening, answers the requests that were read, closes every connection, ends the ring
    /// threads.
    #[napi]
    pub fn close(&self) {
        self.server.post(Command::Close);
    }

    /// Closes the connections that have no request in hand.
    #[napi]
    pub fn close_idle_connections(&self) {
        self.server.post(Command::CloseIdle);
    }

    /// Closes every connection now.
    #[napi]
    pub fn close_all_connections(&self) {
        self.server.post(Command::CloseAll);
    }

    /// Lets the server keep Node's event loop running, or not.
    #[napi]
    pub fn set_referenced(&self, env: Env, referenced: bool) -> napi::Result<()> {
        let mut alive = self.alive.borrow_mut();
        let Some(alive) = alive
            .as_mut()
            .filter(|alive| alive.referenced != referenced)
        else {
            return Ok(());
        };
        alive.referenced = referenced;
        alive.notify.refer(env, referenced)
    }

    /// Waits for the threads, and lets go of the environment. It is to be called after the notice
    /// that all ring threads have ended, and after every seat was left.
    #[napi]
    pub fn finish(&self, env: Env) -> napi::Result<()> {
        self.server.join();
        self.generations.end();
        if let Some(alive) = self.alive.borrow_mut().take() {
            alive.guarded.take();
            alive.notify.end();
            env.remove_env_cleanup_hook(alive.cleanup)?;
        }
        Ok(())
    }
}
