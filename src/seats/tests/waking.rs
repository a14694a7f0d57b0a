//! Which threads are woken for calls, and which are not.

use super::bench::{Bench, MILLISECOND, TIMEOUT};
use super::clock;
use super::player::{Doing, Player};
use super::written::Value;
use crate::seats::WAKING_NS;
use crate::seats::watchdog::Need;

#[test]
fn who_fell_asleep_last_is_woken_first() {
    let mut bench = Bench::workers(3);
    let players = [1, 0, 2].map(|seat| bench.sit(seat));
    bench.call(1);
    let rung = players.each_ref().map(|player| player.bell.hear());
    assert_eq!(rung, [false, false, true]);
}

#[test]
fn nobody_else_is_woken_while_somebody_awake_has_done_in_less_time_than_waking_takes() {
    let mut bench = Bench::workers(2);
    let mut first = bench.sit(0);
    // It learns that a call takes a quarter of that time.
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

/// It takes calls that are to settle later, until it may have no more.
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
fn who_has_as_many_calls_as_it_may_is_not_woken_before_one_is_answered() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    player.settle(0, &Value::Number(1));
    // The ring may call again when that is posted.
    assert!(!player.bell.has_rung());
    player.post();
    assert!(player.bell.hear());
    player.ask(true);
    assert!(!player.is_busy());
    bench.call(1);
    assert!(player.bell.hear());
}

#[test]
fn who_finds_that_it_may_have_no_more_calls_wakes_another_for_those_that_wait() {
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
    // The first one is awake, and asks soon.
    second.bell.hear();
    bench.call(1);
    assert!(!second.bell.has_rung());
    first.ask(true);
    assert_eq!(first.doing, Doing::Resting);
    assert!(second.bell.hear());
}

#[test]
fn who_waits_for_an_answer_is_woken_when_the_rings_have_ended() {
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
fn who_has_been_told_that_it_is_over_is_not_woken() {
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
fn who_asks_without_having_been_woken_is_awake_with_what_it_gets() {
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
fn calls_wait_for_whoever_comes_where_nobody_is() {
    let mut bench = Bench::workers(1);
    bench.call(3);
    let player = bench.sit(0);
    assert_eq!(player.doing, Doing::Claiming);
}

#[test]
fn a_call_that_was_left_for_a_worker_that_is_held_is_another_s_soon() {
    let mut bench = Bench::workers(2);
    let other = bench.sit(1);
    let mut held = bench.sit(0);
    bench.call(1);
    assert!(held.bell.hear());
    held.ask(true);
    held.promise();
    held.ask(true);
    // The continuation of the promise holds it from now on, and the watchdog has nothing else to
    // do.
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
fn nobody_counts_on_a_worker_that_a_call_holds() {
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
fn what_waits_longer_than_was_thought_wakes_another() {
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
    // It goes on from call to call, and others wait behind each.
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
fn who_gives_up_what_is_late_may_have_calls_again() {
    let mut bench = full(1);
    let mut player = bench.sit(0);
    fill(&mut bench, &mut player);
    clock::pass(TIMEOUT);
    assert!(player.expire() < 0.0);
    assert!(player.bell.hear());
}
