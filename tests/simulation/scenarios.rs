//! Runs with scripted clients, handler and commands; the kernel and the answering thread still act
//! by a seed.

use ringcall::bridge::Command;
use ringcall::limits::Crowd;

use crate::client::Client;
use crate::completions::Able;
use crate::plan::{Fault, Kind, Plan};
use crate::run_from;
use crate::script::Script;
use crate::socket::{Socket, Stage};
use crate::world::{Phase, Step};

/// Enough for answers sent directly and through the queue, on older and newer kernels.
const SEEDS: u64 = 50;

/// `clients` with one request each to send; they settle when the steps are done.
fn run_steps(clients: usize, plan: impl Fn(u64) -> Plan, steps: &[Step]) {
    for seed in 0..SEEDS {
        run_from(plan(seed), false, |world| {
            world.phase = Phase::Scripted;
            world.steps = steps.iter().copied().collect();
            let client = |index| Socket::new(Client::new(Script::post(index), false));
            world.sockets = (0..clients).map(client).collect();
        });
    }
}

fn has_no_room_for_an_answer(seed: u64) -> Plan {
    Plan {
        socket_bytes: 100,
        ..Plan::calm(seed)
    }
}

/// On a kernel without room for a whole answer: the client waits for the rest of one.
const AN_ANSWER_WAITS: [Step; 4] = [
    |world| world.connect(0),
    |world| assert!(world.client_sends(0, usize::MAX)),
    |world| while world.handler_settles() {},
    |world| assert!(world.sockets[0].send.is_some(), "it has not gone"),
];

/// A closing server checks for idle connections within the grace. It used to check those that
/// became idle later only within the shortest timeout.
#[test]
fn a_client_awaiting_its_answer_at_the_close_is_kept_no_longer_than_an_idle_one() {
    let closes: [Step; 1] = [|world| world.command(Command::Close)];
    let steps = [&AN_ANSWER_WAITS[..], &closes].concat();
    run_steps(1, has_no_room_for_an_answer, &steps);
}

/// The event loop is paused for longer than a send may take, and meanwhile the client reads. The
/// tick may complete before the send does.
#[test]
fn a_client_that_has_read_while_the_server_was_paused_is_not_cut() {
    let gives_a_second = |seed| {
        let mut plan = has_no_room_for_an_answer(seed);
        plan.limits.timeouts.send = 1_000;
        plan
    };
    let reads_after_two: [Step; 2] = [
        |world| {
            world.now += 2_000;
            assert!(world.client_reads(0, usize::MAX));
            world.complete(Able::Tick);
        },
        |world| assert!(world.sockets[0].is_shut.is_none(), "it is cut"),
    ];
    let steps = [&AN_ANSWER_WAITS[..], &reads_after_two].concat();
    run_steps(1, gives_a_second, &steps);
}

/// It need not wait until accepting is tried again.
#[test]
fn a_client_without_a_descriptor_is_accepted_as_soon_as_another_leaves() {
    let second_accept_fails = |seed| Plan {
        fault: Some(Fault {
            kind: Kind::Accept,
            nth: 1,
            error: libc::EMFILE,
        }),
        ..Plan::calm(seed)
    };
    run_steps(
        2,
        second_accept_fails,
        &[
            |world| world.connect(0),
            |world| {
                assert!(world.sockets[0].is_accepted());
                world.connect(1);
            },
            |world| {
                assert!(!world.sockets[1].is_accepted(), "out of descriptors");
                assert!(world.client_ends(0));
            },
            |world| assert!(world.sockets[1].is_accepted() && world.now == 0),
        ],
    );
}

/// Every connection is one of a crowd.
#[test]
fn a_client_in_a_crowd_is_accepted_when_the_gap_after_the_one_before_has_passed() {
    let is_crowded = |seed| {
        let mut plan = Plan::calm(seed);
        plan.listener_is_shared = false;
        plan.limits.crowd = Crowd {
            connections: 1,
            within_us: 1_000_000,
            gap_us: 100_000,
            retry_us: 10_000_000,
        };
        plan
    };
    run_steps(
        2,
        is_crowded,
        &[
            |world| {
                world.now = 500;
                world.connect(0);
            },
            |world| {
                assert!(world.sockets[0].is_accepted());
                world.connect(1);
            },
            |world| world.now += 99,
            |world| {
                assert!(!world.sockets[1].is_accepted(), "too soon");
                world.now += 1;
            },
            |world| {
                assert!(world.sockets[1].is_accepted());
                assert!(world.ops.delay.is_some(), "it awaits the next one at once");
                world.now += 100;
            },
            |world| {
                assert!(world.ops.accept.is_some());
                assert!(world.client_sends(0, usize::MAX));
            },
            // Two connections and two cancellations.
            |world| assert_eq!(world.ops.completed[Kind::Accept as usize], 4),
        ],
    );
}

/// Every request fits a buffer, and every answer a socket.
fn receives_all_at_once(seed: u64) -> Plan {
    Plan {
        buffer_bytes: 1024,
        ..Plan::calm(seed)
    }
}

/// The client says that it sends nothing after this request.
const ASKS_FOR_THE_END: Step = |world| {
    world.sockets[0].client.script = Script::last_post(0);
    world.connect(0);
    assert!(world.client_sends(0, usize::MAX));
};

/// The server need not wait for the client's end.
#[test]
fn a_client_that_asked_for_the_end_gets_it_with_its_answer_and_leaves_nothing_behind() {
    let steps: [Step; 3] = [
        ASKS_FOR_THE_END,
        |world| while world.handler_settles() {},
        |world| assert!(world.sockets[0].stage == Stage::Closed && world.now == 0),
    ];
    run_steps(1, receives_all_at_once, &steps);
}

/// If the server closed at once, what the client may still send would be answered with a reset,
/// which destroys its answer.
#[test]
fn a_client_that_sends_on_after_it_asked_for_the_end_is_waited_for() {
    let with_the_request: [Step; 2] = [
        |world| {
            ASKS_FOR_THE_END(world);
            world.sockets[0].to_server.extend(b"x");
        },
        |world| while world.handler_settles() {},
    ];
    let after_it: [Step; 2] = [ASKS_FOR_THE_END, |world| {
        world.sockets[0].to_server.extend(b"x");
        while world.handler_settles() {}
    }];
    for sends_on in [with_the_request, after_it] {
        let is_awaited: [Step; 1] = [|world| assert!(world.sockets[0].is_accepted())];
        run_steps(
            1,
            receives_all_at_once,
            &[sends_on.to_vec(), is_awaited.to_vec()].concat(),
        );
    }
}

/// No other ring would serve it: the kernel has handed it over, and the listener is closed.
#[test]
fn a_client_waiting_for_another_rings_room_is_served_before_the_closing_ring_ends() {
    let has_room_for_one = |seed| {
        let mut plan = Plan::calm(seed);
        plan.limits.connections_max = 1;
        plan.has_other_ring = true;
        plan
    };
    run_steps(
        1,
        has_room_for_one,
        &[
            |world| {
                world.other_ring_acts();
                assert_eq!(world.others, 1, "it has the room");
            },
            |world| {
                world.connect(0);
                assert!(world.client_sends(0, usize::MAX));
            },
            |world| world.command(Command::Close),
        ],
    );
}
