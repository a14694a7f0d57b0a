//! From bytes to requests, one after the other.

use super::{Connection, Context, Owed, Reading};
use crate::bridge::Call;
use crate::http::{self, Body, Code, EmptyLines, Head, Refusal, ResponseFraming};

impl Connection {
    /// Reads requests until the bytes end or the connection is full. Returns how many bytes that
    /// took.
    pub(super) fn read(&mut self, bytes: &[u8], context: &mut Context) -> usize {
        let mut at = 0;
        self.partial = 0;
        while at < bytes.len() && !self.is_full() {
            let unread = &bytes[at..];
            match &mut self.reading {
                Reading::Head => match self.read_head(unread, context) {
                    Some(read) => at += read,
                    None => break,
                },
                Reading::Body(body, head) => match body.skip(unread) {
                    Ok(skipped) => {
                        at += skipped.consumed;
                        if skipped.complete {
                            let head = *head;
                            self.on_request(&head, context);
                        }
                    }
                    Err(refusal) => {
                        let framing = head.response;
                        self.on_refused(refusal, framing, context);
                    }
                },
                Reading::Planned(planned) => match planned.read(unread) {
                    Ok(read) => {
                        at += read.consumed;
                        if read.complete {
                            self.on_body(context);
                        }
                    }
                    Err(refusal) => {
                        let framing = planned.head.response;
                        self.on_refused(refusal, framing, context);
                    }
                },
                Reading::Ended => {
                    self.peer_is_done = false;
                    return bytes.len();
                }
            }
        }
        at
    }

    /// Reads empty lines, or else a head. Returns how many bytes that took; `None` if the head is
    /// not complete.
    fn read_head(&mut self, unread: &[u8], context: &mut Context) -> Option<usize> {
        let parsed = match self.empty_lines.skip(unread) {
            Ok(0) => self.parse_head(unread, context),
            Ok(skipped) => return Some(skipped),
            Err(refusal) => Err(refusal),
        };
        match parsed {
            Ok(Some(read)) => {
                self.empty_lines = EmptyLines::default();
                Some(read)
            }
            Ok(None) => {
                self.partial = unread.len();
                self.request_since.get_or_insert(context.now);
                None
            }
            Err(refusal) => {
                self.on_refused(refusal, ResponseFraming::start_of_head(unread), context);
                Some(0)
            }
        }
    }

    /// Reads a head. Returns how many bytes that took, including a body that has arrived with it.
    #[inline]
    fn parse_head(
        &mut self,
        unread: &[u8],
        context: &mut Context,
    ) -> Result<Option<usize>, Refusal> {
        if context.table.routes.is_some() {
            return self.parse_planned_head(unread, context);
        }
        match &http::parse_head(unread, &context.rules) {
            Ok(None) => Ok(None),
            Ok(Some(head)) => {
                self.on_head(head, head.length < unread.len(), context);
                Ok(Some(head.length))
            }
            Err(refusal) => Err(*refusal),
        }
    }

    fn on_head(&mut self, head: &Head, body_has_begun: bool, context: &mut Context) {
        let body = match (Body::new(head.body, &context.rules), head.action) {
            (Ok(body), _) => body,
            (Err(_), http::Action::Refuse(refusal)) if refusal.precedes_arguments() => {
                return self.on_refused(refusal, head.response, context);
            }
            (Err(refusal), _) => return self.on_refused(refusal, head.response, context),
        };
        let waits_for_continue = head.expects_continue && !body_has_begun;
        match (body, head.action) {
            (None, _) => self.on_request(head, context),
            // It is answered without its body, which the client then need not send.
            (Some(_), action)
                if head.expects_continue && !matches!(action, http::Action::Call(_)) =>
            {
                self.on_request(head, context);
            }
            (Some(body), _) => {
                self.reading = Reading::Body(body, *head);
                self.request_since.get_or_insert(context.now);
                if waits_for_continue {
                    self.owe(Owed::Continue, context);
                }
            }
        }
    }

    /// A request is complete, with its body.
    fn on_request(&mut self, head: &Head, context: &mut Context) {
        self.end_request(head.response, context);
        match head.action {
            http::Action::Call(number) => {
                let call = Call {
                    cells: [number.cast_unsigned(), 0],
                    ..Call::default()
                };
                self.call(call, head.response, context);
            }
            http::Action::Refuse(refusal) => {
                self.owe(Owed::Refused(head.response, refusal), context);
            }
            http::Action::AskHealth => self.ask_health(head.response, context),
            http::Action::Preflight(methods) => {
                self.owe(Owed::Preflight(head.response, methods), context);
            }
        }
    }

    pub(super) fn end_request(&mut self, framing: ResponseFraming, context: &mut Context) {
        context.counters.requests += 1;
        self.request_since = None;
        self.reading = if framing.keep_alive {
            Reading::Head
        } else {
            Reading::Ended
        };
        self.peer_is_done = framing.is_last;
    }

    /// Adds a call for the handler, with the function and arguments of `call`.
    #[inline]
    pub(super) fn call(&mut self, call: Call, framing: ResponseFraming, context: &mut Context) {
        context.calls.push(Call {
            connection: self.id,
            sequence: self.next_sequence(),
            arrived: context.now_us,
            ..call
        });
        self.owed.push_back(Owed::Waiting(framing, context.now_us));
    }

    /// What arrived is no valid request: refuses it, and reads no other one.
    pub(super) fn on_refused(
        &mut self,
        refusal: Refusal,
        framing: ResponseFraming,
        context: &mut Context,
    ) {
        context.counters.requests += 1;
        context.counters.overloaded += u64::from(refusal.code == Code::Overloaded);
        self.request_since = None;
        self.reading = Reading::Ended;
        self.owe(Owed::Refused(framing.cut(), refusal), context);
    }
}
