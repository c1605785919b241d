//! The provider as a program meets it: through the clients of `open-feature`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

mod blocking;
mod context;
mod domains;
mod ear;
mod secrets;
mod starting;
mod support;
mod table;
mod tracking;
mod types;
