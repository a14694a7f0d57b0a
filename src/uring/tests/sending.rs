//! Unit tests of sends.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use super::*;

/// The completions that the kernel may post next for one send.
#[derive(Debug, Clone, Copy)]
enum Completion {
    Sent,
    NoRoom,
    SendFails,
    Room,
    /// The poll's last completion, with room or without.
    PollEnds(Result<u32, i32>),
    PollCancelled,
}

/// The ops in flight, as the kernel sees them.
#[derive(Debug, Default)]
struct InFlight {
    send: bool,
    /// Whether the poll in flight is cancelled.
    room: Option<bool>,
    cancel: bool,
    /// The poll has reported room, and no send has been pushed since.
    has_room: bool,
}

impl InFlight {
    fn completions(&self) -> Vec<Completion> {
        let mut all = Vec::new();
        if self.send {
            all.extend([Completion::Sent, Completion::NoRoom, Completion::SendFails]);
        }
        if self.room.is_some() {
            all.extend([
                Completion::Room,
                Completion::PollEnds(Ok(4)),
                Completion::PollEnds(Err(libc::ENOMEM)),
            ]);
        }
        if self.room == Some(true) {
            all.push(Completion::PollEnds(Err(libc::ECANCELED)));
        }
        if self.cancel {
            all.push(Completion::PollCancelled);
        }
        all
    }

    fn complete(&mut self, completion: Completion, sending: &mut Sending) -> Next {
        let failed = |error| io::Error::from_raw_os_error(error);
        match completion {
            Completion::Sent | Completion::NoRoom | Completion::SendFails => {
                self.send = false;
                sending.on_sent(match completion {
                    Completion::Sent => Ok(1),
                    Completion::NoRoom => Err(failed(libc::EAGAIN)),
                    _ => Err(failed(libc::EPIPE)),
                })
            }
            Completion::Room => {
                self.has_room = true;
                sending.on_room(Ok(4), true)
            }
            Completion::PollEnds(result) => {
                self.room = None;
                self.has_room = true;
                sending.on_room(result.map_err(failed), false)
            }
            Completion::PollCancelled => {
                self.cancel = false;
                self.room = self.room.map(|_| true);
                sending.on_cancelled()
            }
        }
    }

    /// Pushes the op asked for. True: the send is done.
    fn carry_on(&mut self, next: &Next, sending: &Sending) -> bool {
        match next {
            Next::Push(Op::Send) => {
                assert!(!self.send);
                self.send = true;
                self.has_room = false;
            }
            Next::Push(Op::Room) => {
                assert!(self.room.is_none() && !self.cancel && !self.has_room);
                self.room = Some(false);
            }
            Next::Push(Op::CancelRoom) => {
                assert!(self.room == Some(false) && !self.cancel);
                self.cancel = true;
            }
            Next::Push(other) => panic!("{other:?} is not an op of a send"),
            Next::Wait => {
                assert!(
                    self.send || self.room.is_some() || self.cancel,
                    "no completion will come"
                );
                let may_wait = self.send || sending.is_over() || !self.has_room;
                assert!(may_wait, "room is missed");
            }
            Next::Done(_) => {
                assert!(!self.send && self.room.is_none() && !self.cancel);
                return true;
            }
        }
        false
    }
}

/// Follows `path`, which chooses one of the possible completions at each step, and returns how
/// many are possible after it.
fn follow(path: &[usize]) -> usize {
    let (socket, _peer) = UnixStream::pair().unwrap();
    let mut sending = Sending::new(socket.as_fd(), b"1".to_vec().into(), 0, false);
    let mut in_flight = InFlight {
        send: true,
        ..InFlight::default()
    };
    for choice in path {
        let completion = in_flight.completions()[*choice];
        let next = in_flight.complete(completion, &mut sending);
        if in_flight.carry_on(&next, &sending) {
            return 0;
        }
    }
    in_flight.completions().len()
}

#[test]
fn in_any_order_of_completions_a_send_waits_for_room_and_is_done_alone() {
    let mut paths = vec![Vec::new()];
    let mut followed = 0;
    while let Some(path) = paths.pop() {
        followed += 1;
        let choices = follow(&path);
        if path.len() < 9 {
            paths.extend((0..choices).map(|choice| [&path[..], &[choice]].concat()));
        }
    }
    assert!(followed > 1000, "{followed}");
}
