//! Features that a server evaluates, one user at a time.
//!
//! * `inputs` says what the server is told of a user, and what its answer is kept under.
//! * `answers` keeps answers and says how each may be used; it knows no clock. `flight` is a question that is under way.
//! * `health` says when the server is asked, and when it is left alone.
//! * `desk` brings them together: it serves what is kept and asks for what is not, each question once. `background` is the
//!   thread that asks anew for what is stale, `source` the stream that says when all of it is.

mod answers;
mod background;
mod builder;
mod desk;
mod error;
mod flight;
mod health;
mod inputs;
mod source;
mod stats;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{
    BackendError, BackgroundError, GrowthBookClient, Ruleset, UserContext, UserScope,
};

use self::background::{Background, Letter};
pub use self::builder::RemoteEvaluationBuilder;
use self::desk::{Desk, Service};
pub use self::error::RemoteEvaluationError;
use self::inputs::{Inputs, Key};
pub use self::source::RemoteSource;
use self::source::Streams;
pub use self::stats::RemoteEvaluationStats;
use crate::config::ConfigError;
use crate::endpoint::Endpoint;

/// Has features evaluated by a server, so that their rules never reach this process: GrowthBook's proxy does it for SDK
/// connections with remote evaluation. The hosted GrowthBook does not.
///
/// A [`scope`](Self::scope) of it has, instead of the client's features, those that the server worked out for one user.
/// What reports exposures, remembers them and evaluates is the client, as ever; only what it evaluates with is another
/// thing. The exposures of what the server evaluated are reported when the feature is asked for here.
///
/// Answers are kept in memory, each for one user: for what the server was told of them. They are served for a minute unless
/// the [builder](Self::builder) says otherwise. Nothing is written anywhere, and of what an answer is kept under only a
/// digest is held.
///
/// Nothing here fails: if the server does not answer, a scope has the last answer to the same question, up to four hours
/// old, and if there is none, no features at all, so that fallbacks are served. The client's `on_error` is told, once for
/// each question to the server that failed, and [`stats`](Self::stats) count.
///
/// Clones share everything. With the last of them what is under way ends, within a second.
///
/// # Blocking
///
/// Making a scope waits for the server if there is no answer that may be served: as long as the endpoint's
/// [timeout](Endpoint::timeout), which is better short here. After three failures in a row of the server, such as
/// timeouts, nobody waits for a second or less; then one asks, the others do not wait for that, and if it fails as well
/// the pause doubles, up to 30 seconds. The scope itself evaluates without waiting. In an async program,
/// make it on a thread for blocking work, or [`preload`](Self::preload) there.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
///
/// use growthbook_core::{Attributes, GrowthBookClient, UserContext};
/// use growthbook_fetch::{Endpoint, RemoteEvaluation};
///
/// let endpoint = Endpoint::new("sdk-abc123")
///     .api_host("https://growthbook-proxy.example.com")
///     .timeout(Duration::from_secs(1));
/// let remote = RemoteEvaluation::new(endpoint)?;
/// // The source is a stream of changes, which flush what is kept.
/// let client = GrowthBookClient::builder().source(remote.source()).build()?;
///
/// let user = UserContext::new(Attributes::new().with("id", "u-1"));
/// let scope = remote.scope(&client, user);
/// let color = scope.value("color", "blue");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RemoteEvaluation {
    held: Arc<Held>,
}

/// What all clones hold together.
struct Held {
    desk: Arc<Desk>,
    streams: Arc<Streams>,
    background: Background,
    endpoint: Endpoint,
    /// Of the attributes, those that an answer depends on, if not on all.
    key_attributes: Option<BTreeSet<String>>,
    /// For whoever gets nothing.
    nothing: Arc<Ruleset>,
}

impl RemoteEvaluation {
    /// Evaluation by the server of this endpoint, with a cache of its own. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the endpoint is configured in a way that no request can be made, or does not say which host evaluates, or says
    /// that it is the hosted GrowthBook.
    pub fn new(endpoint: impl Into<Endpoint>) -> Result<Self, ConfigError> {
        Self::builder(endpoint).build()
    }

    /// Starts to build one with other settings.
    pub fn builder(endpoint: impl Into<Endpoint>) -> RemoteEvaluationBuilder {
        RemoteEvaluationBuilder::new(endpoint.into())
    }

    /// A scope of the client for this user, with the features that the server works out for them.
    ///
    /// The server is told of the user's attributes, as an evaluation sees them, of forced features and variations, and of
    /// the page. Forced features hold in the scope whatever the server says, and make no other question: who forces other
    /// features alone is served what is kept. QA mode and the like the server is not told of: they hold for experiments of
    /// the program's own alone.
    ///
    /// # Blocking
    ///
    /// See [above](Self#blocking).
    pub fn scope(&self, client: &GrowthBookClient, user: UserContext) -> UserScope {
        self.renew(&client.scope(user))
    }

