//! Threads that take seats and leave them, and tables that end.

use std::sync::Arc;
use std::thread;

use super::bench::{ALMOST_TIMEOUT, Bench, MILLISECOND, TIMEOUT, lost, value};
use super::clock;
use super::player::{Bell, Doing, Player};
use super::written::Value;
use crate::bridge::{CallSink, Delivery, Outcome};
use crate::seats::{Notice, Seats, lock};

const RETIRED: Notice = Notice::Retired { generation: 0 };
const LOST: Notice = Notice::Lost {
    generation: 0,
    seat: 0,
    function: 0,
};

#[test]
fn a_seat_belongs_to_one_thread_until_it_leaves() {
    let bench = Bench::workers(1);
    let first = bench.sit(0);
    let arrays = super::arrays::Arrays::new(1, 1, true);
    let wake: Arc<Bell> = Arc::default();
    assert!(!bench.seats.take_seat(0, arrays.memory(), wake.clone()));
    assert!(!bench.seats.take_seat(1, arrays.memory(), wake.clone()));
    first.leave();
    assert!(bench.seats.take_seat(0, arrays.memory(), wake));
    bench.seats.leave_seat(0);
    bench.seats.leave_seat(0);
    assert_eq!(bench.seats.next_batch(0, 0, 0), -1);
}

#[test]
fn a_worker_that_leaves_while_it_rests_loses_no_call() {
    let mut bench = Bench::workers(2);
    let first = bench.sit(0);
    let second = bench.sit(1);
    second.leave();
    bench.call(1);
    assert!(first.bell.hear());
    assert_eq!(bench.told(), []);
}

#[test]
fn a_call_left_for_a_worker_that_leaves_before_it_asks_goes_to_another() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    let second = bench.sit(1);
    bench.call(1);
    assert!(second.bell.has_rung());
    second.leave();
    assert!(first.bell.hear());
    first.ask(true);
    assert_eq!(first.begin(), 0);
}

#[test]
fn a_worker_that_leaves_with_a_batch_loses_only_the_call_it_has_begun() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    for _ in 0..40 {
        bench.call(1);
        first.run_all(&Value::Number(0));
    }
    bench.replies();
    let mut second = bench.sit(1);
    second.bell.hear();
    bench.call(4);
    second.bell.hear();
    first.ask(true);
    first.run(&Value::Number(1));
    first.begin();
    first.leave();
    assert_eq!(bench.replies(), [(40, value(1)), (41, lost())]);
    assert_eq!(bench.told(), [LOST]);
    second.ask(true);
    assert_eq!(second.begin(), 42);
    second.end_call(Some(&Value::Number(2)), true);
    second.ask(true);
    assert_eq!(second.begin(), 43);
}

#[test]
fn a_worker_that_leaves_with_promises_loses_them_but_its_results_are_answered() {
    let mut bench = Bench::workers(1);
    let mut first = bench.sit(0);
    for _ in 0..2 {
        bench.call(1);
        first.ask(true);
        first.promise();
        first.ask(true);
    }
    let digits = "18446744073709551616";
    first.settle(0, &Value::Digits(digits.to_owned()));
    assert_eq!(bench.replies(), []);
    first.leave();
    let reply = Outcome::Digits(digits.into()).into();
    assert_eq!(bench.replies(), [(0, reply), (1, lost())]);
    assert_eq!(bench.credits.taken(), 0);
}

#[test]
fn late_calls_of_a_worker_that_leaves_are_answered_as_late() {
    let mut bench = Bench::workers(1);
    let mut first = bench.sit(0);
    bench.call(1);
    first.ask(true);
    first.promise();
    first.ask(true);
    clock::pass(ALMOST_TIMEOUT);
    bench.call(1);
    first.ask(true);
    first.begin();
    clock::pass(MILLISECOND);
    first.leave();
    assert_eq!(bench.replies(), [(0, Delivery::Late), (1, lost())]);
    // Both are reported: they have ended with their worker.
    assert_eq!(bench.told(), [LOST, LOST]);
}

