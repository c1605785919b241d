//! Sources: what brings payloads by itself, on threads of its own.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use super::asking::{Audience, News};
use super::refresh::{Refresh, RefreshError, RefreshMode};
use super::source_status::SourceStatus;
use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::client::background::BackgroundError;
use crate::client::builder::BuildError;
use crate::client::shared::Shared;
use crate::fetch::{FeatureFetcher, FetchError};
use crate::guard::{Called, guarded};
use crate::secret::DecryptionKey;

/// Brings payloads to a client, by polling or over a stream, say. This crate starts no thread; sources do.
///
/// # Contract
///
/// * `start` returns at once, with nothing fetched, and fails on a wrong configuration only: a server that is down is no
///   reason.
/// * What it starts ends when the handle is closed or dropped. The sink holds the client weakly, so a source does not keep
///   it alive; [`PayloadSink::is_closed`] says when there is nobody to deliver to.
/// * It is called from whatever thread builds the client.
///
/// `testing::source_contract`, of the Cargo feature `testing`, checks this of an implementation and of its handle.
pub trait PayloadSource: fmt::Debug + Send + 'static {
    /// Starts to bring payloads.
    ///
    /// # Errors
    ///
    /// When it is configured in a way that cannot work.
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError>;

    /// What opens the payloads that it brings, if it knows: from the program's environment, say. The client takes it unless
    /// its builder was given a key. Called once, before `start`.
    fn decryption_key(&self) -> Option<DecryptionKey> {
        None
    }
}

/// What a client holds of the source that it started.
///
/// # Contract
///
/// * All methods may be called from any thread, several at a time, and from within what the source itself calls: a program
///   may drop the last handle to its client in a callback, which then runs on the source's own thread. So `close` must
///   not wait for the thread that it is called on.
/// * `close` can come more than once. Dropping the handle closes it, too.
pub trait SourceHandle: fmt::Debug + Send + Sync + 'static {
    /// Refreshes, and waits for the outcome. [`PayloadSink::refresh`] knows what each mode means.
    ///
    /// # Errors
    ///
    /// When there was no payload to be had, or not within the limit.
    fn refresh(&self, mode: RefreshMode, limit: Duration) -> Result<Refresh, RefreshError>;

    /// How it is doing.
    fn status(&self) -> SourceStatus;

    /// Ends everything that was started, within the limit.
    fn close(&self, limit: Duration);

    /// Whether it asks its server when evaluations find the features stale, and not by itself. Called once, when it has
    /// started.
    fn is_lazy(&self) -> bool {
        false
    }

    /// Whether it will bring payloads, so that a program that starts may
    /// [wait](crate::GrowthBookClient::wait_ready) for the first. Called once, when it has started. If not, what the program
    /// [receives](crate::GrowthBookClient::receive) in another way is told to it by
    /// [`request_refresh`](SourceHandle::request_refresh).
    fn brings_payloads(&self) -> bool {
        true
    }

    /// What the client's caches keep its payloads under, so that one that reaches the program in another way is kept there
    /// as well: see [`GrowthBookClient::receive`](crate::GrowthBookClient::receive). `None` if it does not say. Returns at
    /// once, and says the same for its whole life.
    fn cache_key(&self) -> Option<CacheKey> {
        None
    }

    /// The program heard that something has changed on the server: the source asks it soon, within seconds, as for a
    /// [forced](RefreshMode::Forced) refresh, in a thread of its own. Wishes that come before it asks are one. What the
    /// server asked of clients, to wait for a while, holds here too.
    ///
    /// Returns at once, and says whether the server will be asked: no if there is no thread to do it, or if the source is
    /// closed.
    fn request_refresh(&self) -> bool {
        false
    }

    /// An evaluation found the features stale: if the source is lazy it asks its server now, in another thread. Called
    /// once until something has come or failed. Returns at once, and waits for no lock that is held for long.
    fn revalidate(&self) {}
}

/// A client's hold on its source. Whoever lets go last drops the handle, in whatever it was doing: a panic there ends here.
#[derive(Debug)]
pub(crate) struct Source {
    handle: Option<Box<dyn SourceHandle>>,
    /// Where panics are counted.
    panics: Arc<AtomicU64>,
}

impl Source {
    pub(crate) fn new(handle: Box<dyn SourceHandle>, panics: Arc<AtomicU64>) -> Self {
        let handle = Some(handle);
        Self { handle, panics }
    }

    pub(crate) fn handle(&self) -> Option<&dyn SourceHandle> {
        self.handle.as_deref()
    }

    pub(crate) fn is_lazy(&self) -> bool {
        let ask = |handle: &dyn SourceHandle| guarded(|| handle.is_lazy());
        self.handle().and_then(ask).unwrap_or(false)
    }

