//! The connections, and the two loops that send requests.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;

use crate::answer::{Answer, judge};
use crate::arrivals::Arrivals;
use crate::figures::Figures;

/// How long answers are waited for after the last request.
const GRACE: Duration = Duration::from_secs(10);
/// The poll sleeps for whole milliseconds, so it sleeps only if the wait is at least this long, and
/// then for half of it.
const SLEEP_MIN: Duration = Duration::from_millis(4);
const EVENTS_MAX: usize = 1024;
const READ_BYTES: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    KeepAlive,
    Close,
    /// This many requests per second.
    Open(f64),
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Idle,
    Waiting,
    /// Answered, and to be closed by the server.
    Answered,
    /// Failed, and not used again.
    Lost,
}

struct Connection {
    /// None before the first request and after a close.
    stream: Option<TcpStream>,
    phase: Phase,
    /// When its request was due; since when it could be sent.
    due: Instant,
    free: Instant,
    /// How much of the request has been sent.
    sent: usize,
    received: Vec<u8>,
}

pub(crate) struct Client {
    poll: Poll,
    address: SocketAddr,
    request: Vec<u8>,
    mode: Mode,
    connections: Vec<Connection>,
    /// Connections that wait for no answer, the one longest idle first.
    idle: VecDeque<usize>,
    /// How many wait for an answer.
    waiting: usize,
    buffer: Box<[u8]>,
    start: Instant,
    end: Instant,
    last: Instant,
    figures: Figures,
}

impl Client {
    pub(crate) fn connect(
        address: SocketAddr,
        request: Vec<u8>,
        mode: Mode,
        connections: usize,
    ) -> io::Result<Self> {
        let now = Instant::now();
        let mut client = Self {
            poll: Poll::new()?,
            address,
            request,
            mode,
            connections: Vec::with_capacity(connections),
            idle: (0..connections).collect(),
            waiting: 0,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            start: now,
            end: now,
            last: now,
            figures: Figures::default(),
        };
        for token in 0..connections {
            let stream = if mode == Mode::Close {
                None
            } else {
                Some(client.open_ahead(token)?)
            };
            client.connections.push(Connection {
                stream,
                phase: Phase::Idle,
                due: now,
                free: now,
                sent: 0,
                received: Vec::new(),
            });
        }
        Ok(client)
    }

    fn open_ahead(&self, token: usize) -> io::Result<TcpStream> {
        let stream = net::TcpStream::connect(self.address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut stream = TcpStream::from_std(stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(token), interest)?;
        Ok(stream)
    }

    /// Runs for `duration`, and returns the figures.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<Value> {
        self.start = Instant::now();
        self.end = self.start + duration;
        match self.mode {
            Mode::Open(rate) => self.ask_when_due(Arrivals::new(rate, self.start))?,
            Mode::KeepAlive | Mode::Close => self.ask_when_answered()?,
        }
        Ok(self.figures.json(self.last.max(self.end) - self.start))
    }

    /// The closed loop: each connection asks as soon as it has its answer.
    fn ask_when_answered(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut now = self.start;
        loop {
            if now < self.end {
                while let Some(token) = self.idle.pop_front() {
                    self.ask(token, Instant::now());
                }
            } else if self.waiting == 0 || now >= self.end + GRACE {
                self.figures.failed += self.waiting;
                return Ok(());
            }
            let until = if now < self.end {
                self.end
            } else {
                self.end + GRACE
            };
            self.turn(&mut events, until - now)?;
            now = Instant::now();
        }
    }

