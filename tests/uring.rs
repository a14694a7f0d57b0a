//! Small rings, whose queues overflow and whose buffers run out; the rings of the other tests'
//! servers are too large for that.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ringcall::limits::RingSize;
use ringcall::uring::{Event, Kernel, Op, Receive, Ring, Token};

/// Receives that complete in one turn: more than the four completions for which the smallest ring
/// has room.
const RECEIVES: u32 = 16;

fn ring(size: RingSize) -> Ring {
    let ring = Ring::new(size).unwrap_or_else(|refused| panic!("{refused}"));
    ring.enable().unwrap();
    ring
}

fn token(slot: u32) -> Token {
    Token {
        slot,
        generation: 0,
    }
}

/// Arms receives on connections of their own, from slot `first` on, and returns both ends of each.
fn arm_receives(first: u32, ring: &mut Ring) -> Vec<(UnixStream, UnixStream)> {
    let arm = |slot| {
        let (theirs, ours) = UnixStream::pair().unwrap();
        ring.arm_recv(token(slot), ours.as_fd(), Receive::Multishot);
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

/// One turn of a loop: returns the results of sends.
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
    let mut ring = ring(size);
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
    ring.push_send(sender, ours.as_fd(), b"1".to_vec().into(), 0, true);
    let failed = turn(&mut ring).pop().unwrap().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::WouldBlock);

    theirs.read_exact(&mut vec![0; filled]).unwrap();
    ring.push_send(sender, ours.as_fd(), b"1".to_vec().into(), 0, false);
    let mut sent = turn(&mut ring);
    complete(&second);
    while sent.is_empty() {
        sent = turn(&mut ring);
    }
    assert!(matches!(sent[..], [Ok(1)]), "{sent:?}");

    ring.push_send(sender, ours.as_fd(), b"2".to_vec().into(), 0, true);
    let mut sent = turn(&mut ring);
    while sent.is_empty() {
        sent = turn(&mut ring);
    }
    assert!(matches!(sent[..], [Ok(1)]), "{sent:?}");
    let mut received = [0; 2];
    theirs.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"12");
}

/// By this many turns, a kernel that creates a thread for a send has done so: it tries 128 times.
const TURNS: usize = 200;

/// Threads that the kernel has created for the rings of this process.
fn kernel_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let comm = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm"));
    let names = tasks.filter_map(|task| comm(task.unwrap()).ok());
    names.filter(|comm| comm.starts_with("iou-wrk")).count()
}

/// Connections of a crowd: sixteen times the submissions that its ring holds, and four times the
/// completions that it holds.
const CROWD: u32 = 64;

/// How long anything may take: only a lost completion reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

struct Member {
    theirs: UnixStream,
    ours: Option<UnixStream>,
    is_armed: bool,
    has_ended: bool,
    received: Vec<u8>,
    sent: Vec<Result<usize, ErrorKind>>,
}

impl Member {
    /// Sends from our side until there is no room, and returns how much.
    fn fill(&self) -> usize {
        let mut ours = self.ours.as_ref().unwrap();
        let mut filled = 0;
        while let Ok(count) = ours.write(&[0; 4096]) {
            filled += count;
        }
        filled
    }
}

/// Connections that all do the same at once, on a ring of four submissions, sixteen completions and
/// eight buffers.
struct Crowd {
    ring: Ring,
    members: Vec<Member>,
    is_over: bool,
}

impl Crowd {
    fn new() -> Self {
        let size = RingSize {
            entries: 4,
            buffers: 8,
            buffer_bytes: 128,
        };
        let mut ring = ring(size);
        ring.arm_tick(PATIENCE);
        let member = |_| {
            let (theirs, ours) = UnixStream::pair().unwrap();
            theirs.set_nonblocking(true).unwrap();
            ours.set_nonblocking(true).unwrap();
            Member {
                theirs,
                ours: Some(ours),
                is_armed: false,
                has_ended: false,
                received: Vec::new(),
                sent: Vec::new(),
            }
        };
        Self {
            ring,
            members: (0..CROWD).map(member).collect(),
            is_over: false,
        }
    }

