//! Sticky buckets in real files of SQLite.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may stop as tests do"
)]

mod contract;
#[cfg(target_os = "linux")]
mod disk;
mod endless;
mod files;
mod javascript;
mod kills;
mod locks;
mod processes;
mod properties;
mod python;
mod support;
mod surgery;
