//! With the feature `tracing`, whoever listens to the log is the program's own code as well (K1, K3).

use std::collections::BTreeMap;

use growthbook_core::{
    BackendError, GrowthBookClient, Saved, StickyAssignments, StickyBucketService, StickyIdentity,
    StickyWrite,
};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::endurance::alone;
use super::puppets::down;
use super::rig::{SECOND, evaluations};
use super::support::{user, watched};

#[test]
fn a_log_that_panics_disturbs_nothing_and_is_counted() {
    // `tracing` takes what one thread says as heard by nobody, for all threads, if it first comes to it while another one has
    // begun to listen.
    alone(
        "log::a_log_that_panics_disturbs_nothing_and_is_counted",
        || {
            let client = log_all(|_| panic!("on purpose"));
            // When there are features, when the store fails, and at the end.
            assert_eq!(client.status().callback_panics(), 3);
        },
    );
}

#[test]
fn a_log_may_ask_the_client_anything() {
    alone("log::a_log_may_ask_the_client_anything", || {
        watched("asking within the log", || {
            let client = log_all(|client| {
                client.load(br#"{"features":{}}"#).unwrap();
                evaluations(client, "inner");
                client.status();
            });
            assert_eq!(client.status().callback_panics(), 0);
        });
    });
}

/// Whoever hears of evaluations may panic and evaluate like everybody else.
#[cfg(feature = "otel")]
#[test]
fn who_hears_of_evaluations_disturbs_none_and_is_counted() {
    let builder = GrowthBookClient::builder();
    let client = builder.payload(r#"{"features":{"a":{"defaultValue":"x"}}}"#);
    let client = client.build().unwrap();
    let asking = client.clone();
    watched("asking within an evaluation's event", move || {
        let client = asking;
        let log = Evaluations(client.clone());
        tracing::subscriber::with_default(log, || {
            assert_eq!(client.scope(user("1")).value("a", ""), "x");
            assert!(client.is_on("a", &user("1")));
        });
    });
    assert_eq!(client.status().callback_panics(), 2);
}

/// A client that came to everything that is logged.
fn log_all(act: fn(&GrowthBookClient)) -> GrowthBookClient {
    let client = GrowthBookClient::builder()
        .sticky_buckets(Down)
        .build()
        .unwrap();
    tracing::subscriber::with_default(Log(client.clone(), act), || {
        let payload = br#"{"features":{"tested":{"rules":[{"key":"exp","variations":[1,2]}]}}}"#;
        client.load(payload).unwrap();
        client.is_on("tested", &user("1"));
        assert!(client.close(SECOND).is_complete());
    });
    client
}

/// Does something whenever the client says something.
struct Log(GrowthBookClient, fn(&GrowthBookClient));

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "growthbook"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        (self.1)(&self.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Evaluates and panics whenever the client evaluates.
#[cfg(feature = "otel")]
struct Evaluations(GrowthBookClient);

#[cfg(feature = "otel")]
impl Subscriber for Evaluations {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "growthbook::evaluation"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        assert!(self.0.is_off("a", &user("2")), "on purpose");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Debug)]
struct Down;

impl StickyBucketService for Down {
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        Err(down())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        Err(down())
    }
}
