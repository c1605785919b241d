//! The end of a client: once, in time, and with nothing lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use growthbook_core::{
    BackendError, BuildError, CacheKey, Clock, Experiment, FeatureFetcher, FetchError, Fetched,
    FlushError, GrowthBookClient, PayloadSink, PayloadSource, Readiness, Refresh, RefreshError,
    RefreshMode, Saved, SourceHandle, SourceStatus, StickyAssignments, StickyBucketService,
    StickyIdentity, StickyWrite, TrackingEvent, TrackingPlugin, Validator,
};

use super::courier::Courier;
use super::puppets::{Plugin, cache_key};
use super::rig::{Rig, SECOND, Way, evaluations};
use super::scripted::HandClock;
use super::stage::{Spot, Stage};
use super::support::{Gate, user, watched};

#[test]
fn of_many_who_close_one_does_it() {
    watched("closing", || {
        for way in Way::BOTH {
            let rig = Rig::new(way);
            rig.round("first");
            let start = Barrier::new(8);
            let first = thread::scope(|scope| {
                let close = || {
                    start.wait();
                    rig.close().was_closed()
                };
                let threads = [(); 8].map(|()| scope.spawn(close));
                let reports = threads.map(|thread| thread.join().unwrap());
                reports.into_iter().filter(|was_closed| !was_closed).count()
            });
            assert_eq!(first, 1);
            assert!(rig.close().was_closed() && rig.client.is_closed());
            let calls = |spot| rig.stage.calls(spot);
            assert_eq!([calls(Spot::PluginClose), calls(Spot::StickyFlush)], [1, 2]);
            let client = rig.client.clone();
            drop(rig);
            drop(client);
        }
    });
}

#[test]
fn after_the_end_nothing_is_reported_and_answers_stay() {
    for way in Way::BOTH {
        let rig = Rig::new(way);
        rig.round("first");
        let (scope, before) = (
            rig.client.scope(user("last")),
            evaluations(&rig.client, "last"),
        );
        rig.close();
        let told = |rig: &Rig| {
            let spots = [Spot::OnEvent, Spot::OnUsage, Spot::OnViewed];
            let others = [Spot::PluginRecord, Spot::PluginFlush, Spot::Subscriber];
            (
                spots.map(|spot| rig.stage.calls(spot)),
                others.map(|spot| rig.stage.calls(spot)),
            )
        };
        let at_the_end = told(&rig);
        assert_eq!(evaluations(&rig.client, "last"), before);
        evaluations(&rig.client, "new");
        scope.evaluate_all();
        let inline = Experiment::builder("new", [1, 2]).build().unwrap();
        scope.run(&inline);
        rig.client.flush(SECOND).unwrap();
        assert_eq!(told(&rig), at_the_end);
    }
}

#[test]
fn the_last_handle_flushes_and_a_scope_is_one() {
    let stage = Stage::default();
    let client = GrowthBookClient::builder()
        .plugin(Plugin(stage.clone()))
        .build()
        .unwrap();
    let scope = client.scope(user("1"));
    drop(client.clone());
    drop(client);
    assert_eq!(stage.calls(Spot::PluginClose), 0);
    drop(scope);
    assert_eq!(stage.calls(Spot::PluginClose), 1);
}

/// Says when it is being closed, and is closed when both have said so.
#[derive(Debug)]
struct Held(Arc<Barrier>);

