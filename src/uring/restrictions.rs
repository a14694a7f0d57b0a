//! Restricts a ring to the operations that a ring thread submits.
//!
//! The kernel is told before the ring is enabled, and for good. An attacker who gets hold of the
//! ring, or a bug that writes to its queue, can use it only for what the server does anyway, and
//! not to open files or to connect.

use std::io;

use io_uring::opcode;
use io_uring::register::Restriction;
use io_uring::squeue::Flags;
use io_uring::{IoUring, Probe};

/// The operations that a ring thread submits.
const OPERATIONS: [u8; 6] = [
    opcode::Accept::CODE,
    opcode::AsyncCancel::CODE,
    opcode::PollAdd::CODE,
    opcode::Recv::CODE,
    opcode::Send::CODE,
    opcode::Timeout::CODE,
];

/// The flags with which it submits them: receives pick their buffer, quiet sends make no
/// completion.
const FLAGS: Flags = Flags::BUFFER_SELECT.union(Flags::SKIP_SUCCESS);

/// `IORING_REGISTER_ENABLE_RINGS`, which succeeds once in a ring's life. With no call at all in the
/// list, a kernel could take registering for unrestricted.
const ENABLE_RINGS: u8 = 12;

/// True: the kernel that filled in `known` has all of them.
pub(super) fn are_known(known: &Probe) -> bool {
    OPERATIONS.iter().all(|&code| known.is_supported(code))
}

/// Once the ring is enabled, it answers everything else with `EACCES`. Before that it takes
/// registrations, but no operations.
pub(super) fn restrict(io_uring: &IoUring) -> io::Result<()> {
    let mut allowed: Vec<Restriction> = OPERATIONS.map(Restriction::sqe_op).into();
    allowed.push(Restriction::sqe_flags_allowed(FLAGS.bits()));
    allowed.push(Restriction::register_op(ENABLE_RINGS));
    io_uring.submitter().register_restrictions(&mut allowed)
}

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use io_uring::squeue::Entry;
    use io_uring::types::Fd;

    use super::super::{Kernel, Ring};
    use super::*;
    use crate::limits::RingSize;

    /// A ring like a ring thread's.
    fn enabled() -> Ring {
        let ring = Ring::new(RingSize::default()).expect("io_uring is allowed where tests run");
        ring.enable().expect("it is ours");
        ring
    }

    /// The result of an entry that points nowhere.
    fn answer(ring: &mut Ring, entry: &Entry) -> i32 {
        // SAFETY: the callee requires that the entry's pointers stay valid; this one has only null
        // pointers, which the kernel refuses to read.
        unsafe { ring.io_uring.submission().push(entry) }.expect("there is room");
        ring.io_uring.submit_and_wait(1).expect("it submits");
        let answer = ring.io_uring.completion().next();
        answer.expect("one has completed").result()
    }

    #[test]
    fn a_ring_opens_no_file_and_connects_nowhere() {
        let mut ring = enabled();
        let nowhere = Fd(-1);
        let entries = [
            opcode::OpenAt::new(Fd(libc::AT_FDCWD), null()).build(),
            opcode::Connect::new(nowhere, null(), 0).build(),
            opcode::Read::new(nowhere, std::ptr::null_mut(), 0).build(),
            opcode::Write::new(nowhere, null(), 0).build(),
            opcode::UnlinkAt::new(Fd(libc::AT_FDCWD), null()).build(),
            opcode::Close::new(nowhere).build(),
            opcode::Nop::new().build(),
        ];
        for entry in &entries {
            assert_eq!(answer(&mut ring, entry), -libc::EACCES, "{entry:?}");
        }
        // An allowed operation gets as far as its bad descriptor.
        let recv = opcode::Recv::new(nowhere, std::ptr::null_mut(), 0).build();
        assert_eq!(answer(&mut ring, &recv), -libc::EBADF);
        let linked = recv.flags(Flags::IO_LINK);
        assert_eq!(answer(&mut ring, &linked), -libc::EACCES);
    }

    #[test]
    fn nothing_can_be_registered_with_a_ring_that_serves() {
        let ring = enabled();
        let submitter = ring.io_uring.submitter();
        let refusals = [
            submitter.register_probe(&mut Probe::new()),
            submitter.register_files(&[0]),
            submitter.unregister_buf_ring(0),
            submitter.register_personality().map(drop),
        ];
        for refusal in refusals {
            let error = refusal.expect_err("it is restricted");
            assert_eq!(error.raw_os_error(), Some(libc::EACCES));
        }
        let again = restrict(&ring.io_uring).expect_err("it is restricted for good");
        assert_eq!(again.raw_os_error(), Some(libc::EACCES));
    }
}
