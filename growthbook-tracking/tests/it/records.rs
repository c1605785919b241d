//! Events as they are kept, without a tracker that made them.

use std::time::Duration;

use growthbook_tracking::{Event, EventBatch};

/// How long to wait for what should take no time to speak of.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Events that the program logged, told apart by their names.
pub(crate) fn logged(names: &[&str]) -> Vec<Event> {
    let event = |(number, name): (usize, &&str)| {
        let record = serde_json::json!({
            "id": format!("01234567-89ab-7000-8000-{number:012x}"),
            "at": 1_767_323_045_678_u64,
            "body": {"custom": {"name": name, "properties": {}}},
            "attributes": {"id": "canary-attribute"},
        });
        serde_json::from_value(record).unwrap()
    };
    names.iter().enumerate().map(event).collect()
}

pub(crate) fn batch(events: &[Event]) -> EventBatch<'_> {
    EventBatch::new(events, 0, SOON)
}
