//! Which threads are woken for calls.

use super::bench::{Bench, MILLISECOND, TIMEOUT};
use super::clock;
use super::player::{Doing, Player};
use super::written::Value;
use crate::seats::WAKING_NS;
use crate::seats::watchdog::Need;

#[test]
fn the_worker_that_fell_asleep_last_is_woken_first() {
    let mut bench = Bench::workers(3);
    let players = [1, 0, 2].map(|seat| bench.sit(seat));
    bench.call(1);
    let rung = players.each_ref().map(|player| player.bell.hear());
    assert_eq!(rung, [false, false, true]);
}

#[test]
fn no_other_worker_is_woken_if_one_that_is_awake_would_be_done_sooner() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    // The table learns that a call takes a quarter of the time to wake a thread.
    let usual = std::time::Duration::from_nanos(WAKING_NS / 4);
    for _ in 0..60 {
        bench.call(1);
        assert!(first.bell.hear());
        first.ask(true);
        first.begin();
        clock::pass(usual);
        first.end_call(Some(&Value::Number(1)), true);
        first.ask(true);
    }
    let second = bench.sit(1);
    bench.call(1);
    // The second one fell asleep last.
    assert!(second.bell.hear());
    bench.call(2);
    assert!(!first.bell.has_rung());
    bench.call(2);
    assert!(first.bell.hear());
}

/// Workers, each of which may have two calls.
fn full(seats: u32) -> Bench {
    Bench::new(seats as usize, 1, 2 * seats)
}

/// The player takes calls that settle later, until it may have no more.
fn fill(bench: &mut Bench, player: &mut Player) {
    for _ in 0..2 {
        bench.call(1);
        assert!(player.bell.hear());
        player.ask(true);
        player.promise();
        player.ask(true);
    }
    assert_eq!(player.doing, Doing::Resting);
}

#[test]
fn a_full_worker_is_not_woken_before_one_of_its_calls_is_answered() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    player.settle(0, &Value::Number(1));
    // The ring may call again once the result is posted.
    assert!(!player.bell.has_rung());
    player.post();
    assert!(player.bell.hear());
    player.ask(true);
    assert!(!player.is_busy());
    bench.call(1);
    assert!(player.bell.hear());
}

#[test]
fn a_worker_that_finds_itself_full_wakes_another_for_waiting_calls() {
    let mut bench = full(2);
    let mut first = bench.sit(0);
    bench.call(1);
    first.bell.hear();
    first.ask(true);
    first.promise();
    bench.call(1);
    first.ask(true);
    first.promise();
    let second = bench.sit(1);
    // The first one is awake and soon asks.
    second.bell.hear();
    bench.call(1);
    assert!(!second.bell.has_rung());
    first.ask(true);
    assert_eq!(first.doing, Doing::Resting);
    assert!(second.bell.hear());
}

#[test]
fn a_full_worker_is_woken_when_the_rings_have_ended() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    bench.ring_closes(0);
    assert!(player.bell.hear());
    player.ask(true);
    assert_eq!(player.doing, Doing::Over);
    assert_eq!(bench.credits.taken(), 0);
}

#[test]
fn a_worker_that_knows_the_table_is_over_is_not_woken() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    bench.ring_closes(0);
    player.bell.hear();
    player.ask(true);
    assert_eq!(player.doing, Doing::Over);
    player.settle(0, &Value::Number(1));
    player.post();
    assert!(!player.bell.has_rung());
}

#[test]
fn a_worker_that_asks_without_being_woken_is_awake_with_its_calls() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    let second = bench.sit(1);
    bench.call(1);
    assert!(second.bell.hear());
    first.ask(true);
    first.begin();
    bench.look_again_after(MILLISECOND);
    bench.call(1);
    bench.look_again_after(MILLISECOND);
    assert!(!first.bell.has_rung(), "it is at a call");
}

#[test]
fn calls_wait_for_the_first_worker_to_come() {
    let mut bench = Bench::workers(1);
    bench.call(3);
    let player = bench.sit(0);
    assert_eq!(player.doing, Doing::Claiming);
}

#[test]
fn a_call_left_for_a_held_worker_soon_goes_to_another() {
    let mut bench = Bench::workers(2);
    let other = bench.sit(1);
    let mut held = bench.sit(0);
    bench.call(1);
    assert!(held.bell.hear());
    held.ask(true);
    held.promise();
    held.ask(true);
    // The promise's continuation holds it from now on, and the watchdog has nothing else to do.
    bench.look();
    clock::pass(TIMEOUT / 8);
    assert_eq!(bench.look(), Need::Later);
    bench.call(1);
    assert!(held.bell.has_rung() && !other.bell.has_rung());
    assert!(bench.seats.watchdog.as_ref().unwrap().is_told());
    assert!(bench.look() > Need::Later);
    bench.look_again_after(MILLISECOND);
    assert!(other.bell.hear());
}

#[test]
fn a_worker_held_by_a_call_does_not_keep_others_asleep() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    bench.call(1);
    assert!(first.bell.hear());
    first.ask(true);
    first.begin();
    let second = bench.sit(1);
    bench.look_again_after(MILLISECOND);
    bench.call(1);
    assert!(second.bell.hear());
}

#[test]
fn a_call_that_waits_longer_than_expected_wakes_another_worker() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    let second = bench.sit(1);
    second.bell.hear();
    bench.call(1);
    assert!(second.bell.hear(), "it fell asleep last");
    let mut second = second;
    second.run_all(&Value::Number(1));
    bench.call(1);
    second.bell.hear();
    second.ask(true);
    second.begin();
    // It goes on from call to call, and another call waits behind each.
    for _ in 0..3 {
        bench.call(1);
        bench.look();
        clock::pass(MILLISECOND);
        second.end_call(Some(&Value::Number(1)), true);
        second.ask(true);
        second.begin();
    }
    bench.call(1);
    bench.look();
    assert!(first.bell.hear());
    first.ask(true);
}

#[test]
fn a_full_worker_that_gives_up_late_calls_may_have_calls_again() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    clock::pass(TIMEOUT);
    assert!(player.expire() < 0.0);
    assert!(player.bell.hear());
}
