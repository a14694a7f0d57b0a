//! Requests for one of several functions: `routes` makes a plan of each head, and another one once
//! the body that it asked for has arrived.
//!
//! Invariant: memory for bodies, and for arguments longer than a few, is reserved before it is
//! taken, and given back with what it was taken for.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use super::{Connection, Context, Owed, Reading, Table};
use crate::bridge::Call;
use crate::http::{self, Body, Head, Problem, Progress, Refusal, ResponseFraming, Sink, Status};
use crate::limits::{TEXT_BYTES_MAX, UNRESERVED_BYTES_MAX};
use crate::quota::Reservation;
use crate::routes::{Invocation, Plan};

const TEXT_TOO_LONG: Refusal = Refusal::new(
    Status::CONTENT_TOO_LARGE,
    "As ASCII text, the arguments are longer than the longest string in JavaScript.",
);
const NO_ROOM: Refusal = Refusal::new(
    Status::SERVICE_UNAVAILABLE,
    "Too many bodies are waiting for their functions.",
);

/// A request whose body is being read.
#[derive(Debug)]
pub(super) struct Planned {
    body: Body,
    pub(super) head: Head<()>,
    plan: Plan,
    /// The table that has made the plan.
    table: Arc<Table>,
    kept: Kept,
}

/// The data of a body that has arrived so far.
#[derive(Debug)]
struct Kept {
    /// False: it matters only whether there is any data.
    is_wanted: bool,
    bytes: Vec<u8>,
    /// The length of the whole body, if it is known.
    length: Option<usize>,
    reserved: Reservation,
}

impl Planned {
    fn new(body: Body, head: Head<()>, plan: Plan, context: &Context) -> Self {
        let length = head.body.length();
        let kept = Kept {
            is_wanted: matches!(&plan, Plan::Read(reading) if reading.keeps_body()),
            bytes: Vec::new(),
            length: length.and_then(|length| usize::try_from(length).ok()),
            reserved: Reservation::new(Arc::clone(&context.buffers)),
        };
        Self {
            body,
            head,
            plan,
            table: Arc::clone(&context.table),
            kept,
        }
    }

    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
        self.body.read(bytes, &mut self.kept)
    }
}

