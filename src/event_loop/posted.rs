//! What other threads have posted to the ring thread: replies, returned leases and commands.

use std::mem;

use super::{EventLoop, Stage, find};
use crate::bridge::{Command, Reply, ReturnedLease};
use crate::limits::CLOSE_GRACE_MS;
use crate::uring::Kernel;

impl<K: Kernel> EventLoop<K> {
    pub(super) fn take_posted(&mut self) {
        let mut posted = mem::take(&mut self.posted);
        if self.reply_queue.take(&mut posted) {
            // `Close` first, so that the answers say that the connection closes.
            if posted.commands.contains(&Command::Close) {
                self.carry_out(Command::Close);
            }
            for reply in posted.replies.drain(..) {
                self.on_reply(reply);
            }
            for ReturnedLease { connection, unsent } in posted.leases.drain(..) {
                if let Some(peer) = find(&mut self.peers, connection) {
                    peer.on_lease_returned(unsent);
                    self.touch(connection.slot);
                }
            }
            let others = posted.commands.drain(..);
            self.commands
                .extend(others.filter(|command| *command != Command::Close));
        }
        self.posted = posted;
    }

    /// Carries out the other commands, when all that has come was acted on: a connection whose
    /// answer has just been sent is idle.
    pub(super) fn carry_out_commands(&mut self) {
        let mut commands = mem::take(&mut self.commands);
        for command in commands.drain(..) {
            self.carry_out(command);
        }
        self.commands = commands;
    }

    fn on_reply(&mut self, reply: Reply) {
        let Reply {
            connection,
            sequence,
            delivery,
        } = reply;
        let awaited = find(&mut self.peers, connection).is_some_and(|peer| {
            peer.connection
                .replied(sequence, delivery, &mut self.context)
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
            // A connection that becomes idle now is kept no longer than one that is idle already.
            self.timer_wheel.restart(CLOSE_GRACE_MS);
        }
        if command == Command::CloseAll {
            if self.is_closing() {
                self.stage = Stage::Cutting;
            }
            // Those that wait for room are connections, too.
            self.cut_held();
        }
        let now = self.context.now;
        for (_, peer) in &mut self.peers {
            match command {
                Command::Close => {
                    peer.connection.drain(now);
                    self.timer_wheel.insert(peer.connection.id(), None, now);
                }
                Command::CloseIdle if peer.is_idle() => peer.terminate(&mut self.ring),
                Command::CloseIdle | Command::TellHealth(_) => {}
                Command::CloseAll => peer.terminate(&mut self.ring),
            }
            if !mem::replace(&mut peer.touched, true) {
                self.touched.push(peer.connection.id().slot);
            }
        }
    }
}
