//! Everything that is done to files. Each function is one step, between which a process may end; tests stand between them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;

/// An open file that is written.
#[derive(Debug)]
pub(super) struct Handle {
    file: File,
    path: PathBuf,
}

/// Does things to files.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) witness: Option<Arc<dyn Witness>>,
}

/// What is about to be done.
#[cfg_attr(not(test), expect(dead_code, reason = "tests look at it"))]
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Create(&'a Path),
    Cut(&'a Path, u64),
    Move(&'a Path, &'a Path),
    Remove(&'a Path),
    Sync(&'a Path),
    SyncFolder(&'a Path),
    Write(&'a Path, u64, &'a [u8]),
}

/// Sees each step before it is done, and may prevent it.
#[cfg(test)]
pub(super) trait Witness: std::fmt::Debug + Send + Sync {
    fn before(&self, step: Step<'_>) -> io::Result<()>;
}

impl Disk {
    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "for tests")
    )]
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        #[cfg(test)]
        if let Some(witness) = &self.witness {
            return witness.before(step);
        }
        let _ = step;
        Ok(())
    }

    /// Opens a file to write it; makes it if it is not there.
    pub(super) fn open(&self, path: &Path) -> io::Result<Handle> {
        if !path.exists() {
            self.before(Step::Create(path))?;
        }
        Ok(Handle {
            file: options().create(true).truncate(false).open(path)?,
            path: path.to_owned(),
        })
    }

    pub(super) fn write(&self, to: &Handle, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.before(Step::Write(&to.path, offset, bytes))?;
        let mut file = &to.file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    pub(super) fn cut(&self, file: &Handle, length: u64) -> io::Result<()> {
        self.before(Step::Cut(&file.path, length))?;
        file.file.set_len(length)
    }

    pub(super) fn sync(&self, file: &Handle) -> io::Result<()> {
        self.before(Step::Sync(&file.path))?;
        file.file.sync_data()
    }

    /// That a file is in its folder has to reach the disk as well.
    pub(super) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.before(Step::SyncFolder(folder))?;
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(Step::Move(from, to))?;
        fs::rename(from, to)
    }

    /// That it is not there any more will do.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        self.before(Step::Remove(path))?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// As much as there is of so many bytes.
pub(super) fn read(path: &Path, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How long a file is; `None` if it is none. To open a pipe would be to wait for a writer.
pub(super) fn length(path: &Path) -> io::Result<Option<u64>> {
    let about = fs::symlink_metadata(path)?;
    Ok(about.is_file().then_some(about.len()))
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The names in a folder that are text; all of ours are.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let files = fs::read_dir(folder)?;
    let names = files.flatten().map(|file| file.file_name().into_string());
    Ok(names.flatten().collect())
}

/// Of a file that is written, and that nobody else may read.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