    pub(crate) fn brings_payloads(&self) -> bool {
        let ask = |handle: &dyn SourceHandle| guarded(|| handle.brings_payloads());
        self.handle().and_then(ask).unwrap_or(true)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if guarded(|| drop(self.handle.take())).is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Shared {
    /// Calls the source, if there is one.
    pub(crate) fn call_source<T>(
        &self,
        doing: &'static str,
        call: impl FnOnce(&dyn SourceHandle) -> T,
    ) -> Option<Called<T>> {
        let source = self.feed.source()?;
        let handle = source.handle()?;
        Some(self.call(&self.feed, doing, || call(handle)))
    }
}

/// Where a source puts what it brings. Clones lead to the same client.
#[derive(Clone)]
pub struct PayloadSink {
    client: Weak<Shared>,
}

impl PayloadSink {
    pub(crate) fn new(client: Weak<Shared>) -> Self {
        Self { client }
    }

    /// Whether the client is gone or closed, so that there is nothing left to do.
    pub fn is_closed(&self) -> bool {
        self.client().is_none()
    }

    /// Whether the client has a key to open sealed payloads: one that its builder was given, or the source's
    /// [own](PayloadSource::decryption_key). For sources that would have no use for it.
    pub fn has_decryption_key(&self) -> bool {
        self.client()
            .is_some_and(|client| client.opening.key.is_some())
    }

    /// Whether the client has a sticky bucket service. For sources whose features would never use it.
    pub fn has_sticky_buckets(&self) -> bool {
        self.client().is_some_and(|client| client.sticky.is_some())
    }

    /// What the server calls the payload in force, to ask for a newer one only.
    pub fn validator(&self) -> Option<Validator> {
        self.client()?.feed.validator()
    }

    /// Refreshes by a fetcher, in this thread, and does all that belongs to it: it looks into the client's caches first,
    /// asks for a newer payload only, puts in force what comes and stores it in the caches. What came in force in another
    /// way since the server was asked is replaced only by what is surely newer; if nobody can tell, the server is asked once
    /// more. Failures are counted, shown in the client's status, and told to the program.
    ///
    /// One thread at a time does it. The others wait and share the answer; who asks for a [forced](RefreshMode::Forced) one
    /// shares the next.
    ///
    /// # Errors
    ///
    /// When there was no payload to be had: what is in force stays in force. Or when the client is closed.
    ///
    /// # Blocking
    ///
    /// For as long as fetcher and caches take; it also calls the program's `on_refresh` and `on_error`.
    pub fn refresh(
        &self,
        fetcher: &dyn FeatureFetcher,
        mode: RefreshMode,
    ) -> Result<Refresh, RefreshError> {
        let client = self.client().ok_or(RefreshError::Closed)?;
        client.refresh(fetcher, mode, Audience::Program)
    }

    /// For how long from now on nobody need ask for what is in force; `None` if it is stale, or there is nothing.
    pub fn fresh_for(&self) -> Option<Duration> {
        let client = self.client()?;
        client.feed.fresh_for(client.monotonic())
    }

    /// The client's [`Clock::monotonic`](crate::Clock::monotonic), by which a source plans; `None` when the client is closed.
    pub fn monotonic(&self) -> Option<Duration> {
        Some(self.client()?.monotonic())
    }

    /// The client's [`Clock::wake_at`](crate::Clock::wake_at). If it says no, whoever waits waits for the time that is left.
    pub fn wake_at(&self, at: Duration, waker: &Waker) -> bool {
        self.client().is_some_and(|client| {
            let wake = || client.clock.wake_at(at, waker);
            let called = client.call_quietly(&client.clock, "wake_at", wake);
            called.returned().unwrap_or(false)
        })
    }

    /// Starts from what the client's caches hold, if they hold something that may still be used. Says whether they did.
    ///
    /// # Blocking
    ///
    /// For as long as the caches take.
    pub fn start_from_cache(&self, key: &CacheKey) -> bool {
        let Some(client) = self.client() else {
            return false;
        };
        let mut news = News::default();
        let found = client.start_from_cache(key, &mut news).is_some();
        news.tell(&client);
        found
    }

    /// The same for a source that [refreshes](Self::refresh) next: unless what is found spares that, the refresh goes on from
    /// here, and the caches are not asked a second time before the server is. A slow cache delays it once.
    ///
    /// # Blocking
    ///
    /// For as long as the caches take.
    pub fn begin_refresh(&self, key: &CacheKey) -> bool {
        let Some(client) = self.client() else {
            return false;
        };
        let mut news = News::default();
        let found = client.begin_refresh(key, &mut news).is_some();
        news.tell(&client);
        found
    }

    /// Puts a payload in force that the server sent of its own accord, and stores it in the client's caches. One whose
    /// `dateUpdated` is before that of the payload that a server brought before is passed over, which is
    /// [`Refresh::Unchanged`], and makes nothing fresh. For answers to requests there is [`PayloadSink::refresh`]: by the
    /// time they come they may be old.
    ///
    /// # Errors
    ///
    /// When it is not a payload, or cannot be opened: what is in force stays in force. Or when the client is closed.
    ///
    /// # Blocking
    ///
    /// Compiles the payload, calls the caches and the program's `on_refresh`.
    pub fn deliver(&self, key: &CacheKey, payload: CachedPayload) -> Result<Refresh, RefreshError> {
        let client = self.client().ok_or(RefreshError::Closed)?;
        let taken = client.take_pushed(Some(key), payload, News::default());
        if let Err(error) = &taken {
            client.report(&BackgroundError::Refresh(error.clone()));
        }
        taken
    }

    /// The server still has the version that it was asked about, and calls it fresh for this long, if it says so. If another
    /// payload came into force since it was asked, that says nothing any more.
    ///
    /// # Blocking
    ///
    /// Calls the caches.
    pub fn confirm(&self, key: &CacheKey, known: &Validator, max_age: Option<Duration>) {
        if let Some(client) = self.client() {
            let mut news = News::default();
            client.confirm(key, Some(known), max_age, &mut news);
            news.tell(&client);
        }
    }

    /// An attempt failed: it is counted, shown in the client's status, and told to the program.
    pub fn fail(&self, error: FetchError) {
        if let Some(client) = self.client() {
            let error = RefreshError::Fetch(error);
            client.feed.failed(&error);
            client.report(&BackgroundError::Refresh(error));
        }
    }

    /// How many sinks lead to the client, while somebody holds it: a source that has ended holds none.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn count(&self) -> usize {
        self.client.weak_count()
    }

    fn client(&self) -> Option<Arc<Shared>> {
        self.client.upgrade().filter(|client| !client.is_closed())
    }
}

impl fmt::Debug for PayloadSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadSink")
            .field("is_closed", &self.is_closed())
            .finish()
    }
}
