//! A plugin that is right, or wrong in one way.

use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::super::events::Events;
use super::super::{Deliveries, PATIENCE};
use crate::error::FlushError;
use crate::testing::suite::in_background;
use crate::tracking::{Interest, OwnedTrackingEvent, TrackingEvent, TrackingPlugin};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flaw {
    CloseDropsWhatWaits,
    CloseForgetsItsLimit,
    CloseLies,
    CloseWaitsForItself,
    DeliversInRecord,
    DeliversTwice,
    DropsFromWithin,
    FlushAfterCloseHangs,
    FlushDoesNothing,
    FlushForgetsItsLimit,
    FlushLies,
    FlushNeedsEvents,
    GivesUpEarly,
    HasNoRoom,
    LeavesFlushingToOthers,
    LosesWhatTimesOut,
    None,
    RecordAfterClosePanics,
    SecondCloseFails,
    SecondClosePanics,
    WantsNothing,
}

/// A plugin with a flaw, right in everything else: a queue, and a thread that delivers in batches.
#[derive(Debug)]
pub(super) struct Queue {
    flaw: Flaw,
    interest: Interest,
    deliveries: Deliveries,
    inbox: Mutex<Option<SyncSender<Message>>>,
    worker: Arc<OnceLock<ThreadId>>,
    gives_up: Arc<AtomicBool>,
    has_events: AtomicBool,
    is_flushing: AtomicBool,
    has_company: AtomicBool,
}

#[derive(Debug)]
enum Message {
    Event(OwnedTrackingEvent),
    Flush(Sender<()>),
}

impl Queue {
    pub(super) fn new(flaw: Flaw, deliveries: Deliveries) -> Self {
        let room = if flaw == Flaw::HasNoRoom { 4 } else { 1_000 };
        let (inbox, messages) = sync_channel(room);
        let (worker, gives_up) = (Arc::default(), Arc::default());
        in_background({
            let worker = Worker {
                flaw,
                deliveries: deliveries.clone(),
                own: Arc::clone(&worker),
                gives_up: Arc::clone(&gives_up),
            };
            move || worker.run(&messages)
        });
        Self {
            flaw,
            interest: match flaw {
                Flaw::WantsNothing => Interest::NONE,
                _ => Interest::ALL,
            },
            deliveries,
            inbox: Mutex::new(Some(inbox)),
            worker,
            gives_up,
            has_events: AtomicBool::new(false),
            is_flushing: AtomicBool::new(false),
            has_company: AtomicBool::new(false),
        }
    }

    pub(super) fn wanting(self, interest: Interest) -> Self {
        Self { interest, ..self }
    }

    fn inbox(&self) -> Option<SyncSender<Message>> {
        self.inbox.lock().unwrap().clone()
    }

    fn is_within(&self) -> bool {
        self.worker.get() == Some(&thread::current().id())
    }

    /// Until another flush has come, if one comes soon, and then for long enough that it is seen to have done nothing.
    fn wait_for_company(&self) {
        for _ in 0..300 {
            if self.has_company.load(Ordering::SeqCst) {
                return thread::park_timeout(Duration::from_millis(500));
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    fn drain(&self, limit: Duration) -> Result<(), FlushError> {
        let Some(inbox) = self.inbox() else {
            return Ok(());
        };
        let (done, end) = channel();
        drop(inbox.send(Message::Flush(done)));
        end.recv_timeout(limit).map_err(|_| FlushError::TimedOut)
    }
}

impl TrackingPlugin for Queue {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        let event = event.into_owned();
        if self.flaw == Flaw::DeliversInRecord {
            return arrive(&self.deliveries, &event);
        }
        if self.flaw == Flaw::DropsFromWithin && self.is_within() {
            return;
        }
        self.has_events.store(true, Ordering::SeqCst);
        match self.inbox() {
            Some(inbox) => drop(inbox.try_send(Message::Event(event))),
            None => assert!(self.flaw != Flaw::RecordAfterClosePanics, "on purpose"),
        }
    }

    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        match self.flaw {
            Flaw::FlushAfterCloseHangs if self.inbox().is_none() => {
                thread::park_timeout(PATIENCE * 2);
            }
            Flaw::FlushDoesNothing => return Ok(()),
            Flaw::FlushForgetsItsLimit => return self.drain(PATIENCE * 2),
            Flaw::FlushLies => return self.drain(limit).or(Ok(())),
            Flaw::FlushNeedsEvents if !self.has_events.load(Ordering::SeqCst) => {
                return Err(FlushError::TimedOut);
            }
            Flaw::LeavesFlushingToOthers => {
                if self.is_flushing.swap(true, Ordering::SeqCst) {
                    self.has_company.store(true, Ordering::SeqCst);
                    return Ok(());
                }
                self.wait_for_company();
                let flushed = self.drain(limit);
                self.is_flushing.store(false, Ordering::SeqCst);
                return flushed;
            }
            _ => {}
        }
        let flushed = self.drain(limit);
        if flushed.is_err() && self.flaw == Flaw::LosesWhatTimesOut && !limit.is_zero() {
            self.gives_up.store(true, Ordering::SeqCst);
        }
        flushed
    }

    fn close(&self, limit: Duration) -> Result<(), FlushError> {
        let is_open = self.inbox().is_some();
        assert!(
            is_open || self.flaw != Flaw::SecondClosePanics,
            "on purpose"
        );
        let drained = match self.flaw {
            Flaw::CloseDropsWhatWaits => {
                self.gives_up.store(true, Ordering::SeqCst);
                Ok(())
            }
            Flaw::CloseForgetsItsLimit => self.drain(PATIENCE * 2),
            Flaw::CloseLies => self.drain(limit).or(Ok(())),
            Flaw::GivesUpEarly if limit < Duration::from_secs(3) => {
                self.gives_up.store(true, Ordering::SeqCst);
                Err(FlushError::TimedOut)
            }
            Flaw::SecondCloseFails if !is_open => Err(FlushError::TimedOut),
            Flaw::CloseWaitsForItself => self.drain(limit),
            _ if self.is_within() => Ok(()),
            _ => self.drain(limit),
        };
        *self.inbox.lock().unwrap() = None;
        drained
    }
}

struct Worker {
    flaw: Flaw,
    deliveries: Deliveries,
    own: Arc<OnceLock<ThreadId>>,
    gives_up: Arc<AtomicBool>,
}

impl Worker {
    fn run(&self, messages: &Receiver<Message>) {
        let _ = self.own.set(thread::current().id());
        let mut batch = Vec::new();
        for message in messages {
            match message {
                Message::Event(event) => batch.push(event),
                Message::Flush(done) => {
                    self.deliver(&mut batch);
                    let _ = done.send(());
                }
            }
            let waits_for_a_flush = self.flaw == Flaw::LeavesFlushingToOthers;
            if batch.len() >= BATCH && !waits_for_a_flush {
                self.deliver(&mut batch);
            }
        }
        self.deliver(&mut batch);
    }

    fn deliver(&self, batch: &mut Vec<OwnedTrackingEvent>) {
        for event in batch.drain(..) {
            if self.gives_up.load(Ordering::SeqCst) {
                continue;
            }
            arrive(&self.deliveries, &event);
            if self.flaw == Flaw::DeliversTwice {
                arrive(&self.deliveries, &event);
            }
        }
    }
}

fn arrive(deliveries: &Deliveries, event: &OwnedTrackingEvent) {
    for name in Events::names(slice::from_ref(event)) {
        deliveries.arrived(name);
    }
}

const BATCH: usize = 7;
