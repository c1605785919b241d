use std::io;

/// Why events cannot be kept on disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// It was closed. Nothing is to be done.
    #[error("the spool is closed")]
    Closed,
    /// The file system refused for another reason. Events stay in memory, and the next ones are tried again.
    #[error("the file system refused: {0}")]
    FileSystem(io::ErrorKind),
    /// This process was forked from the one that opened it, which still writes. Open another one here.
    #[error("the spool belongs to the process that this one was forked from")]
    Forked,
    /// The disk, or what this user may have of it, is full. Events stay in memory until there is room again.
    #[error("the disk is full")]
    Full,
    /// The folder cannot be written. Give it to the user that the program runs as, or choose another one.
    #[error("the folder cannot be written")]
    ReadOnly,
    /// One event is longer than the spool may be, or than 16 MiB. It can only be dropped.
    #[error("the event is longer than the spool can hold")]
    TooLarge,
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::QuotaExceeded | io::ErrorKind::StorageFull => Self::Full,
            kind => Self::FileSystem(kind),
        }
    }
}

/// Not all of a group was written. What was written is in the spool; the rest is still the caller's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("only the first {written} records were written")]
pub(crate) struct AppendError {
    /// How many were written, from the first on.
    pub(crate) written: usize,
    /// Why the next one was not.
    #[source]
    pub(crate) error: SpoolError,
}
