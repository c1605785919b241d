use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use growthbook_core::{Clock, Interest, SystemClock};

use super::door::{Direct, Door, Inlet};
use super::lane::{Lane, LaneOptions};
use super::process::Process;
use super::report::TrackerState;
#[cfg(feature = "spool")]
use super::spooled::{self, Storage};
use super::worker::Worker;
use super::{BatchTracker, Handle};
use crate::batch::{Dispatch, Memory};
use crate::guard::{guarded, say};
use crate::intake::{Intake, IntakeOptions, Policy};
use crate::{Batching, Event, EventSink};
#[cfg(feature = "spool")]
use crate::{SpoolError, SpoolOptions};

/// Builds a [`BatchTracker`].
#[must_use = "a builder does nothing until `build`"]
pub struct BatchTrackerBuilder<S> {
    sink: S,
    plan: Plan,
    process: Process,
}

/// What a tracker is made of beside its sink.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) interest: Interest,
    batching: Batching,
    events: usize,
    bytes: usize,
    max_age: Duration,
    intake: IntakeOptions,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "spool")]
    spool: Option<SpoolOptions>,
}

impl<S: EventSink> BatchTrackerBuilder<S> {
    pub(super) fn new(sink: S) -> Self {
        // A sink that panics in there has no wishes.
        let batching = guarded(|| sink.batching()).unwrap_or_default();
        Self {
            sink,
            plan: Plan {
                interest: Interest::EXPERIMENT_VIEWED | Interest::CUSTOM,
                batching,
                events: 10_000,
                bytes: 16 * 1024 * 1024,
                max_age: Duration::from_secs(24 * 60 * 60),
                intake: IntakeOptions {
                    policy: Policy::default(),
                    filter: None,
                    also: Vec::new(),
                    max_event_bytes: 256 * 1024,
                    remembered: 1_000,
                    told_apart_by: Vec::new(),
                },
                clock: Arc::new(SystemClock::new()),
                #[cfg(feature = "spool")]
                spool: None,
            },
            process: Process::own(std::process::id),
        }
    }

    /// Starts the thread, or two with a spool. If the system gives none, all events are dropped, which the log and the
    /// [report](BatchTracker::report) say.
    ///
    /// # Blocking
    ///
    /// With a spool, while it looks through the folder: some milliseconds, unless the disk is slow.
    pub fn build(self) -> BatchTracker {
        let Self {
            sink,
            plan,
            process,
        } = self;
        let lane = plan.start(sink, process);
        BatchTracker {
            handle: Arc::new(Handle { lane, plan }),
        }
    }
}

impl<S> BatchTrackerBuilder<S> {
    /// Which kinds of events to take: exposures and the program's own events unless set. Uses of features are many: one for
    /// each feature of each evaluation.
    pub fn interest(mut self, interest: Interest) -> Self {
        self.plan.interest = interest;
        self
    }

    /// When to deliver, how many events at a time, and how often to try: instead of what the sink says.
    pub fn batching(mut self, batching: Batching) -> Self {
        self.plan.batching = batching;
        self
    }

