//! Receive buffers that the kernel picks from: a provided-buffer ring.
//!
//! Owned by the [`Ring`](super::Ring), which registers it. A buffer goes round: we put it → the
//! kernel picks it for a receive → its id comes back in the completion → we read it → we put it
//! again.
//!
//! Invariant: a buffer belongs either to the kernel (between `put` and its completion) or to us (a
//! `Buffer` exists), never to both. `Buffer` is not `Clone`, `put` consumes it, and it names the
//! one ring that it belongs to.

use std::io;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

use super::Refused;

/// The fewest buffers worth running with if locked memory is short.
const BUFFERS_MIN: u16 = 8;

/// How many rings this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// A provided buffer that the kernel has filled and given back to us.
#[derive(Debug)]
pub struct Buffer {
    /// The ring's `identity`.
    ring: u64,
    id: u16,
    length: u32,
}

impl Buffer {
    pub(super) fn id(&self) -> u16 {
        self.id
    }
}

/// The ring of descriptors that the kernel reads, and the memory that they point to.
pub(super) struct BufferRing {
    /// An identity that no other ring of this process has.
    identity: u64,
    /// The id of its first buffer; the others follow.
    first_id: u16,
    /// As many [`BufRingEntry`] as there are buffers.
    descriptors: Mapping,
    memory: Mapping,
    entries: u16,
    buffer_bytes: u32,
    tail: u16,
}

// SAFETY: it points to memory that it alone owns; no thread-local state is involved.
unsafe impl Send for Mapping {}

