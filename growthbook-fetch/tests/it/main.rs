//! Real sockets on the loopback interface, and real files.

mod api;
mod file_cache;
mod polling;
mod rig;
mod streaming;