    /// [`Batching::batch_size`], with all else as it was.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.plan.batching = self.plan.batching.batch_size(events);
        self
    }

    /// [`Batching::interval`], with all else as it was.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.plan.batching = self.plan.batching.interval(interval);
        self
    }

    /// [`Batching::max_retries`], with all else as it was.
    pub fn max_retries(mut self, retries: Option<u32>) -> Self {
        self.plan.batching = self.plan.batching.max_retries(retries);
        self
    }

    /// How much may be pending: events (10,000 unless set, and a million at most; the room is set aside at once) and bytes
    /// of their JSON (16 MiB).
    /// What finds no room is dropped as [`DropReason::QueueFull`](crate::DropReason::QueueFull): those that came first are
    /// kept, since the first exposure is the one that counts.
    pub fn queue(mut self, events: usize, bytes: usize) -> Self {
        (self.plan.events, self.plan.bytes) = (events.min(MOST_EVENTS), bytes);
        self
    }

    /// How large an event may be, as JSON: 256 KiB unless set. A larger one is dropped, as is one nested deeper than 128
    /// levels: [`DropReason::TooLarge`](crate::DropReason::TooLarge).
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.plan.intake.max_event_bytes = bytes;
        self
    }

    /// How long an event may be pending before it is dropped: a day unless set. With a spool, that is up to the spool.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.plan.max_age = age;
        self
    }

    /// Keeps events on disk, from some milliseconds after they were recorded until they are delivered. So they survive the end
    /// of the process, however it comes, and the next one that has the same folder delivers them: with the ids and times that
    /// they have, and twice only where it is not known whether they arrived.
    ///
    /// * A thread of its own, `gb-spool`, writes events in groups, and does what is said here to be done on the tracker's
    ///   thread before. [Pending](Self::queue) in memory is only what is not on disk yet.
    /// * What cannot be written, since the disk is full, say, stays in memory, within the bounds of the queue, until it is
    ///   delivered; events are written again as soon as that is possible. A spool that cannot be opened at all is left out.
    ///   [`TrackerReport::spool_error`](crate::TrackerReport::spool_error) tells, and so does the log.
    /// * Closing the tracker leaves on disk what is not delivered within the limit. It counts as pending.
    /// * About once a minute it takes over what processes left that have ended meanwhile.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_tracking::{BatchTracker, JsonLines, SpoolOptions};
    ///
    /// # let folder = std::env::temp_dir().join(format!("growthbook-spool-{}", std::process::id()));
    /// let tracker = BatchTracker::builder(JsonLines::new(folder.join("events.jsonl")))
    ///     .spool(SpoolOptions::new(folder.join("spool")))
    ///     .build();
    /// if let Some(spool) = tracker.report().spool() {
    ///     println!("{} events were left by an earlier process", spool.recovered());
    /// }
    /// # drop(tracker);
    /// # let _ = std::fs::remove_dir_all(folder);
    /// ```
    #[cfg(feature = "spool")]
    #[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.plan.max_age = options.age();
        self.plan.spool = Some(options);
        self
    }

    /// Takes only events for which this is true. It sees them as they would be delivered, on the tracker's thread. If it
    /// panics, the event is taken.
    pub fn event_filter(mut self, filter: impl Fn(&Event) -> bool + Send + Sync + 'static) -> Self {
        self.plan.intake.filter = Some(Arc::new(filter));
        self
    }

    /// How many exposures and uses of features to remember, so that the same ones are not delivered again: those of the same
    /// user, experiment, phase and variation, or of the same feature, value and attributes. 1,000 unless set; 0 delivers
    /// everything. Which were used last is what is remembered.
    pub fn dedupe(mut self, entries: usize) -> Self {
        self.plan.intake.remembered = entries;
        self
    }

    /// Takes events for the same ones only if these attributes are the same too; for uses of features, these instead of all.
    pub fn dedupe_by<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(|name| name.into().into());
        self.plan.intake.told_apart_by = names.collect();
        self
    }

    /// Delivers these attributes of a user and no others. The value by which a user was bucketed is a part of the exposure
    /// all the same: [hash](Self::hash_attributes) what must not be read.
    pub fn only_attributes<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.plan.intake.policy.only = Some(boxed(names));
        self
    }

    /// Delivers all attributes of a user but these; see [`Self::only_attributes`].
    pub fn without_attributes<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.plan.intake.policy.without.extend(boxed(names));
        self
    }

    /// Delivers SHA-256 of the salt and the value, in hexadecimal digits, in place of these attributes: of texts, of numbers
    /// as text, and of each of them in lists and maps. That goes for the value by which a user was bucketed as well.
    pub fn hash_attributes<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
        salt: impl Into<String>,
    ) -> Self {
        let hashed = (boxed(names), salt.into().into());
        self.plan.intake.policy.hashed.push(hashed);
        self
    }

    /// Tells this of each exposure as well that is taken, once, on the tracker's thread. Its panics are swallowed.
    pub fn also(mut self, call: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.plan.intake.also.push(Arc::new(call));
        self
    }

    /// Where time comes from: the operating system, unless a test brings another clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.plan.clock = Arc::new(clock);
        self
    }

    #[cfg(test)]
    pub(super) fn process(mut self, process: Process) -> Self {
        self.process = process;
        self
    }
}

impl Plan {
    pub(super) fn start(&self, sink: impl EventSink, process: Process) -> Arc<Lane> {
        #[cfg(feature = "spool")]
        let storage = self.storage();
        #[cfg(feature = "spool")]
        let has_scribe = matches!(storage, Some(Ok(_)));
        #[cfg(not(feature = "spool"))]
        let has_scribe = false;
        let (lane, ends) = Lane::new(LaneOptions {
            events: self.events,
            bytes: self.bytes,
            max_event_bytes: self.intake.max_event_bytes,
            clock: Arc::clone(&self.clock),
            process,
            has_scribe,
        });
        let door = Door::new(ends.queue, Intake::new(self.intake.clone()));
        let batching = self.batching.clone();
        #[cfg(feature = "spool")]
        if let Some(storage) = storage {
            lane.ledger.keep(storage.clone());
            if let Ok(storage) = storage {
                let door = (door, ends.at_door);
                let started = spooled::start(&lane, &storage, door, batching);
                let started =
                    started.and_then(|ways| spawn(Worker::new(&lane, ends.rung, sink, ways)));
                return running(lane, started);
            }
        }
        let direct = Direct::new(Arc::clone(&lane), door, self.max_age);
        let ways = (direct, Dispatch::new(batching, Memory::default()));
        let started = spawn(Worker::new(&lane, ends.rung, sink, ways));
        running(lane, started)
    }

    #[cfg(feature = "spool")]
    fn storage(&self) -> Option<Result<Arc<Storage>, SpoolError>> {
        let opened = Storage::open(self.spool.clone()?, Arc::clone(&self.clock));
        if let Err(error) = &opened {
            say!(
                error,
                "events cannot be kept on disk, and stay in memory: {error}"
            );
        }
        Some(opened)
    }
}

fn spawn(worker: Worker<impl EventSink, impl Inlet>) -> io::Result<()> {
    let thread = Builder::new().name("gb-track".to_owned());
    thread.spawn(move || worker.run()).map(drop)
}

/// The lane, as it is when its threads have started or could not be.
fn running(lane: Arc<Lane>, started: io::Result<()>) -> Arc<Lane> {
    if let Err(error) = started {
        say!(
            error,
            "no thread to deliver events in, so they are dropped: {}",
            error.kind()
        );
        lane.shut();
        lane.ledger.is_now(TrackerState::Failed);
        lane.desk.end(0, true);
    }
    lane
}

impl<S: fmt::Debug> fmt::Debug for BatchTrackerBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchTrackerBuilder")
            .field("sink", &self.sink)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

fn boxed<N: Into<String>>(names: impl IntoIterator<Item = N>) -> BTreeSet<Box<str>> {
    names.into_iter().map(|name| name.into().into()).collect()
}

const MOST_EVENTS: usize = 1_000_000;
