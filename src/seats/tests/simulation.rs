//! Rings, threads, the watchdog and time in any order, all of it from a seed.
//!
//! `RINGCALL_SIMULATION_SEEDS=1000000` runs that many seeds (`5000..6000`: those), and
//! `RINGCALL_SIMULATION_SEED=123` runs one of them and prints what happens.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::plan::Plan;
use super::random::{Random, seeds};
use super::world::World;

/// Seeds of an ordinary test run.
const SEEDS: u64 = 3_000;

fn run(seed: u64, is_traced: bool) {
    let mut random = Random::new(seed);
    let plan = Plan::of(&mut random);
    let mut world = World::new(plan, random, is_traced);
    let plan = format!("{:?}", world.plan);
    world.note(|| plan);
    world.run();
}

#[test]
#[expect(clippy::print_stderr, reason = "a failure says how to see it again")]
fn whatever_rings_workers_and_time_do_each_call_is_run_at_most_once_and_answered_once() {
    for seed in seeds(SEEDS) {
        let ran = catch_unwind(AssertUnwindSafe(|| run(seed, false)));
        if let Err(failure) = ran {
            eprintln!(
                "again, with all that happens: RINGCALL_SIMULATION_SEED={seed} \
                 cargo test --lib seats::tests::simulation::replay -- --nocapture"
            );
            resume_unwind(failure);
        }
    }
}

/// A no-op unless a seed is given.
#[test]
fn replay() {
    if let Ok(seed) = env::var("RINGCALL_SIMULATION_SEED") {
        run(seed.parse().unwrap(), true);
    }
}
