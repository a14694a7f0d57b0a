//! The loop embedded in another one, which drives it: that of a server without ring threads.

use std::io;

use super::EventLoop;
use crate::bridge::Command;
use crate::limits::DRIVE_US_MAX;
use crate::uring::Kernel;

/// What driving the loop has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driven {
    /// There is nothing to do.
    Idle,
    /// There are calls, and there may be more to do.
    Calls,
    /// There is more to do, but other work is to have the thread first.
    Busy,
    /// A [`Command::Close`] has been carried out to the end.
    Ended,
}

impl<K: Kernel> EventLoop<K> {
    /// Prepares the loop to be driven by the calling thread.
    pub fn begin_embedded(&mut self) -> io::Result<()> {
        self.ring.enable()?;
        self.steer_acceptor();
        Ok(())
    }

    /// Takes turns for as long as there is something to do. It stops when it has handed calls over,
    /// and after [`DRIVE_US_MAX`]. If calls wait already, it takes one turn, so that no more bodies
    /// are read than functions take. It waits for nothing. It must not be called once the loop has
    /// ended or failed.
    pub fn drive(&mut self, calls_wait: bool) -> io::Result<Driven> {
        let mut until = None;
        while !self.is_drained() {
            if self.ring.is_ready() {
                self.ring.submit()?;
            }
            // Only quiet sends have completed. Their events are taken with the next one.
            if !self.ring.is_ready() && !self.reply_queue.has_posted() {
                return Ok(Driven::Idle);
            }
            if self.turn() || calls_wait {
                return Ok(Driven::Calls);
            }
            let now = self.context.now_us;
            if now > *until.get_or_insert(now + DRIVE_US_MAX) {
                return Ok(Driven::Busy);
            }
        }
        self.end()?;
        Ok(Driven::Ended)
    }

    /// True: the driver may wait until the waker's eventfd is written to. False: there is something
    /// to do.
    pub fn prepare_to_sleep(&mut self) -> bool {
        let may_sleep = self.reply_queue.prepare_to_sleep() && self.ring.prepare_to_sleep();
        if !may_sleep {
            self.awake();
        }
        may_sleep
    }

    /// The driver will drive the loop before it waits, and need not be woken. Returns whether there
    /// is something to do.
    pub fn awake(&mut self) -> bool {
        self.reply_queue.waker().awake();
        self.ring.awake();
        self.ring.is_ready() || self.reply_queue.has_posted()
    }

    /// Cuts every connection and runs the loop to its end. It is not driven any more.
    pub fn cut(&mut self) -> io::Result<()> {
        self.reply_queue.post_command(Command::Close);
        self.reply_queue.post_command(Command::CloseAll);
        self.run_to_end()
    }
}
