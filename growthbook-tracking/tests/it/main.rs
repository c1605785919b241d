//! Real sinks, real servers and real threads.
