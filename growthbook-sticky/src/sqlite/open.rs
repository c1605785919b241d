//! From a path to a database that can be read, and written if possible.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use super::database::Database;
use super::fault::{Fault, ReadOnly};
use super::file::{self, Identity, Stillness, Use};
use super::patience::{self, Patience};
use super::{doubt, probe, statements};

/// Opens the file, makes it if it is missing, and puts a fresh one in its place if it is damaged.
///
/// The file that `skip` says was searched for damage just now.
pub(super) fn open(
    options: &Options,
    skip: Option<Identity>,
    patience: Patience,
) -> Result<Database, Fault> {
    let path = &*file::behind_links(&options.path);
    let folder = file::folder(path);
    if !folder.is_dir() {
        return Err(Fault::NoFolder);
    }
    if Identity::of(path)?.is_none() {
        if options.is_read_only {
            return Err(Fault::NoFile);
        }
        let _lock = file::lock_folder(folder, Use::Change, patience)?;
        file::make(path)?;
    }
    let attempt = || patience.during(|| attempt(options, path, skip, patience));
    let lock = file::lock_folder(folder, Use::Open, patience)?;
    match attempt() {
        Err(Fault::Corrupt) if !options.is_read_only => {}
        opened => return opened,
    }
    drop(lock);
    let _lock = file::lock_folder(folder, Use::Change, patience)?;
    // Whoever had the lock before may have done it.
    match attempt() {
        Err(Fault::Corrupt) => {}
        opened => return opened,
    }
    if !doubt::can_be_read(path) {
        return Err(Fault::Io);
    }
    let aside = file::set_aside(path)?;
    log::error!(
        target: crate::LOG,
        "the file with the sticky buckets is damaged: it is now {}, and a new one begins without assignments",
        aside.display()
    );
    file::make(path)?;
    attempt()
}