impl Sink for Kept {
    fn take(&mut self, data: &[u8]) -> Result<(), Refusal> {
        if !self.is_wanted {
            // One byte is enough to know that there was some.
            if self.bytes.is_empty() {
                self.bytes.extend(data.first());
            }
            return Ok(());
        }
        let needed = self.bytes.len() + data.len();
        if needed > self.bytes.capacity() {
            // It grows by half each time, so that it is seldom copied, but not beyond the length
            // known.
            let roomy = needed.max(self.bytes.capacity() / 2 * 3);
            let capacity = self.length.map_or(roomy, |length| roomy.min(length));
            // A few bytes need no reservation, whether they arrive whole or in pieces.
            if capacity > UNRESERVED_BYTES_MAX && !self.reserved.resize(capacity as u64) {
                return Err(NO_ROOM);
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Connection {
    /// Reads a head and makes a plan of it. Returns how many bytes that took, including a body that
    /// has arrived with it.
    pub(super) fn parse_planned_head(
        &mut self,
        unread: &[u8],
        context: &mut Context,
    ) -> Result<Option<usize>, Refusal> {
        let routes = context.table.routes();
        let parsed = http::parse_request(unread, &context.rules, |request| routes.plan(request))?;
        let Some((head, plan)) = parsed else {
            return Ok(None);
        };
        let behind = &unread[head.length..];
        Ok(Some(
            head.length + self.on_planned_head(head, plan, behind, context),
        ))
    }

    /// Returns how many of the bytes `behind` the head it has read.
    fn on_planned_head(
        &mut self,
        mut head: Head<()>,
        plan: Plan,
        behind: &[u8],
        context: &mut Context,
    ) -> usize {
        let body = match Body::new(head.body, &context.rules) {
            Ok(body) => body,
            Err(too_long) => {
                let problem = match plan {
                    Plan::Refuse(_, problem) if problem.precedes_arguments() => problem,
                    _ => Box::new(too_long.into()),
                };
                self.on_problem(problem, head.response, context);
                return 0;
            }
        };
        let answers_at_once = !matches!(plan, Plan::Run(_) | Plan::Read(_));
        if answers_at_once && head.expects_continue {
            // The client was not asked for the body, and may send it or not. So we cannot tell
            // where the next request starts.
            head.response = head.response.cut();
        }
        let Some(body) = body.filter(|_| !(answers_at_once && head.expects_continue)) else {
            tell_refused(&plan, &context.table);
            self.on_planned(head.response, plan, None, context);
            return 0;
        };
        let length = head.body.length().map(usize::try_from);
        let whole = length.and_then(|length| behind.get(..length.ok()?));
        let plan = match (plan, whole) {
            (Plan::Read(reading), Some(whole)) => {
                context.body_bytes += whole.len();
                let routes = context.table.routes();
                let plan = routes.plan_with_body(reading, Cow::Borrowed(whole));
                tell_refused(&plan, &context.table);
                self.on_planned(head.response, plan, None, context);
                return whole.len();
            }
            (plan, _) => plan,
        };
        let waits_for_continue = head.expects_continue && behind.is_empty();
        let planned = Planned::new(body, head, plan, context);
        self.reading = Reading::Planned(Box::new(planned));
        self.request_since.get_or_insert(context.now);
        if waits_for_continue {
            self.owe(Owed::Continue, context);
        }
        0
    }

    /// The body of the request that is being read has arrived.
    pub(super) fn on_body(&mut self, context: &mut Context) {
        let Reading::Planned(planned) = mem::replace(&mut self.reading, Reading::Ended) else {
            unreachable!("a planned request is being read");
        };
        let Planned {
            head,
            plan,
            table,
            kept,
            ..
        } = *planned;
        let plan = match plan {
            Plan::Read(reading) => {
                context.body_bytes += kept.bytes.len();
                let routes = table.routes();
                routes.plan_with_body(reading, Cow::Owned(kept.bytes))
            }
            plan => plan,
        };
        tell_refused(&plan, &table);
        let first = context.calls.len();
        self.on_planned(head.response, plan, Some(kept.reserved), context);
        if context.calls.len() > first && !Arc::ptr_eq(&table, &context.table) {
            context.strays.push((first, table));
        }
    }

    /// A request is complete, with its body; `reserved` is the memory reserved for that.
    fn on_planned(
        &mut self,
        framing: ResponseFraming,
        plan: Plan,
        reserved: Option<Reservation>,
        context: &mut Context,
    ) {
        self.end_request(framing, context);
        match plan {
            Plan::Run(invocation) => self.invoke(invocation, framing, reserved, context),
            Plan::Refuse(_, problem) => self.owe(Owed::Problem(framing, problem), context),
            Plan::AskHealth => self.ask_health(framing, context),
            Plan::Serve(serving) => self.owe(Owed::Document(framing, serving), context),
            Plan::Preflight(methods) => self.owe(Owed::Preflight(framing, methods), context),
            Plan::Read(_) => unreachable!("its body has been read"),
        }
    }

    fn invoke(
        &mut self,
        invocation: Invocation,
        framing: ResponseFraming,
        reserved: Option<Reservation>,
        context: &mut Context,
    ) {
        let mut arguments = invocation.arguments;
        if let Some(rest) = &mut arguments.rest
            && rest.memory() > UNRESERVED_BYTES_MAX
        {
            if rest.text.len() > TEXT_BYTES_MAX {
                return self.owe(Owed::Refused(framing, TEXT_TOO_LONG), context);
            }
            rest.shrink();
            let mut reserved =
                reserved.unwrap_or_else(|| Reservation::new(Arc::clone(&context.buffers)));
            if !reserved.resize(rest.memory() as u64) {
                context.counters.overloaded += 1;
                return self.owe(Owed::Refused(framing, NO_ROOM), context);
            }
            rest.reserved = Some(reserved);
        }
        let call = Call {
            function: invocation.function,
            count: arguments.count,
            cells: arguments.cells,
            rest: arguments.rest,
            ..Call::default()
        };
        self.call(call, framing, context);
    }

    fn on_problem(
        &mut self,
        problem: Box<Problem>,
        framing: ResponseFraming,
        context: &mut Context,
    ) {
        context.counters.requests += 1;
        self.request_since = None;
        self.reading = Reading::Ended;
        self.owe(Owed::Problem(framing.cut(), problem), context);
    }
}

/// Tells the sink of the table that has made the plan if a function is not called because of its
/// arguments.
fn tell_refused(plan: &Plan, table: &Table) {
    if let Plan::Refuse(Some(function), _) = plan {
        table.sink.refused(*function);
    }
}
