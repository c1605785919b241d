//! What the threads that record have in common with the one that delivers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use growthbook_core::{Clock, OwnedTrackingEvent, TrackingEvent};

use super::bell::Bell;
use super::desk::Desk;
use super::ledger::Ledger;
use super::place::Place;
use super::process::Process;
use super::report::{DropReason, TrackerReport};
use crate::guard::say;

/// One queue and its worker.
///
/// In a copy of the process nothing in here is touched but atomics: a lock may have been held when the copy was made, by a
/// thread that is not in it.
pub(crate) struct Lane {
    pub(super) ledger: Arc<Ledger>,
    pub(super) desk: Desk,
    pub(super) clock: Arc<dyn Clock>,
    process: Process,
    queue: Sender<Queued>,
    /// What is in the queue when nobody empties it any more: a channel keeps that as long as anybody can send.
    rest: Receiver<Queued>,
    /// Rings where the queue is emptied.
    pub(super) door: Arc<Bell>,
    /// Rings where events are delivered, which may be the same place.
    pub(super) bell: Arc<Bell>,
    max_event_bytes: usize,
    is_closed: AtomicBool,
    /// Nobody empties the queue any more.
    is_abandoned: AtomicBool,
    /// Who empties the queue rests until the door's bell rings.
    is_asleep: AtomicBool,
    /// Whoever closes has stopped waiting.
    pub(super) is_overdue: AtomicBool,
    is_foreign: AtomicBool,
    pub(super) worker: OnceLock<ThreadId>,
    #[cfg(feature = "spool")]
    pub(super) scribe: OnceLock<ThreadId>,
    successor: OnceLock<Arc<Self>>,
}

/// An event on its way to the worker. Until it is there it shares the payload and the user with the client.
///
/// The channel sets aside room for as many as there may be: hence the box.
pub(super) struct Queued {
    pub(super) event: Box<OwnedTrackingEvent>,
    pub(super) place: Place,
}

/// The other ends.
pub(super) struct Ends {
    pub(super) queue: Receiver<Queued>,
    /// Of the door's bell.
    #[cfg_attr(
        not(feature = "spool"),
        expect(dead_code, reason = "the worker itself stands at the door")
    )]
    pub(super) at_door: Receiver<()>,
    /// Of the worker's bell.
    pub(super) rung: Receiver<()>,
}

/// What a lane is made of.
pub(super) struct LaneOptions {
    pub(super) events: usize,
    pub(super) bytes: usize,
    pub(super) max_event_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) process: Process,
    /// Whether the queue is emptied in a thread of its own.
    pub(super) has_scribe: bool,
}

impl Lane {
    pub(super) fn new(options: LaneOptions) -> (Arc<Self>, Ends) {
        let (queue, waiting) = bounded(options.events.max(1));
        let (bell, rung) = bounded(1);
        let bell = Bell::new(bell);
        let (door, at_door) = if options.has_scribe {
            let (door, at_door) = bounded(1);
            (Bell::new(door), at_door)
        } else {
            (Arc::clone(&bell), rung.clone())
        };
        let lane = Self {
            ledger: Ledger::new(options.events, options.bytes),
            desk: Desk::default(),
            clock: options.clock,
            process: options.process,
            queue,
            rest: waiting.clone(),
            door,
            bell,
            max_event_bytes: options.max_event_bytes,
            is_closed: AtomicBool::new(false),
            is_abandoned: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            is_overdue: AtomicBool::new(false),
            is_foreign: AtomicBool::new(false),
            worker: OnceLock::new(),
            #[cfg(feature = "spool")]
            scribe: OnceLock::new(),
            successor: OnceLock::new(),
        };
        let ends = Ends {
            queue: waiting,
            at_door,
            rung,
        };
        (Arc::new(lane), ends)
    }

    pub(super) fn record(&self, event: &TrackingEvent<'_>, is_wanted: bool) {
        if self.is_foreign.load(Ordering::Relaxed)
            && let Some(successor) = self.successor.get()
        {
            return successor.record(event, is_wanted);
        }
        // Asking for the process takes longer than all the rest, so a copy may take a few events before it knows. They are
        // counted as the others are.
        let before = self.ledger.offer();
        let is_foreign = before.is_multiple_of(ASKED_EVERY) && self.is_elsewhere();
        if is_foreign || self.is_foreign.load(Ordering::Relaxed) {
            return self.ledger.turn_away(DropReason::Forked);
        }
        if !is_wanted {
            return self.ledger.turn_away(DropReason::Filtered);
        }
        if let Err(reason) = self.put(event) {
            self.ledger.turn_away(reason);
        }
    }

