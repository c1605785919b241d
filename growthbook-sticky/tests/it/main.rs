//! Real files and real threads.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop as tests do")]

mod cached;
mod faulty;
mod write_behind;
