/// What became of the events that a spool was given, since it was opened.
///
/// At any time, `recovered + appended = acked + expired + full + corrupt + pending`, exactly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SpoolReport {
    pub(super) counts: Counts,
    pub(super) pending: u64,
    pub(super) bytes: u64,
    pub(super) segments: usize,
    pub(super) set_aside: usize,
}

impl SpoolReport {
    /// Events that were found, left behind by earlier processes, with those of them that turned out to be damaged.
    pub fn recovered(&self) -> u64 {
        self.counts.recovered
    }

    /// Events that were written.
    pub fn appended(&self) -> u64 {
        self.counts.appended
    }

    /// Events that are done with.
    pub fn acked(&self) -> u64 {
        self.counts.acked
    }

    /// Events dropped as damaged, or because their file was taken away.
    pub fn corrupt(&self) -> u64 {
        self.counts.corrupt
    }

    /// Events dropped as too old.
    pub fn expired(&self) -> u64 {
        self.counts.expired
    }

    /// Events dropped since the spool was full.
    pub fn full(&self) -> u64 {
        self.counts.full
    }

    /// Events that are kept, those that are being delivered among them.
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Files with events.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Folders taken over from processes that had ended.
    pub fn adopted(&self) -> u64 {
        self.counts.adopted
    }

    /// Files left as they are, because a later version wrote them or because they cannot be read.
    pub fn set_aside(&self) -> usize {
        self.set_aside
    }

    /// How many times the file system refused something.
    pub fn failures(&self) -> u64 {
        self.counts.failures
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) acked: u64,
    pub(super) adopted: u64,
    pub(super) appended: u64,
    pub(super) corrupt: u64,
    pub(super) expired: u64,
    pub(super) failures: u64,
    pub(super) full: u64,
    pub(super) recovered: u64,
}

impl Counts {
    pub(super) fn add(&mut self, fate: Fate, records: u64) {
        let count = match fate {
            Fate::Acked => &mut self.acked,
            Fate::Corrupt => &mut self.corrupt,
            Fate::Expired => &mut self.expired,
            Fate::Full => &mut self.full,
        };
        *count += records;
    }
}

/// How a record leaves the spool.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Acked,
    Corrupt,
    Expired,
    Full,
}
