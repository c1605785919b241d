//! What GrowthBook sends to the program of its own accord, over HTTP: checked first, put in force then.
//!
//! * `key` signs and compares, `headers` finds what is signed, `body` reads the forms that a payload comes in.
//! * `replay` remembers what was accepted, `outcome` does what a message asks for.
//! * `signed_body` are the pushes that are signed without a time.

mod body;
mod error;
mod headers;
mod key;
mod outcome;
mod replay;
mod signed_body;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use growthbook_core::{ClientKey, Clock, GrowthBookClient, SystemClock};

pub use self::error::WebhookError;
use self::headers::Values;
use self::key::SigningKey;
pub use self::key::WebhookSecretError;
pub use self::outcome::{WebhookAction, WebhookEvent, WebhookOutcome};
use self::replay::Accepted;
pub use self::signed_body::{EventWebhook, ProxyPush};

/// Takes the requests of an SDK webhook: checks that GrowthBook sent them, now and to this connection, and brings what they
/// say to a client.
///
/// Make one for the whole process, and call [`receive`](Self::receive) for each request, with its headers and its body as
/// they came: what is signed are the bytes, so that a framework must not have parsed them before. Any method will do. All
/// forms of the body that GrowthBook can be told to send are understood, plain and sealed; one without a payload is a reason
/// to ask the server.
///
/// A message is accepted once: the last 1,000 are remembered, which GrowthBook's own retries do not meet, since it signs them
/// anew. `Debug` shows no secret and no key.
///
/// # Headers
///
/// Pairs of a name and a value, from any iterator: `&HeaderMap` of the crate `http`, which axum, hyper and tonic use, and
/// actix' `&HeaderMap` are such iterators as they are. From a framework that gives one header at a time, take those in
/// [`HEADERS`](Self::HEADERS).
///
/// # Example
///
/// ```
/// use growthbook_core::GrowthBookClient;
/// use growthbook_fetch::{Webhook, WebhookAction};
/// use ureq::http::HeaderMap;
///
/// /// The handler of `POST /growthbook`. In an async one, call it in `spawn_blocking`.
/// fn pushed(webhook: &Webhook, client: &GrowthBookClient, headers: &HeaderMap, body: &[u8]) -> u16 {
///     let outcome = webhook.receive(client, headers, body);
///     if outcome.action() == WebhookAction::NeedsRefresh {
///         let client = client.clone();
///         std::thread::spawn(move || client.force_refresh());
///     }
///     outcome.status()
/// }
///
/// let webhook = Webhook::new("wk_9F2C77A1D04E")?.client_key("sdk-abc123");
/// let client = GrowthBookClient::builder().build()?;
/// assert_eq!(pushed(&webhook, &client, &HeaderMap::new(), b"{}"), 401);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Webhook {
    key: SigningKey,
    client_key: Option<ClientKey>,
    tolerance: Duration,
    clock: Box<dyn Clock>,
    accepted: Accepted,
}

impl Webhook {
    /// The headers that are looked at, in lower case. Others may be there, and do not matter.
    pub const HEADERS: [&str; 4] = [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "webhook-sdk-key",
    ];

    /// Takes the secret as the GrowthBook application shows it; white space around it does not matter. One that begins with
    /// `whsec_` is that of the Standard Webhooks: what follows is the key in base64.
    ///
    /// # Errors
    ///
    /// When anybody could know the secret, or it cannot be read.
    pub fn new(secret: impl Into<String>) -> Result<Self, WebhookSecretError> {
        Ok(Self {
            key: SigningKey::of_webhook(secret.into())?,
            client_key: None,
            tolerance: TOLERANCE,
            clock: Box::new(SystemClock::new()),
            accepted: Accepted::default(),
        })
    }

    /// The client key of the SDK connection whose payloads are wanted. One webhook can serve several connections: without
    /// this, the features of any of them are put in force.
    pub fn client_key(mut self, key: impl Into<String>) -> Self {
        self.client_key = Some(ClientKey::new(key.into().trim_ascii()));
        self
    }

