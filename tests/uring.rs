//! The ring where the kernel's completion queue overflows, for which a server's is too large in
//! other tests.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use ringcall::limits::{KernelFeatures, RingSize};
use ringcall::uring::{Event, Kernel, Ring, Token};

/// Receives that complete in one turn: more than the four completions for which the smallest ring
/// has room.
const RECEIVES: u32 = 16;

fn token(slot: u32) -> Token {
    Token {
        slot,
        generation: 0,
    }
}

/// Arms receives on connections of their own, from `first` on, and returns the peers' ends.
fn arm_receives(first: u32, ring: &mut Ring) -> Vec<(UnixStream, UnixStream)> {
    let arm = |slot| {
        let (theirs, ours) = UnixStream::pair().unwrap();
        ring.arm_recv(token(slot), ours.as_fd());
        (theirs, ours)
    };
    (first..first + RECEIVES).map(arm).collect()
}

fn complete(receives: &[(UnixStream, UnixStream)]) {
    for (theirs, _) in receives {
        let mut theirs: &UnixStream = theirs;
        theirs.write_all(b"x").unwrap();
    }
}

/// One turn of a loop: what came of the sends.
fn turn(ring: &mut Ring) -> Vec<io::Result<usize>> {
    ring.submit_and_wait().unwrap();
    let mut sent = Vec::new();
    while let Some(event) = ring.next_event() {
        match event {
            Event::Sent { result, .. } => sent.push(result),
            Event::Received {
                result: Ok(Some(buffer)),
                ..
            } => ring.put(buffer),
            other => panic!("{other:?}"),
        }
    }
    sent
}

#[test]
fn a_quiet_send_that_failed_while_completions_overflowed_is_not_taken_for_the_next_one() {
    let size = RingSize {
        entries: 1,
        buffers: 64,
        buffer_bytes: 64,
    };
    let mut ring =
        Ring::new(size, KernelFeatures::default()).unwrap_or_else(|refused| panic!("{refused}"));
    ring.enable().unwrap();
    let (first, second) = (
        arm_receives(0, &mut ring),
        arm_receives(RECEIVES, &mut ring),
    );
    ring.submit().unwrap();
    let sender = token(2 * RECEIVES);
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut filled = 0;
    while let Ok(count) = (&ours).write(&[0; 4096]) {
        filled += count;
    }

    complete(&first);
    ring.push_send(sender, ours.as_fd(), b"1".to_vec(), 0, true);
    let failed = turn(&mut ring).pop().unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::WouldBlock);

    theirs.read_exact(&mut vec![0; filled]).unwrap();
    ring.push_send(sender, ours.as_fd(), b"1".to_vec(), 0, false);
    let mut sent = turn(&mut ring);
    complete(&second);
    while sent.is_empty() {
        sent = turn(&mut ring);
    }
    assert!(matches!(sent[..], [Ok(1)]), "{sent:?}");

    ring.push_send(sender, ours.as_fd(), b"2".to_vec(), 0, true);
    let mut sent = turn(&mut ring);
    while sent.is_empty() {
        sent = turn(&mut ring);
    }
    assert!(matches!(sent[..], [Ok(1)]), "{sent:?}");
    let mut received = [0; 2];
    theirs.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"12");
}
