use std::ops::BitOr;

/// Kinds of events that somebody wants. Kinds are joined with `|`.
///
/// # Example
///
/// ```
/// use growthbook_core::Interest;
///
/// let interest = Interest::EXPERIMENT_VIEWED | Interest::CUSTOM;
/// assert!(interest.contains(Interest::CUSTOM));
/// assert!(!interest.contains(Interest::FEATURE_EVALUATED));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Interest(u8);

impl Interest {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Users being bucketed into experiments.
    pub const EXPERIMENT_VIEWED: Self = Self(1);
    /// Features being evaluated.
    pub const FEATURE_EVALUATED: Self = Self(2);
    /// Events that the program logs.
    pub const CUSTOM: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Whether all kinds of `other` are wanted.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is wanted.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
