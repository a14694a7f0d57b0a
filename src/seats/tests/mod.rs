//! What seats do, without a Node: threads that take calls are played by the tests.

mod arrays;
mod bench;
pub(super) mod clock;
mod keeping;
mod leaving;
mod player;
mod waking;
mod written;