#[test]
fn a_table_is_over_when_its_last_promise_has_settled() {
    let mut bench = Bench::workers(1);
    let mut player = bench.sit(0);
    bench.call(1);
    player.bell.hear();
    player.ask(true);
    player.promise();
    bench.ring_leaves(0);
    player.ask(true);
    assert_eq!(bench.told(), []);
    player.settle(0, &Value::Number(3));
    assert_eq!(bench.told(), []);
    player.post();
    assert_eq!(bench.told(), [RETIRED]);
    assert_eq!(bench.replies(), [(0, value(3))]);
    assert!(player.bell.hear());
    player.ask(true);
    assert_eq!(player.doing, Doing::Over);
    player.leave();
    assert_eq!(bench.told(), []);
}

#[test]
fn a_table_is_over_when_its_last_promise_is_given_up_or_its_worker_has_ended() {
    for dies in [true, false] {
        let mut bench = Bench::workers(1);
        let mut player = bench.sit(0);
        bench.call(1);
        player.ask(true);
        player.promise();
        player.ask(true);
        bench.ring_leaves(0);
        if dies {
            player.leave();
            assert_eq!(bench.told(), [LOST, RETIRED]);
        } else {
            clock::pass(TIMEOUT);
            assert!(player.expire() < 0.0);
            assert_eq!(bench.told(), [RETIRED]);
        }
    }
}

#[test]
fn a_table_is_over_only_when_all_rings_have_left_it() {
    let mut bench = Bench::new(1, 3, 10);
    bench.ring_leaves(1);
    bench.ring_leaves(0);
    assert_eq!(bench.told(), []);
    bench.ring_leaves(2);
    assert_eq!(bench.told(), [RETIRED]);
}

#[test]
fn rings_have_ended_when_each_has_left_whichever_table_it_had() {
    let mut old = Bench::new(1, 2, 10);
    let options = crate::seats::Options {
        generation: 1,
        reply_queues: old.reply_queues.clone(),
        notices: Arc::clone(&old.notices),
        ..old.seats.options
    };
    let new = Seats::new(options);
    old.ring_closes(0);
    // The table is replaced just then, which that ring ignores.
    drop(new.sink());
    old.ring_leaves(1);
    let second = new.sink();
    assert_eq!(old.told(), [RETIRED]);
    second.closed(None);
    drop(second);
    let retired = Notice::Retired { generation: 1 };
    assert_eq!(old.told(), [Notice::Ended, retired]);
}

#[test]
fn calls_that_wait_when_the_rings_end_are_dropped() {
    let mut bench = Bench::workers(1);
    bench.call(2);
    bench.ring_closes(0);
    let player = bench.sit(0);
    assert_eq!(player.doing, Doing::Over);
    assert_eq!(bench.replies(), [(0, Delivery::Late), (1, Delivery::Late)]);
    assert_eq!(bench.told(), [Notice::Ended, RETIRED]);
}

/// A call goes from one worker to another while a third thread checks whether the table is over.
/// Each check looks at one seat after the other, so it takes many tries to hit the moment.
#[test]
fn a_table_is_not_over_while_a_call_moves_from_one_worker_to_another() {
    for _ in 0..300 {
        let mut bench = Bench::workers(2);
        let mut first = bench.sit(1);
        bench.call(1);
        first.ask(true);
        assert_eq!(first.doing, Doing::Claiming);
        let mut second = Player::sit(&bench.seats, 0, 16, 100);
        bench.ring_leaves(0);
        let seats = Arc::clone(&bench.seats);
        let guard = lock(&seats.all[1].consumer);
        let looking = thread::spawn({
            let seats = Arc::clone(&bench.seats);
            move || seats.end_if_over()
        });
        // The check is past the first seat, most likely.
        thread::sleep(MILLISECOND / 10);
        drop(guard);
        // The first worker gives the call back, and the second takes it.
        first.leave();
        second.ask(true);
        looking.join().unwrap();
        assert_eq!(bench.told(), [], "it is over with a call in hand");
        second.run_all(&Value::Number(1));
        assert_eq!(bench.told(), [RETIRED]);
        assert_eq!(bench.replies(), [(0, value(1))]);
    }
}
