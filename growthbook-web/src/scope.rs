use std::ops::Deref;

use growthbook_core::UserScope;

use crate::blocking::offload;
use crate::growthbook::GrowthBook;

/// The request's [`UserScope`], with its sticky buckets loaded: an extractor for handlers that ask.
///
/// A scope that is changed (`with_track`, `set_user`) is another one, and what it assigns is in no cookie: say such things in
/// [`WebOptions`](crate::WebOptions), or by [`GrowthBook::update_attributes`].
///
/// # Example
///
/// ```
/// use growthbook_web::Scope;
///
/// async fn cart(scope: Scope) -> String {
///     scope.value("checkout-layout", "classic").to_owned()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Scope(UserScope);

impl Scope {
    /// The scope itself.
    pub fn into_inner(self) -> UserScope {
        self.0
    }
}

impl Deref for Scope {
    type Target = UserScope;

    fn deref(&self) -> &UserScope {
        &self.0
    }
}

/// Those who wait in an async program.
impl GrowthBook {
    /// The request's scope. If the client has a store of sticky buckets, the user's are loaded on a thread for blocking work,
    /// so that evaluations find them there; with [`WebOptions::sticky_in_place`](crate::WebOptions::sticky_in_place) they are
    /// not, but are loaded where they are needed.
    ///
    /// A new assignment is stored where it is evaluated: see [`GrowthBook::ask`].
    pub async fn loaded(&self) -> Scope {
        let scope = self.scope();
        if self.has_store() {
            let loading = scope.clone();
            offload(move || loading.load_sticky()).await;
        }
        Scope(scope)
    }

    /// Asks the request's scope: here, or, if the client has a store of sticky buckets, on a thread for blocking work, where
    /// it may load and store them. A panic in `ask` goes on here.
    ///
    /// If the future is dropped, what was begun on the other thread is brought to its end.
    pub async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&UserScope) -> T + Send + 'static,
    ) -> T {
        let scope = self.scope();
        if self.may_wait() {
            offload(move || ask(&scope)).await
        } else {
            ask(&scope)
        }
    }
}

/// A request came to a handler with an extractor of ours, and there is no [`GrowthBookLayer`](crate::GrowthBookLayer) around
/// it, or in actix-web no [`GrowthBookMiddleware`](crate::GrowthBookMiddleware): a mistake in the program, answered with status
/// 500 and this text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "GrowthBook is not installed: put a GrowthBookLayer (axum) or GrowthBookMiddleware (actix-web) around this handler"
)]
#[non_exhaustive]
pub struct NotInstalled;
