//! The only place that names `napi`: it converts JavaScript's values to ours and back, and decides
//! nothing.
//!
//! `lib/` is its only caller, on the JavaScript thread. Two things happen here: a server is started
//! and commanded ([`NativeServer`]), and batches cross between the threads (`handover`), for each
//! ring its own ([`NativeRing`]).
//!
//! Invariant: no ring thread outlives the JavaScript environment. The environment's clean-up hook
//! stops and joins them, which Node runs before it takes the `ThreadsafeFunction`s apart.
#![expect(
    unsafe_code,
    reason = "Node-API takes raw environments, and JavaScript shares typed arrays"
)]

mod columns;
mod exchange;
mod functions;
mod handover;
mod pace;
pub mod probe;
pub mod refusal;
mod results;
mod ring;
mod stats;
mod times;
mod unanswered;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Either, Float64Array, Function, Uint8Array, Uint16Array};
use napi::{CleanupEnvHook, Env, sys};
use napi_derive::napi;

use crate::bridge::{Command, Outbox};
use crate::limits::{Limits, RingSize, Timeouts};
use crate::listener::{self, Address, ListenOptions, Place};
use crate::server::{Options, Server};
use columns::Columns;
use exchange::Exchange;
use functions::NativeTable;
use handover::{Handover, Tsfn};
use refusal::Refusal;
use ring::NativeRing;
use stats::NativeStats;
use times::Times;

/// The options of `serverListen`, checked and with their defaults.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// A name or an address; absent: all addresses.
    pub host: Option<String>,
    /// TCP port; 0 picks one.
    pub port: u16,
    /// Unix socket, instead of host and port.
    pub path: Option<String>,
    /// Connections that may wait to be accepted.
    pub backlog: i32,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: bool,
    /// Threads that serve.
    pub ring_threads: u32,
    /// Submissions that fit a ring.
    pub ring_entries: u32,
    /// A ring's receive buffers; a power of two.
    pub receive_buffers: u16,
    /// Bytes of one of them.
    pub receive_buffer_size: u32,
    /// The plain function takes `bigint`.
    pub bigint: bool,
    /// The functions that requests name; absent where there is a plain one.
    pub functions: Option<NativeTable>,
    /// Whose pages may call, besides the server's own: origins as browsers write them, or `*`.
    pub origins: Option<Vec<String>>,
    /// Connections served at a time.
    pub max_connections: u32,
    /// Requests handed to the handler and not answered.
    pub max_in_flight: u32,
    /// Bytes.
    pub max_header_size: u32,
    /// Bytes; an integer below 2^53.
    pub max_body_size: i64,
    /// Bytes of all bodies and arguments that wait, together; an integer below 2^53.
    pub max_buffered_bytes: i64,
    /// Milliseconds, as all of the following; 0 is for ever.
    pub headers_timeout: u32,
    /// From a request's first byte to its end.
    pub request_timeout: u32,
    /// Between requests.
    pub keep_alive_timeout: u32,
    /// For the handler's value.
    pub handler_timeout: u32,
    /// For a send that gets nothing off.
    pub send_timeout: u32,
}

/// The typed arrays that JavaScript and the binding share for one ring. Both touch them on the
/// JavaScript thread only. Those of calls and results are as long as a batch may be; those that
/// only functions by name need are empty for a plain one.
#[napi(object, object_to_js = false)]
pub struct Arrays {
    /// Written here: the ids of a batch's calls, integers below 2^53.
    pub ids: Float64Array,
    /// Written here: which function each calls. Empty for a plain function, as all that is for
    /// functions by name.
    pub functions: Uint16Array,
    /// Written here: how many arguments each has, and in which form, as `values` has it.
    pub counts: Uint8Array,
    /// Written here: the arguments that take a slot, one call's after another's; of a plain
    /// function the one of each, as a double or, with `bigint`, as the bits of a 64-bit integer.
    pub slots: Float64Array,
    /// Read here: the ids of the calls that have a result.
    pub result_ids: Float64Array,
    /// Read here: what each result is, a `KIND_` of `results`.
    pub result_kinds: Uint8Array,
    /// Read here: the results; of a text, its length in UTF-16 code units.
    pub result_values: Float64Array,
    /// Read here: the texts among the results, one after another, in UTF-8.
    pub result_texts: Uint8Array,
    /// Written here: the milliseconds from the server's start to the last exchange; the bytes of
    /// the batch's text; how many buffers it has. Read here: the bytes of `result_texts`.
    pub state: Float64Array,
}

/// Where a server listens.
#[napi(object, object_from_js = false)]
pub struct NativeAddress {
    /// An IP address, or the path of a unix socket.
    pub address: String,
    /// Absent for a unix socket.
    pub port: Option<u16>,
}

