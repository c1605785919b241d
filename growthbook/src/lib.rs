//! GrowthBook SDK for Rust.
pub use growthbook_core::*;
