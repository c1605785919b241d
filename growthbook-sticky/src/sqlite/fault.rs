//! What can go wrong, in our own words: what SQLite and the file system say may contain values and paths.

use std::io;

use growthbook_core::BackendError;

/// Why an operation on the file failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    #[error("somebody else held the lock for longer than the busy timeout")]
    Busy,
    #[error("the file cannot be opened")]
    CannotOpen,
    #[error("the file is damaged, or is no database")]
    Corrupt,
    #[error("the file system refused: {0}")]
    FileSystem(io::ErrorKind),
    #[error("the disk or the database is full")]
    Full,
    #[error("reading or writing the disk failed")]
    Io,
    #[error("the file was moved or removed while it was written")]
    Moved,
    #[error("there is no file")]
    NoFile,
    #[error("the folder of the file is not there")]
    NoFolder,
    #[error("too many damaged files have been set aside already")]
    NoName,
    #[error("the file system does not let processes share memory")]
    NoSharedMemory,
    #[error("it is not a file")]
    NotAFile,
    #[error("the table is not the documented one")]
    OtherTable,
    #[error("the file is damaged and has other tables, so it is left where it is")]
    OthersCorrupt,
    #[error("{0}")]
    ReadOnly(ReadOnly),
    #[error("SQLite failed with code {0}")]
    Sqlite(i32),
    #[error("a text is longer than the database can hold")]
    TooLong,
    #[error("what is stored is not a JSON object, and is left as it is")]
    Unreadable,
}

/// Why nothing is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ReadOnly {
    #[error("it was opened to be read only")]
    Asked,
    #[error("the file or its folder cannot be written")]
    File,
    #[error("its journal is one that this version of SQLite may damage, and others have it open")]
    Journal,
    #[error("its schema has a version of somebody else")]
    Version,
}

impl Fault {
    pub(super) fn on(self, operation: &'static str) -> BackendError {
        BackendError::new("sqlite", operation, self)
    }

    /// Whether the connection may go on as if nothing had been.
    pub(super) fn spares_the_connection(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Full
                | Self::OtherTable
                | Self::ReadOnly(_)
                | Self::TooLong
                | Self::Unreadable
        )
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let (rusqlite::Error::SqliteFailure(error, _)
        | rusqlite::Error::SqlInputError { error, .. }) = error
        else {
            return Self::Sqlite(rusqlite::ffi::SQLITE_ERROR);
        };
        match error.code {
            ErrorCode::CannotOpen => Self::CannotOpen,
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly if error.extended_code == READONLY_DBMOVED => Self::Moved,
            ErrorCode::ReadOnly => Self::ReadOnly(ReadOnly::File),
            ErrorCode::SystemIoFailure if IOERR_SHM.contains(&error.extended_code) => {
                Self::NoSharedMemory
            }
            ErrorCode::SystemIoFailure => Self::Io,
            ErrorCode::TooBig => Self::TooLong,
            _ => Self::Sqlite(error.extended_code),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::FileSystem(error.kind())
    }
}

/// `SQLITE_READONLY_DBMOVED`.
const READONLY_DBMOVED: i32 = 8 | (4 << 8);
/// `SQLITE_IOERR_SHMOPEN`, `SQLITE_IOERR_SHMSIZE`, `SQLITE_IOERR_SHMLOCK` and `SQLITE_IOERR_SHMMAP`.
const IOERR_SHM: [i32; 4] = [0x120a, 0x130a, 0x140a, 0x150a];
