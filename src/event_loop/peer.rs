//! One accepted connection as the event loop sees it: its socket, what is in flight on it, and how it ends.
//!
//! Invariant: the slot is freed, and the socket closed, only while `in_flight` is 0: the kernel holds nothing of it.

use std::os::fd::OwnedFd;

use crate::connection::Connection;

/// How far a peer is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are read and answered.
    Open,
    /// Our side is shut down; what still comes is discarded until the peer ends its side too.
    Lingering,
    /// Both sides are shut down; the ops in flight complete.
    Terminating,
}

/// Whether a receive is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recv {
    Unarmed,
    Armed,
    /// Armed, and its cancellation is in flight too.
    Cancelling,
}

/// One accepted connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) connection: Connection,
    pub(super) socket: OwnedFd,
    pub(super) phase: Phase,
    pub(super) recv: Recv,
    /// How much of the send in flight has been sent; `None` exactly when no send is in flight.
    pub(super) sending: Option<usize>,
    /// Ops pushed for this peer whose last completion has not arrived.
    pub(super) in_flight: u32,
    /// True exactly when the peer is in the event loop's list of those to advance.
    pub(super) touched: bool,
}

impl Peer {
    pub(super) fn new(connection: Connection, socket: OwnedFd) -> Self {
        Self {
            connection,
            socket,
            phase: Phase::Open,
            recv: Recv::Unarmed,
            sending: None,
            in_flight: 0,
            touched: false,
        }
    }
}
