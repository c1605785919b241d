//! Calls out to code that is not ours.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

use crate::error::BackendError;

/// What became of a call out.
#[derive(Debug)]
pub(crate) enum Called<T> {
    /// It panicked, which ended here.
    Panicked,
    /// It was not made: this thread is within that very code, which would call itself for ever.
    Refused,
    /// It came back.
    Returned(T),
}

impl<T> Called<T> {
    pub(crate) fn returned(self) -> Option<T> {
        match self {
            Self::Returned(returned) => Some(returned),
            Self::Panicked | Self::Refused => None,
        }
    }
}

/// Calls code that a user of the crate wrote, unless this thread is within it already.
///
/// That code may ask the client anything, and the client may want to call the same code again for it: a listener that
/// evaluates, say. What is the same code is told by where `whose` lies, and by what it is to do.
pub(crate) fn called<W, T>(whose: &W, doing: &'static str, call: impl FnOnce() -> T) -> Called<T> {
    let Some(_within) = Within::enter((ptr::from_ref(whose).addr(), doing)) else {
        return Called::Refused;
    };
    guarded(call).map_or(Called::Panicked, Called::Returned)
}

/// Whether this thread is within that code.
pub(crate) fn is_within<W>(whose: &W, doing: &'static str) -> bool {
    let place = Some((ptr::from_ref(whose).addr(), doing));
    WITHIN.with(|places| places.iter().any(|taken| taken.get() == place))
}

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

/// What a store or the like answered. A panic there is one more way to fail.
pub(crate) fn answered<T>(
    backend: &'static str,
    called: Called<Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let because = |reason: &'static str| Err(BackendError::new(backend, "answer", reason));
    match called {
        Called::Panicked => because("it panicked"),
        Called::Refused => because("it asked for itself"),
        Called::Returned(answer) => answer,
    }
}

/// This thread is in a call, for as long as this lives.
struct Within {
    depth: usize,
}

/// Whose code, and what it does there.
type Place = (usize, &'static str);

thread_local! {
    /// From the outside in. It needs no destructor, so it is there for as long as the thread is.
    static WITHIN: [Cell<Option<Place>>; DEEPEST] = const { [const { Cell::new(None) }; DEEPEST] };
}

impl Within {
    fn enter(place: Place) -> Option<Self> {
        WITHIN.with(|places| {
            for (depth, taken) in places.iter().enumerate() {
                match taken.get() {
                    None => {
                        taken.set(Some(place));
                        return Some(Self { depth });
                    }
                    Some(outer) if outer == place => return None,
                    Some(_) => {}
                }
            }
            None
        })
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.with(|places| {
            if let Some(place) = places.get(self.depth) {
                place.set(None);
            }
        });
    }
}

/// How many calls out a thread can be in: listeners that evaluate, with other listeners that evaluate, use up its stack.
const DEEPEST: usize = 8;

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

    #[test]
    fn nobody_is_called_within_itself() {
        let (one, other) = (1, 2);
        let inner = called(&one, "tell", || {
            let others = called(&other, "tell", || 1).returned();
            let otherwise = called(&one, "flush", || 2).returned();
            let itself = called(&one, "tell", || 3).returned();
            [others, otherwise, itself]
        });
        assert_eq!(inner.returned(), Some([Some(1), Some(2), None]));
        assert!(matches!(
            called(&one, "tell", || panic!()),
            Called::<()>::Panicked
        ));
        assert_eq!(called(&one, "tell", || 4).returned(), Some(4));
    }

    #[test]
    fn calls_within_calls_come_to_an_end() {
        fn nest(depth: usize) -> usize {
            // Each is another one's code, all of which are alive.
            let whose = [depth];
            called(&whose, "nest", || nest(depth + 1))
                .returned()
                .unwrap_or(depth)
        }
        assert_eq!(nest(0), DEEPEST);
        assert_eq!(nest(0), DEEPEST);
    }
}
