//! What is said through the Cargo feature `tracing`, and what is never said, nor printed by `Debug` and `Display`.
#![expect(clippy::unwrap_used, reason = "a test stops where its assumptions do")]

mod canaries;
#[cfg(feature = "otel")]
mod evaluations;
mod events;
#[cfg(feature = "otel")]
mod filters;
mod life;
mod privacy;
mod repetition;
mod scene;
mod subscriber;
