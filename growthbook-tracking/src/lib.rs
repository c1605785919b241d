//! Exposures and events on their way to analytics.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod batching;
mod event;
mod sink;

pub use self::batching::Batching;
pub use self::event::{
    Bandit, EvaluatedFeature, Event, EventBody, EventId, LoggedEvent, ViewedExperiment,
};
pub use self::sink::{DeliveryError, EventBatch, EventSink};

/// The target of what is logged here.
const LOG: &str = "growthbook::tracking";
