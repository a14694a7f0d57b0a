//! Ops in flight, and the effects of their submission.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use ringcall::uring::{Event, Op, Token};

use crate::plan::{KINDS, Kind};
use crate::socket::Stage;
use crate::world::World;

/// A provided buffer that the server has.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) id: u16,
    pub(crate) bytes: Vec<u8>,
    /// How many it has room for.
    pub(crate) room: usize,
}

/// An op that the loop has pushed.
#[derive(Debug)]
pub(crate) enum Pushed {
    Accept,
    Recv(usize),
    Send(usize),
    Cancel(Op, Token),
    Wake,
    Tick,
    Delay,
}

#[derive(Debug, Default)]
pub(crate) struct Accept {
    pub(crate) multishot: bool,
    pub(crate) is_submitted: bool,
    pub(crate) is_cancelled: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Timer {
    pub(crate) at: u64,
    pub(crate) is_submitted: bool,
    pub(crate) is_cancelled: bool,
}

#[derive(Debug)]
pub(crate) struct Cancel {
    pub(crate) op: Op,
    pub(crate) token: Token,
    pub(crate) is_done: bool,
    /// Completes when nothing else does.
    pub(crate) is_last: bool,
}

/// A completion that the loop has not taken.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) event: Event<Lent>,
    /// The connection it belongs to.
    pub(crate) index: Option<usize>,
    pub(crate) is_final: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ops {
    pub(crate) pushed: Vec<Pushed>,
    pub(crate) accept: Option<Accept>,
    /// Whether the poll in flight is cancelled.
    pub(crate) wake: Option<bool>,
    pub(crate) wake_is_due: bool,
    pub(crate) wake_is_written: bool,
    pub(crate) tick: Option<Timer>,
    pub(crate) delay: Option<Timer>,
    pub(crate) buffers: Vec<u16>,
    pub(crate) in_flight: usize,
    pub(crate) cancels: Vec<Cancel>,
    /// Connections whose quiet send has succeeded without a completion.
    pub(crate) quiet: Vec<usize>,
    pub(crate) ready: VecDeque<Posted>,
    /// How often each kind has completed.
    pub(crate) completed: [usize; KINDS],
}

impl Accept {
    pub(crate) fn new(multishot: bool) -> Self {
        Self {
            multishot,
            ..Self::default()
        }
    }
}

impl Timer {
    pub(crate) fn new(now: u64, after: Duration) -> Self {
        let after = u64::try_from(after.as_millis()).expect("short");
        assert!(after > 0, "spins");
        Self {
            at: now + after,
            ..Self::default()
        }
    }

    fn submit(&mut self, is_early: bool) {
        self.is_submitted = true;
        if is_early {
            self.at = 0;
        }
    }

    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.is_submitted && (self.is_cancelled || self.at <= now)
    }
}

impl Ops {
    /// Nothing is in flight, and every buffer is the kernel's.
    pub(crate) fn new(buffers: u16) -> Self {
        Self {
            buffers: (0..buffers).collect(),
            ..Self::default()
        }
    }

    /// Connections whose quiet send has succeeded without the loop knowing.
    pub(crate) fn quiet(&self) -> &[usize] {
        &self.quiet
    }
}

impl World {
    pub(crate) fn next_event(&mut self) -> Option<Event<Lent>> {
        let posted = self.ops.ready.pop_front()?;
        if posted.is_final {
            self.ops.in_flight -= 1;
            if let Some(index) = posted.index {
                self.sockets[index].in_flight -= 1;
            }
        }
        Some(posted.event)
    }

    /// True: there is a completion to take, which has woken the loop.
    pub(crate) fn has_completions(&self) -> bool {
        !self.ops.ready.is_empty()
    }

    /// Ops that were pushed reach the kernel, in that order.
    pub(crate) fn submit_pushed(&mut self) {
        let has_unpushed = self.sockets.iter().any(|socket| socket.has_unpushed);
        assert!(!has_unpushed, "the last bytes are not sent");
        for op in mem::take(&mut self.ops.pushed) {
            match op {
                Pushed::Accept => self.ops.accept.as_mut().expect("pushed").is_submitted = true,
                Pushed::Tick => {
                    let is_early = self.fails(Kind::Tick).is_some();
                    self.ops.tick.as_mut().expect("pushed").submit(is_early);
                }
                Pushed::Delay => {
                    let is_early = self.goes_wrong(4);
                    self.ops.delay.as_mut().expect("pushed").submit(is_early);
                }
                Pushed::Wake => {}
                Pushed::Recv(index) => {
                    self.sockets[index]
                        .recv
                        .as_mut()
                        .expect("pushed")
                        .is_submitted = true;
                }
                Pushed::Send(index) => self.submit_send(index),
                Pushed::Cancel(op, token) => {
                    let is_last = self.fails(Kind::Cancel).is_some();
                    let mut cancel = Cancel {
                        op,
                        token,
                        is_done: false,
                        is_last,
                    };
                    // A late one lets its op complete as if it were not cancelled.
                    if !self.goes_wrong(4) {
                        self.carry_out(&mut cancel);
                    }
                    self.ops.cancels.push(cancel);
                }
            }
        }
    }

