//! Real sockets on the loopback interface.
