//! One client: the requests it has sent, the answers it has read, and whether they were right.

use crate::functions::text;
use crate::plan::Plan;
use crate::script::{Fate, Request, Script};

const OVERLOADED: &str = "Too many requests are waiting for their functions.";
const NO_ROOM: &str = "Too many bodies are waiting for their functions.";
const LATE_HANDLER: &str = "The function took too long.";

const LATE_HEALTH: &str = "The JavaScript thread did not answer in time.";
const CLOSING: &str = "The server is closing.";
const NO_WORKER: &str = "No worker is available.";
const WELL: &str = "{\"status\":\"ok\"}\n";

/// Whether the handler was given a request, and has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Unknown,
    Handed,
    Answered,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Client {
    pub(crate) script: Script,
    /// Bytes of the script that it has sent.
    pub(crate) sent: usize,
    /// It has ended its side, or the whole connection.
    pub(crate) has_ended: bool,
    /// It never reads, and never ends.
    pub(crate) is_stubborn: bool,
    /// Bytes that it has read and not parsed yet.
    unread: Vec<u8>,
    /// Whole answers that it has read.
    pub(crate) answers: usize,
    continues: usize,
    /// It has read an answer that says that the connection closes.
    pub(crate) has_last_answer: bool,
    /// It has read the end.
    pub(crate) has_read_end: bool,
    calls: Vec<Call>,
    /// Requests served a document, each with the document's table, until they are checked.
    pub(crate) served: Vec<(usize, usize)>,
    /// All calls of requests before this one have been handed to the handler.
    pub(crate) next_call: usize,
}

struct Answer<'a> {
    status: u16,
    closes: bool,
    body: &'a str,
    length: usize,
    /// The table named by a document's tag.
    table: Option<usize>,
}

impl Client {
    pub(crate) fn new(script: Script, is_stubborn: bool) -> Self {
        Self {
            calls: vec![Call::Unknown; script.requests.len()],
            script,
            sent: 0,
            has_ended: false,
            is_stubborn,
            unread: Vec::new(),
            answers: 0,
            continues: 0,
            has_last_answer: false,
            has_read_end: false,
            served: Vec::new(),
            next_call: 0,
        }
    }

    /// The handler was given request `index`, of which the server has read `received` bytes.
    pub(crate) fn on_handed(&mut self, index: usize, number: i64, received: usize) {
        assert!(index >= self.next_call, "call {number} is out of order");
        let request = self.script.requests[index];
        assert!(
            matches!(request.fate, Fate::Call(called, _) if called == number),
            "the handler got {number}, which was not to be called"
        );
        assert!(request.end <= received, "{number} was not whole");
        let before = &self.script.requests[..index];
        assert!(!before.iter().any(Request::is_last), "{number} is too late");
        self.calls[index] = Call::Handed;
        self.next_call = index + 1;
    }

    /// All requests that it has sent are whole, and answered.
    pub(crate) fn is_between_requests(&self) -> bool {
        let mut ends = self.script.requests.iter().map(|request| request.end);
        let last = ends.position(|end| end == self.sent);
        self.sent == 0 || last.is_some_and(|last| last + 1 == self.answers)
    }

    /// How many of its requests the handler has.
    pub(crate) fn calls_waiting(&self) -> usize {
        let is_waiting = |call: &&Call| **call == Call::Handed;
        self.calls.iter().filter(is_waiting).count()
    }

    pub(crate) fn on_handler_answered(&mut self, index: usize) {
        assert_ne!(self.calls[index], Call::Unknown);
        self.calls[index] = Call::Answered;
    }

