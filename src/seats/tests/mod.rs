//! Seats without Node: the tests play the threads that take calls.

mod acts;
mod arrays;
mod bench;
mod checks;
pub(super) mod clock;
mod endings;
mod keeping;
mod leaving;
mod plan;
mod player;
#[path = "../../../tests/simulation/random.rs"]
mod random;
mod simulation;
mod threads;
mod waking;
mod world;
mod written;