impl TrackingPlugin for Held {
    fn record(&self, _: &TrackingEvent<'_>) {}

    fn close(&self, _: Duration) -> Result<(), FlushError> {
        self.0.wait();
        self.0.wait();
        Err(FlushError::TimedOut)
    }
}

/// S21: whatever its source is in the middle of, which has a hold on the client then.
#[test]
fn the_last_handle_ends_a_source_that_is_fetching() {
    watched("dropping", || {
        let (begin, is_under_way) = channel();
        let (tell, told) = channel();
        let source = Courier(move |sink: &PayloadSink, end: &Receiver<()>| {
            let fetcher = Fetching {
                begin: Mutex::new(begin),
                gate: Gate::default(),
            };
            let refreshed = thread::scope(|scope| {
                let refreshing = scope.spawn(|| sink.refresh(&fetcher, RefreshMode::Scheduled));
                assert!(end.recv().is_err());
                fetcher.gate.open();
                refreshing.join().unwrap()
            });
            tell.send(refreshed).unwrap();
        });
        let client = GrowthBookClient::builder().source(source).build().unwrap();
        is_under_way.recv().unwrap();
        drop(client);
        assert!(matches!(told.recv().unwrap(), Err(RefreshError::Closed)));
    });
}

#[test]
fn whoever_closes_second_is_told_how_the_first_fares() {
    let barrier = Arc::new(Barrier::new(2));
    let client = GrowthBookClient::builder()
        .plugin(Held(Arc::clone(&barrier)))
        .build()
        .unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| client.close(SECOND));
        barrier.wait();
        let second = client.close(SECOND);
        assert!(second.was_closed() && second.is_under_way() && !second.is_complete());
        barrier.wait();
        assert!(!first.join().unwrap().was_closed());
    });
    let third = client.close(SECOND);
    assert!(third.was_closed() && !third.is_under_way() && !third.is_complete());
    assert_eq!(third.failures().len(), 1);
}

/// Cannot write what it has.
#[derive(Debug)]
struct Unwritten;

impl TrackingPlugin for Unwritten {
    fn record(&self, _: &TrackingEvent<'_>) {}

    fn close(&self, _: Duration) -> Result<(), FlushError> {
        Err(FlushError::TimedOut)
    }
}

#[test]
fn what_closing_has_said_is_not_told_again_at_the_end_of_the_last_handle() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let client = GrowthBookClient::builder()
        .plugin(Unwritten)
        .on_error(move |error| log.lock().unwrap().push(error.to_string()))
        .build()
        .unwrap();
    assert_eq!(client.close(SECOND).failures().len(), 1);
    drop(client);
    assert_eq!(*told.lock().unwrap(), [""; 0]);
}

#[test]
fn what_the_end_of_the_last_handle_could_not_write_is_told() {
    let errors = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&errors);
    let client = GrowthBookClient::builder()
        .plugin(Unwritten)
        .on_error(move |error| log.lock().unwrap().push(error.to_string()));
    drop(client.build().unwrap());
    let told = "not everything was written when the client ended";
    assert_eq!(*errors.lock().unwrap(), [told]);
}

#[test]
fn a_client_that_never_had_features_ends_well() {
    let client = GrowthBookClient::builder().build().unwrap();
    assert!(client.close(SECOND).is_complete());
    let rig = Rig::new(Way::Source);
    assert!(rig.close().is_complete());
}

#[test]
fn one_who_takes_all_the_time_that_there_is_leaves_the_others_theirs() {
    for flush in [false, true] {
        let clock = HandClock::new();
        let granted: Granted = Arc::default();
        let slow = |name| Slow(name, clock.clone(), Arc::clone(&granted));
        let client = GrowthBookClient::builder()
            .clock(clock.clone())
            .source(slow("source"))
            .sticky_buckets(slow("store"))
            .on_event(|_| {})
            .plugin(slow("one"))
            .plugin(slow("two"))
            .build()
            .unwrap();
        let limit = Duration::from_secs(10);
        let mut expected = BTreeMap::from([("store", 2), ("one", 2), ("two", 2)]);
        if flush {
            client.flush(limit).unwrap();
        } else {
            client.close(limit);
            expected.insert("source", 2);
        }
        let granted = granted.lock().unwrap();
        assert_eq!(granted.len(), expected.len());
        for (name, least) in expected {
            assert!(granted[name].as_secs() >= least, "{name}: {granted:?}");
        }
        let together: Duration = granted.values().sum();
        assert!(together <= limit, "{granted:?}");
    }
}

#[test]
fn what_one_leaves_over_is_the_others() {
    let clock = HandClock::new();
    let granted: Granted = Arc::default();
    let client = GrowthBookClient::builder()
        .clock(clock.clone())
        .plugin(Plugin(Stage::default()))
        .plugin(Slow("last", clock, Arc::clone(&granted)))
        .build()
        .unwrap();
    client.close(SECOND);
    assert_eq!(granted.lock().unwrap()["last"], SECOND);
}

