//! Sticky buckets in real files of SQLite.

mod contract;
mod support;
