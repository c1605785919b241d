//! What a client holds of a source.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use growthbook_core::{
    CacheKey, FeatureFetcher, PayloadSink, Refresh, RefreshError, RefreshMode, SourceHandle,
    SourceStatus,
};

use super::board::Board;
use super::crew::Crew;
use super::mailbox::Mailbox;
use super::worker::{Letter, Wish};
use crate::fetcher::HttpFetcher;

#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) fetcher: HttpFetcher,
    pub(crate) sink: PayloadSink,
    pub(crate) board: Arc<Board>,
    pub(crate) crew: Arc<Crew>,
    pub(crate) worker: Arc<Mailbox<Letter>>,
    pub(crate) streamer: Arc<Mailbox<Infallible>>,
    pub(crate) is_lazy: bool,
    /// There is no thread: whoever wants a refresh makes it.
    pub(crate) is_manual: bool,
}

impl Handle {
    /// Tells all that it is over. Nothing is waited for.
    fn end(&self) {
        self.worker.close();
        self.streamer.close();
        self.fetcher.connection().close();
    }

    /// Refreshes in the calling thread.
    fn refresh_here(&self, mode: RefreshMode) -> Result<Refresh, RefreshError> {
        let now = self.sink.monotonic().ok_or(RefreshError::Closed)?;
        let last_attempt = self.board.asking(now);
        let answer = self.sink.refresh(&self.fetcher, mode);
        match &answer {
            Ok(Refresh::Fresh | Refresh::FromCache) => self.board.spared(last_attempt),
            answer => self.board.asked(answer.is_err()),
        }
        answer
    }
}

impl SourceHandle for Handle {
    fn refresh(&self, mode: RefreshMode, limit: Duration) -> Result<Refresh, RefreshError> {
        if self.worker.is_closed() {
            return Err(RefreshError::Closed);
        }
        if self.is_manual {
            return self.refresh_here(mode);
        }
        if self.crew.is_member() {
            // A callback asks, and the thread that would answer waits for it.
            return Err(RefreshError::InProgress);
        }
        let (answer, answered) = sync_channel(1);
        let wish = Letter::Refresh(Wish { mode, answer });
        if !self.worker.post(wish) {
            return Err(RefreshError::Closed);
        }
        match answered.recv_timeout(limit) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(RefreshError::TimedOut),
            // The client is closed before its source is.
            Err(RecvTimeoutError::Disconnected)
                if self.worker.is_closed() || self.sink.is_closed() =>
            {
                Err(RefreshError::Closed)
            }
            Err(RecvTimeoutError::Disconnected) => Err(RefreshError::Panicked),
        }
    }

    fn cache_key(&self) -> Option<CacheKey> {
        Some(self.fetcher.cache_key())
    }

    fn request_refresh(&self) -> bool {
        !self.is_manual && self.worker.post_change()
    }

    fn status(&self) -> SourceStatus {
        self.board.status(self.sink.monotonic())
    }

    fn close(&self, limit: Duration) {
        self.end();
        // What does not hear by then, in the middle of a connection being made, ends by itself and touches nothing.
        if !self.crew.wait(limit.min(LONGEST_END)) {
            log::debug!(target: crate::LOG, "a thread is still in the middle of connecting, and ends when that has ended");
        }
    }

    fn is_lazy(&self) -> bool {
        self.is_lazy
    }

    fn revalidate(&self) {
        self.worker.post(Letter::Nudge);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

/// How long closing waits for threads.
const LONGEST_END: Duration = Duration::from_secs(1);
