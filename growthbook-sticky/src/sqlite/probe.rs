//! Whether connections can share memory through a file, which a write-ahead log takes.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::file;

/// Tries it with a file of its own beside the database: one that has been made to keep a log cannot even be read where
/// memory is not shared, as over some networks.
///
/// Anything else that goes wrong will go wrong with the database too, and is told there.
pub(super) fn shares_memory(path: &Path) -> bool {
    let scratch = file::beside(path, ".probe");
    let tried = keep_a_log(&scratch);
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(file::beside(&scratch, end));
    }
    tried != Err(Fault::NoSharedMemory)
}

/// Others may do the same with the same file at the same time, as with any database.
fn keep_a_log(scratch: &Path) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(scratch, flags)?;
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    for sql in [
        "PRAGMA journal_mode = wal",
        "SELECT count(*) FROM sqlite_schema",
    ] {
        connection.query_row(sql, [], |_| Ok(()))?;
    }
    Ok(())
}
