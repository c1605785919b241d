//! What keeps a client fresh.
//!
//! * `plan` decides when to ask, without doing anything.
//! * `worker` is the thread that asks, `streamer` the one that listens to the stream; the second tells the first of what it
//!   hears.
//! * `mailbox` is how they are told of things and wait by the client's clock, `crew` how their end is waited for, `board`
//!   where they say how they are doing. `handle` is the client's end of it.

pub(crate) mod board;
pub(crate) mod crew;
mod handle;
mod herald;
pub(crate) mod mailbox;
mod plan;
pub(crate) mod streamer;
mod worker;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{
    BackendError, BuildError, DecryptionKey, PayloadSink, PayloadSource, SourceHandle,
};

use self::board::{Board, Stream};
use self::crew::Crew;
use self::handle::Handle;
use self::mailbox::{Mailbox, Waiter};
use self::plan::{Plan, Strategy};
use self::streamer::Streaming;
use self::worker::Worker;
use crate::config::ConfigError;
use crate::endpoint::Endpoint;
use crate::environment::Environment;
use crate::fetcher::HttpFetcher;

/// Keeps a client's features fresh over HTTP, on threads of its own: by default it asks every minute.
///
/// Evaluation never waits for it. Whatever the server does, what is in force stays in force until something better has come;
/// [`GrowthBookClient::status`](growthbook_core::GrowthBookClient::status) says how the source is doing. It tries again for
/// as long as the client lives: after failures that pass by themselves within a minute at most, after those that
/// somebody must mend (a wrong key, say) about every five minutes, and never before the time that the server asks for, up
/// to ten minutes.
///
/// The decryption key is taken from the environment variable `GROWTHBOOK_DECRYPTION_KEY`, which is read when the client is
/// built, unless the client's builder is given one.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
///
/// use growthbook_core::GrowthBookClient;
/// use growthbook_fetch::HttpSource;
///
/// let client = GrowthBookClient::builder()
///     .source(HttpSource::new("sdk-abc123").streaming())
///     .build()?;
/// client.wait_ready(Duration::from_secs(5));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a source does nothing until a client is built with it"]
pub struct HttpSource {
    endpoint: Endpoint,
    strategy: Wanted,
    fallback_interval: Option<Duration>,
    safety_interval: Option<Duration>,
    is_unconditional: bool,
    /// What the environment says instead of the minute.
    default_interval: Option<Duration>,
    uses_environment: bool,
    spawn: Spawn,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Lazy,
    Manual,
    Polling(Option<Duration>),
    Streaming,
}

type Spawn = fn(&Arc<Crew>, Worker) -> io::Result<()>;

impl HttpSource {
    /// A source for this endpoint, or with a client key alone, for the hosted GrowthBook. It polls every minute.
    pub fn new(endpoint: impl Into<Endpoint>) -> Self {
        Self {
            endpoint: endpoint.into(),
            strategy: Wanted::Polling(None),
            fallback_interval: None,
            safety_interval: Some(SAFETY_INTERVAL),
            is_unconditional: false,
            default_interval: None,
            uses_environment: true,
            spawn: spawn_worker,
        }
    }

    /// A source for the endpoint that the environment names: see [`Endpoint::from_env`]. How often it polls, if the program
    /// does not say, is in `GB_UPDATE_INTERVAL`, in whole seconds.
    pub fn from_env() -> Self {
        let environment = Environment::read();
        let mut source = Self::new(Endpoint::from_environment(&environment));
        source.default_interval = environment.poll_interval();
        source
    }

    /// Hears of changes over a stream as they are made, if the server says that it has one. Until it does, and while the
    /// stream is broken, it polls.
    ///
    /// The stream is opened again whenever it ends, and then the server is asked for what may have been missed. GrowthBook's
    /// proxy ends each stream after a minute, which is routine.
    pub fn streaming(mut self) -> Self {
        self.strategy = Wanted::Streaming;
        self
    }

    /// Asks the server this often, give or take a tenth. At least a second; less than a minute puts load on the server that
    /// hardly anybody needs, which the log says.
    pub fn polling(mut self, interval: Duration) -> Self {
        self.strategy = Wanted::Polling(Some(interval));
        self
    }

    /// Asks the server when somebody evaluates with features that have become stale, and goes on with those until the answer
    /// is there. A program that does nothing causes no requests.
    ///
    /// When features are stale, the client's [`Freshness`](growthbook_core::Freshness) says. The first ones are fetched
    /// without a question.
    pub fn lazy(mut self) -> Self {
        self.strategy = Wanted::Lazy;
        self
    }

