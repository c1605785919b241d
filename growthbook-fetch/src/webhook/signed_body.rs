//! Messages of which the body alone is signed.

use std::fmt;

use growthbook_core::{ClientKey, GrowthBookClient};

use super::error::WebhookError;
use super::headers::{self, Values};
use super::key::{self, SigningKey, WebhookSecretError};
use super::outcome::{self, WebhookEvent, WebhookOutcome};
use super::{body, check_connection};

/// Takes what GrowthBook's server pushes to a proxy, and what its older webhooks sent: a payload, signed as a whole in
/// `X-GrowthBook-Signature`.
///
/// No time is signed, so that a message can be kept and sent again: an older payload is passed over if it has a date, and
/// nothing else protects from that. An SDK webhook ([`Webhook`](crate::Webhook)) has more to offer.
///
/// # Example
///
/// ```
/// use growthbook_core::{GrowthBookClient, UserContext};
/// use growthbook_fetch::{ProxyPush, WebhookAction};
///
/// let push = ProxyPush::new("psk_demo_1")?.client_key("sdk-abc123");
/// let client = GrowthBookClient::builder().build()?;
/// let headers = [
///     ("X-GrowthBook-Api-Key", "sdk-abc123"),
///     ("X-GrowthBook-Signature", "57d9e44110eccffea8ba00eef4b01f2a8e531ba4833e02435ffaf1c6c1673af0"),
/// ];
/// let body = br#"{"features":{"dark-mode":{"defaultValue":true}}}"#;
/// assert_eq!(push.receive(&client, headers, body).action(), WebhookAction::Applied);
/// assert!(client.is_on("dark-mode", &UserContext::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct ProxyPush {
    key: SigningKey,
    client_key: Option<ClientKey>,
}

impl ProxyPush {
    /// The headers that are looked at, in lower case.
    pub const HEADERS: [&str; 2] = [SIGNATURE, "x-growthbook-api-key"];

    /// Takes the secret as it was configured; white space around it does not matter.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn new(secret: impl Into<String>) -> Result<Self, WebhookSecretError> {
        Ok(Self {
            key: SigningKey::of_text(secret.into())?,
            client_key: None,
        })
    }

    /// The client key of the SDK connection whose payloads are wanted. A server pushes those of all connections that go
    /// through the proxy: without this, the features of any of them are put in force.
    pub fn client_key(mut self, key: impl Into<String>) -> Self {
        self.client_key = Some(ClientKey::new(key.into().trim_ascii()));
        self
    }

    /// Checks a request, and reads what it says. Nothing is done about it: [`WebhookEvent::apply`] does that. About headers
    /// and bodies see [`Webhook`](crate::Webhook).
    ///
    /// # Errors
    ///
    /// When the request is not to be believed, or cannot be read.
    pub fn verify(
        &self,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> Result<WebhookEvent, WebhookError> {
        let [signature, client_key] = headers::find(headers, Self::HEADERS);
        check(&self.key, &signature, body)?;
        check_connection(self.client_key.as_ref(), &client_key)?;
        WebhookEvent::read(body, self.client_key.as_ref())
    }

    /// Checks a request, and does what it says, as [`Webhook::receive`](crate::Webhook::receive) does.
    ///
    /// # Blocking
    ///
    /// As [`Webhook::receive`](crate::Webhook::receive).
    pub fn receive(
        &self,
        client: &GrowthBookClient,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> WebhookOutcome {
        outcome::of(client, self.verify(headers, body))
    }
}

impl fmt::Debug for ProxyPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyPush")
            .field("client_key", &self.client_key)
            .finish_non_exhaustive()
    }
}

/// Takes the requests of an event webhook, which tells what people do in GrowthBook. It brings no payload: whatever it says,
/// the server is asked.
///
/// No time is signed: whoever keeps a message can cause a request with it, at most one a second.
///
/// # Example
///
/// ```
/// use growthbook_core::{GrowthBookClient, StaticFetcher};
/// use growthbook_fetch::{EventWebhook, WebhookAction};
///
/// let webhook = EventWebhook::new("psk_demo_1")?;
/// let fetcher = StaticFetcher::new(*br#"{"features": {}}"#);
/// let client = GrowthBookClient::builder().fetcher(fetcher).build()?;
/// let signature = "57d9e44110eccffea8ba00eef4b01f2a8e531ba4833e02435ffaf1c6c1673af0";
/// let body = br#"{"features":{"dark-mode":{"defaultValue":true}}}"#;
/// let outcome = webhook.receive(&client, [("X-GrowthBook-Signature", signature)], body);
/// // This client has no thread to do it in.
/// assert_eq!(outcome.action(), WebhookAction::NeedsRefresh);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct EventWebhook {
    key: SigningKey,
}

impl EventWebhook {
    /// The headers that are looked at, in lower case.
    pub const HEADERS: [&str; 1] = [SIGNATURE];

    /// Takes the secret as the GrowthBook application shows it; white space around it does not matter.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn new(secret: impl Into<String>) -> Result<Self, WebhookSecretError> {
        let key = SigningKey::of_text(secret.into())?;
        Ok(Self { key })
    }

    /// Checks a request, whose body can be anything. About headers see [`Webhook`](crate::Webhook).
    ///
    /// # Errors
    ///
    /// When the request is not to be believed.
    pub fn verify(
        &self,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> Result<WebhookEvent, WebhookError> {
        let [signature] = headers::find(headers, Self::HEADERS);
        check(&self.key, &signature, body)?;
        Ok(WebhookEvent::CHANGE)
    }

    /// Checks a request, and has the client's source ask its server. Returns at once.
    pub fn receive(
        &self,
        client: &GrowthBookClient,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: &[u8],
    ) -> WebhookOutcome {
        outcome::of(client, self.verify(headers, body))
    }
}

impl fmt::Debug for EventWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWebhook").finish_non_exhaustive()
    }
}

fn check(key: &SigningKey, signature: &Values, body: &[u8]) -> Result<(), WebhookError> {
    if signature.is_empty() {
        return Err(WebhookError::MissingHeaders);
    }
    body::check_length(body)?;
    let expected = key::hexadecimal(&key.sign([body]));
    if !signature.have_word(expected.as_bytes()) {
        return Err(WebhookError::WrongSignature);
    }
    Ok(())
}

const SIGNATURE: &str = "x-growthbook-signature";
