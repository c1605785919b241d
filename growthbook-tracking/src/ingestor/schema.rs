/// The form in which events are sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Schema {
    /// That of the public ingestion API: each event with its time and with all attributes of the user. The default.
    ///
    /// The server dates events back by how long they were under way, so an event that was held up by an outage is filed when
    /// it happened.
    #[default]
    Direct,
    /// That of the SDKs for JavaScript and Python: some attributes become members of their own, and the page is one as well.
    /// Events have no time, so the server takes them to happen when they arrive.
    Sdk,
}

impl Schema {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Direct => "application/json",
            // What browsers send across origins without asking first, and what the server expects of this form.
            Self::Sdk => "text/plain",
        }
    }
}

/// What the SDK's own events, and what they say, are called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventNaming {
    /// As the SDK for JavaScript has it, and GrowthBook's own analysis wants it: `Experiment Viewed` with `experimentId`. The
    /// default.
    #[default]
    JavaScript,
    /// As the SDK for Python has it: `$$experiment_viewed` with `experiment_id`.
    Python,
}
