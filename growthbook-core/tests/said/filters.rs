//! Subscribers whose filter is code of the program's that does more than to compare.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use growthbook_core::{GrowthBookClient, UserContext};
use growthbook_testkit::Process;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

static CLIENT: OnceLock<GrowthBookClient> = OnceLock::new();
static TOLD: AtomicUsize = AtomicUsize::new(0);

/// How much it wants to hear is a feature.
struct Curious;

impl Subscriber for Curious {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        let client = CLIENT.get();
        client.is_none_or(|client| client.is_on("talkative", &UserContext::default()))
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "growthbook::evaluation" {
            TOLD.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// It is for the whole process: `tracing` guards against such a circle only where a subscriber is a thread's own.
#[test]
fn a_filter_may_ask_for_a_feature() {
    if !Process::is_child() {
        let test = "filters::a_filter_may_ask_for_a_feature";
        let mut process = Process::start(test, &[]).unwrap();
        return process.ends_well("1 passed").unwrap();
    }
    set_global_default(Curious).unwrap();
    let payload =
        r#"{"features": {"talkative": {"defaultValue": true}, "dark": {"defaultValue": true}}}"#;
    let client = GrowthBookClient::builder().payload(payload).build();
    let client = CLIENT.get_or_init(|| client.unwrap());
    assert!(client.is_on("dark", &UserContext::default()));
    assert!(client.scope(UserContext::default()).value("dark", false));
    assert_eq!(
        TOLD.load(Ordering::SeqCst),
        2,
        "its own question is not told"
    );
}

struct Panicking;

impl Subscriber for Panicking {
    #[expect(clippy::panic, reason = "that is what it is for")]
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        panic!("{} is too much", metadata.target());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
}

#[test]
fn a_filter_that_panics_harms_no_evaluation() {
    let payload = r#"{"features": {"dark": {"defaultValue": true}}}"#;
    let client = GrowthBookClient::builder().payload(payload).build();
    let client = client.unwrap();
    let before = client.status().callback_panics();
    tracing::subscriber::with_default(Panicking, || {
        let user = UserContext::default();
        assert!(client.is_on("dark", &user));
        assert!(client.scope(user.clone()).value("dark", false));
        assert_eq!(client.scope(user).evaluate_all().len(), 1);
    });
    assert!(client.status().callback_panics() > before);
}