    pub(crate) fn carry_out(&mut self, cancel: &mut Cancel) {
        if mem::replace(&mut cancel.is_done, true) {
            return;
        }
        match cancel.op {
            Op::Accept => {
                if let Some(accept) = &mut self.ops.accept {
                    accept.is_cancelled = true;
                }
            }
            Op::Recv => {
                if let Some(index) = self.by_token(cancel.token)
                    && let Some(recv) = &mut self.sockets[index].recv
                {
                    recv.is_cancelled = true;
                }
            }
            Op::Wake => self.ops.wake = self.ops.wake.map(|_| true),
            Op::Tick => {
                if let Some(tick) = &mut self.ops.tick {
                    tick.is_cancelled = true;
                }
            }
            other => panic!("nobody cancels {other:?}"),
        }
    }

    /// A quiet send is decided at its submission.
    fn submit_send(&mut self, index: usize) {
        let fault = self.fails_send(index);
        let room = self.room(index);
        let refuses = self.goes_wrong(8);
        let short = self.random.up_to(room.max(1)).min(room);
        let now = self.now;
        let socket = &mut self.sockets[index];
        let is_broken = socket.is_broken();
        let send = socket.send.as_mut().expect("pushed");
        send.is_submitted = true;
        let unsent = send.bytes.len() - send.offset;
        let decided = match fault {
            Some(0) => Ok(1.min(room)),
            Some(error) => Err(error),
            None if !send.is_quiet => return,
            None if is_broken => Err(libc::EPIPE),
            None if room == 0 => Err(libc::EAGAIN),
            None if refuses => Ok(short.min(unsent) - 1),
            None => Ok(room.min(unsent)),
        };
        let decided = match decided {
            Ok(0) if send.is_quiet => Err(libc::EAGAIN),
            // It waits for room.
            Ok(0) => return,
            other => other,
        };
        if let Ok(count) = decided {
            let bytes = &send.bytes[send.offset..send.offset + count];
            socket.to_client.extend(bytes);
            socket.sent_at = now;
        }
        if send.is_quiet && decided == Ok(unsent) {
            self.ops.quiet.push(index);
        } else {
            send.decided = Some(decided);
        }
        match decided {
            Err(libc::EPIPE | libc::ECONNRESET | libc::ETIMEDOUT) => socket.reset(),
            Err(error) if error != libc::EAGAIN => socket.is_excused = true,
            _ => {}
        }
    }

    fn fails_send(&mut self, index: usize) -> Option<i32> {
        let is_quiet = self.sockets[index]
            .send
            .as_ref()
            .is_some_and(|send| send.is_quiet);
        self.fails(if is_quiet {
            Kind::QuietSend
        } else {
            Kind::Send
        })
    }

    pub(crate) fn room(&self, index: usize) -> usize {
        let taken = self.sockets[index].to_client.len();
        let room = self.plan.socket_bytes.saturating_sub(taken);
        // A socket that is nearly full takes nothing.
        if room < self.plan.low_water { 0 } else { room }
    }

    /// The error of this completion, if it is the one to fail.
    pub(crate) fn fails(&mut self, kind: Kind) -> Option<i32> {
        let count = &mut self.ops.completed[kind as usize];
        *count += 1;
        let fault = self.plan.fault?;
        (fault.kind == kind && fault.nth == *count - 1).then_some(fault.error)
    }

    /// Checks that nothing is left in the kernel.
    pub(crate) fn check_ops(&self) {
        let ops = &self.ops;
        assert_eq!(ops.in_flight, 0, "something is in flight: {ops:?}");
        assert!(ops.accept.is_none() && ops.wake.is_none() && ops.tick.is_none());
        assert!(ops.delay.is_none());
        assert!(ops.cancels.is_empty());
        assert_eq!(ops.buffers.len(), usize::from(self.plan.buffers), "lost");
        for socket in &self.sockets {
            assert!(matches!(socket.stage, Stage::Unborn | Stage::Closed));
            assert!(socket.recv.is_none() && socket.send.is_none());
        }
    }
}
