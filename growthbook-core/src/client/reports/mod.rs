//! Who is told of what, and what was told already.

pub(crate) mod deferred;
pub(crate) mod listeners;
pub(crate) mod mismatches;
pub(crate) mod reported;
pub(crate) mod seen;
pub(crate) mod subscription;
