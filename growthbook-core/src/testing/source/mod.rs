mod apart;
mod ending;
mod pushed;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use self::pushed::Keys;
use super::clock::ManualClock;
use super::suite::{at_once, eventually, in_time};
use crate::client::{GrowthBookClient, Origin, PayloadSource, Readiness, Refresh, RefreshError};
use crate::user::UserContext;

/// Checks that a source keeps the contract of [`PayloadSource`] and of the
/// [`SourceHandle`](crate::SourceHandle) that it makes.
///
/// Each call of `make` gives a source that was not started, and a closure that says what its server has from now on: `Some`
/// payload, or with `None` nothing but failures, such as an error page with status 500. The server has to come along, as
/// a socket on the loopback interface, say; before it is told anything it may do as it likes. A source that polls may do so
/// as seldom as it likes: the suite asks for a refresh when it wants one.
///
/// # Panics
///
/// When the contract is broken, with what is wrong.
///
/// # Example
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use growthbook_core::testing::source_contract;
/// # use std::sync::mpsc::{Receiver, Sender, channel};
/// # use std::time::Duration;
/// # use growthbook_core::{
/// #     BuildError, CacheKey, CachedPayload, ClientKey, FetchError, PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode,
/// #     SourceHandle, SourceStatus, Validator,
/// # };
/// # type Served = Arc<Mutex<Option<Vec<u8>>>>;
/// # type Answer = Result<Refresh, RefreshError>;
/// # #[derive(Debug)]
/// # struct FromMemory(Served);
/// # impl FromMemory {
/// #     fn new(served: Served) -> Self {
/// #         Self(served)
/// #     }
/// # }
/// # impl PayloadSource for FromMemory {
/// #     fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
/// #         let (asking, asked) = channel();
/// #         std::thread::spawn(move || run(&self.0, &sink, &asked));
/// #         Ok(Box::new(Asking(Mutex::new(Some(asking)))))
/// #     }
/// # }
/// # fn run(served: &Served, sink: &PayloadSink, asked: &Receiver<Sender<Answer>>) {
/// #     let _ = ask(served, sink);
/// #     for answer in asked {
/// #         let _ = answer.send(ask(served, sink));
/// #     }
/// # }
/// # fn ask(served: &Served, sink: &PayloadSink) -> Answer {
/// #     let key = CacheKey::new("memory", &ClientKey::new(""));
/// #     let Some(bytes) = served.lock().unwrap().clone() else {
/// #         sink.fail(FetchError::TimedOut);
/// #         return Err(RefreshError::Fetch(FetchError::TimedOut));
/// #     };
/// #     sink.deliver(&key, CachedPayload::new(bytes))
/// # }
/// # #[derive(Debug)]
/// # struct Asking(Mutex<Option<Sender<Sender<Answer>>>>);
/// # impl SourceHandle for Asking {
/// #     fn refresh(&self, _: RefreshMode, limit: Duration) -> Answer {
/// #         let (answer, answered) = channel();
/// #         let asking = self.0.lock().unwrap().clone().ok_or(RefreshError::Closed)?;
/// #         asking.send(answer).map_err(|_| RefreshError::Closed)?;
/// #         drop(asking);
/// #         answered.recv_timeout(limit).unwrap_or(Err(RefreshError::TimedOut))
/// #     }
/// #     fn status(&self) -> SourceStatus {
/// #         SourceStatus::default()
/// #     }
/// #     fn close(&self, _: Duration) {
/// #         self.0.lock().unwrap().take();
/// #     }
/// # }
///
/// // In a test of a source whose server is a place in memory:
/// source_contract(|| {
///     let served = Arc::new(Mutex::new(None));
///     let source = FromMemory::new(Arc::clone(&served));
///     (source, move |payload: Option<&[u8]>| *served.lock().unwrap() = payload.map(Vec::from))
/// });
/// ```
pub fn source_contract<P: PayloadSource, S: Fn(Option<&[u8]>)>(make: impl Fn() -> (P, S)) {
    starting_waits_for_no_server(make());
    features_come_by_themselves(make());
    a_refresh_asks_now(make());
    a_failure_is_told_and_passes(make());
    what_is_unchanged_is_confirmed(make());
    many_may_ask_at_once(make());
    pushed::check(&make);
    ending::check(make);
}

/// A client of the source.
struct Fixture<S> {
    client: GrowthBookClient,
    clock: ManualClock,
    serve: S,
    /// The threads on which features came.
    brought_by: Arc<Mutex<Vec<ThreadId>>>,
    keys: Arc<Keys>,
}

