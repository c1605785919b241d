use crate::sticky::StickyWrite;

use super::{Exposure, FeatureUsage};

/// Hears what an evaluation does beyond answering: whom it exposed to an experiment, which features it asked, what it
/// would store. Calls come in the order of the evaluation (spec 20).
///
/// What it hears borrows from the ruleset and the subject, so it can be gathered without copying and looked at when the
/// evaluation is over. An evaluation has no other effects; what becomes of these is the recorder's business. Every method
/// does nothing by default.
pub trait Recorder<'a> {
    /// Somebody was bucketed into an experiment. The same exposure may come more than once.
    fn experiment_viewed(&mut self, exposure: &Exposure<'a>) {
        let _ = exposure;
    }

    /// A feature was evaluated, on its own account or as a prerequisite. The same feature may come more than once.
    fn feature_evaluated(&mut self, usage: &FeatureUsage<'a>) {
        let _ = usage;
    }

    /// A sticky bucket was assigned, and is to be stored.
    fn sticky_assigned(&mut self, write: &StickyWrite<'_>) {
        let _ = write;
    }
}

/// Records nothing.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct Silent;

impl Recorder<'_> for Silent {}
