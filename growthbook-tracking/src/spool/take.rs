//! How records are read.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::SystemTime;

use super::error::SpoolError;
use super::name::Name;
use super::report::Fate;
use super::scan::{Cursor, Scan};
use super::state::RecordId;
use super::{Spool, codec, disk, lock};
use crate::guard::say;

/// A record that is to be delivered.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) id: RecordId,
    /// When it happened, to the millisecond.
    pub(crate) at: SystemTime,
    pub(crate) bytes: Vec<u8>,
}

/// Not what is in it.
impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken")
            .field("id", &self.id)
            .field("at", &self.at)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// Who reads records: what was read of one file, and what came back.
#[derive(Default)]
pub(super) struct Reader {
    ready: VecDeque<Taken>,
    /// A file that could not be read, and how many times.
    failing: Option<(Name, u32)>,
}

impl Spool {
    pub(super) fn take_some(
        &self,
        now: SystemTime,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<Taken>, SpoolError> {
        let mut reader = lock(&self.reader);
        self.check()?;
        self.expire(&mut lock(&self.books), now);
        let oldest = self.oldest_wanted(now);
        let (mut taken, mut expired) = (Vec::new(), Vec::new());
        let mut bytes = 0_usize;
        while taken.len() < max_records {
            let Some(next) = reader.ready.pop_front() else {
                if self.load(&mut reader) {
                    continue;
                }
                break;
            };
            let more = bytes.saturating_add(next.bytes.len());
            if more > max_bytes && !taken.is_empty() {
                reader.ready.push_front(next);
                break;
            }
            if !lock(&self.state).take(next.id) {
                continue;
            }
            if codec::millis(next.at) < oldest {
                expired.push(next.id);
                continue;
            }
            bytes = more;
            taken.push(next);
        }
        self.settle(&mut lock(&self.books), &expired, Fate::Expired);
        Ok(taken)
    }

    #[cfg(test)]
    pub(super) fn give_back(&self, records: Vec<Taken>) {
        let mut reader = lock(&self.reader);
        for record in records.into_iter().rev() {
            if lock(&self.state).give_back(record.id) {
                reader.ready.push_front(record);
            }
        }
    }

    /// Reads what there is of the next file. `false` if there is nothing that can be read now.
    fn load(&self, reader: &mut Reader) -> bool {
        let Some((file, from, to)) = lock(&self.state).unread() else {
            return false;
        };
        let path = file.events(&self.folder);
        let length = to.offset.saturating_sub(from.offset);
        let bytes = match disk::read(&path, from.offset, length) {
            Ok(bytes) => bytes,
            Err(error) => return self.cannot_read(reader, file, &error),
        };
        reader.failing = None;
        let mut scan = Scan::read(file.id, &bytes, from);
        scan.skip_to(to.index);
        let is_there = |index: u32| index < to.index;
        let records = scan.records.iter().filter(|it| is_there(it.index));
        reader.ready.extend(records.map(|it| Taken {
            id: RecordId {
                file,
                index: it.index,
            },
            at: codec::time(it.at),
            bytes: it.bytes.to_vec(),
        }));
        self.read_to(file, to, &scan);
        true
    }

    fn read_to(&self, file: Name, to: Cursor, scan: &Scan<'_>) {
        lock(&self.state).set_cursor(file, to);
        if scan.lost.is_empty() {
            return;
        }
        say!(warn, "events on disk are damaged, and dropped");
        let mut books = lock(&self.books);
        let settled = lock(&self.state).lose(file, &scan.lost);
        self.write_down(&mut books, file, settled);
    }

    /// Whether there may be more in other files.
    fn cannot_read(&self, reader: &mut Reader, file: Name, error: &io::Error) -> bool {
        let mut books = lock(&self.books);
        let is_there = lock(&self.state).has(file);
        if !is_there {
            // It was dropped just now.
            return true;
        }
        self.failed("reading events", error);
        let times = match reader.failing {
            Some((failing, times)) if failing == file => times + 1,
            _ => 1,
        };
        reader.failing = Some((file, times));
        if times < 3 && error.kind() != io::ErrorKind::NotFound {
            return false;
        }
        say!(warn, "a file with events cannot be read, and is dropped");
        self.remove(&mut books, file, Fate::Corrupt);
        true
    }
}