    /// The same scope with the features that the server works out for its user now: after the user has changed, or to go
    /// on with newer ones. What was reported stays reported.
    ///
    /// # Blocking
    ///
    /// See [above](Self#blocking).
    ///
    /// # Example
    ///
    /// ```no_run
    /// # use growthbook_core::{Attributes, GrowthBookClient, UserContext};
    /// # use growthbook_fetch::{Endpoint, RemoteEvaluation};
    /// # fn example(remote: &RemoteEvaluation, client: &GrowthBookClient, user: UserContext) {
    /// let mut scope = remote.scope(client, user);
    /// scope.update_attributes(Attributes::new().with("plan", "pro"));
    /// let scope = remote.renew(&scope);
    /// # }
    /// ```
    pub fn renew(&self, scope: &UserScope) -> UserScope {
        let ruleset = self.features_of(scope);
        scope.with_ruleset(ruleset)
    }

    /// Has an answer for this user ready, so that a [`scope`](Self::scope) need not wait.
    ///
    /// # Errors
    ///
    /// When there is none that may be served and none was to be had. `on_error` is not told, unless a scope waited for the
    /// same answer.
    ///
    /// # Blocking
    ///
    /// See [above](Self#blocking).
    pub fn preload(
        &self,
        client: &GrowthBookClient,
        user: &UserContext,
    ) -> Result<(), RemoteEvaluationError> {
        let inputs = Inputs::of(&client.scope(user.clone()).subject());
        let key = self.held.key(&inputs);
        self.ask(client, key, inputs).answer.map(drop)
    }

    /// Takes all answers so far for outdated. None of them is served any more, unless the server fails; questions that are
    /// under way are answered, but those answers are not kept.
    pub fn flush(&self) {
        self.held.desk.flush();
    }

    /// A source for a client: it opens the server's stream of changes, and [flushes](Self::flush) when something has
    /// changed. It brings no features of its own.
    ///
    /// Without it, answers are outdated for as long as they are served. A client has one source: to have features in two
    /// ways, make two clients, or do without the stream.
    pub fn source(&self) -> RemoteSource {
        let Held {
            desk,
            streams,
            endpoint,
            ..
        } = &*self.held;
        RemoteSource::new(Arc::clone(desk), Arc::clone(streams), endpoint.clone())
    }

    /// What came of all questions so far.
    pub fn stats(&self) -> RemoteEvaluationStats {
        self.held.desk.stats()
    }

    fn features_of(&self, scope: &UserScope) -> Arc<Ruleset> {
        let inputs = Inputs::of(&scope.subject());
        let key = self.held.key(&inputs);
        let service = self.ask(scope.client(), key, inputs);
        let is_first_to_tell = service.answer.is_err() && service.is_first_to_tell();
        let error = match service.answer {
            Ok(ruleset) => return ruleset,
            Err(error) => error,
        };
        if is_first_to_tell {
            scope.client().error_reporter().report(&told(error));
        }
        let last_resort = self.held.desk.last_resort(&key);
        last_resort.unwrap_or_else(|| Arc::clone(&self.held.nothing))
    }

    /// Asks, and has what is stale asked for anew. Nobody asks for a client that is closed: what is under way ends with
    /// what there was.
    fn ask(&self, client: &GrowthBookClient, key: Key, inputs: Inputs) -> Service {
        let Held {
            desk,
            streams,
            background,
            ..
        } = &*self.held;
        if client.is_closed() {
            return Service::refused(RemoteEvaluationError::Closed);
        }
        let service = desk.serve(&key, &inputs);
        if service.asked {
            streams.open_if_offered(desk);
        }
        if service.is_stale && desk.queue(&key) {
            let reporter = client.error_reporter();
            let letter = Letter {
                key,
                inputs,
                reporter,
            };
            if !background.post(letter, desk, streams) {
                desk.postpone(&key);
            }
        }
        service
    }
}

impl fmt::Debug for RemoteEvaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteEvaluation")
            .field(&self.held.desk)
            .finish()
    }
}

impl Held {
    fn key(&self, inputs: &Inputs) -> Key {
        let connection = self.desk.connection().cache_key();
        inputs.key(connection, self.key_attributes.as_ref())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.desk.connection().close();
        self.background.close(LONGEST_END);
    }
}

/// The error as a client's program is told of it.
fn told(error: RemoteEvaluationError) -> BackgroundError {
    BackgroundError::Remote(BackendError::new("remote evaluation", "answer", error))
}

/// How long dropping the last clone waits for the thread.
const LONGEST_END: Duration = Duration::from_secs(1);
