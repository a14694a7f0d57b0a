//! What a client says in its life, and what it must hear.

use crate::HEALTH;
use crate::named::Said;
use crate::plan::Plan;
use crate::random::Random;

/// Requests of one client at most, so that a number tells client and request.
pub(crate) const REQUESTS_MAX: usize = 200;

/// What must become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The handler gets this number. True: and the connection closes after the answer.
    Call(i64, bool),
    /// It is refused with this status, and the connection stays.
    Refused(u16),
    /// A document of so many bytes is served, and the connection stays. True: it has the table's tag
    /// as it was at first.
    Served(usize, bool),
    /// It asks how the server is, and the connection stays.
    Asked,
    /// It is refused with one of these, and the connection closes.
    Last(&'static [u16]),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// Where it ends in the script's bytes.
    pub(crate) end: usize,
    /// Where its head does.
    pub(crate) head_end: usize,
    pub(crate) fate: Fate,
    /// What is answered to its call.
    pub(crate) said: Said,
    /// It has no answer's body.
    pub(crate) is_head: bool,
    pub(crate) expects_continue: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    pub(crate) requests: Vec<Request>,
}

/// The number of a client's request, from which both can be told.
pub(crate) fn number(client: usize, request: usize) -> i64 {
    i64::try_from(client * REQUESTS_MAX + request + 1).expect("small")
}

/// The client and the request of a number.
pub(crate) fn whose(number: i64) -> (usize, usize) {
    let index = usize::try_from(number - 1).expect("a number of ours");
    (index / REQUESTS_MAX, index % REQUESTS_MAX)
}

impl Script {
    pub(crate) fn new(client: usize, plan: &Plan, random: &mut Random) -> Self {
        let mut script = Self::default();
        let count = random.pick(&[1, 1, 2, 3, 5, 8, 8, 20, 100]);
        for index in 0..count {
            let n = number(client, index);
            if plan.has_functions {
                script.add_named(n, plan, random);
            } else {
                script.add(n, random);
            }
        }
        if random.once_in(3) {
            script.end_badly(number(client, count), plan, random);
        }
        script
    }

    /// One plain request.
    pub(crate) fn post(client: usize) -> Self {
        let mut script = Self::default();
        let n = number(client, 0);
        let line = format!("POST /{n} HTTP/1.1");
        script.push(&line, "", "", Fate::Call(n, false));
        script
    }

    fn add(&mut self, n: i64, random: &mut Random) {
        let call = Fate::Call(n, false);
        match random.below(17) {
            16 => self.ask(random),
            0 => {
                let length = random.up_to(99);
                let fields = format!("Content-Length: {length}\r\n");
                let body = "x".repeat(length);
                self.push(&format!("POST /{n} HTTP/1.1"), &fields, &body, call);
            }
            1 => {
                let chunk = "a;b=c\r\nxxxxxxxxxx\r\n".repeat(random.below(4));
                let body = format!("{chunk}0\r\nTrailer: z\r\n\r\n");
                let fields = "Transfer-Encoding: chunked\r\n";
                self.push(&format!("POST /{n} HTTP/1.1"), fields, &body, call);
            }
            2 => {
                let fields = "Expect: 100-continue\r\nContent-Length: 3\r\n";
                self.push(&format!("POST /{n} HTTP/1.1"), fields, "abc", call);
                self.last().expects_continue = true;
            }
            3 => self.push("GET /15 HTTP/1.1", "", "", Fate::Refused(405)),
            4 => {
                self.push("HEAD /15 HTTP/1.1", "", "", Fate::Refused(405));
                self.last().is_head = true;
            }
            5 => self.push("POST /abc HTTP/1.1", "", "", Fate::Refused(400)),
            6 => {
                let fields = "Connection: keep-alive\r\n";
                self.push(&format!("POST /{n} HTTP/1.0"), fields, "", call);
            }
            _ => self.push(&format!("POST /{n} HTTP/1.1"), "", "", call),
        }
    }

    /// How the server is.
    pub(crate) fn ask(&mut self, random: &mut Random) {
        let is_head = random.once_in(4);
        let method = if is_head { "HEAD" } else { "GET" };
        self.push(&format!("{method} {HEALTH} HTTP/1.1"), "", "", Fate::Asked);
        self.last().is_head = is_head;
    }

    /// What ends the conversation, and something behind it that nobody may answer.
    fn end_badly(&mut self, n: i64, plan: &Plan, random: &mut Random) {
        let function = if plan.has_functions { "count/" } else { "" };
        let post = format!("POST /{function}{n} HTTP/1.1");
        let last = Fate::Call(n, true);
        match random.below(10) {
            0 => self.push(&post, "Connection: close\r\n", "", last),
            1 => self.push(&format!("POST /{function}{n} HTTP/1.0"), "", "", last),
            2 => self.push(&post, "Host: b\r\n", "", Fate::Last(&[400])),
            3 => self.push("\x16\x03\x01", "", "", Fate::Last(&[400])),
            4 => {
                let field = format!("X: {}\r\n", "y".repeat(random.up_to(400) + 200));
                self.push(&post, &field, "", Fate::Last(&[431]));
            }
            5 => {
                let target = format!("POST /{} HTTP/1.1", "1".repeat(random.up_to(400) + 200));
                self.push(&target, "", "", Fate::Last(&[414]));
            }
            6 => {
                let field = format!("Content-Length: {}\r\n", plan.limits.body_bytes_max + 1);
                self.push(&post, &field, "", Fate::Last(&[413]));
            }
            8 if plan.has_functions => {
                let fields = "Expect: 100-continue\r\nContent-Length: 3\r\n";
                self.push("POST /nobody HTTP/1.1", fields, "", Fate::Last(&[404]));
            }
            7 => {
                let field = "Transfer-Encoding: chunked\r\n";
                self.push(&post, field, "zz\r\n", Fate::Last(&[400]));
            }
            // Never whole.
            _ => self
                .bytes
                .extend_from_slice(b"POST /1 HTTP/1.1\r\nHost: a\r\n"),
        }
        if random.once_in(2) {
            let more = "POST /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(random.up_to(20));
            if self.requests.last().is_some_and(Request::is_last) {
                self.bytes.extend_from_slice(more.as_bytes());
            }
        }
    }

    pub(crate) fn push(&mut self, line: &str, fields: &str, body: &str, fate: Fate) {
        let head = format!("{line}\r\nHost: a\r\n{fields}\r\n");
        self.bytes.extend_from_slice(head.as_bytes());
        let head_end = self.bytes.len();
        self.bytes.extend_from_slice(body.as_bytes());
        self.requests.push(Request {
            end: self.bytes.len(),
            head_end,
            fate,
            said: Said::Number,
            is_head: false,
            expects_continue: false,
        });
    }

    /// The request that was pushed last.
    pub(crate) fn last(&mut self) -> &mut Request {
        self.requests.last_mut().expect("just pushed")
    }
}

impl Request {
    /// True: the connection closes after its answer.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self.fate, Fate::Call(_, true) | Fate::Last(_))
    }
}
