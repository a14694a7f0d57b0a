//! A server on a free port with a handler in Rust, and a raw client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ringcall::bridge::{Call, Command, Mailbox, Outcome, Service};
use ringcall::limits::Limits;
use ringcall::listener::{Address, ListenOptions, Place};
use ringcall::server::{Options, Server};

/// How long a client waits for bytes before its test fails: only ever reached by a hanging server.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const POST_15: &[u8] = b"POST /15 HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Answers at once, on the ring thread.
struct Inline {
    mailbox: Arc<Mailbox>,
    handler: fn(i64) -> Outcome,
}

impl Service for Inline {
    fn call(&self, calls: &mut Vec<Call>) {
        let answer = |call: Call| call.reply((self.handler)(call.number));
        self.mailbox
            .post_replies(&mut calls.drain(..).map(answer).collect());
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

/// Keeps the calls until the test answers them.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    calls: Arc<Mutex<Vec<Call>>>,
    mailbox: Arc<Mutex<Option<Arc<Mailbox>>>>,
}

impl Service for Kept {
    fn call(&self, calls: &mut Vec<Call>) {
        self.calls.lock().unwrap().append(calls);
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

impl Kept {
    /// Waits until `count` calls have arrived, and takes them.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Call> {
        eventually("the calls arrive", || {
            self.calls.lock().unwrap().len() >= count
        });
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    pub(crate) fn answer(&self, call: &Call) {
        let mailbox = self.mailbox.lock().unwrap().clone().unwrap();
        mailbox.post_replies(&mut vec![call.reply(fibonacci(call.number))]);
    }
}

pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
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

    /// A fresh connection is answered: whatever came before, the server lives.
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
    }
}

pub(crate) fn start() -> Running {
    start_with(fibonacci)
}

pub(crate) fn start_with(handler: fn(i64) -> Outcome) -> Running {
    start_limited(Limits::default(), handler)
}

pub(crate) fn start_limited(limits: Limits, handler: fn(i64) -> Outcome) -> Running {
    start_service(limits, |mailbox| Inline { mailbox, handler })
}

pub(crate) fn start_keeping() -> (Running, Kept) {
    start_keeping_limited(Limits::default())
}

pub(crate) fn start_keeping_limited(limits: Limits) -> (Running, Kept) {
    let kept = Kept::default();
    let service = kept.clone();
    let running = start_service(limits, |mailbox| {
        *service.mailbox.lock().unwrap() = Some(mailbox);
        service
    });
    (running, kept)
}

/// A server on a free port.
pub(crate) fn start_service<S: Service>(
    limits: Limits,
    make_service: impl FnOnce(Arc<Mailbox>) -> S,
) -> Running {
    let place = Place::Port {
        host: Some("127.0.0.1".to_owned()),
        port: 0,
    };
    let server = start_service_at(place, limits, make_service);
    let Address::Tcp(address) = *server.address() else {
        panic!("a TCP address");
    };
    Running { server, address }
}

pub(crate) fn start_service_at<S: Service>(
    place: Place,
    limits: Limits,
    make_service: impl FnOnce(Arc<Mailbox>) -> S,
) -> Server {
    let options = Options {
        listen: ListenOptions {
            place,
            backlog: 1024,
            reuse_port: false,
            ipv6_only: false,
        },
        bigint: false,
        limits,
    };
    Server::start(&options, make_service).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn fibonacci(n: i64) -> Outcome {
    let (mut a, mut b) = (0_i64, 1_i64);
    for _ in 0..n.clamp(0, 90) {
        (a, b) = (b, a + b);
    }
    Outcome::Value(a)
}

/// Looks again until `condition` holds; a server that never gets there fails the test.
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
