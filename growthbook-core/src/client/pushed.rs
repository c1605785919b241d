//! What the program hears of its server in another way than from its source: by a webhook, say.

use std::sync::Arc;

use super::GrowthBookClient;
use super::feed::asking::News;
use super::feed::refresh::{Refresh, RefreshError, RefreshRequest};
use super::feed::source::SourceHandle;
use super::shared::Shared;
use crate::cache::{CacheKey, CachedPayload};
use crate::guard::Called;

impl GrowthBookClient {
    /// Puts a payload in force that the server sent to the program of its own accord, by a webhook, say; check first that
    /// the server did (`Webhook` of `growthbook-fetch` does both).
    ///
    /// It counts as heard from the server just now: it is stored in the caches, under the key of the source or of the
    /// fetcher, and [`Status::origin`](crate::Status::origin) is [`Origin::Fetched`](crate::Origin::Fetched). One whose
    /// `dateUpdated` is before that of the payload that a server brought before is passed over, which is
    /// [`Refresh::Unchanged`], and makes nothing fresh. What the program makes or ships itself goes by
    /// [`load`](GrowthBookClient::load) instead, which asks for no date and stores nothing.
    ///
    /// A source that brings no payloads hears that something has changed, as by
    /// [`request_refresh`](GrowthBookClient::request_refresh): a remote evaluation flushes what it keeps.
    ///
    /// # Errors
    ///
    /// When the bytes are not a payload, or cannot be opened: what is in force stays in force, and the failure is counted
    /// and shown in the client's status. Or when the client is closed.
    ///
    /// # Blocking
    ///
    /// Compiles the payload in the calling thread, calls the caches and the program's `on_refresh`. No server is asked.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, Refresh};
    ///
    /// let client = GrowthBookClient::builder().build()?;
    /// let newer = br#"{"features": {"f": {"defaultValue": 2}}, "dateUpdated": "2026-01-02T00:00:00.000Z"}"#;
    /// let older = br#"{"features": {"f": {"defaultValue": 1}}, "dateUpdated": "2026-01-01T00:00:00.000Z"}"#;
    /// assert_eq!(client.receive(*newer)?, Refresh::Updated);
    /// assert_eq!(client.receive(*older)?, Refresh::Unchanged);
    /// assert!(client.receive(*b"<html>").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive(&self, payload: impl Into<Arc<[u8]>>) -> Result<Refresh, RefreshError> {
        let shared = &*self.shared;
        if shared.is_closed() {
            return Err(RefreshError::Closed);
        }
        let mut news = News::default();
        let key = shared.cache_key(&mut news);
        let taken = shared.take_pushed(key.as_ref(), CachedPayload::new(payload), news);
        if taken.is_ok() && shared.feed.is_barren() {
            let request = SourceHandle::request_refresh;
            shared.call_source("payload source's request", request);
        }
        taken
    }

    /// Asks for a refresh and does not wait for it: for a program that hears of a change where it must not wait, in an async
    /// handler, say. The source asks its server within seconds, as for [`force_refresh`](GrowthBookClient::force_refresh);
    /// wishes that come before it does are one.
    ///
    /// A client without a thread to do so says [`RefreshRequest::Manual`]: then the program calls `force_refresh` on a thread
    /// of its own.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{GrowthBookClient, RefreshRequest, StaticFetcher};
    ///
    /// let fetcher = StaticFetcher::new(*br#"{"features": {}}"#);
    /// let client = GrowthBookClient::builder().fetcher(fetcher).build()?;
    /// if client.request_refresh() == RefreshRequest::Manual {
    ///     let client = client.clone();
    ///     std::thread::spawn(move || client.force_refresh());
    /// }
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    pub fn request_refresh(&self) -> RefreshRequest {
        let shared = &*self.shared;
        if shared.is_closed() {
            return RefreshRequest::Closed;
        }
        let request = SourceHandle::request_refresh;
        match shared.call_source("payload source's request", request) {
            Some(Called::Returned(true)) => RefreshRequest::Accepted,
            Some(_) => RefreshRequest::Manual,
            None if shared.feed.fetcher.is_some() => RefreshRequest::Manual,
            None => RefreshRequest::NoSource,
        }
    }
}

impl Shared {
    /// Puts in force what a server sent of its own accord.
    pub(crate) fn take_pushed(
        &self,
        key: Option<&CacheKey>,
        payload: CachedPayload,
        mut news: News,
    ) -> Result<Refresh, RefreshError> {
        let taken = self.take(key, payload, None, &mut news);
        if let Err(error) = &taken {
            self.feed.failed(error);
        }
        news.tell(self);
        taken.map(|refresh| refresh.unwrap_or(Refresh::Unchanged))
    }

    /// What the client's payloads are kept under: the source says so, or else the fetcher.
    fn cache_key(&self, news: &mut News) -> Option<CacheKey> {
        if self.feed.caches.is_empty() {
            return None;
        }
        let of_source = self.call_source("payload source's key", SourceHandle::cache_key);
        if let Some(key) = of_source {
            return key.returned().flatten();
        }
        let fetcher = self.feed.fetcher.as_deref()?;
        self.call_fetcher(news, || fetcher.cache_key()).ok()
    }
}
