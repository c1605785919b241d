//! What is in the files, as bytes; numbers are little-endian.
//!
//! ```text
//! events   "gbevents" version:u32 crc:u32, records, and a seal if no more will come
//! record   f5 "gbr" length:u32 index:u32 at:i64 crc(bytes):u32 crc(id, all before):u32 bytes
//! seal     f6 "gbs" count:u32 newest:i64 crc(id, all before):u32
//! acks     entries, each first:u32 count:u32 crc(id, all before):u32
//! ```
//!
//! No JSON contains the bytes f5 and f6, so they are where to look for the next record behind a damaged one. The id is a
//! random number in the name of a file: what it is summed with cannot be taken for a part of another file, whatever a file
//! system brings back after a loss of power. The head has a sum of its own, so that its length can be believed when what
//! follows is damaged, and so that a record that was cut is told from one that was changed.

use std::ops::Range;
use std::time::{Duration, SystemTime};

/// What begins a file of events.
pub(super) fn file_head() -> [u8; FILE_HEAD] {
    file_head_of(VERSION)
}

fn file_head_of(version: u32) -> [u8; FILE_HEAD] {
    let mut head = [0; FILE_HEAD];
    let text = [&MAGIC[..], &version.to_le_bytes()].concat();
    let sum = crc32fast::hash(&text).to_le_bytes();
    for (to, from) in head.iter_mut().zip(text.iter().chain(&sum)) {
        *to = *from;
    }
    head
}

/// The version that a file says it has; `None` if its head is damaged.
pub(super) fn version(file: &[u8]) -> Option<u32> {
    let mut fields = Fields(file.strip_prefix(MAGIC)?);
    let version = fields.u32()?;
    file.starts_with(&file_head_of(version)).then_some(version)
}

/// What a record says before its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) index: u32,
    /// In milliseconds since 1970.
    pub(super) at: i64,
    pub(super) sum: u32,
}

impl Head {
    /// The head at the beginning of these bytes.
    pub(super) fn read(id: u64, bytes: &[u8]) -> Option<Self> {
        let (head, sum) = bytes.get(..RECORD_HEAD)?.split_last_chunk()?;
        let mut fields = Fields(head.strip_prefix(&RECORD)?);
        let read = Self {
            length: usize::try_from(fields.u32()?).ok()?,
            index: fields.u32()?,
            at: fields.i64()?,
            sum: fields.u32()?,
        };
        (u32::from_le_bytes(*sum) == sum_with(id, head)).then_some(read)
    }
}

/// Adds a record; its length must be at most [`LONGEST_RECORD`].
pub(super) fn push_record(to: &mut Vec<u8>, id: u64, index: u32, at: i64, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut head = RECORD.to_vec();
    head.extend(length.to_le_bytes());
    head.extend(index.to_le_bytes());
    head.extend(at.to_le_bytes());
    head.extend(crc32fast::hash(bytes).to_le_bytes());
    let sum = sum_with(id, &head);
    to.extend(head);
    to.extend(sum.to_le_bytes());
    to.extend(bytes);
}

/// What ends a file that is complete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seal {
    /// How many records there are before it.
    pub(super) count: u32,
    /// The latest time of them.
    pub(super) newest: i64,
}

impl Seal {
    /// The seal at the beginning of these bytes.
    pub(super) fn read(id: u64, bytes: &[u8]) -> Option<Self> {
        let (head, sum) = bytes.get(..SEAL)?.split_last_chunk()?;
        let mut fields = Fields(head.strip_prefix(&SEALED)?);
        let read = Self {
            count: fields.u32()?,
            newest: fields.i64()?,
        };
        (u32::from_le_bytes(*sum) == sum_with(id, head)).then_some(read)
    }

    pub(super) fn to_bytes(self, id: u64) -> Vec<u8> {
        let mut bytes = SEALED.to_vec();
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.newest.to_le_bytes());
        bytes.extend(sum_with(id, &bytes).to_le_bytes());
        bytes
    }
}

/// Adds an entry that says that these records are done with.
pub(super) fn push_ack(to: &mut Vec<u8>, id: u64, records: &Range<u32>) {
    let mut entry = records.start.to_le_bytes().to_vec();
    let count = records.end.saturating_sub(records.start);
    entry.extend(count.to_le_bytes());
    let sum = sum_with(id, &entry);
    to.extend(entry);
    to.extend(sum.to_le_bytes());
}

/// The entries of a file of acknowledgements; what is none is passed over.
pub(super) fn acks(id: u64, file: &[u8]) -> impl Iterator<Item = Range<u32>> {
    file.chunks_exact(ACK).filter_map(move |entry| {
        let (entry, sum) = entry.split_last_chunk()?;
        let mut fields = Fields(entry);
        let (first, count) = (fields.u32()?, fields.u32()?);
        let is_whole = u32::from_le_bytes(*sum) == sum_with(id, entry);
        is_whole.then(|| first..first.saturating_add(count))
    })
}

/// Times too far from 1970 become the furthest that there are.
pub(super) fn millis(time: SystemTime) -> i64 {
    let millis = |distance: Duration| i64::try_from(distance.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

/// The other way; what the system cannot say is 1970.
pub(super) fn time(at: i64) -> SystemTime {
    let distance = Duration::from_millis(at.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let time = if at < 0 {
        epoch.checked_sub(distance)
    } else {
        epoch.checked_add(distance)
    };
    time.unwrap_or(epoch)
}

fn sum_with(id: u64, bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&id.to_le_bytes());
    sum.update(bytes);
    sum.finalize()
}

/// Numbers, read one behind the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*field))
    }

    fn i64(&mut self) -> Option<i64> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*field))
    }
}

/// The version that this code writes, and the only one that it reads.
pub(super) const VERSION: u32 = 1;
pub(super) const FILE_HEAD: usize = 16;
/// Longer than a seal, so that a damaged seal cannot be taken for a damaged record.
pub(super) const RECORD_HEAD: usize = 28;
pub(super) const SEAL: usize = 20;
pub(super) const ACK: usize = 12;
pub(super) const LONGEST_RECORD: usize = 16 << 20;
const MAGIC: &[u8; 8] = b"gbevents";
pub(super) const RECORD: [u8; 4] = [0xf5, b'g', b'b', b'r'];
pub(super) const SEALED: [u8; 4] = [0xf6, b'g', b'b', b's'];
