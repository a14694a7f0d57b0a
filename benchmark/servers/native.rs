//! ringcall's ring thread without JavaScript: the same handler in Rust, which runs on the ring
//! thread itself.
//!
//! Argument: a Unix socket path; without one, a free port of the loopback. Talks to the benchmark
//! as `announce.js` says.
#![expect(
    clippy::print_stdout,
    reason = "that is how the benchmark learns where"
)]

use std::env;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ringcall::bridge::{Call, CallSink, Outcome, Reply, ReplyQueue};
use ringcall::limits::{Limits, RingSize};
use ringcall::listener::{Address, ListenOptions, Place};
use ringcall::server::{Options, Server};

struct Native {
    reply_queue: Arc<ReplyQueue>,
}

impl CallSink for Native {
    fn call(&self, calls: &mut Vec<Call>) {
        let mut replies = calls.drain(..).map(answer).collect();
        self.reply_queue.post_replies(&mut replies);
    }

    fn closed(&self, failure: Option<String>) {
        assert_eq!(failure, None);
    }
}

fn answer(call: Call) -> Reply {
    let value = fibonacci(call.number());
    call.reply(Outcome::Value(value))
}

fn fibonacci(n: i64) -> i64 {
    let (mut a, mut b) = (0_i64, 1);
    for _ in 0..n {
        (a, b) = (b, a.wrapping_add(b));
    }
    a
}

fn main() -> io::Result<()> {
    let place = match env::args_os().nth(1) {
        Some(path) => Place::Path(PathBuf::from(path)),
        None => Place::Port {
            host: Some("127.0.0.1".to_owned()),
            port: 0,
        },
    };
    let options = Options {
        listen: ListenOptions {
            place,
            backlog: 1024,
            reuse_port: false,
            ipv6_only: false,
        },
        ring_threads: 1,
        ring_size: RingSize::default(),
        bigint: false,
        routes: None,
        origins: Vec::new(),
        health: None,
        limits: Limits::default(),
        started: Instant::now(),
    };
    let server = Server::start(&options, |ring, reply_queues| Native {
        reply_queue: Arc::clone(&reply_queues[ring]),
    });
    let server = server.map_err(|refused| io::Error::other(refused.to_string()))?;
    match server.address() {
        Address::Tcp(address) => println!("PORT {}", address.port()),
        Address::Path(path) => println!("PATH {}", path.display()),
    }
    // Until the benchmark closes it.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
