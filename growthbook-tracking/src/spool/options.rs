use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where events are kept until they are delivered, how many, and for how long.
///
/// A folder may be shared by processes of one machine: each writes to a subfolder of its own, and one that starts takes over
/// what others that have ended left behind. It belongs on a disk of that machine, since the locks of network file systems
/// cannot be relied on everywhere, and below no shared `/tmp`: events tell of users.
///
/// On Unix, folders that are made have the mode 0700 and files 0600. A folder that is there already stays as it is.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_tracking::SpoolOptions;
///
/// let options = SpoolOptions::new("/var/lib/shop/events")
///     .max_bytes(256 << 20)
///     .max_age(Duration::from_secs(7 * 24 * 60 * 60));
/// assert_eq!(options.directory().to_str(), Some("/var/lib/shop/events"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SpoolOptions {
    directory: PathBuf,
    max_age: Duration,
    max_bytes: u64,
    sync: bool,
}

impl SpoolOptions {
    /// A spool in this folder, which is made if it is not there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_age: Duration::from_secs(24 * 60 * 60),
            max_bytes: 64 << 20,
            sync: false,
        }
    }

    /// How old an event may get before it is dropped, 24 hours unless set. Age is told by the date, so a clock that is set
    /// forward by more than this makes everything too old.
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// How many bytes the files of one process may have, all together: 64 MiB unless set, and 128 KiB at least. When they
    /// would have more, counted in blocks of 4 KiB, the oldest file is dropped with the events in it, which are then counted. Files are about a
    /// sixty-fourth of this long, up to 4 MiB.
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self {
            max_bytes: max_bytes.max(128 << 10),
            ..self
        }
    }

    /// Whether each group of events is written through to the disk, so that it survives a loss of power as well; not
    /// unless set. Without it a group is with the operating system when it counts as written, and survives whatever ends
    /// the process. Writing through costs about a millisecond a group.
    pub fn sync(self, sync: bool) -> Self {
        Self { sync, ..self }
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn age(&self) -> Duration {
        self.max_age
    }

    pub(super) fn bytes(&self) -> u64 {
        self.max_bytes
    }

    pub(super) fn is_synced(&self) -> bool {
        self.sync
    }

    /// How long a file gets before the next one is begun.
    pub(super) fn segment_bytes(&self) -> u64 {
        (self.max_bytes / 64).clamp(16 << 10, 4 << 20)
    }
}
