//! What a spool knows of its files, and what became of every record. It does nothing to files.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::bits::Bits;
use super::name::Name;
use super::report::{Counts, Fate, SpoolReport};
use super::scan::Cursor;

/// A record in a file.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RecordId {
    pub(super) file: Name,
    pub(super) index: u32,
}

/// A file of events, and its acknowledgements.
#[derive(Debug)]
pub(super) struct Segment {
    /// How many records there are or were.
    pub(super) count: u32,
    /// Where the last of them ends.
    pub(super) end: u64,
    /// How long the file is.
    pub(super) disk: u64,
    /// How long the acknowledgements are.
    pub(super) acks: u64,
    /// The latest time of a record.
    pub(super) newest: i64,
    /// How far it has been read.
    pub(super) cursor: Cursor,
    pub(super) settled: Bits,
    /// Records that were taken, and about which nothing is known yet.
    pub(super) flying: Bits,
    /// Whether more is written to it.
    pub(super) is_open: bool,
    /// Why it was dropped, if it is not there any more but for what is flying.
    pub(super) gone: Option<Fate>,
}

impl Segment {
    pub(super) fn pending(&self) -> u32 {
        if self.gone.is_some() {
            self.flying.len()
        } else {
            self.count.saturating_sub(self.settled.len())
        }
    }

    fn bytes(&self) -> u64 {
        if self.gone.is_some() {
            return 0;
        }
        block(self.disk).saturating_add(block(self.acks))
    }

    fn is_finished(&self) -> bool {
        self.gone.is_none() && !self.is_open && self.pending() == 0
    }
}

/// What is to be written down of records that are done with.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Settled {
    pub(super) records: Vec<Range<u32>>,
    /// Where the acknowledgements end.
    pub(super) offset: u64,
    /// Nothing is pending any more, so that the file can go instead.
    pub(super) is_finished: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) segments: BTreeMap<Name, Segment>,
    pub(super) counts: Counts,
    /// Files that are left alone.
    pub(super) aside: BTreeSet<Name>,
    /// Bytes of files that could not be removed.
    pub(super) trash: u64,
}

impl State {
    /// Sums are made when they are asked for: what is kept up to date beside the files may come to differ from them.
    pub(super) fn report(&self) -> SpoolReport {
        let there = self.segments.values().filter(|it| it.gone.is_none());
        SpoolReport {
            counts: self.counts,
            pending: self.pending(),
            bytes: self.bytes(),
            segments: there.count(),
            set_aside: self.aside.len(),
        }
    }

    pub(super) fn pending(&self) -> u64 {
        let pending = self.segments.values().map(Segment::pending);
        pending.map(u64::from).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        let kept: u64 = self.segments.values().map(Segment::bytes).sum();
        kept.saturating_add(self.trash)
    }

    /// The oldest file that there is; not the one that is written.
    pub(super) fn oldest(&self) -> Option<Name> {
        let mut there = self.segments.iter();
        let (name, _) = there.find(|(_, it)| it.gone.is_none() && !it.is_open)?;
        Some(*name)
    }

    /// Files all of whose records are older than this.
    pub(super) fn outdated(&self, oldest: i64) -> Vec<Name> {
        let there = self.segments.iter();
        there
            .filter(|(_, it)| it.gone.is_none() && !it.is_open && it.newest < oldest)
            .map(|(name, _)| *name)
            .collect()
    }

    /// More was written to a file.
    pub(super) fn grow(&mut self, file: Name, count: u32, end: u64, newest: i64) {
        let Some(segment) = self.segments.get_mut(&file) else {
            return;
        };
        let added = count.saturating_sub(segment.count);
        segment.count = count;
        segment.end = end;
        segment.disk = end;
        segment.newest = segment.newest.max(newest);
        self.counts.appended += u64::from(added);
    }

    /// The next file to be read, from where, and up to where.
    pub(super) fn unread(&self) -> Option<(Name, Cursor, Cursor)> {
        let mut there = self.segments.iter();
        let (name, segment) =
            there.find(|(_, it)| it.gone.is_none() && it.cursor.index < it.count)?;
        let end = Cursor {
            offset: segment.end,
            index: segment.count,
        };
        Some((*name, segment.cursor, end))
    }

    /// Whether the file is still there.
    pub(super) fn has(&self, file: Name) -> bool {
        let segment = self.segments.get(&file);
        segment.is_some_and(|it| it.gone.is_none())
    }