    /// Arms all receives that are not armed.
    fn receive(&mut self) {
        for (slot, member) in (0..).zip(&mut self.members) {
            if let Some(ours) = &member.ours
                && !member.is_armed
                && !member.has_ended
            {
                self.ring
                    .arm_recv(token(slot), ours.as_fd(), Receive::Multishot);
                member.is_armed = true;
            }
        }
    }

    fn send(&mut self, slot: u32, byte: u8, quiet: bool) {
        let ours = self.members[slot as usize].ours.as_ref().unwrap();
        self.ring
            .push_send(token(slot), ours.as_fd(), vec![byte].into(), 0, quiet);
    }

    fn turn(&mut self) {
        self.ring.submit_and_wait().unwrap();
        while let Some(event) = self.ring.next_event() {
            match event {
                Event::Received {
                    token,
                    result,
                    armed,
                } => {
                    let member = &mut self.members[token.slot as usize];
                    assert!(member.is_armed, "a completion too many");
                    member.is_armed = armed;
                    match result {
                        Ok(Some(buffer)) => {
                            member.received.extend(self.ring.bytes(&buffer));
                            self.ring.put(buffer);
                        }
                        Ok(None) => member.has_ended = true,
                        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS)),
                    }
                }
                Event::Sent { token, result, .. } => {
                    let member = &mut self.members[token.slot as usize];
                    member.sent.push(result.map_err(|error| error.kind()));
                }
                Event::Ticked => assert!(self.is_over, "a completion is lost"),
                Event::Cancelled { .. } if self.is_over => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn turn_until(&mut self, is_done: impl Fn(&[Member]) -> bool) {
        while !is_done(&self.members) {
            self.turn();
            self.receive();
        }
    }

    /// Ends and closes all of them at once; then nothing may be in flight.
    fn end(mut self) {
        for member in &self.members {
            member.theirs.shutdown(Shutdown::Write).unwrap();
        }
        self.turn_until(|members| members.iter().all(|member| member.has_ended));
        for member in &mut self.members {
            self.ring.close(member.ours.take().unwrap().into());
        }
        assert_eq!(self.ring.in_flight(), 1, "the tick");
        for member in &mut self.members {
            // Nonblocking: this fails if ours is not closed yet.
            member.theirs.read_to_end(&mut Vec::new()).unwrap();
        }
        self.is_over = true;
        self.ring.push_cancel(Op::Tick, Token::NONE);
        while self.ring.in_flight() > 0 {
            self.turn();
        }
    }
}

#[test]
fn more_ops_than_the_queues_hold_complete_once_each() {
    let mut crowd = Crowd::new();
    for (byte, member) in (0..).zip(&crowd.members) {
        (&member.theirs).write_all(&[byte; 2]).unwrap();
    }
    crowd.receive();
    for slot in 0..CROWD {
        crowd.send(slot, u8::try_from(slot).unwrap(), false);
    }
    assert_eq!(crowd.ring.in_flight(), 1 + 2 * CROWD as usize);
    crowd.turn_until(|members| {
        let is_done = |member: &Member| member.received.len() == 2 && !member.sent.is_empty();
        members.iter().all(is_done)
    });
    for (byte, member) in (0..).zip(&crowd.members) {
        assert_eq!(member.received, [byte; 2]);
        assert_eq!(member.sent, [Ok(1)]);
        let mut answer = [0; 9];
        assert_eq!((&member.theirs).read(&mut answer).unwrap(), 1);
        assert_eq!(answer[0], byte);
    }
    crowd.end();
}

#[test]
fn quiet_sends_are_told_apart_while_completions_overflow() {
    let is_full = |slot: u32| slot.is_multiple_of(3);
    let mut crowd = Crowd::new();
    crowd.receive();
    crowd.ring.submit().unwrap();
    let fill = |(slot, member): (u32, &Member)| if is_full(slot) { member.fill() } else { 0 };
    let filled: Vec<usize> = (0..).zip(&crowd.members).map(fill).collect();
    for round in 1..=3 {
        for member in &crowd.members {
            (&member.theirs).write_all(b"x").unwrap();
        }
        for slot in 0..CROWD {
            crowd.send(slot, round, true);
        }
        let rounds = usize::from(round);
        crowd.turn_until(|members| {
            let is_done =
                |member: &Member| member.received.len() == rounds && member.sent.len() == rounds;
            members.iter().all(is_done)
        });
    }
    for ((slot, member), filled) in (0..).zip(&crowd.members).zip(filled) {
        let mut arrived = vec![0; filled + 9];
        let mut count = 0;
        while let Ok(read) = (&member.theirs).read(&mut arrived[count..]) {
            count += read;
        }
        if is_full(slot) {
            assert_eq!(member.sent, [Err(ErrorKind::WouldBlock); 3]);
            assert_eq!(count, filled);
        } else {
            assert_eq!(member.sent, [Ok(1); 3]);
            assert_eq!(arrived[..count], [1, 2, 3]);
        }
    }
    crowd.end();
}

#[test]
fn bytes_without_a_buffer_are_received_once_there_is_one() {
    let mut crowd = Crowd::new();
    let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at % 251) as u8).collect();
    for member in &crowd.members {
        (&member.theirs).write_all(&bytes).unwrap();
    }
    crowd.receive();
    let length = bytes.len();
    crowd.turn_until(|members| members.iter().all(|member| member.received.len() == length));
    assert!(crowd.members.iter().all(|member| member.received == bytes));
    crowd.end();
}

