//! Unit tests of when connections are gathered.

use super::*;

const CROWD: Crowd = Crowd {
    connections: 100,
    within_us: 10_000,
    gap_us: 400,
    retry_us: 1_000_000,
};

/// `count` connections, one each `interval_us` from `from_us`; returns when the last came.
fn come(gathering: &mut Gathering, from_us: u64, interval_us: u64, count: u64) -> u64 {
    (1..=count).for_each(|nth| gathering.on_accepted(from_us + nth * interval_us));
    from_us + count * interval_us
}

/// Connections of a crowd, which has just begun to be gathered, and when.
fn gathered() -> (Gathering, u64) {
    let mut gathering = Gathering::new(CROWD);
    let now_us = come(&mut gathering, 50_000, 50, 101);
    assert!(gathering.is_on());
    (gathering, now_us)
}

#[test]
fn a_few_connections_are_accepted_as_they_come() {
    let mut gathering = Gathering::new(CROWD);
    let now_us = come(&mut gathering, 50_000, 101, 5_000);
    assert_eq!(gathering.delay(now_us), None);
}

#[test]
fn a_crowd_is_accepted_after_the_gap_and_no_sooner_or_later() {
    let mut gathering = Gathering::new(CROWD);
    let now_us = come(&mut gathering, 50_000, 50, 102);
    assert_eq!(gathering.delay(now_us), Some(Duration::from_micros(400)));
    assert_eq!(
        gathering.delay(now_us + 349),
        Some(Duration::from_micros(51))
    );
    assert_eq!(gathering.delay(now_us + 350), None);
    assert_eq!(gathering.delay(now_us + 4_000), None);
}

#[test]
fn a_crowd_that_gathering_slows_down_is_accepted_as_it_comes_for_a_while() {
    let (mut gathering, now_us) = gathered();
    let now_us = come(&mut gathering, now_us, 64, 100);
    assert!(!gathering.is_on());
    let now_us = come(&mut gathering, now_us, 50, 20_000);
    assert!(!gathering.is_on(), "for a second");
    come(&mut gathering, now_us, 50, 200);
    assert!(gathering.is_on());
}

#[test]
fn a_crowd_that_gathering_slows_down_to_no_crowd_is_accepted_as_it_comes_for_a_while() {
    let (mut gathering, now_us) = gathered();
    let now_us = come(&mut gathering, now_us, 300, 40);
    assert!(!gathering.is_on());
    come(&mut gathering, now_us, 50, 20_000);
    assert!(!gathering.is_on());
}

#[test]
fn a_crowd_that_is_disturbed_once_stays_gathered() {
    let (mut gathering, now_us) = gathered();
    let now_us = come(&mut gathering, now_us, 62, 100);
    assert!(gathering.is_on(), "a quarter is noise");
    let now_us = come(&mut gathering, now_us, 200, 51);
    assert!(!gathering.is_on());
    come(&mut gathering, now_us, 50, 100);
    assert!(gathering.is_on());
}

#[test]
fn a_crowd_that_is_slower_for_another_reason_is_gathered_soon_again() {
    let (mut gathering, now_us) = gathered();
    let now_us = come(&mut gathering, now_us, 90, 100);
    assert!(!gathering.is_on());
    let now_us = come(&mut gathering, now_us, 80, 100);
    assert!(gathering.is_on());
    let now_us = come(&mut gathering, now_us, 110, 200);
    assert!(!gathering.is_on());
    come(&mut gathering, now_us, 50, 102);
    assert!(gathering.is_on());
}

/// It came slowly at first for another reason, and gathering hides that it could come faster.
#[test]
fn a_crowd_that_gathering_keeps_slow_is_accepted_as_it_comes_after_a_second() {
    let mut gathering = Gathering::new(CROWD);
    let mut now_us = come(&mut gathering, 50_000, 95, 101);
    let mut gathered = 0;
    for _ in 0..2_000 {
        let interval_us = if gathering.is_on() { 60 } else { 30 };
        gathered += u32::from(gathering.is_on());
        now_us = come(&mut gathering, now_us, interval_us, 100);
    }
    assert!(now_us > 6_000_000, "{now_us}");
    // One second, and then one sample in each.
    assert!((160..200).contains(&gathered), "{gathered}");
}

#[test]
fn a_crowd_that_has_gone_leaves_no_delay() {
    let mut gathering = Gathering::new(CROWD);
    let now_us = come(&mut gathering, 50_000, 50, 150);
    assert!(gathering.is_on());
    gathering.on_accepted(now_us + 10_000);
    assert_eq!(gathering.delay(now_us + 10_000), None);
}
