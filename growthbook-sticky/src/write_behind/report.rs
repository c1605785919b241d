/// What became of the assignments that a [`WriteBehind`](crate::WriteBehind) was given.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WriteBehindReport {
    pub(super) written: u64,
    pub(super) overruled: u64,
    pub(super) dropped: u64,
    pub(super) failures: u64,
    pub(super) pending: usize,
}

impl WriteBehindReport {
    /// Assignments that the store has.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Assignments in whose place the store had another one: some other process was first.
    pub fn overruled(&self) -> u64 {
        self.overruled
    }

    /// Assignments that were not taken, since too many were waiting or it was closed.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Attempts to write that failed. What they were to write is tried again.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Assignments that are still waiting. After closing they are lost.
    pub fn pending(&self) -> usize {
        self.pending
    }
}
