//! How a plugin is closed: once, twice, while it cannot deliver, and on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::super::features::TestFeatures;
use super::super::suite::{PATIENCE, in_background, in_time};
use super::{Fixture, SHORT};
use crate::attributes::Attributes;
use crate::tracking::{Interest, TrackingPlugin};
use crate::user::UserContext;

pub(super) fn check<P: TrackingPlugin>(fixture: impl Fn() -> Fixture<P>) {
    closing_delivers_and_ends(&fixture());
    closing_keeps_to_its_limit(&fixture());
    closing_may_come_from_within(&fixture());
    the_client_closes_it(fixture());
}

fn closing_delivers_and_ends(fixture: &Fixture<impl TrackingPlugin>) {
    let names = fixture.record(0..10, "`record`");
    for when in ["", " a second time"] {
        let closed = fixture.close(PATIENCE, &format!("`close`{when}"));
        assert!(
            closed.is_ok(),
            "`close` has no reason to fail{when}: {closed:?}"
        );
        fixture.arrived(&names, "`close` waits until what was recorded is delivered");
    }
    // What becomes of an event that comes too late is the plugin's business.
    fixture.record([11], "`record` after `close`");
    let _ = fixture.flush(SHORT, "`flush` after `close`");
    let _ = fixture.close(SHORT, "`close` after all that");
    fixture.arrived(&names, "what was delivered before `close` stays so");
}

fn closing_keeps_to_its_limit(fixture: &Fixture<impl TrackingPlugin>) {
    let stalled = fixture.deliveries.stall();
    fixture.record(0..2, "`record`, while nothing can be delivered,");
    let closed = fixture.close(
        SHORT,
        "`close` with a limit, while nothing can be delivered,",
    );
    drop(stalled);
    assert!(
        closed.is_err(),
        "a `close` that ends before everything is delivered says so, with an error"
    );
}

/// As when a sink drops the last handle to the client.
fn closing_may_come_from_within(fixture: &Fixture<impl TrackingPlugin>) {
    let (ended, end) = sync_channel(1);
    let plugin = Arc::clone(&fixture.plugin);
    fixture.deliveries.at_next(move || {
        let closed = plugin.close(LONG);
        let _ = ended.send(closed.is_ok());
    });
    fixture.record([0], "`record`");
    let plugin = Arc::clone(&fixture.plugin);
    // Nobody waits for it, since it may wait for the delivery.
    in_background(move || drop(plugin.flush(LONG)));
    assert!(
        end.recv_timeout(PATIENCE).is_ok(),
        "`close` does not wait for the thread that it is called on, also when that is the plugin's own: \
         it did not come to an end within {PATIENCE:?}"
    );
    let _ = fixture.close(PATIENCE, "`close` after one from within");
}

fn the_client_closes_it<P: TrackingPlugin>(fixture: Fixture<P>) {
    let Fixture {
        plugin, deliveries, ..
    } = fixture;
    let interest = plugin.interest();
    let features = TestFeatures::new().value_in("feature", 1, ("experiment", "treatment"));
    let builder = features.builder().plugin(plugin);
    in_time("a client's life", move || {
        let client = builder.build();
        let user = UserContext::new(Attributes::new().with("id", "u-1"));
        if let Ok(client) = client {
            client.is_on("feature", &user);
            client.log_event("event", serde_json::Map::new(), &user);
        }
    });
    let kinds = [
        (Interest::CUSTOM, "event"),
        (Interest::EXPERIMENT_VIEWED, "experiment"),
        (Interest::FEATURE_EVALUATED, "feature"),
    ];
    let mut expected: Vec<&str> = kinds
        .into_iter()
        .filter_map(|(kind, name)| interest.contains(kind).then_some(name))
        .collect();
    let mut arrived = deliveries.names();
    arrived.sort_unstable();
    expected.sort_unstable();
    assert!(
        arrived == expected,
        "what a client told it has arrived when the client is gone: {expected:?}, and {arrived:?} did"
    );
}

/// A limit that is not reached: who waits for it waits for themselves.
const LONG: Duration = Duration::from_secs(60);
