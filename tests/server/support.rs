//! A server on a free port with a handler in Rust, and a raw client.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ringcall::bridge::{Call, CallSink, Command, Outcome, ReplyQueue};
use ringcall::limits::{Limits, RingSize};
use ringcall::listener::{Address, ListenOptions, Place};
use ringcall::server::{Driven, Embedded, Options, Server};

/// How long a client waits for bytes before its test fails: only a hanging server reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const POST_15: &[u8] = b"POST /15 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Answers at once, on the ring thread.
pub(crate) struct Inline {
    pub(crate) reply_queue: Arc<ReplyQueue>,
    pub(crate) handler: fn(i64) -> Outcome,
}

impl CallSink for Inline {
    fn call(&self, calls: &mut Vec<Call>) {
        let answer = |call: Call| {
            let outcome = (self.handler)(call.number());
            call.reply(outcome)
        };
        self.reply_queue
            .post_replies(&mut calls.drain(..).map(answer).collect());
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

/// The calls that a server keeps until the test answers them.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<KeptCall>>>);

pub(crate) struct KeptCall {
    pub(crate) call: Call,
    /// Which ring called.
    pub(crate) ring: usize,
    reply_queue: Arc<ReplyQueue>,
}

/// Keeps one ring's calls.
struct Keeping {
    kept: Kept,
    ring: usize,
    reply_queue: Arc<ReplyQueue>,
}

impl CallSink for Keeping {
    fn call(&self, calls: &mut Vec<Call>) {
        let kept = calls.drain(..).map(|call| KeptCall {
            call,
            ring: self.ring,
            reply_queue: Arc::clone(&self.reply_queue),
        });
        self.kept.0.lock().unwrap().extend(kept);
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

impl Kept {
    /// Waits until `count` calls have arrived, and takes them.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<KeptCall> {
        eventually("the calls arrive", || self.0.lock().unwrap().len() >= count);
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn wait_for_one(&self) -> KeptCall {
        self.wait_for(1).remove(0)
    }
}

impl KeptCall {
    pub(crate) fn answer(self) {
        let outcome = fibonacci(self.call.number());
        let reply = self.call.reply(outcome);
        self.reply_queue.post_replies(&mut vec![reply]);
    }
}

pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    /// The thread that drives the loop where there are no ring threads.
    driver: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Client { stream, reader }
    }

    /// A fresh connection is answered: the server lives, whatever came before.
    pub(crate) fn assert_alive(&self) {
        let mut client = self.connect();
        client.send(POST_15);
        assert_eq!(client.answer().body, "610");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.post(Command::Close);
        self.server.post(Command::CloseAll);
        self.server.join();
        if let Some(driver) = self.driver.take() {
            driver.join().unwrap();
        }
    }
}

pub(crate) fn start() -> Running {
    start_with(fibonacci)
}

pub(crate) fn start_with(handler: fn(i64) -> Outcome) -> Running {
    start_limited(Limits::default(), handler)
}

pub(crate) fn start_on(ring_threads: usize) -> Running {
    start_options(
        &options(ring_threads, Limits::default()),
        |_, reply_queue| Inline {
            reply_queue,
            handler: fibonacci,
        },
    )
}

pub(crate) fn start_limited(limits: Limits, handler: fn(i64) -> Outcome) -> Running {
    start_options(&options(ring_threads(), limits), |_, reply_queue| Inline {
        reply_queue,
        handler,
    })
}

pub(crate) fn start_keeping() -> (Running, Kept) {
    start_keeping_on(ring_threads(), Limits::default())
}

pub(crate) fn start_keeping_on(ring_threads: usize, limits: Limits) -> (Running, Kept) {
    let kept = Kept::default();
    let running = start_options(&options(ring_threads, limits), |ring, reply_queue| {
        Keeping {
            kept: kept.clone(),
            ring,
            reply_queue,
        }
    });
    (running, kept)
}

/// The number of ring threads of a server whose test does not choose one.
pub(crate) fn ring_threads() -> usize {
    std::env::var("RINGCALL_TEST_RING_THREADS").map_or(1, |threads| threads.parse().unwrap())
}

/// The smallest ring there is, or the usual one.
fn ring_size() -> RingSize {
    if std::env::var_os("RINGCALL_TEST_SMALLEST").is_none() {
        return RingSize::default();
    }
    RingSize {
        entries: 8,
        buffers: 8,
        buffer_bytes: 128,
    }
}

/// On a free port of the loopback.
pub(crate) fn options(ring_threads: usize, limits: Limits) -> Options {
    Options {
        listen: ListenOptions {
            place: Place::Port {
                host: Some("127.0.0.1".to_owned()),
                port: 0,
            },
            backlog: 1024,
            reuse_port: false,
            ipv6_only: false,
        },
        ring_threads,
        ring_size: ring_size(),
        bigint: false,
        routes: None,
        origins: Vec::new(),
        health: None,
        limits,
        started: Instant::now(),
    }
}

pub(crate) fn start_options<S: CallSink>(
    options: &Options,
    mut make_sink: impl FnMut(usize, Arc<ReplyQueue>) -> S,
) -> Running {
    let make_sink = |ring: usize, reply_queues: &[Arc<ReplyQueue>]| {
        make_sink(ring, Arc::clone(&reply_queues[ring]))
    };
    let (server, driver) = if options.ring_threads == 0 {
        let started = Server::start_embedded(options, make_sink);
        let (server, embedded) = started.unwrap_or_else(|error| panic!("{error}"));
        (server, Some(thread::spawn(|| drive(embedded))))
    } else {
        let started = Server::start(options, make_sink);
        (started.unwrap_or_else(|error| panic!("{error}")), None)
    };
    Running {
        address: address_of(&server),
        server,
        driver,
    }
}

pub(crate) fn address_of(server: &Server) -> SocketAddr {
    let Address::Tcp(address) = *server.address() else {
        panic!("a TCP address");
    };
    address
}

/// A server on a Unix domain socket.
pub(crate) struct Local {
    pub(crate) server: Server,
    path: PathBuf,
}

impl Local {
    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.server.post(Command::Close);
        self.server.join();
    }
}

pub(crate) fn start_local<S: CallSink>(
    name: &str,
    mut make_sink: impl FnMut(Arc<ReplyQueue>) -> S,
) -> Local {
    let path = std::env::temp_dir().join(format!("ringcall-{name}-{}", std::process::id()));
    // Without a ring thread, nothing would drive the loop here.
    let mut options = options(ring_threads().max(1), Limits::default());
    options.listen.place = Place::Path(path.clone());
    let started = Server::start(&options, |ring, reply_queues| {
        make_sink(Arc::clone(&reply_queues[ring]))
    });
    let server = started.unwrap_or_else(|error| panic!("{error}"));
    Local { server, path }
}

pub(crate) fn start_local_with(name: &str, handler: fn(i64) -> Outcome) -> Local {
    start_local(name, |reply_queue| Inline {
        reply_queue,
        handler,
    })
}

/// Drives a loop to its end, as Node's does.
fn drive(mut embedded: Embedded) {
    let mut eventfd = File::from(embedded.take_eventfd().expect("it was not taken"));
    while embedded.drive(false) != Driven::Ended {
        if embedded.prepare_to_sleep() {
            wait_until_readable(&mut eventfd);
            embedded.awake();
        }
    }
}

fn wait_until_readable(eventfd: &mut File) {
    let start = Instant::now();
    while let Err(error) = eventfd.read(&mut [0; 8]) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        // A wake-up that is late by less than this goes unnoticed.
        thread::sleep(Duration::from_micros(50));
        assert!(start.elapsed() < 3 * PATIENCE, "it is never woken");
    }
}

/// True: connections to it are refused.
pub(crate) fn refuses(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err()
}

pub(crate) fn fibonacci(n: i64) -> Outcome {
    let (mut a, mut b) = (0_i64, 1_i64);
    for _ in 0..n.clamp(0, 90) {
        (a, b) = (b, a + b);
    }
    Outcome::Value(a)
}

/// Checks until `condition` holds; a server that never gets there fails the test.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    reader: BufReader<TcpStream>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// False: the server has ended the connection.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    pub(crate) fn end(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Closes with a reset instead of a FIN.
    pub(crate) fn reset(self) {
        drop(self.reader);
        let socket = socket2::Socket::from(self.stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer()
            .expect("an answer, not the end of the connection")
    }

    /// `None`: the connection ended between answers.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.reader.read_until(b'\n', &mut head) {
                Ok(0) | Err(_) if head.is_empty() => return None,
                Ok(1..) => {}
                other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&head)),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let status: u16 = head[9..12].parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        Some(Answer { status, head, body })
    }

    pub(crate) fn assert_ended(&mut self) {
        assert_eq!(self.try_answer(), None);
    }
}
