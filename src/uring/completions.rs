//! Turns the kernel's completions into events.

use std::io;

use io_uring::cqueue;

use super::event::result_of;
use super::sending::{Next, Sending};
use super::user_data::decode;
use super::{Buffer, Event, Kernel, Op, Ring, Token, accepted};

impl Ring {
    /// The event of a completion; `None` if it concerns only a step of a send.
    pub(super) fn event(&mut self, completion: &cqueue::Entry) -> Option<Event> {
        let (op, token) = decode(completion.user_data()).expect("the kernel returns our user data");
        let armed = cqueue::more(completion.flags());
        if !armed {
            self.in_flight -= 1;
        }
        let result = result_of(completion);
        Some(match op {
            Op::Accept => Event::Accepted {
                result: result.and_then(accepted::own),
                armed,
            },
            Op::Recv => Event::Received {
                token,
                result: self.received(completion, result),
                armed,
            },
            Op::Send | Op::Room | Op::CancelRoom => {
                let sending = self.sending_of(token);
                let next = match op {
                    Op::Send => sending.on_sent(result.map(|count| count as usize)),
                    Op::Room => sending.on_room(result, armed),
                    _ => sending.on_cancelled(),
                };
                return self.carry_on(token, next);
            }
            Op::Cancel => Event::Cancelled { token },
            Op::Wake => Event::Woken { armed },
            Op::Tick => Event::Ticked,
            Op::Delay => Event::Delayed,
        })
    }

    fn received(
        &mut self,
        completion: &cqueue::Entry,
        result: io::Result<u32>,
    ) -> io::Result<Option<Buffer>> {
        let length = *result.as_ref().unwrap_or(&0);
        let id = cqueue::buffer_select(completion.flags());
        let buffer = id.map(|id| self.buffers[self.group_of(id)].take(id, length));
        if length > 0 {
            return Ok(buffer);
        }
        // A receive of no bytes may still have picked a buffer.
        if let Some(buffer) = buffer {
            self.put(buffer);
        }
        result.map(|_| None)
    }

    pub(super) fn sending_of(&mut self, token: Token) -> &mut Sending {
        let sending = self.sending.get_mut(token);
        sending.expect("a send stays until the last of its completions")
    }

    pub(super) fn carry_on(&mut self, token: Token, next: Next) -> Option<Event> {
        match next {
            Next::Push(op) => {
                let entry = self.sending_of(token).entry(op, token);
                self.push(entry, op, token);
                None
            }
            Next::Wait => None,
            Next::Done(result) => {
                let bytes = self.sending.take(token);
                Some(Event::Sent {
                    token,
                    result,
                    bytes,
                })
            }
        }
    }
}
