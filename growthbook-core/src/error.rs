//! Errors of the stores behind this crate's traits.

use std::error::Error;
use std::sync::Arc;

/// A store behind one of this crate's traits failed.
///
/// It is opaque on purpose: callers cannot mend a store, they can only say so. The cause is the
/// [`source`](Error::source), which clones share.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{backend} could not {operation}")]
pub struct BackendError {
    backend: &'static str,
    operation: &'static str,
    source: Arc<dyn Error + Send + Sync>,
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
            source: source.into().into(),
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

/// What was buffered is not all where it belongs: see [`StickyBucketService::flush`](crate::StickyBucketService::flush).
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The store behind it failed. What could not be written may be lost; see the cause.
    #[error("what was buffered could not be written")]
    Backend(#[source] BackendError),
    /// Some of it was dropped, or is still on its way since the limit passed first. What is pending may still be
    /// delivered: flush again, or grant more time. After closing, nothing more is.
    #[error("of what was buffered, {dropped} were dropped and {pending} are pending")]
    #[non_exhaustive]
    Incomplete {
        /// How many were given up while this waited for them.
        dropped: u64,
        /// How many are on their way, those included that came later; 0 if nothing is that this waited for.
        pending: u64,
    },
    /// The code that writes panicked, which is a defect of it. Report it to whoever wrote it.
    #[error("writing what was buffered panicked")]
    Panicked,
    /// The limit passed first. The rest may still be written: flush again, or grant more time.
    #[error("what was buffered was not written in time")]
    TimedOut,
}

impl FlushError {
    /// So many were dropped, and so many are pending: for whoever implements a store or a plugin that counts.
    pub fn incomplete(dropped: u64, pending: u64) -> Self {
        Self::Incomplete { dropped, pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_has_the_cause_as_well() {
        let error = BackendError::new("redis", "load", "connection reset").clone();
        assert_eq!(error.to_string(), "redis could not load");
        assert_eq!(error.source().unwrap().to_string(), "connection reset");
    }
}