    /// How far a message's time may be away from this machine's, in whichever direction: 5 minutes unless set.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Tells the time, for tests. The system's clock unless set.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Checks a request, and reads what it says. Nothing is done about it: [`WebhookEvent::apply`] does that. The message is
    /// remembered, so that the same one is refused from now on.
    ///
    /// # Errors
    ///
    /// When the request is not to be believed, or cannot be read. [`WebhookError::status`] is what to answer.
    ///
    /// # Blocking
    ///
    /// Reads the body twice, of 16 MiB at most.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use growthbook_core::testing::ManualClock;
    /// use growthbook_fetch::{Webhook, WebhookError};
    ///
    /// let clock = ManualClock::new();
    /// clock.set_now(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045));
    /// let webhook = Webhook::new("wk_9F2C77A1D04E")?.clock(clock);
    /// let headers = [
    ///     ("webhook-id", "msg_00c0ffee00c0ffee"),
    ///     ("webhook-timestamp", "1767323045"),
    ///     ("webhook-signature", "v1,37SICwAGjy3pcvTHnAxOO9muX6oenFHuuL39VIZIJeg="),
    /// ];
    /// // Something has changed; what, it does not say.
    /// assert!(webhook.verify(headers, b"")?.payload().is_none());
    /// assert!(matches!(webhook.verify(headers, b""), Err(WebhookError::Replayed)));
    /// assert!(matches!(webhook.verify(headers, b"{}"), Err(WebhookError::WrongSignature)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(
        &self,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> Result<WebhookEvent, WebhookError> {
        self.check(&headers::find(headers, Self::HEADERS), body)
    }

    /// Checks a request, and does what it says: puts the payload in force, or has the source ask its server. What is in force
    /// stays so if the request is refused or cannot be used; if it is a signed one, the server is asked then, too.
    ///
    /// # Blocking
    ///
    /// Compiles the payload in the calling thread, calls the client's caches and its `on_refresh`. No server is waited for.
    pub fn receive(
        &self,
        client: &GrowthBookClient,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> WebhookOutcome {
        outcome::of(client, self.verify(headers, body))
    }

    fn check(&self, headers: &[Values; 4], body: &[u8]) -> Result<WebhookEvent, WebhookError> {
        let [id, timestamp, signatures, client_key] = headers;
        let (Some(id), Some(timestamp)) = (id.only(), timestamp.only()) else {
            return Err(WebhookError::MissingHeaders);
        };
        if id.is_empty() || !is_number(timestamp) || signatures.is_empty() {
            return Err(WebhookError::MissingHeaders);
        }
        body::check_length(body)?;
        if !self.is_timely(timestamp) {
            return Err(WebhookError::Expired);
        }
        let digest = self.key.sign([id, b".", timestamp, b".", body]);
        let expected = key::versioned(&digest);
        if !signatures.have_word(expected.as_bytes()) {
            return Err(WebhookError::WrongSignature);
        }
        check_connection(self.client_key.as_ref(), client_key)?;
        // What was signed, and not the id alone: no other way to cut the same text into headers and body makes it new.
        if !self.accepted.is_first(digest) {
            return Err(WebhookError::Replayed);
        }
        WebhookEvent::read(body, self.client_key.as_ref())
    }

    fn is_timely(&self, timestamp: &[u8]) -> bool {
        let now = self.clock.now().duration_since(UNIX_EPOCH);
        let sent_at = std::str::from_utf8(timestamp).map(str::parse::<u64>);
        // One that no number holds is far in the future.
        let Ok(Ok(sent_at)) = sent_at else {
            return false;
        };
        let away = now.unwrap_or_default().as_secs().abs_diff(sent_at);
        Duration::from_secs(away) <= self.tolerance
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("client_key", &self.client_key)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether a request is about the connection that is wanted, if it says which, and if one is wanted.
fn check_connection(own: Option<&ClientKey>, named: &Values) -> Result<(), WebhookError> {
    let is_own = |own: &ClientKey| named.are_all(own.as_str().as_bytes());
    if own.is_none_or(is_own) {
        Ok(())
    } else {
        Err(WebhookError::OtherConnection)
    }
}

const TOLERANCE: Duration = Duration::from_secs(5 * 60);
