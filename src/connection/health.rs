//! Requests for the server's health. JavaScript answers them, which proves that its event loop
//! turns; otherwise they time out.
//!
//! They take no credit, so that a busy server does not look like a broken one. However many clients
//! ask, the event loop asks JavaScript once, and tells all of them.

use super::{Connection, Context, Owed};
use crate::bridge::Health;
use crate::http::{self, Code, Refusal, ResponseFraming, Status};

const CLOSING: Refusal =
    Refusal::new(Status::SERVICE_UNAVAILABLE, "The server is closing.").of(Code::Unavailable);
const NO_WORKER: Refusal =
    Refusal::new(Status::SERVICE_UNAVAILABLE, "No worker is available.").of(Code::Unavailable);
const LATE: Refusal = Refusal::new(
    Status::SERVICE_UNAVAILABLE,
    "The JavaScript thread did not answer in time.",
)
.of(Code::Timeout);

const WELL: &[u8] = b"{\"status\":\"ok\"}\n";

impl Connection {
    pub(super) fn ask_health(&mut self, framing: ResponseFraming, context: &mut Context) {
        context.asked.push(self.id);
        self.owe(Owed::HealthAsked(framing, context.now_us), context);
    }

    /// Answers each of this connection's requests for the server's health.
    pub fn tell_health(&mut self, health: Health, context: &mut Context) {
        for answer in &mut self.owed {
            if let Owed::HealthAsked(framing, _) = *answer {
                *answer = match health {
                    Health::Well => Owed::Healthy(framing),
                    Health::Closing => Owed::Refused(framing, CLOSING),
                    Health::NoWorker => Owed::Refused(framing, NO_WORKER),
                };
            }
        }
        self.encode_answers(context);
    }

    /// JavaScript has not answered the question at `index` in time.
    pub(super) fn give_health_up(
        &mut self,
        index: usize,
        framing: ResponseFraming,
        context: &mut Context,
    ) {
        self.owed[index] = Owed::Refused(framing, LATE);
        self.encode_answers(context);
    }

    pub(super) fn encode_healthy(&mut self, framing: ResponseFraming, context: &mut Context) {
        let response = http::Response {
            status: Status::OK,
            fields: b"\r\nContent-Type: application/json\r\nCache-Control: no-store".into(),
            body: WELL.into(),
        };
        self.encode_response(framing, response, context);
    }
}
