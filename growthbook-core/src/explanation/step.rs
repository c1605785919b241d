use std::fmt;

/// What settled an experiment for a user: one of the numbered steps of spec 16, here in their order.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// There are fewer than two variations, so nothing is tried.
    FewVariations,
    /// Experiments are switched off, for the user or for all.
    Disabled,
    /// The user's page is none of those that the experiment runs on.
    Page,
    /// The address of the user's page names a variation.
    QueryString,
    /// The program gives the user a variation.
    ForcedVariation,
    /// The experiment is a draft, or not active.
    Inactive,
    /// The user lacks the attribute by which users are bucketed.
    NoHashValue,
    /// The user is outside the experiment's filters.
    Filters,
    /// The user is outside the experiment's part of its namespace.
    Namespace,
    /// The program leaves the user out.
    Include,
    /// The experiment's condition does not hold.
    Condition,
    /// A prerequisite of the experiment is not met.
    Prerequisites,
    /// The user is in none of the experiment's groups.
    Groups,
    /// The user's page does not match the experiment's one pattern, as experiments had it of old.
    LegacyUrl,
    /// The hash version is none that this SDK knows.
    HashVersion,
    /// The user was assigned under a bucket version that is kept out now.
    StickyBlocked,
    /// The user's bucket is in no variation's range: the coverage leaves it out.
    Coverage,
    /// The experiment gives everybody whom it includes the same variation.
    ForcedForAll,
    /// In QA mode nobody is bucketed.
    QaMode,
    /// The user is kept out of all experiments.
    Skipped,
    /// The experiment has been stopped.
    Stopped,
    /// The user's range belongs to a variation that does not exist.
    NoSuchVariation,
    /// An earlier assignment was kept.
    StickyBucket,
    /// The user's bucket chose the variation.
    Bucket,
}

impl Step {
    /// The number of the step in spec 16.
    pub fn number(self) -> &'static str {
        match self {
            Self::FewVariations => "1",
            Self::Disabled => "2",
            Self::Page => "4",
            Self::QueryString => "5",
            Self::ForcedVariation => "6",
            Self::Inactive => "7",
            Self::NoHashValue => "8",
            Self::Filters => "10a",
            Self::Namespace => "10b",
            Self::Include => "10c",
            Self::Condition => "10d",
            Self::Prerequisites => "10e",
            Self::Groups => "10f",
            Self::LegacyUrl => "11",
            Self::HashVersion => "12",
            Self::StickyBlocked => "14",
            Self::Coverage => "15",
            Self::ForcedForAll => "16",
            Self::QaMode => "17",
            Self::Skipped => "18",
            Self::Stopped => "19",
            Self::NoSuchVariation | Self::StickyBucket | Self::Bucket => "20",
        }
    }

    /// The step's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FewVariations => "fewVariations",
            Self::Disabled => "disabled",
            Self::Page => "page",
            Self::QueryString => "queryString",
            Self::ForcedVariation => "forcedVariation",
            Self::Inactive => "inactive",
            Self::NoHashValue => "noHashValue",
            Self::Filters => "filters",
            Self::Namespace => "namespace",
            Self::Include => "include",
            Self::Condition => "condition",
            Self::Prerequisites => "prerequisites",
            Self::Groups => "groups",
            Self::LegacyUrl => "legacyUrl",
            Self::HashVersion => "hashVersion",
            Self::StickyBlocked => "stickyBlocked",
            Self::Coverage => "coverage",
            Self::ForcedForAll => "forcedForAll",
            Self::QaMode => "qaMode",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
            Self::NoSuchVariation => "noSuchVariation",
            Self::StickyBucket => "stickyBucket",
            Self::Bucket => "bucket",
        }
    }
}

impl fmt::Display for Step {
    /// A clause that says what settled the experiment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FewVariations => "there are fewer than two variations",
            Self::Disabled => "experiments are switched off",
            Self::Page => "the page is none that it runs on",
            Self::QueryString => "forced by the page's query string",
            Self::ForcedVariation => "forced by the program",
            Self::Inactive => "it is a draft, or not active",
            Self::NoHashValue => "the user lacks the attribute that is hashed",
            Self::Filters => "outside its filters",
            Self::Namespace => "outside its part of the namespace",
            Self::Include => "the program leaves the user out",
            Self::Condition => "its condition does not hold",
            Self::Prerequisites => "a prerequisite is not met",
            Self::Groups => "in none of its groups",
            Self::LegacyUrl => "the page does not match its URL",
            Self::HashVersion => "its hash version is unknown to this SDK",
            Self::StickyBlocked => "assigned under a bucket version that is kept out",
            Self::Coverage => "the bucket is in no variation's range",
            Self::ForcedForAll => "forced by the experiment",
            Self::QaMode => "in QA mode nobody is bucketed",
            Self::Skipped => "the user is kept out of all experiments",
            Self::Stopped => "it has been stopped",
            Self::NoSuchVariation => "the bucket's range belongs to no variation",
            Self::StickyBucket => "kept from an earlier assignment",
            Self::Bucket => "chosen by the bucket",
        })
    }
}
