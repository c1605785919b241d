//! Who a lease is for, also if nobody knows whether it was granted.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Makes up tokens. After a wish that got no answer the same token is used for the next one: a server that was silent may
/// have read it all the same and granted a lease that nobody knows of, and whoever has a lease already gets it again.
/// Otherwise a server that wakes up would hold all processes up until that lease ends.
#[derive(Debug, Default)]
pub(crate) struct Wishes(Mutex<Option<Unanswered>>);

/// The last wish that got no answer.
struct Unanswered {
    lease: String,
    token: String,
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
        let token =
            unanswered.map_or_else(|| format!("{:032x}", fastrand::u128(..)), |it| it.token);
        let answer = wish(&token);
        if answer.is_err() {
            *self.lock() = Some(Unanswered {
                lease: lease.to_owned(),
                token: token.clone(),
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
