//! Real sockets on the loopback interface.

mod file_cache;
