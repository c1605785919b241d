mod handle;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::handle::Handle;
use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::client::{
    BuildError, PayloadSink, PayloadSource, Refresh, RefreshError, SourceHandle, SourceStatus,
};
use crate::fetch::{FetchError, Fetched};
use crate::secret::ClientKey;

/// A source that a test drives by hand, through its [`SourceScript`]: for code that waits for a client to be ready, that
/// asks how it is doing, or that has to do without a server.
///
/// It has no thread and no timer. Nothing comes that the script does not bring.
///
/// # Example
///
/// ```
/// use growthbook_core::testing::{ScriptedSource, TestFeatures};
/// use growthbook_core::{FetchError, GrowthBookClient, Readiness, UserContext};
///
/// let (source, script) = ScriptedSource::new();
/// let client = GrowthBookClient::builder().source(source).build()?;
/// assert_eq!(client.status().readiness(), Readiness::Empty);
///
/// script.deliver(TestFeatures::new().on("dark-mode").payload())?;
/// assert_eq!(client.status().readiness(), Readiness::Live);
/// assert!(client.is_on("dark-mode", &UserContext::default()));
///
/// script.fail(FetchError::TimedOut);
/// assert!(matches!(client.status().readiness(), Readiness::Stale { .. }));
/// assert!(client.is_on("dark-mode", &UserContext::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScriptedSource {
    script: SourceScript,
}

impl ScriptedSource {
    /// A source, and the script that drives it.
    pub fn new() -> (Self, SourceScript) {
        let script = SourceScript {
            shared: Arc::default(),
        };
        let source = Self {
            script: script.clone(),
        };
        (source, script)
    }
}

impl PayloadSource for ScriptedSource {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let mut state = self.script.lock();
        if let Some(refusal) = state.refusal.take() {
            return Err(refusal);
        }
        state.stage = Stage::Started(sink);
        drop(state);
        self.script.shared.changed.notify_all();
        Ok(Box::new(Handle::new(self.script)))
    }
}

/// Drives a [`ScriptedSource`], and says what was asked of it. A clone drives the same source.
#[derive(Clone)]
pub struct SourceScript {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    refusal: Option<BuildError>,
    answers: VecDeque<Result<Fetched, FetchError>>,
    status: SourceStatus,
    delivered: u64,
    refreshes: usize,
    requests: usize,
    closes: usize,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Unstarted,
    Started(PayloadSink),
    Ended,
}

impl SourceScript {
    /// Brings a payload, under a validator of its own.
    ///
    /// # Errors
    ///
    /// When the bytes are not a payload, or the client is closed: what the client tells its source.
    ///
    /// # Panics
    ///
    /// When no client has started the source yet, which is a mistake in the test.
    pub fn deliver(&self, payload: impl Into<Vec<u8>>) -> Result<Refresh, RefreshError> {
        let number = {
            let mut state = self.lock();
            state.delivered += 1;
            state.delivered
        };
        let validator = Validator::new(format!("\"{number}\""));
        self.deliver_payload(CachedPayload::new(payload.into()).with_validator(validator))
    }

    /// Brings a payload, with what a server says of it: its validator, and for how long it is fresh.
    ///
    /// # Errors
    ///
    /// As [`SourceScript::deliver`].
    ///
    /// # Panics
    ///
    /// As [`SourceScript::deliver`].
    pub fn deliver_payload(&self, payload: CachedPayload) -> Result<Refresh, RefreshError> {
        let sink = self.sink().ok_or(RefreshError::Closed)?;
        sink.deliver(&cache_key(), payload)
    }

    /// Says that the server still has what is in force.
    ///
    /// # Panics
    ///
    /// As [`SourceScript::deliver`].
    pub fn confirm(&self) {
        if let Some(sink) = self.sink()
            && let Some(known) = sink.validator()
        {
            sink.confirm(&cache_key(), &known, None);
        }
    }

    /// Says that an attempt failed.
    ///
    /// # Panics
    ///
    /// As [`SourceScript::deliver`].
    pub fn fail(&self, error: FetchError) {
        if let Some(sink) = self.sink() {
            sink.fail(error);
        }
    }

    /// Adds what the server answers when the client asks for a refresh, one answer for each: it is delivered, confirmed or
    /// reported as any source does it. When they are used up, a refresh ends with [`RefreshError::TimedOut`].
    pub fn answer_refresh(&self, answer: Result<Fetched, FetchError>) {
        self.lock().answers.push_back(answer);
    }

    /// Refuses to start, as a source that is configured in a way that cannot work: once, in the next build.
    pub fn refuse_to_start(&self, error: BuildError) {
        self.lock().refusal = Some(error);
    }

    /// What the source says when the client asks how it is doing. One that says that it is
    /// [manual](SourceStatus::is_manual) accepts no [request](crate::GrowthBookClient::request_refresh) either.
    pub fn set_status(&self, status: SourceStatus) {
        self.lock().status = status;
    }

    /// Waits until a client has started the source, at most for the limit: for a test whose client is built in another
    /// thread. Says whether one has.
    pub fn wait_until_started(&self, limit: Duration) -> bool {
        let is_unstarted = |state: &mut State| matches!(state.stage, Stage::Unstarted);
        let changed = &self.shared.changed;
        let waited = changed.wait_timeout_while(self.lock(), limit, is_unstarted);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !matches!(state.stage, Stage::Unstarted)
    }

    /// Whether the client has closed the source, or dropped it.
    pub fn is_ended(&self) -> bool {
        matches!(self.lock().stage, Stage::Ended)
    }

    /// How often the client asked for a refresh.
    pub fn refreshes(&self) -> usize {
        self.lock().refreshes
    }

    /// How often the client asked for a refresh without waiting for it, by
    /// [`request_refresh`](crate::GrowthBookClient::request_refresh). Nothing comes of it by itself: deliver, confirm or fail.
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// How often the client closed the source. Dropping it does not count.
    pub fn closes(&self) -> usize {
        self.lock().closes
    }

    /// Where to deliver; nowhere when the source has ended. Whatever is delivered is delivered with no lock held: the
    /// client's callbacks may come back here.
    fn sink(&self) -> Option<PayloadSink> {
        match &self.lock().stage {
            Stage::Started(sink) => Some(sink.clone()),
            Stage::Ended => None,
            Stage::Unstarted => panic!("no client has started this source yet: build one first"),
        }
    }

    /// A panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        let state = &self.shared.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SourceScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("SourceScript")
            .field("stage", &state.stage)
            .field("refreshes", &state.refreshes)
            .field("requests", &state.requests)
            .field("closes", &state.closes)
            .finish_non_exhaustive()
    }
}

/// The same for all of them.
fn cache_key() -> CacheKey {
    CacheKey::new("https://scripted.invalid", &ClientKey::new("sdk-scripted"))
}
