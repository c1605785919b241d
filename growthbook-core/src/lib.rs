//! The evaluation engine of the GrowthBook SDK for Rust.
mod attributes;
pub mod bucketing;
mod decrypt;
mod js_regex;
mod json;
mod page_url;
mod secret;
mod text;
mod version;

pub use self::attributes::{AttributeError, AttributeValue, Attributes, Number};
pub use self::decrypt::{DecryptError, decrypt};
pub use self::secret::{ClientKey, DecryptionKey, DecryptionKeyError};
