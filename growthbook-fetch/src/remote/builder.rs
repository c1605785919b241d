use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::{Clock, Ruleset, SystemClock};

use super::answers::{Ages, Answers};
use super::background::Background;
use super::desk::Desk;
use super::source::Streams;
use super::{Held, RemoteEvaluation};
use crate::config::ConfigError;
use crate::endpoint::Endpoint;

/// Builds a [`RemoteEvaluation`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_fetch::{Endpoint, RemoteEvaluation};
///
/// let remote = RemoteEvaluation::builder(Endpoint::new("sdk-abc123").api_host("http://localhost:3300"))
///     .stale_ttl(Duration::from_secs(30))
///     .cache_ttl(Duration::from_secs(5 * 60))
///     .cache_key_attributes(["id", "plan"])
///     .build()?;
/// assert_eq!(remote.stats().requests(), 0);
/// # Ok::<(), growthbook_fetch::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct RemoteEvaluationBuilder {
    endpoint: Endpoint,
    ages: Ages,
    cache_size: usize,
    key_attributes: Option<BTreeSet<String>>,
    clock: Box<dyn Clock>,
}

impl RemoteEvaluationBuilder {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            ages: Ages {
                stale: None,
                expired: Duration::from_secs(60),
                last_resort: Duration::from_secs(4 * 60 * 60),
            },
            cache_size: 1_000,
            key_attributes: None,
            clock: Box::new(SystemClock::new()),
        }
    }

    /// From which age on an answer is asked for anew in the background, while it is still served. Not at all unless set, nor
    /// if that is no less than [`cache_ttl`](Self::cache_ttl).
    pub fn stale_ttl(mut self, age: Duration) -> Self {
        self.ages.stale = Some(age);
        self
    }

    /// From which age on an answer is not served any more, so that whoever wants it waits for the server; 60 s unless set.
    /// With zero everybody waits each time.
    pub fn cache_ttl(mut self, age: Duration) -> Self {
        self.ages.expired = age;
        self
    }

    /// Up to which age an answer is served all the same, if the server fails; 4 h unless set.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.ages.last_resort = age;
        self
    }

    /// The attributes that answers depend on, if not on all: users who agree in these share an answer, whatever their
    /// others. All attributes are sent all the same, those of the user who asked first.
    ///
    /// Leave out what changes all the time and no rule looks at. Name the attributes by which users are bucketed, or users
    /// get each other's variations, and their exposures.
    ///
    /// Answers depend on forced variations and on the page besides, and never on forced features: those hold in the scope
    /// whatever the server says.
    pub fn cache_key_attributes<I: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = I>,
    ) -> Self {
        self.key_attributes = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How many answers are kept; 1000 unless set. With zero none is: every scope waits for the server, and has no
    /// features if it fails.
    pub fn cache_size(mut self, answers: usize) -> Self {
        self.cache_size = answers;
        self
    }

    /// Where time comes from: the operating system, unless a test brings another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Checks the endpoint. Nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`RemoteEvaluation::new`].
    pub fn build(self) -> Result<RemoteEvaluation, ConfigError> {
        if self.endpoint.api_host.trim_ascii().is_empty() {
            return Err(ConfigError::MissingHost);
        }
        let connection = Arc::new(self.endpoint.connect()?);
        if connection.is_cloud() {
            return Err(ConfigError::CloudHost);
        }
        let answers = Answers::new(self.cache_size, self.ages);
        let held = Held {
            desk: Arc::new(Desk::new(connection, self.clock, answers)),
            streams: Arc::<Streams>::default(),
            background: Background::default(),
            endpoint: self.endpoint,
            key_attributes: self.key_attributes,
            nothing: Arc::new(Ruleset::empty()),
        };
        Ok(RemoteEvaluation {
            held: Arc::new(held),
        })
    }
}
