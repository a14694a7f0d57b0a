//! The event loop and its connections on a simulated kernel: completions come in any order, late,
//! short, failed or cancelled, with clients, handler, time and commands in between, all of it from
//! a seed.
//!
//! `RINGCALL_SIMULATION_SEEDS=1000000` runs that many seeds (`5000..6000`: those), and
//! `RINGCALL_SIMULATION_SEED=123` runs one of them and prints what happens.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod actors;
mod checks;
mod client;
mod completions;
#[expect(unreachable_pub, reason = "shared with the tests of conversations")]
#[expect(dead_code, reason = "its clients need a part of it")]
#[path = "../support/functions.rs"]
mod functions;
mod handler;
mod kernel;
mod named;
mod ops;
mod plan;
mod random;
mod reloads;
mod scenarios;
mod script;
mod socket;
mod tables;
mod world;

use std::cell::RefCell;
use std::env;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use ringcall::bridge::ReplyQueue;
use ringcall::event_loop::{Driven, EventLoop, Shared};
use ringcall::http::{Errors, Origins, Rules};

use handler::Handler;
use kernel::Simulated;
use plan::{Fault, KINDS, Kind, Plan};
use random::seeds;
use tables::Tables;
use world::World;

/// Where clients ask for the server's health.
const HEALTH: &str = "/livez";

/// Seeds of an ordinary test run.
const SEEDS: u64 = 2_000;

/// Seeds whose every completion is made to fail once: short runs, with functions and without.
const TORTURED: [u64; 5] = [0, 1, 2, 4, 5];

/// Runs the loop to its end, and returns how often each kind of op has completed.
fn run(plan: Plan, is_traced: bool) -> [usize; KINDS] {
    run_from(plan, is_traced, |_| {})
}

/// The same, from a world that `begin` has changed.
fn run_from(plan: Plan, is_traced: bool, begin: impl FnOnce(&mut World)) -> [usize; KINDS] {
    let ring_count = 1 + usize::from(plan.has_other_ring);
    let is_shared = plan.listener_is_shared;
    let fault = plan.fault;
    let is_embedded = plan.is_embedded;
    let started = Instant::now();
    let mut made = None;
    let make_tables = |reply_queues: &[Arc<ReplyQueue>]| {
        let handler = Arc::new(Handler::new(Arc::clone(&reply_queues[0])));
        let tables = Tables::new(Arc::clone(&handler), plan.has_functions);
        // The other ring never calls.
        let others = Tables::new(Arc::clone(&handler), plan.has_functions);
        let of_ring = |ring| if ring == 0 { &tables } else { &others };
        let each = (0..reply_queues.len()).map(|ring| of_ring(ring).table(0));
        let each = each.collect();
        made = Some((handler, tables));
        each
    };
    let shared = Shared::new(
        ring_count,
        started,
        is_shared,
        &plan.limits,
        rules(&plan),
        make_tables,
    );
    let shared = Arc::new(shared.unwrap());
    let (handler, tables) = made.unwrap();
    let mut world = World::new(plan, Arc::clone(&shared), handler, tables, is_traced);
    begin(&mut world);
    let world = Rc::new(RefCell::new(world));
    let kernel = Simulated {
        world: Rc::clone(&world),
        started,
    };
    let listener = File::open("/dev/null").unwrap();
    let mut event_loop = EventLoop::new(shared, 0, kernel, listener.into());
    let ended = if is_embedded {
        drive(&mut event_loop, &world)
    } else {
        event_loop.run()
    };
    drop(event_loop);
    let mut world = world.borrow_mut();
    match (ended, fault) {
        (Ok(()), _) => world.check_end(),
        (
            Err(error),
            Some(Fault {
                kind: Kind::Enter,
                error: code,
                ..
            }),
        ) => {
            assert_eq!(error.raw_os_error(), Some(code));
        }
        (Err(error), _) => panic!("{error}"),
    }
    world.check_memory();
    world.check_last_table();
    world.ops.completed
}

fn rules(plan: &Plan) -> Rules {
    Rules {
        head_bytes_max: plan.limits.head_bytes_max as usize,
        body_bytes_max: plan.limits.body_bytes_max,
        bigint: false,
        origins: Origins::None,
        health: Some(HEALTH.into()),
        errors: if plan.has_functions {
            Errors::Problems
        } else {
            Errors::Sentences
        },
    }
}

