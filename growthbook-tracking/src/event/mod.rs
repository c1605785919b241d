//! Events as they are kept: plain data, which holds on to no payload and no user, and can be written to disk.

mod body;
mod convert;
mod id;
mod json;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
#[cfg(feature = "http")]
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use self::body::{Bandit, EvaluatedFeature, EventBody, LoggedEvent, ViewedExperiment};
use self::body::{HashValue, Properties};
pub(crate) use self::convert::Unfit;
pub use self::id::EventId;

/// Something that happened, on its way to analytics.
///
/// Its id and its time are settled once: it has the same ones when it is sent again, and when another process sends it.
#[derive(Clone, Deserialize, Serialize)]
pub struct Event {
    id: EventId,
    /// Milliseconds since 1970.
    at: u64,
    body: EventBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<HashValue>,
    attributes: Properties,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<HashValue>,
}

impl Event {
    /// What tells it from all other events.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// When it happened, to the millisecond.
    pub fn at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.at)
    }

    /// What happened.
    pub fn body(&self) -> &EventBody {
        &self.body
    }

    /// Who did it: the attribute `id`, else `user_id`, else what the user was bucketed by. As text.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_ref().map(|id| &*id.0)
    }

    /// The user's attributes, as far as they may leave the process. Parses and allocates.
    pub fn attributes(&self) -> Map<String, Value> {
        json::members(&self.attributes.0)
    }

    /// The same as JSON text, an object.
    pub fn attributes_json(&self) -> &str {
        self.attributes.0.get()
    }

    #[cfg(feature = "http")]
    pub(crate) fn raw_attributes(&self) -> &RawValue {
        &self.attributes.0
    }

    #[cfg(feature = "http")]
    pub(crate) fn at_millis(&self) -> u64 {
        self.at
    }

    /// The page on which it happened, as it was given.
    pub fn url(&self) -> Option<&str> {
        self.url.as_ref().map(|url| &*url.0)
    }
}

impl fmt::Debug for Event {
    /// Says what happened and when, and not to whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("at", &self.at())
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