    /// An error is for whoever counts; a place counts itself.
    fn put(&self, event: &TrackingEvent<'_>) -> Result<(), DropReason> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(DropReason::Closed);
        }
        if self.ledger.is_full() {
            return Err(DropReason::QueueFull);
        }
        let bytes = event.weight(self.max_event_bytes);
        let bytes = bytes.ok_or(DropReason::TooLarge)?;
        let place = self.ledger.reserve(bytes).ok_or(DropReason::QueueFull)?;
        let event = Box::new(event.into_owned());
        match self.queue.try_send(Queued { event, place }) {
            Ok(()) => {}
            Err(TrySendError::Full(queued)) => queued.place.dropped(DropReason::QueueFull),
            // The lane itself has a receiver.
            Err(TrySendError::Disconnected(queued)) => queued.place.dropped(DropReason::Closed),
        }
        // In this order who empties the queue sees the event, or this sees that they sleep.
        if self.is_asleep.load(Ordering::SeqCst)
            && self.is_asleep.swap(false, Ordering::SeqCst)
            && !self.is_elsewhere()
        {
            self.door.ring();
        }
        // In this order, too, one of the two sees what came when the end was near.
        if self.is_abandoned.load(Ordering::SeqCst) {
            self.abandon_queue();
        }
        Ok(())
    }

    /// Nobody empties the queue from now on, and what is in it is dropped.
    pub(super) fn abandon_queue(&self) {
        self.is_abandoned.store(true, Ordering::SeqCst);
        while self.rest.try_recv().is_ok() {}
    }

    /// Whether this is another process than the lane's. Says so once in the log.
    fn is_elsewhere(&self) -> bool {
        if self.process.is_own() {
            return false;
        }
        if !self.is_foreign.swap(true, Ordering::Relaxed) {
            say!(
                warn,
                "this process is a copy of the one that made the tracker: its events are dropped until `reopen`"
            );
        }
        true
    }

    /// The lane of this process, if there is one.
    pub(super) fn here(self: &Arc<Self>) -> Option<&Arc<Self>> {
        if !self.is_elsewhere() {
            return Some(self);
        }
        self.successor.get()?.here()
    }

    /// Has another lane take its place in this process, unless it is at home here. Says whether that one did.
    pub(super) fn succeed(self: &Arc<Self>, make: impl FnOnce(Process) -> Arc<Self>) -> bool {
        if !self.is_elsewhere() {
            return false;
        }
        if let Some(successor) = self.successor.get() {
            return successor.succeed(make);
        }
        match self.successor.set(make(self.process.renewed())) {
            Ok(()) => true,
            Err(late) => {
                // Another thread was faster. Nobody else knows of this one, which has nothing to deliver.
                let _ = late.close(Duration::ZERO);
                false
            }
        }
    }

    pub(super) fn report(self: &Arc<Self>) -> TrackerReport {
        let own = self.ledger.report();
        if !self.is_elsewhere() {
            return own;
        }
        let own = own.forked();
        match self.successor.get() {
            Some(successor) => successor.report().after(&own),
            None => own,
        }
    }

    /// There is something to be delivered.
    #[cfg(feature = "spool")]
    pub(super) fn ring_worker(&self) {
        self.bell.ring();
    }

    /// The calling thread is the one that empties the queue for the worker.
    #[cfg(feature = "spool")]
    pub(super) fn enter_as_scribe(&self) {
        let _ = self.scribe.set(thread::current().id());
    }

    /// The calling thread is the worker.
    pub(super) fn enter(&self) {
        // A lane has one worker, once.
        let _ = self.worker.set(thread::current().id());
    }

    /// Takes nothing more.
    pub(super) fn shut(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.is_overdue.load(Ordering::SeqCst)
    }

    pub(super) fn sleeps(&self, is_asleep: bool) {
        self.is_asleep.store(is_asleep, Ordering::SeqCst);
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.bell))
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

/// How many events pass between two looks at which process this is.
const ASKED_EVERY: u64 = 32;