/// Another connection to a database that is open, which only reads.
pub(super) fn reader(path: &Path, is_still: bool) -> Result<Connection, Fault> {
    let connection = if is_still {
        connect_to_still(path)?
    } else {
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?
    };
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

fn attempt(
    options: &Options,
    path: &Path,
    skip: Option<Identity>,
    patience: Patience,
) -> Result<Database, Fault> {
    let identity = Identity::of(path)?.ok_or(Fault::Moved)?;
    let flags = if options.is_read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let (connection, still) = match connect(path, flags).and_then(readable) {
        Ok(connection) => (connection, None),
        // Readers of a file with a write-ahead log share memory through a file beside it. Where that can neither be made nor
        // be there, nobody writes, and the file can be read as it is.
        Err(fault @ (Fault::CannotOpen | Fault::ReadOnly(_) | Fault::NoSharedMemory)) => {
            let still = Stillness::of(path).ok_or(fault)?;
            let connection = connect_to_still(path).and_then(readable);
            (connection.map_err(|_| fault)?, Some(still))
        }
        Err(fault) => return Err(fault),
    };
    let most = if skip == Some(identity) {
        0
    } else {
        options.check_up_to
    };
    check(&connection, path, most).inspect_err(|_| {
        // What is set aside should be what was found.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    })?;
    let read_only = prepare(&connection, options, path, patience)?;
    if Identity::of(path)? != Some(identity) {
        return Err(Fault::Moved);
    }
    if let Some(reason) = read_only {
        log::warn!(target: crate::LOG, "sticky buckets are read and not written: {reason}");
    }
    let database = Database::new(path, identity, still, connection, read_only);
    Ok(database.named(&options.path))
}

/// Makes ready what is to be written; why it is not, if so.
fn prepare(
    connection: &Connection,
    options: &Options,
    path: &Path,
    patience: Patience,
) -> Result<Option<ReadOnly>, Fault> {
    let mut reason = if options.is_read_only {
        Some(ReadOnly::Asked)
    } else if connection.is_readonly(rusqlite::MAIN_DB)? {
        Some(ReadOnly::File)
    } else if statements::version(connection)? != 0 {
        Some(ReadOnly::Version)
    } else {
        choose_journal(connection, options, path, patience)?
    };
    if reason.is_none() {
        let synchronous = if options.is_full { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", synchronous)?;
        if !statements::has_table(connection)? {
            match connection
                .execute_batch(statements::CREATE)
                .map_err(Fault::from)
            {
                // The folder turned out to be one in which no journal can be made.
                Err(Fault::CannotOpen | Fault::ReadOnly(_)) => reason = Some(ReadOnly::File),
                created => created?,
            }
        }
    }
    if statements::has_table(connection)? {
        statements::check_table(connection)?;
    }
    if reason.is_some() {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    Ok(reason)
}

/// A write-ahead log, so that readers do not wait for writers, unless this SQLite may damage a file with one.
fn choose_journal(
    connection: &Connection,
    options: &Options,
    path: &Path,
    patience: Patience,
) -> Result<Option<ReadOnly>, Fault> {
    let is_safe = options.sqlite_version >= FIRST_SAFE_VERSION;
    if !is_safe {
        log::warn!(
            target: crate::LOG,
            "this SQLite is older than 3.51.3, so sticky buckets are written without a write-ahead log, and readers wait"
        );
    }
    let is_log_wanted = is_safe && !options.is_rollback;
    let can_have_log =
        is_log_wanted && (journal(connection)? == "wal" || probe::shares_memory(path));
    if is_log_wanted && !can_have_log {
        log::warn!(
            target: crate::LOG,
            "the file system does not let processes share memory, so sticky buckets are written without a write-ahead log, \
             and readers wait"
        );
    }
    let wanted = if can_have_log { "wal" } else { "delete" };
    let change = || -> Result<String, Fault> {
        let sql = format!("PRAGMA journal_mode = {wanted}");
        Ok(connection.query_row(&sql, [], |row| row.get(0))?)
    };
    // SQLite does not wait for others here, although they may be doing the same.
    let is = match patience.retry(change) {
        Err(Fault::Busy) if !is_safe && journal(connection)? == "wal" => {
            return Ok(Some(ReadOnly::Journal));
        }
        Err(Fault::CannotOpen | Fault::ReadOnly(_)) => return Ok(Some(ReadOnly::File)),
        Err(Fault::Busy) => journal(connection)?,
        changed => changed?,
    };
    if is != wanted {
        log::warn!(
            target: crate::LOG,
            "the journal of the sticky buckets is `{is}`, since it could not be changed to `{wanted}`"
        );
    }
    Ok(None)
}

fn journal(connection: &Connection) -> Result<String, Fault> {
    Ok(connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?)
}

/// Whether the file is whole. A long one is not looked at: that takes some seconds for a gigabyte, at the start of every process
/// that shares it, and what is damaged there shows when it is used.
fn check(connection: &Connection, path: &Path, most: u64) -> Result<(), Fault> {
    let length = std::fs::metadata(path)?.len();
    if length > most {
        return Ok(());
    }
    let answer = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match answer.map_err(Fault::from) {
        Ok(answer) if answer == "ok" => return Ok(()),
        Ok(_) | Err(Fault::Corrupt) => {}
        Err(fault) => return Err(fault),
    }
    // Never put a program's database out of its way.
    if statements::has_other_tables(connection).unwrap_or(false) {
        return Err(Fault::OthersCorrupt);
    }
    Err(Fault::Corrupt)
}

/// SQLite reads nothing before it is asked something.
fn readable(connection: Connection) -> Result<Connection, Fault> {
    statements::version(&connection)?;
    statements::has_table(&connection)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(connection)
}

/// Without locks and without a journal: right only as long as nobody writes the file.
#[cfg(unix)]
fn connect_to_still(path: &Path) -> Result<Connection, Fault> {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;

    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(connection)
}

#[cfg(not(unix))]
fn connect_to_still(_: &Path) -> Result<Connection, Fault> {
    Err(Fault::CannotOpen)
}

fn set_up(mut connection: Connection) -> Result<Connection, Fault> {
    patience::teach(&mut connection)?;
    // A file may come from anywhere; what it makes SQLite do is to read and write it.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
    Ok(connection)
}

/// Before it, two writers of a write-ahead log at once could damage the file (the "WAL-reset bug").
const FIRST_SAFE_VERSION: i32 = 3_051_003;
