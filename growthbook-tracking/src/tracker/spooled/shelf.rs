use std::sync::Arc;
use std::time::Duration;

use super::storage::{Receipt, Stock, Storage};
use crate::Event;
use crate::batch::{Backlog, Kept, Mark, Memory, Oldest};
use crate::guard::say;
use crate::spool::{Record, Taken};
use crate::tracker::lane::Lane;
use crate::tracker::place::Place;
use crate::tracker::report::DropReason;

/// What waits on disk, and in memory since it could not be written. Numbers count both, in the order in which they came.
pub(crate) struct Shelf {
    lane: Arc<Lane>,
    storage: Arc<Storage>,
    /// Numbered by how many were on disk before them, until they are taken.
    memory: Memory,
    /// How many were ever there.
    spilled: u64,
    /// Events from the disk that are being delivered.
    in_hand: u64,
    /// How many were said to be lost.
    lost: u64,
    /// Since when something waits without a break.
    since: Option<Duration>,
    now: Duration,
    /// When it is looked again for what other processes left.
    adopts_at: Duration,
}

impl Shelf {
    pub(super) fn new(lane: Arc<Lane>, storage: Arc<Storage>) -> Self {
        Self {
            lane,
            memory: Memory::default(),
            spilled: 0,
            in_hand: 0,
            // What was too old or damaged when it was found, nobody here waits for.
            lost: storage.stock().lost,
            since: None,
            now: Duration::ZERO,
            adopts_at: Duration::ZERO,
            storage,
        }
    }

    /// The number of the next event that comes.
    pub(super) fn end(&self) -> u64 {
        self.storage.stock().all + self.spilled
    }

    /// How many wait on disk.
    fn waiting(&self, stock: Stock) -> u64 {
        stock.pending.saturating_sub(self.in_hand)
    }

    fn next(&self, stock: Stock) -> u64 {
        let waiting = self.waiting(stock) + self.memory.len() as u64;
        (stock.all + self.spilled).saturating_sub(waiting)
    }

    fn take_from_disk(&mut self, events: usize, bytes: usize) -> Vec<Kept> {
        loop {
            let taken = self.storage.take(events, bytes);
            if taken.is_empty() {
                return Vec::new();
            }
            self.in_hand += taken.len() as u64;
            let wall = self.storage.now();
            let read = taken.into_iter().filter_map(|it| {
                let age = wall.duration_since(it.at).unwrap_or_default();
                let left = self.storage.max_age().saturating_sub(age);
                self.read(&it, self.now.saturating_add(left))
            });
            let read: Vec<_> = read.collect();
            if !read.is_empty() {
                return read;
            }
        }
    }

    fn read(&self, taken: &Taken, expires: Duration) -> Option<Kept> {
        let receipt = Receipt::new(Arc::clone(&self.storage), taken.id);
        let place = Place::on_disk(Arc::clone(&self.lane.ledger), receipt);
        let Ok(event) = serde_json::from_slice::<Event>(&taken.bytes) else {
            say!(warn, "an event on disk cannot be read, and is dropped");
            place.dropped(DropReason::SpoolCorrupt);
            return None;
        };
        let mark = Mark {
            number: 0,
            since: self.now,
            expires,
            place,
        };
        Some(Kept { event, mark })
    }

    /// Those that came before what is next on disk; one at least.
    fn take_from_memory(&mut self, front: u64, events: usize, bytes: usize) -> Vec<Kept> {
        let due = self.memory.count_to(front).max(1);
        self.memory.take(events.min(due), bytes)
    }
}

impl Backlog for Shelf {
    fn len(&self) -> usize {
        let waiting = self.waiting(self.storage.stock());
        usize::try_from(waiting)
            .unwrap_or(usize::MAX)
            .saturating_add(self.memory.len())
    }

    /// Disks do not say when something came, so the whole row counts from when it began.
    fn oldest(&self) -> Option<Oldest> {
        let stock = self.storage.stock();
        if self.waiting(stock) == 0 && self.memory.len() == 0 {
            return None;
        }
        let in_memory = self.memory.oldest();
        Some(Oldest {
            number: self.next(stock),
            since: self.since.unwrap_or(self.now),
            expires: in_memory.map_or(Duration::MAX, |it| it.expires),
        })
    }

    fn push(&mut self, kept: Kept) {
        self.spilled += 1;
        self.memory.push(kept);
    }

    fn take(&mut self, events: usize, bytes: usize) -> Vec<Kept> {
        let stock = self.storage.stock();
        let next = self.next(stock);
        let front = stock.all.saturating_sub(self.waiting(stock));
        let in_memory = self.memory.oldest().map(|it| it.number);
        let ahead = in_memory.map_or(u64::MAX, |number| number.saturating_sub(front));
        let most = events.min(usize::try_from(ahead).unwrap_or(usize::MAX));
        let mut taken = Vec::new();
        if most > 0 {
            taken = self.take_from_disk(most, bytes);
        }
        if taken.is_empty() {
            taken = self.take_from_memory(front, events, bytes);
        }
        for (kept, number) in taken.iter_mut().zip(next..) {
            kept.mark.number = number;
        }
        taken
    }

    /// On disk the spool sees to it.
    fn take_expired(&mut self, now: Duration) -> Option<Kept> {
        self.memory.take_expired(now)
    }

    fn settle(&mut self, now: Duration, is_waited_for: bool) -> u64 {
        self.now = now;
        self.in_hand = self.in_hand.saturating_sub(self.storage.acknowledge());
        if now >= self.adopts_at {
            self.adopts_at = now.saturating_add(if is_waited_for { SOON } else { ROUND });
            if !is_waited_for {
                self.storage.adopt();
            }
        }
        if self.len() == 0 {
            self.since = None;
        } else {
            self.since.get_or_insert(now);
        }
        let lost = self.storage.stock().lost;
        lost.saturating_sub(std::mem::replace(&mut self.lost, lost))
    }

    fn settles_at(&self) -> Option<Duration> {
        Some(self.adopts_at)
    }

    /// What is on disk stays there, and the rest is written if that is possible by now.
    fn keep(&mut self, kept: Vec<Kept>) -> Vec<Mark> {
        let (on_disk, in_memory): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|it| it.mark.place.is_on_disk());
        self.in_hand = self.in_hand.saturating_sub(on_disk.len() as u64);
        drop(on_disk);
        self.in_hand = self.in_hand.saturating_sub(self.storage.acknowledge());
        self.storage.ground();
        let written = in_memory.iter().map(|it| serde_json::to_vec(&it.event));
        let Ok(written) = written.collect::<Result<Vec<_>, _>>() else {
            return in_memory.into_iter().map(|it| it.mark).collect();
        };
        let at = self.storage.now();
        let records: Vec<_> = written.iter().map(|bytes| Record { at, bytes }).collect();
        let appended = self.storage.append(&records);
        let count = appended.map_or_else(|error| error.written, |()| records.len());
        let mut marks: Vec<_> = in_memory.into_iter().map(|it| it.mark).collect();
        let rest = marks.split_off(count.min(marks.len()));
        for mark in marks {
            mark.place.kept();
        }
        rest
    }
}

/// How often it is looked for what other processes left.
const ROUND: Duration = Duration::from_secs(60);
/// When it is looked again, if there was no time.
const SOON: Duration = Duration::from_secs(1);
