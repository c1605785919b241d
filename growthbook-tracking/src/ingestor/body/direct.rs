//! The form of the public ingestion API: an envelope, which says when it was sent.

use serde::ser::{Serialize, Serializer};

use super::members::Members;
use super::properties::{self, Properties};
use super::timestamp::Timestamp;
use super::{EventNaming, SDK_LANGUAGE, SDK_VERSION};
use crate::Event;

#[derive(serde::Serialize)]
pub(super) struct Envelope<'a> {
    #[serde(rename = "sentAt")]
    sent_at: Timestamp,
    events: Vec<DirectEvent<'a>>,
}

impl<'a> Envelope<'a> {
    /// The server dates an event back by how long before `sent_at` it happened, and does not if that is not before. Where the
    /// clock was set back in between, the envelope is therefore sent just after the latest of its events.
    pub(super) fn new(events: &'a [Event], naming: EventNaming, sent_at: u64) -> Self {
        let latest = events.iter().map(Event::at_millis).max();
        let event = |event: &'a Event| DirectEvent {
            event_name: properties::name(event.body(), naming),
            timestamp: Timestamp(event.at_millis()),
            properties: Properties {
                body: event.body(),
                naming,
            },
            attributes: Attributes(Members::of(event.raw_attributes())),
        };
        Self {
            sent_at: Timestamp(sent_at.max(latest.unwrap_or_default().saturating_add(1))),
            events: events.iter().map(event).collect(),
        }
    }
}

#[derive(serde::Serialize)]
struct DirectEvent<'a> {
    event_name: &'a str,
    timestamp: Timestamp,
    properties: Properties<'a>,
    attributes: Attributes<'a>,
}

/// The user's attributes, and who sends them, which no attribute can say otherwise.
struct Attributes<'a>(Members<'a>);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sdk = [("sdk_language", SDK_LANGUAGE), ("sdk_version", SDK_VERSION)];
        self.0.replaced(&[], &sdk).serialize(serializer)
    }
}
