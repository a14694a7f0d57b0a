//! Conditions that must hold: after every turn, when everyone has done their part, and at the end.

use ringcall::bridge::Posted;

use crate::socket::{Socket, Stage};
use crate::world::World;

impl World {
    /// Exactly the calls that the handler has hold credits.
    pub(crate) fn check_in_flight(&self) {
        let counters = self.shared.handles[0].stats.read();
        let limits = &self.plan.limits;
        let in_flight = self.shared.calls.taken();
        assert!(in_flight <= u64::from(limits.in_flight_max));
        let is_within = counters.connections_open <= u64::from(limits.connections_max);
        assert!(is_within || self.has_closed);
        let unanswered = self.handler.kept().calls.len() as u64 + self.unposted;
        assert_eq!(in_flight, unanswered);
    }

    /// The other ring is woken as soon as there is a connection for it.
    pub(crate) fn check_other_ring(&mut self) {
        let limit = u64::from(self.plan.limits.connections_max);
        if self.other_waits && self.shared.connections.taken() < limit {
            let reply_queue = &self.shared.handles[1].reply_queue;
            assert!(!reply_queue.prepare_to_sleep(), "the other ring sleeps on");
            reply_queue.take(&mut Posted::default());
            self.other_waits = false;
        }
    }

    /// Everyone else has done their part: the server may have left nothing undone.
    pub(crate) fn check_settled(&self) {
        if self.has_closed {
            return;
        }
        self.check_old_tables();
        let counters = self.shared.handles[0].stats.read();
        let is_full = counters.connections_open >= u64::from(self.plan.limits.connections_max);
        assert!(self.backlog.is_empty() || is_full, "nobody accepts");
        if !self.plan.is_patient {
            return;
        }
        for (index, socket) in self.sockets.iter().enumerate() {
            let is_served = socket.token.is_some();
            assert!(is_served || is_full || socket.stage != Stage::Accepted || socket.is_excused);
            if is_served && is_judged(socket) {
                self.check_answers(index, true);
            }
        }
    }

    /// Nothing happens before time passes: no step waits that the loop could take if it knew of the
    /// sends that have succeeded quietly.
    pub(crate) fn check_quiet_sends(&self) {
        for index in self.ops.quiet() {
            let socket = &self.sockets[*index];
            let is_over = socket.client.has_last_answer;
            assert!(!is_over, "client {index}: its end waits for a tick");
            let reads = socket.recv.is_some() || socket.is_ended || socket.is_shut.is_some();
            assert!(reads, "client {index}: its requests wait for a tick");
        }
    }

    /// The server has been closing for a while: connections without a request in hand are closed.
    pub(crate) fn check_idle(&self) {
        for (index, socket) in self.sockets.iter().enumerate() {
            let client = &socket.client;
            let is_idle = client.is_between_requests() && socket.to_server.is_empty();
            let is_open = socket.token.is_some() && socket.is_accepted();
            if self.plan.is_patient && is_judged(socket) && is_idle {
                assert!(!is_open, "client {index} is kept");
            }
        }
    }

    /// The loop has ended.
    pub(crate) fn check_end(&mut self) {
        while self.is_posting {
            self.go_on_posting();
        }
        for index in 0..self.sockets.len() {
            self.client_settles(index, false);
        }
        self.check_ops();
        assert!(!self.is_listening, "the listener is open");
        assert!(self.backlog.is_empty(), "a client waits to be accepted");
        assert_eq!(self.shared.connections.taken(), self.others, "not given");
        let counters = self.shared.handles[0].stats.read();
        assert_eq!(counters.connections_open, 0);
        let refused = counters.responses_4xx + counters.responses_5xx;
        let encoded =
            counters.responses_2xx + counters.responses_3xx + refused + self.direct_answers();
        let answers: usize = self
            .sockets
            .iter()
            .map(|socket| socket.client.answers)
            .sum();
        assert!(answers as u64 <= encoded, "{answers} of {encoded}");
        if self.plan.is_patient {
            for index in 0..self.sockets.len() {
                if is_judged(&self.sockets[index]) {
                    self.check_answers(index, false);
                    let client = &self.sockets[index].client;
                    assert!(
                        !client.has_partial_answer(),
                        "client {index}: half an answer"
                    );
                }
            }
        }
    }

    /// The connections are gone: with the handler's calls, all reserved memory is given back.
    pub(crate) fn check_memory(&self) {
        self.handler.kept().calls.clear();
        assert_eq!(self.shared.buffers.taken(), 0, "memory is not given back");
    }

    fn check_answers(&self, index: usize, all: bool) {
        let client = &self.sockets[index].client;
        let due = client.answers_due(all, |number| self.is_never_answered(number));
        assert!(
            client.answers >= due,
            "client {index} has {} answers of {due}",
            client.answers
        );
    }
}

/// True: nothing excuses missing answers.
fn is_judged(socket: &Socket) -> bool {
    let was_served = !matches!(socket.stage, Stage::Unborn | Stage::Waiting);
    was_served && !socket.is_excused && !socket.client.is_stubborn
}
