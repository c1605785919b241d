//! Sticky buckets in real files of SQLite.

mod contract;
mod files;
mod kills;
mod locks;
mod processes;
mod python;
mod support;
mod surgery;
