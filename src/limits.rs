//! Every bound in one place: what it bounds, why it is so large, and what happens beyond it.

/// The limits of a server. Each except the last two has an option of the same name in JavaScript.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at a time; those beyond wait until one ends.
    pub connections_max: u32,
    /// Requests handed to the handler and not answered; those beyond are answered 503.
    pub in_flight_max: u32,
    /// Bytes of a request's head, the request line included; beyond it the answer is 431, or 414
    /// for the request line.
    pub head_bytes_max: u32,
    /// Bytes of a request's body, which a plain function ignores; beyond it the answer is 413.
    pub body_bytes_max: u64,
    /// Bytes of all bodies and arguments together that wait for their functions; beyond it the
    /// answer is 503.
    pub buffered_bytes_max: u64,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Bytes, received or of whole bodies, after which a turn of the event loop reads no more: as
    /// many of some arguments take a millisecond.
    pub turn_bytes_max: usize,
    /// When connections are accepted several at a time.
    pub crowd: Crowd,
}

/// How many connections are a crowd, which is accepted several at a time. Times are in
/// microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// As many as this, one after the other,
    pub connections: u32,
    /// have come within this time.
    pub within_us: u64,
    /// From when some were accepted until the next ones are.
    pub gap_us: u64,
    /// How long they are gathered, or accepted as they come, before the other is tried again.
    pub retry_us: u64,
}

/// How long things may take, in milliseconds; 0 disables a timeout.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From a request's first byte to the end of its head: 408 and close.
    pub headers: u32,
    /// From a request's first byte to the end of its body: 408 and close.
    pub request: u32,
    /// Between requests: close.
    pub keep_alive: u32,
    /// From a request's end to the handler's value: 503; a later value is dropped.
    pub handler: u32,
    /// A send of which no byte leaves: close.
    pub send: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            in_flight_max: 10_000,
            head_bytes_max: 16 * 1024,
            body_bytes_max: 64 * 1024,
            buffered_bytes_max: 64 * 1024 * 1024,
            timeouts: Timeouts {
                headers: 10_000,
                request: 30_000,
                // Longer than the 60 s of the usual load balancer, which must close first.
                keep_alive: 72_000,
                handler: 30_000,
                send: 30_000,
            },
            turn_bytes_max: 256 * 1024,
            crowd: Crowd::default(),
        }
    }
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            // 20,480 a second, at which a third of a processor or more is taken.
            connections: 1024,
            within_us: 50_000,
            // By benchmark/README.md. A third less saves a third as much.
            gap_us: 300,
            retry_us: 1_000_000,
        }
    }
}

/// Requests of one connection that wait for their answers; reading stops until some have left.
pub const PIPELINE_DEPTH_MAX: usize = 64;

/// Answer bytes of one connection that wait to be sent; reading stops until some have left.
pub const OUTPUT_BYTES_MAX: usize = 8 * 1024;

/// Bytes of one connection's answers that are copied behind one another, so as to leave in one
/// send. Copying as many costs less than a send and a packet for a head alone, which wakes the
/// client, too. Also bytes of the answers that a JavaScript thread sends itself at a time.
pub const JOINED_BYTES_MAX: usize = 64 * 1024;

/// Buffer capacity that an idle connection may keep.
pub const IDLE_CAPACITY_BYTES_MAX: usize = 2 * 1024;

/// Bytes of one call's arguments that are not counted: `in_flight_max` bounds how many such calls
/// there are, and counting would cost more than holding them.
pub const UNRESERVED_BYTES_MAX: usize = 1024;

/// Bytes of a batch's text, unless one call has more: V8 keeps longer strings apart, and their
/// parsed values stay in memory until all of the text is parsed.
pub const BATCH_TEXT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a batch's buffers, unless one call has more: they are copied before the batch's first
/// call is made.
pub const BATCH_BUFFER_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of one call's text: the longest string of V8, less two brackets.
pub const TEXT_BYTES_MAX: usize = (1 << 29) - 24 - 2;

