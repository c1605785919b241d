use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::Code;

/// The messages that were accepted last, by their codes, the one that was not seen for longest in front. Those that are
/// older than what is remembered here are too old to be accepted, unless there are very many.
#[derive(Default)]
pub(super) struct Accepted(Mutex<VecDeque<Code>>);

impl Accepted {
    /// Whether this message comes for the first time. Of several threads with the same one, one is told so.
    pub(super) fn is_first(&self, code: Code) -> bool {
        let mut codes = self.lock();
        let known = codes.iter().position(|it| *it == code);
        if let Some(place) = known {
            codes.remove(place);
        }
        codes.push_back(code);
        if codes.len() > MOST {
            codes.pop_front();
        }
        known.is_none()
    }

    /// Codes are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Code>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn code(number: u16) -> Code {
        let mut code = [0; 32];
        code[..2].copy_from_slice(&number.to_be_bytes());
        code
    }

    #[test]
    fn the_last_thousand_are_known() {
        let accepted = Accepted::default();
        for number in 0..1_000 {
            assert!(accepted.is_first(code(number)), "{number}");
        }
        // Seen once more, so that another one is forgotten.
        assert!(!accepted.is_first(code(0)));
        assert!(accepted.is_first(code(1_000)));
        assert!(!accepted.is_first(code(0)) && !accepted.is_first(code(2)));
        assert!(accepted.is_first(code(1)), "this one");
        assert_eq!(accepted.lock().len(), 1_000);
    }

    #[test]
    fn one_of_many_threads_is_the_first() {
        let accepted = Accepted::default();
        let firsts: usize = thread::scope(|threads| {
            let ask = || usize::from(accepted.is_first(code(7)));
            let all = [(); 8].map(|()| threads.spawn(ask));
            all.into_iter().map(|it| it.join().unwrap()).sum()
        });
        assert_eq!(firsts, 1);
    }
}
