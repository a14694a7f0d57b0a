//! One connection between a client and the server: its bytes in transit, and its ops in flight.

use std::collections::VecDeque;
use std::fs::File;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Weak;

use ringcall::bridge::LeasedSocket;
use ringcall::bytes::Bytes;
use ringcall::uring::{Receive, Token};

use crate::client::Client;

/// The state of the server's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The client has not connected.
    Unborn,
    /// It waits to be accepted.
    Waiting,
    /// The server has it.
    Accepted,
    /// It is closed.
    Closed,
}

/// A receive in flight.
#[derive(Debug)]
pub(crate) struct Recv {
    pub(crate) how: Receive,
    pub(crate) is_submitted: bool,
    pub(crate) is_cancelled: bool,
}

impl Recv {
    pub(crate) fn new(how: Receive) -> Self {
        Self {
            how,
            is_submitted: false,
            is_cancelled: false,
        }
    }
}

/// A send in flight.
#[derive(Debug)]
pub(crate) struct Send {
    pub(crate) bytes: Bytes,
    pub(crate) offset: usize,
    pub(crate) is_quiet: bool,
    pub(crate) is_submitted: bool,
    /// The completion of a quiet send, known since its submission.
    pub(crate) decided: Option<Result<usize, i32>>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Socket {
    pub(crate) client: Client,
    pub(crate) stage: Stage,
    /// The server's end, until it is accepted: a descriptor that only stands for its number.
    pub(crate) ours: Option<OwnedFd>,
    pub(crate) descriptor: RawFd,
    pub(crate) token: Option<Token>,
    /// The server's end, once it has been leased.
    pub(crate) lease: Option<Weak<LeasedSocket>>,
    /// Bytes sent by the client and not received yet.
    pub(crate) to_server: VecDeque<u8>,
    /// How many bytes the server has received.
    pub(crate) received: usize,
    /// The client has ended its side.
    pub(crate) is_ended: bool,
    /// The connection is dead; the server's next op finds out.
    pub(crate) is_reset: bool,
    pub(crate) knows_reset: bool,
    /// Bytes sent by the server and not read yet.
    pub(crate) to_client: VecDeque<u8>,
    /// When the last of them were sent.
    pub(crate) sent_at: u64,
    /// Some of them may not have left yet, until the server shuts its side down or sends the rest.
    pub(crate) has_unpushed: bool,
    /// Set when the server has shut down its side, or both.
    pub(crate) is_shut: Option<Shutdown>,
    pub(crate) recv: Option<Recv>,
    pub(crate) send: Option<Send>,
    /// Pushed ops whose last event has not been taken.
    pub(crate) in_flight: usize,
    /// Something happened to it that excuses missing answers.
    pub(crate) is_excused: bool,
}

impl Socket {
    pub(crate) fn new(client: Client) -> Self {
        let ours = File::open("/dev/null").expect("it is there");
        Self {
            client,
            stage: Stage::Unborn,
            descriptor: ours.as_raw_fd(),
            ours: Some(ours.into()),
            token: None,
            lease: None,
            to_server: VecDeque::new(),
            received: 0,
            is_ended: false,
            is_reset: false,
            knows_reset: false,
            to_client: VecDeque::new(),
            sent_at: 0,
            has_unpushed: false,
            is_shut: None,
            recv: None,
            send: None,
            in_flight: 0,
            is_excused: false,
        }
    }

    /// The server has it, and may do something to it.
    pub(crate) fn is_accepted(&self) -> bool {
        self.stage == Stage::Accepted
    }

    /// The server let go of it while an answering thread had its lease; that thread has closed it.
    pub(crate) fn is_closed_by_answerer(&self) -> bool {
        let is_gone = |lease: &Weak<LeasedSocket>| lease.strong_count() == 0;
        self.is_accepted() && self.lease.as_ref().is_some_and(is_gone)
    }

    /// The client may still do something.
    pub(crate) fn is_connected(&self) -> bool {
        self.stage != Stage::Unborn && !self.is_reset
    }

    /// The server can send nothing any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_reset || self.is_shut.is_some()
    }

    /// The client cuts the connection, or the network does.
    pub(crate) fn reset(&mut self) {
        self.is_reset = true;
        self.is_excused = true;
        self.client.has_ended = true;
    }
}
