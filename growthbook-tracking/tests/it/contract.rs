use growthbook_core::Interest;
use growthbook_core::testing::{Deliveries, tracking_contract};
use growthbook_tracking::{BatchTracker, DeliveryError, Event, EventBatch, EventSink};

use crate::support::name;

#[derive(Debug)]
struct Sink(Deliveries);

impl EventSink for Sink {
    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        for event in batch.events() {
            self.0.arrived(name(event));
        }
        Ok(())
    }
}

#[test]
fn a_tracker_keeps_the_contract_of_plugins() {
    tracking_contract(|deliveries| BatchTracker::new(Sink(deliveries)));
}

#[test]
fn a_tracker_of_all_kinds_of_events_keeps_the_contract() {
    tracking_contract(|deliveries| {
        let builder = BatchTracker::builder(Sink(deliveries));
        builder.interest(Interest::ALL).build()
    });
}

#[test]
fn a_tracker_with_a_closure_keeps_the_contract() {
    tracking_contract(|deliveries| {
        BatchTracker::callback(move |events: &[Event]| {
            for event in events {
                deliveries.arrived(name(event));
            }
        })
    });
}