impl BufferRing {
    /// Makes `entries` buffers (a power of two, at most 32768) of `buffer_bytes` each the kernel's
    /// buffer group `group`. It makes fewer if locked memory, which their descriptors take, is
    /// short.
    pub(super) fn register(
        submitter: &Submitter<'_>,
        group: u16,
        first_id: u16,
        entries: u16,
        buffer_bytes: u32,
    ) -> Result<Self, Refused> {
        let mut entries = entries;
        loop {
            let mut buffers = Self::new(first_id, entries, buffer_bytes)?;
            match buffers.register_once(submitter, group) {
                Ok(()) => return Ok(buffers),
                Err(error)
                    if error.raw_os_error() == Some(libc::ENOMEM) && entries > BUFFERS_MIN =>
                {
                    entries = (entries / 2).max(BUFFERS_MIN);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn new(first_id: u16, entries: u16, buffer_bytes: u32) -> Result<Self, Refused> {
        assert!(entries.is_power_of_two() && entries <= 1 << 15);
        assert!(first_id <= 1 << 15, "the ids fit");
        let descriptors = usize::from(entries) * size_of::<BufRingEntry>();
        let memory = usize::from(entries) * buffer_bytes as usize;
        Ok(Self {
            identity: MADE.fetch_add(1, Ordering::Relaxed),
            first_id,
            descriptors: Mapping::new(descriptors)?,
            memory: Mapping::new(memory)?,
            entries,
            buffer_bytes,
            tail: 0,
        })
    }

    /// Hands the ring of descriptors to the kernel as buffer group `group` and puts every buffer
    /// into it.
    fn register_once(&mut self, submitter: &Submitter<'_>, group: u16) -> io::Result<()> {
        let address = self.first_descriptor().as_ptr().expose_provenance() as u64;
        // SAFETY: the callee asks that the address stay valid until the group is unregistered or
        // the ring is gone. `Ring` declares its `IoUring` before this struct, so that the ring is
        // gone first; on a ring that could not be made nothing is in flight.
        unsafe { submitter.register_buf_ring_with_flags(address, self.entries, group, 0) }?;
        for id in self.first_id..self.end_id() {
            self.put(self.take(id, 0));
        }
        Ok(())
    }

    /// True: `id` is that of one of its buffers.
    pub(super) fn has(&self, id: u16) -> bool {
        (self.first_id..self.end_id()).contains(&id)
    }

    /// The first id after those of its buffers.
    pub(super) fn end_id(&self) -> u16 {
        self.first_id + self.entries
    }

    /// Bytes of one of its buffers.
    pub(super) fn buffer_bytes(&self) -> usize {
        self.buffer_bytes as usize
    }

    /// The buffer that a completion names.
    pub(super) fn take(&self, id: u16, length: u32) -> Buffer {
        assert!(self.has(id) && length <= self.buffer_bytes);
        Buffer {
            ring: self.identity,
            id,
            length,
        }
    }

    /// The bytes that the kernel has written into `buffer`.
    pub(super) fn bytes(&self, buffer: &Buffer) -> &[u8] {
        let start = self.address(buffer);
        // SAFETY: `take` has checked the length against the mapping, which is zeroed at the start,
        // so its bytes are initialised; the kernel does not write to it while the `Buffer`
        // exists, as only `put` gives it away.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), buffer.length as usize) }
    }

    /// Gives a buffer back to the kernel.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever gives a buffer back has it no more"
    )]
    pub(super) fn put(&mut self, buffer: Buffer) {
        let index = usize::from(self.tail & (self.entries - 1));
        let address = self.address(&buffer).as_ptr().expose_provenance() as u64;
        // SAFETY: `index` is below `entries`, so the pointer stays inside the mapping.
        let descriptor = unsafe { self.first_descriptor().add(index) };
        // SAFETY: the mapping is zeroed and aligned, and the kernel reads a descriptor only
        // below the tail that is published further down, so this one is ours to write.
        let descriptor = unsafe { &mut *descriptor.as_ptr() };
        descriptor.set_addr(address);
        descriptor.set_len(self.buffer_bytes);
        descriptor.set_bid(buffer.id);
        self.tail = self.tail.wrapping_add(1);
        self.publish_tail();
    }

    fn publish_tail(&self) {
        // SAFETY: the callee asks for the address of the first, initialised descriptor; its
        // mapping starts there.
        let tail = unsafe { BufRingEntry::tail(self.first_descriptor().as_ptr()) };
        // SAFETY: the tail is an aligned u16 inside our mapping, which the kernel only reads.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // Release: the kernel reads the tail with acquire, and must see the descriptors written
        // before it.
        tail.store(self.tail, Ordering::Release);
    }

    fn first_descriptor(&self) -> NonNull<BufRingEntry> {
        self.descriptors.start.cast()
    }

    fn address(&self, buffer: &Buffer) -> NonNull<u8> {
        assert!(buffer.ring == self.identity, "another ring's buffer");
        let offset = usize::from(buffer.id - self.first_id) * self.buffer_bytes();
        // SAFETY: this ring's `take` has checked that the id is one of `entries` from `first_id`
        // on, so the offset is inside `memory`.
        unsafe { self.memory.start.add(offset) }
    }
}

/// Whole pages of zeros, which are given back when this is dropped. A page takes memory once it is
/// written to. The kernel wants the ring of descriptors at the start of a page, whose length the
/// allocator does not know.
struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    fn new(bytes: usize) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: the callee asks that nothing in use be replaced: without `MAP_FIXED` it takes
        // pages that are free.
        let start = unsafe { libc::mmap(null_mut(), bytes, access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let start = NonNull::new(start.cast()).expect("the first page is never mapped");
        Ok(Self { start, bytes })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length; for what the kernel has had of it, see
        // `register_once`. Nobody refers to it: who drops a `BufferRing` owns it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ring, and a buffer of another, larger one.
    fn ring_and_foreign_buffer() -> (BufferRing, Buffer) {
        let ring = |entries, buffer_bytes| {
            BufferRing::new(4, entries, buffer_bytes).unwrap_or_else(|refused| panic!("{refused}"))
        };
        (ring(8, 64), ring(16, 128).take(19, 128))
    }

    #[test]
    #[should_panic(expected = "another ring's buffer")]
    fn the_bytes_of_another_rings_buffer_are_not_read() {
        let (ring, buffer) = ring_and_foreign_buffer();
        ring.bytes(&buffer);
    }

    #[test]
    #[should_panic(expected = "another ring's buffer")]
    fn another_rings_buffer_is_not_given_to_the_kernel() {
        let (mut ring, buffer) = ring_and_foreign_buffer();
        ring.put(buffer);
    }
}
