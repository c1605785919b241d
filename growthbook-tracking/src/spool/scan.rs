//! What the bytes of a file of events hold, whatever became of them.

use std::ops::Range;

use super::codec::{FILE_HEAD, Head, RECORD, RECORD_HEAD, SEALED, Seal};

/// How far a file has been read: the next record, and where it begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cursor {
    pub(super) offset: u64,
    pub(super) index: u32,
}

impl Cursor {
    pub(super) const START: Self = Self {
        offset: FILE_HEAD as u64,
        index: 0,
    };
}

/// A record as it is in the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) index: u32,
    pub(super) at: i64,
    pub(super) bytes: &'a [u8],
}

/// What was found.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Scan<'a> {
    pub(super) records: Vec<Entry<'a>>,
    /// Records that were there and are damaged, or that are missing.
    pub(super) lost: Vec<Range<u32>>,
    /// Behind the last record that is whole, or whose length at least is known.
    pub(super) end: Cursor,
    pub(super) tail: Tail,
}

/// What comes behind the last record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// Bytes that were a record, or more than one.
    Lost,
    Sealed(Seal),
    /// The beginning of something whose writing was cut short.
    Torn,
}

impl<'a> Scan<'a> {
    /// Reads bytes that begin at `from` in their file.
    pub(super) fn read(id: u64, bytes: &'a [u8], from: Cursor) -> Self {
        let mut scan = Self {
            records: Vec::new(),
            lost: Vec::new(),
            end: from,
            tail: Tail::Clean,
        };
        let mut rest = bytes;
        let mut offset = from.offset;
        while !rest.is_empty() {
            if let Some(seal) = scan.seal(id, rest, offset) {
                scan.skip_to(seal.count);
                scan.tail = Tail::Sealed(seal);
                return scan;
            }
            let taken = if let Some(head) = scan.head(id, rest, offset) {
                let Some(taken) = scan.take(head, rest) else {
                    scan.tail = Tail::Torn;
                    return scan;
                };
                scan.end.offset = offset.saturating_add(length(taken));
                taken
            } else {
                let Some(skipped) = scan.search(id, rest, offset) else {
                    scan.tail = tail(rest);
                    return scan;
                };
                skipped
            };
            rest = rest.get(taken..).unwrap_or_default();
            offset = offset.saturating_add(length(taken));
        }
        scan
    }

    /// What should be there up to this record, and is not, is lost.
    pub(super) fn skip_to(&mut self, index: u32) {
        if index > self.end.index {
            self.lost.push(self.end.index..index);
            self.end.index = index;
        }
    }

    /// How long the record is, head and all; `None` if not all of it is there.
    fn take(&mut self, head: Head, rest: &'a [u8]) -> Option<usize> {
        let end = RECORD_HEAD.checked_add(head.length)?;
        let bytes = rest.get(RECORD_HEAD..end)?;
        self.skip_to(head.index);
        if crc32fast::hash(bytes) == head.sum {
            self.records.push(Entry {
                index: head.index,
                at: head.at,
                bytes,
            });
            self.end.index = head.index.saturating_add(1);
        } else {
            self.skip_to(head.index.saturating_add(1));
        }
        Some(end)
    }

    /// A head that can be at this place: behind those before it, with room for as many records as it counts.
    fn head(&self, id: u64, rest: &[u8], offset: u64) -> Option<Head> {
        let head = Head::read(id, rest)?;
        (head.index >= self.end.index && fits(head.index, offset)).then_some(head)
    }

    fn seal(&self, id: u64, rest: &[u8], offset: u64) -> Option<Seal> {
        let seal = Seal::read(id, rest)?;
        (seal.count >= self.end.index && fits(seal.count, offset)).then_some(seal)
    }

    /// How far it is to the next thing that makes sense.
    fn search(&self, id: u64, rest: &[u8], offset: u64) -> Option<usize> {
        let starts = |at: &[u8]| at.starts_with(&RECORD) || at.starts_with(&SEALED);
        (1..rest.len()).find(|skipped| {
            rest.get(*skipped..).is_some_and(|at| {
                let offset = offset.saturating_add(length(*skipped));
                let is_it =
                    || self.head(id, at, offset).is_some() || self.seal(id, at, offset).is_some();
                starts(at) && is_it()
            })
        })
    }
}

/// Whether so many records can be before this place. It keeps the sets of their numbers in proportion to the file.
pub(super) fn fits(records: u32, offset: u64) -> bool {
    u64::from(records).saturating_mul(length(RECORD_HEAD)) <= offset
}

/// Writing that is cut short leaves a beginning, or, after a loss of power, zeros. Neither was ever said to be written.
fn tail(rest: &[u8]) -> Tail {
    if rest.len() < RECORD_HEAD || rest.iter().all(|byte| *byte == 0) {
        Tail::Torn
    } else {
        Tail::Lost
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
