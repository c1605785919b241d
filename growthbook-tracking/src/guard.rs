use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls code that may panic: that is a `None`, and ends here.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(returned) => Some(returned),
        Err(thrown) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(thrown);
            None
        }
    }
}

/// Says something in the log, where a logger that panics harms nobody.
macro_rules! say {
    ($level:ident, $($said:tt)+) => {
        $crate::guard::guarded(|| log::$level!(target: $crate::LOG, $($said)+));
    };
}

pub(crate) use say;
