//! The watchdog's acts while a worker is held, and its reports.

use super::bench::{ALMOST_TIMEOUT, Bench, MILLISECOND, TIMEOUT, lost, value};
use super::clock;
use super::player::{Doing, Player};
use super::written::Value;
use crate::bridge::{Delivery, Outcome};
use crate::seats::Notice;
use crate::seats::watchdog::Need;

const OVERDUE: Notice = Notice::Overdue {
    generation: 0,
    seat: 0,
};

/// Workers, the first of which has a batch of `calls` calls.
fn with_batch(seats: usize, calls: u32) -> (Bench, super::player::Player) {
    let mut bench = Bench::workers(seats);
    let mut player = bench.sit(0);
    // A function that has been quick gets many calls at a time.
    for _ in 0..40 {
        bench.call(1);
        player.run_all(&Value::Number(0));
    }
    bench.replies();
    bench.call(calls);
    assert!(player.bell.hear());
    player.ask(true);
    assert_eq!(bench.seats.in_hand(0), calls as usize);
    (bench, player)
}

#[test]
fn while_a_call_holds_a_worker_its_results_are_answered_and_others_get_the_rest() {
    let (mut bench, mut player) = with_batch(2, 4);
    let other = bench.sit(1);
    player.run(&Value::Number(5));
    let held = player.begin();
    assert_eq!(bench.look_again_after(MILLISECOND / 2), Need::AtOnce);
    assert_eq!(bench.replies(), []);
    clock::pass(MILLISECOND / 2);
    bench.look();
    let first = u32::try_from(held).unwrap() - 1;
    assert_eq!(bench.replies(), [(first, value(5))]);
    assert_eq!(bench.seats.in_hand(0), 1);
    assert!(other.bell.hear());
    player.end_call(Some(&Value::Number(6)), true);
    assert_eq!(player.claim(), None);
    player.ask(true);
    assert_eq!(bench.replies(), [(first + 1, value(6))]);
}

#[test]
fn an_error_is_answered_while_the_call_behind_it_holds_the_worker() {
    let (mut bench, mut player) = with_batch(1, 2);
    player.run(&Value::Error(422, "no".to_owned()));
    player.begin();
    bench.look_again_after(MILLISECOND);
    let replies = bench.replies();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].1, Outcome::Error(422, "no".into()).into());
}

#[test]
fn a_value_returned_after_the_rest_was_taken_back_is_answered() {
    let (mut bench, mut player) = with_batch(1, 3);
    player.promise();
    let held = player.begin();
    bench.look_again_after(MILLISECOND);
    player.end_call(Some(&Value::Number(7)), true);
    assert_eq!(player.claim(), None);
    // Now the continuation of the promise holds it.
    assert_eq!(player.doing, Doing::Continuing);
    bench.look_again_after(MILLISECOND);
    let number = u32::try_from(held).unwrap();
    assert_eq!(bench.replies(), [(number, value(7))]);
}

#[test]
fn a_worker_that_ends_after_its_rest_was_taken_back_has_its_values_answered() {
    let (mut bench, mut player) = with_batch(1, 3);
    player.promise();
    let held = player.begin();
    bench.look_again_after(MILLISECOND);
    player.end_call(Some(&Value::Number(7)), true);
    assert_eq!(player.claim(), None);
    player.leave();
    let number = u32::try_from(held).unwrap();
    assert_eq!(bench.replies(), [(number - 1, lost()), (number, value(7))]);
}