#[test]
fn a_send_waits_for_room_without_a_thread_even_if_the_peer_has_ended_its_side() {
    for ends_first in [true, false] {
        let mut crowd = Crowd::new();
        crowd.receive();
        let filled: Vec<usize> = crowd.members[1..].iter().map(Member::fill).collect();
        let end_all = |crowd: &Crowd| {
            for member in &crowd.members[1..] {
                member.theirs.shutdown(Shutdown::Write).unwrap();
            }
        };
        if ends_first {
            end_all(&crowd);
        }
        for slot in 1..CROWD {
            crowd.send(slot, b'1', false);
        }
        crowd.ring.submit().unwrap();
        if !ends_first {
            end_all(&crowd);
        }
        crowd.turn_until(|members| members[1..].iter().all(|member| member.has_ended));
        for turn in 1..=TURNS {
            (&crowd.members[0].theirs).write_all(b"x").unwrap();
            crowd.turn_until(|members| members[0].received.len() == turn);
        }
        assert!(crowd.members.iter().all(|member| member.sent.is_empty()));
        assert_eq!(kernel_threads(), 0);

        for (member, filled) in crowd.members[1..].iter().zip(filled) {
            (&member.theirs).read_exact(&mut vec![0; filled]).unwrap();
        }
        crowd.turn_until(|members| members[1..].iter().all(|member| !member.sent.is_empty()));
        for member in &crowd.members[1..] {
            assert_eq!(member.sent, [Ok(1)]);
            assert_eq!((&member.theirs).read(&mut [0; 9]).unwrap(), 1);
        }
        crowd.end();
    }
}

#[test]
fn a_last_send_takes_what_fits_and_goes_with_the_end_of_our_side() {
    let mut ring = ring(RingSize::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    assert_eq!(ring.send_last(ours.as_fd(), b"610"), 3);
    ring.shut_down(ours.as_fd(), Shutdown::Write);
    let mut received = String::new();
    theirs.read_to_string(&mut received).unwrap();
    assert_eq!(received, "610");
    assert_eq!(ring.send_last(ours.as_fd(), b"987"), 0);

    let (mut theirs, ours) = UnixStream::pair().unwrap();
    let more_than_fits = vec![0; 1 << 24];
    let sent = ring.send_last(ours.as_fd(), &more_than_fits);
    assert!(0 < sent && sent < more_than_fits.len(), "{sent}");
    ring.shut_down(ours.as_fd(), Shutdown::Write);
    let mut received = Vec::new();
    theirs.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), sent);
}

