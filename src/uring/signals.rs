//! Keeps signals away from the ring thread.

use std::mem::MaybeUninit;
use std::ptr;

/// Blocks every signal on the calling thread, so that their delivery stays with Node's own threads.
pub fn block_signals() {
    let mut all = MaybeUninit::uninit();
    // SAFETY: `sigfillset` asks for memory of a `sigset_t`, which it initialises.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set is initialised; a null old set is allowed. It fails only for an unknown
    // `how`.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut()) };
}
