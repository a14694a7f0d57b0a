//! All that a client sends, and the answers it must get.

use crate::HEALTH;
use crate::named::Said;
use crate::plan::Plan;
use crate::random::Random;

/// The most requests of one client, so that a number identifies client and request.
pub(crate) const REQUESTS_MAX: usize = 200;

/// The outcome that a request must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The handler gets this number. True: the connection closes after the answer.
    Call(i64, bool),
    /// It is refused with this status, and the connection stays.
    Refused(u16),
    /// A document of this many bytes is served, and the connection stays. True: the request has the
    /// first table's tag.
    Served(usize, bool),
    /// It asks for the server's health, and the connection stays.
    Asked,
    /// It is refused with one of these, and the connection closes.
    Last(&'static [u16]),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// Its end in the script's bytes.
    pub(crate) end: usize,
    /// The end of its head.
    pub(crate) head_end: usize,
    pub(crate) fate: Fate,
    /// The answer to its call.
    pub(crate) said: Said,
    /// Its answer has no content.
    pub(crate) is_head: bool,
    pub(crate) expects_continue: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    pub(crate) requests: Vec<Request>,
}

/// The number of a client's request, which identifies both.
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
        let count = random.pick(&[0, 1, 1, 2, 3, 5, 8, 8, 20, 100]);
        for index in 0..count {
            let n = number(client, index);
            if plan.has_functions {
                script.add_named(n, plan, random);
            } else {
                script.add(n, random);
            }
        }
        if count == 0 || random.once_in(3) {
            script.end_badly(number(client, count), plan, random);
        }
        script
    }

    /// One plain request.
    pub(crate) fn post(client: usize) -> Self {
        Self::one_post(client, "", false)
    }

    /// One plain request, behind which the client sends nothing.
    pub(crate) fn last_post(client: usize) -> Self {
        Self::one_post(client, "Connection: close\r\n", true)
    }

    fn one_post(client: usize, fields: &str, is_last: bool) -> Self {
        let mut script = Self::default();
        let n = number(client, 0);
        let line = format!("POST /{n} HTTP/1.1");
        script.push(&line, fields, "", Fate::Call(n, is_last));
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

    /// A request for the server's health.
    pub(crate) fn ask(&mut self, random: &mut Random) {
        let is_head = random.once_in(4);
        let method = if is_head { "HEAD" } else { "GET" };
        self.push(&format!("{method} {HEALTH} HTTP/1.1"), "", "", Fate::Asked);
        self.last().is_head = is_head;
    }

    /// A request that ends the conversation, and one behind it that must not be answered.
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
            // Never complete.
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
