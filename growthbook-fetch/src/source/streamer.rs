//! The thread that listens to the stream, and opens it again whenever it ends.

use std::convert::Infallible;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{CacheKey, CachedPayload, FetchError, PayloadSink, RefreshError};

use super::board::{Board, Stream};
use super::crew::{Crew, guarded};
use super::mailbox::{Mail, Mailbox, Waiter};
use super::worker::Letter;
use crate::connection::{self, Connection, Refused};
use crate::sse::{Ended, Event, Next, Parser, Reconnect};

/// What it takes to stream.
#[derive(Debug)]
pub(crate) struct Streaming {
    pub(crate) connection: Arc<Connection>,
    pub(crate) crew: Arc<Crew>,
    pub(crate) own: Arc<Mailbox<Infallible>>,
    pub(crate) key: CacheKey,
    pub(crate) most_event_bytes: usize,
    /// Not only if the server says that there is a stream.
    pub(crate) is_unconditional: bool,
}

impl Streaming {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(crate) fn start(
        self,
        sink: &PayloadSink,
        worker: &Arc<Mailbox<Letter>>,
        board: &Arc<Board>,
    ) -> io::Result<()> {
        let crew = Arc::clone(&self.crew);
        let streamer = Streamer {
            waiter: Waiter::new(Arc::clone(&self.own), sink.clone()),
            sink: sink.clone(),
            worker: Arc::clone(worker),
            board: Arc::clone(board),
            parser: Parser::new(self.most_event_bytes),
            reconnect: Reconnect::new(),
            random: fastrand::Rng::new(),
            bad_in_a_row: 0,
            streaming: self,
        };
        crew.start("gb-sse", || streamer.run())
    }
}

struct Streamer {
    streaming: Streaming,
    waiter: Waiter<Infallible>,
    sink: PayloadSink,
    worker: Arc<Mailbox<Letter>>,
    board: Arc<Board>,
    parser: Parser,
    reconnect: Reconnect,
    random: fastrand::Rng,
    /// Payloads that could not be used, since the last one that could.
    bad_in_a_row: u32,
}

impl Streamer {
    fn run(mut self) {
        let mut at = None;
        loop {
            if matches!(self.waiter.wait(at.or(Some(Duration::ZERO))), Mail::Closed) {
                return;
            }
            let ended = guarded(|| self.listen()).unwrap_or_else(|| {
                log::error!(target: crate::LOG, "a defect ended the stream; it is opened again");
                // It may have been open: polling takes its place meanwhile.
                self.worker.post(Letter::StreamClosed);
                Ended::Failed {
                    open_for: Duration::ZERO,
                }
            });
            if self.streaming.own.is_closed() {
                return;
            }
            if let Some(retry) = self.parser.retry() {
                self.reconnect.set_retry(retry);
            }
            let Next::After(pause) = self.reconnect.next(&ended, self.random.f64()) else {
                log::info!(target: crate::LOG, "the server has no stream, so features are polled");
                self.board.stream(Stream::Unsupported);
                return;
            };
            let Some(now) = self.sink.monotonic() else {
                return;
            };
            let until = now.saturating_add(pause);
            self.board.stream(Stream::Waiting { until });
            at = Some(until);
        }
    }

    /// Opens the stream and listens until it ends.
    fn listen(&mut self) -> Ended {
        self.board.stream(Stream::Connecting);
        self.parser.restart();
        let opened = self
            .streaming
            .connection
            .open_stream(Some(self.parser.last_event_id()));
        let mut body = match opened {
            Ok(opened) => opened.body,
            Err(refused) => return self.refused(refused),
        };
        let opened_at = self.sink.monotonic().unwrap_or_default();
        self.board.stream(Stream::Open);
        self.worker.post(Letter::StreamOpened);
        log::debug!(target: crate::LOG, "stream open");
        let mut buffer = vec![0; BUFFER_BYTES];
        let failure = loop {
            match body.read(&mut buffer) {
                Ok(0) => break None,
                Ok(length) => {
                    if let Err(error) = self.hear(buffer.get(..length).unwrap_or_default()) {
                        break Some(error);
                    }
                }
                Err(error) => break Some(connection::broken(error)),
            }
        };
        let open_for = self
            .sink
            .monotonic()
            .unwrap_or_default()
            .saturating_sub(opened_at);
        self.worker.post(Letter::StreamClosed);
        match failure {
            None => {
                log::debug!(target: crate::LOG, "stream ended by the server");
                Ended::Closed { open_for }
            }
            Some(error) => {
                self.failed(error);
                Ended::Failed { open_for }
            }
        }
    }

    /// Takes what came. Of several payloads that came at once, the last one counts.
    fn hear(&mut self, mut bytes: &[u8]) -> Result<(), FetchError> {
        let mut payload = None;
        while let Some(event) = self.parser.next_event(&mut bytes) {
            match event {
                Event::Message { event_type, data } if event_type == "features" => {
                    payload = Some(data);
                }
                Event::Message { event_type, .. } if event_type == "features-updated" => {
                    self.ask_again();
                }
                Event::Message { .. } => {}
                Event::TooLong => {
                    log::warn!(target: crate::LOG, "an event of the stream is too long, so the features are fetched");
                    self.ask_again();
                }
            }
        }
        let Some(payload) = payload else {
            return Ok(());
        };
        let payload = CachedPayload::new(payload.into_bytes());
        match self.sink.deliver(&self.streaming.key, payload) {
            Ok(_) => self.bad_in_a_row = 0,
            Err(RefreshError::Closed) => {}
            Err(_) => {
                // What is in force stays; the server may have better over the other way.
                self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
                self.ask_again();
                if self.bad_in_a_row >= MOST_BAD_IN_A_ROW {
                    self.bad_in_a_row = 0;
                    return Err(connection::unusable());
                }
            }
        }
        Ok(())
    }

    fn ask_again(&self) {
        self.worker.post_change();
    }

    fn refused(&self, refused: Refused) -> Ended {
        let ended = ended(&refused);
        self.failed(refused.into_error());
        ended
    }

    fn failed(&self, error: FetchError) {
        if !self.streaming.own.is_closed() {
            log::debug!(target: crate::LOG, "stream broken or refused: {error}");
            self.board.stream_failed(error);
        }
    }
}

/// What a refusal means for the next attempt.
fn ended(refused: &Refused) -> Ended {
    match refused {
        Refused::Status { status: 204, .. } => Ended::NoContent,
        Refused::Status {
            retry_after: Some(least),
            ..
        } => Ended::RetryAfter(*least),
        // Somebody has to act first: it redirects elsewhere, or nobody vouches for it.
        Refused::Unreachable(error) if !error.is_transient() => Ended::Refused,
        Refused::Status {
            status: 408 | 425 | 429 | 500..,
            ..
        }
        | Refused::Closed
        | Refused::Unreachable(_) => Ended::Failed {
            open_for: Duration::ZERO,
        },
        Refused::NotAnEventStream | Refused::Status { .. } => Ended::Refused,
    }
}

const BUFFER_BYTES: usize = 64 << 10;

/// Then the stream is given up and opened again, as after any failure.
const MOST_BAD_IN_A_ROW: u32 = 3;