    pub(super) fn set_cursor(&mut self, file: Name, cursor: Cursor) {
        if let Some(segment) = self.segments.get_mut(&file) {
            segment.cursor = cursor;
        }
    }

    /// A record is taken. It cannot be if it is done with, or being delivered already.
    pub(super) fn take(&mut self, id: RecordId) -> bool {
        let segment = self.segments.get_mut(&id.file);
        segment.is_some_and(|it| {
            it.gone.is_none() && !it.settled.contains(id.index) && it.flying.insert(id.index)
        })
    }

    /// A record that was taken comes back. `false` if there is no place for it any more.
    #[cfg(test)]
    pub(super) fn give_back(&mut self, id: RecordId) -> bool {
        let Some(segment) = self.segments.get_mut(&id.file) else {
            return false;
        };
        if !segment.flying.remove(id.index) {
            return false;
        }
        let Some(fate) = segment.gone else {
            return true;
        };
        self.counts.add(fate, 1);
        self.forget(id.file);
        false
    }

    /// Records that were taken are done with.
    pub(super) fn settle(&mut self, file: Name, records: &[u32], fate: Fate) -> Option<Settled> {
        let segment = self.segments.get_mut(&file)?;
        let mut landed = Vec::new();
        for index in records {
            if segment.flying.remove(*index) {
                segment.settled.insert(*index);
                landed.push(*index);
            }
        }
        self.counts.add(fate, count(landed.len()));
        self.settled(file, landed)
    }

    /// Records that nobody has are done with.
    pub(super) fn lose(&mut self, file: Name, records: &[Range<u32>]) -> Option<Settled> {
        let segment = self.segments.get_mut(&file)?;
        if segment.gone.is_some() {
            return None;
        }
        let lost = records.iter().cloned().flatten();
        let lost = lost.take_while(|it| *it < segment.count);
        let lost = lost.filter(|it| !segment.flying.contains(*it) && segment.settled.insert(*it));
        let lost: Vec<_> = lost.collect();
        self.counts.add(Fate::Corrupt, count(lost.len()));
        self.settled(file, lost)
    }

    fn settled(&mut self, file: Name, records: Vec<u32>) -> Option<Settled> {
        let segment = self.segments.get(&file)?;
        if segment.gone.is_some() {
            self.forget(file);
            return None;
        }
        Some(Settled {
            records: ranges(records),
            offset: segment.acks,
            is_finished: segment.is_finished(),
        })
    }

    /// The file is not there any more. What is flying gets its fate when it comes down.
    pub(super) fn discard(&mut self, file: Name, fate: Fate) {
        let Some(segment) = self.segments.get_mut(&file) else {
            return;
        };
        if segment.gone.is_none() {
            let rest = segment.pending().saturating_sub(segment.flying.len());
            self.counts.add(fate, u64::from(rest));
            segment.gone = Some(fate);
        }
        self.forget(file);
    }

    /// What is flying of files that are gone comes down nowhere: it has their fate.
    pub(super) fn ground(&mut self) {
        let counts = &mut self.counts;
        self.segments.retain(|_, segment| {
            let Some(fate) = segment.gone else {
                return true;
            };
            counts.add(fate, u64::from(segment.flying.len()));
            false
        });
    }

    /// Nothing more is written to this file, which is so long now. Whether it can go.
    pub(super) fn shut(&mut self, file: Name, disk: u64) -> bool {
        let segment = self.segments.get_mut(&file);
        segment.is_some_and(|segment| {
            segment.is_open = false;
            segment.disk = disk;
            segment.is_finished()
        })
    }

    fn forget(&mut self, file: Name) {
        let segment = self.segments.get(&file);
        if segment.is_some_and(|it| it.gone.is_some() && it.flying.len() == 0) {
            self.segments.remove(&file);
        }
    }
}

fn ranges(mut records: Vec<u32>) -> Vec<Range<u32>> {
    records.sort_unstable();
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for index in records {
        match ranges.last_mut() {
            Some(last) if last.end == index => last.end = index.saturating_add(1),
            _ => ranges.push(index..index.saturating_add(1)),
        }
    }
    ranges
}

/// What a file takes of a disk: many small ones are not less than they are.
fn block(length: u64) -> u64 {
    length.next_multiple_of(4096)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