/// Starts a server. Each of its rings has one of `arrays` and one of `dispatches`, which is called
/// when a batch waits.
#[napi]
pub fn listen(
    env: Env,
    options: NativeOptions,
    arrays: Vec<Arrays>,
    dispatches: Vec<Function<'_, (), ()>>,
) -> napi::Result<Either<NativeServer, Refusal>> {
    let tsfns: napi::Result<Vec<Arc<Tsfn>>> = dispatches
        .into_iter()
        .map(|dispatch| threadsafe(&dispatch))
        .collect();
    let tsfns = tsfns?;
    let bigint = options.bigint;
    let functions = options.functions.as_ref().map(NativeTable::len);
    let handler_timeout = match options.handler_timeout {
        0 => Duration::MAX,
        milliseconds => Duration::from_millis(u64::from(milliseconds)),
    };
    let mut handovers = Vec::new();
    let started = Server::start(&options.into(), |ring, mailbox| {
        let handover = Arc::new(Handover::new(Arc::clone(&tsfns[ring])));
        handovers.push((Arc::clone(&handover), mailbox));
        handover
    });
    let server = match started {
        Ok(server) => Arc::new(server),
        Err(error) => return Ok(Either::B(error.into())),
    };
    let ends = handovers.into_iter().zip(arrays);
    let exchanges = ends.map(|((handover, mailbox), arrays)| {
        let columns = match functions {
            Some(_) => Columns::of_functions(),
            None => Columns::of_numbers(bigint),
        };
        Rc::new(RefCell::new(Exchange::new(
            handover,
            Outbox::new(mailbox),
            arrays,
            columns,
            Times::new(handler_timeout, functions.unwrap_or(0), server.started()),
        )))
    });
    let exchanges: Vec<_> = exchanges.collect();
    let guarded = Rc::new(Cell::new(Some(Arc::clone(&server))));
    let cleanup = env.add_env_cleanup_hook(Rc::clone(&guarded), |guarded| {
        if let Some(server) = guarded.take() {
            end(&server);
        }
    });
    let cleanup = cleanup.inspect_err(|_| end(&server))?;
    Ok(Either::A(NativeServer {
        server,
        exchanges,
        alive: RefCell::new(Some(Alive {
            tsfns,
            cleanup,
            guarded,
            referenced: true,
        })),
    }))
}

/// Cuts every connection and waits for the ring threads' end.
fn end(server: &Server) {
    server.post(Command::Close);
    server.post(Command::CloseAll);
    server.join();
}

fn threadsafe(dispatch: &Function<'_, (), ()>) -> napi::Result<Arc<Tsfn>> {
    let tsfn = dispatch
        .build_threadsafe_function::<()>()
        .callee_handled::<false>()
        .build()?;
    Ok(Arc::new(tsfn))
}

/// A server that was started. JavaScript's own `Server` is its only owner.
#[napi]
pub struct NativeServer {
    server: Arc<Server>,
    /// One for each ring.
    exchanges: Vec<Rc<RefCell<Exchange>>>,
    /// What keeps the environment and the ring threads apart; `None` once they have ended.
    alive: RefCell<Option<Alive>>,
}

/// The server that the clean-up hook ends. It is taken out when it has ended, as napi never frees
/// what a removed hook was given.
type Guarded = Rc<Cell<Option<Arc<Server>>>>;

struct Alive {
    tsfns: Vec<Arc<Tsfn>>,
    cleanup: CleanupEnvHook<Guarded>,
    guarded: Guarded,
    /// True exactly when the server keeps Node's event loop running.
    referenced: bool,
}

#[napi]
impl NativeServer {
    /// Its rings, in the order of the arrays; to be called once.
    #[napi]
    pub fn take_rings(&self) -> Vec<NativeRing> {
        let exchanges = self.exchanges.iter();
        exchanges
            .map(|exchange| NativeRing::new(Rc::clone(exchange)))
            .collect()
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

    /// What it has counted.
    #[napi]
    pub fn stats(&self) -> NativeStats {
        NativeStats::read(&self.server, &self.exchanges)
    }

    /// Removes the file of a unix socket, which `close` does, too.
    #[napi]
    pub fn remove_path(&self) {
        self.server.remove_path();
    }

    /// Stops listening, answers what was read, closes every connection, ends the ring threads.
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
        for tsfn in &alive.tsfns {
            let (env, tsfn) = (env.raw(), tsfn.raw());
            let status = if referenced {
                // SAFETY: both ask for the environment's own thread, which calls us, and for a
                // function that is not released, which `alive` holds.
                unsafe { sys::napi_ref_threadsafe_function(env, tsfn) }
            } else {
                // SAFETY: as above.
                unsafe { sys::napi_unref_threadsafe_function(env, tsfn) }
            };
            napi::check_status!(status)?;
        }
        Ok(())
    }

    /// After every ring has been released: waits for the threads' end, and lets go of the
    /// environment.
    #[napi]
    pub fn finish(&self, env: Env) -> napi::Result<()> {
        self.server.join();
        if let Some(alive) = self.alive.borrow_mut().take() {
            alive.guarded.take();
            env.remove_env_cleanup_hook(alive.cleanup)?;
        }
        Ok(())
    }
}

impl From<NativeOptions> for Options {
    fn from(options: NativeOptions) -> Self {
        let place = match options.path {
            Some(path) => Place::Path(PathBuf::from(path)),
            None => Place::Port {
                host: options.host,
                port: options.port,
            },
        };
        Self {
            listen: ListenOptions {
                place,
                backlog: options.backlog,
                reuse_port: options.reuse_port,
                ipv6_only: options.ipv6_only,
            },
            ring_threads: options.ring_threads as usize,
            ring_size: RingSize {
                entries: options.ring_entries,
                buffers: options.receive_buffers,
                buffer_bytes: options.receive_buffer_size,
            },
            bigint: options.bigint,
            routes: options
                .functions
                .map(|table| Arc::new(functions::routes(table))),
            origins: options.origins.unwrap_or_default(),
            limits: Limits {
                connections_max: options.max_connections,
                in_flight_max: options.max_in_flight,
                head_bytes_max: options.max_header_size,
                body_bytes_max: options.max_body_size.unsigned_abs(),
                buffered_bytes_max: options.max_buffered_bytes.unsigned_abs(),
                timeouts: Timeouts {
                    headers: options.headers_timeout,
                    request: options.request_timeout,
                    keep_alive: options.keep_alive_timeout,
                    handler: options.handler_timeout,
                    send: options.send_timeout,
                },
            },
        }
    }
}
