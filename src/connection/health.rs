//! Questions how the server is: JavaScript answers them, which proves that it turns, or else the
//! clock does.
//!
//! They take no call's credit, so that a server with much to do is not taken for one that is ill.
//! However many ask, the event loop asks once, and tells all of them.

use super::{Connection, Context, Owed};
use crate::bridge::Health;
use crate::http::{self, Code, Refusal, ResponseFraming, Status};

const CLOSING: Refusal =
    Refusal::new(Status::SERVICE_UNAVAILABLE, "The server is closing.").of(Code::Unavailable);
const NO_WORKER: Refusal = Refusal::new(
    Status::SERVICE_UNAVAILABLE,
    "There is no worker that could run a call.",
)
.of(Code::Unavailable);
const LATE: Refusal = Refusal::new(
    Status::SERVICE_UNAVAILABLE,
    "The JavaScript thread did not answer in time.",
)
.of(Code::Timeout);

const WELL: &[u8] = b"{\"status\":\"ok\"}\n";

impl Connection {
    pub(super) fn ask_health(&mut self, framing: ResponseFraming, context: &mut Context) {
        context.asked.push(self.id);
        self.owe(Owed::Asked(framing, context.now_us), context);
    }

    /// Answers each of its questions how the server is.
    pub fn tell_health(&mut self, health: Health, context: &mut Context) {
        for answer in &mut self.owed {
            if let Owed::Asked(framing, _) = *answer {
                *answer = match health {
                    Health::Well => Owed::Well(framing),
                    Health::Closing => Owed::Refused(framing, CLOSING),
                    Health::NoWorker => Owed::Refused(framing, NO_WORKER),
                };
            }
        }
        self.encode_answers(context);
    }

    /// Nobody has answered the question at `index` in time.
    pub(super) fn give_health_up(
        &mut self,
        index: usize,
        framing: ResponseFraming,
        context: &mut Context,
    ) {
        self.owed[index] = Owed::Refused(framing, LATE);
        self.encode_answers(context);
    }

    pub(super) fn encode_well(&mut self, framing: ResponseFraming, context: &mut Context) {
        let answer = http::Answer {
            status: Status::OK,
            fields: b"\r\nContent-Type: application/json\r\nCache-Control: no-store".into(),
            body: WELL.into(),
        };
        self.encode_answer(framing, answer, context);
    }
}
