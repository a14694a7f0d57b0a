//! Unit tests of the order of the calls that wait.

use super::*;

/// Request `sequence` of connection `number`.
fn call(number: u64, sequence: u32) -> Call {
    let mut call = Call {
        sequence,
        ..Call::default()
    };
    call.connection.number = number;
    call
}

fn queue(calls: Vec<Call>, batch: usize) -> Queue {
    let mut queue = Queue::default();
    add(&mut queue, calls, batch);
    queue
}

fn add(queue: &mut Queue, mut calls: Vec<Call>, batch: usize) {
    queue.add(&mut calls);
    assert!(calls.is_empty());
    queue.settle(batch);
}

fn take(queue: &mut Queue, count: usize) -> Vec<(u64, u32)> {
    let calls = (0..count).map_while(|_| queue.take());
    calls
        .map(|call| (call.connection.number, call.sequence))
        .collect()
}

#[test]
fn calls_that_fit_a_batch_are_taken_in_their_order() {
    let mut queue = queue(vec![call(1, 0), call(1, 1), call(2, 0)], 3);
    assert_eq!(take(&mut queue, 9), [(1, 0), (1, 1), (2, 0)]);
    assert!(queue.is_empty());
}

#[test]
fn connections_take_turns_when_more_calls_wait_than_a_batch_holds() {
    let calls = vec![call(1, 0), call(1, 1), call(1, 2), call(2, 0), call(2, 1)];
    let mut queue = queue(calls, 1);
    let expected = [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)];
    assert_eq!(take(&mut queue, 9), expected);
    assert!(queue.is_empty());
}

#[test]
fn a_single_request_is_next_however_many_another_connection_has_pipelined() {
    let many = (0..64).map(|sequence| call(1, sequence)).collect();
    let mut queue = queue(many, 1);
    assert_eq!(take(&mut queue, 10).len(), 10);
    add(&mut queue, vec![call(2, 0)], 1);
    assert_eq!(take(&mut queue, 3), [(1, 10), (2, 0), (1, 11)]);
    assert_eq!(take(&mut queue, 99).len(), 52);
}

#[test]
fn a_connection_s_requests_keep_their_order_whatever_is_put_back() {
    let mut queue = Queue::default();
    let mut expected = 0;
    let mut next = 0;
    for turn in 0..1_000_usize {
        let calls = (0..turn % 7).map(|_| {
            next += 1;
            call(1, next - 1)
        });
        let others = (0..turn % 3).map(|other| call(100 + other as u64, 0));
        add(&mut queue, calls.chain(others).collect(), turn % 5 + 1);
        let taken: Vec<Call> = (0..=turn % 5).map_while(|_| queue.take()).collect();
        let begun = taken.len().min(turn % 4);
        for (index, call) in taken.into_iter().enumerate().rev() {
            if index >= begun {
                queue.put_back(call);
            } else if call.connection.number == 1 {
                expected += 1;
            }
        }
        let ours = queue.iter().filter(|call| call.connection.number == 1);
        assert_eq!(ours.count(), (next - expected) as usize);
    }
    let rest = std::iter::from_fn(|| queue.take());
    let ours = rest.filter(|call| call.connection.number == 1);
    let sequences: Vec<u32> = ours.map(|call| call.sequence).collect();
    assert_eq!(sequences, (expected..next).collect::<Vec<_>>());
}

#[test]
fn connections_without_a_call_in_the_queue_are_forgotten() {
    let mut queue = queue(vec![call(0, 0), call(0, 1)], 1);
    for number in 1..100_000 {
        add(&mut queue, vec![call(number, 0)], 1);
        assert!(queue.take().is_some());
    }
    assert!(
        queue.last.len() <= 2 * CONNECTIONS_MIN,
        "{}",
        queue.last.len()
    );
}

#[test]
fn a_call_that_was_put_back_is_the_next_one() {
    for batch in [1, 9] {
        let mut queue = queue(vec![call(1, 0), call(1, 1), call(2, 0)], batch);
        let first = queue.take().unwrap();
        let expected = first.connection.number;
        queue.put_back(first);
        assert_eq!(take(&mut queue, 1), [(expected, 0)]);
        assert_eq!(take(&mut queue, 9).len(), 2);
    }
}