    /// Asks the server when the program calls [`refresh`](growthbook_core::GrowthBookClient::refresh), in the calling thread,
    /// and at no other time. There is no thread.
    pub fn manual(mut self) -> Self {
        self.strategy = Wanted::Manual;
        self
    }

    /// With [`streaming`](Self::streaming): how often to poll while there is no stream. A minute unless set.
    pub fn fallback_interval(mut self, interval: Duration) -> Self {
        self.fallback_interval = Some(interval);
        self
    }

    /// With [`streaming`](Self::streaming): how often to ask while the stream is open, in case that it is not told everything.
    /// Ten minutes unless set, and never if it is zero.
    pub fn safety_interval(mut self, interval: Duration) -> Self {
        self.safety_interval = (!interval.is_zero()).then_some(interval);
        self
    }

    /// With [`streaming`](Self::streaming): opens the stream at once, though no answer of the server has said that there is
    /// one. For servers that do not say so.
    pub fn stream_without_probe(mut self) -> Self {
        self.is_unconditional = true;
        self
    }

    /// Does not look for a decryption key in the environment.
    pub fn ignore_environment(mut self) -> Self {
        self.uses_environment = false;
        self
    }

    fn plan(&self) -> Result<Strategy, ConfigError> {
        let default = || self.default_interval.unwrap_or(POLL_INTERVAL);
        Ok(match self.strategy {
            Wanted::Lazy => Strategy::Lazy,
            Wanted::Manual => Strategy::Manual,
            Wanted::Polling(interval) => Strategy::Polling {
                interval: checked(interval.unwrap_or_else(default))?,
            },
            Wanted::Streaming => Strategy::Streaming {
                fallback: checked(self.fallback_interval.unwrap_or_else(default))?,
                safety: self.safety_interval.map(checked).transpose()?,
            },
        })
    }
}

impl PayloadSource for HttpSource {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let strategy = self.plan().map_err(unusable)?;
        let most_event_bytes = self.endpoint.max_body_bytes;
        let fetcher = HttpFetcher::new(self.endpoint).map_err(unusable)?;
        let (board, crew) = (Arc::<Board>::default(), Arc::<Crew>::default());
        let (worker, streamer) = (Mailbox::new(), Mailbox::new());
        let is_streaming = matches!(strategy, Strategy::Streaming { .. });
        let streaming = is_streaming.then(|| Streaming {
            connection: Arc::clone(fetcher.connection()),
            crew: Arc::clone(&crew),
            own: Arc::clone(&streamer),
            most_event_bytes,
            is_unconditional: self.is_unconditional,
        });
        if is_streaming {
            fetcher.connection().want_probe();
            board.stream(Stream::Connecting);
        }
        let mut is_manual = strategy == Strategy::Manual;
        if !is_manual {
            let work = Worker {
                fetcher: fetcher.clone(),
                sink: sink.clone(),
                mailbox: Arc::clone(&worker),
                board: Arc::clone(&board),
                plan: Plan::new(strategy, Duration::ZERO, None, 0.0),
                strategy,
                streaming,
                random: fastrand::Rng::new(),
                waiter: Waiter::new(Arc::clone(&worker), sink.clone()),
            };
            if let Err(error) = (self.spawn)(&crew, work) {
                log::error!(target: crate::LOG, "no thread to refresh in, so features come when the program refreshes: {}", error.kind());
                board.stream(Stream::Disabled);
                is_manual = true;
            }
        }
        if is_manual {
            board.manual();
        }
        Ok(Box::new(Handle {
            fetcher,
            sink,
            board,
            crew,
            worker,
            streamer,
            is_lazy: strategy == Strategy::Lazy,
            is_manual,
        }))
    }

    fn decryption_key(&self) -> Option<DecryptionKey> {
        self.uses_environment
            .then(|| Environment::read().decryption_key())
            .flatten()
    }
}

fn spawn_worker(crew: &Arc<Crew>, worker: Worker) -> io::Result<()> {
    crew.start("gb-refresh", || worker.run())
}

fn checked(interval: Duration) -> Result<Duration, ConfigError> {
    if !(SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&interval) {
        return Err(ConfigError::InvalidInterval);
    }
    if interval < POLL_INTERVAL {
        log::warn!(target: crate::LOG, "an interval of less than a minute puts load on the server");
    }
    Ok(interval)
}

pub(crate) fn unusable(error: ConfigError) -> BuildError {
    BuildError::Source(BackendError::new("the http source", "be configured", error))
}

const POLL_INTERVAL: Duration = Duration::from_secs(60);
const SAFETY_INTERVAL: Duration = Duration::from_secs(10 * 60);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(366 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
