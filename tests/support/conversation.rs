//! Drives one `Connection` as the event loop does, with every freedom that the event loop has:
//! bytes in any pieces, replies late and in any order, sends short and late, time passing, and a
//! close at any point.
//!
//! Used by the property tests and by the fuzzer.

pub mod functions;

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use ringcall::bridge::{Call, CallSink, ConnectionId, Delivery, Health, Outcome};
use ringcall::bytes::Bytes;
use ringcall::connection::{Connection, Context, Table};
use ringcall::http::{Date, Errors, Origins, Rules};
use ringcall::limits::{OUTPUT_BYTES_MAX, PIPELINE_DEPTH_MAX, Timeouts};
use ringcall::quota::Pool;
use ringcall::routes::Routes;
use ringcall::stats::Counters;

/// Takes no calls: they stay in the context.
pub struct Nobody;

impl CallSink for Nobody {
    fn call(&self, _: &mut Vec<Call>) {}

    fn closed(&self, _: Option<String>) {}
}

/// Where clients ask for the server's health.
pub const HEALTH: &str = "/livez";

/// The most that the kernel may deliver at once, before a pause takes effect.
pub const BURST_BYTES_MAX: usize = 32 * 1024;

pub const NO_TIMEOUTS: Timeouts = Timeouts {
    headers: 0,
    request: 0,
    keep_alive: 0,
    handler: 0,
    send: 0,
};

pub const TIMEOUTS: Timeouts = Timeouts {
    headers: 100,
    request: 300,
    keep_alive: 700,
    handler: 300,
    send: 0,
};

/// A step that may come next.
#[derive(Debug, Clone)]
pub enum Step {
    Arrive(usize),
    Reply(usize),
    ReplyLate(usize),
    Send(usize),
    Pass(u64),
    Drain,
    End,
}

pub struct Conversation {
    pub connection: Connection,
    pub context: Context,
    /// Calls that the handler has not answered yet.
    pub unanswered: Vec<Call>,
    /// Every number that the handler was given, in order.
    pub called: Vec<i64>,
    /// The arguments of each call, in order, if there are several functions.
    pub called_with: Vec<String>,
    /// Bytes that have reached the peer.
    pub sent: Vec<u8>,
    /// The lengths of the sends.
    pub sends: Vec<usize>,
    /// Calls that the handler may have at a time; those beyond are refused.
    pub calls_max: usize,
    /// The peer has asked for the server's health and has no answer yet.
    pub is_asked: bool,
    sending: Option<(Bytes, usize)>,
    is_closed: bool,
}

impl Conversation {
    pub fn new(timeouts: Timeouts) -> Self {
        Self::of(timeouts, None, Errors::Sentences)
    }

    /// The same with a server of several functions, and this much memory for bodies and arguments.
    pub fn with_functions(timeouts: Timeouts, buffered_bytes_max: u64) -> Self {
        let routes = Some(functions::routes());
        let mut conversation = Self::of(timeouts, routes, Errors::Problems);
        conversation.context.buffers = Arc::new(Pool::new(buffered_bytes_max));
        conversation
    }

    fn of(timeouts: Timeouts, routes: Option<Routes>, errors: Errors) -> Self {
        let context = Context {
            rules: Rules {
                head_bytes_max: 4096,
                body_bytes_max: 4096,
                bigint: false,
                origins: Origins::Any,
                health: Some(HEALTH.into()),
                errors,
            },
            table: Arc::new(Table::new(routes.map(Arc::new), Nobody)),
            buffers: Arc::new(Pool::new(1 << 20)),
            timeouts,
            started: Instant::now(),
            body_bytes: 0,
            now: 0,
            now_us: 0,
            date: Date::at(UNIX_EPOCH),
            calls: Vec::new(),
            strays: Vec::new(),
            asked: Vec::new(),
            counters: Counters::default(),
            stats: Arc::default(),
        };
        Self {
            connection: Connection::new(ConnectionId::default(), 0),
            context,
            unanswered: Vec::new(),
            called: Vec::new(),
            called_with: Vec::new(),
            sent: Vec::new(),
            sends: Vec::new(),
            calls_max: usize::MAX,
            is_asked: false,
            sending: None,
            is_closed: false,
        }
    }

