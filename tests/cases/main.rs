//! The table of cases (`__test__/cases`): each request in every split, without a socket.
//!
//! `table` reads the cases, `columns` compares the columns that JavaScript gets with the arguments
//! that a case names. `__test__/functions.test.js` checks results and schemas.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod columns;
#[path = "../support/values_model/json.rs"]
mod json;
mod table;
#[path = "../support/tape.rs"]
mod tape;

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::sample::Index;
use ringcall::bridge::{Call, CallSink, ConnectionId, Health};
use ringcall::connection::{Connection, Context, Table};
use ringcall::http::{Date, Errors, Origins, Rules};
use ringcall::limits::Timeouts;
use ringcall::quota::Pool;
use ringcall::stats::Counters;
use ringcall::values::BY_NAME;
use serde_json::Value;

use table::{Case, Server};

const NO_TIMEOUTS: Timeouts = Timeouts {
    headers: 0,
    request: 0,
    keep_alive: 0,
    handler: 0,
    send: 0,
};
/// A request of up to this length is cut at every byte, and arrives once byte by byte.
const CUT_EVERYWHERE_MAX: usize = 1000;
/// A longer one is cut in this many places.
const CUTS: usize = 12;
/// The most that arrives at once.
const ARRIVAL_BYTES_MAX: usize = 16 * 1024;
const FAILURES_TOLD: usize = 40;

/// The outcome of one request.
struct Outcome {
    calls: Vec<Call>,
    /// What was sent, without a `100 Continue`.
    sent: String,
}

/// Takes no calls: they stay in the context.
struct Nobody;

impl CallSink for Nobody {
    fn call(&self, _: &mut Vec<Call>) {}

    fn closed(&self, _: Option<String>) {}
}

fn context(server: &Server) -> Context {
    Context {
        rules: Rules {
            head_bytes_max: server.head_bytes_max,
            body_bytes_max: server.body_bytes_max,
            bigint: false,
            origins: Origins::named(&server.origins),
            health: server.health.as_deref().map(Into::into),
            errors: Errors::Problems,
        },
        table: Arc::new(Table::new(Some(Arc::clone(&server.routes)), Nobody)),
        buffers: Arc::new(Pool::new(64 << 20)),
        timeouts: NO_TIMEOUTS,
        started: Instant::now(),
        body_bytes: 0,
        now: 0,
        now_us: 0,
        date: Date::at(UNIX_EPOCH),
        calls: Vec::new(),
        strays: Vec::new(),
        asked: Vec::new(),
        counters: Counters::default(),
        stats: Arc::default(),
    }
}

/// Sends the request in these pieces, on its own connection.
fn ask<'a>(context: &mut Context, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut connection = Connection::new(ConnectionId::default(), 0);
    let mut sent = Vec::new();
    for piece in pieces.flat_map(|piece| piece.chunks(ARRIVAL_BYTES_MAX)) {
        connection.received(piece, context);
        if !mem::take(&mut context.asked).is_empty() {
            connection.tell_health(Health::Well, context);
        }
        loop {
            connection.resume(context);
            let Some(output) = connection.take_output() else {
                break;
            };
            sent.extend_from_slice(&output);
            connection.sent(output, 0);
        }
    }
    let sent = String::from_utf8(sent).unwrap();
    Outcome {
        calls: context.calls.drain(..).collect(),
        sent: sent.replace("HTTP/1.1 100 Continue\r\n\r\n", ""),
    }
}

/// Where requests of this length are cut.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    let step = if length <= CUT_EVERYWHERE_MAX {
        1
    } else {
        length / CUTS
    };
    (1..length).step_by(step).chain([length - 1])
}

/// An error names the difference from the case.
fn check(case: &Case, server: &Server, outcome: &Outcome) -> Result<(), String> {
    if let Some(name) = case.called() {
        let [call] = &*outcome.calls else {
            return Err(format!("it is not called: {}", outcome.sent));
        };
        let function = &server.table[usize::from(call.function)];
        if function.name != *name {
            return Err(format!("{} is called", function.name));
        }
        if !outcome.sent.is_empty() {
            return Err(format!("it is answered: {}", outcome.sent));
        }
        return case.arguments().map_or(Ok(()), |arguments| {
            let is_known = function.is_declared && !arguments.is_empty();
            if is_known && (call.count & BY_NAME != 0) != case.is_by_name {
                return Err("the call does not know the form that was sent".to_owned());
            }
            columns::compare(function, call, arguments)
        });
    }
    if !outcome.calls.is_empty() {
        return Err("it is called".to_owned());
    }
    check_answer(case, &outcome.sent)
}

