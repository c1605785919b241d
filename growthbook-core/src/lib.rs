//! The evaluation engine of the GrowthBook SDK for Rust.
mod attributes;
mod json;

pub use self::attributes::{AttributeError, AttributeValue, Attributes, Number};
