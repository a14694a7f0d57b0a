//! Runs in which one table of functions replaces another while half a request has arrived.

use crate::client::Client;
use crate::completions::Able;
use crate::plan::Plan;
use crate::run_from;
use crate::script::{Fate, Script, number};
use crate::socket::Socket;
use crate::world::{Phase, Step, World};

const SEEDS: u64 = 50;

/// The numbers of three requests: the first client's first and second, the second client's first.
const FIRST: i64 = 1;
const SECOND: i64 = 2;
const OTHER: i64 = 201;

fn named(seed: u64) -> Plan {
    Plan {
        has_functions: true,
        ..Plan::calm(seed)
    }
}

/// The body of a request for `count`.
#[derive(Clone, Copy)]
enum Body {
    /// With the number of its request.
    Good,
    /// Without an argument.
    Unfit,
    /// It ends with an invalid chunk.
    Broken,
}

/// Two clients with these requests to send each; they settle when the steps are done.
fn run_steps(bodies: &[Body], plan: impl Fn(u64) -> Plan, steps: &[Step]) {
    let script = |client| {
        let mut script = Script::default();
        for (index, body) in bodies.iter().enumerate() {
            let n = number(client, index);
            let (data, end, fate) = match body {
                Body::Good => (format!("[{n}]"), "0\r\n\r\n", Fate::Call(n, false)),
                Body::Unfit => ("[]".to_owned(), "0\r\n\r\n", Fate::Refused(400)),
                Body::Broken => (format!("[{n}]"), "zz\r\n", Fate::Last(&[400, 408])),
            };
            let chunks = format!("{:x}\r\n{data}\r\n{end}", data.len());
            let fields = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
            script.push("POST /count HTTP/1.1", fields, &chunks, fate);
        }
        script
    };
    for seed in 0..SEEDS {
        run_from(plan(seed), false, |world| {
            world.phase = Phase::Scripted;
            world.steps = steps.iter().copied().collect();
            let client = |index| Socket::new(Client::new(script(index), false));
            world.sockets = (0..2).map(client).collect();
        });
    }
}

/// The first client has sent its first head and a part of the body, and the table is changed.
const CHANGED: [Step; 4] = [
    |world| world.connect(0),
    |world| {
        let head = world.sockets[0].client.script.requests[0].head_end;
        assert!(world.client_sends(0, head + 4));
    },
    World::change_table,
    |world| assert_eq!(world.tables.alive(), [0, 1]),
];

fn changed(steps: &[Step]) -> Vec<Step> {
    [&CHANGED[..], steps].concat()
}

fn only_the_newest(world: &mut World) {
    world.take_handed();
    assert_eq!(world.tables.alive(), [1]);
}

#[test]
fn a_request_belongs_to_the_table_that_its_head_met_and_later_ones_to_the_next() {
    let steps = changed(&[
        |world| {
            let end = world.sockets[0].client.script.requests[0].end;
            let sent = world.sockets[0].client.sent;
            assert!(world.client_sends(0, end - sent));
        },
        only_the_newest,
        |world| {
            assert_eq!(world.called, [(FIRST, 0)]);
            assert!(world.client_sends(0, usize::MAX));
        },
        |world| {
            world.take_handed();
            assert_eq!(world.called, [(FIRST, 0), (SECOND, 1)]);
        },
    ]);
    run_steps(&[Body::Good; 2], named, &steps);
}

#[test]
fn requests_of_two_tables_that_complete_in_one_turn_keep_their_tables() {
    let steps = changed(&[
        |world| world.connect(1),
        |world| {
            assert!(world.client_sends(1, usize::MAX));
            assert!(world.client_sends(0, usize::MAX));
        },
        |world| {
            only_the_newest(world);
            let mut called = world.called.clone();
            called.sort_unstable();
            let expected = [(FIRST, 0), (SECOND, 1), (OTHER, 1), (OTHER + 1, 1)];
            assert_eq!(called, expected);
        },
    ]);
    run_steps(&[Body::Good; 2], named, &steps);
}

#[test]
fn a_table_replaced_before_any_request_met_it_is_dropped() {
    let steps = changed(&[
        |world| {
            world.change_table();
            world.change_table();
        },
        |world| {
            assert_eq!(world.tables.alive(), [0, 3]);
            assert!(world.client_sends(0, usize::MAX));
        },
        |world| {
            world.take_handed();
            assert_eq!(world.called, [(FIRST, 0), (SECOND, 3)]);
            assert_eq!(world.tables.alive(), [3]);
        },
    ]);
    run_steps(&[Body::Good; 2], named, &steps);
}

#[test]
fn a_connection_that_is_cut_releases_the_table() {
    let steps = changed(&[|world| world.sockets[0].reset(), only_the_newest]);
    run_steps(&[Body::Good], named, &steps);
}

#[test]
fn a_request_that_turns_out_to_be_malformed_releases_the_table() {
    let steps = changed(&[
        |world| assert!(world.client_sends(0, usize::MAX)),
        only_the_newest,
    ]);
    run_steps(&[Body::Broken], named, &steps);
}

#[test]
fn a_request_that_does_not_arrive_in_time_releases_the_table() {
    let gives_a_second = |seed| {
        let mut plan = named(seed);
        plan.limits.timeouts.request = 1_000;
        plan
    };
    let steps = changed(&[
        |world| {
            world.now += 2_000;
            world.complete(Able::Tick);
        },
        only_the_newest,
    ]);
    run_steps(&[Body::Broken], gives_a_second, &steps);
}

#[test]
fn a_call_that_is_one_too_many_releases_the_table() {
    let has_room_for_one = |seed| {
        let mut plan = named(seed);
        plan.limits.in_flight_max = 1;
        plan
    };
    let steps = changed(&[
        |world| world.connect(1),
        |world| assert!(world.client_sends(1, usize::MAX)),
        |world| assert!(world.client_sends(0, usize::MAX)),
        |world| {
            only_the_newest(world);
            assert_eq!(world.called, [(OTHER, 1)]);
        },
    ]);
    run_steps(&[Body::Good], has_room_for_one, &steps);
}

#[test]
fn unfit_arguments_are_reported_to_the_table_that_the_head_met() {
    let steps = changed(&[
        |world| assert!(world.client_sends(0, usize::MAX)),
        |world| {
            only_the_newest(world);
            assert_eq!(world.tables.refused(), [0, 1]);
        },
    ]);
    run_steps(&[Body::Unfit; 2], named, &steps);
}
