//! Blind mutations at full speed: inputs that libFuzzer found, changed at random, without the cost
//! of measuring coverage. Run it under AddressSanitizer.
//!
//! Arguments: the check, how many executions, a seed, and folders of inputs to start from.

use std::alloc::{GlobalAlloc, Layout, System};
use std::time::{Duration, Instant};
use std::{env, fs};

#[path = "checks/arguments.rs"]
mod arguments;
#[path = "checks/body.rs"]
mod body;
#[path = "checks/body_arguments.rs"]
mod body_arguments;
#[path = "checks/conversation.rs"]
mod conversation;
#[path = "checks/parse_head.rs"]
mod parse_head;
#[path = "checks/path_arguments.rs"]
mod path_arguments;

const INPUT_BYTES_MAX: usize = 512;
const ALLOCATION_BYTES_MAX: usize = 1 << 20;

/// No input may take longer.
const INPUT_TIME_MAX: Duration = Duration::from_secs(1);

/// Refuses allocations that no check may ask for.
struct Limited;

// SAFETY: all other calls are passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > ALLOCATION_BYTES_MAX {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

fn main() {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().expect("a check: one of those in checks/");
    let check = match name.as_str() {
        "parse_head" => parse_head::check,
        "body" => body::check,
        "conversation" => conversation::check,
        "body_arguments" => body_arguments::check,
        "path_arguments" => path_arguments::check,
        other => panic!("no check is called {other}"),
    };
    let runs: u64 = arguments
        .next()
        .expect("a number of executions")
        .parse()
        .expect("a number");
    let seed: u64 = arguments.next().expect("a seed").parse().expect("a number");
    let corpus: Vec<Vec<u8>> = arguments
        .flat_map(|folder| fs::read_dir(folder).expect("a folder of inputs"))
        .map(|entry| fs::read(entry.expect("an entry").path()).expect("an input"))
        .filter(|input| !input.is_empty() && input.len() <= INPUT_BYTES_MAX)
        .collect();
    let mut random = Random(seed.max(1));
    let mut slowest = Duration::ZERO;
    for run in 0..runs {
        let mut input = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut input, &corpus, &mut random);
        }
        input.truncate(INPUT_BYTES_MAX);
        let timed = || {
            let start = Instant::now();
            if std::panic::catch_unwind(|| check(&input)).is_err() {
                panic!("run {run} of seed {seed}: {input:?}");
            }
            start.elapsed()
        };
        let mut took = timed();
        if took > slowest {
            // Once more: the machine may have been busy with something else the first time.
            took = took.min(timed());
            assert!(took < INPUT_TIME_MAX, "run {run} took {took:?}: {input:?}");
        }
        slowest = slowest.max(took);
    }
    println!(
        "{name}: {runs} executions from {} inputs, the slowest {slowest:?}",
        corpus.len()
    );
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    const BYTES: &[u8] = b"\r\n\t :;,=/?#%0123456789abcdefxX-+\0\x7f\x80\xff\"[]{}\\.E";
    let at = random.below(input.len() + 1);
    let byte = BYTES[random.below(BYTES.len())];
    match random.below(6) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = byte,
        2 if at < input.len() => drop(input.remove(at)),
        3 => input.insert(at, byte),
        4 => {
            // The rest of another input.
            let other = &corpus[random.below(corpus.len())];
            input.truncate(at);
            input.extend_from_slice(&other[random.below(other.len())..]);
        }
        _ => {
            let end = (at + random.below(16)).min(input.len());
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
    }
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits") % bound
    }
}
