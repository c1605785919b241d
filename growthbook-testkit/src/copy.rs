//! Copies of this process, as `fork` makes them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

/// Does something in a copy of this process, which has no thread but the calling one, and says whether it returned true
/// there, within the limit. The copy ends without unwinding, and without running what is registered for the end.
///
/// # Errors
///
/// When the system makes no copy.
#[expect(unsafe_code, reason = "there is no safe way to make a copy")]
pub fn in_a_copy(limit: Duration, work: impl FnOnce() -> bool) -> io::Result<bool> {
    // SAFETY: none of the three touches memory of ours but `waitpid`, which gets a place for what it says. What the copy
    // may do, with other threads gone and their locks held, is what is tested.
    let copy = unsafe { fork() };
    if copy == 0 {
        let is_fine = catch_unwind(AssertUnwindSafe(work)).unwrap_or(false);
        // SAFETY: as above.
        unsafe { _exit(i32::from(!is_fine)) }
    }
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    let started = Instant::now();
    let mut status = 0;
    // SAFETY: as above.
    while unsafe { waitpid(copy, &raw mut status, WNOHANG) } == 0 {
        if started.elapsed() > limit {
            // SAFETY: as above; it is our own child, and has not been waited for.
            unsafe {
                kill(copy, SIGKILL);
                waitpid(copy, &raw mut status, 0);
            }
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(status == 0)
}

#[expect(unsafe_code, reason = "there is no safe way to make a copy")]
// SAFETY: these are the signatures of POSIX, with `pid_t` and `int` of 32 bits, as on every Linux and macOS.
unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn kill(process: i32, signal: i32) -> i32;
    fn _exit(code: i32) -> !;
}

const WNOHANG: i32 = 1;
const SIGKILL: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_what_came_of_it() {
        let limit = Duration::from_secs(30);
        let own = std::process::id();
        assert!(in_a_copy(limit, || std::process::id() != own).unwrap());
        assert!(!in_a_copy(limit, || false).unwrap());
        assert!(
            !in_a_copy(Duration::from_millis(10), || loop {
                thread::park();
            })
            .unwrap()
        );
    }
}
