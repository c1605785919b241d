//! The evaluation engine of the GrowthBook SDK for Rust.
#![expect(
    unused_imports,
    reason = "the modules that use these leaves are not here yet"
)]
#![cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the modules that use these leaves are not here yet"
    )
)]

pub use crate::{
    decrypt::{DecryptError, decrypt},
    secret::{ClientKey, DecryptionKey, DecryptionKeyError},
};

pub mod bucketing;
mod decrypt;
mod js_regex;
mod page_url;
mod secret;
mod text;
mod version;
