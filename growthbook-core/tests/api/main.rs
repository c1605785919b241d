//! The public API as programs use it, and what the corpus cannot say: payloads that are none, overrides, exposures, stores.
#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions do")]

mod beside;
mod effects;
mod experiments;
mod explain;
mod payloads;
mod rebucketing;
mod scopes;
mod sticky;
mod values;

use std::sync::Arc;

use growthbook_core::{Attributes, Ruleset, UserContext};

fn ruleset(payload: &str) -> Arc<Ruleset> {
    Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap())
}

fn user(id: &str) -> UserContext {
    UserContext::new(Attributes::new().with("id", id))
}
