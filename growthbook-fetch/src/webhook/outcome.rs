//! What a message says, and what is done about it.

use std::fmt;
use std::sync::Arc;

use growthbook_core::{ClientKey, GrowthBookClient, Refresh, RefreshError, RefreshRequest};

use super::body;
use super::error::WebhookError;

/// What a message says, which was checked: other features, or only that there are some.
#[derive(Clone)]
#[must_use = "nothing is done about it yet"]
pub struct WebhookEvent {
    payload: Option<Arc<[u8]>>,
}

/// What came of a message.
#[derive(Clone, Debug)]
#[must_use = "the sender waits for its status"]
pub struct WebhookOutcome {
    action: WebhookAction,
    error: Option<WebhookError>,
}

/// What was done about a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WebhookAction {
    /// Its features are in force now.
    Applied,
    /// There was nothing to do about it: it is for another connection, or there is nobody to ask.
    Ignored,
    /// Something has changed, and the client has no thread to fetch it in: call
    /// [`force_refresh`](GrowthBookClient::force_refresh) on one that may wait.
    NeedsRefresh,
    /// It is not to be believed, or is too long to be looked at.
    Refused,
    /// It is signed and cannot be used. If there is a source, it asks its server.
    Rejected,
    /// It came before.
    Replayed,
    /// Something has changed: the source asks its server soon, in a thread of its own.
    Requested,
    /// Its features are in force already, or are older than those.
    Unchanged,
}

impl WebhookEvent {
    /// That something has changed.
    pub(super) const CHANGE: Self = Self { payload: None };

    /// Reads a body that is to be believed.
    pub(super) fn read(body: &[u8], client_key: Option<&ClientKey>) -> Result<Self, WebhookError> {
        let payload = body::payload(body, client_key.map(ClientKey::as_str))?;
        Ok(Self { payload })
    }

    /// The payload, as it is in the message, plain or sealed; `None` if the message only says that something has changed.
    /// It was not looked into yet.
    pub fn payload(&self) -> Option<&Arc<[u8]>> {
        self.payload.as_ref()
    }

    /// Does what the message says, by [`GrowthBookClient::receive`] or [`GrowthBookClient::request_refresh`].
    ///
    /// # Blocking
    ///
    /// If there is a payload: compiles it in the calling thread, calls the client's caches and its `on_refresh`. No server is
    /// waited for.
    pub fn apply(self, client: &GrowthBookClient) -> WebhookOutcome {
        let Some(payload) = self.payload else {
            return match client.request_refresh() {
                RefreshRequest::Accepted => done(WebhookAction::Requested),
                RefreshRequest::Closed => WebhookError::Refresh(RefreshError::Closed).into(),
                RefreshRequest::NoSource => WebhookError::NoSource.into(),
                _ => done(WebhookAction::NeedsRefresh),
            };
        };
        match client.receive(payload) {
            Ok(Refresh::Updated) => done(WebhookAction::Applied),
            Ok(_) => done(WebhookAction::Unchanged),
            Err(error) => {
                // Something has changed all the same, and the server may have it in a better form.
                client.request_refresh();
                WebhookError::Refresh(error).into()
            }
        }
    }
}

impl fmt::Debug for WebhookEvent {
    /// Says how long the payload is, and not what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.payload.as_ref().map(|payload| payload.len());
        f.debug_struct("WebhookEvent")
            .field("payload", &length)
            .finish()
    }
}

impl WebhookOutcome {
    /// The status to answer with: see [`WebhookError::status`]; without an error it is 200.
    pub fn status(&self) -> u16 {
        self.error.as_ref().map_or(200, WebhookError::status)
    }

    /// What was done.
    pub fn action(&self) -> WebhookAction {
        self.action
    }

    /// Why nothing was done; `None` if something was. For the program's log: the sender needs to know no more than the status.
    pub fn error(&self) -> Option<&WebhookError> {
        self.error.as_ref()
    }
}

impl From<WebhookError> for WebhookOutcome {
    fn from(error: WebhookError) -> Self {
        let action = match error {
            WebhookError::Expired
            | WebhookError::MissingHeaders
            | WebhookError::TooLarge { .. }
            | WebhookError::WrongSignature => WebhookAction::Refused,
            WebhookError::NoSource | WebhookError::OtherConnection => WebhookAction::Ignored,
            WebhookError::Refresh(_) | WebhookError::UnknownForm => WebhookAction::Rejected,
            WebhookError::Replayed => WebhookAction::Replayed,
        };
        Self {
            action,
            error: Some(error),
        }
    }
}

/// Does what a message says, if it is to be believed.
pub(super) fn of(
    client: &GrowthBookClient,
    checked: Result<WebhookEvent, WebhookError>,
) -> WebhookOutcome {
    let outcome = match checked {
        Ok(event) => event.apply(client),
        Err(error) => {
            if matches!(error, WebhookError::UnknownForm) {
                client.request_refresh();
            }
            error.into()
        }
    };
    log::debug!(target: crate::LOG, "webhook: {:?}, answered with {}", outcome.action, outcome.status());
    outcome
}

fn done(action: WebhookAction) -> WebhookOutcome {
    WebhookOutcome {
        action,
        error: None,
    }
}
