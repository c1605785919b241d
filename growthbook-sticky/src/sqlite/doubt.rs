//! A second opinion on a file that SQLite finds damaged: it says so as well of one that the disk does not give just now.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::file::{self, Identity};

/// Whether all of it can be read, and what belongs to it.
pub(super) fn can_be_read(path: &Path) -> bool {
    let mut journals = ["-wal", "-journal"].into_iter();
    let are_read = journals.all(|end| match File::open(file::beside(path, end)) {
        Ok(journal) => is_read(&journal),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    });
    are_read && is_database_read(path)
}

/// One that cannot be read stays in use, so it must not be closed where that drops the locks of this process. One that can
/// is not used any more.
fn is_database_read(path: &Path) -> bool {
    let Ok(Some(identity)) = Identity::of(path) else {
        return false;
    };
    // Only who doubts as well waits while it is read.
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = open.iter().find(|(known, _)| *known == identity) {
        return is_read(known);
    }
    let Ok(database) = File::open(path) else {
        return false;
    };
    let is_read = is_read(&database);
    if !is_read && cfg!(unix) {
        open.push((identity, database));
    }
    is_read
}

fn is_read(mut file: &File) -> bool {
    let mut portion = vec![0; 1 << 16];
    if io::Seek::rewind(&mut file).is_err() {
        return false;
    }
    loop {
        match file.read(&mut portion) {
            Ok(0) => return true,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return false,
            Ok(_) | Err(_) => {}
        }
    }
}

static OPEN: Mutex<Vec<(Identity, File)>> = Mutex::new(Vec::new());
