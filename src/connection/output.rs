//! The encoded answers that wait to be sent.
//!
//! They are appended to one another and leave in one send. A body that is too long for that, or
//! shared, is not copied: it leaves in a send of its own, between what was encoded before and after
//! it.

use std::collections::VecDeque;
use std::mem;

use crate::bytes::Bytes;
use crate::limits::{IDLE_CAPACITY_BYTES_MAX, JOINED_BYTES_MAX, OUTPUT_BYTES_MAX};

#[derive(Debug, Default)]
pub(super) struct Output {
    /// Bytes that leave before `tail`, each in a send of its own; none is empty.
    whole: VecDeque<Bytes>,
    /// The length of all of them.
    whole_bytes: usize,
    tail: Vec<u8>,
    /// True: it has a long body.
    tail_is_long: bool,
    /// The length of the send with a long body that is in flight, if there is one.
    long_in_flight: usize,
    /// The buffer of the last send, to be used again.
    spare: Vec<u8>,
}

impl Output {
    /// Where an answer is encoded.
    pub(super) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.tail
    }

    /// Adds a body, which follows the head that was encoded last.
    pub(super) fn push_body(&mut self, body: Bytes) {
        let is_short = body.len() < OUTPUT_BYTES_MAX;
        let fits = self.tail.len() + body.len() <= JOINED_BYTES_MAX;
        if is_short || fits && matches!(body, Bytes::Own(_)) {
            self.tail.extend_from_slice(&body);
            self.tail_is_long |= !is_short;
        } else {
            let head = self.take_tail();
            self.push_whole(head);
            self.push_whole(body);
        }
    }

    /// Puts bytes before all others, if there are any.
    pub(super) fn push_front(&mut self, bytes: Vec<u8>) {
        if self.whole.is_empty() {
            self.tail_is_long |= bytes.len() >= OUTPUT_BYTES_MAX;
            self.tail.splice(0..0, bytes);
        } else if !bytes.is_empty() {
            self.whole_bytes += bytes.len();
            self.whole.push_front(bytes.into());
        }
    }

    /// The bytes of the next send; `None` if none wait.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        if let Some(next) = self.whole.pop_front() {
            self.whole_bytes -= next.len();
            if next.len() >= OUTPUT_BYTES_MAX {
                self.long_in_flight = next.len();
            }
            return Some(next);
        }
        if self.tail.is_empty() {
            return None;
        }
        let is_long = self.tail_is_long;
        let tail = self.take_tail();
        if is_long {
            self.long_in_flight = tail.len();
        }
        Some(tail)
    }

    fn take_tail(&mut self) -> Bytes {
        self.tail_is_long = false;
        mem::replace(&mut self.tail, mem::take(&mut self.spare)).into()
    }

    /// Takes a send's buffer back.
    pub(super) fn reuse(&mut self, sent: Bytes) {
        self.long_in_flight = 0;
        if let Bytes::Own(mut sent) = sent {
            sent.clear();
            sent.shrink_to(IDLE_CAPACITY_BYTES_MAX);
            self.spare = sent;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tail.is_empty() && self.whole.is_empty()
    }

    /// The length that bounds reading: bytes that wait, and a long body until it has left.
    pub(super) fn len(&self) -> usize {
        self.whole_bytes + self.tail.len() + self.long_in_flight
    }

    /// Bytes of memory that its buffers take.
    pub(super) fn capacity(&self) -> usize {
        let whole: usize = self.whole.iter().map(Bytes::memory).sum();
        whole + self.tail.capacity() + self.spare.capacity()
    }

    fn push_whole(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.whole_bytes += bytes.len();
            self.whole.push_back(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_join_their_heads_in_one_send_as_far_as_they_fit() {
        let mut output = Output::default();
        let mut push = |length| {
            output.tail().extend_from_slice(b"head");
            output.push_body(vec![b'x'; length].into());
        };
        push(OUTPUT_BYTES_MAX);
        push(JOINED_BYTES_MAX - OUTPUT_BYTES_MAX - 8);
        push(OUTPUT_BYTES_MAX - 1);
        push(OUTPUT_BYTES_MAX);
        push(JOINED_BYTES_MAX - 3);
        push(3);
        let joined = JOINED_BYTES_MAX + 4 + OUTPUT_BYTES_MAX - 1 + 4;
        let sends = [joined, OUTPUT_BYTES_MAX, 4, JOINED_BYTES_MAX - 3, 7];
        assert_eq!(sends.map(|_| output.take().expect("it waits").len()), sends);
        assert!(output.is_empty());
    }

    #[test]
    fn a_send_s_buffer_is_used_again_and_stays_small() {
        let mut output = Output::default();
        for length in [100, IDLE_CAPACITY_BYTES_MAX + 8, OUTPUT_BYTES_MAX] {
            output.tail().resize(length, b'x');
            let sent = output.take().expect("it waits");
            assert_eq!(sent.len(), length);
            output.reuse(sent);
            let kept = output.spare.capacity();
            assert!(kept >= length.min(IDLE_CAPACITY_BYTES_MAX), "{kept}");
            assert!(kept <= IDLE_CAPACITY_BYTES_MAX, "{kept}");
        }
    }
}
