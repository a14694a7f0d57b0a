//! What other threads have left for the ring thread: replies, lines and commands.

use std::mem;

use super::{EventLoop, Stage, find};
use crate::bridge::{Command, Outcome, Reply, ReturnedLine};
use crate::limits::CLOSE_GRACE_MS;
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    pub(super) fn take_mail(&mut self) {
        let mut mail = mem::take(&mut self.mail);
        if self.mailbox.take(&mut mail) {
            // Closing first, so that the answers made of the replies tell of it; the rest last, so
            // that idle is who has been answered.
            if mail.commands.contains(&Command::Close) {
                self.carry_out(Command::Close);
            }
            for reply in mail.replies.drain(..) {
                self.on_reply(reply);
            }
            for ReturnedLine { connection, unsent } in mail.lines.drain(..) {
                if let Some(peer) = find(&mut self.peers, connection) {
                    peer.on_line_returned(unsent);
                    self.touch(connection.slot);
                }
            }
            for command in mail.commands.drain(..) {
                if command != Command::Close {
                    self.carry_out(command);
                }
            }
        }
        self.mail = mail;
    }

    fn on_reply(&mut self, reply: Reply) {
        let Reply {
            connection,
            sequence,
            outcome,
        } = reply;
        if matches!(outcome, Outcome::Sent(_)) {
            self.context.counters.responses_2xx += 1;
            self.context.counters.sent += 1;
        }
        let awaited = find(&mut self.peers, connection).is_some_and(|peer| {
            peer.connection
                .replied(sequence, outcome, &mut self.context)
        });
        if awaited {
            self.touch(connection.slot);
        }
    }

    fn carry_out(&mut self, command: Command) {
        if let Command::TellHealth(health) = command {
            return self.tell_health(health);
        }
        if command == Command::Close {
            self.acceptor.close();
            if self.stage == Stage::Serving {
                self.stage = Stage::Closing;
            }
            // Who becomes idle only now is not to be kept for longer than who is.
            self.timer_wheel.restart(CLOSE_GRACE_MS);
        }
        if command == Command::CloseAll {
            if self.is_closing() {
                self.stage = Stage::Cutting;
            }
            // Who waits for room has a connection, too.
            self.cut_held();
        }
        let now = self.context.now;
        for (_, peer) in &mut self.peers {
            match command {
                Command::Close => {
                    peer.connection.drain(now);
                    self.timer_wheel.insert(peer.connection.id(), None, now);
                }
                Command::CloseIdle if peer.connection.is_idle() => peer.terminate(&mut self.ring),
                Command::CloseIdle | Command::TellHealth(_) => {}
                Command::CloseAll => peer.terminate(&mut self.ring),
            }
            if !mem::replace(&mut peer.touched, true) {
                self.touched.push(peer.connection.id().slot);
            }
        }
    }
}