/// Drives the loop as an outer loop does that embeds it.
fn drive(event_loop: &mut EventLoop<Simulated>, world: &RefCell<World>) -> io::Result<()> {
    event_loop.begin_embedded()?;
    loop {
        let calls_wait = world.borrow_mut().random.once_in(4);
        match event_loop.drive(calls_wait)? {
            Driven::Ended => return Ok(()),
            Driven::Idle if event_loop.prepare_to_sleep() => {
                world.borrow_mut().sleep();
                event_loop.awake();
            }
            Driven::Idle | Driven::Calls | Driven::Busy => world.borrow_mut().go_on(),
        }
    }
}

/// Runs the plan; a failure says how to run it again.
#[expect(clippy::print_stderr, reason = "a failure says how to see it again")]
fn run_or_tell(plan: &Plan) -> [usize; KINDS] {
    let ran = catch_unwind(AssertUnwindSafe(|| run(plan.clone(), false)));
    ran.unwrap_or_else(|failure| {
        let seed = plan.seed;
        let fault = plan
            .fault
            .map_or(String::new(), |Fault { kind, nth, error }| {
                format!(" RINGCALL_SIMULATION_FAULT={},{nth},{error}", kind as usize)
            });
        eprintln!(
            "again, with all that happens: RINGCALL_SIMULATION_SEED={seed}{fault} \
             cargo test --test simulation replay -- --nocapture"
        );
        resume_unwind(failure)
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "a long run says how far it got")]
fn whatever_the_kernel_clients_and_handler_do_every_request_is_answered_once_or_cut() {
    let seeds = seeds(SEEDS);
    let started = Instant::now();
    for seed in seeds.clone() {
        run_or_tell(&Plan::of(seed));
        if seed % 100_000 == 99_999 {
            println!(
                "{} seeds in {:?}",
                seed + 1 - seeds.start,
                started.elapsed()
            );
        }
    }
    println!(
        "{} seeds in {:?}",
        seeds.end - seeds.start,
        started.elapsed()
    );
}

/// A no-op unless a seed is given.
#[test]
fn replay() {
    let Ok(seed) = env::var("RINGCALL_SIMULATION_SEED") else {
        return;
    };
    let seed = seed.parse().unwrap();
    let plan = match env::var("RINGCALL_SIMULATION_FAULT") {
        Err(_) => Plan::of(seed),
        Ok(fault) => {
            let numbers: Vec<i32> = fault.split(',').map(|n| n.parse().unwrap()).collect();
            let kind = usize::try_from(numbers[0]).unwrap();
            let (kind, _) = *FAULTS.iter().find(|(of, _)| *of as usize == kind).unwrap();
            let fault = Fault {
                kind,
                nth: usize::try_from(numbers[1]).unwrap(),
                error: numbers[2],
            };
            Plan::with_fault(seed, Some(fault))
        }
    };
    run(plan, true);
}

/// The faults of each kind of completion.
const FAULTS: [(Kind, &[i32]); KINDS] = [
    (
        Kind::Accept,
        &[
            0,
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOMEM,
            libc::ENOBUFS,
            libc::ECONNABORTED,
            libc::EPROTO,
            libc::EPERM,
            libc::ECANCELED,
        ],
    ),
    (
        Kind::Receive,
        &[
            0,
            libc::ENOBUFS,
            libc::ECONNRESET,
            libc::ETIMEDOUT,
            libc::ENOMEM,
        ],
    ),
    (
        Kind::Send,
        &[
            0,
            libc::EPIPE,
            libc::ECONNRESET,
            libc::ETIMEDOUT,
            libc::ENOMEM,
        ],
    ),
    (
        Kind::QuietSend,
        &[0, libc::EAGAIN, libc::EPIPE, libc::ECONNRESET, libc::ENOMEM],
    ),
    (
        Kind::DirectSend,
        &[0, libc::EAGAIN, libc::EPIPE, libc::ENOMEM],
    ),
    (Kind::Cancel, &[0]),
    (Kind::Wake, &[0]),
    (Kind::Tick, &[0]),
    (Kind::Enter, &[libc::EBADF, libc::ENXIO]),
];

#[test]
fn every_completion_of_a_run_may_fail_once_in_every_way() {
    for seed in TORTURED {
        let completed = run_or_tell(&Plan::with_fault(seed, None));
        for (kind, errors) in FAULTS {
            for nth in 0..completed[kind as usize] {
                for &error in errors {
                    let fault = Fault { kind, nth, error };
                    run_or_tell(&Plan::with_fault(seed, Some(fault)));
                }
            }
        }
    }
}