#[test]
fn each_call_has_its_text_if_the_watchdog_takes_some_and_the_worker_posts_the_rest() {
    let (mut bench, mut player) = with_batch(1, 6);
    let first = player.begin();
    let taken = [
        Value::Text("é".to_owned()),
        Value::Json(String::new()),
        Value::Response(201, "😀€".to_owned()),
        Value::Error(422, "nö".to_owned()),
    ];
    for value in &taken {
        player.end_call(Some(value), true);
        player.begin();
    }
    bench.look_again_after(MILLISECOND);
    let replies = bench.replies().into_iter().map(|(_, delivery)| delivery);
    assert!(replies.eq(taken.iter().map(|value| value.outcome().into())));
    player.end_call(Some(&Value::Text("ab".to_owned())), true);
    assert_eq!(player.claim(), None);
    player.ask(true);
    let number = u32::try_from(first + 4).unwrap();
    assert_eq!(
        bench.replies(),
        [(number, Outcome::Json(b"\"ab\"".to_vec()).into())]
    );
    player.run(&Value::Text("ß".to_owned()));
    player.ask(true);
    let json = Delivery::ToSend(Outcome::Json("\"ß\"".as_bytes().to_vec()));
    assert_eq!(bench.replies(), [(number + 1, json)]);
}

#[test]
fn a_worker_held_by_one_call_for_longer_than_the_timeout_is_reported_once() {
    let (mut bench, mut player) = with_batch(1, 1);
    player.begin();
    bench.look_again_after(ALMOST_TIMEOUT);
    assert_eq!(bench.told(), []);
    bench.look_again_after(MILLISECOND);
    assert_eq!(bench.told(), [OVERDUE]);
    bench.look_again_after(TIMEOUT);
    assert_eq!(bench.told(), []);
}

#[test]
fn a_worker_is_overdue_until_it_goes_on_or_ends() {
    for ends in [true, false] {
        let (mut bench, mut player) = with_batch(1, 1);
        player.begin();
        bench.look_again_after(ALMOST_TIMEOUT);
        assert!(!bench.seats.is_overdue(0));
        bench.look_again_after(MILLISECOND);
        assert!(bench.seats.is_overdue(0));
        if ends {
            player.leave();
            player = bench.sit(0);
        } else {
            player.end_call(Some(&Value::Number(1)), true);
        }
        player.ask(true);
        assert!(!bench.seats.is_overdue(0));
    }
}

#[test]
fn time_in_which_the_process_was_stopped_does_not_count_against_a_worker() {
    let (mut bench, mut player) = with_batch(2, 1);
    player.begin();
    bench.look_again_after(ALMOST_TIMEOUT);
    bench.stand_still(10 * TIMEOUT);
    bench.look();
    assert_eq!(bench.told(), []);
    bench.look_again_after(MILLISECOND);
    assert_eq!(bench.told(), [OVERDUE]);
}

#[test]
fn a_worker_in_the_seat_of_an_overdue_one_is_timed_afresh() {
    let mut bench = Bench::workers(1);
    bench.call(2);
    let mut player = bench.sit(0);
    player.begin();
    bench.look_again_after(TIMEOUT);
    assert_eq!(bench.told(), [OVERDUE]);
    player.leave();
    bench.told();
    // The watchdog does not look in between.
    bench.call(1);
    let mut player = bench.sit(0);
    player.begin();
    bench.look_again_after(ALMOST_TIMEOUT);
    assert_eq!(bench.told(), []);
    bench.look_again_after(MILLISECOND);
    assert_eq!(bench.told(), [OVERDUE]);
}

#[test]
fn a_worker_that_rests_with_promises_is_woken_to_see_whether_its_loop_turns() {
    let (mut bench, mut player) = with_batch(1, 1);
    player.promise();
    player.ask(true);
    assert_eq!(bench.look_again_after(MILLISECOND), Need::Later);
    assert!(!player.bell.hear());
    bench.look_again_after(TIMEOUT / 4);
    assert!(player.bell.hear());
    player.ask(true);
    bench.look_again_after(MILLISECOND);
    assert!(!player.bell.hear());
    // It does not ask the next time.
    bench.look_again_after(TIMEOUT / 4);
    assert!(player.bell.hear());
    bench.look_again_after(MILLISECOND);
    bench.look_again_after(TIMEOUT);
    assert_eq!(bench.told(), [OVERDUE]);
}

