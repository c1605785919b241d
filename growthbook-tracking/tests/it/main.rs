//! Real sinks, real servers and real threads.

mod closing;
mod contract;
#[cfg(unix)]
mod copies;
mod delivery;
mod flushing;
mod intake;
mod queue;
mod stress;
mod support;
mod user_code;
