//! The time, as an answer carries it.
//!
//! The event loop makes a `Date` once a second; `encode` copies it into every answer.
//!
//! Invariant: `value_head` is the start of an answer with a value, up to its length, so that the
//! commonest answer begins with a single copy whose size is known at compile time.

use httpdate::HttpDate;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const VALUE_HEAD: &[u8; 102] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: ";
const DATE_START: usize = 55;
const DATE_END: usize = DATE_START + 29;

/// The last second of the year 9999, which is the last with four digits.
const SECONDS_MAX: u64 = 253_402_300_799;

/// The 29 bytes of an IMF-fixdate (RFC 9110 section 5.6.7), and the start of an answer with them.
#[derive(Debug, Clone)]
pub struct Date {
    value_head: [u8; VALUE_HEAD.len()],
}

impl Date {
    /// A clock outside the years 1970 to 9999 is wrong anyway; the nearer end is taken.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let time = UNIX_EPOCH + Duration::from_secs(seconds.min(SECONDS_MAX));
        let mut value_head = *VALUE_HEAD;
        write!(
            &mut value_head[DATE_START..DATE_END],
            "{}",
            HttpDate::from(time)
        )
        .expect("an IMF-fixdate is 29 bytes long");
        Self { value_head }
    }

    /// The value of the Date field.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.value_head[DATE_START..DATE_END]
    }

    /// Everything from `HTTP/1.1 200 OK` to just before the digits of the Content-Length.
    pub(super) fn value_head(&self) -> &[u8; VALUE_HEAD.len()] {
        &self.value_head
    }
}
