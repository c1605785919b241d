/// What came of all questions to a server that evaluates, since the [`RemoteEvaluation`](crate::RemoteEvaluation) was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RemoteEvaluationStats {
    pub(super) kept: usize,
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) from_cache: u64,
    pub(super) last_resorts: u64,
    pub(super) empty: u64,
    pub(super) postponed: u64,
}

impl RemoteEvaluationStats {
    /// Answers that are kept now.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Requests to the server, those in the background as well.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Questions to which there was no usable answer, whether a request was made for them or not.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Scopes that were served from memory, as it should be.
    pub fn from_cache(&self) -> u64 {
        self.from_cache
    }

    /// Scopes that were served an answer that was too old, or flushed, because there was no other.
    pub fn last_resorts(&self) -> u64 {
        self.last_resorts
    }

    /// Scopes that were served nothing: every feature is unknown there.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// Answers that were not asked for anew in the background, because too many others were to be, or because the server
    /// failed when their turn came.
    pub fn postponed(&self) -> u64 {
        self.postponed
    }
}
