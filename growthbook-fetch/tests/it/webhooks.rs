//! Requests of webhooks, signed by hand.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod asking;
mod believing;
mod bodies;
mod properties;
mod signing;
mod target;
mod times;

use std::time::{Duration, SystemTime};

use growthbook_core::GrowthBookClient;
use growthbook_core::testing::ManualClock;
use growthbook_fetch::{Webhook, WebhookOutcome};

pub(crate) use self::signing::{Sent, hexadecimal, hmac};
pub(crate) use self::target::{NOW, TEXT as SECRET};

/// A webhook whose clock stands at [`NOW`].
pub(crate) fn webhook(secret: &str) -> Webhook {
    Webhook::new(secret)
        .unwrap()
        .clock(at(NOW))
        .client_key(CLIENT_KEY)
}

/// A clock that stands at this second since 1970.
pub(crate) fn at(second: u64) -> ManualClock {
    let clock = ManualClock::new();
    clock.set_now(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
    clock
}

/// Sends a message with this body, which was never sent before, to a webhook of its own.
pub(crate) fn send(client: &GrowthBookClient, body: &[u8]) -> WebhookOutcome {
    let sent = Sent::new(SECRET, body);
    webhook(SECRET).receive(client, sent.headers(), body)
}

pub(crate) use crate::api::CLIENT_KEY;
