//! Calls out to code that is not ours.

use std::panic::{self, AssertUnwindSafe};

use crate::error::BackendError;

/// Calls code that a user of the crate wrote. A panic in there is a `None`, and ends here.
#[inline]
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    // What the call was changing is the caller's own: nothing of ours is left half done.
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(returned) => Some(returned),
        Err(thrown) => {
            // Dropping what was thrown could panic again.
            std::mem::forget(thrown);
            None
        }
    }
}

/// Calls a store or the like. A panic there is one more way to fail.
pub(crate) fn answered<T>(
    backend: &'static str,
    call: impl FnOnce() -> Result<T, BackendError>,
) -> Result<T, BackendError> {
    guarded(call).unwrap_or_else(|| Err(BackendError::new(backend, "answer", "it panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_whose_payload_panics_when_dropped_ends_here() {
        struct Grenade;
        impl Drop for Grenade {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        assert_eq!(guarded(|| panic::panic_any(Grenade)), None::<()>);
        assert_eq!(guarded(|| 1), Some(1));
    }
}