/// Arms a receive on one end of a pair whose other end has written `bytes` already, takes a turn,
/// and returns what was received, and the room of each buffer.
fn receive(ring: &mut Ring, how: Receive, bytes: &[u8]) -> io::Result<Vec<(Vec<u8>, usize)>> {
    let (mut theirs, ours) = UnixStream::pair().unwrap();
    theirs.write_all(bytes).unwrap();
    ring.arm_recv(token(0), ours.as_fd(), how);
    ring.submit_and_wait().unwrap();
    let mut received = Vec::new();
    while let Some(event) = ring.next_event() {
        let Event::Received { result, armed, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(armed, how == Receive::Multishot);
        let buffer = result?.unwrap();
        received.push((ring.bytes(&buffer).to_vec(), ring.buffer_bytes(&buffer)));
        ring.put(buffer);
    }
    Ok(received)
}

#[test]
fn a_large_receive_takes_at_once_what_takes_many_buffers_otherwise() {
    let mut ring = ring(RingSize {
        entries: 8,
        buffers: 64,
        buffer_bytes: 64,
    });
    let sent: Vec<u8> = (0..=u8::MAX).cycle().take(2048 + 1).collect();
    let large = receive(&mut ring, Receive::Large, &sent).unwrap();
    assert_eq!(large, [(sent[..2048].to_vec(), 2048)]);
    let once = receive(&mut ring, Receive::Once, &sent).unwrap();
    assert_eq!(once, [(sent[..64].to_vec(), 64)]);
    // The kernel takes 32 at a time.
    let sent = &sent[..30 * 64];
    let many = receive(&mut ring, Receive::Multishot, sent).unwrap();
    assert!(many.len() == 30 && many.iter().all(|(_, room)| *room == 64));
    let many: Vec<u8> = many.into_iter().flat_map(|(bytes, _)| bytes).collect();
    assert_eq!(many, sent);
}

#[test]
fn each_large_buffer_comes_round_and_the_others_are_not_used_up_by_them() {
    let mut ring = ring(RingSize {
        entries: 8,
        buffers: 64,
        buffer_bytes: 64,
    });
    for byte in 0..50 {
        let large = receive(&mut ring, Receive::Large, &[byte; 2048]).unwrap();
        assert_eq!(large, [(vec![byte; 2048], 2048)]);
    }
    // All four of them are ours now.
    let mut held = Vec::new();
    for byte in 0..4 {
        let (mut theirs, ours) = UnixStream::pair().unwrap();
        theirs.write_all(&[byte; 100]).unwrap();
        ring.arm_recv(token(0), ours.as_fd(), Receive::Large);
        ring.submit_and_wait().unwrap();
        let Some(Event::Received { result, .. }) = ring.next_event() else {
            panic!("nothing was received");
        };
        held.push(result.unwrap().unwrap());
    }
    let none_left = receive(&mut ring, Receive::Large, b"x").unwrap_err();
    assert_eq!(none_left.raw_os_error(), Some(libc::ENOBUFS));
    let usual = receive(&mut ring, Receive::Once, b"x").unwrap();
    assert_eq!(usual, [(b"x".to_vec(), 64)]);
    for (byte, buffer) in (0..).zip(held) {
        assert_eq!(ring.bytes(&buffer), [byte; 100]);
        ring.put(buffer);
    }
    let again = receive(&mut ring, Receive::Large, b"x").unwrap();
    assert_eq!(again, [(b"x".to_vec(), 2048)]);
}
