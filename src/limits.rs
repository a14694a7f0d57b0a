//! Every bound in one place: what it bounds, why this much, and what crossing it answers.

/// Bytes of a request's head, the request line included; beyond it the answer is 431, or 414 for
/// the request line. The same as Node's `--max-http-header-size`.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a request's body, which is read and ignored; beyond it the answer is 413.
pub const BODY_BYTES_MAX: u64 = 64 * 1024;

/// Requests of one connection that wait for their answers; reading stops until some have left.
pub const PIPELINE_DEPTH_MAX: usize = 64;

/// Answer bytes of one connection that wait to be sent; reading stops until some have left.
pub const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// Buffer capacity that an idle connection may keep.
pub const IDLE_CAPACITY_BYTES_MAX: usize = 2 * 1024;

/// Submissions that fit the ring. With its completions and buffer descriptors it takes 40 KiB of
/// the 64 KiB of locked memory that the smallest usual `ulimit -l` allows.
pub const RING_ENTRIES: u32 = 256;

/// Receive buffers of one ring; a connection holds one only from its arrival until the end of that
/// turn.
pub const BUFFERS: u16 = 256;

/// Bytes of one receive buffer: a request of an ordinary client fits, as do 16 short pipelined
/// ones.
pub const BUFFER_BYTES: u32 = 2 * 1024;

/// Numbers in one batch to JavaScript: the typed arrays' length.
pub const BATCH_MAX: u32 = 1024;

/// Milliseconds to wait before accepting again when the process is out of descriptors or memory.
pub const ACCEPT_RETRY_MS: u64 = 100;

/// Milliseconds for which an address in use is tried again at the start.
pub const ADDRESS_IN_USE_RETRY_MS: u64 = 50;

/// Milliseconds that a connection which has been answered for the last time waits for its peer to
/// end its side, so that the answer is not lost to a reset (RFC 9112 section 9.6).
pub const LINGER_MS: u64 = 2_000;

const _: () = assert!(BUFFERS.is_power_of_two());
const _: () = assert!(BUFFER_BYTES as usize <= HEAD_BYTES_MAX);
