//! Folders of processes, and whose they are.
//!
//! A folder belongs to whoever holds the lock of the file `lock` in it, which the operating system releases when that
//! process ends, however it does. The file and the folder are never removed: two processes could each lock one of that name.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use super::{disk, name};

/// A folder that is ours.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) folder: PathBuf,
    lock: File,
    owner: u32,
}

impl Lane {
    /// The first folder that nobody has, or a new one.
    pub(super) fn own(root: &Path) -> io::Result<Self> {
        disk::make_folder(root)?;
        let numbers = numbers(root)?;
        for number in &numbers {
            // One that cannot be had, because somebody else made it, say, is as good as taken.
            if let Ok(Some(lane)) = Self::claim(root, *number) {
                return Ok(lane);
            }
        }
        let mut number = numbers.last().copied().unwrap_or_default();
        loop {
            number = number.checked_add(1).ok_or(io::ErrorKind::AlreadyExists)?;
            if let Some(lane) = Self::claim(root, number)? {
                return Ok(lane);
            }
        }
    }

    /// `None` if another process has it.
    pub(super) fn claim(root: &Path, number: u32) -> io::Result<Option<Self>> {
        let folder = name::lane(root, number);
        disk::make_folder(&folder)?;
        let lock = disk::options()
            .create(true)
            .truncate(false)
            .open(name::lock(&folder))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self {
                folder,
                lock,
                owner: process::id(),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // A forked process shares the lock: in the child it is the parent's, and in the parent to close the file would not
        // be enough.
        if self.owner == process::id() {
            let _ = self.lock.unlock();
        }
    }
}

/// Of all folders of processes, in order.
pub(super) fn numbers(root: &Path) -> io::Result<Vec<u32>> {
    let names = disk::names(root)?;
    let mut numbers: Vec<_> = names.iter().filter_map(|it| name::of_lane(it)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}
