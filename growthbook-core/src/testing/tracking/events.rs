//! Events of every kind that a plugin may want, each with a name of its own.

use std::collections::BTreeSet;

use serde_json::Map;

use super::super::features::TestFeatures;
use super::super::recording::RecordingPlugin;
use crate::attributes::Attributes;
use crate::tracking::{Interest, OwnedTrackingEvent, TrackingEvent};
use crate::user::UserContext;

/// The events of one number after those of another: one of each kind that is wanted.
pub(super) struct Events {
    kinds: usize,
    events: Vec<OwnedTrackingEvent>,
}

impl Events {
    pub(super) fn wanted(interest: Interest) -> Self {
        assert!(
            !interest.is_none(),
            "a plugin that wants no events has no contract to keep"
        );
        let plugin = RecordingPlugin::wanting(interest);
        let mut features = TestFeatures::new();
        for number in 0..MOST {
            let experiment = format!("experiment-{number}");
            features = features.value_in(feature(number), number, (&experiment, "treatment"));
        }
        let builder = features.builder().plugin(plugin.clone());
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) => panic!("these features make no client: {error:?}"),
        };
        let user = UserContext::new(Attributes::new().with("id", "u-1"));
        for number in 0..MOST {
            client.is_on(&feature(number), &user);
            client.log_event(&format!("event-{number}"), Map::new(), &user);
        }
        let events = plugin.take();
        Self {
            kinds: events.len() / MOST,
            events,
        }
    }

    /// Those of some numbers.
    pub(super) fn of(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<OwnedTrackingEvent> {
        let numbered = |number: usize| {
            self.events
                .iter()
                .skip(number * self.kinds)
                .take(self.kinds)
        };
        numbers.into_iter().flat_map(numbered).cloned().collect()
    }

    pub(super) fn names(events: &[OwnedTrackingEvent]) -> Vec<String> {
        let name = |event: &OwnedTrackingEvent| match event.as_event() {
            TrackingEvent::Custom(event) => event.name().to_owned(),
            TrackingEvent::ExperimentViewed(event) => event.experiment().key().to_owned(),
            TrackingEvent::FeatureEvaluated(event) => event.feature().to_owned(),
        };
        events.iter().map(name).collect()
    }
}

/// Those of `names` that are not among the others.
pub(super) fn missing(names: &[String], among: &[String]) -> Vec<String> {
    let among: BTreeSet<&String> = among.iter().collect();
    let is_missing = |name: &&String| !among.contains(name);
    names.iter().filter(is_missing).cloned().collect()
}

/// Those that are there more than once.
pub(super) fn repeated(names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let again = names.iter().filter(|name| !seen.insert(*name));
    again.cloned().collect()
}

fn feature(number: usize) -> String {
    format!("feature-{number}")
}

const MOST: usize = 120;
