use std::panic::{self, AssertUnwindSafe};

/// Calls what may run code of the program's own. A panic in there is a `None`, and ends here: what it says is not passed on.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(returned) => Some(returned),
        Err(thrown) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(thrown);
            None
        }
    }
}
