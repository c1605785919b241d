//! A client with an HTTP source, whose clock moves by hand, and what it tells.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use growthbook_core::engine::{Silent, Subject, evaluate};
use growthbook_core::testing::ManualClock;
use growthbook_core::{
    GrowthBookClient, GrowthBookClientBuilder, Ruleset, SourceStatus, StreamState, UserContext,
};
use growthbook_fetch::HttpSource;

use super::api::{Api, SOON};

pub(crate) struct Rig {
    pub(crate) client: GrowthBookClient,
    pub(crate) clock: ManualClock,
    /// The values of `f` that came into force.
    values: Receiver<u32>,
    /// What was told to `on_error`.
    pub(crate) errors: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    pub(crate) fn new(source: HttpSource) -> Self {
        Self::with(source, |builder| builder)
    }

    pub(crate) fn with(
        source: HttpSource,
        configure: impl FnOnce(GrowthBookClientBuilder) -> GrowthBookClientBuilder,
    ) -> Self {
        let clock = ManualClock::new();
        let (send, values) = channel();
        let errors = Arc::<Mutex<Vec<String>>>::default();
        let noting = Arc::clone(&errors);
        let builder = GrowthBookClient::builder()
            .source(source)
            .clock(clock.clone())
            .on_refresh(move |event| {
                let _ = send.send(value_in(event.ruleset()));
            })
            .on_error(move |error| noting.lock().unwrap().push(format!("{error:?}")));
        let client = configure(builder).build().unwrap();
        Self {
            client,
            clock,
            values,
            errors,
        }
    }

    /// The next value of `f` that comes into force.
    #[track_caller]
    pub(crate) fn next_value(&self) -> u32 {
        self.values.recv_timeout(SOON).unwrap()
    }

    pub(crate) fn value(&self) -> u32 {
        value(&self.client)
    }

    pub(crate) fn source(&self) -> SourceStatus {
        self.client.status().source().cloned().unwrap()
    }

    /// Lets time pass up to the source's next attempt.
    #[track_caller]
    pub(crate) fn pass_to_next_attempt(&self) -> Duration {
        let due = self.until(SourceStatus::next_attempt, "an attempt to be planned");
        self.clock.advance(due);
        due
    }

    /// Waits until the source says something of itself.
    #[track_caller]
    pub(crate) fn until<T>(&self, is_so: impl Fn(&SourceStatus) -> Option<T>, what: &str) -> T {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let status = self.source();
            if let Some(found) = is_so(&status) {
                return found;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "waited for {what}: {status:?}"
            );
            std::thread::yield_now();
        }
    }

    #[track_caller]
    pub(crate) fn until_stream(&self, stream: StreamState) {
        let is_so = |status: &SourceStatus| (status.stream() == stream).then_some(());
        self.until(is_so, &format!("{stream:?}"));
    }

    /// Waits until the stream is to be opened again, and says in how much time.
    #[track_caller]
    pub(crate) fn until_waiting(&self) -> Duration {
        let waiting = |status: &SourceStatus| match status.stream() {
            StreamState::Waiting { remaining } => Some(remaining),
            _ => None,
        };
        self.until(waiting, "the stream to be waited for")
    }
}

/// A rig whose stream is open, with the value 1 in force and nothing under way.
pub(crate) fn streaming(api: &Api) -> Rig {
    streaming_with(api, |builder| builder)
}

/// The same, with a client that is configured further.
pub(crate) fn streaming_with(
    api: &Api,
    configure: impl FnOnce(GrowthBookClientBuilder) -> GrowthBookClientBuilder,
) -> Rig {
    api.offer_streaming();
    let rig = Rig::with(HttpSource::new(api.endpoint()).streaming(), configure);
    assert_eq!(rig.next_value(), 1);
    api.wait_for_streams(1);
    // One request before the stream was open, and one after it.
    api.wait_for_gets(2);
    rig.until_stream(StreamState::Open);
    rig.until(
        |status| {
            status
                .next_attempt()
                .filter(|due| *due > Duration::from_secs(60))
        },
        "the request after the stream was opened to be answered",
    );
    rig
}

pub(crate) fn value(client: &GrowthBookClient) -> u32 {
    client.value("f", &UserContext::default(), 0)
}

/// The value of `f` in features that a client may not have in force any more.
pub(crate) fn value_in(ruleset: &Arc<Ruleset>) -> u32 {
    let user = UserContext::default();
    let result = evaluate(ruleset, "f", &Subject::new(&user), None, &mut Silent);
    let value = result.value().as_u64();
    value.map_or(0, |value| u32::try_from(value).unwrap())
}
