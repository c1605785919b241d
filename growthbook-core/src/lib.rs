//! The evaluation engine of the GrowthBook SDK for Rust.
