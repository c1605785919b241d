//! How records get into files.

use std::io;

use super::codec::{self, FILE_HEAD, LONGEST_RECORD, RECORD_HEAD, SEAL, Seal};
use super::disk::Handle;
use super::error::SpoolError;
use super::name::Name;
use super::report::Fate;
use super::scan::Cursor;
use super::settle::Books;
use super::state::Segment;
use super::{Record, Spool, lock};

/// Who writes records.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) active: Option<Active>,
    /// The greatest number of a file in our folder.
    pub(super) last_number: u64,
    buffer: Vec<u8>,
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) name: Name,
    pub(super) handle: Handle,
    /// Where its last record ends.
    pub(super) end: u64,
    /// What its seal would say now.
    pub(super) seal: Seal,
}

impl Spool {
    /// `written` counts what was.
    pub(super) fn append_all(
        &self,
        records: &[Record<'_>],
        written: &mut usize,
    ) -> Result<(), SpoolError> {
        self.check()?;
        let mut writer = lock(&self.writer);
        self.check()?;
        while let Some(rest) = records.get(*written..).filter(|rest| !rest.is_empty()) {
            *written += self.append_some(&mut writer, rest)?;
        }
        Ok(())
    }

    /// Writes as many records as go into one file.
    fn append_some(
        &self,
        writer: &mut Writer,
        records: &[Record<'_>],
    ) -> Result<usize, SpoolError> {
        let limit = self.options.segment_bytes();
        let first = records.first().map_or(0, size);
        let is_full = |active: &Active| active.end.saturating_add(first) > limit;
        if writer.active.as_ref().is_some_and(is_full) {
            self.rotate(writer);
        }
        let start = writer.active.as_ref().map_or(FILE_HEAD as u64, |it| it.end);
        let (mut fitting, mut length) = (0, 0);
        for record in records {
            let longer = size(record).saturating_add(length);
            if fitting > 0 && start.saturating_add(longer) > limit {
                break;
            }
            if self.is_too_large(record) {
                if fitting == 0 {
                    return Err(SpoolError::TooLarge);
                }
                break;
            }
            (fitting, length) = (fitting + 1, longer);
        }
        self.make_room(writer, length.saturating_add(ROOM))?;
        self.write_group(writer, records.get(..fitting).unwrap_or_default())?;
        Ok(fitting)
    }

    fn is_too_large(&self, record: &Record<'_>) -> bool {
        record.bytes.len() > LONGEST_RECORD
            || size(record).saturating_add(ROOM) > self.options.bytes()
    }

    fn write_group(&self, writer: &mut Writer, records: &[Record<'_>]) -> Result<(), SpoolError> {
        let mut active = match writer.active.take() {
            Some(active) => active,
            None => self.begin(writer, records)?,
        };
        let id = active.name.id;
        let mut seal = active.seal;
        let bytes = &mut writer.buffer;
        bytes.clear();
        if active.end == 0 {
            bytes.extend(codec::file_head());
        }
        for record in records {
            let at = codec::millis(record.at);
            codec::push_record(bytes, id, seal.count, at, record.bytes);
            seal.count = seal.count.saturating_add(1);
            seal.newest = seal.newest.max(at);
        }
        let written = self.write(&active, bytes);
        let end = active
            .end
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        // One long group does not keep its memory for ever.
        bytes.clear();
        bytes.shrink_to(1 << 20);
        if let Err(error) = written {
            self.failed("writing events", &error);
            let error = SpoolError::from(error);
            writer.active = self.undo(active, error == SpoolError::Full);
            return Err(error);
        }
        let mut state = lock(&self.state);
        if active.end == 0 {
            state.segments.insert(active.name, Segment::begun());
        }
        state.grow(active.name, seal.count, end, seal.newest);
        drop(state);
        (active.end, active.seal) = (end, seal);
        writer.active = Some(active);
        Ok(())
    }

    fn write(&self, active: &Active, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(&active.handle, active.end, bytes)?;
        if self.options.is_synced() {
            self.disk.sync(&active.handle)?;
            if active.end == 0 {
                self.disk.sync_folder(&self.folder)?;
            }
        }
        Ok(())
    }

    /// Cuts off what was written of a group that could not be written. A file that is sure to be as it was before may go on.
    fn undo(&self, active: Active, may_continue: bool) -> Option<Active> {
        if active.end == 0 {
            drop(active.handle);
            self.remove(&mut lock(&self.books), active.name, Fate::Corrupt);
            return None;
        }
        let cut = self.disk.cut(&active.handle, active.end);
        if let Err(error) = &cut {
            self.failed("cutting off what was half written", error);
        }
        if cut.is_ok() && may_continue {
            return Some(active);
        }
        let disk = active.end;
        self.shut(active, disk);
        None
    }

    /// A file that is not there yet; nothing is in it, not even a head.
    fn begin(&self, writer: &mut Writer, records: &[Record<'_>]) -> io::Result<Active> {
        let at = records
            .first()
            .map_or(0, |record| codec::millis(record.at).max(0));
        let number = at.unsigned_abs().max(writer.last_number.saturating_add(1));
        let name = Name {
            number,
            id: fastrand::u64(..),
        };
        let path = name.events(&self.folder);
        let handle = self
            .disk
            .open(&path)
            .inspect_err(|error| self.failed("beginning a file", error))?;
        writer.last_number = number;
        Ok(Active {
            name,
            handle,
            end: 0,
            seal: Seal {
                count: 0,
                newest: i64::MIN,
            },
        })
    }

    /// Seals the file that is written. Without a seal it takes longer to open, and that is all.
    pub(super) fn rotate(&self, writer: &mut Writer) {
        let Some(active) = writer.active.take() else {
            return;
        };
        let seal = active.seal.to_bytes(active.name.id);
        match self.write_seal(&active, &seal) {
            Ok(()) => {
                let disk = active.end.saturating_add(SEAL as u64);
                self.shut(active, disk);
            }
            Err(error) => {
                self.failed("sealing a file", &error);
                self.undo(active, false);
            }
        }
    }

    fn write_seal(&self, active: &Active, seal: &[u8]) -> io::Result<()> {
        self.disk.write(&active.handle, active.end, seal)?;
        if self.options.is_synced() {
            self.disk.sync(&active.handle)?;
        }
        Ok(())
    }

    /// Nothing more is written to this file, which is so long.
    pub(super) fn shut(&self, active: Active, disk: u64) {
        let Active { name, handle, .. } = active;
        drop(handle);
        let is_finished = lock(&self.state).shut(name, disk);
        if is_finished {
            self.remove(&mut lock(&self.books), name, Fate::Acked);
        }
    }

    /// Drops the oldest files until there is room for so many bytes.
    fn make_room(&self, writer: &mut Writer, bytes: u64) -> Result<(), SpoolError> {
        let is_too_much = || lock(&self.state).bytes().saturating_add(bytes) > self.options.bytes();
        while is_too_much() {
            if self.drop_oldest(&mut lock(&self.books)) {
                continue;
            }
            if writer.active.is_some() {
                self.rotate(writer);
                continue;
            }
            // Nothing is there but files that should have been removed.
            self.sweep(&mut lock(&self.books));
            if is_too_much() {
                return Err(SpoolError::Full);
            }
        }
        Ok(())
    }

    /// Drops the oldest files until there is no more than may be.
    pub(super) fn bound(&self, books: &mut Books) {
        while lock(&self.state).bytes() > self.options.bytes() && self.drop_oldest(books) {}
    }

    /// `false` if there is none but the one that is written.
    fn drop_oldest(&self, books: &mut Books) -> bool {
        let oldest = lock(&self.state).oldest();
        if let Some(file) = oldest {
            self.remove(books, file, Fate::Full);
        }
        oldest.is_some()
    }
}

/// In a file.
fn size(record: &Record<'_>) -> u64 {
    u64::try_from(record.bytes.len().saturating_add(RECORD_HEAD)).unwrap_or(u64::MAX)
}

impl Segment {
    /// A file whose head has just been written.
    fn begun() -> Self {
        Self {
            count: 0,
            end: FILE_HEAD as u64,
            disk: FILE_HEAD as u64,
            acks: 0,
            newest: i64::MIN,
            cursor: Cursor::START,
            settled: super::bits::Bits::default(),
            flying: super::bits::Bits::default(),
            is_open: true,
            gone: None,
        }
    }
}

/// What a file has beside records.
const ROOM: u64 = (FILE_HEAD + SEAL) as u64;
