//! Events on their way to analytics. For now, the part that keeps them on disk.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the tracker, which comes next, is its caller")
)]
mod spool;

pub use self::spool::{SpoolError, SpoolOptions, SpoolReport};
