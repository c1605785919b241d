//! The thread that listens to the stream, and opens it again whenever it ends.

use std::convert::Infallible;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{FetchError, PayloadSink};

use super::board::{Board, Stream};
use super::crew::{Crew, guarded};
use super::herald::{self, Herald};
use super::mailbox::{Mail, Mailbox, Waiter};
use crate::connection::{self, Connection, Refused};
use crate::sse::{Ended, Event, Next, Parser, Reconnect};

/// Who is told of what comes over a stream.
pub(crate) trait Listener: Send + 'static {
    /// The stream is open. What it has told since the one before ended may have been missed, unless the change was
    /// `seamless`: that one was ended in good order, a moment ago, and the server goes on where it stopped.
    fn opened(&self, seamless: bool);

    /// The stream has ended.
    fn closed(&self);

    /// Something has changed on the server.
    fn changed(&self);

    /// These are the features now. Says whether they could be used.
    fn payload(&self, payload: String) -> bool;
}

/// What it takes to stream.
#[derive(Debug)]
pub(crate) struct Streaming {
    pub(crate) connection: Arc<Connection>,
    pub(crate) crew: Arc<Crew>,
    pub(crate) own: Arc<Mailbox<Infallible>>,
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
        listener: Box<dyn Listener>,
        board: &Arc<Board>,
    ) -> io::Result<()> {
        let crew = Arc::clone(&self.crew);
        let streamer = Streamer {
            waiter: Waiter::new(Arc::clone(&self.own), sink.clone()),
            sink: sink.clone(),
            listener,
            rotated_at: None,
            board: Arc::clone(board),
            parser: Parser::new(self.most_event_bytes),
            reconnect: Reconnect::new(),
            random: fastrand::Rng::new(),
            bad_in_a_row: 0,
            herald: Herald::default(),
            streaming: self,
        };
        crew.start("gb-sse", || streamer.run())
    }
}

struct Streamer {
    streaming: Streaming,
    waiter: Waiter<Infallible>,
    sink: PayloadSink,
    listener: Box<dyn Listener>,
    /// When the server ended the stream before in good order, if it did.
    rotated_at: Option<Duration>,
    board: Arc<Board>,
    parser: Parser,
    reconnect: Reconnect,
    random: fastrand::Rng,
    /// Payloads that could not be used, since the last one that could.
    bad_in_a_row: u32,
    herald: Herald,
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
                self.listener.closed();
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
                herald::given_up();
                self.board.stream(Stream::Unsupported);
                return;
            };
            let Some(now) = self.sink.monotonic() else {
                return;
            };
            let until = now.saturating_add(pause);
            self.rotated_at = ended.is_rotation().then_some(now);
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
        self.herald.opened();
        self.board.stream(Stream::Open);
        let since = self.rotated_at.take();
        let gap = since.map(|at| opened_at.saturating_sub(at));
        self.listener.opened(gap.is_some_and(|gap| gap <= SEAM));
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
        self.listener.closed();
        match failure {
            None => {
                herald::ended();
                Ended::Closed { open_for }
            }
            Some(error) => {
                self.failed(error, open_for);
                Ended::Failed { open_for }
            }
        }
    }

    /// Takes what came. Of several payloads that came at once, the last one counts.
    fn hear(&mut self, mut bytes: &[u8]) -> Result<(), FetchError> {
        let mut payload = None;
        while let Some(event) = self.parser.next_event(&mut bytes) {
            if let Event::Message { event_type, data } = &event {
                herald::heard(event_type, data.len());
            }
            match event {
                Event::Message { event_type, data } if event_type == "features" => {
                    payload = Some(data);
                }
                Event::Message { event_type, .. } if event_type == "features-updated" => {
                    self.listener.changed();
                }
                Event::Message { .. } => {}
                Event::TooLong => {
                    log::warn!(target: crate::LOG, "an event of the stream is too long, so the features are fetched");
                    self.listener.changed();
                }
            }
        }
        let Some(payload) = payload else {
            return Ok(());
        };
        if self.listener.payload(payload) {
            self.bad_in_a_row = 0;
            return Ok(());
        }
        // What is in force stays; the server may have better over the other way.
        self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
        self.listener.changed();
        if self.bad_in_a_row >= MOST_BAD_IN_A_ROW {
            self.bad_in_a_row = 0;
            return Err(connection::unusable());
        }
        Ok(())
    }

    fn refused(&mut self, refused: Refused) -> Ended {
        let ended = ended(&refused);
        self.failed(refused.into_error(), Duration::ZERO);
        ended
    }

    fn failed(&mut self, error: FetchError, open_for: Duration) {
        if !self.streaming.own.is_closed() {
            self.herald.failed(&error, open_for);
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

/// How long it may take to open a stream anew without anything being missed: the server sends its last event again.
const SEAM: Duration = Duration::from_secs(2);

/// Then the stream is given up and opened again, as after any failure.
const MOST_BAD_IN_A_ROW: u32 = 3;
