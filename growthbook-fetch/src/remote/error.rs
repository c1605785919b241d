use growthbook_core::{FetchError, PayloadError};

/// Why a user's features could not be had from the server that evaluates them.
///
/// It contains no attribute, no key and no address.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteEvaluationError {
    /// The client was closed, so nobody was asked. Make another one.
    #[error("the client is closed")]
    Closed,
    /// There was no answer to be had: see the cause, which says whether trying again may help. A status of 400 may mean
    /// that the SDK connection is not one that is evaluated remotely.
    #[error("the features cannot be fetched")]
    Fetch(#[source] FetchError),
    /// The logger of the program asked for the features that were being fetched, which would wait for itself.
    #[error("a question cannot wait for itself")]
    InProgress,
    /// Asking panicked, which is a defect of this crate. Report it.
    #[error("asking for the features panicked")]
    Panicked,
    /// What came is not a payload.
    #[error("what was fetched cannot be used")]
    Payload(#[source] PayloadError),
    /// The user is described at greater length than the server reads, so that nothing was sent. Leave attributes out.
    #[error("the user takes more than {limit} bytes to describe")]
    TooLarge {
        /// The most bytes that a question may have.
        limit: usize,
    },
    /// There are more of these than the server reads, so that nothing was sent. Leave some out.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Of what: attributes, forced variations or forced features.
        what: &'static str,
        /// The most that there may be.
        limit: usize,
    },
}
