//! Receive buffers that the kernel picks from: a provided-buffer ring (Linux 5.19).
//!
//! Owned by the [`Ring`](super::Ring), which registers it. A buffer goes round: we put it → the
//! kernel picks it for a receive → its id comes back in the completion → we read it → we put it
//! again.
//!
//! Invariant: a buffer belongs either to the kernel (between `put` and its completion) or to us (a
//! `Buffer` exists), never to both. `Buffer` is not `Clone`, and `put` consumes it.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// The kernel wants the ring of descriptors at the start of a page.
const PAGE_BYTES: usize = 4096;

/// A provided buffer that the kernel has filled and given back to us.
#[derive(Debug)]
pub struct Buffer {
    id: u16,
    length: u32,
}

/// The ring of descriptors that the kernel reads, and the memory that they point to.
pub(super) struct BufferRing {
    descriptors: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
    entries: u16,
    buffer_bytes: u32,
    tail: u16,
}

// SAFETY: both pointers are to memory that this struct alone owns; no thread-local state is
// involved.
unsafe impl Send for BufferRing {}

impl BufferRing {
    /// Allocates `entries` buffers (a power of two, at most 32768) of `buffer_bytes` each, all
    /// ours.
    pub(super) fn new(entries: u16, buffer_bytes: u32) -> Self {
        assert!(entries.is_power_of_two() && entries <= 1 << 15);
        Self {
            descriptors: allocate(Self::descriptors_layout(entries)).cast(),
            memory: allocate(Self::memory_layout(entries, buffer_bytes)),
            entries,
            buffer_bytes,
            tail: 0,
        }
    }

    /// Hands the ring of descriptors to the kernel as buffer group `group` and puts every buffer
    /// into it.
    pub(super) fn register(&mut self, submitter: &Submitter<'_>, group: u16) -> io::Result<()> {
        let address = self.descriptors.as_ptr().expose_provenance() as u64;
        // SAFETY: the callee asks that the address stay valid until the group is unregistered or
        // the ring is gone. `Ring` declares its `IoUring` before this struct, so that the ring is
        // gone first.
        unsafe { submitter.register_buf_ring_with_flags(address, self.entries, group, 0) }?;
        for id in 0..self.entries {
            self.put(Buffer { id, length: 0 });
        }
        Ok(())
    }

    /// The buffer that a completion names.
    pub(super) fn take(&self, id: u16, length: u32) -> Buffer {
        assert!(id < self.entries && length <= self.buffer_bytes);
        Buffer { id, length }
    }

    /// What the kernel has written into `buffer`.
    pub(super) fn bytes(&self, buffer: &Buffer) -> &[u8] {
        let start = self.address(buffer.id);
        // SAFETY: `take` has checked id and length against the allocation, which is zeroed at the
        // start, so its bytes are initialised; the kernel does not write to it while the `Buffer`
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
        let address = self.address(buffer.id).as_ptr().expose_provenance() as u64;
        // SAFETY: `index` is below `entries`, so the pointer stays inside the allocation.
        let descriptor = unsafe { self.descriptors.add(index) };
        // SAFETY: the allocation is zeroed and aligned, and the kernel reads a descriptor only
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
        // allocation starts there.
        let tail = unsafe { BufRingEntry::tail(self.descriptors.as_ptr()) };
        // SAFETY: the tail is an aligned u16 inside our allocation, which the kernel only reads.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // Release: the kernel reads the tail with acquire, and must see the descriptors written
        // before it.
        tail.store(self.tail, Ordering::Release);
    }

    fn address(&self, id: u16) -> NonNull<u8> {
        let offset = usize::from(id) * self.buffer_bytes as usize;
        // SAFETY: `id` is below `entries` (checked in `take`, true in `register`), so the offset is
        // inside `memory`.
        unsafe { self.memory.add(offset) }
    }

    fn descriptors_layout(entries: u16) -> Layout {
        let bytes = usize::from(entries) * size_of::<BufRingEntry>();
        Layout::from_size_align(bytes, PAGE_BYTES).expect("at most 512 KiB, aligned to a page")
    }

    fn memory_layout(entries: u16, buffer_bytes: u32) -> Layout {
        let bytes = usize::from(entries) * buffer_bytes as usize;
        Layout::from_size_align(bytes, PAGE_BYTES).expect("a few MiB, aligned to a page")
    }
}

impl Drop for BufferRing {
    fn drop(&mut self) {
        let descriptors = Self::descriptors_layout(self.entries);
        let memory = Self::memory_layout(self.entries, self.buffer_bytes);
        // SAFETY: allocated in `new` with this very layout; the kernel's ring is gone, see
        // `register`.
        unsafe { dealloc(self.descriptors.as_ptr().cast(), descriptors) };
        // SAFETY: as above.
        unsafe { dealloc(self.memory.as_ptr(), memory) };
    }
}

fn allocate(layout: Layout) -> NonNull<u8> {
    assert!(layout.size() > 0);
    // SAFETY: the callee asks for a layout of more than zero bytes, asserted above.
    let pointer = unsafe { alloc_zeroed(layout) };
    NonNull::new(pointer).unwrap_or_else(|| handle_alloc_error(layout))
}
