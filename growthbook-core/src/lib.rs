//! The evaluation engine of the GrowthBook SDK for Rust.

#[doc(hidden)]
pub mod js_regex;