    /// It reads these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8], plan: &Plan, closing: bool) {
        self.unread.extend_from_slice(bytes);
        let mut unread = std::mem::take(&mut self.unread);
        let mut at = 0;
        while let Some(length) = self.read_one(&unread[at..], plan, closing) {
            at += length;
        }
        unread.drain(..at);
        self.unread = unread;
    }

    /// True: an answer has begun and is not whole.
    pub(crate) fn has_partial_answer(&self) -> bool {
        !self.unread.is_empty()
    }

    /// How many answers it must have: to every request that was handed over, to those refused
    /// before them, and, with `all`, to every request that it sent.
    pub(crate) fn answers_due(&self, all: bool, never: impl Fn(i64) -> bool) -> usize {
        let mut due = 0;
        for (index, request) in self.script.requests.iter().enumerate() {
            let is_read = if all {
                request.end <= self.sent
            } else {
                index < self.next_call
            };
            let Fate::Call(number, _) = request.fate else {
                if !is_read {
                    break;
                }
                due += 1;
                if request.is_last() {
                    break;
                }
                continue;
            };
            if !is_read || (self.calls[index] == Call::Handed && never(number)) {
                break;
            }
            due += 1;
            if request.is_last() {
                break;
            }
        }
        due
    }

    fn read_one(&mut self, unread: &[u8], plan: &Plan, closing: bool) -> Option<usize> {
        if unread.is_empty() {
            return None;
        }
        assert!(
            !self.has_last_answer,
            "the last answer is followed by {:?}",
            String::from_utf8_lossy(unread)
        );
        let is_head = self.script.requests.get(self.answers);
        let is_head = is_head.is_some_and(|request| request.is_head);
        let answer = Answer::parse(unread, is_head)?;
        if answer.status == 100 {
            self.continues += 1;
            let expecting = |request: &&Request| request.expects_continue;
            let expected = self.script.requests.iter().filter(expecting).count();
            assert!(self.continues <= expected, "no request expects this 100");
            return Some(answer.length);
        }
        if answer.closes && answer.is(503, NO_ROOM) {
            // It came while the body was arriving, which ends the conversation.
            self.script.requests[self.answers].fate = Fate::Last(&[503]);
        }
        self.check(&answer, plan, closing);
        self.served
            .extend(answer.table.map(|table| (self.answers, table)));
        self.answers += 1;
        self.has_last_answer = answer.closes;
        Some(answer.length)
    }

    fn check(&self, answer: &Answer<'_>, plan: &Plan, closing: bool) {
        let &Answer {
            status,
            closes,
            body,
            ..
        } = answer;
        let index = self.answers;
        let timeouts = plan.limits.timeouts;
        if status == 408 {
            assert!(
                timeouts.headers + timeouts.request > 0,
                "there is no timeout"
            );
            assert!(closes, "a 408 is the last answer");
            return;
        }
        let request = self.script.requests.get(index);
        let request = request.unwrap_or_else(|| panic!("answer {index} to no request: {body}"));
        assert!(
            closes == request.is_last() || (closes && closing),
            "answer {index}: closes is {closes}"
        );
        match request.fate {
            Fate::Refused(expected) => {
                assert_eq!(status, expected, "answer {index}");
                assert!(request.end <= self.sent, "answer {index} comes too soon");
            }
            Fate::Served(length, knows) => {
                assert!(request.end <= self.sent, "answer {index} comes too soon");
                answer.check_served(length, knows);
            }
            Fate::Asked => {
                assert!(request.end <= self.sent, "answer {index} comes too soon");
                answer.check_told(request.is_head, timeouts.handler > 0);
            }
            Fate::Last(&[503]) => assert!(plan.is_short_of_memory(), "there was room"),
            Fate::Last(expected) => assert!(expected.contains(&status), "{index}: {status}"),
            Fate::Call(number, _) => {
                assert!(request.end <= self.sent, "answer {index} comes too soon");
                let call = self.calls[index];
                if answer.is(503, OVERLOADED) {
                    assert_eq!(call, Call::Unknown, "refused, and called");
                    assert!(plan.limits.in_flight_max < 1000, "there was no overload");
                } else if answer.is(503, NO_ROOM) {
                    assert_eq!(call, Call::Unknown, "refused, and called");
                    assert!(plan.is_short_of_memory(), "there was room");
                } else if answer.is(503, LATE_HANDLER) {
                    assert_ne!(call, Call::Unknown, "late, and never called");
                    let is_due = timeouts.handler > 0 || is_late(number);
                    assert!(is_due, "there is no timeout");
                } else {
                    assert_eq!(call, Call::Answered, "answer {index} to no call: {body}");
                    if is_error(number) {
                        assert!(answer.is(422, &number.to_string()), "{index}: {body}");
                    } else {
                        let is_right = request.said.is_said_by(number, status, body);
                        assert!(is_right, "{index}: {status}, {body} to {request:?}");
                    }
                }
            }
        }
    }
}

/// The numbers that the handler takes for too late.
pub(crate) fn is_late(number: i64) -> bool {
    number % 13 == 8
}

/// The numbers that the handler answers with an error.
pub(crate) fn is_error(number: i64) -> bool {
    number % 7 == 3
}

impl<'a> Answer<'a> {
    /// True: it is this error, as a sentence or as a problem document.
    fn is(&self, status: u16, sentence: &str) -> bool {
        let is_document = || self.body.contains(&format!("\"detail\":\"{sentence}\","));
        self.status == status && (self.body.trim_end() == sentence || is_document())
    }

    /// It is a document of `length` bytes, or a 304 to a client that `knows` the first table's.
    fn check_served(&self, length: usize, knows: bool) {
        let &Self { status, body, .. } = self;
        let table = self.table.expect("a document has a tag");
        if status == 304 {
            assert_eq!((knows, table), (true, 0));
        } else {
            assert!(status == 200 && !(knows && table == 0), "{status}");
            assert!(length == 0 || body == text(table, length), "{body}");
        }
    }

    /// It is an answer about the server's health.
    fn check_told(&self, is_head: bool, may_be_late: bool) {
        let &Self { status, body, .. } = self;
        let is_well = status == 200 && (is_head || body == WELL);
        let is_late = may_be_late && self.is(503, LATE_HEALTH);
        let is_ill = self.is(503, CLOSING) || self.is(503, NO_WORKER);
        let is_told = is_well || is_late || is_ill || (is_head && status == 503);
        assert!(is_told, "{status}, {body}");
    }

    /// None: it is not whole.
    fn parse(bytes: &'a [u8], is_head: bool) -> Option<Self> {
        let text = std::str::from_utf8(bytes).expect("answers are ASCII");
        let head_end = text.find("\r\n\r\n")? + 4;
        let head = &text[..head_end];
        let status = head.strip_prefix("HTTP/1.1 ").expect("an answer's start");
        let status: u16 = status[..3].parse().expect("a status");
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length = match field("Content-Length: ") {
            // A HEAD request that the server has not read whole is not known to be one.
            _ if is_head && matches!(status, 200 | 405 | 503) => 0,
            Some(length) => length.parse().expect("a length"),
            None => {
                assert!(matches!(status, 100 | 304), "an answer has a length");
                0
            }
        };
        let body = text.get(head_end..head_end + length)?;
        Some(Self {
            status,
            closes: field("Connection: ") == Some("close"),
            body,
            length: head_end + length,
            table: field("ETag: ").map(|tag| tag.trim_matches('"').parse().expect("a table")),
        })
    }
}
