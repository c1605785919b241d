//! Exposures and events on their way to analytics.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod batching;
mod callback;
mod event;
mod guard;
mod intake;
mod sink;
mod tracker;

pub use self::batching::Batching;
pub use self::callback::{Callback, CallbackOutcome};
pub use self::event::{
    Bandit, EvaluatedFeature, Event, EventBody, EventId, LoggedEvent, ViewedExperiment,
};
pub use self::sink::{DeliveryError, EventBatch, EventSink};
pub use self::tracker::{
    BatchTracker, BatchTrackerBuilder, DeliveryFailure, DropReason, TrackerReport, TrackerState,
};

/// The target of what is logged here.
const LOG: &str = "growthbook::tracking";
