//! How records and files leave.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use super::lane::Lane;
use super::name::Name;
use super::report::Fate;
use super::state::{RecordId, Settled};
use super::{Spool, codec, disk, lock};

/// What is needed to remove things.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Our folder, until the spool is closed.
    pub(super) lane: Option<Lane>,
    /// Files that are to be removed, and could not be.
    trash: Vec<PathBuf>,
}

impl Spool {
    /// How many of these records were flying.
    pub(super) fn settle(&self, books: &mut Books, records: &[RecordId], fate: Fate) -> u64 {
        let mut records = records.to_vec();
        records.sort_unstable();
        let before = self.settled(fate);
        for of_one in records.chunk_by(|one, next| one.file == next.file) {
            let Some(first) = of_one.first() else {
                continue;
            };
            let indices: Vec<_> = of_one.iter().map(|it| it.index).collect();
            let settled = lock(&self.state).settle(first.file, &indices, fate);
            self.write_down(books, first.file, settled);
        }
        self.settled(fate) - before
    }

    fn settled(&self, fate: Fate) -> u64 {
        let counts = lock(&self.state).counts;
        match fate {
            Fate::Acked => counts.acked,
            Fate::Corrupt => counts.corrupt,
            Fate::Expired => counts.expired,
            Fate::Full => counts.full,
        }
    }

    /// So that later processes know.
    pub(super) fn write_down(&self, books: &mut Books, file: Name, settled: Option<Settled>) {
        let Some(settled) = settled else {
            return;
        };
        if settled.is_finished {
            self.remove(books, file, Fate::Acked);
            return;
        }
        let mut entries = Vec::new();
        for records in &settled.records {
            codec::push_ack(&mut entries, file.id, records);
        }
        if entries.is_empty() {
            return;
        }
        if let Err(error) = self.write_acks(file, settled.offset, &entries) {
            self.failed("writing acknowledgements", &error);
            return;
        }
        if let Some(segment) = lock(&self.state).segments.get_mut(&file) {
            let length = u64::try_from(entries.len()).unwrap_or(u64::MAX);
            segment.acks = settled.offset.saturating_add(length);
        }
    }

    /// What is written in part is written over the next time.
    fn write_acks(&self, file: Name, offset: u64, entries: &[u8]) -> io::Result<()> {
        let path = file.acks(&self.folder);
        let handle = self.disk.open(&path)?;
        self.disk.write(&handle, offset, entries)
    }

    /// Drops the files all of whose records are too old.
    pub(super) fn expire(&self, books: &mut Books, now: SystemTime) {
        let outdated = lock(&self.state).outdated(self.oldest_wanted(now));
        for file in outdated {
            self.remove(books, file, Fate::Expired);
        }
    }

    /// What is older than this is too old.
    pub(super) fn oldest_wanted(&self, now: SystemTime) -> i64 {
        let age = i64::try_from(self.options.age().as_millis()).unwrap_or(i64::MAX);
        codec::millis(now).saturating_sub(age)
    }

    /// Removes a file of events. Its acknowledgements go after it: without them it would all be pending again.
    pub(super) fn remove(&self, books: &mut Books, file: Name, fate: Fate) {
        lock(&self.state).discard(file, fate);
        let paths = [file.events(&self.folder), file.acks(&self.folder)];
        books.trash.extend(paths);
        self.sweep(books);
    }

    /// Removes what is to be removed, as far as it can be.
    pub(super) fn sweep(&self, books: &mut Books) {
        for path in std::mem::take(&mut books.trash) {
            if let Err(error) = self.disk.remove(&path) {
                self.failed("removing a file", &error);
                books.trash.push(path);
            }
        }
        let lengths = books.trash.iter().filter_map(|it| disk::length(it).ok()?);
        lock(&self.state).trash = lengths.sum();
    }
}
