//! Whole conversations: however the bytes are cut, replies delayed and sends shortened, the peer gets
//! the same answers, one for each request.
//!
//! The input's first eight bytes seed the schedule; the rest is what the peer sends.

#[path = "../../tests/support/conversation.rs"]
mod conversation;

use conversation::{BURST_BYTES_MAX, Conversation, NO_TIMEOUTS, without_continue};

pub fn check(input: &[u8]) {
    let Some((seed, stream)) = input.split_first_chunk() else {
        return;
    };
    let mut whole = Conversation::new(NO_TIMEOUTS);
    for piece in stream.chunks(BURST_BYTES_MAX) {
        whole.arrive(piece);
        whole.settle();
    }
    let mut cut = run(stream, u64::from_le_bytes(*seed));
    // An unfinished line may be refused now or when it ends; here it ends.
    for conversation in [&mut whole, &mut cut] {
        conversation.arrive(b"\n");
        conversation.settle();
    }
    assert_eq!(without_continue(&cut.sent), without_continue(&whole.sent));
    assert_eq!(cut.called, whole.called);
    assert_eq!(cut.answers(), cut.turn.counters.requests);
    assert_eq!(cut.connection.calls_waiting(), 0);
    assert_eq!(cut.is_closed(), whole.is_closed());
}

fn run(mut stream: &[u8], seed: u64) -> Conversation {
    let mut conversation = Conversation::new(NO_TIMEOUTS);
    let mut random = seed | 1;
    while !stream.is_empty() {
        // xorshift64
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let size = (random >> 32) as usize;
        match random % 8 {
            0..4 if conversation.connection.wants_input() => {
                // Mostly small pieces: cuts are what this is about.
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