#[test]
fn a_worker_that_rests_without_calls_is_left_alone() {
    let (mut bench, mut player) = with_batch(1, 1);
    player.promise();
    player.ask(true);
    bench.look_again_after(TIMEOUT);
    player.bell.hear();
    player.ask(true);
    assert!(player.expire() < 0.0);
    assert_eq!(bench.look_again_after(TIMEOUT), Need::Nothing);
    assert!(!player.bell.hear());
    assert_eq!(bench.told(), []);
}

#[test]
fn calls_that_no_worker_takes_are_answered_as_late() {
    let mut bench = Bench::workers(2);
    bench.call(2);
    clock::pass(ALMOST_TIMEOUT);
    bench.call(1);
    assert!(bench.look_again_after(MILLISECOND / 2) > Need::Nothing);
    assert_eq!(bench.replies(), []);
    bench.look_again_after(MILLISECOND / 2);
    assert_eq!(bench.replies(), [(0, Delivery::Late), (1, Delivery::Late)]);
    assert_eq!(bench.seats.waiting(), (1, false));
}

#[test]
fn a_table_is_over_when_its_last_call_is_late_and_no_worker_is_there() {
    let mut bench = Bench::workers(1);
    bench.call(1);
    bench.ring_leaves(0);
    assert_eq!(bench.told(), []);
    bench.look_again_after(TIMEOUT);
    assert_eq!(bench.told(), [Notice::Retired { generation: 0 }]);
}

#[test]
fn a_worker_that_gives_up_late_calls_amid_a_batch_has_its_results_taken_once() {
    let (mut bench, mut player) = with_batch(1, 3);
    player.run(&Value::Text("a".to_owned()));
    let held = player.begin();
    bench.look_again_after(MILLISECOND);
    assert_eq!(bench.replies().len(), 1);
    // A function that turns the event loop itself runs timers.
    player.expire();
    player.end_call(Some(&Value::Text("b".to_owned())), true);
    assert_eq!(player.claim(), None);
    bench.look_again_after(MILLISECOND);
    let number = u32::try_from(held).unwrap();
    assert_eq!(
        bench.replies(),
        [(number, Outcome::Json(b"\"b\"".to_vec()).into())]
    );
}

#[test]
fn the_watchdog_is_woken_when_it_may_have_something_to_do() {
    let mut bench = Bench::workers(1);
    let is_told = |bench: &Bench| bench.seats.watchdog.as_ref().unwrap().is_told();
    assert_eq!(bench.look(), Need::Nothing);
    assert!(!is_told(&bench));
    let mut player = Player::sit(&bench.seats, 0, 16, 100);
    assert!(is_told(&bench), "a worker is there");
    assert_eq!(bench.look(), Need::Later);
    player.ask(true);
    assert_eq!(bench.look(), Need::Nothing);
    bench.call(1);
    assert!(is_told(&bench), "a resting worker has been woken");
    assert_eq!(bench.look(), Need::Later);
    bench.call(1);
    assert!(is_told(&bench), "another call waits");
    assert_eq!(bench.look(), Need::Soon);
    bench.call(1);
    assert!(!is_told(&bench), "it looks soon");
    player.run_all(&Value::Number(1));
    clock::pass(TIMEOUT);
    assert_eq!(bench.look(), Need::Nothing);
}

#[test]
fn a_reply_not_yet_posted_is_a_reason_to_wake_a_resting_worker() {
    let (mut bench, mut player) = with_batch(1, 1);
    player.promise();
    player.ask(true);
    player.settle(0, &Value::Digits("18446744073709551616".to_owned()));
    // Something else holds it before it posts the reply.
    bench.look_again_after(TIMEOUT / 4);
    assert!(player.bell.has_rung());
    bench.look_again_after(TIMEOUT);
    assert_eq!(bench.replies().len(), 1);
    assert_eq!(bench.told(), [OVERDUE]);
}
