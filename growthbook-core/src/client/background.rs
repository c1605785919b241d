//! What goes wrong beside evaluation.

use super::feed::refresh::RefreshError;
use crate::error::{BackendError, FlushError};
use crate::result::ValueError;

/// Something went wrong beside an evaluation, which went on without it: see
/// [`GrowthBookClientBuilder::on_error`](crate::GrowthBookClientBuilder::on_error).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// A feature cache failed. Features come from the next one, or from the server.
    #[error("a feature cache is unavailable")]
    Cache(#[source] BackendError),
    /// The last handle to the client was dropped, and not everything that was buffered could be written. To have time for
    /// it, [`close`](crate::GrowthBookClient::close) the client first.
    #[error("not everything was written when the client ended")]
    Flush(#[source] FlushError),
    /// A callback or a plugin of the program's panicked. It is called again the next time; an exposure that it missed is
    /// offered to it again.
    #[error("a {callback} panicked")]
    Panicked {
        /// Which kind of callback.
        callback: &'static str,
    },
    /// Fresher features could not be had. What is in force stays in force.
    #[error("the features cannot be refreshed")]
    Refresh(#[source] RefreshError),
    /// The features of one user could not be had from the server that evaluates them. That user got what the server said
    /// before, if that may still be used, or else every feature is unknown.
    #[error("the features cannot be evaluated remotely")]
    Remote(#[source] BackendError),
    /// The sticky bucket service failed: the user was bucketed by hash, or the assignment was not stored.
    #[error("sticky buckets are unavailable")]
    Sticky(#[source] BackendError),
    /// A feature was asked for as a type that its value is not, and the fallback was served. Check the feature's type in
    /// GrowthBook. Told once for each feature and type.
    #[error("the value of the feature `{feature}` does not fit, and the fallback is served")]
    Value {
        /// The feature's key.
        feature: String,
        /// What does not fit.
        source: ValueError,
    },
}
