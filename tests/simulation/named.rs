//! Requests that clients send to a server of functions by name, and the answers due.

use crate::functions::{LONG, LONG_BYTES, SHORT, SHORT_BYTES};
use crate::handler::ANSWER_BYTES_MAX;
use crate::plan::Plan;
use crate::random::Random;
use crate::script::{Fate, Script};

const JSON: &str = "Content-Type: application/json\r\n";

/// An answer's content besides its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing.
    Number,
    /// An array of it and of this many strings, each of this many letters.
    Strings(usize, usize),
    /// This many letters behind it.
    Letters(usize),
}

impl Said {
    pub(crate) fn is_said_by(self, number: i64, status: u16, body: &str) -> bool {
        match self {
            Self::Number => (status, body.trim_end()) == (200, &*number.to_string()),
            Self::Strings(count, length) => {
                let strings = format!(",\"{}\"", "v".repeat(length)).repeat(count);
                (status, body) == (200, &*format!("[{number}{strings}]"))
            }
            Self::Letters(count) => {
                (status, body) == (201, &*format!("{number}{}", "x".repeat(count)))
            }
        }
    }
}

impl Script {
    /// A request for one of the functions, most often a good one.
    pub(crate) fn add_named(&mut self, n: i64, plan: &Plan, random: &mut Random) {
        let call = Fate::Call(n, false);
        match random.below(26) {
            24..26 => self.ask(random),
            0..4 => self.push(&format!("POST /count/{n} HTTP/1.1"), "", "", call),
            4..6 => self.push_framed("count", JSON, &format!("[{n}]"), call, random),
            6..11 => self.say(n, plan, random),
            11..14 => {
                let length = random.pick(&[0, 10, 300, 1_500]);
                let data = format!("{n}{}", "x".repeat(length));
                self.push_framed("keep", "X-Tag: a\r\n", &data, call, random);
                self.last().said = Said::Letters(length);
            }
            20..24 => self.read(plan, random),
            14 => {
                let fields = format!("{JSON}Expect: 100-continue\r\n");
                self.push_framed("count", &fields, &format!("[{n}]"), call, random);
                self.last().expects_continue = true;
            }
            15 => self.push_framed("nobody", JSON, "[1]", Fate::Refused(404), random),
            16 => self.push_framed("count", JSON, "[1,2]", Fate::Refused(400), random),
            17 => self.push_framed("count", "", "[1]", Fate::Refused(415), random),
            18 => {
                self.push("HEAD /count/1 HTTP/1.1", "", "", Fate::Refused(405));
                self.last().is_head = true;
            }
            _ => {
                let line = format!("POST /count/{n} HTTP/1.0");
                self.push(&line, "Connection: keep-alive\r\n", "", call);
            }
        }
    }

    /// A request for a document.
    fn read(&mut self, plan: &Plan, random: &mut Random) {
        // Long ones take many turns through a small socket.
        let is_long = plan.socket_bytes >= 4_000 && random.once_in(5);
        let (path, length) = if is_long {
            (LONG, LONG_BYTES)
        } else {
            (SHORT, SHORT_BYTES)
        };
        let is_head = random.once_in(4);
        let method = if is_head { "HEAD" } else { "GET" };
        let knows = random.once_in(3);
        let tag = if knows {
            "If-None-Match: \"0\"\r\n"
        } else {
            ""
        };
        let (length_field, body) =
            random.pick(&[("", ""), ("", ""), ("Content-Length: 3\r\n", "xyz")]);
        let fields = format!("{tag}{length_field}");
        let fate = Fate::Served(if is_head { 0 } else { length }, knows);
        self.push(&format!("{method} {path} HTTP/1.1"), &fields, body, fate);
        self.last().is_head = is_head;
    }

    fn say(&mut self, n: i64, plan: &Plan, random: &mut Random) {
        let length = random.pick(&[0, 1, 20, 500, 1_500]);
        // Long answers take many turns through a small socket.
        let is_long = plan.socket_bytes >= 4_000 && random.once_in(10);
        let most = if is_long { ANSWER_BYTES_MAX } else { 1_000 };
        let times = random.pick(&[0, 1, 2, most / (length + 3)]);
        let value = "v".repeat(length);
        let body = format!(r#"{{"times":{times},"value":"{value}","n":{n}}}"#);
        self.push_framed("say", JSON, &body, Fate::Call(n, false), random);
        self.last().said = Said::Strings(times, length);
    }

    /// With a length, or in chunks.
    fn push_framed(
        &mut self,
        function: &str,
        fields: &str,
        body: &str,
        fate: Fate,
        random: &mut Random,
    ) {
        let line = format!("POST /{function} HTTP/1.1");
        if random.once_in(3) {
            let size = random.pick(&[1, 7, 100, 5_000]);
            let mut chunks = String::new();
            for chunk in body.as_bytes().chunks(size) {
                let data = String::from_utf8_lossy(chunk);
                let length = format!("{:x}", chunk.len());
                chunks.extend([&length, "\r\n", &*data, "\r\n"]);
            }
            let fields = format!("{fields}Transfer-Encoding: chunked\r\n");
            self.push(&line, &fields, &format!("{chunks}0\r\n\r\n"), fate);
        } else {
            let fields = format!("{fields}Content-Length: {}\r\n", body.len());
            self.push(&line, &fields, body, fate);
        }
    }
}
