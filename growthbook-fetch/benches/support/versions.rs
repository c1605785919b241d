//! Payloads that differ in one value.

use crate::payload::payload;

/// A payload without its feature [`VERSION`].
#[derive(Debug)]
pub(crate) struct Versions {
    before: String,
    after: String,
}

impl Versions {
    /// With so many features, and saved groups of these sizes.
    pub(crate) fn new(features: usize, groups: &[usize]) -> Self {
        let payload = payload(features, groups);
        let at = payload.find(FEATURES).expect("the payload has features") + FEATURES.len();
        let (before, after) = payload.split_at(at);
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    /// The payload in which [`VERSION`] has this value. All of one number of digits are equally long.
    pub(crate) fn payload(&self, version: u64) -> String {
        let Self { before, after } = self;
        format!("{before}\"{VERSION}\":{{\"defaultValue\":{version}}},{after}")
    }
}

/// The feature whose value tells payloads apart.
pub(crate) const VERSION: &str = "the-version";

const FEATURES: &str = r#""features":{"#;
