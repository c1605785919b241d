//! Errors of the stores behind this crate's traits, and of what goes on beside evaluation.

use std::error::Error;

/// A store behind one of this crate's traits failed.
///
/// It is opaque on purpose: callers cannot mend a store, they can only say so. The cause is the
/// [`source`](Error::source).
#[derive(Debug, thiserror::Error)]
#[error("{backend} could not {operation}")]
pub struct BackendError {
    backend: &'static str,
    operation: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl BackendError {
    /// A failure of `backend`, such as `"redis"`, to `operation`, such as `"load sticky buckets"`.
    ///
    /// The cause must not contain keys, user attributes or URLs with keys.
    pub fn new(
        backend: &'static str,
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            backend,
            operation,
            source: source.into(),
        }
    }

    /// What failed.
    pub fn backend(&self) -> &'static str {
        self.backend
    }

    /// What it was doing.
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

/// Something went wrong beside an evaluation, which went on without it: see
/// [`GrowthBookClientBuilder::on_error`](crate::GrowthBookClientBuilder::on_error).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// The sticky bucket service failed: the user was bucketed by hash, or the assignment was not stored.
    #[error("sticky buckets are unavailable")]
    Sticky(#[source] BackendError),
}