    /// True: the connection is over, and the socket closed.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub fn arrive(&mut self, bytes: &[u8]) {
        if !self.is_closed {
            self.connection.received(bytes, &mut self.context);
            self.advance();
        }
    }

    /// The peer ends its side.
    pub fn end(&mut self) {
        self.connection.ended();
        self.advance();
    }

    /// Answers the requests for the server's health.
    pub fn tell_health(&mut self, health: Health) {
        self.is_asked = false;
        self.connection.tell_health(health, &mut self.context);
        self.advance();
    }

    /// Answers one of the handler's calls, with its number, and any request for health.
    pub fn reply(&mut self, choice: usize) {
        if self.is_asked {
            self.tell_health(Health::Well);
        }
        self.reply_call(choice);
    }

    /// The same, without answering requests for health.
    pub fn reply_call(&mut self, choice: usize) {
        if self.unanswered.is_empty() {
            return;
        }
        let call = self.unanswered.swap_remove(choice % self.unanswered.len());
        let outcome = match call.number() % 3 {
            _ if self.context.table.routes.is_some() => functions::outcome(&call),
            0 => Outcome::Digits(call.number().to_string().into()),
            1 => Outcome::Error(422, call.number().to_string().into()),
            _ => Outcome::Value(call.number()),
        };
        self.reply_with(call, outcome.into());
    }

    /// One of the calls is too late when the handler takes it, and is not run.
    pub fn reply_late(&mut self, choice: usize) {
        if !self.unanswered.is_empty() {
            let call = self.unanswered.swap_remove(choice % self.unanswered.len());
            self.reply_with(call, Delivery::Late);
        }
    }

    fn reply_with(&mut self, call: Call, delivery: Delivery) {
        // The arguments are dropped first, as in the bridge.
        let sequence = call.sequence;
        drop(call);
        self.connection
            .replied(sequence, delivery.clone(), &mut self.context);
        // A second reply to the same call is dropped.
        assert!(
            !self
                .connection
                .replied(sequence, delivery, &mut self.context)
        );
        self.advance();
    }

    /// The thread that answers the handler's only call has sent the answer on the leased socket.
    pub fn reply_sent(&mut self) {
        let call = self.unanswered.pop().expect("a number");
        let sent = Delivery::Sent(self.context.started);
        assert!(
            self.connection
                .replied(call.sequence, sent, &mut self.context)
        );
        self.advance();
    }

    /// The send in flight sends up to `count` bytes.
    pub fn send(&mut self, count: usize) {
        let Some((bytes, offset)) = self.sending.take() else {
            return;
        };
        let end = bytes.len().min(offset.saturating_add(count.max(1)));
        self.sent.extend_from_slice(&bytes[offset..end]);
        if end < bytes.len() {
            self.sending = Some((bytes, end));
        } else {
            self.connection.sent(bytes, self.context.now);
        }
        self.advance();
    }

    pub fn pass(&mut self, milliseconds: u64) {
        self.context.now += milliseconds;
        self.context.now_us += milliseconds * 1000;
        if self.connection.expire(|| true, &mut self.context) {
            self.is_closed = true;
        }
        self.advance();
        let overdue = self.connection.deadline(&self.context.timeouts);
        assert!(
            self.is_closed || overdue.is_none_or(|at| at > self.context.now),
            "{overdue:?} at {}: {:?}",
            self.context.now,
            self.connection
        );
    }

    pub fn drain(&mut self) {
        self.connection.drain(self.context.now);
        self.advance();
    }

    /// Answers and sends everything that is owed.
    pub fn settle(&mut self) {
        while !self.unanswered.is_empty() || self.sending.is_some() || self.is_asked {
            self.reply(0);
            self.send(usize::MAX);
        }
    }

    /// The end of a turn of the event loop.
    fn advance(&mut self) {
        self.send_output();
        while let Some(call) = self.take_refused() {
            self.connection.overloaded(call.sequence, &mut self.context);
            self.send_output();
        }
        self.is_asked |= !self.context.asked.is_empty();
        self.context.asked.clear();
        for call in self.context.calls.drain(..) {
            if self.context.table.routes.is_some() {
                self.called_with.push(functions::described(&call));
            } else {
                self.called.push(call.number());
            }
            self.unanswered.push(call);
        }
        self.check();
    }

    fn send_output(&mut self) {
        loop {
            self.connection.resume(&mut self.context);
            let Some(output) = self.connection.take_output() else {
                break;
            };
            assert!(!output.is_empty());
            self.sends.push(output.len());
            self.sending = Some((output, 0));
        }
        if self.connection.is_finished() {
            self.is_closed = true;
        }
    }

    /// A call that is one too many.
    fn take_refused(&mut self) -> Option<Call> {
        let admitted = self.calls_max.saturating_sub(self.unanswered.len());
        (self.context.calls.len() > admitted).then(|| self.context.calls.remove(admitted))
    }

    fn check(&self) {
        assert!(self.connection.calls_waiting() <= PIPELINE_DEPTH_MAX);
        assert!(self.unanswered.len() >= self.connection.calls_waiting());
        let sending = self.sending.as_ref().map_or(0, |(bytes, _)| bytes.memory());
        let bytes_held = self.connection.buffered_bytes() + sending;
        let head = self.context.rules.head_bytes_max;
        // Vectors grow by doubling. Answers of functions may be long.
        assert!(
            self.context.table.routes.is_some()
                || bytes_held <= 2 * (BURST_BYTES_MAX + head + 2 * (OUTPUT_BYTES_MAX + 2048)),
            "{bytes_held}"
        );
        let answered = self.answers();
        assert!(answered <= self.context.counters.requests);
    }

    /// Answers encoded so far.
    pub fn answers(&self) -> u64 {
        let counters = &self.context.counters;
        let refused = counters.responses_4xx + counters.responses_5xx;
        counters.responses_2xx + counters.responses_3xx + refused
    }
}

/// The bytes sent, without the `100 Continue`s, which depend on how the peer's bytes were cut.
pub fn without_continue(sent: &[u8]) -> String {
    String::from_utf8_lossy(sent).replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

/// Runs the steps, and returns the part of the stream that has not arrived.
pub fn run<'a>(conversation: &mut Conversation, mut stream: &'a [u8], steps: &[Step]) -> &'a [u8] {
    // A paused receive may bring another burst before the pause takes effect, and no more.
    let mut burst = 0;
    for step in steps {
        match *step {
            Step::Arrive(count) => {
                if conversation.connection.wants_input() {
                    burst = 0;
                }
                let count = count.min(stream.len()).min(BURST_BYTES_MAX - burst);
                burst += count;
                conversation.arrive(&stream[..count]);
                stream = &stream[count..];
            }
            Step::Reply(choice) => conversation.reply(choice),
            Step::ReplyLate(choice) => conversation.reply_late(choice),
            Step::Send(count) => conversation.send(count),
            Step::Pass(milliseconds) => conversation.pass(milliseconds),
            Step::Drain => conversation.drain(),
            Step::End => {
                conversation.end();
                stream = &[];
            }
        }
    }
    stream
}
