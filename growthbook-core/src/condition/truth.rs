use std::ops::Not;

/// What a condition says of a user: yes, no, or that this SDK cannot tell (spec 3.2).
///
/// `Unknown` is what an operator or a kind of saved group from the future gives. It is not a yes, and its negation is not
/// one either, so something unsupported fails even under `$not`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    /// The truth of several of which all must hold, none of them `No`.
    pub(crate) fn all_but_no(any_unknown: bool) -> Self {
        if any_unknown {
            Self::Unknown
        } else {
            Self::Yes
        }
    }

    /// The truth of several of which one must hold, none of them `Yes`.
    pub(crate) fn any_but_yes(any_unknown: bool) -> Self {
        if any_unknown { Self::Unknown } else { Self::No }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// Evaluation met a part that has no meaning, such as `{"$or": 5}`, or a limit. The whole condition fails, whatever
/// surrounds that part (spec 3.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;
