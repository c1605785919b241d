//! Real sockets on the loopback interface, and real files.

mod api;
mod canaries;
mod child;
mod decryption;
mod ear;
mod environment;
mod file_cache;
mod leftovers;
mod polling;
mod rig;
mod sealed;
mod streaming;
mod usage;
