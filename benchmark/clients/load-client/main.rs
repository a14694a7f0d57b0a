//! The loads that wrk cannot make: a connection for each request, where a close ends an answer like
//! any other; and requests at due times, whatever has been answered.
//!
//! `load-client PORT SECONDS CONNECTIONS MODE PATH [BODY]`, where MODE is `keep-alive`, `close` or a
//! rate in requests a second. Prints one line of JSON for `load.js`, latencies in microseconds.
//!
//! With a rate, requests are due at random times (a Poisson process, the same in every run), and a
//! latency counts from when its request was due, so that waits for a connection or a stalled server
//! are not hidden (coordinated omission). A request that finds no connection idle waits for one.
//! Between two requests the client spins rather than sleeps, because a wake-up takes longer than
//! many answers.
#![expect(
    clippy::print_stdout,
    reason = "that is how the benchmark learns the figures"
)]

mod answer;
mod arrivals;
mod client;
mod figures;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use client::{Client, Mode};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, seconds, connections, mode, path, body @ ..] = arguments.as_slice() else {
        return Err(
            "load-client PORT SECONDS CONNECTIONS keep-alive|close|RATE PATH [BODY]".into(),
        );
    };
    let mode = match mode.as_str() {
        "keep-alive" => Mode::KeepAlive,
        "close" => Mode::Close,
        rate => Mode::Open(rate.parse()?),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse::<u16>()?));
    let request = request(path, body.first().map_or("", String::as_str), mode);
    let connections = connections.parse()?;
    let mut client = Client::connect(address, request, mode, connections)?;
    println!("{}", client.run(Duration::from_secs(seconds.parse()?))?);
    Ok(())
}

fn request(path: &str, body: &str, mode: Mode) -> Vec<u8> {
    let close = if mode == Mode::Close {
        "Connection: close\r\n"
    } else {
        ""
    };
    let fields = if body.is_empty() {
        String::new()
    } else {
        format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        )
    };
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{close}{fields}\r\n{body}").into_bytes()
}
