//! The stream that says when everything that is kept is outdated.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use growthbook_core::{
    BuildError, PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode, SourceHandle,
    SourceStatus,
};

use super::LONGEST_END;
use super::desk::Desk;
use crate::config::ConfigError;
use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::source::board::{Board, Stream};
use crate::source::crew::Crew;
use crate::source::mailbox::Mailbox;
use crate::source::streamer::{Listener, Streaming};
use crate::source::unusable;

/// A client's source that brings no features, but listens to the server's stream of changes and flushes what a
/// [`RemoteEvaluation`](crate::RemoteEvaluation) keeps when something has changed, also while it was not listening.
///
/// The stream is opened as soon as an answer of the server has said that there is one, and opened again whenever it ends.
/// [`force_refresh`](growthbook_core::GrowthBookClient::force_refresh) of the client flushes, too, which is
/// [`Refresh::Updated`]; nothing is asked for until somebody wants a scope.
///
/// The client cannot be built with a decryption key or a sticky bucket service: what a server has evaluated has no use for
/// them.
#[derive(Debug)]
#[must_use = "a source does nothing until a client is built with it"]
pub struct RemoteSource {
    desk: Arc<Desk>,
    streams: Arc<Streams>,
    endpoint: Endpoint,
    is_unconditional: bool,
}

impl RemoteSource {
    pub(super) fn new(desk: Arc<Desk>, streams: Arc<Streams>, endpoint: Endpoint) -> Self {
        Self {
            desk,
            streams,
            endpoint,
            is_unconditional: false,
        }
    }

    /// Opens the stream at once, though no answer of the server has said that there is one. For servers that do not say so.
    pub fn stream_without_probe(mut self) -> Self {
        self.is_unconditional = true;
        self
    }
}

impl PayloadSource for RemoteSource {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        if sink.has_decryption_key() {
            return Err(unusable(ConfigError::DecryptionKey));
        }
        if sink.has_sticky_buckets() {
            return Err(unusable(ConfigError::StickyBuckets));
        }
        let (board, own) = (Arc::<Board>::default(), Mailbox::new());
        let streaming = Streaming {
            // Of its own, since the client may end before the evaluation does.
            connection: Arc::new(self.endpoint.connect().map_err(unusable)?),
            crew: Arc::default(),
            own: Arc::clone(&own),
            most_event_bytes: self.endpoint.max_body_bytes,
            is_unconditional: self.is_unconditional,
        };
        board.stream(Stream::Connecting);
        let opening = Arc::new(Opening::default());
        let handle = Handle {
            connection: Arc::clone(&streaming.connection),
            crew: Arc::clone(&streaming.crew),
            desk: Arc::clone(&self.desk),
            sink: sink.clone(),
            board: Arc::clone(&board),
            opening: Arc::clone(&opening),
            own,
        };
        let flusher = Box::new(Flusher(Arc::clone(&self.desk)));
        opening.is_to(move || {
            if let Err(error) = streaming.start(&sink, flusher, &board) {
                log::error!(target: crate::LOG, "no thread for the stream, so answers are kept for their time: {}", error.kind());
                board.stream(Stream::Disabled);
            }
        });
        self.streams.add(&opening);
        if self.is_unconditional || self.desk.connection().offers_streaming() == Some(true) {
            opening.open();
        }
        Ok(Box::new(handle))
    }
}

/// Streams that are to be opened once the server says that it has them.
#[derive(Default)]
pub(super) struct Streams(Mutex<Vec<Weak<Opening>>>);

impl Streams {
    fn add(&self, opening: &Arc<Opening>) {
        let mut waiting = self.lock();
        waiting.retain(|it| it.strong_count() > 0);
        waiting.push(Arc::downgrade(opening));
    }

    /// Opens them, if an answer has said that the server has them.
    pub(super) fn open_if_offered(&self, desk: &Desk) {
        if desk.connection().offers_streaming() != Some(true) {
            return;
        }
        for opening in self.take().iter().filter_map(Weak::upgrade) {
            opening.open();
        }
    }

    fn take(&self) -> Vec<Weak<Opening>> {
        std::mem::take(&mut *self.lock())
    }

    /// A list is put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Opening>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// What opens a stream, once.
#[derive(Default)]
struct Opening(Mutex<Option<Open>>);

type Open = Box<dyn FnOnce() + Send>;

impl Opening {
    fn is_to(&self, open: impl FnOnce() + Send + 'static) {
        *self.lock() = Some(Box::new(open));
    }

    fn open(&self) {
        if let Some(open) = self.take() {
            open();
        }
    }

    fn take(&self) -> Option<Open> {
        self.lock().take()
    }

    fn is_done(&self) -> bool {
        self.lock().is_none()
    }

    /// It is put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What hears of changes.
struct Flusher(Arc<Desk>);

impl Listener for Flusher {
    fn opened(&self, seamless: bool) {
        if !seamless {
            self.0.flush();
        }
    }

    /// What is kept is served for as long as it would be without a stream.
    fn closed(&self) {}

    fn changed(&self) {
        self.0.flush();
    }

    fn payload(&self, _: String) -> bool {
        self.0.flush();
        true
    }
}

struct Handle {
    connection: Arc<Connection>,
    crew: Arc<Crew>,
    desk: Arc<Desk>,
    sink: PayloadSink,
    board: Arc<Board>,
    opening: Arc<Opening>,
    own: Arc<Mailbox<Infallible>>,
}

impl Handle {
    /// Tells all that it is over. Nothing is waited for.
    fn end(&self) {
        self.own.close();
        drop(self.opening.take());
        self.connection.close();
    }
}

impl SourceHandle for Handle {
    fn refresh(&self, mode: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        if self.own.is_closed() {
            return Err(RefreshError::Closed);
        }
        if mode != RefreshMode::Forced {
            return Ok(Refresh::Fresh);
        }
        self.desk.flush();
        Ok(Refresh::Updated)
    }

    fn status(&self) -> SourceStatus {
        if !self.opening.is_done() && self.desk.connection().offers_streaming() == Some(false) {
            self.board.stream(Stream::Unsupported);
        }
        self.board.status(self.sink.monotonic())
    }

    fn close(&self, limit: Duration) {
        self.end();
        if !self.crew.wait(limit.min(LONGEST_END)) {
            log::debug!(target: crate::LOG, "a thread is still in the middle of connecting, and ends when that has ended");
        }
    }

    fn brings_payloads(&self) -> bool {
        false
    }

    /// There is nothing to ask for: whoever is next finds the answers outdated.
    fn request_refresh(&self) -> bool {
        let is_open = !self.own.is_closed();
        if is_open {
            self.desk.flush();
        }
        is_open
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("desk", &self.desk)
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}