    /// The open loop: requests have their due times, and wait for an idle connection.
    fn ask_when_due(&mut self, mut arrivals: Arrivals) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut queue = VecDeque::new();
        loop {
            let now = Instant::now();
            while arrivals.next <= now.min(self.end) {
                queue.push_back(arrivals.next);
                arrivals.advance();
            }
            while let (Some(&due), Some(&token)) = (queue.front(), self.idle.front()) {
                queue.pop_front();
                self.idle.pop_front();
                self.ask(token, due);
            }
            let open = self.waiting + queue.len();
            let is_asking = arrivals.next <= self.end;
            let all_are_lost = self.waiting == 0 && self.idle.is_empty();
            if all_are_lost || now >= self.end + GRACE || (!is_asking && open == 0) {
                self.figures.failed += open;
                return Ok(());
            }
            let wait = if is_asking {
                arrivals.next - now
            } else {
                SLEEP_MIN
            };
            let sleep = if wait < SLEEP_MIN {
                Duration::ZERO
            } else {
                wait / 2
            };
            self.turn(&mut events, sleep)?;
        }
    }

    fn turn(&mut self, events: &mut Events, wait: Duration) -> io::Result<()> {
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            let token = event.token().0;
            if let Err(error) = self.send(token).and_then(|()| self.receive(token)) {
                self.lose(token, &error);
            }
        }
        Ok(())
    }

    fn ask(&mut self, token: usize, due: Instant) {
        let now = Instant::now();
        let connection = &mut self.connections[token];
        if matches!(self.mode, Mode::Open(_)) {
            self.figures.queued += u64::from(connection.free > due);
            self.figures.late.push(now - due.max(connection.free));
        }
        connection.phase = Phase::Waiting;
        connection.due = due;
        connection.sent = 0;
        connection.received.clear();
        self.waiting += 1;
        let asked = if self.mode == Mode::Close {
            self.open(token)
        } else {
            self.send(token)
        };
        if let Err(error) = asked {
            self.lose(token, &error);
        }
    }

    /// Sends at once, because on the loopback most connections are made immediately.
    fn open(&mut self, token: usize) -> io::Result<()> {
        self.connections[token].stream = Some(TcpStream::connect(self.address)?);
        self.send(token)?;
        let Connection { stream, sent, .. } = &mut self.connections[token];
        let interest = if *sent == self.request.len() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        };
        match stream {
            Some(stream) => self
                .poll
                .registry()
                .register(stream, Token(token), interest),
            None => Ok(()),
        }
    }

    fn send(&mut self, token: usize) -> io::Result<()> {
        let Connection {
            stream: Some(stream),
            phase: Phase::Waiting,
            sent,
            ..
        } = &mut self.connections[token]
        else {
            return Ok(());
        };
        while *sent < self.request.len() {
            match stream.write(&self.request[*sent..]) {
                Ok(count) => *sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self, token: usize) -> io::Result<()> {
        loop {
            let Connection {
                stream: Some(stream),
                phase,
                received,
                ..
            } = &mut self.connections[token]
            else {
                return Ok(());
            };
            let count = match stream.read(&mut self.buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // A reset after the answer is a close, too.
                Err(_) if *phase == Phase::Answered => 0,
                Err(error) => return Err(error),
            };
            if count == 0 {
                return self.closed(token);
            }
            if *phase != Phase::Waiting {
                return Err(ErrorKind::InvalidData.into());
            }
            received.extend_from_slice(&self.buffer[..count]);
            match (judge(received), self.mode) {
                (Answer::Partial, _) | (Answer::UntilClose, Mode::Close) => {}
                (Answer::Whole, Mode::Close) => self.answered(token),
                (Answer::Whole, _) => {
                    self.answered(token);
                    self.freed(token);
                    return Ok(());
                }
                (Answer::UntilClose | Answer::Wrong, _) => {
                    return Err(ErrorKind::InvalidData.into());
                }
            }
        }
    }

    fn closed(&mut self, token: usize) -> io::Result<()> {
        let Connection {
            phase, received, ..
        } = &self.connections[token];
        match (phase, judge(received), self.mode) {
            (Phase::Answered, _, _) => {}
            (Phase::Waiting, Answer::UntilClose, Mode::Close) => self.answered(token),
            _ => return Err(ErrorKind::UnexpectedEof.into()),
        }
        self.connections[token].stream = None;
        self.freed(token);
        Ok(())
    }

    fn answered(&mut self, token: usize) {
        let now = Instant::now();
        let connection = &mut self.connections[token];
        connection.phase = Phase::Answered;
        self.figures.latencies.push(now - connection.due);
        // In a closed loop, the last answers fall after the measured time.
        if now < self.end || matches!(self.mode, Mode::Open(_)) {
            self.figures.requests += 1;
            self.last = now;
        }
    }

    fn freed(&mut self, token: usize) {
        let connection = &mut self.connections[token];
        connection.phase = Phase::Idle;
        connection.free = Instant::now();
        self.idle.push_back(token);
        self.waiting -= 1;
    }

    fn lose(&mut self, token: usize, error: &io::Error) {
        let connection = &mut self.connections[token];
        match connection.phase {
            Phase::Lost => return,
            Phase::Idle => self.idle.retain(|&idle| idle != token),
            Phase::Waiting | Phase::Answered => self.waiting -= 1,
        }
        connection.phase = Phase::Lost;
        connection.stream = None;
        self.figures.failed += 1;
        self.figures
            .failure
            .get_or_insert_with(|| error.to_string());
    }
}