impl<S: Fn(Option<&[u8]>)> Fixture<S> {
    fn new(source: impl PayloadSource, serve: S) -> Self {
        let clock = ManualClock::new();
        let brought_by: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
        let keys = Arc::<Keys>::default();
        let builder = GrowthBookClient::builder()
            .source(source)
            .cache(Arc::clone(&keys))
            .clock(clock.clone());
        let noting = Arc::clone(&brought_by);
        let builder = builder.on_refresh(move |_| {
            let mut threads = noting.lock().unwrap_or_else(PoisonError::into_inner);
            threads.push(thread::current().id());
        });
        // The thread's id comes along, to be compared with those that bring features.
        let (built, builder_thread) =
            in_time("`start`", move || (builder.build(), thread::current().id()));
        let client = built.unwrap_or_else(|error| {
            panic!("a server that is down is no reason not to start: {error:?}")
        });
        let fixture = Self {
            client,
            clock,
            serve,
            brought_by,
            keys,
        };
        assert!(
            !fixture.threads().contains(&builder_thread),
            "`start` returns at once, with nothing fetched, and this one brings features itself"
        );
        fixture
    }

    fn threads(&self) -> Vec<ThreadId> {
        let threads = self.brought_by.lock();
        threads.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn serve(&self, name: &str) {
        (self.serve)(Some(payload(name).as_bytes()));
    }

    fn refresh(&self) -> Result<Refresh, RefreshError> {
        let client = self.client.clone();
        in_time("`refresh`", move || client.force_refresh())
    }

    fn refreshed(&self, when: &str) {
        if let Err(error) = self.refresh() {
            panic!("`refresh` failed, though the server answers ({when}): {error:?}");
        }
    }

    fn has(&self, name: &str) -> bool {
        let result = self.client.evaluate("name", &UserContext::default());
        result.value() == name
    }
}

fn starting_waits_for_no_server<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(None);
    let fixture = Fixture::new(source, serve);
    // Whatever comes of it: after that, the source has heard from the server once.
    let _ = fixture.refresh();
    let readiness = fixture.client.status().readiness();
    assert!(
        readiness == Readiness::Empty,
        "from a server that is down comes nothing, not even a payload without features: {readiness:?}"
    );
    fixture.serve("first");
    fixture.refreshed("after it was down when the source started");
    assert!(
        fixture.has("first"),
        "a server that was down at the start is heard of when it is back"
    );
}

fn features_come_by_themselves<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    let came = eventually(|| fixture.client.status().readiness() == Readiness::Live);
    assert!(
        came,
        "once it is started, features come by themselves: nobody has to ask for them"
    );
    let status = fixture.client.status();
    let is_whole = **status.ruleset().payload() == *payload("first").as_bytes();
    assert!(
        is_whole && status.origin() == Origin::Fetched,
        "the payload is delivered byte for byte as the server sent it, and as fetched"
    );
}

fn a_refresh_asks_now<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    fixture.refreshed("at first");
    for name in ["second", "third", "first"] {
        fixture.serve(name);
        fixture.refreshed("with another payload");
        assert!(
            fixture.has(name),
            "`refresh` asks the server now: when it has returned, what the server has is in force"
        );
    }
}

fn a_failure_is_told_and_passes<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    fixture.refreshed("at first");
    (fixture.serve)(None);
    let failed = fixture.refresh();
    assert!(
        failed.is_err(),
        "a refresh from a server that fails is an error: {failed:?}"
    );
    assert!(
        fixture.has("first"),
        "what is in force stays in force when the server fails"
    );
    let status = fixture.client.status();
    assert!(
        status.refresh_failures() > 0 && status.last_error().is_some(),
        "a failure is told to the sink, so that the client's status shows it"
    );
    fixture.serve("second");
    fixture.refreshed("after it has failed");
    assert!(
        fixture.has("second") && fixture.client.status().last_error().is_none(),
        "a failure passes: what the server has afterwards comes in force"
    );
}

fn what_is_unchanged_is_confirmed<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    fixture.refreshed("at first");
    fixture.clock.advance(HOUR);
    fixture.refreshed("with what it had before");
    let age = fixture.client.status().age();
    assert!(
        age.is_some_and(|age| age < HOUR),
        "who hears that nothing has changed says so to the sink, or features seem to age: {age:?}"
    );
}

fn many_may_ask_at_once<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    let client = &fixture.client;
    let failed = at_once(ASKING, |_| {
        let client = client.clone();
        in_time("one of many `refresh`es at once", move || {
            client.force_refresh().err()
        })
    });
    let failed: Vec<RefreshError> = failed.into_iter().flatten().collect();
    assert!(
        failed.is_empty() && fixture.has("first"),
        "many may ask at once, and each gets an answer: {failed:?}"
    );
}

/// A payload with a name of its own, in white space that is part of it.
fn payload(name: &str) -> String {
    format!("{{\"features\":\t{{\"name\": {{\"defaultValue\": \"{name}\"}} }}}}\n")
}

const HOUR: Duration = Duration::from_secs(3_600);
const ASKING: usize = 4;
