//! Events in a file, one line of JSON each.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

use crate::{Batching, DeliveryError, Event, EventBatch, EventSink};

/// Appends events to a file, as one line of JSON each: what [`Event`] serialises to.
///
/// For a collector that reads files, and for looking at events while developing. The file is made when the first event comes,
/// for its owner alone to read (mode 0600). It is opened for each batch, so it can be moved away at any time.
///
/// Each batch is written at once, and at the end of the file. If it cannot be written whole, what was is cut off again, the
/// batch is tried again later, and no line is ever half there for longer than a failing write takes. What a crash left behind
/// of a line is cut off before the next batch. Processes that write the same file by this type take turns, by a lock on it;
/// where the file system has no locks (some of those that are shared over a network), only one process may write. A batch that
/// was delivered survives a crash of the process, and not necessarily a loss of power.
///
/// # Example
///
/// ```
/// use growthbook_tracking::{BatchTracker, JsonLines};
///
/// // 10 MiB in `events.jsonl`, and as much in each of `events.jsonl.1` to `events.jsonl.4`
/// let lines = JsonLines::new("/var/log/shop/events.jsonl").rotate(10 << 20, 4);
/// let tracker = BatchTracker::new(lines);
/// # let _ = tracker;
/// ```
#[derive(Clone, Debug)]
pub struct JsonLines {
    path: PathBuf,
    rotation: Option<Rotation>,
}

#[derive(Clone, Copy, Debug)]
struct Rotation {
    bytes: u64,
    kept: u32,
}

impl JsonLines {
    /// Events go to the end of this file, whose folder must be there when the first one comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            rotation: None,
        }
    }

    /// Starts a new file when the next batch would make this one longer than so many bytes. The old one gets the suffix `.1`,
    /// the one before it `.2`, and so on, for as many as are `kept`; the last one is deleted. Unless this is called, the file
    /// grows.
    #[must_use]
    pub fn rotate(self, bytes: u64, kept: u32) -> Self {
        let rotation = Some(Rotation { bytes, kept });
        Self { rotation, ..self }
    }

    fn append(&self, lines: &[u8], limit: Duration) -> io::Result<()> {
        let deadline = Instant::now() + limit.min(MOST_PATIENCE);
        loop {
            let mut file = open(&self.path)?;
            lock(&file, deadline)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return file.write_all(lines);
            }
            if !is_at(&self.path, &metadata) {
                // Another process has started a new one.
                continue;
            }
            let whole = mend(&mut file, metadata.len())?;
            if self.is_full(whole, lines) {
                self.shift()?;
                continue;
            }
            return file.write_all(lines).inspect_err(|_| {
                let _ = file.set_len(whole); // If this fails too, the next batch mends it.
            });
        }
    }

    fn is_full(&self, length: u64, lines: &[u8]) -> bool {
        let after = length.saturating_add(lines.len() as u64);
        let limit = self.rotation.map(|rotation| rotation.bytes);
        length > 0 && limit.is_some_and(|limit| after > limit)
    }

    fn shift(&self) -> io::Result<()> {
        let kept = self.rotation.map_or(0, |rotation| rotation.kept);
        for number in (1..kept).rev() {
            match std::fs::rename(self.older(number), self.older(number + 1)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if kept == 0 {
            return std::fs::remove_file(&self.path);
        }
        std::fs::rename(&self.path, self.older(1))
    }

    fn older(&self, number: u32) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{number}"));
        path.into()
    }
}

impl EventSink for JsonLines {
    fn batching(&self) -> Batching {
        Batching::default().interval(Duration::from_secs(1))
    }

    fn deliver(&mut self, batch: &EventBatch<'_>) -> Result<(), DeliveryError> {
        let lines = lines(batch.events()).map_err(DeliveryError::rejected)?;
        let appended = self.append(&lines, batch.limit());
        appended.map_err(DeliveryError::unavailable)
    }
}

fn lines(events: &[Event]) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for event in events {
        let start = lines.len();
        serde_json::to_writer(&mut lines, event)?;
        // Attributes that were read from another file may be on several lines; within texts JSON has no line ends.
        for byte in lines.iter_mut().skip(start) {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Waits until no other process writes, or the time is up. The lock ends with the file.
fn lock(file: &File, deadline: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                return Err(error);
            }
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(TURN),
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::TimedOut.into()),
            _ => return Ok(()),
        }
    }
}

/// Whether the file that was opened still has its name.
#[cfg(unix)]
fn is_at(path: &Path, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let named = std::fs::metadata(path);
    named.is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino()))
}

/// Nothing tells files apart here; at worst a batch goes to the end of the file before.
#[cfg(not(unix))]
fn is_at(_: &Path, _: &Metadata) -> bool {
    true
}

/// Cuts off what is behind the last line, and says how long the file is then. What lacks nothing but its end, or cannot be
/// cut off here, is made a line.
fn mend(file: &mut File, length: u64) -> io::Result<u64> {
    let whole = end_of_lines(file, length)?;
    if whole == length {
        return Ok(length);
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(whole))?;
    file.read_to_end(&mut tail)?;
    let is_json = serde_json::from_slice::<IgnoredAny>(&tail).is_ok();
    if !is_json && file.set_len(whole).is_ok() {
        return Ok(whole);
    }
    file.write_all(b"\n")?;
    Ok(length + 1)
}

/// Where the last line ends.
fn end_of_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut size = 1;
    while end > 0 {
        let start = end.saturating_sub(size);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(file)
            .take(end - start)
            .read_to_end(&mut bytes)?;
        if let Some(last) = bytes.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
        size = CHUNK;
    }
    Ok(0)
}

const CHUNK: u64 = 64 << 10;

/// How long until it is looked again whether it is our turn.
const TURN: Duration = Duration::from_millis(2);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
