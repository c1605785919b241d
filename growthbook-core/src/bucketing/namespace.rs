//! Namespaces: slices of the population that keep experiments apart.

use super::{HashSeed, HashVersion, Range};

/// A slice of the population, by which experiments exclude one another (section 10).
///
/// Experiments that share an id and hold ranges that do not overlap never share a user.
///
/// # Example
///
/// ```
/// use growthbook_core::bucketing::{Namespace, Range};
///
/// assert!(Namespace::new("pricing", Range::new(0.5, 1.0)).contains("1"));
/// assert!(!Namespace::new("pricing", Range::new(0.0, 0.5)).contains("1"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    pub(crate) seed: HashSeed,
    pub(crate) range: Range,
}

impl Namespace {
    /// The given range of the namespace called `id`.
    pub fn new(id: &str, range: Range) -> Self {
        Self {
            seed: HashSeed::new(&format!("__{id}")),
            range,
        }
    }

    /// Whether the user with this hash value is in the slice.
    pub fn contains(&self, value: &str) -> bool {
        // Always version 1, whatever the experiment uses: its users must not move between
        // namespaces when its own hash version changes.
        self.range
            .contains(self.seed.bucket(value, HashVersion::V1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_the_value_behind_two_underscores() {
        assert!(Namespace::new("pricing", Range::new(0.764, 0.765)).contains("1"));
        assert!(!Namespace::new("pricing", Range::new(0.5, 0.764)).contains("1"));
    }

    #[test]
    fn an_empty_or_broken_range_holds_nobody() {
        for range in [
            Range::new(0.0, 0.0),
            Range::new(0.9, 0.1),
            Range::new(f64::NAN, 1.0),
        ] {
            assert!(!Namespace::new("pricing", range).contains("1"));
        }
    }
}