#[test]
fn a_clock_that_fails_stands_still_and_takes_no_time_away() {
    #[derive(Debug)]
    struct Fails(HandClock, AtomicBool);
    impl Clock for Fails {
        fn now(&self) -> SystemTime {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            assert!(!self.1.swap(false, Ordering::Relaxed), "on purpose");
            self.0.monotonic()
        }
    }
    let granted: Granted = Arc::default();
    let clock = Arc::new(Fails(HandClock::new(), AtomicBool::new(false)));
    let client = GrowthBookClient::builder()
        .clock(Arc::clone(&clock))
        .plugin(Slow("only", HandClock::new(), Arc::clone(&granted)))
        .build()
        .unwrap();
    client.status();
    clock.1.store(true, Ordering::Relaxed);
    client.close(SECOND);
    assert_eq!(granted.lock().unwrap()["only"], SECOND);
    assert_eq!(client.status().callback_panics(), 1);
}

#[test]
fn closing_does_not_wait_for_a_flush_that_is_stuck() {
    watched("closing during a flush", || {
        let (stage, gate) = (Stage::default(), Arc::new(Gate::default()));
        let (arrive, arrived) = channel();
        let held = Arc::clone(&gate);
        stage.at(Spot::PluginFlush, move || {
            arrive.send(()).unwrap();
            held.pass();
        });
        let rig = Rig::on(&stage, Way::Fetcher).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| rig.client.flush(SECOND));
            arrived.recv().unwrap();
            assert!(!rig.close().was_closed());
            assert_eq!(stage.calls(Spot::PluginClose), 1);
            gate.open();
        });
    });
}

#[test]
fn closing_says_what_was_not_written() {
    #[derive(Debug)]
    struct Failing;
    impl TrackingPlugin for Failing {
        fn record(&self, _: &TrackingEvent<'_>) {}

        fn flush(&self, _: Duration) -> Result<(), FlushError> {
            Err(FlushError::TimedOut)
        }
    }
    let stage = Stage::default();
    let client = GrowthBookClient::builder()
        .plugin(Failing)
        .plugin(Plugin(stage.clone()))
        .build()
        .unwrap();
    assert!(matches!(client.flush(SECOND), Err(FlushError::TimedOut)));
    assert_eq!(
        stage.calls(Spot::PluginFlush),
        1,
        "others are flushed all the same"
    );
    let report = client.close(SECOND);
    assert!(matches!(report.failures(), [FlushError::TimedOut]));
    assert!(!report.is_complete() && !report.was_closed());
    assert_eq!(stage.calls(Spot::PluginClose), 1);
    assert_eq!(client.wait_ready(SECOND), Readiness::Empty);
}

type Granted = Arc<Mutex<BTreeMap<&'static str, Duration>>>;

/// Takes all the time that it is granted, and notes how much that was.
#[derive(Debug)]
struct Slow(&'static str, HandClock, Granted);

impl Slow {
    fn take(&self, limit: Duration) {
        self.1.pass(limit);
        self.2.lock().unwrap().insert(self.0, limit);
    }
}

impl TrackingPlugin for Slow {
    fn record(&self, _: &TrackingEvent<'_>) {}

    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        self.take(limit);
        Ok(())
    }
}

impl StickyBucketService for Slow {
    fn load(
        &self,
        _: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        Ok(BTreeMap::new())
    }

    fn save(&self, _: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        Ok(Saved::Stored)
    }

    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        self.take(limit);
        Ok(())
    }
}

impl PayloadSource for Slow {
    fn start(self: Box<Self>, _: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        Ok(self)
    }
}

impl SourceHandle for Slow {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        Err(RefreshError::TimedOut)
    }

    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }

    fn close(&self, limit: Duration) {
        self.take(limit);
    }
}

/// Asks a server that does not answer before the gate is open.
#[derive(Debug)]
struct Fetching {
    begin: Mutex<Sender<()>>,
    gate: Gate,
}

impl FeatureFetcher for Fetching {
    fn cache_key(&self) -> CacheKey {
        cache_key()
    }

    fn fetch(&self, _: Option<&Validator>) -> Result<Fetched, FetchError> {
        self.begin.lock().unwrap().send(()).unwrap();
        self.gate.pass();
        Err(FetchError::TimedOut)
    }
}
