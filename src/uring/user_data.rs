//! What identifies a completion: the op, the slot of the connection, and the generation of that
//! slot.
//!
//! The ring stamps `user_data` on every submission and reads it back from every completion.
//!
//! Invariant: `decode(encode(op, token)) == (op, token)`, and no other place knows the layout:
//!
//! ```text
//!  63      56 55                    32 31                                     0
//! ┌──────────┬────────────────────────┬────────────────────────────────────────┐
//! │ op       │ generation             │ slot                                   │
//! └──────────┴────────────────────────┴────────────────────────────────────────┘
//! ```

const GENERATION_BITS: u32 = 24;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

/// What was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// Accept on the listener, mostly multishot.
    Accept,
    /// Receive into a provided buffer.
    Recv,
    /// Send from a buffer that the ring holds.
    Send,
    /// Multishot poll for room for a send.
    Room,
    /// Cancellation of that poll.
    CancelRoom,
    /// Multishot poll of the waker's eventfd.
    Wake,
    /// Timer of the event loop.
    Tick,
    /// Timer of the acceptor.
    Delay,
    /// Cancellation of any other op. Its completion says nothing about its target's.
    Cancel,
}

impl Op {
    const ALL: [Self; 9] = [
        Self::Accept,
        Self::Recv,
        Self::Send,
        Self::Room,
        Self::CancelRoom,
        Self::Wake,
        Self::Tick,
        Self::Delay,
        Self::Cancel,
    ];
}

/// A connection as the ring knows it: its slot, and some bits of the number of that slot's
/// occupant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Token {
    /// Index into the connection table.
    pub slot: u32,
    /// The number of the slot's occupant, modulo 2^24. An op in flight keeps its connection in its
    /// slot, so this only guards against our own mistakes.
    pub generation: u32,
}

impl Token {
    /// The token of ops that belong to no connection, such as those of the listener and the waker.
    pub const NONE: Self = Self {
        slot: u32::MAX,
        generation: GENERATION_MASK,
    };

    /// The token of connection `number` in `slot`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the mask leaves 24 bits")]
    pub fn new(slot: u32, number: u64) -> Self {
        Self {
            slot,
            generation: number as u32 & GENERATION_MASK,
        }
    }
}

pub(super) fn encode(op: Op, token: Token) -> u64 {
    debug_assert!(token.generation <= GENERATION_MASK);
    (u64::from(op as u8) << 56) | (u64::from(token.generation) << 32) | u64::from(token.slot)
}

/// `None` for an op that was never encoded, which no kernel returns.
pub(super) fn decode(user_data: u64) -> Option<(Op, Token)> {
    let [op, g2, g1, g0, slot @ ..] = user_data.to_be_bytes();
    let op = *Op::ALL.get(usize::from(op))?;
    let token = Token {
        slot: u32::from_be_bytes(slot),
        generation: u32::from_be_bytes([0, g2, g1, g0]),
    };
    Some((op, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_and_the_extreme_tokens_decode_to_themselves() {
        let tokens = [
            Token::default(),
            Token::NONE,
            Token {
                slot: 0x0102_0304,
                generation: 0x0005_0607,
            },
        ];
        for (index, op) in Op::ALL.into_iter().enumerate() {
            assert_eq!(op as usize, index);
            for token in tokens {
                assert_eq!(decode(encode(op, token)), Some((op, token)));
            }
        }
    }

    #[test]
    fn an_op_that_was_never_encoded_is_none() {
        assert_eq!(decode(u64::MAX), None);
    }

    #[test]
    fn a_token_has_the_low_bits_of_its_connection_s_number() {
        assert_eq!(Token::new(7, 1 << GENERATION_BITS), Token::new(7, 0));
        assert_ne!(Token::new(7, 1), Token::new(7, 0));
    }
}
