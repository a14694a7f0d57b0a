//! Keeps signals away from the ring thread.

use std::mem::MaybeUninit;
use std::ptr;

/// Runs `spawn` with every signal blocked on the calling thread. A thread that it starts inherits
/// that from its first instruction on, so that Node's own threads get the signals.
pub fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    let _blocked = Blocked::new();
    spawn()
}

/// Blocks every signal on the thread that has made this, until it is dropped there.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        let mut all = MaybeUninit::uninit();
        // SAFETY: `sigfillset` asks for memory of a `sigset_t`, which it initialises.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        let mut before = MaybeUninit::uninit();
        // SAFETY: the new set is initialised, and there is memory for the old one. It fails only
        // for an unknown `how`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
        // SAFETY: `pthread_sigmask` has just initialised it.
        let before = unsafe { before.assume_init() };
        Self { before }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set is initialised; a null old set is allowed.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    /// The signals that the calling thread blocks, one bit each.
    fn blocked() -> u64 {
        let status = fs::read_to_string("/proc/thread-self/status").expect("proc(5)");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
        u64::from_str_radix(mask.expect("a line for it").trim(), 16).expect("in hexadecimal")
    }

    fn is_blocked(signal: libc::c_int, mask: u64) -> bool {
        mask & (1 << (signal - 1)) != 0
    }

    #[test]
    fn a_thread_starts_with_signals_blocked_and_its_starter_runs_as_before() {
        let before = blocked();
        let thread = with_signals_blocked(|| thread::spawn(blocked));
        assert_eq!(blocked(), before);
        let mask = thread.join().expect("it reads");
        for signal in [
            libc::SIGTERM,
            libc::SIGINT,
            libc::SIGUSR1,
            libc::SIGPROF,
            libc::SIGCHLD,
        ] {
            assert!(is_blocked(signal, mask), "{signal}: {mask:x}");
        }
    }

    #[test]
    fn a_panic_restores_the_signals() {
        let before = blocked();
        let panicked = std::panic::catch_unwind(|| with_signals_blocked(|| panic!("a test's")));
        assert!(panicked.is_err());
        assert_eq!(blocked(), before);
    }
}
