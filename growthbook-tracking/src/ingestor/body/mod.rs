//! The body of a request: events in the words of the ingestion API (spec/transport 10.7).
//!
//! What the user and the program said is JSON text already, and is passed on as it is.

mod direct;
mod members;
mod properties;
mod sdk;
#[cfg(test)]
mod tests;
mod timestamp;

use std::time::{SystemTime, UNIX_EPOCH};

use self::direct::Envelope;
use self::sdk::SdkEvent;
use super::{EventNaming, Schema};
use crate::Event;

/// The events, sent at that time.
///
/// # Errors
///
/// None that is known: everything in an event can be written.
pub(super) fn encoded(
    events: &[Event],
    schema: Schema,
    naming: EventNaming,
    sent_at: SystemTime,
) -> serde_json::Result<Vec<u8>> {
    match schema {
        Schema::Direct => {
            let since = sent_at.duration_since(UNIX_EPOCH).unwrap_or_default();
            let sent_at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            serde_json::to_vec(&Envelope::new(events, naming, sent_at))
        }
        Schema::Sdk => {
            let event = |event| SdkEvent::new(event, naming);
            serde_json::to_vec(&events.iter().map(event).collect::<Vec<_>>())
        }
    }
}

/// What this SDK calls itself.
const SDK_LANGUAGE: &str = "rust";
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");
