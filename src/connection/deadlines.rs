//! How long things may take, and what happens when they take longer.
//!
//! Nothing runs here while a connection is busy. It notes when each time began, and the event loop
//! asks for the deadline when it looks at the connection.
//!
//! Invariant: the client's times run only while we wait for the client. A slow handler or a full
//! connection stops them.

use super::{Connection, Context, Owed, Reading};
use crate::http::{Code, Refusal, ResponseFraming, Status};
use crate::limits::{CLOSE_GRACE_MS, Timeouts};

const LATE_HEAD: Refusal = Refusal::new(
    Status::REQUEST_TIMEOUT,
    "The request's head did not arrive in time.",
);

const LATE_BODY: Refusal = Refusal::new(
    Status::REQUEST_TIMEOUT,
    "The request did not arrive in time.",
);

pub(super) const LATE_HANDLER: Refusal =
    Refusal::new(Status::SERVICE_UNAVAILABLE, "The function took too long.").of(Code::Timeout);

impl Connection {
    /// When the first of this connection's running times ends, if nothing happens before.
    #[must_use]
    pub fn deadline(&self, timeouts: &Timeouts) -> Option<u64> {
        let handler = self
            .oldest_waiting()
            .and_then(|(_, _, since_us)| handler_deadline(since_us, timeouts));
        let client = self.client_deadline(timeouts);
        handler.into_iter().chain(client).min()
    }

    /// When the first of the client's times ends.
    fn client_deadline(&self, timeouts: &Timeouts) -> Option<u64> {
        match self.client_since() {
            Some((since, Reading::Head)) => {
                let request = after(since, timeouts.request);
                after(since, timeouts.headers)
                    .into_iter()
                    .chain(request)
                    .min()
            }
            Some((since, _)) => after(since, timeouts.request),
            None if self.is_idle() => self.idle_until(timeouts),
            None => None,
        }
    }

    /// Until when the connection may be idle: not for long if the server closes.
    fn idle_until(&self, timeouts: &Timeouts) -> Option<u64> {
        let keep_alive = after(self.idle_since, timeouts.keep_alive);
        let grace = self
            .draining_since
            .and_then(|since| after(since, CLOSE_GRACE_MS));
        keep_alive.into_iter().chain(grace).min()
    }

    /// Acts on every time that is over. It acts on the client's only if the client `owes` us bytes;
    /// false means that we have not read what it sent. True: the connection has been idle for too
    /// long and is to be closed.
    pub fn expire(&mut self, owes: impl FnOnce() -> bool, context: &mut Context) -> bool {
        let (now, timeouts) = (context.now, context.timeouts);
        let client = self.client_deadline(&timeouts);
        if client.is_some_and(|at| at <= now) && owes() && self.expire_client(context) {
            return true;
        }
        while let Some((index, framing, since_us)) = self.oldest_waiting()
            && handler_deadline(since_us, &timeouts).is_some_and(|at| at <= now)
        {
            self.give_up(index, framing, since_us, context);
        }
        false
    }

    /// Acts on the client's deadline, which has passed. True: the connection was idle.
    fn expire_client(&mut self, context: &mut Context) -> bool {
        let now = context.now;
        let timeouts = context.timeouts;
        let is_over = |since, timeout| after(since, timeout).is_some_and(|at| at <= now);
        match self.client_since() {
            Some((since, Reading::Head)) if is_over(since, timeouts.headers) => {
                context.counters.headers_timeouts += 1;
                self.on_refused(LATE_HEAD, self.framing_of_late(), context);
            }
            Some((since, _)) if is_over(since, timeouts.request) => {
                context.counters.request_timeouts += 1;
                self.on_refused(LATE_BODY, self.framing_of_late(), context);
            }
            Some(_) => {}
            None => return true,
        }
        false
    }

    /// The oldest request not yet answered by JavaScript, and since when it waits.
    fn oldest_waiting(&self) -> Option<(usize, ResponseFraming, u64)> {
        let mut owed = self.owed.iter().enumerate();
        owed.find_map(|(index, answer)| match answer {
            Owed::Waiting(framing, since_us) | Owed::HealthAsked(framing, since_us) => {
                Some((index, *framing, *since_us))
            }
            _ => None,
        })
    }

    /// Since when the client owes us the rest of a request. None if we do not read, or did not
    /// until the send in flight began.
    fn client_since(&self) -> Option<(u64, &Reading)> {
        let since = self.request_since?;
        (self.wants_input() && !self.sending && !matches!(self.reading, Reading::Ended))
            .then_some((since, &self.reading))
    }

    /// The framing of the response to the request that is being read.
    fn framing_of_late(&self) -> ResponseFraming {
        match &self.reading {
            Reading::Body(_, head) => head.response,
            Reading::Planned(planned) => planned.head.response,
            _ => ResponseFraming::start_of_head(&self.input),
        }
    }
}

/// When the handler has had a call since `since_us` for too long. Rounded up, so that it is never
/// given up earlier.
fn handler_deadline(since_us: u64, timeouts: &Timeouts) -> Option<u64> {
    after(since_us.div_ceil(1000), timeouts.handler)
}

/// When a time that began at `since` is over; never for a timeout of 0.
fn after(since: u64, timeout: u32) -> Option<u64> {
    (timeout > 0).then(|| since + u64::from(timeout))
}
