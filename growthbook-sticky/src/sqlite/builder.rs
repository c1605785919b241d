use std::path::PathBuf;
use std::time::Duration;

use growthbook_core::BackendError;

use super::{Options, SqliteStickyBuckets};

/// Builds a [`SqliteStickyBuckets`].
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
///
/// use growthbook_sticky::SqliteStickyBuckets;
///
/// let buckets = SqliteStickyBuckets::builder("/var/lib/shop/sticky_buckets.db")
///     .busy_timeout(Duration::from_millis(50))
///     .synchronous_full()
///     .build()?;
/// # let _ = buckets;
/// # Ok::<(), growthbook_core::BackendError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct SqliteStickyBucketsBuilder {
    options: Options,
}

impl SqliteStickyBucketsBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            options: Options {
                path,
                busy_timeout: Duration::from_millis(250),
                check_up_to: 64 << 20,
                is_full: false,
                is_read_only: false,
                is_rollback: false,
                sqlite_version: rusqlite::version_number(),
            },
        }
    }

    /// For how long an operation waits for locks in all, those of other threads and those of other processes: 250 ms unless
    /// set, a day at most. After that it is an error, and the user is bucketed by hash.
    pub fn busy_timeout(mut self, limit: Duration) -> Self {
        self.options.busy_timeout = limit;
        self
    }

    /// Up to how many bytes a file is searched for damage when it is opened: 64 MiB unless set, which takes some 0.2 s. In
    /// a longer one, damage shows only where it is read. 0 searches none, `u64::MAX` each.
    pub fn check_up_to(mut self, bytes: u64) -> Self {
        self.options.check_up_to = bytes;
        self
    }

    /// Keeps every assignment that was saved even when the machine loses power, at the price of waiting for the disk each
    /// time. Without it an assignment survives the process, however that ends, and the last ones before a loss of power
    /// may be missing; the file is whole either way.
    pub fn synchronous_full(mut self) -> Self {
        self.options.is_full = true;
        self
    }

    /// Reads assignments and writes none: every [`save`](growthbook_core::StickyBucketService::save) is an error. The file
    /// must be there.
    pub fn read_only(mut self) -> Self {
        self.options.is_read_only = true;
        self
    }

    /// Writes without a write-ahead log. Readers and writers wait for one another then. For a file that programs with a
    /// SQLite before 3.51.3 write as well: two of those that write a file with such a log at once may damage it.
    pub fn rollback_journal(mut self) -> Self {
        self.options.is_rollback = true;
        self
    }

    /// Opens the file, as [`SqliteStickyBuckets::open`] does.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn build(self) -> Result<SqliteStickyBuckets, BackendError> {
        SqliteStickyBuckets::with(self.options)
    }
}
