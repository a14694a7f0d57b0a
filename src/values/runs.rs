//! Finds how many bytes at the start of a JSON string's content stand for themselves.
//!
//! `json` reads and `quote` writes by such runs, eight bytes at a time.
//!
//! Invariant: a run ends before the first `"`, `\` or control character. A run of ASCII also ends
//! before the first byte beyond ASCII.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The length of the run of plain ASCII.
pub(super) fn plain_ascii(bytes: &[u8]) -> usize {
    run(bytes, HIGHS)
}

/// The length of the run of plain bytes, including those beyond ASCII.
pub(super) fn plain_utf8(bytes: &[u8]) -> usize {
    run(bytes, 0)
}

/// `stops_high` has the highest bit of a byte set if a byte beyond ASCII is not plain.
#[inline]
fn run(bytes: &[u8], stops_high: u64) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk() {
        let stops = stops(u64::from_le_bytes(*eight), stops_high);
        if stops != 0 {
            return at + stops.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let mut last = [0; 8];
    let rest = &bytes[at..];
    last[..rest.len()].copy_from_slice(rest);
    // The zeros behind the last bytes stop the run at the latest.
    at + stops(u64::from_le_bytes(last), stops_high).trailing_zeros() as usize / 8
}

/// Sets the highest bit of each byte that is not plain. A borrow may also set that of a plain byte,
/// but only above one that is not plain, so the lowest bit set is right.
fn stops(word: u64, stops_high: u64) -> u64 {
    let quotes = word ^ (ONES * u64::from(b'"'));
    let backslashes = word ^ (ONES * u64::from(b'\\'));
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let quotes = quotes.wrapping_sub(ONES) & !quotes;
    let backslashes = backslashes.wrapping_sub(ONES) & !backslashes;
    (controls | quotes | backslashes) & HIGHS | word & stops_high
}
