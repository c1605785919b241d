//! GrowthBook payloads over HTTP, and the last good one on disk.

mod disk;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the source that reads streams comes with the next step"
    )
)]
mod sse;

pub use self::disk::FileCache;