/// How large a ring is. That affects only its memory and the number of system calls.
#[derive(Debug, Clone, Copy)]
pub struct RingSize {
    /// Submissions that fit before the kernel has to be entered. The ring gets fewer if locked
    /// memory is short.
    pub entries: u32,
    /// Provided receive buffers; a power of two, at most 32768.
    pub buffers: u16,
    /// Bytes of one receive buffer.
    pub buffer_bytes: u32,
}

/// As many receive buffers as have the length of a large one.
const LARGE_BUFFER: u32 = 32;
/// Bytes of a large one at most, unless the others are as long.
const LARGE_BUFFER_BYTES_MAX: u32 = 1 << 16;
/// For as many receive buffers there is a large one.
const BUFFERS_PER_LARGE: u16 = 16;

impl RingSize {
    /// Receive buffers for connections that send much at once. They take twice as much memory as
    /// the others, once they have been used.
    #[must_use]
    pub fn large_buffers(&self) -> u16 {
        (self.buffers / BUFFERS_PER_LARGE).max(1)
    }

    /// Bytes of one of them.
    #[must_use]
    pub fn large_buffer_bytes(&self) -> u32 {
        let most = LARGE_BUFFER_BYTES_MAX.max(self.buffer_bytes);
        (self.buffer_bytes * LARGE_BUFFER).min(most)
    }
}

/// A connection that has filled as many receive buffers in a row gets large ones, until as many of
/// those in a row have come back with less than an eighth ([`BULK_PART`]).
pub const RECEIVES_ALIKE: u8 = 4;

/// What is worth a large buffer: its length divided by this.
pub const BULK_PART: usize = 8;

impl Default for RingSize {
    fn default() -> Self {
        Self {
            // With completions and the descriptors of the buffers they take 48 KiB of the 64 KiB of
            // locked memory that the smallest usual `ulimit -l` allows.
            entries: 256,
            // A connection holds a buffer only from the arrival of its bytes until the end of that
            // turn.
            buffers: 512,
            // An ordinary request fits, and so do 16 short pipelined ones. The kernel fills up to
            // 32 buffers for one connection before a pause takes effect.
            buffer_bytes: 1024,
        }
    }
}

/// Answers that the JavaScript thread sends itself, instead of waking the ring thread: as many as
/// take no longer to send than a turn of that thread's loop.
pub const DIRECT_ANSWERS_MAX: usize = 8;

/// Microseconds for which an embedded loop goes on, if there are no calls to run, before the other
/// loop has its turn.
pub const DRIVE_US_MAX: u64 = 1_000;

/// Milliseconds for which an answer's `Date` may be used again.
pub const DATE_AGE_MS_MAX: u64 = 250;

/// Connections that are accepted at most when the listener closes: more than can wait there, unless
/// both `backlog` and `net.core.somaxconn` are larger.
pub const CLOSING_ACCEPTS_MAX: usize = 1 << 16;

/// Milliseconds to wait before accepting again when the process is out of descriptors or memory.
pub const ACCEPT_RETRY_MS: u32 = 100;

/// Milliseconds for which an address in use is tried again at the start. On busy processors, 50
/// were too few for what a killed process had left behind.
pub const ADDRESS_IN_USE_RETRY_MS: u64 = 250;

/// The longest time, in milliseconds, between two looks at the connections' deadlines.
pub const TICK_MS_MAX: u32 = 250;

/// Milliseconds for which an idle connection is kept when the server closes, so that a request that
/// has been sent already is answered.
pub const CLOSE_GRACE_MS: u32 = 500;

/// Milliseconds for which a connection waits for its peer to end its side after the last answer, so
/// that the answer is not lost to a reset (RFC 9112 section 9.6).
pub const LINGER_MS: u32 = 2_000;
