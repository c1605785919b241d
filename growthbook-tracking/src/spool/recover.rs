//! What is to be thought of a file that an earlier process left behind.

use std::ops::Range;

use super::bits::Bits;
use super::codec::{self, FILE_HEAD, SEAL, Seal};
use super::scan::{self, Cursor, Scan, Tail};
use super::state::Segment;

/// What a glance at a file says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Glance {
    /// Another version wrote it, whose business it is.
    Foreign,
    Sealed(Seal),
    /// All of it has to be read.
    Unknown,
}

impl Glance {
    /// `head` and `foot` are the first and the last bytes of a file.
    pub(super) fn at(id: u64, length: u64, head: &[u8], foot: &[u8]) -> Self {
        if codec::version(head).is_some_and(|it| it != codec::VERSION) {
            return Self::Foreign;
        }
        match Seal::read(id, foot) {
            Some(seal) if scan::fits(seal.count, length) => Self::Sealed(seal),
            _ => Self::Unknown,
        }
    }
}

/// A file that can be used.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) segment: Segment,
    /// Records that are damaged, as far as is known by now.
    pub(super) lost: Vec<Range<u32>>,
    /// Records that are damaged and will be cut off, so that their numbers are free.
    pub(super) cut_off: u64,
    pub(super) remedy: Remedy,
}

/// What is to be done to a file before anything else is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Remedy {
    /// It is cut where its last record ends, and written on.
    Continue,
    None,
    /// There is nothing in it.
    Remove,
    /// It is cut where its last record ends, and sealed.
    Seal(Seal),
}

impl Recovered {
    pub(super) fn sealed(id: u64, length: u64, seal: Seal, acks: &[u8]) -> Self {
        let end = Cursor {
            offset: length.saturating_sub(SEAL as u64),
            index: seal.count,
        };
        let (segment, _) = segment(id, end, length, seal.newest, acks);
        Self {
            remedy: if segment.pending() == 0 {
                Remedy::Remove
            } else {
                Remedy::None
            },
            segment,
            lost: Vec::new(),
            cut_off: 0,
        }
    }

    /// All of a file is known; `may_continue` says up to which length one is written on.
    pub(super) fn read(id: u64, file: &[u8], acks: &[u8], may_continue: u64) -> Self {
        let scan = Scan::read(id, file.get(FILE_HEAD..).unwrap_or_default(), Cursor::START);
        let newest = scan.records.iter().map(|it| it.at).max();
        let newest = newest.unwrap_or(i64::MIN);
        let length = u64::try_from(file.len()).unwrap_or(u64::MAX);
        let (segment, is_ahead) = segment(id, scan.end, length, newest, acks);
        let is_clean = codec::version(file).is_some() && scan.tail != Tail::Lost;
        let mut records = scan.records.iter();
        let remedy = if records.all(|it| segment.settled.contains(it.index)) {
            Remedy::Remove
        } else if matches!(scan.tail, Tail::Sealed(_)) {
            Remedy::None
        } else if is_clean && !is_ahead && scan.end.offset < may_continue {
            Remedy::Continue
        } else {
            Remedy::Seal(Seal {
                count: scan.end.index,
                newest,
            })
        };
        Self {
            segment,
            lost: scan.lost,
            cut_off: u64::from(scan.tail == Tail::Lost),
            remedy,
        }
    }
}

/// And whether acknowledgements are of records that are not there: then their numbers must not be given again.
fn segment(id: u64, end: Cursor, disk: u64, newest: i64, acks: &[u8]) -> (Segment, bool) {
    let mut settled = Bits::default();
    let mut is_ahead = false;
    for records in codec::acks(id, acks) {
        is_ahead |= records.end > end.index;
        for index in records.start..records.end.min(end.index) {
            settled.insert(index);
        }
    }
    let acks = u64::try_from(acks.len() - acks.len() % codec::ACK).unwrap_or(u64::MAX);
    let segment = Segment {
        count: end.index,
        end: end.offset,
        disk,
        acks,
        newest,
        cursor: Cursor::START,
        settled,
        flying: Bits::default(),
        is_open: false,
        gone: None,
    };
    (segment, is_ahead)
}
