use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::mail::Courier;
use super::storage::Storage;
use crate::batch::{Kept, Mark};
use crate::guard::guarded;
use crate::spool::{AppendError, Record};
use crate::tracker::door::Door;
use crate::tracker::lane::Lane;
use crate::tracker::panics::Panics;
use crate::tracker::place::Place;
use crate::tracker::report::{DropReason, TrackerState};
use crate::tracker::worker::LINGER;
use crate::{Event, SpoolError};

/// Writes what comes to disk.
pub(super) struct Scribe {
    lane: Arc<Lane>,
    storage: Arc<Storage>,
    door: Door,
    rung: Receiver<()>,
    courier: Arc<Courier>,
    /// A group as it is written.
    text: Vec<u8>,
    panics: Panics,
}

/// Events that are written at once.
#[derive(Default)]
struct Bundle {
    events: Vec<(Event, Place)>,
    /// Where the text of each of them ends.
    ends: Vec<usize>,
}

impl Scribe {
    pub(super) fn new(
        lane: Arc<Lane>,
        storage: Arc<Storage>,
        (door, rung): (Door, Receiver<()>),
        courier: Arc<Courier>,
    ) -> Self {
        Self {
            lane,
            storage,
            door,
            rung,
            courier,
            text: Vec::new(),
            panics: Panics::default(),
        }
    }

    pub(super) fn run(mut self) {
        self.lane.enter_as_scribe();
        loop {
            match guarded(|| self.step()) {
                Some(true) => {}
                Some(false) => break,
                None => {
                    self.lane.sleeps(false);
                    if !self.panics.goes_on(&self.lane, Duration::ZERO) {
                        self.lane.ledger.is_now(TrackerState::Failed);
                        break;
                    }
                }
            }
        }
        self.lane.shut();
        let Self { lane, door, .. } = self;
        // What the program's code is dropped with may panic.
        guarded(|| drop(door));
        guarded(|| lane.abandon_queue());
        lane.ring_worker();
    }

    /// Whether there is more to do.
    fn step(&mut self) -> bool {
        // The worker ends by itself if whoever closes has stopped waiting, maybe while a group is written.
        let is_dismissed = self.courier.is_closed();
        let mut asked = self.lane.desk.take();
        // What was put there before anything that was asked for, or before the worker ended, is among it.
        let waiting = self.door.len();
        let mut left = waiting;
        while left > 0 {
            let group = left.min(GROUP);
            self.write(group);
            self.lane.ring_worker();
            left -= group;
        }
        self.lane.answer_syncs(&mut asked);
        let is_over = asked.deadline.is_some() || is_dismissed;
        if asked.is_anything() {
            self.courier.pass_on(asked);
            self.lane.ring_worker();
        }
        if !is_over {
            self.rest(waiting > 0);
        }
        !is_over
    }

    fn rest(&self, is_flowing: bool) {
        if is_flowing {
            // What comes meanwhile is the next group, and nobody who records has to wake this thread.
            let _ = self.rung.recv_timeout(LINGER);
            return;
        }
        self.lane.sleeps(true);
        if self.door.len() == 0 {
            let _ = self.rung.recv();
        }
        self.lane.sleeps(false);
    }

    fn write(&mut self, events: usize) {
        let mut bundle = Bundle::default();
        let text = &mut self.text;
        text.clear();
        self.door.take(events, |event, place| {
            let start = text.len();
            if serde_json::to_writer(&mut *text, &event).is_err() {
                text.truncate(start);
                return place.dropped(DropReason::Rejected);
            }
            bundle.ends.push(text.len());
            bundle.events.push((event, place));
        });
        let rest = self.append(bundle);
        self.text.shrink_to(MOST_KEPT);
        if !rest.is_empty() {
            self.spill(rest);
        }
    }

    /// What could not be written.
    fn append(&self, bundle: Bundle) -> Vec<(Event, Place)> {
        let at = self.storage.now();
        let starts = std::iter::once(0).chain(bundle.ends.iter().copied());
        let records = starts.zip(&bundle.ends).map(|(start, &end)| Record {
            at,
            bytes: self.text.get(start..end).unwrap_or_default(),
        });
        let records: Vec<_> = records.collect();
        let mut events = bundle.events.into_iter();
        let mut written = 0;
        while let Some(left) = records.get(written..).filter(|left| !left.is_empty()) {
            let (more, error) = match self.storage.append(left) {
                Ok(()) => (left.len(), None),
                Err(AppendError { written, error }) => (written, Some(error)),
            };
            let on_disk = events.by_ref().take(more);
            on_disk.for_each(|(_, place)| place.kept());
            written += more;
            match error {
                None => {}
                Some(SpoolError::TooLarge) => {
                    if let Some((_, place)) = events.next() {
                        place.dropped(DropReason::TooLarge);
                    }
                    written += 1;
                }
                Some(_) => return events.collect(),
            }
        }
        Vec::new()
    }

    fn spill(&self, events: Vec<(Event, Place)>) {
        let since = self.lane.clock.monotonic();
        let expires = since.saturating_add(self.storage.max_age());
        let number = self.storage.stock().all;
        let kept = events.into_iter().map(|(event, mut place)| {
            place.spill();
            let mark = Mark {
                number,
                since,
                expires,
                place,
            };
            Kept { event, mark }
        });
        self.courier.spill(kept.collect());
    }
}

/// How many events are written at once, at most.
const GROUP: usize = 1_000;
/// One long group does not keep its memory for ever.
const MOST_KEPT: usize = 1 << 20;
