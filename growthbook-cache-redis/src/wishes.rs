//! Who a lease is for, also if nobody knows whether it was granted.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Makes up tokens. After a wish that got no answer the same token is used for the next one: a server that was silent may
/// have read it all the same and granted a lease that nobody knows of, and whoever has a lease already gets it again.
/// Otherwise a server that wakes up would hold all processes up until that lease ends.
///
/// The process is a part of it: a copy of it (`fork`) makes up the same, and is another one who wishes.
#[derive(Debug, Default)]
pub(crate) struct Wishes(Mutex<Option<Unanswered>>);

/// The last wish that got no answer.
struct Unanswered {
    lease: String,
    /// The token without the process.
    random: u128,
}

impl Wishes {
    /// Wishes for a lease, and gives the token that it has, if it was granted.
    pub(crate) fn with<T, E>(
        &self,
        lease: &str,
        wish: impl FnOnce(&str) -> Result<T, E>,
    ) -> (String, Result<T, E>) {
        // Taken out, so that two at the same time do not take each other for themselves.
        let unanswered = self.lock().take_if(|it| it.lease == lease);
        let random = unanswered.map_or_else(|| fastrand::u128(..), |it| it.random);
        let token = format!("{random:032x}-{}", std::process::id());
        let answer = wish(&token);
        if answer.is_err() {
            *self.lock() = Some(Unanswered {
                lease: lease.to_owned(),
                random,
            });
        }
        (token, answer)
    }

    /// It is put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Option<Unanswered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Unanswered {
    /// Without the key, and without the token: who knows it can give the lease back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unanswered(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(wishes: &Wishes, answer: Result<(), ()>) -> String {
        wishes.with("lease", |_| answer).0
    }

    #[test]
    fn a_wish_without_an_answer_is_repeated() {
        let wishes = Wishes::default();
        let first = token(&wishes, Err(()));
        assert_eq!(token(&wishes, Ok(())), first);
        assert_ne!(token(&wishes, Ok(())), first);
    }

    #[test]
    #[cfg(unix)]
    fn a_copy_of_the_process_wishes_for_itself() {
        let wishes = Wishes::default();
        for answer in [Ok(()), Err(())] {
            // Chance is copied as well.
            fastrand::seed(1);
            let own = token(&wishes, answer);
            fastrand::seed(1);
            let is_other = || token(&wishes, Ok(())) != own;
            let limit = std::time::Duration::from_secs(60);
            assert!(growthbook_testkit::in_a_copy(limit, is_other).unwrap());
        }
    }
}
