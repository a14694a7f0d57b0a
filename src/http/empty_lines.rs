//! The empty lines in front of a request, which are ignored.
//!
//! RFC 9112 section 2.2 asks a server to ignore one at least: some old clients send an extra line
//! end after a body. `connection` skips them before it looks for a head, so that a connection on
//! which only a line end has arrived is still idle.
//!
//! Invariant: all empty lines before one request are counted together, however they are cut.

use super::{Refusal, Status, head::NOT_A_LINE_END};

/// Empty lines that may stand in front of one request.
pub const EMPTY_LINES_MAX: usize = 4;

const TOO_MANY_EMPTY_LINES: Refusal = Refusal::new(
    Status::BAD_REQUEST,
    "There are too many empty lines before the request.",
);

/// The empty lines that have arrived since the last request.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmptyLines {
    /// The number of their bytes, which is odd if the last one's line feed is missing.
    bytes: usize,
}

impl EmptyLines {
    /// Takes the empty lines off the start of the input, and returns their bytes. Either they are
    /// the whole input, or a head begins behind them.
    #[inline]
    pub fn skip(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        if self.bytes.is_multiple_of(2) && !matches!(input, [b'\r' | b'\n', ..]) {
            return Ok(0);
        }
        self.skip_all(input)
    }

    #[cold]
    fn skip_all(&mut self, input: &[u8]) -> Result<usize, Refusal> {
        for (at, byte) in input.iter().enumerate() {
            match (self.bytes % 2, byte) {
                (1, b'\n') if self.bytes > 2 * EMPTY_LINES_MAX => return Err(TOO_MANY_EMPTY_LINES),
                (0, b'\r') | (1, b'\n') => self.bytes += 1,
                (1, _) | (_, b'\n') => return Err(NOT_A_LINE_END),
                _ => return Ok(at),
            }
        }
        Ok(input.len())
    }
}
