//! Whole conversations: however bytes are cut, replies delayed and sends shortened, the peer gets
//! the same answers, one for each request.
//!
//! The input's first eight bytes seed the schedule, and the first of them chooses the server: one
//! of a plain function or, from 0x80 on, one of several functions. The peer sends the rest.

#[path = "../../tests/support/conversation.rs"]
mod conversation;

use conversation::{BURST_BYTES_MAX, Conversation, NO_TIMEOUTS, without_continue};

/// More than the arguments of one input take.
const BUFFERED_BYTES_MAX: u64 = 1 << 20;

pub fn check(input: &[u8]) {
    let Some((seed, stream)) = input.split_first_chunk() else {
        return;
    };
    let mut whole = begin(*seed);
    for piece in stream.chunks(BURST_BYTES_MAX) {
        whole.arrive(piece);
        whole.settle();
    }
    let mut cut = run(stream, *seed);
    // An unfinished line may be refused now or when it ends; here it ends.
    for conversation in [&mut whole, &mut cut] {
        conversation.arrive(b"\n");
        conversation.settle();
    }
    assert_eq!(without_continue(&cut.sent), without_continue(&whole.sent));
    assert_eq!(cut.called, whole.called);
    assert_eq!(cut.called_with, whole.called_with);
    assert_eq!(cut.answers(), cut.context.counters.requests);
    assert_eq!(cut.connection.calls_waiting(), 0);
    assert_eq!(cut.is_closed(), whole.is_closed());
    let buffers = cut.context.buffers.clone();
    drop(cut);
    assert_eq!(buffers.taken(), 0);
}

fn begin(seed: [u8; 8]) -> Conversation {
    if seed[0] < 0x80 {
        Conversation::new(NO_TIMEOUTS)
    } else {
        Conversation::with_functions(NO_TIMEOUTS, BUFFERED_BYTES_MAX)
    }
}

fn run(mut stream: &[u8], seed: [u8; 8]) -> Conversation {
    let mut conversation = begin(seed);
    let mut random = u64::from_le_bytes(seed) | 1;
    while !stream.is_empty() {
        // xorshift64
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let size = (random >> 32) as usize;
        match random % 8 {
            0..4 if conversation.connection.wants_input() => {
                // Mostly small pieces: the check is about cuts.
                let count = (size % (1 << (size >> 16) % 12) + 1).min(stream.len());
                conversation.arrive(&stream[..count]);
                stream = &stream[count..];
            }
            4 => conversation.send(size % 300),
            5 => conversation.send(usize::MAX),
            _ => conversation.reply(size),
        }
        if conversation.is_closed() {
            break;
        }
    }
    conversation.settle();
    conversation
}