fn check_answer(case: &Case, sent: &str) -> Result<(), String> {
    let status: u16 = sent
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or("no answer")?;
    let (head, body) = sent.split_once("\r\n\r\n").ok_or("no head")?;
    let expect = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("{what}: {sent}"))
        }
    };
    expect(status == case.status, "another status")?;
    for (name, value) in &case.fields {
        let found = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(field, _)| field.eq_ignore_ascii_case(name));
        expect(
            found.map(|(_, value)| value) == value.as_str(),
            &format!("another {name}"),
        )?;
    }
    if let Some(marker) = &case.marker {
        expect(!body.contains(marker), "it repeats the request")?;
    }
    if case.is_bodiless() {
        return expect(body.is_empty(), "a body");
    }
    if case.status == 200 {
        // The table does not know the text of documents.
        let expected = case.body.as_deref().unwrap_or("x");
        return expect(body == expected, "another body");
    }
    let problem: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let code = problem["code"].as_str();
    expect(
        case.code.is_none() || code == case.code.as_deref(),
        "another code",
    )?;
    let detail = problem["detail"].as_str().ok_or("no detail")?;
    if let Some(says) = &case.says {
        expect(detail.contains(&**says), "it says something else")?;
    }
    if let Some(at) = case.at {
        expect(
            detail.ends_with(&format!(" (at byte {at}).")),
            "another place",
        )?;
    }
    let Some(expected) = &case.pointers else {
        return Ok(());
    };
    let entries = problem["errors"].as_array().cloned().unwrap_or_default();
    let mut pointers: Vec<&str> = entries
        .iter()
        .map(|entry| entry["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    expect(pointers == *expected, "other pointers")
}

#[test]
fn every_request_of_the_table_has_its_outcome_however_it_is_cut() {
    let servers = table::servers();
    let mut failures = Vec::new();
    let mut count = 0;
    for topic in table::topics() {
        let server = &servers[&topic.server];
        let mut context = context(server);
        for case in topic.cases() {
            count += 1;
            if let Err((cut, failure)) = check_every_split(&case, server, &mut context) {
                failures.push(format!("{}, cut at {cut}: {failure}", case.name));
            }
        }
        assert_eq!(
            context.buffers.taken(),
            0,
            "all memory for bodies is given back"
        );
    }
    assert!(count > 400, "the cases were found");
    let told = failures.len().min(FAILURES_TOLD);
    assert!(
        failures.is_empty(),
        "{} of {count} differ:\n{}",
        failures.len(),
        failures[..told].join("\n")
    );
}

/// An error is the first cut with another outcome, and that outcome.
fn check_every_split(
    case: &Case,
    server: &Server,
    context: &mut Context,
) -> Result<(), (usize, String)> {
    let bytes = &*case.bytes;
    let mut pieces = |cut: usize| {
        let (before, after) = bytes.split_at(cut);
        let outcome = ask(context, [before, after].into_iter());
        check(case, server, &outcome).map_err(|failure| (cut, failure))
    };
    pieces(0)?;
    cuts(bytes.len()).try_for_each(pieces)?;
    if bytes.len() <= CUT_EVERYWHERE_MAX {
        let outcome = ask(context, bytes.chunks(1));
        check(case, server, &outcome).map_err(|failure| (1, failure))?;
    }
    Ok(())
}

/// All cases of up to `CUT_EVERYWHERE_MAX` bytes, each with the name of its server.
static SHORT: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let all = table::topics().into_iter().flat_map(|topic| {
        let cases: Vec<_> = topic.cases().map(|case| case.bytes).collect();
        let named = move |bytes| (topic.server.clone(), bytes);
        cases.into_iter().map(named)
    });
    all.filter(|(_, bytes)| bytes.len() <= CUT_EVERYWHERE_MAX)
        .collect()
});

static SERVERS: LazyLock<BTreeMap<String, Server>> = LazyLock::new(table::servers);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_mutated_request_has_the_same_outcome_however_it_is_cut(
        case in any::<Index>(),
        edits in prop::collection::vec((any::<Index>(), any::<u8>(), 0_u8..3), 0..4),
        cuts in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let (server, bytes) = case.get(&SHORT);
        let mut bytes = bytes.clone();
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        // A malformed head is recognized when a line ends, not before.
        bytes.extend_from_slice(b"\r\n\r\n");
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let pieces = cuts.iter().copied().zip(ends.skip(1)).map(|(from, to)| &bytes[from..to]);
        let mut context = context(&SERVERS[server]);
        let whole = ask(&mut context, [&*bytes].into_iter());
        let cut = ask(&mut context, [&bytes[..cuts[0]]].into_iter().chain(pieces));
        prop_assert_eq!(&whole.sent, &cut.sent);
        prop_assert_eq!(arguments(&whole), arguments(&cut));
        drop((whole, cut));
        prop_assert_eq!(context.buffers.taken(), 0);
    }
}

/// The functions that were called, with their arguments.
fn arguments(outcome: &Outcome) -> Vec<String> {
    let call = |call: &Call| {
        let columns = call
            .rest
            .as_ref()
            .map(|rest| (&rest.cells, &rest.text, &rest.buffers));
        format!(
            "{} {} {:?} {columns:?}",
            call.function, call.count, call.cells
        )
    };
    outcome.calls.iter().map(call).collect()
}
